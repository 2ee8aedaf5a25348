/* Drift-implicit Euler and the trapezoidal rule: y = x + f(x) (1 - theta) h + f(y) theta h + g(x) dW.
 *
 * A fixed number of Newton's iterations is recorded, with the Jacobian by duals and Gaussian elimination
 * without pivoting (I - theta h f' is near I, or diagonally dominant where the drift is stiff). One is exact
 * for a linear drift; each further one squares what is left. Derivatives are those of what is computed.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "step/step.h"

enum { MOST_STATES = 8, ITERATIONS = 5 };

/* Solves the system in place: M [n][n], b [n]; b becomes the solution. */
static void solve(size_t n, nsde_var M[MOST_STATES][MOST_STATES], nsde_var b[MOST_STATES])
{
    for (size_t k = 0; k < n; k++) {
        const nsde_var pivot = nsde_reciprocal(M[k][k]);
        for (size_t i = k + 1; i < n; i++) {
            const nsde_var factor = nsde_mul(M[i][k], pivot);
            for (size_t j = k + 1; j < n; j++)
                M[i][j] = nsde_sub(M[i][j], nsde_mul(factor, M[k][j]));
            b[i] = nsde_sub(b[i], nsde_mul(factor, b[k]));
        }
    }
    for (size_t k = n; k-- > 0;) {
        for (size_t j = k + 1; j < n; j++)
            b[k] = nsde_sub(b[k], nsde_mul(M[k][j], b[j]));
        b[k] = nsde_div(b[k], M[k][k]);
    }
}

/* One iteration from y towards y - theta h f(y) = known. */
static nsde_var newton(const nsde_step_at *at, nsde_var y, nsde_var known, nsde_var theta_h)
{
    const size_t n = nsde_model_describe(at->model)->dim;
    nsde_var M[MOST_STATES][MOST_STATES], b[MOST_STATES], directions[MOST_STATES];
    double unit[MOST_STATES] = {0.0};
    for (size_t j = 0; j < n; j++) {
        unit[j] = 1.0;
        directions[j] = nsde_constant(at->tape, n, unit);
        unit[j] = 0.0;
    }
    const nsde_perturbation eps = nsde_perturb(at->tape, (uint32_t)n);
    const nsde_var dual = nsde_step_drift(at, nsde_seed(eps, y, directions), nsde_add(at->t, at->h));
    const nsde_var f = nsde_primal(eps, dual);
    const nsde_var residual = nsde_sub(nsde_sub(y, nsde_mul(f, theta_h)), known);
    for (size_t j = 0; j < n; j++) {
        const nsde_var slope = nsde_tangent(eps, dual, j);
        const nsde_var scaled = nsde_mul(nsde_rows(slope) == n ? slope : nsde_broadcast(slope, n), theta_h);
        b[j] = nsde_row(residual, j);
        for (size_t i = 0; i < n; i++) {
            const nsde_var entry = nsde_neg(nsde_row(scaled, i));
            M[i][j] = i == j ? nsde_add_real(entry, 1.0) : entry;
        }
    }
    solve(n, M, b);
    return nsde_sub(y, n == 1 ? b[0] : nsde_stack(n, b));
}

static nsde_var record(const nsde_step_at *at, double theta)
{
    if (nsde_model_describe(at->model)->dim > MOST_STATES)
        return nsde_tape_fail(at->tape, "implicit schemes solve for %d states at most, not %zu", MOST_STATES,
                              nsde_model_describe(at->model)->dim);
    const nsde_var f = nsde_mul(nsde_step_drift(at, at->x, at->t), at->h);
    const nsde_var noise = nsde_step_noise(at, at->x, at->t), theta_h = nsde_mul_real(at->h, theta);
    nsde_var known = nsde_add(at->x, noise);
    if (theta < 1.0)
        known = nsde_add(known, nsde_mul_real(f, 1.0 - theta));
    nsde_var y = nsde_add(at->x, noise);
    for (int k = 0; k < ITERATIONS; k++)
        y = newton(at, y, known, theta_h);
    return y;
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
    .source = "Kloeden and Platen 1992, eq. 12.2.2",
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
    .source = "Kloeden and Platen 1992, eq. 12.2.3",
    .strong_order = 0.5,
    .weak_order = 1.0,
    .commutative_order = 0.5,
    .additive_order = 1.0,
    .calculus = NSDE_ITO,
    .noise = NSDE_NOISE_GENERAL,
    .linear_in_noise = true,
    .record = trapezoidal,
};
