/* nsde gradient: the derivatives of an expected loss, by any number of estimators.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/gradient_study.h"
#include "core/error.h"
#include "core/memory.h"
#include "core/number.h"
#include "io/json.h"
#include "nsde/estimate.h"
#include "nsde/model_file.h"
#include "nsde/text.h"

typedef struct options {
    cli_problem problem;
    cli_study study;
    const char *loss, *scheme, *method, *json, *control;
    cli_sizes steps, paths, observe;
    cli_assignments set;
    cli_numbers x0, control_mean, direction;
    double t0, t1, difference, smoothing;
    size_t threads, scramblings;
    uint64_t seed;
    bool antithetic, sobol, no_baseline, check, quiet;
} options;

enum { METHODS = 64, CONTROLS = 16 }; /* most that can be asked for at once */

/* What is open while the command works. */
typedef struct work {
    nsde_model *model;
    nsde_loss loss, control_losses[CONTROLS];
    nsde_control controls[CONTROLS];
    double *stored, *parameters;
    nsde_estimate_settings settings;
    const nsde_estimator *methods[METHODS];
    nsde_gradient_estimate *estimates[METHODS];
    nsde_status refused[METHODS];
    char why[METHODS][NSDE_MESSAGE_SIZE];
    size_t n_methods;
} work;

static void defaults(void *given)
{
    options *o = given;
    const nsde_gradient_settings standard = nsde_gradient_settings_default();
    o->seed = standard.seed;
    o->t0 = standard.t0;
    o->t1 = NAN;
}

/* ---- what is asked for ---- */

/* Calls `each` with every word of a list. */
static nsde_status for_each(const char *list, char separator, nsde_status (*each)(work *w, const char *word),
                            work *w)
{
    char *copy, *rest;
    nsde_status status = nsde_copy_string(list, &copy);
    for (char *word = copy; word && !status; word = rest) {
        rest = strchr(word, separator);
        if (rest)
            *rest++ = '\0';
        status = each(w, word);
    }
    nsde_free(copy);
    return status;
}

static nsde_status add_method(work *w, const char *name)
{
    if (w->n_methods == METHODS)
        return nsde_fail(NSDE_INVALID, "--method: more than %d", METHODS);
    return nsde_estimator_find(name, &w->methods[w->n_methods++]);
}

static nsde_status take_methods(work *w, const char *list)
{
    const bool all = !list || strcmp(list, "all") == 0;
    if (!all)
        return for_each(list, ',', add_method, w);
    for (size_t i = 0; i < nsde_estimator_count(); i++)
        if (!nsde_estimator_at(i)->second && strcmp(nsde_estimator_at(i)->name, "auto") != 0)
            w->methods[w->n_methods++] = nsde_estimator_at(i);
    return NSDE_OK;
}

static nsde_status add_control(work *w, const char *text)
{
    size_t *n = &w->settings.n_controls;
    if (*n == CONTROLS)
        return nsde_fail(NSDE_INVALID, "more than %d", CONTROLS);
    w->controls[*n].loss = &w->control_losses[*n];
    return nsde_loss_from_text(text, w->model, &w->control_losses[(*n)++]);
}

static nsde_status take_controls(const options *o, work *w)
{
    const nsde_status status = o->control ? for_each(o->control, ';', add_control, w) : NSDE_OK;
    if (status)
        return nsde_fail_within(status, "--control");
    if (w->settings.n_controls != o->control_mean.n)
        return nsde_fail(NSDE_INVALID, "--control gives %zu expressions and --control-mean %zu numbers",
                         w->settings.n_controls, o->control_mean.n);
    for (size_t i = 0; i < w->settings.n_controls; i++)
        w->controls[i].mean = o->control_mean.items[i];
    w->settings.controls = w->controls;
    return NSDE_OK;
}

