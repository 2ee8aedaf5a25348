/* Drift-implicit Euler and the trapezoidal rule: y = x + f(x) (1 - theta) h + f(y) theta h + g(x) dW.
 *
 * A drift that is affine in x, as its Jacobian shows, takes one linear system. For others Newton's iterations
 * are recorded, with the Jacobian by duals and systems solved with pivoting. All iterates but the last are
 * held: the sweep back sees one step from the solution, whose derivatives are those of the implicit function
 * theorem, and neither the way there nor the Jacobian is kept. A path whose last correction is not small by
 * then becomes NaN, so that what did not converge is seen. Tangents go through all of it.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>

#include "step/step.h"

/* Where they converge each iteration squares what is left. The correction of the last is what the one before
 * was off by: its own error is the square of that. */
enum { ITERATIONS = 8 };
static const double tolerance = 1e-6; /* networks in single precision settle at 1e-7 */

/* y - theta h f(y) = known, and what Newton's method knows of it at some y: the Jacobian's columns one below
 * another. */
typedef struct equation {
    const nsde_step_at *at;
    nsde_var known, theta_h;
    nsde_var residual, columns;
} equation;

static void linearise(equation *e, nsde_var y)
{
    enum { MOST = NSDE_SOLVE_MOST };
    nsde_tape *tape = e->at->tape;
    const size_t n = nsde_rows(y);
    nsde_var directions[MOST], slopes[MOST];
    double unit[MOST * MOST] = {0.0};
    for (size_t j = 0; j < n; j++) {
        unit[j * n + j] = 1.0;
        directions[j] = nsde_constant(tape, n, &unit[j * n]);
    }
    const nsde_perturbation eps = nsde_perturb(tape, n);
    const nsde_var end = nsde_add(e->at->t, e->at->h);
    const nsde_var dual = nsde_step_drift(e->at, nsde_seed(eps, y, directions), end);
    for (size_t j = 0; j < n; j++) {
        const nsde_var slope = nsde_tangent(eps, dual, j);
        slopes[j] = nsde_rows(slope) == n ? slope : nsde_broadcast(slope, n);
    }
    const nsde_var identity = nsde_constant(tape, n * n, unit), f = nsde_primal(eps, dual);
    e->columns = nsde_sub(identity, nsde_mul(nsde_stack(n, slopes), e->theta_h));
    e->residual = nsde_sub(nsde_sub(y, nsde_mul(f, e->theta_h)), e->known);
}

/* y where its last correction is small beside it and beside what the step began with, else NaN. States are
 * compared one by one, but for the rounding that a larger one leaves in a smaller. */
static nsde_var checked(nsde_var y, nsde_var last, nsde_var known)
{
    const nsde_var size = nsde_add(nsde_abs(y), nsde_abs(known));
    const nsde_var floor = nsde_add_real(nsde_mul_real(nsde_sum(size), 1e-14), 1e-300);
    const nsde_var allowed = nsde_add(nsde_mul_real(size, tolerance), floor);
    return nsde_select(nsde_hold(nsde_sub(allowed, nsde_abs(last))), y, nsde_real(y.tape, NAN));
}

/* A Jacobian that is the same for all paths, while y is not, depends on no state. */
static nsde_var solution(equation *e, nsde_var y)
{
    nsde_var last = y;
    linearise(e, y);
    if (nsde_is_uniform(e->columns) && !nsde_is_uniform(y))
        return nsde_sub(y, nsde_solve_transposed(e->columns, e->residual));
    for (int k = 0; k < ITERATIONS; k++) {
        y = nsde_hold(y);
        linearise(e, y);
        last = nsde_solve_transposed(nsde_hold(e->columns), e->residual);
        y = nsde_sub(y, last);
    }
    return checked(y, last, e->known);
}

static nsde_var record(const nsde_step_at *at, double theta)
{
    const size_t n = nsde_model_describe(at->model)->dim;
    if (n > NSDE_SOLVE_MOST)
        return nsde_tape_fail(at->tape, "implicit schemes solve for %d states at most, not %zu",
                              NSDE_SOLVE_MOST, n);
    const nsde_var start = nsde_add(at->x, nsde_step_noise(at, at->x, at->t));
    equation e = {.at = at, .known = start, .theta_h = nsde_mul_real(at->h, theta)};
    if (theta < 1.0) {
        const nsde_var rest = nsde_mul_real(at->h, 1.0 - theta);
        e.known = nsde_add(start, nsde_mul(nsde_step_drift(at, at->x, at->t), rest));
    }
    return solution(&e, start);
}

static nsde_var euler(const nsde_step_at *at)
{
    return record(at, 1.0);
}

static nsde_var trapezoidal(const nsde_step_at *at)
{
    return record(at, 0.5);
}

const nsde_integrator nsde_integrator_implicit_euler = {
    .name = "implicit_euler",
    .aliases = "drift_implicit_euler backward_euler",
    .title = "drift-implicit Euler",
    .source = "Kloeden and Platen 1992, sec. 12.2",
    .strong_order = 0.5,
    .weak_order = 1.0,
    .commutative_order = 0.5,
    .additive_order = 1.0,
    .calculus = NSDE_ITO,
    .noise = NSDE_NOISE_GENERAL,
    .linear_in_noise = true,
    .record = euler,
};

const nsde_integrator nsde_integrator_theta = {
    .name = "theta",
    .aliases = "implicit_trapezoidal stochastic_theta",
    .title = "stochastic theta method with theta = 1/2 (trapezoidal rule)",
    .source = "Kloeden and Platen 1992, sec. 12.2",
    .strong_order = 0.5,
    .weak_order = 1.0,
    .commutative_order = 0.5,
    .additive_order = 1.0,
    .calculus = NSDE_ITO,
    .noise = NSDE_NOISE_GENERAL,
    .linear_in_noise = true,
    .record = trapezoidal,
};
