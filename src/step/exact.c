/* The solution itself, for models where it is a function of the noise at the end of the step; else the
 * model's transition, exact in law: the model's own, or the normal one of linear models.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>

#include "step/linear.h"
#include "step/step.h"

static nsde_var record(const nsde_step_at *at)
{
    const nsde_model_definition *d = nsde_model_describe(at->model);
    if (d->solution)
        return nsde_model_solution(at->model, at->x, at->t, at->p, at->u, at->h, at->dW);
    if (d->transition)
        return nsde_model_transition(at->model, at->x, at->t, at->p, at->u, at->h,
                                     nsde_div(at->dW, nsde_sqrt(at->h)));
    return nsde_linear_record(at);
}

const nsde_integrator nsde_integrator_exact = {
    .name = "exact",
    .aliases = "",
    .title = "the model's own solution or transition",
    .source = "the model; for linear ones Van Loan 1978",
    .strong_order = INFINITY,
    .weak_order = INFINITY,
    .commutative_order = INFINITY,
    .additive_order = INFINITY,
    .calculus = NSDE_ITO,
    .noise = NSDE_NOISE_GENERAL,
    .solution = true,
    .record = record,
};
