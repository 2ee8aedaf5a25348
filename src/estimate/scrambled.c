/* Randomised quasi-Monte Carlo: an estimate on quasi-random paths is repeated with scramblings of their own,
 * whose means tell the standard error, as the paths of one scrambling are not independent (Owen 1997;
 * L'Ecuyer and Lemieux 2002).
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/memory.h"
#include "estimate/estimate.h"

enum { SCRAMBLINGS = 16 };

typedef struct scrambled {
    size_t count;
    double *rows; /* [1 + n][count]: the loss, then derivatives */
} scrambled;

static nsde_status run_one(const nsde_estimator *estimator, const nsde_estimate_problem *problem,
                           const nsde_estimate_settings *settings, size_t number, nsde_gradient_estimate **e)
{
    nsde_estimate_settings one = *settings;
    nsde_brownian *noise;
    const uint64_t seed =
        settings->run.seed + number * UINT64_C(0x9e3779b97f4a7c15); /* far from other seeds */
    nsde_status status = nsde_brownian_sobol(seed, nsde_model_describe(problem->model)->noise_dim,
                                             settings->run.steps, NSDE_SOBOL_BRIDGE, &noise);
    one.run.noise = noise;
    one.sobol = false;
    one.keep_samples = false;
    if (!status)
        status = nsde_estimate_run(estimator, problem, &one, e);
    nsde_brownian_destroy(noise);
    return status;
}

static double mean_of(const double *of, size_t n, double *error)
{
    double sum = 0.0, squares = 0.0;
    for (size_t i = 0; i < n; i++)
        sum += of[i];
    for (size_t i = 0; i < n; i++)
        squares += (of[i] - sum / (double)n) * (of[i] - sum / (double)n);
    *error = sqrt(squares / (double)(n - 1) / (double)n);
    return sum / (double)n;
}

/* Means and errors over scramblings, into the estimate of the last one. */
static nsde_status combine(const scrambled *s, bool keep, nsde_gradient_estimate *e)
{
    char said[sizeof e->note];
    void *samples = NULL;
    if (keep) {
        const nsde_status status = nsde_alloc(e->n * s->count, sizeof(double), "samples", &samples);
        if (status)
            return status;
        memcpy(samples, s->rows + s->count, e->n * s->count * sizeof(double));
    }
    e->samples = samples;
    e->n_samples = s->count;
    e->loss = mean_of(s->rows, s->count, &e->loss_std_error);
    for (size_t k = 0; k < e->n; k++)
        e->value[k] = mean_of(s->rows + (1 + k) * s->count, s->count, &e->std_error[k]);
    memcpy(said, e->note, sizeof said);
    snprintf(e->note, sizeof e->note, "%zu scramblings of a Sobol sequence%s%.180s", s->count,
             *said ? "; " : "", said);
    return NSDE_OK;
}

nsde_status nsde_estimate_scrambled(const nsde_estimator *estimator, const nsde_estimate_problem *problem,
                                    const nsde_estimate_settings *settings, nsde_gradient_estimate **estimate)
{
    const nsde_model_definition *d = nsde_model_describe(problem->model);
    const size_t n = d->n_parameters + d->dim;
    scrambled s = {.count = settings->scramblings ? settings->scramblings : SCRAMBLINGS};
    void *memory;
    double seconds = 0.0;
    if (settings->run.noise)
        return nsde_fail(NSDE_INVALID, "quasi-random noise and noise that is given exclude each other");
    if (s.count < 2 || s.count > 1024)
        return nsde_fail(NSDE_INVALID, "%zu scramblings, not from 2 to 1024", s.count);
    nsde_status status = nsde_alloc((1 + n) * s.count, sizeof(double), "scramblings", &memory);
    if (status)
        return status;
    s.rows = memory;
    for (size_t i = 0; i < s.count && !status; i++) {
        nsde_estimate_destroy(*estimate);
        *estimate = NULL;
        status = run_one(estimator, problem, settings, i, estimate);
        if (status)
            break;
        s.rows[i] = (*estimate)->loss;
        for (size_t k = 0; k < n; k++)
            s.rows[(1 + k) * s.count + i] = (*estimate)->value[k];
        seconds += (*estimate)->seconds;
    }
    if (!status) {
        (*estimate)->seconds = seconds;
        status = combine(&s, settings->keep_samples, *estimate);
    }
    nsde_free(memory);
    if (status) {
        nsde_estimate_destroy(*estimate);
        *estimate = NULL;
    }
    return status;
}
