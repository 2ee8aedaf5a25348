/* Series from arrays.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "nsde/series.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/error.h"
#include "core/memory.h"

static nsde_status check_arguments(size_t n, size_t dim, const double *times, const double *values,
                                   const char *const *names)
{
    size_t count;
    if (!times || !values)
        return nsde_fail(NSDE_INVALID, "a series needs times and values, and %s is NULL",
                         times ? "values" : "times");
    if (n < 2)
        return nsde_fail(NSDE_INVALID, "a series needs at least two observations, not %zu", n);
    if (dim == 0 || !nsde_size_mul(n, dim, &count))
        return nsde_fail(NSDE_INVALID, "a series of %zu observations of %zu quantities is not possible", n,
                         dim);
    for (size_t j = 0; names && j < dim; j++)
        if (!names[j] || !*names[j])
            return nsde_fail(NSDE_INVALID, "quantity %zu of the series has no name", j + 1);
    return NSDE_OK;
}

static nsde_status check_numbers(size_t n, size_t dim, const double *times, const double *values)
{
    size_t present = 0;
    for (size_t i = 0; i < n; i++) {
        if (!isfinite(times[i]))
            return nsde_fail(NSDE_INVALID, "row %zu of the series: the time is %g", i + 1, times[i]);
        if (i && !(times[i] > times[i - 1]))
            return nsde_fail(NSDE_INVALID, "row %zu of the series: the time %.17g does not come after %.17g",
                             i + 1, times[i], times[i - 1]);
        for (size_t j = 0; j < dim; j++) {
            if (isinf(values[i * dim + j]))
                return nsde_fail(NSDE_INVALID, "row %zu of the series: value %zu is infinite", i + 1, j + 1);
            present += !isnan(values[i * dim + j]);
        }
    }
    return present ? NSDE_OK : nsde_fail(NSDE_INVALID, "all values of the series are missing");
}

static nsde_status copy_doubles(const double *from, size_t count, const char *what, double **to)
{
    void *memory;
    const nsde_status status = nsde_alloc(count, sizeof(double), what, &memory);
    *to = memory;
    if (!status)
        memcpy(memory, from, count * sizeof(double));
    return status;
}

static nsde_status copy_names(nsde_series *series, const char *const *names)
{
    void *memory;
    nsde_status status = nsde_alloc(series->dim, sizeof(char *), "names", &memory);
    series->names = memory;
    for (size_t j = 0; !status && j < series->dim; j++) {
        char made[32];
        snprintf(made, sizeof made, "x%zu", j + 1);
        status = nsde_copy_string(names ? names[j] : made, &series->names[j]);
    }
    return status;
}

nsde_status nsde_series_create(size_t n, size_t dim, const double *times, const double *values,
                               const char *const *names, nsde_series **series)
{
    if (!series)
        return nsde_fail(NSDE_INVALID, "nsde_series_create: series is NULL");
    *series = NULL;
    nsde_status status = check_arguments(n, dim, times, values, names);
    if (!status)
        status = check_numbers(n, dim, times, values);
    void *memory = NULL;
    if (!status)
        status = nsde_alloc(1, sizeof(nsde_series), "series", &memory);
    if (status)
        return status;
    nsde_series *const made = memory;
    made->n = n;
    made->dim = dim;
    status = copy_doubles(times, n, "times", &made->times);
    if (!status)
        status = copy_doubles(values, n * dim, "values", &made->values);
    if (!status)
        status = copy_names(made, names);
    if (!status)
        status = nsde_copy_string("time", &made->time_label);
    if (!status)
        status = nsde_copy_string("", &made->origin);
    if (status) {
        nsde_series_destroy(made);
        return status;
    }
    *series = made;
    return NSDE_OK;
}

void nsde_series_destroy(nsde_series *series)
{
    if (!series)
        return;
    for (size_t j = 0; series->names && j < series->dim; j++)
        nsde_free(series->names[j]);
    nsde_free(series->names);
    nsde_free(series->times);
    nsde_free(series->values);
    nsde_free(series->time_label);
    nsde_free(series->origin);
    nsde_free(series);
}