static nsde_status take_settings(const options *o, work *w)
{
    nsde_gradient_settings *run = &w->settings.run;
    *run = nsde_gradient_settings_default();
    run->t0 = o->t0;
    run->t1 = o->t1;
    run->steps = o->steps.items[o->steps.n - 1];
    run->paths = o->paths.items[0];
    run->observe = o->observe.items;
    run->n_observe = o->observe.n;
    run->seed = o->seed;
    run->threads = o->threads > 1024 ? -1 : (int)o->threads;
    w->settings.antithetic = o->antithetic;
    w->settings.sobol = o->sobol;
    w->settings.scramblings = o->scramblings;
    w->settings.no_baseline = o->no_baseline;
    w->settings.step = o->difference;
    if (o->direction.n) {
        const nsde_model_definition *d = nsde_model_describe(w->model);
        if (o->direction.n != d->n_parameters + d->dim)
            return nsde_fail(NSDE_INVALID, "--direction: %zu numbers for %zu parameters and %zu states",
                             o->direction.n, d->n_parameters, d->dim);
        w->settings.direction = o->direction.items;
    }
    w->settings.smoothing = o->smoothing;
    nsde_status status = nsde_integrator_find(o->scheme ? o->scheme : "euler_maruyama", &run->integrator);
    if (!status)
        status = take_controls(o, w);
    return status ? status : take_methods(w, o->method);
}

static nsde_status prepare(const options *o, work *w)
{
    nsde_status status = cli_problem_open(&o->problem, &w->model, &w->stored);
    if (status)
        return status;
    const nsde_model_definition *d = nsde_model_describe(w->model);
    w->parameters = calloc(d->n_parameters + 1, sizeof *w->parameters);
    if (!w->parameters)
        return nsde_fail(NSDE_NO_MEMORY, "no memory");
    status = cli_problem_parameters(&o->problem, w->model, w->stored, &o->set, o->seed, w->parameters);
    if (!status)
        status = cli_check_states(w->model, &o->x0);
    if (!status)
        status = nsde_loss_from_text(o->loss, w->model, &w->loss);
    return status ? status : take_settings(o, w);
}

/* ---- what comes of it ---- */

/* Where several estimators are asked for, one that does not apply does not stop the others. */
static nsde_status estimate(work *w, const nsde_estimate_problem *problem)
{
    for (size_t i = 0; i < w->n_methods; i++) {
        const nsde_status status = nsde_estimate_run(w->methods[i], problem, &w->settings, &w->estimates[i]);
        if (status && (status != NSDE_UNSUPPORTED || w->n_methods == 1))
            return nsde_fail_within(status, "%s", w->methods[i]->name);
        w->refused[i] = status;
        if (status)
            memcpy(w->why[i], nsde_error_message(), sizeof w->why[i]);
    }
    return NSDE_OK;
}

/* The first estimate there is, for the loss. */
static const nsde_gradient_estimate *first_of(const work *w)
{
    for (size_t i = 0; i < w->n_methods; i++)
        if (w->estimates[i])
            return w->estimates[i];
    return NULL;
}

enum { SHOWN = 24 }; /* components in the table */

static void print(const work *w)
{
    const nsde_gradient_estimate *first = first_of(w);
    if (first)
        printf("loss %.8g, standard error %.3g\n", first->loss, first->loss_std_error);
    for (size_t i = 0; i < w->n_methods; i++) {
        const nsde_gradient_estimate *e = w->estimates[i];
        if (!e) {
            printf("\n%s does not apply: %s\n", w->methods[i]->name, w->why[i]);
            continue;
        }
        printf("\n%s (%.3g s, %zu bytes)%s%s\n", w->methods[i]->name, e->seconds, e->peak_bytes,
               *e->note ? "\n  " : "", e->note);
        for (size_t k = 0; k < e->n && k < SHOWN; k++) {
            char name[64];
            nsde_estimate_name(w->model, k, sizeof name, name);
            printf("  %s %-16s %16.8g  standard error %.3g\n",
                   w->methods[i]->second ? w->settings.direction ? "H v," : "d2/d2" : "d/d", name,
                   e->value[k], e->std_error[k]);
        }
        if (e->n > SHOWN)
            printf("  ... and %zu more\n", e->n - SHOWN);
    }
}

static bool add_gradient(const work *w, const nsde_gradient_estimate *e, cJSON *item)
{
    cJSON *gradient = cJSON_AddArrayToObject(item, "gradient");
    for (size_t k = 0; gradient && e && k < e->n; k++) {
        char name[64];
        cJSON *component = cJSON_CreateObject();
        nsde_estimate_name(w->model, k, sizeof name, name);
        if (!cJSON_AddItemToArray(gradient, component) || !cJSON_AddStringToObject(component, "name", name) ||
            !nsde_json_add_number(component, "value", e->value[k]) ||
            !nsde_json_add_number(component, "std_error", e->std_error[k]))
            return false;
    }
    return gradient;
}

