/* Forward mode: recorded duals through the solver, a few partials at a time, nothing stored over time.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "estimate/estimate.h"

enum { PARTIALS = 8 };

static nsde_status run(nsde_estimate_work *w)
{
    void *memory;
    nsde_tangents *tangents;
    size_t numbers, partials = w->settings.partials ? w->settings.partials : PARTIALS;
    partials = partials < w->n ? partials : w->n;
    nsde_status status = nsde_estimate_warn_of_jumps(w);
    if (!status)
        status = nsde_tangents_create(&(nsde_tangents_settings){.model = w->problem.model,
                                                                .loss = w->problem.loss,
                                                                .run = &w->settings.run,
                                                                .partials = partials},
                                      &tangents);
    if (status)
        return status;
    if (!nsde_size_mul(partials + 1, w->paths, &numbers))
        status = nsde_fail(NSDE_OVERFLOW, "the derivatives of all paths overflow the size of memory");
    else
        status = nsde_alloc(numbers, sizeof(double), "derivatives", &memory);
    if (status) {
        nsde_tangents_destroy(tangents);
        return status;
    }
    double *loss = memory, *derivatives = loss + w->paths;
    nsde_estimate_count(w, nsde_tangents_bytes(tangents) + numbers * sizeof(double));
    for (size_t first = 0; first < w->n && !status; first += partials) {
        status = nsde_tangents_run(tangents, w->problem.parameters, w->problem.x0, first,
                                   &(nsde_tangents_result){.loss = loss, .tangents = derivatives});
        for (size_t k = 0; !status && k < partials && first + k < w->n; k++)
            nsde_estimate_take(w, first + k, derivatives + k * w->paths);
    }
    if (!status)
        nsde_estimate_take_loss(w, loss);
    nsde_free(memory);
    nsde_tangents_destroy(tangents);
    return status;
}

const nsde_estimator nsde_estimator_forward = {
    .name = "forward",
    .aliases = "dual duals tangent pathwise",
    .title = "pathwise derivatives by forward mode",
    .source = "Glasserman 2003, section 7.2",
    .run = run,
};
