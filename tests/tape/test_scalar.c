/* The tape of scalars: its derivatives against those of dual numbers, its sweep, its limits.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "nsde/scalar.h"

#include <stdlib.h>

#include "harness.h"

static nsde_scalar_tape *tape;

static void begin(void)
{
    check_ok(nsde_scalar_tape_create(&tape));
}

static void end(void)
{
    nsde_scalar_tape_destroy(tape);
}

START_TEST(a_formula)
{
    begin();
    const nsde_scalar x = nsde_scalar_variable(tape, 1.5);
    const nsde_scalar s = nsde_scalar_pow_real(nsde_scalar_sin(x), 3.0),
                      c = nsde_scalar_pow_real(nsde_scalar_cos(x), 3.0);
    const nsde_scalar f = nsde_scalar_div(nsde_scalar_exp(x), nsde_scalar_sqrt(nsde_scalar_add(s, c)));
    check_ok(nsde_scalar_gradient(f));
    check_relative(f.value, 4.497780053946162, 1e-14);
    check_relative(nsde_scalar_adjoint(x), 4.0534278938986207, 1e-14);
    end();
}
END_TEST

/* ---- all functions, by dual numbers ---- */

typedef struct function {
    const char *name;
    nsde_scalar (*scalar)(nsde_scalar a, nsde_scalar b);
    nsde_dual (*dual)(nsde_dual a, nsde_dual b);
} function;

#define DEFINE(name, call)                                                                                   \
    static nsde_scalar scalar_##name(nsde_scalar a, nsde_scalar b)                                           \
    {                                                                                                        \
        (void)b;                                                                                             \
        return nsde_scalar_##name call;                                                                      \
    }                                                                                                        \
    static nsde_dual dual_##name(nsde_dual a, nsde_dual b)                                                   \
    {                                                                                                        \
        (void)b;                                                                                             \
        return nsde_dual_##name call;                                                                        \
    }
#define X(name) DEFINE(name, (a))
NSDE_SCALAR_UNARY(X)
#undef X
#define X(name) DEFINE(name, (a, b))
NSDE_SCALAR_BINARY(X)
#undef X
#define X(name) DEFINE(name, (a, 2.385))
NSDE_SCALAR_REAL(X)
#undef X
DEFINE(select, (a, b, a))

#define X(name) {#name, scalar_##name, dual_##name},
static const function functions[] = {NSDE_SCALAR_UNARY(X) NSDE_SCALAR_BINARY(X) NSDE_SCALAR_REAL(X)
                                         X(select)};
#undef X

static bool same(double a, double b)
{
    return a == b || (isnan(a) && isnan(b));
}

/* Also at kinks, poles and beyond: to the last bit. */
START_TEST(every_function_is_that_of_the_duals)
{
    const double points[] = {0.7, -1.3, 2.385, 0.0, -0.0, 1.0, -40.0, 800.0, INFINITY, NAN};
    enum { N = sizeof points / sizeof *points };
    size_t met = 0;
    begin();
    for (size_t f = 0; f < sizeof functions / sizeof *functions; f++)
        for (size_t k = 0; k < N * N; k++) {
            const double u = points[k / N], v = points[k % N];
            nsde_scalar_tape_clear(tape);
            const nsde_scalar a = nsde_scalar_variable(tape, u), b = nsde_scalar_variable(tape, v);
            const nsde_scalar y = functions[f].scalar(a, b);
            const nsde_dual z = functions[f].dual(nsde_dual_variable(u, 0), nsde_dual_variable(v, 1));
            ck_assert_msg(same(y.value, z.value), "%s(%g, %g)", functions[f].name, u, v);
            if (!y.tape) /* select by NaN */
                continue;
            check_ok(nsde_scalar_gradient(y));
            /* A partial of 0 by a number that the function does not see may read 0 times infinity on one
             * side. */
            if (isfinite(z.partial[0]) && isfinite(z.partial[1])) {
                ck_assert_msg(same(nsde_scalar_adjoint(a), z.partial[0]), "%s(%g, %g) by a: %g, %g",
                              functions[f].name, u, v, nsde_scalar_adjoint(a), z.partial[0]);
                ck_assert_msg(same(nsde_scalar_adjoint(b), z.partial[1]), "%s(%g, %g) by b: %g, %g",
                              functions[f].name, u, v, nsde_scalar_adjoint(b), z.partial[1]);
                met++;
            }
        }
    ck_assert_uint_gt(met, 1500);
    end();
}
END_TEST

START_TEST(constants_are_not_recorded)
{
    begin();
    const nsde_scalar c = nsde_scalar_mul(nsde_scalar_real(3.0), nsde_scalar_exp(nsde_scalar_real(0.0)));
    ck_assert(c.value == 3.0 && !c.tape && tape->n == 1 && nsde_scalar_adjoint(c) == 0.0);
    check_refused(nsde_scalar_gradient(c), NSDE_INVALID, "constant");
    const nsde_scalar x = nsde_scalar_variable(tape, 0.0), idle = nsde_scalar_variable(tape, 0.0);
    const nsde_scalar root = nsde_scalar_sqrt(idle); /* an infinite slope that nothing depends on */
    const nsde_scalar f = nsde_scalar_add(nsde_scalar_mul(c, x), nsde_scalar_mul_real(root, 0.0));
    check_ok(nsde_scalar_gradient(f));
    ck_assert(nsde_scalar_adjoint(x) == 3.0 && nsde_scalar_adjoint(idle) == 0.0);
    end();
}
END_TEST

