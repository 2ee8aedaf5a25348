/* Euler's pseudo-likelihood: the step of Euler and Maruyama is normal with mean x + f h and variance g^2 h.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "fit/objective.h"

static nsde_status supports(const nsde_model *model)
{
    const nsde_model_definition *d = nsde_model_describe(model);
    if (d->dim != 1 || d->noise_dim != 1)
        return nsde_fail(NSDE_UNSUPPORTED, "model %s has %zu states and %zu noises, not one of each", d->name,
                         d->dim, d->noise_dim);
    if (d->calculus != NSDE_ITO && d->noise != NSDE_NOISE_ADDITIVE)
        return nsde_fail(NSDE_UNSUPPORTED, "model %s is meant as Stratonovich, not as Ito", d->name);
    return NSDE_OK;
}

static nsde_var record(const nsde_model *model, const nsde_transition *step)
{
    const nsde_at *at = &step->from;
    const nsde_var drift = nsde_model_drift(model, at->x, at->t, at->p, at->u);
    const nsde_var diffusion = nsde_model_diffusion(model, at->x, at->t, at->p, at->u);
    const nsde_var mean = nsde_add(at->x, nsde_mul(drift, step->h));
    return nsde_normal_log_density(step->x_next, mean, nsde_mul(nsde_square(diffusion), step->h));
}

const nsde_objective nsde_objective_euler = {
    .name = "euler",
    .aliases = "euler_maruyama em",
    .title = "Euler's pseudo-likelihood",
    .source = "Maruyama 1955; Florens-Zmirou 1989",
    .supports = supports,
    .record = record,
};