static bool add_estimator(const work *w, size_t i, cJSON *list)
{
    const nsde_gradient_estimate *e = w->estimates[i];
    cJSON *item = cJSON_CreateObject();
    return cJSON_AddItemToArray(list, item) && cJSON_AddStringToObject(item, "method", w->methods[i]->name) &&
           add_gradient(w, e, item) && nsde_json_add_number(item, "seconds", e ? e->seconds : NAN) &&
           nsde_json_add_number(item, "peak_bytes", e ? (double)e->peak_bytes : NAN) &&
           cJSON_AddStringToObject(item, "note", e ? e->note : w->why[i]);
}

static nsde_status write_json(const work *w, const char *path)
{
    const nsde_gradient_estimate *first = first_of(w);
    cJSON *root = cJSON_CreateObject();
    bool added = nsde_json_add_number(root, "loss", first ? first->loss : NAN) &&
                 nsde_json_add_number(root, "loss_std_error", first ? first->loss_std_error : NAN);
    cJSON *list = added ? cJSON_AddArrayToObject(root, "estimators") : NULL;
    added = list;
    for (size_t i = 0; i < w->n_methods && added; i++)
        added = add_estimator(w, i, list);
    const nsde_status status =
        added ? nsde_json_write(root, path) : nsde_fail(NSDE_NO_MEMORY, "no memory for the estimates");
    cJSON_Delete(root);
    return status;
}

static nsde_status self_check(const options *o, const work *w, const nsde_estimate_problem *problem)
{
    enum { PATHS = 64 }; /* a mistake shows on any of them */
    nsde_gradient_agreement a;
    char name[64];
    nsde_gradient_settings settings = w->settings.run;
    settings.paths = settings.paths < PATHS ? settings.paths : PATHS;
    const nsde_status status = nsde_gradient_check(problem, &settings, 0.0, &a);
    if (status)
        return nsde_fail_within(status, "self-check");
    nsde_estimate_name(w->model, a.worst, sizeof name, name);
    if (!o->quiet)
        printf(
            "self-check: all derivatives agree with differences on the same paths; the furthest, by %s, is "
            "%.9g and %.9g\n",
            name, a.gradient, a.difference);
    return NSDE_OK;
}

static nsde_status estimate_and_report(const options *o, work *w, const nsde_estimate_problem *problem)
{
    nsde_status status = estimate(w, problem);
    if (!status && !o->quiet)
        print(w);
    return !status && o->json ? write_json(w, o->json) : status;
}

static nsde_status study(const options *o, work *w, const nsde_estimate_problem *problem)
{
    const nsde_study_settings settings = {.estimators = w->methods,
                                          .n_estimators = w->n_methods,
                                          .steps = o->steps.items,
                                          .n_steps = o->steps.n,
                                          .paths = o->paths.items,
                                          .n_paths = o->paths.n};
    const cli_study_output output = {&o->study, o->json, o->quiet};
    return cli_study_run(&output, problem, &w->settings, &settings);
}

static int check_options(const options *o)
{
    const bool several = o->steps.n > 1 || o->paths.n > 1;
    if (cli_problem_check(&cli_command_gradient, &o->problem))
        return CLI_USAGE;
    if (several && !o->study.replicates)
        return cli_usage(&cli_command_gradient,
                         "several --steps or --paths are a study, which needs --replicates");
    return cli_study_check(&cli_command_gradient, &o->study);
}

static int run(const void *given, const char *argument)
{
    (void)argument;
    const options *o = given;
    if (check_options(o))
        return CLI_USAGE;
    work *w = calloc(1, sizeof *w);
    nsde_status status = w ? prepare(o, w) : nsde_fail(NSDE_NO_MEMORY, "no memory");
    if (!status) {
        const nsde_estimate_problem problem = {w->model, &w->loss, w->parameters, o->x0.items};
        if (o->check)
            status = self_check(o, w, &problem);
        if (!status && o->study.replicates)
            status = study(o, w, &problem);
        else if (!status)
            status = estimate_and_report(o, w, &problem);
    }
    for (size_t i = 0; w && i < w->n_methods; i++)
        nsde_estimate_destroy(w->estimates[i]);
    if (w) {
        nsde_loss_release_text(&w->loss);
        for (size_t i = 0; i < w->settings.n_controls; i++)
            nsde_loss_release_text(&w->control_losses[i]);
        nsde_model_destroy(w->model);
        nsde_parameters_destroy(w->stored);
        free(w->parameters);
    }
    free(w);
    return status ? cli_fail() : CLI_DONE;
}

