/* When a run steps and what it keeps.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdint.h>

#include "simulate/panel.h"

/* The steps of given times that end at the observation times. */
static nsde_status find_observations(const nsde_simulate_settings *settings, size_t *observed)
{
    size_t k = 0;
    for (size_t i = 0; i < settings->n_observe; i++) {
        while (k < settings->steps && settings->times[k] < settings->observe_times[i])
            k++;
        if (settings->times[k] != settings->observe_times[i] || (i && k == observed[i - 1]))
            return nsde_fail(NSDE_INVALID,
                             "observation time %zu, %.17g, is not among the times of the steps after the one "
                             "before it",
                             i, settings->observe_times[i]);
        observed[i] = k;
    }
    return NSDE_OK;
}

static nsde_status take_from_given(nsde_run *run, nsde_step_times **made)
{
    const size_t n = run->settings.n_observe;
    void *memory, *observed;
    nsde_status status = nsde_alloc(1, sizeof **made, "observation times", &memory);
    if (status)
        return status;
    *made = memory;
    status = nsde_alloc(n, sizeof(size_t), "observation times", &observed);
    **made = (nsde_step_times){.n_observed = n, .observed = observed};
    run->observed = observed;
    return status ? status : find_observations(&run->settings, observed);
}

/* Within t0 … t1; nsde_step_times_create checks the rest. */
static nsde_status check_times(const nsde_simulate_settings *settings)
{
    const double *times = settings->observe_times;
    for (size_t i = 0; i < settings->n_observe; i++) {
        if (times[i] > settings->t1)
            return nsde_fail(NSDE_INVALID, "observation time %zu is %g, after t1 = %g", i, times[i],
                             settings->t1);
        if (!(i ? times[i] > times[i - 1] : times[i] >= settings->t0))
            return nsde_fail(NSDE_INVALID, "observation time %zu is %.17g: they must rise, from t0 = %g on",
                             i, times[i], settings->t0);
    }
    if (!(times[settings->n_observe - 1] > settings->t0))
        return nsde_fail(NSDE_INVALID, "the last observation time, %.17g, is not after t0",
                         times[settings->n_observe - 1]);
    return NSDE_OK;
}

nsde_status nsde_run_make_times(nsde_run *run, nsde_step_times **made)
{
    const nsde_simulate_settings *settings = &run->settings;
    *made = NULL;
    if (!settings->observe_times != !settings->n_observe)
        return nsde_fail(NSDE_INVALID, "n_observe = %zu observation times, and observe_times is %s",
                         settings->n_observe, settings->n_observe ? "NULL" : "given");
    if (!settings->observe_times)
        return NSDE_OK;
    if (run->adaptive)
        return check_times(settings);
    if (settings->times)
        return take_from_given(run, made);
    nsde_status status = check_times(settings);
    if (!status)
        status = nsde_step_times_create(settings->t0, (settings->t1 - settings->t0) / (double)settings->steps,
                                        settings->n_observe, settings->observe_times, made);
    if (status)
        return status;
    run->grid = nsde_grid_of(0.0, 0.0, (*made)->steps, (*made)->times);
    run->settings.steps = (*made)->steps;
    run->observed = (*made)->observed;
    return nsde_grid_check(&run->grid);
}

static size_t every(const nsde_run *run)
{
    return run->settings.save_every ? run->settings.save_every : run->settings.steps;
}

size_t nsde_run_count_times(const nsde_run *run)
{
    const size_t steps = run->settings.steps;
    return run->settings.observe_times ? run->settings.n_observe
                                       : 1 + steps / every(run) + (steps % every(run) != 0);
}

void nsde_run_times(const nsde_run *run, double *times)
{
    for (size_t k = 0; k < run->n_times; k++)
        times[k] = run->settings.observe_times ? run->settings.observe_times[k]
                   : k + 1 < run->n_times      ? nsde_grid_time(&run->grid, k * every(run))
                                               : nsde_grid_time(&run->grid, run->settings.steps);
}

double nsde_run_end(const nsde_run *run)
{
    const nsde_simulate_settings *s = &run->settings;
    return s->observe_times ? s->observe_times[s->n_observe - 1] : nsde_grid_time(&run->grid, s->steps);
}

/* The first of the rising numbers that is not less. */
static size_t first_from(const size_t *numbers, size_t n, size_t number)
{
    size_t low = 0;
    while (n > 0) {
        const size_t half = n / 2;
        if (numbers[low + half] < number) {
            low += half + 1;
            n -= half + 1;
        } else {
            n = half;
        }
    }
    return low;
}

size_t nsde_run_saved(const nsde_run *run, size_t step)
{
    if (run->observed) {
        const size_t at = first_from(run->observed, run->settings.n_observe, step);
        return at < run->settings.n_observe && run->observed[at] == step ? at : SIZE_MAX;
    }
    if (step == run->settings.steps)
        return run->n_times - 1;
    return step % every(run) == 0 ? step / every(run) : SIZE_MAX;
}
