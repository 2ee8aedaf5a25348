/* The tape of scalars on a loop of 1000 cells and 1000 steps: recording and sweeping back, against ADOL-C
 * where it is installed.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "advection.h"
#include "bench.h"
#include "nsde/scalar.h"

typedef struct timing {
    nsde_scalar_tape *tape;
    double cells[CELLS], gradient[2];
} timing;

static const double coefficients[2] = {0.3, 0.2};

static void step(nsde_scalar *x, nsde_scalar p, nsde_scalar q)
{
    nsde_scalar left = x[0];
    for (int i = 1; i < CELLS - 1; i++) {
        const nsde_scalar old = x[i], in = nsde_scalar_sub(left, old), out = nsde_scalar_sub(x[i + 1], old);
        x[i] = nsde_scalar_add(
            old, nsde_scalar_add(nsde_scalar_mul(p, in), nsde_scalar_mul(q, nsde_scalar_add(in, out))));
        left = old;
    }
}

static void by_scalars(void *context)
{
    timing *t = context;
    nsde_scalar x[CELLS], loss = nsde_scalar_real(0.0);
    nsde_scalar_tape_clear(t->tape);
    const nsde_scalar p = nsde_scalar_variable(t->tape, coefficients[0]),
                      q = nsde_scalar_variable(t->tape, coefficients[1]);
    for (int i = 0; i < CELLS; i++)
        x[i] = nsde_scalar_variable(t->tape, t->cells[i]);
    for (int m = 0; m < STEPS; m++)
        step(x, p, q);
    for (int i = 0; i < CELLS; i++)
        loss = nsde_scalar_add(loss, nsde_scalar_square(x[i]));
    bench_check(nsde_scalar_gradient(loss));
    t->gradient[0] = nsde_scalar_adjoint(p);
    t->gradient[1] = nsde_scalar_adjoint(q);
}

static void with_a_new_tape(void *context)
{
    timing *t = context, fresh = *t;
    bench_check(nsde_scalar_tape_create(&fresh.tape));
    by_scalars(&fresh);
    nsde_scalar_tape_destroy(fresh.tape);
}

#ifdef NSDE_BENCH_ADOLC
static void by_adolc(void *context)
{
    timing *t = context;
    bench_advection_adolc(t->cells, coefficients, t->gradient);
}

static void compare(timing *t, double seconds)
{
    const double g[2] = {t->gradient[0], t->gradient[1]};
    const double others = bench_seconds(by_adolc, t, 1.0);
    for (int k = 0; k < 2; k++)
        if (!(fabs(t->gradient[k] - g[k]) <= 1e-12 * fabs(g[k]))) {
            fprintf(stderr, "nsde-bench: the derivative is %.17g, by ADOL-C %.17g\n", g[k], t->gradient[k]);
            exit(EXIT_FAILURE);
        }
    bench_print(others, "s", "scalar.adolc.seconds");
    bench_print(others / seconds, "x", "scalar.adolc.ratio");
}
#else
static void compare(timing *t, double seconds)
{
    (void)t, (void)seconds;
    printf("scalar.adolc not installed\n");
}
#endif

void bench_scalar(void)
{
    static timing t;
    if (!bench_wanted("scalar"))
        return;
    for (int i = 0; i < CELLS; i++)
        t.cells[i] = exp(-0.5 * (i - 300.0) * (i - 300.0) / 400.0);
    bench_check(nsde_scalar_tape_create(&t.tape));
    bench_print(bench_seconds(with_a_new_tape, &t, 1.0), "s", "scalar.new_tape.seconds");
    const double seconds = bench_seconds(by_scalars, &t, 1.0);
    bench_print(seconds, "s", "scalar.seconds");
    bench_print(1e9 * seconds / (6.0 * (CELLS - 2) * STEPS), "ns", "scalar.operation");
    compare(&t, seconds);
    nsde_scalar_tape_destroy(t.tape);
}
