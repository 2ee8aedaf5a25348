/* nsde simulate: paths of a model.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/problem.h"
#include "cli/watch.h"
#include "core/error.h"
#include "core/memory.h"
#include "io/plot.h"
#include "io/progress.h"
#include "nsde/archive.h"
#include "nsde/model_file.h"

typedef struct options {
    cli_problem problem;
    const char *method, *out, *stream, *plot, *passage, *inputs, *precision;
    cli_assignments set;
    cli_numbers x0, observe, tolerance;
    double t0, t1;
    size_t steps, paths, first_path, save_every, threads;
    uint64_t seed;
    bool dense, statistics, bridge, drop, quiet;
} options;

static void defaults(void *given)
{
    options *o = given;
    const nsde_simulate_settings standard = nsde_simulate_settings_default();
    o->seed = standard.seed;
    o->t0 = standard.t0;
}

/* ---- what is asked for ---- */

static nsde_status take_precision(const char *name, nsde_precision *precision)
{
    const bool single = name && strcmp(name, "single") == 0;
    *precision = single ? NSDE_SINGLE : NSDE_DOUBLE;
    return !name || single || strcmp(name, "double") == 0
               ? NSDE_OK
               : nsde_fail(NSDE_INVALID, "--precision %.40s is neither double nor single", name);
}

/* --inputs, a row a path, as simulation takes them: [n_inputs][paths]. Free them with nsde_free. */
static nsde_status read_inputs(const options *o, double **inputs, size_t *n_inputs)
{
    nsde_table table;
    void *memory = NULL;
    nsde_status status = nsde_table_read_csv(o->inputs, &table);
    if (!status && table.n_rows != o->paths)
        status = nsde_fail(NSDE_INVALID, "%s has %zu rows, not one for each of %zu paths", o->inputs,
                           table.n_rows, o->paths);
    if (!status)
        status = nsde_alloc(table.n_rows * table.n_columns, sizeof(double), "inputs", &memory);
    *inputs = memory;
    *n_inputs = table.n_columns;
    for (size_t i = 0; i < table.n_rows && !status; i++)
        for (size_t k = 0; k < table.n_columns; k++)
            (*inputs)[k * table.n_rows + i] = table.values[i * table.n_columns + k];
    nsde_table_release(&table);
    return status;
}

static nsde_status take_settings(const options *o, nsde_simulate_settings *settings, nsde_adaptive *adaptive)
{
    if (o->tolerance.n) {
        *adaptive = nsde_adaptive_default();
        adaptive->relative = o->tolerance.items[0];
        adaptive->absolute = o->tolerance.n > 1 ? o->tolerance.items[1] : 1e-3 * adaptive->relative;
        adaptive->dense = o->dense;
    }
    *settings = nsde_simulate_settings_default();
    settings->t0 = o->t0;
    settings->t1 = o->t1;
    settings->steps = o->steps;
    settings->paths = o->paths;
    settings->first_path = o->first_path;
    settings->seed = o->seed;
    settings->threads = (int)o->threads;
    settings->adaptive = o->tolerance.n ? adaptive : NULL;
    settings->observe_times = o->observe.items;
    settings->n_observe = o->observe.n;
    settings->save_every = o->save_every ? o->save_every : o->out || o->stream || o->plot ? 1 : 0;
    settings->on_failure = o->drop ? NSDE_DROP : NSDE_STOP;
    const nsde_status status = take_precision(o->precision, &settings->precision);
    return status || !o->method ? status : nsde_integrator_find(o->method, &settings->integrator);
}

/* ---- what is made of it ---- */

/* One path of one component: [n_times]. */
static void take_path(const nsde_simulation *s, size_t path, size_t component, double *values)
{
    for (size_t k = 0; k < s->n_times; k++)
        values[k] = nsde_simulation_row(s, k, component)[path];
}

static bool ends_in(const char *text, const char *ending)
{
    const size_t n = strlen(text), k = strlen(ending);
    return n >= k && strcmp(text + n - k, ending) == 0;
}

