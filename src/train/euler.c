/* The objective of observed transitions: Euler's pseudo-likelihood on panels of them.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <omp.h>
#include <string.h>

#include "core/settings.h"
#include "io/checksum.h"
#include "nsde/train.h"
#include "train/constrain.h"
#include "train/density.h"
#include "train/order.h"
#include "train/transitions.h"

enum { STATE, NEXT, TIME, LENGTH, INPUT, INPUTS }; /* of the program */
enum { GROUPS = 64 };                              /* sums that are formed apart and then added in order */

typedef struct euler {
    const nsde_model *model;
    nsde_transition_settings settings;
    nsde_steps steps;
    size_t n, n_parameters; /* transitions that are trained on; held out are those from n on */
    size_t batch, panel, n_threads, n_groups;
    nsde_program *program;
    nsde_workspace **workspaces; /* [n_threads] */
    double *adjoints;            /* [n_groups][n_parameters] */
} euler;

/* Samples to run over: `count` from `first` on, in the order of the passes or as they lie. */
typedef struct span {
    size_t count;
    uint64_t first;
    bool ordered;
} span;

typedef struct partial {
    double loss;
    size_t bad; /* transition whose density is not finite; SIZE_MAX for none */
} partial;

nsde_transition_settings nsde_transition_settings_default(void)
{
    return (nsde_transition_settings){
#define NSDE_SETTING_DEFAULT(type, name, standard, least, most, doc) .name = (standard),
        NSDE_TRANSITION_SETTINGS(NSDE_SETTING_DEFAULT)
#undef NSDE_SETTING_DEFAULT
    };
}

/* ---- running panels ---- */

static size_t sample(const euler *e, const span *s, size_t number)
{
    return s->ordered ? (size_t)nsde_order(e->settings.seed, e->n, s->first + number)
                      : (size_t)s->first + number;
}

/* Writes the samples from `done` on into the panel; idle lanes repeat the last, which is harmless. */
static void gather(const euler *e, const span *s, size_t done, size_t paths, nsde_workspace *w)
{
    const size_t stride = nsde_workspace_stride(w), all = e->steps.n;
    double *x = nsde_workspace_input(w, STATE), *next = nsde_workspace_input(w, NEXT);
    double *t = nsde_workspace_input(w, TIME), *h = nsde_workspace_input(w, LENGTH);
    for (size_t lane = 0; lane < stride; lane++) {
        const size_t k = sample(e, s, done + (lane < paths ? lane : paths - 1));
        for (size_t i = 0; i < e->steps.dim; i++) {
            x[i * stride + lane] = e->steps.x[i * all + k];
            next[i * stride + lane] = e->steps.next[i * all + k];
        }
        for (size_t i = 0; i < e->steps.n_inputs; i++)
            nsde_workspace_input(w, INPUT)[i * stride + lane] = e->steps.u[i * all + k];
        t[lane] = e->steps.t[k];
        h[lane] = e->steps.h[k];
    }
}

static void run_panel(const euler *e, const span *s, size_t done, size_t paths, nsde_workspace *w, bool back,
                      partial *total)
{
    gather(e, s, done, paths, w);
    nsde_forward(w, paths);
    const double *density = nsde_workspace_output(w, 0);
    for (size_t lane = 0; lane < paths; lane++) {
        total->loss -= density[lane];
        if (!isfinite(density[lane]) && total->bad == SIZE_MAX)
            total->bad = sample(e, s, done + lane);
    }
    if (!back)
        return;
    double *adjoint = nsde_workspace_output_adjoint(w, 0);
    for (size_t lane = 0; lane < nsde_workspace_stride(w); lane++)
        adjoint[lane] = lane < paths ? -1.0 / (double)s->count : 0.0;
    nsde_reverse(w, paths);
}

static void run_group(const euler *e, const span *s, size_t group, size_t size, nsde_workspace *w, bool back,
                      partial *total)
{
    const size_t end = (group + 1) * size < s->count ? (group + 1) * size : s->count;
    *total = (partial){.bad = SIZE_MAX};
    if (back)
        nsde_workspace_clear_adjoint(w);
    for (size_t done = group * size, paths; done < end; done += paths) {
        paths = end - done < e->panel ? end - done : e->panel;
        run_panel(e, s, done, paths, w, back, total);
    }
    if (back && e->n_parameters)
        memcpy(e->adjoints + group * e->n_parameters, nsde_workspace_parameter_adjoint(w),
               e->n_parameters * sizeof(double));
}

