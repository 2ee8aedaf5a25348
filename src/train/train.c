/* The training loop. A layer of its own above gradient and fit, for it serves objectives of both kinds:
 * simulated paths and observed transitions.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <string.h>

#include "core/settings.h"
#include "io/checksum.h"
#include "train/checkpoint.h"

/* A training at work. */
typedef struct work {
    const nsde_training *training;
    const nsde_train_settings *settings;
    nsde_train_memory state;
    double *gradient, *before, *allowed; /* [n] */
    double loss;                         /* at the parameters, as the gradient is, where that is known */
    bool known, converged;
    nsde_arena arena;
} work;

void nsde_training_destroy(nsde_training *training)
{
    if (!training)
        return;
    if (training->destroy)
        training->destroy(training->context);
    *training = (nsde_training){0};
}

nsde_train_settings nsde_train_settings_default(void)
{
    return (nsde_train_settings){
#define NSDE_SETTING_DEFAULT(type, name, standard, least, most, doc) .name = (standard),
        NSDE_TRAIN_SETTINGS(NSDE_SETTING_DEFAULT)
#undef NSDE_SETTING_DEFAULT
            .optimiser = nsde_optimiser_settings_default(),
    };
}

const char *nsde_train_outcome_text(nsde_train_outcome outcome)
{
    switch (outcome) {
    case NSDE_TRAIN_LIMIT:
        return "all steps were made";
    case NSDE_TRAIN_PATIENCE:
        return "the held-out loss has not improved for long";
    case NSDE_TRAIN_CONVERGED:
        return "no step lowers the loss any more";
    case NSDE_TRAIN_DIVERGED:
        return "a loss or a gradient was not finite";
    case NSDE_TRAIN_CANCELLED:
        return "cancelled";
    }
    return "unknown outcome";
}

static nsde_status check(const nsde_training *training, const nsde_train_settings *settings,
                         const double *parameters, const nsde_train_result *result)
{
    if (!training || !training->evaluate || !settings || !parameters || !result)
        return nsde_fail(NSDE_INVALID,
                         "nsde_train_run: an objective, settings, parameters and a place for the "
                         "result are needed");
    NSDE_TRAIN_SETTINGS(NSDE_SETTING_CHECK)
    if (settings->patience && !training->validate)
        return nsde_fail(NSDE_INVALID, "patience needs a held-out loss, and there is none");
    if (settings->method && settings->method->search && !training->deterministic)
        return nsde_fail(
            NSDE_INVALID,
            "%s needs an objective that is the same in every step: all transitions in one batch, "
            "or noise that is given",
            settings->method->name);
    if (training->clip && !nsde_neural_net(training->clip, 0))
        return nsde_fail(NSDE_INVALID, "weights are to be clipped, but model %s has no networks",
                         nsde_model_describe(training->clip)->name);
    for (size_t i = 0; i < training->n_parameters; i++)
        if (!isfinite(parameters[i]))
            return nsde_fail(NSDE_INVALID, "parameter %zu is %g", i, parameters[i]);
    return NSDE_OK;
}

/* ---- what a checkpoint must agree with ---- */

static uint64_t mix_word(uint64_t sum, uint64_t word)
{
    return nsde_checksum(sum, &word, sizeof word);
}

static uint64_t mix_number(uint64_t sum, double number)
{
    return nsde_checksum(sum, &number, sizeof number);
}

/* All that decides the steps, but for how many there are; and where they begin. */
static uint64_t identify(const nsde_training *t, const nsde_train_settings *s, const nsde_optimiser *o,
                         const double *parameters)
{
    uint64_t sum = mix_word(mix_word(mix_word(t->identity, t->n_parameters), t->batch), t->clip != NULL);
    sum = nsde_checksum(sum, o->method->name, strlen(o->method->name));
    const nsde_optimiser_settings *r = &o->settings;
    const double numbers[] = {r->rate,    r->momentum,     r->beta1,     r->beta2,
                              r->epsilon, r->weight_decay, r->clip_norm, r->final_rate};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        sum = mix_number(sum, numbers[i]);
    sum = mix_word(sum, (uint64_t)r->schedule);
    sum = mix_word(sum, r->schedule == NSDE_SCHEDULE_CONSTANT ? 0 : r->horizon);
    sum = mix_word(mix_word(sum, t->validate ? s->validate_every : 0), s->patience);
    return nsde_checksum(sum, parameters, t->n_parameters * sizeof *parameters);
}

