/* nsde convergence: errors of a scheme at steps that halve, on the same Brownian paths.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/options.h"
#include "core/error.h"
#include "core/memory.h"
#include "io/json.h"
#include "io/plot.h"
#include "io/progress.h"
#include "nsde/simulate.h"

enum { MOST_LEVEL = 24, EXTRA = 2 }; /* levels by which a reference path is finer */

typedef struct options {
    const char *model, *method, *levels, *json, *plot;
    cli_assignments set;
    cli_numbers x0;
    double t0, t1;
    size_t paths, component, threads, terms;
    uint64_t seed;
    bool quiet;
} options;

/* An estimate with its standard error. */
typedef struct estimate {
    double value, error;
} estimate;

typedef struct level {
    double h;
    estimate rms, mean_error, second_moment_error;
} level;

/* A study from its beginning to its report. */
typedef struct study {
    const options *o;
    nsde_model *model;
    const nsde_integrator *integrator;
    double *parameters;
    size_t coarsest, finest, noise_level, n; /* n: number of levels */
    bool solved;                             /* against the solution, not a finer path */
    nsde_brownian *fine;
    double *reference;                                    /* [dim][paths] */
    level *levels;                                        /* [n] */
    double strong_slope, weak_slope, second_moment_slope; /* NaN where they cannot be told */
    nsde_progress progress;
} study;

static void defaults(void *given)
{
    options *o = given;
    o->levels = "4:8";
    o->paths = 10000;
    o->seed = 1;
    o->component = 1;
    o->t1 = 1.0;
}

/* ---- what is asked for ---- */

static nsde_status take_parameters(study *s)
{
    const options *o = s->o;
    const nsde_model_definition *d = nsde_model_describe(s->model);
    void *memory;
    nsde_status status = nsde_alloc(d->n_parameters + 1, sizeof(double), "parameters", &memory);
    s->parameters = memory;
    for (size_t k = 0; k < d->n_parameters && !status; k++)
        s->parameters[k] = NAN;
    for (size_t i = 0; i < o->set.n && !status; i++) {
        size_t number;
        status = nsde_model_parameter(s->model, o->set.items[i].name, &number);
        if (!status)
            s->parameters[number] = o->set.items[i].value;
    }
    for (size_t k = 0; k < d->n_parameters && !status; k++)
        if (isnan(s->parameters[k]))
            status =
                nsde_fail(NSDE_INVALID, "model %s: --set does not give %s", d->name, d->parameters[k].name);
    if (!status && o->x0.n != d->dim)
        status = nsde_fail(NSDE_INVALID, "model %s: --x0 gives %zu of %zu states", d->name, o->x0.n, d->dim);
    if (!status && (o->component < 1 || o->component > d->dim))
        status = nsde_fail(NSDE_INVALID, "model %s: --component %zu of %zu", d->name, o->component, d->dim);
    return status;
}

static nsde_status take_levels(study *s)
{
    char *end;
    const char *text = s->o->levels;
    s->coarsest = strtoul(text, &end, 10);
    s->finest = *end == ':' ? strtoul(end + 1, &end, 10) : 0;
    if (*end || s->coarsest >= s->finest || s->finest + EXTRA > MOST_LEVEL)
        return nsde_fail(NSDE_INVALID, "--levels %.40s is not of the form FIRST:LAST, rising to %d at most",
                         text, MOST_LEVEL - EXTRA);
    s->n = s->finest - s->coarsest + 1;
    return s->o->paths < 2 ? nsde_fail(NSDE_INVALID, "--paths: errors need two paths at least") : NSDE_OK;
}

static nsde_status prepare(study *s)
{
    const options *o = s->o;
    void *memory;
    nsde_status status = take_levels(s);
    if (!status && o->plot)
        status = nsde_plot_check(o->plot);
    if (!status)
        status = nsde_model_open(o->model, &s->model);
    if (!status)
        status = take_parameters(s);
    if (!status)
        status = nsde_integrator_find(o->method ? o->method : "euler_maruyama", &s->integrator);
    if (status)
        return status;
    const nsde_model_definition *d = nsde_model_describe(s->model);
    s->solved = d->solution != NULL;
    s->noise_level = s->finest + (s->solved ? 0 : EXTRA);
    status = nsde_brownian_grid_areas(o->seed, d->noise_dim, o->terms, &s->fine);
    if (!status)
        status = nsde_alloc(s->n, sizeof(level), "levels", &memory);
    if (!status) {
        s->levels = memory;
        status = nsde_alloc(d->dim * o->paths, sizeof(double), "reference", &memory);
        s->reference = memory;
    }
    return status;
}

