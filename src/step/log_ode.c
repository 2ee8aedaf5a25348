/* The log-ODE method: the ordinary equation dy/du = f h + sum_j g_j dW_j + sum_{j<k} [g_j, g_k] A_jk over
 * unit time, whose flow shares the first two levels of the signature with the step's path, by one step of the
 * classical Runge-Kutta scheme. With J the antisymmetric matrix of the areas the brackets' sum is
 * sum_j (g_j . grad) (g J_j), J_j its row j: a dual for each noise.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "step/step.h"

/* Row j of the areas, or of the iterated integrals without what dW makes of them. */
static nsde_var areas(const nsde_step_at *at, size_t j)
{
    const nsde_var symmetric = nsde_mul(nsde_mul_real(nsde_row(at->dW, j), 0.5), at->dW);
    return nsde_sub(nsde_step_iterated(at, j), symmetric);
}

static nsde_var field(const nsde_step_at *at, nsde_var y, nsde_var t)
{
    nsde_var sum = nsde_step_increment(at, y, t);
    if (!at->A.tape)
        return sum;
    const nsde_var g = nsde_model_diffusion(at->model, y, t, at->p, at->u);
    for (size_t j = 0; j < nsde_model_describe(at->model)->noise_dim; j++) {
        const nsde_perturbation eps = nsde_perturb(at->tape, 1);
        const nsde_var along = nsde_step_column(at, g, j);
        const nsde_var seeded = nsde_seed(eps, y, &along);
        sum = nsde_add(sum, nsde_tangent(eps, nsde_step_noise_along(at, seeded, t, areas(at, j)), 0));
    }
    return sum;
}

static nsde_var record(const nsde_step_at *at)
{
    const nsde_var middle = nsde_add(at->t, nsde_mul_real(at->h, 0.5)), end = nsde_add(at->t, at->h);
    const nsde_var k1 = field(at, at->x, at->t);
    const nsde_var k2 = field(at, nsde_add(at->x, nsde_mul_real(k1, 0.5)), middle);
    const nsde_var k3 = field(at, nsde_add(at->x, nsde_mul_real(k2, 0.5)), middle);
    const nsde_var k4 = field(at, nsde_add(at->x, k3), end);
    const nsde_var outer = nsde_add(k1, k4), inner = nsde_mul_real(nsde_add(k2, k3), 2.0);
    return nsde_add(at->x, nsde_mul_real(nsde_add(outer, inner), 1.0 / 6.0));
}

const nsde_integrator nsde_integrator_log_ode = {
    .name = "log_ode",
    .aliases = "castell_gaines",
    .title = "log-ODE method with Runge-Kutta steps",
    .source = "Castell and Gaines 1995",
    .strong_order = 1.0,
    .weak_order = 1.0,
    .commutative_order = 1.0,
    .additive_order = 1.0,
    .calculus = NSDE_STRATONOVICH,
    .noise = NSDE_NOISE_GENERAL,
    .detail = NSDE_LEVY,
    .record = record,
};
