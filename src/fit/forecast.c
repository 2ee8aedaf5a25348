/* Forecasts: paths of the fitted model from the last observation on.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <string.h>

#include "core/error.h"
#include "core/memory.h"
#include "nsde/fit.h"
#include "nsde/simulate.h"

static const double standard_levels[] = {0.05, 0.25, 0.5, 0.75, 0.95};

nsde_forecast_settings nsde_forecast_settings_default(void)
{
    return (nsde_forecast_settings){.horizon = 1.0, .steps = 250, .times = 50, .paths = 20000, .seed = 1};
}

/* The last observation that is not missing. */
static nsde_status last_of(const nsde_series *series, size_t column, double *time, double *value)
{
    if (column >= series->dim)
        return nsde_fail(NSDE_INVALID, "the series has no column %zu", column);
    for (size_t i = series->n; i-- > 0;)
        if (isfinite(series->values[i * series->dim + column])) {
            *time = series->times[i];
            *value = series->values[i * series->dim + column];
            return NSDE_OK;
        }
    return nsde_fail(NSDE_INVALID, "the series has no observation to forecast from");
}

static nsde_status create(size_t n_times, size_t n_levels, nsde_forecast **forecast)
{
    void *memory, *numbers;
    nsde_status status = nsde_alloc(1, sizeof **forecast, "forecast", &memory);
    if (!status)
        status =
            nsde_alloc(2 * n_times + n_levels + n_times * n_levels, sizeof(double), "forecast", &numbers);
    if (status) {
        nsde_free(memory);
        return status;
    }
    *forecast = memory;
    **forecast = (nsde_forecast){.n_times = n_times, .n_levels = n_levels, .times = numbers};
    (*forecast)->mean = (*forecast)->times + n_times;
    (*forecast)->levels = (*forecast)->mean + n_times;
    (*forecast)->quantiles = (*forecast)->levels + n_levels;
    return NSDE_OK;
}

static nsde_status summarise(const nsde_simulation *simulation, nsde_forecast *f)
{
    nsde_status status = NSDE_OK;
    for (size_t k = 0; k < f->n_times && !status; k++) {
        f->times[k] = simulation->times[k];
        nsde_simulation_moments(simulation, k, 0, &f->mean[k], NULL, NULL);
        status = nsde_simulation_quantiles(simulation, k, 0, f->n_levels, f->levels,
                                           f->quantiles + k * f->n_levels);
    }
    return status;
}

nsde_status nsde_forecast_run(const nsde_model *model, const double *parameters, const nsde_series *series,
                              size_t column, const nsde_forecast_settings *settings, nsde_forecast **forecast)
{
    double time = 0.0, value = 0.0;
    if (!forecast)
        return nsde_fail(NSDE_INVALID, "nsde_forecast_run: forecast is NULL");
    *forecast = NULL;
    if (!model || !series || !settings || settings->times == 0 || settings->times > settings->steps)
        return nsde_fail(NSDE_INVALID,
                         "nsde_forecast_run: a model, a series and settings with 1 to `steps` times are "
                         "needed");
    nsde_status status = last_of(series, column, &time, &value);
    if (status)
        return status;
    const size_t every = settings->steps / settings->times;
    nsde_simulate_settings run = nsde_simulate_settings_default();
    run.t0 = time;
    run.t1 = time + settings->horizon;
    run.steps = every * settings->times;
    run.save_every = every;
    run.paths = settings->paths;
    run.seed = settings->seed;
    run.threads = settings->threads;
    nsde_simulation *simulation;
    status = nsde_simulate(model, parameters, &value, &run, &simulation);
    if (status)
        return nsde_fail_within(status, "forecast");
    const size_t n_levels = settings->n_levels ? settings->n_levels : sizeof standard_levels / sizeof(double);
    nsde_forecast *made = NULL;
    status = create(simulation->n_times, n_levels, &made);
    if (!status) {
        memcpy(made->levels, settings->n_levels ? settings->levels : standard_levels,
               n_levels * sizeof(double));
        status = summarise(simulation, made);
    }
    nsde_simulation_destroy(simulation);
    if (status)
        nsde_forecast_destroy(made);
    else
        *forecast = made;
    return status;
}

void nsde_forecast_destroy(nsde_forecast *forecast)
{
    if (!forecast)
        return;
    nsde_free(forecast->times);
    nsde_free(forecast);
}
