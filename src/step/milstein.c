/* Milstein's scheme, in Ito's and in Stratonovich's form, for noise of every class.
 *
 * With L_j = (g_j . grad), the terms added to Euler-Maruyama are sum over j, k of (L_j g_k) I_jk. For noise
 * that commutes I_jk may be replaced by its symmetric part dW_j dW_k / 2, and the sum is half the derivative
 * of g dW along g dW itself: one dual, whatever the number of noises. Ito's form subtracts
 * h / 2 sum_j L_j g_j.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "step/step.h"

/* The derivative of y along `direction`, y given by a model's diffusion times v. */
static nsde_var along(const nsde_step_at *at, nsde_var direction, nsde_var v)
{
    const nsde_perturbation eps = nsde_perturb(at->tape, 1);
    const nsde_var moved = nsde_step_noise_along(at, nsde_seed(eps, at->x, &direction), at->t, v);
    const nsde_var slope = nsde_tangent(eps, moved, 0);
    return nsde_add(slope, nsde_mul_real(at->x, 0.0));
}

/* sum over j, k of (L_j g_k) J_jk with Stratonovich's integrals J. */
static nsde_var second_order(const nsde_step_at *at, nsde_var noise)
{
    const nsde_model_definition *d = nsde_model_describe(at->model);
    if (!at->A.tape)
        return nsde_mul_real(along(at, noise, at->dW), 0.5);
    const nsde_var g = nsde_model_diffusion(at->model, at->x, at->t, at->p, at->u);
    nsde_var sum = nsde_mul_real(at->x, 0.0);
    for (size_t j = 0; j < d->noise_dim; j++)
        sum = nsde_add(sum, along(at, nsde_step_column(at, g, j), nsde_step_iterated(at, j)));
    return sum;
}

static nsde_var stratonovich(const nsde_step_at *at)
{
    const nsde_var noise = nsde_step_noise(at, at->x, at->t);
    const nsde_var moved = nsde_add(at->x, nsde_mul(nsde_step_drift(at, at->x, at->t), at->h));
    if (nsde_model_describe(at->model)->noise == NSDE_NOISE_ADDITIVE)
        return nsde_add(moved, noise);
    return nsde_add(nsde_add(moved, noise), second_order(at, noise));
}

/* g L / 2 (dW^2 - h) for each state, in one dual of g itself. */
static nsde_var diagonal(const nsde_step_at *at)
{
    const nsde_var g = nsde_model_diffusion(at->model, at->x, at->t, at->p, at->u);
    const nsde_perturbation eps = nsde_perturb(at->tape, 1);
    const nsde_var twice = nsde_model_diffusion(at->model, nsde_seed(eps, at->x, &g), at->t, at->p, at->u);
    const nsde_var area = nsde_mul_real(nsde_sub(nsde_square(at->dW), at->h), 0.5);
    const nsde_var moved = nsde_add(at->x, nsde_mul(nsde_step_drift(at, at->x, at->t), at->h));
    return nsde_add(nsde_add(moved, nsde_mul(g, at->dW)), nsde_mul(nsde_tangent(eps, twice, 0), area));
}

/* Stratonovich's form on the drift converted to it: the same numbers, up to rounding. */
static nsde_var ito(const nsde_step_at *at)
{
    if (nsde_step_is_diagonal(at) && nsde_model_describe(at->model)->noise != NSDE_NOISE_ADDITIVE)
        return diagonal(at);
    nsde_step_at as = *at;
    as.calculus = NSDE_STRATONOVICH;
    return stratonovich(&as);
}

const nsde_integrator nsde_integrator_milstein = {
    .name = "milstein",
    .aliases = "milstein_ito",
    .title = "Milstein",
    .source = "Milstein 1974; Kloeden and Platen 1992, sec. 10.3",
    .strong_order = 1.0,
    .weak_order = 1.0,
    .commutative_order = 1.0,
    .additive_order = 1.0,
    .calculus = NSDE_ITO,
    .noise = NSDE_NOISE_GENERAL,
    .detail = NSDE_LEVY,
    .record = ito,
};

const nsde_integrator nsde_integrator_milstein_stratonovich = {
    .name = "milstein_stratonovich",
    .aliases = "",
    .title = "Milstein for Stratonovich equations",
    .source = "Kloeden and Platen 1992, sec. 10.3",
    .strong_order = 1.0,
    .weak_order = 1.0,
    .commutative_order = 1.0,
    .additive_order = 1.0,
    .calculus = NSDE_STRATONOVICH,
    .noise = NSDE_NOISE_GENERAL,
    .detail = NSDE_LEVY,
    .record = stratonovich,
};
