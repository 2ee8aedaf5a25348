/* nsde fit: a model's parameters from a series.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/problem.h"
#include "cli/series.h"
#include "core/error.h"
#include "io/plot.h"
#include "io/progress.h"

typedef struct options {
    cli_problem problem;
    cli_series series;
    const char *method, *json, *plot, *initial;
    double horizon;
    cli_assignments start, fixed;
    uint64_t seed;
    size_t threads;
    bool quiet;
} options;

static void defaults(void *o)
{
    options *standard = o;
    standard->series = cli_series_defaults();
    standard->seed = 1;
    standard->horizon = NAN; /* not given */
}

/* What is open while the command works. */
typedef struct work {
    nsde_model *model;
    nsde_series *series;
    nsde_fit *fit;
    nsde_progress progress;
} work;

static bool show_progress(void *context, size_t iteration, double log_likelihood)
{
    (void)log_likelihood;
    nsde_progress_update(context, iteration);
    return true;
}

static nsde_status run_fit(const options *o, work *w)
{
    nsde_fit_settings settings = nsde_fit_settings_default();
    nsde_status status = NSDE_OK;
    if (o->method)
        status = nsde_objective_find(o->method, &settings.objective);
    if (status)
        return status;
    if (o->initial && strcmp(o->initial, "stationary") == 0)
        settings.likelihood.initial = NSDE_INITIAL_STATIONARY;
    settings.start = o->start.items;
    settings.n_start = o->start.n;
    settings.fixed = o->fixed.items;
    settings.n_fixed = o->fixed.n;
    settings.progress = show_progress;
    settings.progress_context = &w->progress;
    nsde_progress_start(&w->progress, o->quiet ? NULL : stderr, "fitting", 0);
    status = nsde_fit_run(w->model, w->series, &settings, &w->fit);
    nsde_progress_finish(&w->progress);
    return status;
}

/* The quantile with this number at every time. */
static void take_level(const nsde_forecast *f, size_t level, double *values)
{
    for (size_t k = 0; k < f->n_times; k++)
        values[k] = f->quantiles[k * f->n_levels + level];
}

static nsde_status add_fan(const nsde_forecast *f, nsde_plot *plot, double *low, double *high)
{
    nsde_status status = NSDE_OK;
    for (size_t k = 0; 2 * k + 1 < f->n_levels && !status; k++) {
        char legend[64];
        const size_t mirror = f->n_levels - 1 - k;
        snprintf(legend, sizeof legend, "forecast, %g to %g %%", 100.0 * f->levels[k],
                 100.0 * f->levels[mirror]);
        take_level(f, k, low);
        take_level(f, mirror, high);
        status = nsde_plot_band(plot, legend, NSDE_PLOT_VERMILION, 0.25 + 0.25 * (double)k, f->n_times,
                                f->times, low, high);
    }
    take_level(f, f->n_levels / 2, low);
    return status ? status : nsde_plot_line(plot, "median", NSDE_PLOT_VERMILION, f->n_times, f->times, low);
}

static nsde_status draw(const options *o, const work *w, const nsde_forecast *f)
{
    char title[512], label[256];
    nsde_plot *plot;
    const nsde_series *s = w->series;
    snprintf(title, sizeof title, "%s: %s, fitted by %s", s->names[0], w->fit->equation,
             w->fit->objective_title);
    if (o->series.scale == 1.0)
        snprintf(label, sizeof label, "%s", s->names[0]);
    else
        snprintf(label, sizeof label, "%s x %g", s->names[0], o->series.scale);
    const nsde_plot_frame frame = {.title = title, .x_label = s->time_label, .y_label = label};
    nsde_status status = nsde_plot_create(&frame, &plot);
    double *numbers = status ? NULL : malloc(2 * f->n_times * sizeof *numbers);
    if (!status && !numbers)
        status = nsde_fail(NSDE_NO_MEMORY, "no memory for the picture");
    if (!status)
        status = add_fan(f, plot, numbers, numbers + f->n_times);
    if (!status)
        status = nsde_plot_line(plot, s->names[0], NSDE_PLOT_BLUE, s->n, s->times, s->values);
    if (!status)
        status = nsde_plot_write(plot, o->plot);
    free(numbers);
    nsde_plot_destroy(plot);
    return status;
}

