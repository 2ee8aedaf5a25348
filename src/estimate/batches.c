/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "estimate/batches.h"

#include <math.h>

#include "estimate/controls.h"

enum { BATCHES = 64, MOST_BATCHES = 2 * BATCHES + 1 }; /* as sizes are rounded down */

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

/* Takes from every column of rows what it has in common with the controls. */
static void control(nsde_estimate_work *w, double *rows, size_t n, size_t size, size_t left)
{
    nsde_controls *c = w->controls;
    double columns[NSDE_CONTROLS_MOST * MOST_BATCHES], y[MOST_BATCHES], variance[NSDE_CONTROLS_MOST];
    const size_t all = n + (left > 0), row = 1 + w->n;
    if (!c || n <= 1 + c->count)
        return;
    for (size_t j = 0; j < c->count; j++)
        for (size_t b = 0; b < all; b++) {
            const size_t paths = b < n ? size : left;
            const double *values = c->values + j * w->paths + b * size;
            double sum = 0.0;
            for (size_t i = 0; i < paths; i++)
                sum += values[i];
            columns[j * all + b] = sum / (double)paths;
        }
    nsde_controls_orthogonalise(c->count, columns, n, all, variance);
    for (size_t k = 0; k < row; k++) {
        for (size_t b = 0; b < all; b++)
            y[b] = rows[b * row + k];
        nsde_controls_apply(c->count, columns, variance, n, all, y);
        for (size_t b = 0; b < all; b++)
            rows[b * row + k] = y[b];
    }
    c->used = true;
}

static void fill(nsde_estimate_work *w, double *rows, size_t n, size_t size, size_t left)
{
    nsde_gradient_estimate *e = w->result;
    const size_t row = 1 + w->n, fitted = w->controls ? w->settings.n_controls : 0;
    control(w, rows, n, size, left);
    const double freedom = n > 1 + fitted ? sqrt((double)(n - 1) / (double)(n - 1 - fitted)) : NAN;
    e->loss = mean_of(rows, row, n, size, left, &e->loss_std_error);
    e->loss_std_error *= freedom;
    for (size_t k = 0; k < w->n; k++) {
        e->value[k] = mean_of(rows + 1 + k, row, n, size, left, &e->std_error[k]);
        e->std_error[k] *= freedom;
    }
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
