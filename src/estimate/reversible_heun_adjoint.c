/* Reverse mode that keeps no states: the steps of reversible Heun are undone, one after another, and swept
 * back. Its gradient is that of reverse mode but for rounding.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "estimate/batches.h"

static nsde_status run(nsde_estimate_work *w)
{
    w->settings.run.keep = NSDE_KEEP_UNDO;
    const nsde_status status = nsde_estimate_by_engine(w);
    if (!status && !w->result->doubtful)
        nsde_estimate_note(w, "keeps the last state, whose steps are undone");
    return status;
}

const nsde_estimator nsde_estimator_reversible_heun_adjoint = {
    .name = "reversible_heun_adjoint",
    .aliases = "reversible_adjoint",
    .title = "reverse mode through steps that are undone",
    .source = "Kidger, Foster, Li and Lyons 2021, section 3",
    .run = run,
};