/* ---- paths ---- */

/* The scheme at steps of (t1 - t0) / 2^k, on the increments of the finest grid. */
static nsde_status simulate(study *s, size_t k, nsde_simulation **simulation)
{
    const options *o = s->o;
    nsde_brownian *coarse = NULL;
    nsde_simulate_settings settings = nsde_simulate_settings_default();
    nsde_status status = NSDE_OK;
    if (k < s->noise_level)
        status = nsde_brownian_coarsen(s->fine, (size_t)1 << (s->noise_level - k), &coarse);
    settings.t0 = o->t0;
    settings.t1 = o->t1;
    settings.steps = (size_t)1 << k;
    settings.paths = o->paths;
    settings.threads = o->threads > 1024 ? -1 : (int)o->threads;
    settings.noise = coarse ? coarse : s->fine;
    settings.integrator = s->integrator;
    if (!status)
        status = nsde_simulate(s->model, s->parameters, o->x0.items, &settings, simulation);
    nsde_brownian_destroy(coarse);
    return status;
}

/* The model's solution as a program of W, run on a panel of paths at a time. */
static nsde_status solve_panels(study *s, const nsde_program *program, const nsde_brownian *whole)
{
    const nsde_model_definition *d = nsde_model_describe(s->model);
    const size_t panel = 1024, paths = s->o->paths;
    nsde_workspace *workspace;
    nsde_status status = nsde_workspace_create(program, panel, NSDE_FORWARD, &workspace);
    if (status)
        return status;
    const size_t stride = nsde_workspace_stride(workspace);
    memcpy(nsde_workspace_parameters(workspace), s->parameters, d->n_parameters * sizeof(double));
    nsde_workspace_prepare(workspace);
    *nsde_workspace_uniform(workspace, 0) = s->o->t0;
    *nsde_workspace_uniform(workspace, 1) = s->o->t1 - s->o->t0;
    for (size_t first = 0; first < paths && !status; first += panel) {
        const size_t n = paths - first < panel ? paths - first : panel;
        status = nsde_brownian_increments(whole, s->o->t1 - s->o->t0, first, n, 0, 1, stride,
                                          nsde_workspace_input(workspace, 1));
        for (size_t c = 0; c < d->dim; c++)
            for (size_t i = 0; i < stride; i++)
                nsde_workspace_input(workspace, 0)[c * stride + i] = s->o->x0.items[c];
        nsde_forward(workspace, n);
        for (size_t c = 0; c < d->dim; c++)
            memcpy(s->reference + c * paths + first, nsde_workspace_output(workspace, 0) + c * stride,
                   n * sizeof(double));
    }
    nsde_workspace_destroy(workspace);
    return status;
}

static nsde_status solve(study *s)
{
    const nsde_model_definition *d = nsde_model_describe(s->model);
    nsde_tape *tape;
    nsde_program *program = NULL;
    nsde_brownian *whole = NULL;
    nsde_status status = nsde_tape_create(&tape);
    if (status)
        return status;
    const nsde_var x = nsde_input(tape, d->dim), W = nsde_input(tape, d->noise_dim);
    const nsde_var t = nsde_uniform(tape, 1), h = nsde_uniform(tape, 1);
    const nsde_var p = nsde_model_record_parameters(s->model, tape);
    const nsde_var end = nsde_model_solution(s->model, x, t, p, (nsde_var){0}, h, W);
    status = nsde_program_create(tape, 1, &end, &program);
    nsde_tape_destroy(tape);
    if (!status)
        status = nsde_brownian_coarsen(s->fine, (size_t)1 << s->noise_level, &whole);
    if (!status)
        status = solve_panels(s, program, whole);
    nsde_brownian_destroy(whole);
    nsde_program_destroy(program);
    return status;
}

