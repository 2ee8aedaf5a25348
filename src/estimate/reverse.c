/* Reverse mode through the solver: discretise, then optimise.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "estimate/batches.h"

/* One row a batch; x0: room for the derivatives by all the states of the model. */
static nsde_status run_engine(const nsde_estimate_work *w, const nsde_batches *b, nsde_gradient *engine,
                              double *x0)
{
    double *row = b->rows;
    nsde_status status = NSDE_OK;
    for (size_t k = 0; k < b->n && !status; k++, row += 1 + w->n) {
        const nsde_gradient_point point = {.parameters = w->problem.parameters, .x0 = w->problem.x0};
        nsde_gradient_set_noise(engine, w->settings.run.seed, b->first + k * b->size);
        status = nsde_gradient_evaluate(
            engine, &point, &(nsde_gradient_result){.loss = row, .parameters = row + 1, .x0 = x0});
        if (!status)
            memcpy(row + 1 + w->n_parameters, x0, w->dim * sizeof *x0);
    }
    return status;
}

nsde_status nsde_estimate_engine_batches(nsde_estimate_work *w, const nsde_batches *b)
{
    void *x0;
    nsde_gradient *engine = NULL;
    nsde_gradient_settings settings = w->settings.run;
    settings.paths = b->size;
    const size_t dim = nsde_model_describe(w->problem.model)->dim;
    nsde_status status = nsde_alloc(dim, sizeof(double), "initial states", &x0);
    if (!status)
        status = nsde_gradient_create(w->problem.model, w->problem.loss, &settings, &engine);
    if (!status)
        status = run_engine(w, b, engine, x0);
    if (!status && b->first == 0) {
        const nsde_gradient_info info = nsde_gradient_describe(engine);
        nsde_estimate_count(w, info.bytes);
        if (!w->result->doubtful)
            nsde_estimate_note(w, "keeps %s, %zu batches of %zu paths", nsde_keep_name(info.keep), b->n,
                               b->size);
    }
    nsde_gradient_destroy(engine);
    nsde_free(x0);
    return status;
}

nsde_status nsde_estimate_by_engine(nsde_estimate_work *w)
{
    const nsde_status status = nsde_estimate_warn_of_jumps(w);
    return status ? status : nsde_estimate_by_batches(w, nsde_estimate_engine_batches);
}

const nsde_estimator nsde_estimator_reverse = {
    .name = "reverse",
    .aliases = "backprop discretise_then_optimise",
    .title = "pathwise derivatives by reverse mode through the solver",
    .source = "Giles and Glasserman 2006",
    .run = nsde_estimate_by_engine,
};