/* Groups of whole panels, as many transitions in each. */
static size_t group_size(const euler *e, size_t count)
{
    const size_t panels = (count - 1) / e->panel + 1;
    return ((panels - 1) / GROUPS + 1) * e->panel;
}

static nsde_status run(const euler *e, const span *s, const double *parameters, double *loss,
                       double *gradient)
{
    partial sums[GROUPS];
    const size_t size = group_size(e, s->count), groups = (s->count - 1) / size + 1;
    const size_t threads = e->n_threads < groups ? e->n_threads : groups;
    nsde_status status = nsde_model_check_parameters(e->model, parameters);
    if (status)
        return status;
#pragma omp parallel num_threads((int)threads) if (threads > 1)
    {
        nsde_workspace *w = e->workspaces[omp_get_thread_num()];
        if (e->n_parameters)
            memcpy(nsde_workspace_parameters(w), parameters, e->n_parameters * sizeof(double));
        nsde_workspace_prepare(w);
#pragma omp for schedule(dynamic)
        for (size_t group = 0; group < groups; group++)
            run_group(e, s, group, size, w, gradient != NULL, &sums[group]);
    }
    *loss = 0.0;
    for (size_t group = 0; group < groups; group++) {
        const size_t bad = sums[group].bad;
        if (bad != SIZE_MAX)
            return nsde_fail(NSDE_DIVERGED, "the log density of the transition from t = %g on is not finite",
                             e->steps.t[bad]);
        *loss += sums[group].loss / (double)s->count;
    }
    if (gradient && e->n_parameters)
        memset(gradient, 0, e->n_parameters * sizeof(double));
    for (size_t group = 0; gradient && group < groups; group++)
        for (size_t k = 0; k < e->n_parameters; k++)
            gradient[k] += e->adjoints[group * e->n_parameters + k];
    return NSDE_OK;
}

/* ---- the objective ---- */

static nsde_status evaluate(void *context, uint64_t position, const double *parameters, double *loss,
                            double *gradient)
{
    const euler *e = context;
    const bool all = e->batch == e->n;
    return run(e, &(span){e->batch, all ? 0 : position, !all}, parameters, loss, gradient);
}

static nsde_status validate(void *context, const double *parameters, double *loss)
{
    const euler *e = context;
    return run(e, &(span){e->steps.n - e->n, e->n, false}, parameters, loss, NULL);
}

static void constrain(void *context, const double *before, double *parameters)
{
    nsde_constrain_to_bounds(((const euler *)context)->model, before, parameters);
}

static void destroy(void *context)
{
    euler *e = context;
    for (size_t i = 0; e->workspaces && i < e->n_threads; i++)
        nsde_workspace_destroy(e->workspaces[i]);
    nsde_free(e->workspaces);
    nsde_free(e->adjoints);
    nsde_program_destroy(e->program);
    nsde_steps_destroy(&e->steps);
    nsde_free(e);
}

/* ---- making it ---- */

static nsde_status compile(euler *e)
{
    const size_t dim = e->steps.dim;
    nsde_tape *tape;
    nsde_transition step = {0};
    nsde_status status = nsde_tape_create(&tape);
    if (status)
        return status;
    step.from = (nsde_at){.tape = tape, .x = nsde_input_passive(tape, dim), .dim = dim};
    step.x_next = nsde_input_passive(tape, dim);
    step.from.t = nsde_input_passive(tape, 1);
    step.h = nsde_input_passive(tape, 1);
    if (e->steps.n_inputs)
        step.from.u = nsde_input_passive(tape, e->steps.n_inputs);
    step.from.p = nsde_model_record_parameters(e->model, tape);
    const nsde_var density = nsde_euler_log_density(e->model, &step);
    status = nsde_program_create(tape, 1, &density, &e->program);
    nsde_tape_destroy(tape);
    return status;
}

