/* The registry of estimators, and what they have in common.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "estimate/estimate.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "core/names.h"
#include "core/settings.h"
#include "estimate/controls.h"
#include "estimate/record.h"
#include "model/inputs.h"
#include "step/compile.h"

static const nsde_estimator *const estimators[] = {
#define X(name) &nsde_estimator_##name,
#include "estimators.def"
#undef X
};

NSDE_REGISTRY(nsde_estimator, nsde_estimator, estimators, "estimator")

void nsde_estimate_name(const nsde_model *model, size_t k, size_t size, char *name)
{
    const nsde_model_definition *d = nsde_model_describe(model);
    if (k < d->n_parameters)
        snprintf(name, size, "%s", d->parameters[k].name);
    else if (d->dim == 1)
        snprintf(name, size, "x0");
    else
        snprintf(name, size, "x0_%zu", k - d->n_parameters + 1);
}

/* ---- statistics ---- */

size_t nsde_estimate_samples(const nsde_estimate_work *work)
{
    return work->settings.antithetic ? work->paths / 2 : work->paths;
}

static double sample(const nsde_estimate_work *work, const double *of_paths, size_t i)
{
    const nsde_controls *c = work->controls;
    if (c)
        return c->scratch[i];
    return work->settings.antithetic ? 0.5 * (of_paths[2 * i] + of_paths[2 * i + 1]) : of_paths[i];
}

/* The samples, less what they have in common with the controls; they are in the scratch from here on. */
static void control(const nsde_estimate_work *work, const double *of_paths)
{
    nsde_controls *c = work->controls;
    const size_t n = nsde_estimate_samples(work), pair = work->paths / n;
    if (!c)
        return;
    for (size_t i = 0; i < n; i++)
        c->scratch[i] = pair == 1 ? of_paths[i] : 0.5 * (of_paths[2 * i] + of_paths[2 * i + 1]);
    nsde_controls_apply(c->count, c->samples, c->variance, n, n, c->scratch);
    c->used = true;
}

/* The mean, and its standard error about it in a second pass. */
static double mean_of(const nsde_estimate_work *work, const double *of_paths, double *error)
{
    const size_t n = nsde_estimate_samples(work), fitted = work->settings.n_controls;
    double sum = 0.0, squares = 0.0;
    control(work, of_paths);
    for (size_t i = 0; i < n; i++)
        sum += sample(work, of_paths, i);
    const double mean = sum / (double)n;
    for (size_t i = 0; i < n; i++) {
        const double gap = sample(work, of_paths, i) - mean;
        squares += gap * gap;
    }
    *error = n > 1 + fitted ? sqrt(squares / (double)(n - 1 - fitted) / (double)n) : NAN;
    return mean;
}

void nsde_estimate_take_loss(const nsde_estimate_work *work, const double *of_paths)
{
    work->result->loss = mean_of(work, of_paths, &work->result->loss_std_error);
}

void nsde_estimate_take(const nsde_estimate_work *work, size_t k, const double *of_paths)
{
    nsde_gradient_estimate *e = work->result;
    e->value[k] = mean_of(work, of_paths, &e->std_error[k]);
    for (size_t i = 0; e->samples && i < e->n_samples; i++)
        e->samples[k * e->n_samples + i] = sample(work, of_paths, i);
}

void nsde_estimate_count(const nsde_estimate_work *work, size_t bytes)
{
    work->result->peak_bytes += bytes;
}

void nsde_estimate_note(const nsde_estimate_work *work, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(work->result->note, sizeof work->result->note, format, arguments);
    va_end(arguments);
}

/* ---- jumps ---- */

