/* The exact likelihood: a Markov process has the product of its transition densities.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "fit/objective.h"

static nsde_status supports(const nsde_model *model)
{
    const nsde_model_definition *d = nsde_model_describe(model);
    if (!d->log_density)
        return nsde_fail(NSDE_UNSUPPORTED, "model %s has no log_density of its transitions", d->name);
    return NSDE_OK;
}

static nsde_var record(const nsde_model *model, const nsde_transition *step)
{
    return nsde_model_describe(model)->log_density(step);
}

const nsde_objective nsde_objective_exact = {
    .name = "exact",
    .aliases = "ml mle",
    .title = "exact maximum likelihood",
    .source = "Lo 1988",
    .supports = supports,
    .record = record,
};