static nsde_status refer(study *s)
{
    nsde_simulation *simulation;
    if (s->solved)
        return solve(s);
    const nsde_status status = simulate(s, s->noise_level, &simulation);
    if (!status) {
        memcpy(s->reference, nsde_simulation_row(simulation, 1, 0),
               simulation->dim * s->o->paths * sizeof(double));
        nsde_simulation_destroy(simulation);
    }
    return status;
}

/* ---- errors ---- */

/* Mean of n numbers with its standard error, from their sum and sum of squares. */
static estimate mean_of(double sum, double squares, double n)
{
    const double mean = sum / n;
    return (estimate){mean, sqrt(fmax(squares / n - mean * mean, 0.0) / (n - 1.0))};
}

/* Errors are those of a path: the difference of two numbers made of the same noise has little variance. */
static void compare(const study *s, const nsde_simulation *simulation, level *l)
{
    double sums[3] = {0.0}, squares[3] = {0.0};
    const size_t paths = s->o->paths, one = s->o->component - 1;
    const double *x = nsde_simulation_row(simulation, 1, one), *exact = s->reference + one * paths;
    for (size_t i = 0; i < paths; i++) {
        double distance = 0.0;
        for (size_t c = 0; c < simulation->dim; c++) {
            const double gap = nsde_simulation_row(simulation, 1, c)[i] - s->reference[c * paths + i];
            distance += gap * gap;
        }
        const double values[3] = {distance, x[i] - exact[i], x[i] * x[i] - exact[i] * exact[i]};
        for (int k = 0; k < 3; k++) {
            sums[k] += values[k];
            squares[k] += values[k] * values[k];
        }
    }
    const double n = (double)paths;
    const estimate square = mean_of(sums[0], squares[0], n);
    l->rms.value = sqrt(square.value);
    l->rms.error = square.value > 0.0 ? square.error / (2.0 * l->rms.value) : 0.0;
    l->mean_error = mean_of(sums[1], squares[1], n);
    l->second_moment_error = mean_of(sums[2], squares[2], n);
}

/* Least squares of log |error| on log h over the levels whose error is more than three standard errors; NaN
 * where there are not two. */
static double slope_of(const study *s, size_t offset)
{
    double n = 0.0, x = 0.0, y = 0.0, xx = 0.0, xy = 0.0;
    for (size_t k = 0; k < s->n; k++) {
        const estimate *e = (const estimate *)((const char *)&s->levels[k] + offset);
        const double a = log(s->levels[k].h), b = log(fabs(e->value));
        if (!(fabs(e->value) > 3.0 * e->error))
            continue;
        n += 1.0, x += a, y += b, xx += a * a, xy += a * b;
    }
    return n < 2.0 ? NAN : (n * xy - x * y) / (n * xx - x * x);
}

static nsde_status run_study(study *s)
{
    nsde_progress_start(&s->progress, s->o->quiet ? NULL : stderr, "simulating", s->n + 1);
    nsde_status status = refer(s);
    for (size_t k = 0; k < s->n && !status; k++) {
        nsde_simulation *simulation;
        nsde_progress_update(&s->progress, k + 1);
        s->levels[k].h = (s->o->t1 - s->o->t0) / (double)((size_t)1 << (s->coarsest + k));
        status = simulate(s, s->coarsest + k, &simulation);
        if (!status) {
            compare(s, simulation, &s->levels[k]);
            nsde_simulation_destroy(simulation);
        }
    }
    nsde_progress_finish(&s->progress);
    s->strong_slope = slope_of(s, offsetof(level, rms));
    s->weak_slope = slope_of(s, offsetof(level, mean_error));
    s->second_moment_slope = slope_of(s, offsetof(level, second_moment_error));
    return status;
}

/* ---- reports ---- */

static void print_slope(const char *what, double slope)
{
    if (isnan(slope))
        printf("%s: not told (errors within three standard errors)\n", what);
    else
        printf("%s: %.3f\n", what, slope);
}

