/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fit/transitions.h"

#include <math.h>
#include <stdio.h>

#include "core/error.h"

static nsde_status fail_row(nsde_status status, const nsde_series *series, size_t row, const char *cause)
{
    const char *origin = series->origin && *series->origin ? series->origin : "series";
    return nsde_fail(status, "%s: row %zu (time %.9g): %s", origin, row + 1, series->times[row], cause);
}

static nsde_status check_row(const nsde_model_definition *model, const nsde_series *series, size_t column,
                             size_t row)
{
    char cause[NSDE_MESSAGE_SIZE / 2];
    const double x = series->values[row * series->dim + column], *times = series->times;
    const char *name = series->names && series->names[column] ? series->names[column] : "value";
    if (!isfinite(times[row]) || (row && !(times[row] > times[row - 1])))
        return fail_row(NSDE_INVALID, series, row, "the times are not finite and increasing");
    if (isinf(x)) {
        snprintf(cause, sizeof cause, "%.100s = %g is not finite", name, x);
        return fail_row(NSDE_INVALID, series, row, cause);
    }
    const bool everywhere = model->state_lower == 0.0 && model->state_upper == 0.0;
    if (everywhere || isnan(x) || (x > model->state_lower && x < model->state_upper))
        return NSDE_OK;
    snprintf(cause, sizeof cause, "%.100s = %.9g is outside the states (%g, %g) of model %.100s", name, x,
             model->state_lower, model->state_upper, model->name);
    return fail_row(NSDE_DOMAIN, series, row, cause);
}

static nsde_status check(const nsde_model_definition *model, const nsde_series *series, size_t column,
                         size_t *observed)
{
    *observed = 0;
    if (column >= series->dim)
        return nsde_fail(NSDE_INVALID, "column %zu is wanted of a series that has %zu (from 0)", column,
                         series->dim);
    for (size_t row = 0; row < series->n; row++) {
        const nsde_status status = check_row(model, series, column, row);
        if (status)
            return status;
        *observed += !isnan(series->values[row * series->dim + column]);
    }
    if (*observed < 2)
        return nsde_fail(NSDE_INVALID,
                         "%s: %zu of %zu observations are not missing; a fit needs two at least",
                         series->origin && *series->origin ? series->origin : "series", *observed, series->n);
    return NSDE_OK;
}

nsde_status nsde_transitions_create(const nsde_model_definition *model, const nsde_series *series,
                                    size_t column, nsde_transitions *transitions)
{
    nsde_transitions *t = transitions;
    size_t n, total = 0;
    *t = (nsde_transitions){0};
    nsde_status status = check(model, series, column, &n);
    if (status)
        return status;
    bool fits = nsde_arena_plan(n, sizeof(size_t), &total);
    for (int i = 0; i < 3; i++)
        fits = fits && nsde_arena_plan(n, sizeof(double), &total);
    if (!fits)
        return nsde_fail(NSDE_OVERFLOW, "%zu observations overflow the size of memory", n);
    status = nsde_arena_create(total, "observations", &t->arena);
    if (status)
        return status;
    t->values = nsde_arena_take(&t->arena, n, sizeof(double));
    t->times = nsde_arena_take(&t->arena, n, sizeof(double));
    t->gaps = nsde_arena_take(&t->arena, n, sizeof(double));
    t->rows = nsde_arena_take(&t->arena, n, sizeof(size_t));
    t->n_missing = series->n - n;
    for (size_t row = 0; row < series->n; row++) {
        const double x = series->values[row * series->dim + column];
        if (isnan(x))
            continue;
        t->values[t->n] = x;
        t->times[t->n] = series->times[row];
        t->rows[t->n] = row;
        if (t->n)
            t->gaps[t->n - 1] = t->times[t->n] - t->times[t->n - 1];
        t->n++;
    }
    return NSDE_OK;
}

void nsde_transitions_destroy(nsde_transitions *transitions)
{
    nsde_arena_destroy(&transitions->arena);
}