/* A few paths of the first component, and the band that 90 per cent of all lie in. */
static nsde_status draw(const nsde_simulation *s, const char *title, const char *path)
{
    enum { SHOWN = 40 };
    const size_t shown = s->n_paths < SHOWN ? s->n_paths : SHOWN, n = s->n_times;
    void *memory;
    nsde_plot *plot = NULL;
    const nsde_plot_frame frame = {.title = title, .x_label = "t", .y_label = s->dim == 1 ? "X" : "X1"};
    nsde_status status = nsde_alloc((shown + 3) * n, sizeof(double), "picture", &memory);
    if (status)
        return status;
    double *paths = memory, *low = paths + shown * n, *high = low + n, *mean = high + n;
    for (size_t i = 0; i < shown; i++)
        take_path(s, i, 0, paths + i * n);
    for (size_t k = 0; k < n && !status; k++) {
        double q[2];
        status = nsde_simulation_quantiles(s, k, 0, 2, (double[]){0.05, 0.95}, q);
        low[k] = q[0];
        high[k] = q[1];
        nsde_simulation_moments(s, k, 0, &mean[k], NULL, NULL);
    }
    if (!status)
        status = nsde_plot_create(&frame, &plot);
    if (!status && s->n_paths > 1)
        status = nsde_plot_band(plot, "5 to 95 %", NSDE_PLOT_SKY, 0.35, n, s->times, low, high);
    if (!status)
        status = nsde_plot_paths(plot, "paths", NSDE_PLOT_BLUE, shown, n, s->times, paths);
    if (!status)
        status = nsde_plot_line(plot, "mean", NSDE_PLOT_VERMILION, n, s->times, mean);
    if (!status)
        status = nsde_plot_write(plot, path);
    nsde_plot_destroy(plot);
    nsde_free(memory);
    return status;
}

static nsde_status print_summary(const nsde_simulation *s)
{
    enum { LINES = 10 };
    printf("%12s %10s %14s %12s %14s %14s %14s %14s\n", "t", "component", "mean", "std error",
           "std deviation", "5 %", "median", "95 %");
    for (size_t line = 0; line < LINES + 1 && line < s->n_times; line++) {
        const size_t k = s->n_times <= LINES + 1 ? line : line * (s->n_times - 1) / LINES;
        for (size_t c = 0; c < s->dim; c++) {
            double mean, variance, error, q[3];
            nsde_simulation_moments(s, k, c, &mean, &variance, &error);
            const nsde_status status = nsde_simulation_quantiles(s, k, c, 3, (double[]){0.05, 0.5, 0.95}, q);
            if (status)
                return status;
            printf("%12.6g %10zu %14.8g %12.3g %14.8g %14.8g %14.8g %14.8g\n", s->times[k], c + 1, mean,
                   error, sqrt(variance), q[0], q[1], q[2]);
        }
    }
    if (s->n_failed)
        printf("%zu of %zu paths left the finite numbers and are left out\n", s->n_failed, s->n_paths);
    if (s->n_panels)
        printf("%zu steps accepted and %zu rejected by %zu panels of paths; the smallest is %.4g\n",
               s->n_accepted, s->n_rejected, s->n_panels, s->smallest_step);
    return NSDE_OK;
}

static void show_progress(void *context, size_t done, size_t all)
{
    (void)all;
    nsde_progress_update(context, done);
}

/* What there is to simulate. */
typedef struct work {
    const options *o;
    const nsde_model *model;
    double *parameters;
    nsde_simulate_settings settings;
    nsde_adaptive adaptive;
    nsde_progress progress;
} work;

/* Paths that are kept, and what is made of them. */
static nsde_status keep_paths(work *w)
{
    const options *o = w->o;
    nsde_simulation *simulation;
    nsde_status status = nsde_simulate(w->model, w->parameters, o->x0.items, &w->settings, &simulation);
    nsde_progress_finish(&w->progress);
    if (!status && o->out)
        status = nsde_simulation_write(simulation, o->first_path, o->out);
    if (!status && o->plot)
        status = draw(simulation, nsde_model_describe(w->model)->equation, o->plot);
    if (!status && !o->quiet)
        status = print_summary(simulation);
    nsde_simulation_destroy(simulation);
    return status;
}