static nsde_status begin(work *w, const double *parameters, bool *resumed)
{
    enum { VECTORS = 5 };
    const nsde_training *t = w->training;
    const nsde_train_settings *s = w->settings;
    nsde_train_memory *m = &w->state;
    nsde_optimiser_settings optimiser = s->optimiser;
    size_t total = 0;
    bool fits = true;
    *resumed = false;
    if (!optimiser.horizon)
        optimiser.horizon = s->iterations ? s->iterations : 1;
    *m = (nsde_train_memory){.n = t->n_parameters, .loss = NAN, .held_out = NAN, .best = NAN};
    for (int i = 0; i < VECTORS; i++)
        fits = fits && nsde_arena_plan(m->n, sizeof(double), &total);
    if (!fits)
        return nsde_fail(NSDE_OVERFLOW, "%zu parameters overflow the size of memory", m->n);
    nsde_status status = nsde_arena_create(total, "training", &w->arena);
    if (!status)
        status = nsde_optimiser_create(s->method, &optimiser, m->n, &m->optimiser);
    if (status)
        return status;
    double **vectors[VECTORS] = {&m->parameters, &m->best_parameters, &w->gradient, &w->before, &w->allowed};
    for (int i = 0; i < VECTORS; i++)
        *vectors[i] = nsde_arena_take(&w->arena, m->n, sizeof(double));
    memcpy(m->parameters, parameters, m->n * sizeof *parameters);
    memcpy(m->best_parameters, parameters, m->n * sizeof *parameters);
    m->identity = identify(t, s, m->optimiser, parameters);
    return s->checkpoint ? nsde_checkpoint_read(m, s->checkpoint, resumed) : NSDE_OK;
}

/* ---- steps ---- */

static void constrain(const nsde_training *t, const double *before, double *parameters)
{
    if (t->constrain)
        t->constrain(t->context, before, parameters);
    if (t->clip)
        nsde_neural_clip(t->clip, parameters);
}

/* The objective along a line: where parameters may not be is a step too far. */
static nsde_status look(void *context, const double *x, double *value, double *gradient)
{
    const work *w = context;
    const nsde_training *t = w->training;
    const size_t size = w->state.n * sizeof *x;
    memcpy(w->allowed, x, size);
    if (t->constrain)
        t->constrain(t->context, w->before, w->allowed);
    const bool allowed = memcmp(w->allowed, x, size) == 0;
    nsde_status status =
        allowed ? t->evaluate(t->context, w->state.position, x, value, gradient) : NSDE_DIVERGED;
    if (status == NSDE_DIVERGED) {
        *value = INFINITY;
        memset(gradient, 0, size);
        status = NSDE_OK;
    }
    return status;
}

/* One step; the state is as before where it fails. */
static nsde_status step(work *w)
{
    const nsde_training *t = w->training;
    nsde_train_memory *m = &w->state;
    const size_t size = m->n * sizeof(double);
    const bool searches = m->optimiser->method->search;
    bool found = true;
    nsde_status status = NSDE_OK;
    if (!w->known)
        status = t->evaluate(t->context, m->position, m->parameters, &w->loss, w->gradient);
    if (!status && !isfinite(w->loss))
        status = nsde_fail(NSDE_DIVERGED, "the loss is %g", w->loss);
    if (status)
        return status;
    memcpy(w->before, m->parameters, size);
    status = searches
                 ? nsde_optimiser_search(m->optimiser, look, w, &w->loss, w->gradient, m->parameters, &found)
                 : nsde_optimiser_advance(m->optimiser, w->gradient, m->parameters);
    if (status)
        return status;
    w->converged = !found;
    memcpy(w->allowed, m->parameters, size);
    constrain(t, w->before, m->parameters);
    w->known = searches && memcmp(w->allowed, m->parameters, size) == 0;
    m->loss = w->loss;
    m->position += found ? t->batch : 0;
    m->iteration += found;
    return NSDE_OK;
}

