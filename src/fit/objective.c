/* The registry of objectives.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "fit/objective.h"

#include "core/names.h"
#include "model/inputs.h"

static const nsde_objective *const objectives[] = {
#define X(name) &nsde_objective_##name,
#include "objectives.def"
#undef X
};

NSDE_REGISTRY(nsde_objective, nsde_objective, objectives, "objective")

nsde_status nsde_objective_check(const nsde_objective *objective, const nsde_model *model)
{
    if (!objective || !model)
        return nsde_fail(NSDE_INVALID, "nsde_objective_check: an objective and a model are needed");
    const nsde_status status = nsde_model_refuse_inputs(model, "likelihoods do");
    if (status || !objective->supports(model))
        return status;
    char names[NSDE_MESSAGE_SIZE / 2] = "", cause[NSDE_MESSAGE_SIZE / 2];
    snprintf(cause, sizeof cause, "%s", nsde_error_message());
    for (size_t i = 0; i < nsde_objective_count(); i++)
        if (!objectives[i]->supports(model))
            nsde_name_append(names, sizeof names, objectives[i]->name);
    return nsde_fail(NSDE_UNSUPPORTED, "objective %s: %s; %s would do", objective->name, cause,
                     *names ? names : "none");
}

const nsde_objective *nsde_objective_standard(const nsde_model *model)
{
    return nsde_objective_exact.supports(model) ? &nsde_objective_euler : &nsde_objective_exact;
}