static void print(const study *s)
{
    printf("%s on %s, %zu paths, against %s\n", s->integrator->name, s->o->model, s->o->paths,
           s->solved ? "the solution on the same path" : "a path two levels finer");
    printf("%12s %12s %10s %14s %10s %14s %10s\n", "h", "rms error", "s.e.", "error of E X", "s.e.",
           "of E X^2", "s.e.");
    for (size_t k = 0; k < s->n; k++) {
        const level *l = &s->levels[k];
        printf("%12.6g %12.5g %10.2g %14.5g %10.2g %14.5g %10.2g\n", l->h, l->rms.value, l->rms.error,
               l->mean_error.value, l->mean_error.error, l->second_moment_error.value,
               l->second_moment_error.error);
    }
    print_slope("strong slope", s->strong_slope);
    print_slope("weak slope, E X", s->weak_slope);
    print_slope("weak slope, E X^2", s->second_moment_slope);
}

static bool add_estimate(cJSON *object, const char *name, const estimate *e)
{
    char with_error[40];
    snprintf(with_error, sizeof with_error, "%s_se", name);
    return nsde_json_add_number(object, name, e->value) && nsde_json_add_number(object, with_error, e->error);
}

static bool add_level(cJSON *levels, const level *l)
{
    cJSON *object = cJSON_CreateObject();
    if (!object || !cJSON_AddItemToArray(levels, object))
        return false;
    return nsde_json_add_number(object, "h", l->h) && add_estimate(object, "rms", &l->rms) &&
           add_estimate(object, "mean_error", &l->mean_error) &&
           add_estimate(object, "second_moment_error", &l->second_moment_error);
}

static nsde_status write_json(const study *s)
{
    cJSON *root = cJSON_CreateObject(), *levels = NULL;
    bool made = root && cJSON_AddStringToObject(root, "model", s->o->model) &&
                cJSON_AddStringToObject(root, "method", s->integrator->name) &&
                cJSON_AddStringToObject(root, "reference", s->solved ? "solution" : "finer path") &&
                nsde_json_add_number(root, "paths", (double)s->o->paths) &&
                (levels = cJSON_AddArrayToObject(root, "levels")) != NULL;
    for (size_t k = 0; k < s->n && made; k++)
        made = add_level(levels, &s->levels[k]);
    made = made && nsde_json_add_number(root, "strong_slope", s->strong_slope) &&
           nsde_json_add_number(root, "weak_slope", s->weak_slope) &&
           nsde_json_add_number(root, "second_moment_slope", s->second_moment_slope);
    const nsde_status status =
        made ? nsde_json_write(root, s->o->json) : nsde_fail(NSDE_NO_MEMORY, "no memory for JSON");
    cJSON_Delete(root);
    return status;
}

/* One error against h, with bars of two standard errors. */
static nsde_status draw_error(const study *s, nsde_plot *plot, const char *legend, nsde_plot_color color,
                              size_t offset)
{
    double h[MOST_LEVEL], value[MOST_LEVEL], low[MOST_LEVEL], high[MOST_LEVEL];
    for (size_t k = 0; k < s->n; k++) {
        const estimate *e = (const estimate *)((const char *)&s->levels[k] + offset);
        const double size = fabs(e->value);
        const bool told = size > 2.0 * e->error; /* a bar on a logarithmic axis stays above 0 */
        h[k] = s->levels[k].h;
        value[k] = told ? size : NAN;
        low[k] = told ? size - 2.0 * e->error : NAN;
        high[k] = told ? size + 2.0 * e->error : NAN;
    }
    return nsde_plot_errors(plot, legend, color, s->n, h, value, low, high);
}