static nsde_status validate(work *w)
{
    const nsde_training *t = w->training;
    nsde_train_memory *m = &w->state;
    double loss;
    nsde_status status = t->validate(t->context, m->parameters, &loss);
    if (!status && !isfinite(loss))
        status = nsde_fail(NSDE_DIVERGED, "the held-out loss is %g", loss);
    if (status)
        return status;
    m->held_out = loss;
    if (isnan(m->best) || loss < m->best) {
        m->best = loss;
        m->best_iteration = m->iteration;
        m->worse = 0;
        memcpy(m->best_parameters, m->parameters, m->n * sizeof(double));
    } else {
        m->worse++;
    }
    return NSDE_OK;
}

/* A step, the look at the held-out loss and the report on them; false ends the training. */
static nsde_status advance(work *w, bool *cancelled)
{
    const nsde_train_settings *s = w->settings;
    nsde_train_memory *m = &w->state;
    const double rate = nsde_optimiser_rate(m->optimiser);
    nsde_status status = step(w);
    if (status || w->converged)
        return status;
    const bool looks = w->training->validate && m->iteration % s->validate_every == 0;
    if (looks)
        status = validate(w);
    if (status)
        return status;
    const nsde_train_state shown = {.iteration = m->iteration,
                                    .loss = m->loss,
                                    .rate = rate,
                                    .validated = looks,
                                    .held_out = m->held_out,
                                    .parameters = m->parameters};
    *cancelled = s->progress && !s->progress(s->progress_context, &shown);
    return NSDE_OK;
}

static bool is_over(const work *w, bool cancelled, nsde_train_outcome *outcome)
{
    const nsde_train_settings *s = w->settings;
    const bool patience = s->patience && w->state.worse >= s->patience;
    const bool limit = w->state.iteration >= s->iterations;
    *outcome = patience       ? NSDE_TRAIN_PATIENCE
               : w->converged ? NSDE_TRAIN_CONVERGED
               : cancelled    ? NSDE_TRAIN_CANCELLED
                              : NSDE_TRAIN_LIMIT;
    return patience || w->converged || cancelled || limit;
}

static nsde_status save(const work *w)
{
    return w->settings->checkpoint ? nsde_checkpoint_write(&w->state, w->settings->checkpoint) : NSDE_OK;
}

/* The beginning counts as well: no training may end in something worse. */
static nsde_status look_first(work *w)
{
    const nsde_train_memory *m = &w->state;
    return w->training->validate && m->iteration == 0 && isnan(m->best) ? validate(w) : NSDE_OK;
}

/* Where a number is not finite the last checkpoint stays: the state is no good to go on from. */
static nsde_status run(work *w, nsde_train_outcome *outcome)
{
    bool cancelled = false;
    nsde_status status = look_first(w);
    while (!status && !is_over(w, cancelled, outcome)) {
        status = advance(w, &cancelled);
        if (!status && w->state.iteration % w->settings->save_every == 0)
            status = save(w);
    }
    if (status == NSDE_DIVERGED) {
        *outcome = NSDE_TRAIN_DIVERGED;
        return NSDE_OK;
    }
    return status ? status : save(w);
}

nsde_status nsde_train_run(const nsde_training *training, const nsde_train_settings *settings,
                           double *parameters, nsde_train_result *result)
{
    work w = {.training = training, .settings = settings};
    nsde_train_outcome outcome = NSDE_TRAIN_LIMIT;
    bool resumed = false;
    nsde_status status = check(training, settings, parameters, result);
    if (status)
        return status;
    status = begin(&w, parameters, &resumed);
    const nsde_train_memory *m = &w.state;
    const uint64_t before = resumed ? m->iteration : 0;
    if (!status)
        status = run(&w, &outcome);
    if (!status) {
        const double *found = isnan(m->best) ? m->parameters : m->best_parameters;
        memcpy(parameters, found, m->n * sizeof *parameters);
        *result =
            (nsde_train_result){outcome, m->iteration, isnan(m->best) ? m->iteration : m->best_iteration,
                                before,  m->loss,      m->best};
    }
    nsde_optimiser_destroy(w.state.optimiser);
    nsde_arena_destroy(&w.arena);
    return status;
}