static nsde_status stream_paths(work *w)
{
    size_t failed;
    const nsde_status status =
        nsde_simulate_to_file(w->model, w->parameters, w->o->x0.items, &w->settings, w->o->stream, &failed);
    nsde_progress_finish(&w->progress);
    if (!status && !w->o->quiet && failed)
        printf("%zu of %zu paths left the finite numbers\n", failed, w->settings.paths);
    return status;
}

static nsde_status keep_statistics(work *w)
{
    nsde_passage_watch *watches = NULL;
    nsde_statistics_settings wanted = {0};
    nsde_statistics *statistics = NULL;
    nsde_status status = NSDE_OK;
    if (w->o->passage)
        status = cli_read_passages(w->o->passage, nsde_model_describe(w->model)->dim, w->o->bridge, &watches,
                                   &wanted.n_passages);
    wanted.passages = watches;
    if (!status)
        status = nsde_simulate_statistics(w->model, w->parameters, w->o->x0.items, &w->settings, &wanted,
                                          &statistics);
    nsde_progress_finish(&w->progress);
    if (!status && !w->o->quiet) {
        cli_print_statistics(statistics);
        cli_print_passages(statistics, watches);
    }
    nsde_statistics_destroy(statistics);
    nsde_free(watches);
    return status;
}

/* stored: the parameters of the model's file, which --set may change; NULL where there is none. */
static nsde_status simulate(const options *o, const nsde_model *model, const double *stored,
                            const double *inputs)
{
    work w = {.o = o, .model = model};
    w.parameters = calloc(nsde_model_describe(model)->n_parameters + 1, sizeof *w.parameters);
    nsde_status status = w.parameters ? NSDE_OK : nsde_fail(NSDE_NO_MEMORY, "no memory");
    if (!status)
        status = cli_problem_parameters(&o->problem, model, stored, &o->set, o->seed, w.parameters);
    if (!status)
        status = cli_check_states(model, &o->x0);
    if (!status)
        status = take_settings(o, &w.settings, &w.adaptive);
    if (!status) {
        w.settings.inputs = inputs;
        w.settings.progress = show_progress;
        w.settings.progress_context = &w.progress;
        nsde_progress_start(&w.progress, o->quiet ? NULL : stderr, "simulating", w.settings.paths);
        status = o->stream                     ? stream_paths(&w)
                 : o->statistics || o->passage ? keep_statistics(&w)
                                               : keep_paths(&w);
    }
    free(w.parameters);
    return status;
}

static bool is_paths_file(const char *name)
{
    return !name || ends_in(name, ".npy") || ends_in(name, ".csv");
}

/* How it was called; CLI_USAGE after a sentence. */
static int check(const options *o)
{
    const bool watches = o->statistics || o->passage;
    if (cli_problem_check(&cli_command_simulate, &o->problem))
        return CLI_USAGE;
    if (!is_paths_file(o->out))
        return cli_usage(&cli_command_simulate, "--out %.200s ends in neither .csv nor .npy", o->out);
    if (!is_paths_file(o->stream))
        return cli_usage(&cli_command_simulate, "--stream %.200s ends in neither .csv nor .npy", o->stream);
    if ((watches || o->stream) && (o->out || o->plot))
        return cli_usage(&cli_command_simulate, "--%s keeps no paths for --out or --plot",
                         o->stream    ? "stream"
                         : o->passage ? "passage"
                                      : "statistics");
    if (watches && o->stream)
        return cli_usage(&cli_command_simulate, "--stream is for paths alone, without statistics");
    if (o->tolerance.n > 2)
        return cli_usage(&cli_command_simulate, "--tolerance takes a relative tolerance and an absolute one");
    if (o->dense && !o->tolerance.n)
        return cli_usage(&cli_command_simulate, "--dense is for adaptive steps: --tolerance is missing");
    if (o->bridge && !o->passage)
        return cli_usage(&cli_command_simulate, "--bridge is for --passage");
    if (o->threads > 1024)
        return cli_usage(&cli_command_simulate, "--threads %zu is more than 1024", o->threads);
    return CLI_DONE;
}