/* ---- a long recording ---- */

enum { CELLS = 51, STEPS = 1000 };

/* Repeated use of an array that is overwritten in place, over several blocks of operations. */
static nsde_scalar relax(nsde_scalar *x, nsde_scalar rate)
{
    for (int m = 0; m < STEPS; m++)
        for (int i = 1; i < CELLS; i++)
            x[i] = nsde_scalar_add(x[i],
                                   nsde_scalar_mul(rate, nsde_scalar_sin(nsde_scalar_sub(x[i - 1], x[i]))));
    return x[CELLS - 1];
}

static double relaxed(double first, double rate)
{
    double x[CELLS] = {first};
    for (int m = 0; m < STEPS; m++)
        for (int i = 1; i < CELLS; i++)
            x[i] += rate * sin(x[i - 1] - x[i]);
    return x[CELLS - 1];
}

START_TEST(long_loops_and_many_of_them)
{
    size_t made = 0;
    double before[2] = {0.0, 0.0};
    begin();
    for (int run = 0; run < 3; run++) {
        const size_t allocated = test_allocations();
        nsde_scalar x[CELLS];
        nsde_scalar_tape_clear(tape);
        const nsde_scalar first = nsde_scalar_variable(tape, 1.3), rate = nsde_scalar_variable(tape, 0.05);
        x[0] = first;
        for (int i = 1; i < CELLS; i++)
            x[i] = nsde_scalar_real(0.0);
        const nsde_scalar loss = relax(x, rate);
        ck_assert(loss.value == relaxed(1.3, 0.05) && loss.value > 0.1);
        ck_assert_uint_gt(tape->n, 3 * 65536);
        check_ok(nsde_scalar_gradient(loss));
        const double e = 1e-5, by_first = nsde_scalar_adjoint(first), by_rate = nsde_scalar_adjoint(rate);
        check_relative(by_first, (relaxed(1.3 + e, 0.05) - relaxed(1.3 - e, 0.05)) / (2.0 * e), 1e-7);
        check_relative(by_rate, (relaxed(1.3, 0.05 + e) - relaxed(1.3, 0.05 - e)) / (2.0 * e), 1e-6);
        ck_assert(run == 0 || (by_first == before[0] && by_rate == before[1]));
        before[0] = by_first, before[1] = by_rate;
        made = test_allocations() - allocated;
    }
    ck_assert_uint_eq(made, 0); /* the memory is kept */
    /* One by one, and then the rest. */
    check_ok(nsde_scalar_turn(tape));
    nsde_scalar_instruction at;
    nsde_scalar last = {0.0, tape->n - 1, tape};
    nsde_scalar_seed(last, 1.0);
    ck_assert(nsde_scalar_back(tape, &at) && at.place == tape->n - 1 && at.adjoint == 1.0);
    ck_assert(at.operation->partial[0] == 1.0 && at.operation->partial[1] == 1.0);
    for (int k = 0; k < 70000; k++)
        ck_assert(nsde_scalar_back(tape, NULL));
    nsde_scalar_sweep(tape);
    ck_assert(!nsde_scalar_back(tape, &at));
    ck_assert(nsde_scalar_adjoint((nsde_scalar){0.0, 1, tape}) == before[0]);
    end();
}
END_TEST

START_TEST(without_memory_the_sweep_says_so)
{
    for (size_t k = 1;; k++) {
        test_fail_allocation(k);
        nsde_status status = nsde_scalar_tape_create(&tape);
        if (status) {
            test_fail_allocation(0);
            ck_assert_int_eq(status, NSDE_NO_MEMORY);
            ck_assert_ptr_null(tape);
            continue;
        }
        nsde_scalar x[CELLS];
        for (int i = 0; i < CELLS; i++)
            x[i] = nsde_scalar_variable(tape, 0.1 * i);
        const nsde_scalar loss = relax(x, nsde_scalar_variable(tape, 0.05));
        status = nsde_scalar_gradient(loss);
        const bool failed = test_allocation_failed();
        test_fail_allocation(0);
        nsde_scalar_tape_destroy(tape);
        if (!failed) {
            check_ok(status);
            break;
        }
        ck_assert_int_eq(status, NSDE_NO_MEMORY);
        ck_assert(loss.value != 0.0); /* values go on */
    }
}
END_TEST

void test_cases(TCase *cases)
{
    tcase_add_test(cases, a_formula);
    tcase_add_test(cases, every_function_is_that_of_the_duals);
    tcase_add_test(cases, constants_are_not_recorded);
    tcase_add_test(cases, long_loops_and_many_of_them);
    tcase_add_test(cases, without_memory_the_sweep_says_so);
}
