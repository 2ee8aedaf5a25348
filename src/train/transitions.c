/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "train/transitions.h"

#include <math.h>

#include "core/error.h"

static bool is_whole(const nsde_series *series, size_t row)
{
    for (size_t i = 0; i < series->dim; i++)
        if (isnan(series->values[row * series->dim + i]))
            return false;
    return true;
}

static nsde_status check(const nsde_model *model, const nsde_series *series, size_t *whole)
{
    const nsde_model_definition *d = nsde_model_describe(model);
    if (series->dim < d->n_inputs || series->dim - d->n_inputs != d->dim)
        return d->n_inputs
                   ? nsde_fail(NSDE_INVALID,
                               "the series has %zu quantities and model %s has %zu states and %zu inputs",
                               series->dim, d->name, d->dim, d->n_inputs)
                   : nsde_fail(NSDE_INVALID, "the series has %zu quantities and model %s has %zu states",
                               series->dim, d->name, d->dim);
    *whole = 0;
    for (size_t row = 0; row < series->n; row++) {
        *whole += is_whole(series, row);
        for (size_t i = 0; i < d->dim && d->state_lower < d->state_upper; i++) {
            const double x = series->values[row * series->dim + i];
            if (x <= d->state_lower || x >= d->state_upper)
                return nsde_fail(NSDE_DOMAIN, "row %zu: %s = %g is no state of model %s (%g, %g)", row + 1,
                                 series->names[i], x, d->name, d->state_lower, d->state_upper);
        }
    }
    if (*whole < 2)
        return nsde_fail(NSDE_INVALID, "%zu of %zu rows have no value missing; two are needed at least",
                         *whole, series->n);
    return NSDE_OK;
}

/* The k-th transition, from row `from` to row `to`. */
static void put_step(nsde_steps *steps, const nsde_series *series, size_t n, size_t from, size_t to)
{
    const size_t k = steps->n++;
    const double *x = series->values + from * series->dim, *next = series->values + to * series->dim;
    for (size_t i = 0; i < steps->dim; i++) {
        steps->x[i * n + k] = x[i];
        steps->next[i * n + k] = next[i];
    }
    for (size_t i = 0; i < steps->n_inputs; i++)
        steps->u[i * n + k] = x[steps->dim + i];
    steps->t[k] = series->times[from];
    steps->h[k] = series->times[to] - series->times[from];
}

nsde_status nsde_steps_create(const nsde_model *model, const nsde_series *series, nsde_steps *steps)
{
    const nsde_model_definition *d = nsde_model_describe(model);
    size_t whole = 0, numbers, inputs, total = 0, last = 0;
    *steps = (nsde_steps){0};
    nsde_status status = check(model, series, &whole);
    if (status)
        return status;
    const size_t n = whole - 1;
    bool fits = nsde_size_mul(n, d->dim, &numbers) && nsde_size_mul(n, d->n_inputs, &inputs) &&
                nsde_arena_plan(inputs, sizeof(double), &total);
    for (int i = 0; i < 2; i++)
        fits = fits && nsde_arena_plan(numbers, sizeof(double), &total) &&
               nsde_arena_plan(n, sizeof(double), &total);
    if (!fits)
        return nsde_fail(NSDE_OVERFLOW, "%zu transitions overflow the size of memory", n);
    status = nsde_arena_create(total, "transitions", &steps->arena);
    if (status)
        return status;
    steps->dim = d->dim;
    steps->n_inputs = d->n_inputs;
    steps->u = nsde_arena_take(&steps->arena, inputs, sizeof(double));
    steps->x = nsde_arena_take(&steps->arena, numbers, sizeof(double));
    steps->next = nsde_arena_take(&steps->arena, numbers, sizeof(double));
    steps->t = nsde_arena_take(&steps->arena, n, sizeof(double));
    steps->h = nsde_arena_take(&steps->arena, n, sizeof(double));
    bool first = true;
    for (size_t row = 0; row < series->n; row++) {
        if (!is_whole(series, row))
            continue;
        if (!first)
            put_step(steps, series, n, last, row);
        first = false;
        last = row;
    }
    return NSDE_OK;
}

void nsde_steps_destroy(nsde_steps *steps)
{
    nsde_arena_destroy(&steps->arena);
}
