/* Is a model linear? The recording shows it: what depends on a state or on the time, given as numbers of a
 * path, is not uniform.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "model/linear.h"

static bool is_linear(const nsde_model *model, nsde_tape *tape)
{
    const size_t dim = nsde_model_describe(model)->dim, n_inputs = nsde_model_describe(model)->n_inputs;
    const nsde_var x = nsde_input(tape, dim), t = nsde_input(tape, 1), along = nsde_uniform(tape, dim);
    const nsde_var p = nsde_model_record_parameters(model, tape);
    const nsde_var u = n_inputs ? nsde_uniform(tape, n_inputs) : (nsde_var){0}; /* constant along a path */
    const nsde_var origin = nsde_broadcast(nsde_real(tape, 0.0), dim);
    const nsde_perturbation eps = nsde_perturb(tape, 1);
    const nsde_var slope = nsde_tangent(eps, nsde_model_drift(model, nsde_seed(eps, x, &along), t, p, u), 0);
    const nsde_var rest = nsde_model_drift(model, origin, t, p, u),
                   g = nsde_model_diffusion(model, x, t, p, u);
    return nsde_rows(g) && nsde_is_uniform(slope) && nsde_is_uniform(rest) && nsde_is_uniform(g);
}

nsde_status nsde_linear_check(const nsde_model *model, bool *linear)
{
    nsde_tape *tape;
    *linear = false;
    if (nsde_model_describe(model)->noise != NSDE_NOISE_ADDITIVE || nsde_model_is_deterministic(model))
        return NSDE_OK;
    nsde_status status = nsde_tape_create(&tape);
    if (status)
        return status;
    const bool found = is_linear(model, tape);
    status = nsde_tape_status(tape);
    *linear = found && !status;
    nsde_tape_destroy(tape);
    return status == NSDE_NO_MEMORY ? status : NSDE_OK; /* what cannot be recorded so is not linear */
}
