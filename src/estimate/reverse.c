/* Reverse mode through the solver: discretise, then optimise.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "estimate/batches.h"

static nsde_status run_batches(nsde_estimate_work *w, const nsde_batches *b)
{
    nsde_gradient *engine;
    nsde_gradient_settings settings = w->settings.run;
    settings.paths = b->size;
    nsde_status status = nsde_gradient_create(w->problem.model, w->problem.loss, &settings, &engine);
    if (status)
        return status;
    double *row = b->rows;
    for (size_t k = 0; k < b->n && !status; k++, row += 1 + w->n) {
        const nsde_gradient_point point = {.parameters = w->problem.parameters, .x0 = w->problem.x0};
        nsde_gradient_set_noise(engine, settings.seed, b->first + k * b->size);
        status = nsde_gradient_evaluate(
            engine, &point,
            &(nsde_gradient_result){.loss = row, .parameters = row + 1, .x0 = row + 1 + w->n_parameters});
    }
    const nsde_gradient_info info = nsde_gradient_describe(engine);
    if (!status && b->first == 0) {
        nsde_estimate_count(w, info.bytes);
        if (!w->result->doubtful)
            nsde_estimate_note(w, "keeps %s, %zu batches of %zu paths", nsde_keep_name(info.keep), b->n,
                               b->size);
    }
    nsde_gradient_destroy(engine);
    return status;
}

static nsde_status run(nsde_estimate_work *w)
{
    const nsde_status status = nsde_estimate_warn_of_jumps(w);
    return status ? status : nsde_estimate_by_batches(w, run_batches);
}

const nsde_estimator nsde_estimator_reverse = {
    .name = "reverse",
    .aliases = "backprop discretise_then_optimise",
    .title = "pathwise derivatives by reverse mode through the solver",
    .source = "Giles and Glasserman 2006",
    .run = run,
};