static nsde_status forecast_and_draw(const options *o, const work *w)
{
    nsde_forecast_settings settings = nsde_forecast_settings_default();
    nsde_forecast *forecast = NULL;
    double *parameters = malloc((w->fit->n_parameters + 1) * sizeof *parameters);
    settings.horizon = isnan(o->horizon) ? w->fit->span / 7.0 : o->horizon;
    settings.seed = o->seed;
    settings.threads = (int)o->threads;
    nsde_status status = parameters ? NSDE_OK : nsde_fail(NSDE_NO_MEMORY, "no memory for the forecast");
    for (size_t i = 0; !status && i < w->fit->n_parameters; i++)
        parameters[i] = w->fit->estimates[i].value;
    if (!status)
        status = nsde_forecast_run(w->model, parameters, w->series, 0, &settings, &forecast);
    if (!status)
        status = draw(o, w, forecast);
    nsde_forecast_destroy(forecast);
    free(parameters);
    return status;
}

static int run(const void *given, const char *path)
{
    const options *o = given;
    work w = {0};
    nsde_status status = o->plot ? nsde_plot_check(o->plot) : NSDE_OK;
    if (!status)
        status = cli_problem_open(&o->problem, &w.model, NULL);
    if (!status)
        status = cli_series_read(&o->series, path, &w.series);
    if (!status)
        status = run_fit(o, &w);
    if (!status && !o->quiet)
        status = nsde_fit_print(w.fit, stdout);
    if (!status && o->json)
        status = nsde_fit_write_json(w.fit, o->json);
    if (!status && o->plot)
        status = forecast_and_draw(o, &w);
    nsde_fit_destroy(w.fit);
    nsde_series_destroy(w.series);
    nsde_model_destroy(w.model);
    return status ? cli_fail() : CLI_DONE;
}

static int check_and_run(const void *given, const char *path)
{
    const options *o = given;
    if (cli_problem_check(&cli_command_fit, &o->problem))
        return CLI_USAGE;
    if (o->initial && strcmp(o->initial, "fixed") != 0 && strcmp(o->initial, "stationary") != 0)
        return cli_usage(&cli_command_fit, "--initial %s is neither fixed nor stationary", o->initial);
    if (cli_series_check(&cli_command_fit, &o->series))
        return CLI_USAGE;
    if (o->horizon <= 0.0)
        return cli_usage(&cli_command_fit, "--horizon must be greater than 0");
    if (o->threads > 1024)
        return cli_usage(&cli_command_fit, "--threads %zu is more than 1024", o->threads);
    return run(given, path);
}

static const cli_option table[] = {
    CLI_PROBLEM_OPTIONS(options),
    {"method", "NAME", CLI_TEXT, offsetof(options, method),
     "the likelihood (nsde methods); exact where there is one", false},
    {"value", "COLUMN", CLI_TEXT, offsetof(options, series.values), "the column to fit", true},
    CLI_SERIES_OPTIONS(options),
    {"start", "NAME=VALUE,...", CLI_ASSIGNMENTS, offsetof(options, start), "where the search begins", false},
    {"fix", "NAME=VALUE,...", CLI_ASSIGNMENTS, offsetof(options, fixed), "parameters that are not estimated",
     false},
    {"initial", "LAW", CLI_TEXT, offsetof(options, initial),
     "law of the first observation: fixed or stationary; fixed", false},
    {"json", "FILE", CLI_TEXT, offsetof(options, json), "write the fit as JSON", false},
    {"plot", "FILE.png|.svg", CLI_TEXT, offsetof(options, plot), "draw the series and a forecast", false},
    {"horizon", "H", CLI_FRACTION, offsetof(options, horizon),
     "how far the forecast goes; a seventh of the span", false},
    {"seed", "N", CLI_SEED, offsetof(options, seed), "seed of the forecast's noise; 1", false},
    {"threads", "N", CLI_SIZE, offsetof(options, threads), "threads of the forecast; 0, for one per core",
     false},
    {"quiet", NULL, CLI_FLAG, offsetof(options, quiet), "print no table", false},
};

const cli_command cli_command_fit = {
    .name = "fit",
    .argument = "DATA.csv",
    .summary = "Fit a model to a column of a file by maximum likelihood",
    .detail = "The file has a header line and columns separated by comma, semicolon or tab; empty fields and "
              "NA are "
              "missing values. " CLI_PROBLEM_DETAIL,
    .options = table,
    .n_options = sizeof table / sizeof *table,
    .options_size = sizeof(options),
    .defaults = defaults,
    .run = check_and_run,
};
