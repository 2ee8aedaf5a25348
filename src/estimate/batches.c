/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "estimate/batches.h"

#include <math.h>

enum { BATCHES = 64 };

/* Paths of a batch, even where they come in pairs. */
static size_t batch_size(const nsde_estimate_work *w)
{
    const size_t pair = w->settings.antithetic ? 2 : 1;
    const size_t size = w->paths / BATCHES / pair * pair;
    return size ? size : pair;
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

static void fill(nsde_estimate_work *w, const double *rows, size_t n, size_t size, size_t left)
{
    nsde_gradient_estimate *e = w->result;
    const size_t row = 1 + w->n;
    e->loss = mean_of(rows, row, n, size, left, &e->loss_std_error);
    for (size_t k = 0; k < w->n; k++)
        e->value[k] = mean_of(rows + 1 + k, row, n, size, left, &e->std_error[k]);
    e->n_samples = n < e->n_samples ? n : e->n_samples;
    for (size_t k = 0; e->samples && k < w->n; k++)
        for (size_t b = 0; b < e->n_samples; b++)
            e->samples[k * e->n_samples + b] = rows[b * row + 1 + k];
}

nsde_status nsde_estimate_by_batches(nsde_estimate_work *w, nsde_batches_run run)
{
    void *memory;
    const size_t size = batch_size(w), n = w->paths / size, left = w->paths % size, row = 1 + w->n;
    size_t numbers;
    nsde_status status = NSDE_OK;
    if (!nsde_size_mul(n + 1, row, &numbers))
        status = nsde_fail(NSDE_OVERFLOW, "the batches overflow the size of memory");
    if (!status)
        status = nsde_alloc(numbers, sizeof(double), "batches", &memory);
    if (status)
        return status;
    double *rows = memory;
    nsde_estimate_count(w, numbers * sizeof(double));
    status = run(w, &(nsde_batches){0, size, n, rows});
    if (!status && left)
        status = run(w, &(nsde_batches){n * size, left, 1, rows + n * row});
    if (!status)
        fill(w, rows, n, size, left);
    nsde_free(memory);
    return status;
}