/* Does the loss choose by a sign that differs from path to path? */
static nsde_status branches(const nsde_program *loss, bool *found)
{
    nsde_workspace *workspace;
    nsde_cursor *cursor = NULL;
    nsde_instruction shown;
    *found = false;
    nsde_status status = nsde_workspace_create(loss, 1, NSDE_TRACE, &workspace);
    if (!status)
        status = nsde_cursor_create(workspace, 1, &cursor);
    while (!status && nsde_cursor_forward(cursor, &shown))
        if ((strcmp(shown.operation, "select") == 0 || strcmp(shown.operation, "sign") == 0) &&
            !shown.operand[0].uniform)
            *found = true;
    nsde_cursor_destroy(cursor);
    nsde_workspace_destroy(workspace);
    return status;
}

nsde_status nsde_estimate_warn_of_jumps(const nsde_estimate_work *work)
{
    const size_t n = work->settings.run.n_observe ? work->settings.run.n_observe : 1;
    const nsde_tangents_settings values = {
        .model = work->problem.model, .loss = work->problem.loss, .run = &work->settings.run};
    void *times; /* the loss may look at them: any will do */
    nsde_program *loss = NULL;
    nsde_status status = nsde_alloc(n, sizeof(double), "observation times", &times);
    if (!status)
        status = nsde_tangents_record_loss(&values, times, n, &loss);
    if (!status)
        status = branches(loss, &work->result->doubtful);
    nsde_program_destroy(loss);
    nsde_free(times);
    if (work->result->doubtful)
        nsde_estimate_note(work,
                           "does not apply where the loss jumps, and it branches by select or sign: what "
                           "comes from jumps is missing; %s sees it",
                           work->result->method->second ? "gamma_likelihood_ratio" : "likelihood_ratio");
    return status;
}

/* ---- a run ---- */

static nsde_status check(const nsde_estimate_problem *p, const nsde_estimate_settings *given)
{
    const nsde_gradient_settings *settings = &given->run;
    if (!p->model || !p->loss || !p->x0 || (given->n_controls && !given->controls))
        return nsde_fail(NSDE_INVALID, "nsde_estimate_run: a model, a loss and initial states are needed");
    if (!p->loss->record)
        return nsde_fail(NSDE_UNSUPPORTED, "estimators need a recorded loss of each path");
    nsde_status status = nsde_model_refuse_inputs(p->model, "estimators do");
    if (status)
        return status;
    NSDE_GRADIENT_SETTINGS(NSDE_SETTING_CHECK)
    for (size_t c = 0; c < nsde_model_describe(p->model)->dim; c++)
        if (!isfinite(p->x0[c]))
            return nsde_fail(NSDE_INVALID, "initial state %zu is %g", c, p->x0[c]);
    for (size_t i = 0; i < settings->n_observe; i++)
        if (settings->observe[i] < 1 || settings->observe[i] > settings->steps ||
            (i && settings->observe[i] <= settings->observe[i - 1]))
            return nsde_fail(NSDE_INVALID, "observation %zu is after step %zu: they must rise from 1 to %zu",
                             i, settings->observe[i], settings->steps);
    if (given->antithetic && settings->paths % 2)
        return nsde_fail(NSDE_INVALID, "antithetic paths come in pairs: %zu is odd", settings->paths);
    if (!(given->step >= 0.0) || given->step > 0.1)
        return nsde_fail(NSDE_INVALID, "the relative step of differences is %g, not from 0 to 0.1",
                         given->step);
    if (!(given->smoothing >= 0.0) || given->smoothing > 10.0)
        return nsde_fail(NSDE_INVALID, "jumps are smoothed over %g standard deviations, not 0 to 10",
                         given->smoothing);
    const nsde_grid grid = {settings->t0, settings->t1, settings->steps};
    status = nsde_grid_check(&grid);
    return status ? status : nsde_model_check_parameters(p->model, p->parameters);
}

/* The noise of a run: what is given or a grid, perhaps in pairs. */
typedef struct noise {
    nsde_brownian *grid, *pairs;
} noise;

static nsde_status create_noise(nsde_estimate_work *w, noise *made)
{
    nsde_gradient_settings *run = &w->settings.run;
    nsde_status status = NSDE_OK;
    if (!run->noise) {
        status = nsde_brownian_grid(run->seed, nsde_model_describe(w->problem.model)->noise_dim, &made->grid);
        run->noise = made->grid;
    }
    if (!status && w->settings.antithetic) {
        status = nsde_brownian_antithetic(run->noise, &made->pairs);
        run->noise = made->pairs;
    }
    return status;
}

