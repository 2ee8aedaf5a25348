/* Simulations whose states are all kept.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "simulate/panel.h"

static nsde_status begin(void *context, const nsde_run *run)
{
    nsde_simulation *s = context;
    size_t numbers;
    void *times = NULL, *states = NULL, *failed = NULL;
    s->n_times = run->n_times;
    s->dim = run->dim;
    s->n_paths = run->settings.paths;
    if (!nsde_size_mul(s->n_times, s->dim, &numbers) || !nsde_size_mul(numbers, s->n_paths, &numbers))
        return nsde_fail(NSDE_OVERFLOW, "%zu times of %zu paths overflow the size of memory", s->n_times,
                         s->n_paths);
    nsde_status status = nsde_alloc(s->n_times, sizeof(double), "times", &times);
    if (!status)
        status = nsde_alloc(numbers, sizeof(double), "states", &states);
    if (!status)
        status = nsde_alloc(s->n_paths, sizeof(size_t), "paths", &failed);
    s->times = times;
    s->states = states;
    s->failed_step = failed;
    if (!status)
        nsde_run_times(run, s->times);
    return status;
}

static nsde_block place(void *context, size_t first)
{
    const nsde_simulation *s = context;
    return (nsde_block){s->states + first, s->n_paths, s->failed_step + first};
}

nsde_status nsde_simulate(const nsde_model *model, const double *parameters, const double *x0,
                          const nsde_simulate_settings *settings, nsde_simulation **simulation)
{
    void *memory;
    if (!simulation)
        return nsde_fail(NSDE_INVALID, "nsde_simulate: simulation is NULL");
    *simulation = NULL;
    nsde_status status = nsde_alloc(1, sizeof(nsde_simulation), "simulation", &memory);
    if (status)
        return status;
    nsde_simulation *result = memory;
    status = nsde_run_paths(model, parameters, x0, settings,
                            &(nsde_sink){.context = result, .begin = begin, .place = place});
    for (size_t i = 0; !status && i < result->n_paths; i++)
        result->n_failed += result->failed_step[i] != 0;
    if (status)
        nsde_simulation_destroy(result);
    else
        *simulation = result;
    return status;
}

void nsde_simulation_destroy(nsde_simulation *simulation)
{
    if (!simulation)
        return;
    nsde_free(simulation->times);
    nsde_free(simulation->states);
    nsde_free(simulation->failed_step);
    nsde_free(simulation);
}