static int run(const void *given, const char *argument)
{
    (void)argument;
    const options *o = given;
    nsde_model *model = NULL;
    double *stored = NULL, *inputs = NULL;
    cli_problem problem = o->problem;
    const int usage = check(o);
    if (usage)
        return usage;
    nsde_status status = o->plot ? nsde_plot_check(o->plot) : NSDE_OK;
    if (!status && o->inputs)
        status = read_inputs(o, &inputs, &problem.n_inputs);
    if (!status)
        status = cli_problem_open(&problem, &model, &stored);
    if (!status)
        status = simulate(o, model, stored, inputs);
    nsde_model_destroy(model);
    nsde_parameters_destroy(stored);
    nsde_free(inputs);
    return status ? cli_fail() : CLI_DONE;
}

static const cli_option table[] = {
    CLI_PROBLEM_OPTIONS(options),
    CLI_PROBLEM_FILE(options),
    CLI_PROBLEM_SET(options),
    {"x0", "X,...", CLI_NUMBERS, offsetof(options, x0), "initial states, the same for every path", true},
    {"inputs", "FILE.csv", CLI_TEXT, offsetof(options, inputs),
     "numbers of each path, one row a path: the u1, u2, ... (u) of --drift, or of --file's networks", false},
    {"precision", "double|single", CLI_TEXT, offsetof(options, precision),
     "of the networks in the model; double", false},
    {"t1", "T", CLI_FRACTION, offsetof(options, t1), "time at which the paths end", true},
    {"t0", "T", CLI_FRACTION, offsetof(options, t0), "time at which they start; 0", false},
    {"steps", "N", CLI_SIZE, offsetof(options, steps), "number of equal steps", true},
    {"paths", "N", CLI_SIZE, offsetof(options, paths), "number of paths", true},
    {"method", "NAME", CLI_TEXT, offsetof(options, method),
     "the integrator (nsde methods); euler_maruyama, with --tolerance milstein or dormand_prince", false},
    {"seed", "N", CLI_SEED, offsetof(options, seed), "seed of the noise; 1", false},
    {"first-path", "N", CLI_SIZE, offsetof(options, first_path),
     "number of the first path, to replay some of many", false},
    {"observe", "T,...", CLI_NUMBERS, offsetof(options, observe),
     "keep the states at these times instead; steps land on them", false},
    {"tolerance", "R[,A]", CLI_NUMBERS, offsetof(options, tolerance),
     "choose the steps: tolerance of a step's error, relative and absolute (R / 1000); --steps is for the "
     "first",
     false},
    {"dense", NULL, CLI_FLAG, offsetof(options, dense),
     "with --tolerance and dormand_prince: interpolate at the times that are kept", false},
    {"save-every", "N", CLI_SIZE, offsetof(options, save_every),
     "keep every so many steps; 1 with --out, --stream or --plot, else start and end", false},
    {"out", "FILE.csv|.npy", CLI_TEXT, offsetof(options, out),
     "write the paths: columns path, t, x1, ..., or an array [path][time][component]", false},
    {"stream", "FILE.csv|.npy", CLI_TEXT, offsetof(options, stream),
     "write the same file as the paths are simulated, and keep none of them", false},
    {"statistics", NULL, CLI_FLAG, offsetof(options, statistics),
     "print means and covariances, and keep no paths", false},
    {"passage", "X>LEVEL,...", CLI_TEXT, offsetof(options, passage),
     "print when paths first pass levels, as in x>1,x2<-0.5, with --statistics", false},
    {"bridge", NULL, CLI_FLAG, offsetof(options, bridge), "with --passage: look between the steps too",
     false},
    {"plot", "FILE.png|.svg", CLI_TEXT, offsetof(options, plot),
     "draw some paths with mean and 5 to 95 % band", false},
    {"drop", NULL, CLI_FLAG, offsetof(options, drop),
     "leave out paths that leave the finite numbers, and count them", false},
    {"threads", "N", CLI_SIZE, offsetof(options, threads),
     "threads; 0, for one per core; the result is the same", false},
    {"quiet", NULL, CLI_FLAG, offsetof(options, quiet), "print no table", false},
};

const cli_command cli_command_simulate = {
    .name = "simulate",
    .summary = "Simulate paths of a model",
    .detail = CLI_PROBLEM_DETAIL,
    .options = table,
    .n_options = sizeof table / sizeof *table,
    .options_size = sizeof(options),
    .defaults = defaults,
    .run = run,
};