static nsde_status draw(const study *s)
{
    char title[200];
    nsde_plot *plot;
    snprintf(title, sizeof title, "%s on %s", s->integrator->title, s->o->model);
    const nsde_plot_frame frame = {
        .title = title, .x_label = "step h", .y_label = "error", .log_x = true, .log_y = true};
    nsde_status status = nsde_plot_create(&frame, &plot);
    if (status)
        return status;
    status = draw_error(s, plot, "root mean square", NSDE_PLOT_BLUE, offsetof(level, rms));
    if (!status)
        status = draw_error(s, plot, "E X", NSDE_PLOT_VERMILION, offsetof(level, mean_error));
    if (!status)
        status = draw_error(s, plot, "E X^2", NSDE_PLOT_GREEN, offsetof(level, second_moment_error));
    const double first = s->levels[0].h, last = s->levels[s->n - 1].h, rms = s->levels[0].rms.value;
    if (!status && !isnan(s->strong_slope) && s->integrator->strong_order > 0.0) {
        const nsde_noise_class noise = nsde_model_describe(s->model)->noise;
        const double order = noise == NSDE_NOISE_ADDITIVE ? s->integrator->additive_order
                             : noise < NSDE_NOISE_GENERAL ? s->integrator->commutative_order
                                                          : s->integrator->strong_order;
        char legend[40];
        snprintf(legend, sizeof legend, "order %g", order);
        status = nsde_plot_slope(plot, legend, order, first, rms, last);
    }
    if (!status)
        status = nsde_plot_write(plot, s->o->plot);
    nsde_plot_destroy(plot);
    return status;
}

static int run(const void *given, const char *argument)
{
    (void)argument;
    study s = {.o = given};
    nsde_status status = prepare(&s);
    if (!status)
        status = run_study(&s);
    if (!status && !s.o->quiet)
        print(&s);
    if (!status && s.o->json)
        status = write_json(&s);
    if (!status && s.o->plot)
        status = draw(&s);
    nsde_brownian_destroy(s.fine);
    nsde_model_destroy(s.model);
    nsde_free(s.parameters);
    nsde_free(s.reference);
    nsde_free(s.levels);
    return status ? cli_fail() : CLI_DONE;
}

static const cli_option table[] = {
    {"model", "NAME", CLI_TEXT, offsetof(options, model), "a shipped model (nsde models)", true},
    {"set", "NAME=VALUE,...", CLI_ASSIGNMENTS, offsetof(options, set), "the model's parameters, all of them",
     false},
    {"x0", "X,...", CLI_NUMBERS, offsetof(options, x0), "initial states", true},
    {"t0", "T", CLI_FRACTION, offsetof(options, t0), "time at which the paths start; 0", false},
    {"t1", "T", CLI_FRACTION, offsetof(options, t1), "time at which they end; 1", false},
    {"method", "NAME", CLI_TEXT, offsetof(options, method), "the integrator (nsde methods); euler_maruyama",
     false},
    {"levels", "FIRST:LAST", CLI_TEXT, offsetof(options, levels), "steps are (t1 - t0) / 2^level; 4:8",
     false},
    {"paths", "N", CLI_SIZE, offsetof(options, paths), "number of paths; 10000", false},
    {"seed", "N", CLI_SEED, offsetof(options, seed), "seed of the noise; 1", false},
    {"component", "N", CLI_SIZE, offsetof(options, component), "the state of the weak errors, from 1; 1",
     false},
    {"area-terms", "N", CLI_SIZE, offsetof(options, terms),
     "terms of the series for the Levy areas of the finest steps; 0", false},
    {"json", "FILE", CLI_TEXT, offsetof(options, json), "write the result as JSON", false},
    {"plot", "FILE.png|.svg", CLI_TEXT, offsetof(options, plot), "draw the errors against the step", false},
    {"threads", "N", CLI_SIZE, offsetof(options, threads),
     "threads; 0, for one per core; the result is the same", false},
    {"quiet", NULL, CLI_FLAG, offsetof(options, quiet), "print no table", false},
};

const cli_command cli_command_convergence = {
    .name = "convergence",
    .summary = "Measure the strong and weak orders of an integrator on a model",
    .detail =
        "Every level runs on the same Brownian paths: coarse increments are sums of fine ones. Errors are "
        "taken against the model's solution on the same path where that is a function of the noise's end, "
        "else against the same scheme two levels finer.",
    .options = table,
    .n_options = sizeof table / sizeof *table,
    .options_size = sizeof(options),
    .defaults = defaults,
    .run = run,
};
