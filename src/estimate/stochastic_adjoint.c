/* Optimise, then discretise: the adjoint equation, solved back on the same Brownian path together with the
 * state (src/gradient/backward.h). Its gradient is that of the equation up to the error of the scheme there
 * and of Heun's scheme back.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "estimate/batches.h"

static nsde_status run(nsde_estimate_work *w)
{
    w->settings.run.keep = NSDE_KEEP_ADJOINT;
    const nsde_status status = nsde_estimate_by_engine(w);
    if (!status && !w->result->doubtful)
        nsde_estimate_note(w, "keeps the last state; state and adjoint solved back by heun, whose error is "
                              "that of the step, not of the paths");
    return status;
}

const nsde_estimator nsde_estimator_stochastic_adjoint = {
    .name = "stochastic_adjoint",
    .aliases = "backsolve",
    .title = "the adjoint equation solved back in Stratonovich's calculus",
    .source = "Li, Wong, Chen and Duvenaud 2020",
    .of_equation = true,
    .run = run,
};