static nsde_status check(const nsde_model *model, const nsde_transition_settings *settings)
{
    const nsde_model_definition *d = nsde_model_describe(model);
    NSDE_TRANSITION_SETTINGS(NSDE_SETTING_CHECK)
    if (d->calculus != NSDE_ITO && d->noise != NSDE_NOISE_ADDITIVE)
        return nsde_fail(NSDE_UNSUPPORTED, "model %s is meant as Stratonovich, not as Ito", d->name);
    if (d->noise_dim < d->dim)
        return nsde_fail(NSDE_UNSUPPORTED,
                         "model %s has %zu noises for %zu states: its transitions have no density", d->name,
                         d->noise_dim, d->dim);
    return NSDE_OK;
}

/* Divides the transitions, and makes what running them takes. */
static nsde_status prepare(euler *e)
{
    void *workspaces, *adjoints = NULL;
    size_t numbers;
    const size_t held = (size_t)(e->settings.held_out * (double)e->steps.n);
    e->n = e->steps.n - held;
    e->batch = e->settings.batch < e->n ? e->settings.batch : e->n;
    e->panel = nsde_program_panel(e->program, NSDE_REVERSE);
    e->panel = e->panel < e->batch ? e->panel : e->batch;
    e->n_groups = (e->batch - 1) / group_size(e, e->batch) + 1;
    const size_t threads = e->settings.threads ? (size_t)e->settings.threads : (size_t)omp_get_num_procs();
    e->n_threads = threads < GROUPS ? threads : GROUPS;
    if (!nsde_size_mul(e->n_groups, e->n_parameters, &numbers))
        return nsde_fail(NSDE_OVERFLOW, "%zu parameters overflow the size of memory", e->n_parameters);
    nsde_status status = nsde_alloc(e->n_threads, sizeof(nsde_workspace *), "threads", &workspaces);
    e->workspaces = workspaces;
    if (!status)
        status = nsde_alloc(numbers, sizeof(double), "gradient", &adjoints);
    e->adjoints = adjoints;
    for (size_t i = 0; i < e->n_threads && !status; i++)
        status = nsde_workspace_create(e->program, e->panel, NSDE_REVERSE, &e->workspaces[i]);
    return status;
}

static uint64_t identify(const euler *e)
{
    const uint64_t numbers[] = {e->steps.n, e->n, e->settings.seed};
    uint64_t sum = nsde_checksum(nsde_model_identity(e->model), numbers, sizeof numbers);
    const double *const vectors[] = {e->steps.t, e->steps.h};
    for (int i = 0; i < 2; i++)
        sum = nsde_checksum(sum, vectors[i], e->steps.n * sizeof(double));
    sum = nsde_checksum(sum, e->steps.u, e->steps.n_inputs * e->steps.n * sizeof(double));
    sum = nsde_checksum(sum, e->steps.x, e->steps.dim * e->steps.n * sizeof(double));
    return nsde_checksum(sum, e->steps.next, e->steps.dim * e->steps.n * sizeof(double));
}

nsde_status nsde_training_transitions(const nsde_model *model, const nsde_series *series,
                                      const nsde_transition_settings *settings, nsde_training *training)
{
    void *memory;
    if (!training || !model || !series || !settings)
        return nsde_fail(NSDE_INVALID,
                         "nsde_training_transitions: a model, a series, settings and a place for "
                         "the result are needed");
    *training = (nsde_training){0};
    nsde_status status = check(model, settings);
    if (!status)
        status = nsde_alloc(1, sizeof(euler), "training", &memory);
    if (status)
        return status;
    euler *e = memory;
    *e = (euler){.model = model, .settings = *settings};
    e->n_parameters = nsde_model_describe(model)->n_parameters;
    status = nsde_steps_create(model, series, &e->steps);
    if (!status)
        status = compile(e);
    if (!status)
        status = prepare(e);
    if (status) {
        destroy(e);
        return status;
    }
    *training = (nsde_training){.n_parameters = e->n_parameters,
                                .batch = e->batch,
                                .identity = identify(e),
                                .evaluate = evaluate,
                                .validate = e->n < e->steps.n ? validate : NULL,
                                .constrain = constrain,
                                .destroy = destroy,
                                .context = e,
                                .deterministic = e->batch == e->n};
    return NSDE_OK;
}
