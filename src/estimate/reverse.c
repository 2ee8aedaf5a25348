/* Reverse mode through the solver: discretise, then optimise. The engine adds up over paths, so standard
 * errors come from batches of them.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <string.h>

#include "estimate/estimate.h"

enum { BATCHES = 64 };

/* Paths of a batch, even where they come in pairs; what is left over makes a batch of its own. */
static size_t batch_size(const nsde_estimate_work *w)
{
    const size_t pair = w->settings.antithetic ? 2 : 1;
    const size_t size = w->paths / BATCHES / pair * pair;
    return size ? size : pair;
}

/* Gradients of batches: [n_batches][1 + n], the loss first. */
static nsde_status run_batches(nsde_estimate_work *w, size_t first, size_t size, size_t n_batches,
                               double *rows)
{
    nsde_gradient *engine;
    nsde_gradient_settings settings = w->settings.run;
    settings.paths = size;
    nsde_status status = nsde_gradient_create(w->problem.model, w->problem.loss, &settings, &engine);
    if (status)
        return status;
    for (size_t b = 0; b < n_batches && !status; b++, rows += 1 + w->n) {
        const nsde_gradient_point point = {w->problem.parameters, w->problem.x0, false};
        nsde_gradient_set_noise(engine, settings.seed, first + b * size);
        status = nsde_gradient_evaluate(
            engine, &point,
            &(nsde_gradient_result){.loss = rows, .parameters = rows + 1, .x0 = rows + 1 + w->n_parameters});
    }
    const nsde_gradient_info info = nsde_gradient_describe(engine);
    if (!status && first == 0) {
        nsde_estimate_count(w, info.bytes);
        if (!w->result->doubtful)
            nsde_estimate_note(w, "keeps %s, %zu batches of %zu paths", nsde_keep_name(info.keep), n_batches,
                               size);
    }
    nsde_gradient_destroy(engine);
    return status;
}

/* Mean over all paths; the error from the batches of equal size, for as many paths as there are. */
static double mean_of(const double *rows, size_t stride, size_t n, size_t size, size_t left, double *error)
{
    double sum = 0.0, squares = 0.0;
    for (size_t b = 0; b < n; b++)
        sum += rows[b * stride];
    const double mean = sum / (double)n, all = (double)(n * size + left);
    for (size_t b = 0; b < n; b++)
        squares += (rows[b * stride] - mean) * (rows[b * stride] - mean);
    *error = n > 1 ? sqrt((double)size * squares / (double)(n - 1) / all) : NAN;
    return left ? (sum * (double)size + rows[n * stride] * (double)left) / all : mean;
}

static nsde_status run(nsde_estimate_work *w)
{
    void *memory;
    nsde_gradient_estimate *e = w->result;
    const size_t size = batch_size(w), n = w->paths / size, left = w->paths % size, row = 1 + w->n;
    size_t numbers;
    nsde_status status = nsde_estimate_warn_of_jumps(w);
    if (!status && !nsde_size_mul(n + 1, row, &numbers))
        status = nsde_fail(NSDE_OVERFLOW, "the batches overflow the size of memory");
    if (!status)
        status = nsde_alloc(numbers, sizeof(double), "batches", &memory);
    if (status)
        return status;
    double *rows = memory;
    nsde_estimate_count(w, numbers * sizeof(double));
    status = run_batches(w, 0, size, n, rows);
    if (!status && left)
        status = run_batches(w, n * size, left, 1, rows + n * row);
    if (!status) {
        e->loss = mean_of(rows, row, n, size, left, &e->loss_std_error);
        for (size_t k = 0; k < w->n; k++)
            e->value[k] = mean_of(rows + 1 + k, row, n, size, left, &e->std_error[k]);
        e->n_samples = n < e->n_samples ? n : e->n_samples;
        for (size_t k = 0; e->samples && k < w->n; k++)
            for (size_t b = 0; b < e->n_samples; b++)
                e->samples[k * e->n_samples + b] = rows[b * row + 1 + k];
    }
    nsde_free(memory);
    return status;
}

const nsde_estimator nsde_estimator_reverse = {
    .name = "reverse",
    .aliases = "backprop discretise_then_optimise",
    .title = "pathwise derivatives by reverse mode through the solver",
    .source = "Giles and Glasserman 2006",
    .run = run,
};
