/* Statistics over the paths of a simulation.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <stdlib.h>

#include "core/error.h"
#include "core/memory.h"
#include "nsde/simulate.h"

const double *nsde_simulation_row(const nsde_simulation *simulation, size_t time, size_t component)
{
    return simulation->states + (time * simulation->dim + component) * simulation->n_paths;
}

void nsde_simulation_moments(const nsde_simulation *simulation, size_t time, size_t component, double *mean,
                             double *variance, double *std_error)
{
    const double *x = nsde_simulation_row(simulation, time, component);
    double sum = 0.0, squares = 0.0, n = 0.0;
    for (size_t i = 0; i < simulation->n_paths; i++)
        if (!simulation->failed_step[i]) {
            sum += x[i];
            n += 1.0;
        }
    const double centre = sum / n;
    for (size_t i = 0; i < simulation->n_paths; i++)
        if (!simulation->failed_step[i])
            squares += (x[i] - centre) * (x[i] - centre);
    const double spread = squares / (n - 1.0);
    if (mean)
        *mean = centre;
    if (variance)
        *variance = spread;
    if (std_error)
        *std_error = sqrt(spread / n);
}

static int ascending(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

nsde_status nsde_simulation_quantiles(const nsde_simulation *simulation, size_t time, size_t component,
                                      size_t n, const double *levels, double *quantiles)
{
    void *memory;
    size_t kept = 0;
    if (!simulation || time >= simulation->n_times || component >= simulation->dim || !levels || !quantiles)
        return nsde_fail(NSDE_INVALID, "nsde_simulation_quantiles: no such time or component, or NULL");
    for (size_t k = 0; k < n; k++)
        if (!(levels[k] >= 0.0 && levels[k] <= 1.0))
            return nsde_fail(NSDE_INVALID, "nsde_simulation_quantiles: level %g is not in 0 to 1", levels[k]);
    const nsde_status status = nsde_alloc(simulation->n_paths, sizeof(double), "quantiles", &memory);
    if (status)
        return status;
    double *sorted = memory;
    const double *x = nsde_simulation_row(simulation, time, component);
    for (size_t i = 0; i < simulation->n_paths; i++)
        if (!simulation->failed_step[i])
            sorted[kept++] = x[i];
    qsort(sorted, kept, sizeof(double), ascending);
    for (size_t k = 0; k < n; k++) {
        const double position = kept ? levels[k] * (double)(kept - 1) : 0.0;
        const size_t below = (size_t)position;
        const double high = kept ? sorted[below + 1 < kept ? below + 1 : kept - 1] : NAN;
        quantiles[k] = kept ? sorted[below] + (position - (double)below) * (high - sorted[below]) : NAN;
    }
    nsde_free(memory);
    return NSDE_OK;
}