static const cli_option table[] = {
    CLI_PROBLEM_OPTIONS(options),
    CLI_PROBLEM_FILE(options),
    CLI_PROBLEM_SET(options),
    {"x0", "X,...", CLI_NUMBERS, offsetof(options, x0), "initial states, the same for every path", true},
    {"t1", "T", CLI_FRACTION, offsetof(options, t1), "time at which the paths end", true},
    {"t0", "T", CLI_FRACTION, offsetof(options, t0), "time at which they start; 0", false},
    {"steps", "N,...", CLI_SIZES, offsetof(options, steps),
     "number of equal steps; several for a study, rising", true},
    {"paths", "N,...", CLI_SIZES, offsetof(options, paths), "number of paths; several for a study, rising",
     true},
    {"loss", "TEXT", CLI_TEXT, offsetof(options, loss),
     "the loss of a path: of the last states, of x[k] or x2[k] at observation k, of the parameters", true},
    {"observe", "STEP,...", CLI_SIZES, offsetof(options, observe),
     "steps after which the loss may look, counted from 1 (in a study, of the most steps); the last", false},
    {"scheme", "NAME", CLI_TEXT, offsetof(options, scheme), "the integrator (nsde methods); euler_maruyama",
     false},
    {"method", "NAME,...|all", CLI_TEXT, offsetof(options, method),
     "the estimators (nsde methods); all of first derivatives", false},
    {"antithetic", NULL, CLI_FLAG, offsetof(options, antithetic),
     "paths come in pairs of opposite noise, each pair one sample", false},
    {"sobol", NULL, CLI_FLAG, offsetof(options, sobol),
     "quasi-random paths, as many in each scrambling; errors are over scramblings", false},
    {"scramblings", "N", CLI_SIZE, offsetof(options, scramblings), "scramblings of --sobol; 16", false},
    {"no-baseline", NULL, CLI_FLAG, offsetof(options, no_baseline),
     "likelihood_ratio without its control variate", false},
    {"difference", "H", CLI_NUMBER, offsetof(options, difference),
     "relative step of differences; the cube root of the rounding", false},
    {"direction", "V,...", CLI_NUMBERS, offsetof(options, direction),
     "for hessian_vector: what the Hessian is multiplied by, the parameters' part, then the initial states'",
     false},
    {"smoothing", "W", CLI_NUMBER, offsetof(options, smoothing),
     "smoothed: width in standard deviations of what the loss chooses by; paths^(-1/4)", false},
    {"control", "TEXT;...", CLI_TEXT, offsetof(options, control),
     "control variates: losses of known expectation, taken away by regression", false},
    {"control-mean", "M,...", CLI_NUMBERS, offsetof(options, control_mean),
     "what they are on average, for this scheme and these steps", false},
    {"check", NULL, CLI_FLAG, offsetof(options, check),
     "first compare the gradient with differences on the same paths", false},
    {"seed", "N", CLI_SEED, offsetof(options, seed), "seed of the noise; 1", false},
    {"threads", "N", CLI_SIZE, offsetof(options, threads),
     "threads; 0, for one per core; the result is the same", false},
    {"json", "FILE", CLI_TEXT, offsetof(options, json), "write the estimates as JSON", false},
    {"quiet", NULL, CLI_FLAG, offsetof(options, quiet), "print no table", false},
    CLI_STUDY_OPTIONS(options),
};

const cli_command cli_command_gradient = {
    .name = "gradient",
    .summary = "Differentiate an expected loss by the parameters and the initial states of a model",
    .detail =
        CLI_PROBLEM_DETAIL " With --replicates the estimators are studied: bias, variance and cost for every "
                           "number of steps and of paths.",
    .options = table,
    .n_options = sizeof table / sizeof *table,
    .options_size = sizeof(options),
    .defaults = defaults,
    .run = run,
};
