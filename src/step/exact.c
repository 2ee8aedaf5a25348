/* The solution itself, for models where it is a function of the noise at the end of the step.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>

#include "step/step.h"

static nsde_var record(const nsde_step_at *at)
{
    return nsde_model_solution(at->model, at->x, at->t, at->p, at->u, at->h, at->dW);
}

const nsde_integrator nsde_integrator_exact = {
    .name = "exact",
    .aliases = "",
    .title = "the model's own solution",
    .source = "the model",
    .strong_order = INFINITY,
    .weak_order = INFINITY,
    .commutative_order = INFINITY,
    .additive_order = INFINITY,
    .calculus = NSDE_ITO,
    .noise = NSDE_NOISE_GENERAL,
    .solution = true,
    .record = record,
};