static nsde_status allocate(nsde_estimate_work *w)
{
    void *value, *error = NULL, *samples = NULL;
    nsde_gradient_estimate *e = w->result;
    size_t all = 0;
    e->n = w->n;
    e->n_samples = nsde_estimate_samples(w);
    nsde_status status = nsde_alloc(w->n, sizeof(double), "gradient", &value);
    e->value = value;
    if (!status)
        status = nsde_alloc(w->n, sizeof(double), "gradient", &error);
    e->std_error = error;
    if (!status && w->settings.keep_samples) {
        if (!nsde_size_mul(w->n, e->n_samples, &all))
            return nsde_fail(NSDE_OVERFLOW, "the samples overflow the size of memory");
        status = nsde_alloc(all, sizeof(double), "samples", &samples);
        e->samples = samples;
    }
    e->peak_bytes = (2 * w->n + all) * sizeof(double);
    return status;
}

static nsde_status check_finite(const nsde_estimate_work *w)
{
    char name[64];
    for (size_t k = 0; k < w->n; k++)
        if (!isfinite(w->result->value[k])) {
            nsde_estimate_name(w->problem.model, k, sizeof name, name);
            return nsde_fail(NSDE_DIVERGED, "%s: the derivative of the loss by %s is %g",
                             w->result->method->name, name, w->result->value[k]);
        }
    return NSDE_OK;
}

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

nsde_status nsde_estimate_run(const nsde_estimator *estimator, const nsde_estimate_problem *problem,
                              const nsde_estimate_settings *settings, nsde_gradient_estimate **estimate)
{
    void *memory = NULL;
    noise made = {0};
    if (!estimate || !estimator || !problem || !settings)
        return nsde_fail(NSDE_INVALID, "nsde_estimate_run: an argument is NULL");
    *estimate = NULL;
    nsde_status status = check(problem, settings);
    if (!status && settings->sobol)
        return nsde_estimate_scrambled(estimator, problem, settings, estimate);
    if (!status)
        status = nsde_alloc(1, sizeof(nsde_gradient_estimate), "estimate", &memory);
    if (status)
        return status;
    nsde_estimate_work w = {.problem = *problem, .settings = *settings, .result = memory};
    const nsde_model_definition *d = nsde_model_describe(problem->model);
    w.n_parameters = d->n_parameters;
    w.dim = d->dim;
    w.n = d->n_parameters + d->dim;
    w.paths = settings->run.paths;
    w.result->method = estimator;
    const double start = now();
    if (!w.settings.run.integrator)
        status = nsde_integrator_find("euler_maruyama", &w.settings.run.integrator);
    if (!status)
        status = nsde_step_check_noise(w.settings.run.integrator, problem->model, settings->run.noise);
    if (!status)
        status = create_noise(&w, &made);
    if (!status)
        status = allocate(&w);
    if (!status)
        status = nsde_controls_create(&w, &w.controls);
    if (!status)
        status = estimator->run(&w);
    if (!status && w.controls && !w.controls->used)
        status = nsde_fail(NSDE_UNSUPPORTED, "%s takes no control variates", estimator->name);
    if (!status)
        status = check_finite(&w);
    w.result->seconds = now() - start;
    nsde_controls_destroy(w.controls);
    nsde_brownian_destroy(made.pairs);
    nsde_brownian_destroy(made.grid);
    if (status)
        nsde_estimate_destroy(w.result);
    else
        *estimate = w.result;
    return status;
}

void nsde_estimate_destroy(nsde_gradient_estimate *estimate)
{
    if (!estimate)
        return;
    nsde_free(estimate->value);
    nsde_free(estimate->std_error);
    nsde_free(estimate->samples);
    nsde_free(estimate);
}
