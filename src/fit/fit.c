/* A fit from settings to result: starts, attempts, and the best of them.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <string.h>
#include <time.h>

#include "core/settings.h"
#include "fit/inference.h"
#include "fit/objective.h"
#include "fit/search.h"
#include "fit/transform.h"

nsde_fit_settings nsde_fit_settings_default(void)
{
    return (nsde_fit_settings){
#define NSDE_SETTING_DEFAULT(type, name, standard, least, most, doc) .name = standard,
        NSDE_FIT_SETTINGS(NSDE_SETTING_DEFAULT)
#undef NSDE_SETTING_DEFAULT
            .likelihood = nsde_likelihood_settings_default()};
}

const char *nsde_fit_outcome_text(nsde_fit_outcome outcome)
{
    switch (outcome) {
#define NSDE_FIT_OUTCOME_CASE(name, text)                                                                    \
    case NSDE_FIT_##name:                                                                                    \
        return text;
        NSDE_FIT_OUTCOME_LIST(NSDE_FIT_OUTCOME_CASE)
#undef NSDE_FIT_OUTCOME_CASE
    }
    return "unknown outcome";
}

/* What a fit works with while it runs. */
typedef struct fitting {
    const nsde_model *model;
    const nsde_model_definition *definition;
    const nsde_fit_settings *settings;
    nsde_likelihood *likelihood;
    nsde_search search;
    size_t n;            /* parameters, fixed ones included */
    bool *is_fixed;      /* [n] */
    double *guess;       /* [n] the model's estimate, with the fixed values */
    double *start;       /* [n] that, with the values that the caller begins at */
    double *tried;       /* [n] where an attempt begins */
    double *best;        /* [n] the best end of an attempt so far */
    bool *best_at_bound; /* [n] */
    double best_f, best_decrement;
    nsde_fit_outcome outcome;
    size_t attempts;
    nsde_arena arena;
} fitting;

static nsde_status check_settings(const nsde_fit_settings *settings)
{
    NSDE_FIT_SETTINGS(NSDE_SETTING_CHECK)
    if ((settings->n_fixed && !settings->fixed) || (settings->n_start && !settings->start))
        return nsde_fail(NSDE_INVALID, "fixed or start is NULL");
    return NSDE_OK;
}

static nsde_status fitting_create(fitting *f, const nsde_model *model, const nsde_fit_settings *settings)
{
    *f = (fitting){.model = model, .settings = settings, .definition = nsde_model_describe(model)};
    const size_t n = f->n = f->definition->n_parameters;
    size_t total = 0;
    if (n > 64) /* as many as tangents can be recorded at a time */
        return nsde_fail(NSDE_UNSUPPORTED,
                         "model %s has %zu parameters; a fit with an exact Hessian admits 64",
                         f->definition->name, n);
    for (int i = 0; i < 4; i++)
        (void)nsde_arena_plan(n, sizeof(double), &total);
    (void)nsde_arena_plan(n, sizeof(bool), &total);
    (void)nsde_arena_plan(n, sizeof(bool), &total);
    const nsde_status status = nsde_arena_create(total, "fit", &f->arena);
    if (status)
        return status;
    double **blocks[] = {&f->guess, &f->start, &f->tried, &f->best};
    for (int i = 0; i < 4; i++)
        *blocks[i] = nsde_arena_take(&f->arena, n, sizeof(double));
    f->is_fixed = nsde_arena_take(&f->arena, n, sizeof(bool));
    f->best_at_bound = nsde_arena_take(&f->arena, n, sizeof(bool));
    return NSDE_OK;
}

static void fitting_destroy(fitting *f)
{
    nsde_search_destroy(&f->search);
    nsde_likelihood_destroy(f->likelihood);
    nsde_arena_destroy(&f->arena);
}

/* A value of the caller's for a parameter, within its bounds. */
static nsde_status look_up(const fitting *f, const nsde_assignment *a, size_t *number)
{
    const nsde_status status = a->name ? nsde_model_parameter(f->model, a->name, number)
                                       : nsde_fail(NSDE_INVALID, "a parameter to fix or start has no name");
    if (status)
        return status;
    const nsde_parameter_definition *p = &f->definition->parameters[*number];
    if (!(a->value > p->lower && a->value < p->upper))
        return nsde_fail(NSDE_INVALID, "model %s: parameter %s = %g is outside its bounds (%g, %g)",
                         f->definition->name, p->name, a->value, p->lower, p->upper);
    return NSDE_OK;
}

/* The model's estimate, kept within the bounds; what it cannot tell begins where the definition says. */
static void guess(fitting *f)
{
    for (size_t i = 0; i < f->n; i++)
        f->guess[i] = f->definition->parameters[i].start;
    if (f->definition->start)
        f->definition->start(nsde_likelihood_observations(f->likelihood), f->guess);
    for (size_t i = 0; i < f->n; i++) {
        const nsde_parameter_definition *p = &f->definition->parameters[i];
        if (!(f->guess[i] > p->lower && f->guess[i] < p->upper) || !isfinite(f->guess[i]))
            f->guess[i] = p->start;
    }
}

static nsde_status set_starts(fitting *f)
{
    const nsde_fit_settings *settings = f->settings;
    size_t number;
    guess(f);
    for (size_t i = 0; i < settings->n_fixed; i++) {
        const nsde_status status = look_up(f, &settings->fixed[i], &number);
        if (status)
            return nsde_fail_within(status, "fixed");
        f->is_fixed[number] = true;
        f->guess[number] = settings->fixed[i].value;
    }
    memcpy(f->start, f->guess, f->n * sizeof(double));
    for (size_t i = 0; i < settings->n_start; i++) {
        const nsde_status status = look_up(f, &settings->start[i], &number);
        if (status)
            return nsde_fail_within(status, "start");
        if (f->is_fixed[number])
            return nsde_fail(NSDE_INVALID, "parameter %s is both fixed and given a start",
                             settings->start[i].name);
        f->start[number] = settings->start[i].value;
    }
    return NSDE_OK;
}

/* Data that cannot have a maximum: fewer transitions than parameters, or no motion at all. */
static nsde_status check_data(const fitting *f)
{
    const nsde_observations *data = nsde_likelihood_observations(f->likelihood);
    bool moves = false;
    for (size_t i = 1; i < data->n; i++)
        moves = moves || data->values[i] != data->values[0];
    if (!moves)
        return nsde_fail(NSDE_INVALID, "all %zu observations are equal: their likelihood has no maximum",
                         data->n);
    if (data->n - 1 < f->search.n)
        return nsde_fail(NSDE_INVALID, "%zu transitions cannot determine %zu parameters", data->n - 1,
                         f->search.n);
    return NSDE_OK;
}

/* Digits of k in base b, mirrored at the point: evenly spread over 0 … 1 (van der Corput 1935). */
static double mirrored(size_t k, size_t b)
{
    double result = 0.0, place = 1.0;
    for (; k; k /= b)
        result += (double)(k % b) * (place /= (double)b);
    return result;
}

/* Where attempt k begins: the caller's start, the model's estimate, then points spread around that. */
static void choose_start(fitting *f, size_t k)
{
    static const size_t bases[] = {2, 3, 5, 7, 11, 13};
    memcpy(f->tried, k ? f->guess : f->start, f->n * sizeof(double));
    for (size_t i = 0; i < f->n && k > 1; i++) {
        const nsde_parameter_definition *p = &f->definition->parameters[i];
        const double shift = 6.0 * (mirrored(k - 1, bases[i % 6]) - 0.5), value = f->guess[i];
        if (f->is_fixed[i])
            continue;
        if (nsde_transform_is_identity(p))
            f->tried[i] = value + shift * 0.5 * fmax(fabs(value), fabs(p->start));
        else
            f->tried[i] = nsde_transform_from(p, nsde_transform_to(p, value) + shift).value;
    }
}

/* One search; false where its start has no likelihood. */
static bool attempt(fitting *f, nsde_fit_outcome *outcome)
{
    nsde_search *s = &f->search;
    s->attempt = 0;
    memset(s->at_bound, 0, s->n * sizeof(bool));
    for (size_t k = 0; k < s->n; k++)
        s->at.u[k] = nsde_transform_to(&f->definition->parameters[s->free[k]], f->tried[s->free[k]]);
    f->attempts++;
    if (!nsde_search_evaluate(s, &s->at, 2))
        return false;
    *outcome = NSDE_FIT_CONVERGED;
    if (!s->n)
        return true;
    nsde_search_approach(s);
    *outcome = nsde_search_newton(s);
    return true;
}

/* Keeps the end of an attempt if it is the best so far. Returns whether it is where the best was before. */
static bool keep(fitting *f, nsde_fit_outcome outcome)
{
    const nsde_search *s = &f->search;
    const double gain = f->best_f - s->at.f;
    const bool same = fabs(gain) <= 1e-6;
    if (!(gain > 1e-6) && !(same && outcome == NSDE_FIT_CONVERGED))
        return same;
    f->best_f = s->at.f;
    f->best_decrement = s->decrement;
    f->outcome = outcome;
    memcpy(f->best, f->start, f->n * sizeof(double));
    for (size_t k = 0; k < s->n; k++) {
        const size_t i = s->free[k];
        f->best[i] = nsde_transform_from(&f->definition->parameters[i], s->at.u[k]).value;
        f->best_at_bound[i] = s->at_bound[k];
    }
    return same;
}

/* Attempts until one ends in a clean maximum, or a second time in the best there is. */
static nsde_status search(fitting *f)
{
    bool found = false;
    const bool begun = f->settings->n_start > 0 || !f->definition->start;
    f->best_f = INFINITY;
    for (size_t k = 0; k <= (size_t)f->settings->restarts && !f->search.cancelled; k++) {
        nsde_fit_outcome outcome;
        if (k == 1 && !begun)
            continue; /* the caller's start was the model's estimate */
        choose_start(f, k);
        if (!attempt(f, &outcome))
            continue;
        found = true;
        if (keep(f, outcome) || f->outcome == NSDE_FIT_CONVERGED)
            break;
    }
    if (!found)
        return nsde_fail_within(NSDE_DIVERGED, "none of %zu starts has a finite likelihood", f->attempts);
    return NSDE_OK;
}

static nsde_status describe_data(const fitting *f, const nsde_series *series, const nsde_objective *objective,
                                 nsde_fit *fit)
{
    const size_t column = f->settings->likelihood.column;
    const nsde_observations *data = nsde_likelihood_observations(f->likelihood);
    const char *texts[] = {f->definition->name, f->definition->equation,
                           objective->name,     objective->title,
                           series->origin,      series->names ? series->names[column] : NULL,
                           series->time_label};
    char **copies[] = {&fit->model,  &fit->equation, &fit->objective, &fit->objective_title,
                       &fit->origin, &fit->column,   &fit->time_label};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        const nsde_status status = nsde_copy_string(texts[i] ? texts[i] : "", copies[i]);
        if (status)
            return status;
    }
    fit->initial = f->settings->likelihood.initial;
    fit->n_observations = data->n;
    fit->n_missing = series->n - data->n;
    fit->n_terms = nsde_likelihood_terms(f->likelihood);
    fit->span = series->times[nsde_likelihood_row(f->likelihood, data->n - 1)] -
                series->times[nsde_likelihood_row(f->likelihood, 0)];
    return NSDE_OK;
}

static nsde_status report(fitting *f, nsde_fit *fit)
{
    const double n_free = (double)f->search.n;
    fit->n_free = f->search.n;
    fit->level = f->settings->level;
    fit->outcome = f->outcome;
    fit->decrement = f->best_decrement;
    fit->iterations = f->search.iterations;
    fit->evaluations = f->search.evaluations + 1;
    fit->attempts = f->attempts;
    for (size_t i = 0; i < f->n; i++) {
        fit->estimates[i].value = f->best[i];
        fit->estimates[i].fixed = f->is_fixed[i];
        fit->estimates[i].at_bound = f->best_at_bound[i];
    }
    bool definite;
    nsde_status status =
        nsde_likelihood_evaluate(f->likelihood, f->best, &fit->log_likelihood, fit->gradient, fit->hessian);
    if (!status)
        status = nsde_fit_infer(f->model, fit, &definite);
    if (!status)
        status = nsde_fit_reversion(f->model, fit);
    if (!status)
        status = nsde_fit_warn(f->model, definite, fit);
    fit->aic = 2.0 * n_free - 2.0 * fit->log_likelihood;
    fit->bic = n_free * log((double)fit->n_terms) - 2.0 * fit->log_likelihood;
    return status;
}

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static nsde_status run(fitting *f, const nsde_series *series, nsde_fit **fit)
{
    const nsde_objective *objective = f->settings->objective;
    const double begun = seconds();
    nsde_fit *made = NULL;
    if (!objective)
        objective = nsde_objective_standard(f->model);
    nsde_status status =
        nsde_likelihood_create(f->model, objective, series, &f->settings->likelihood, &f->likelihood);
    if (!status)
        status = set_starts(f);
    if (!status)
        status = nsde_search_create(f->likelihood, f->model, f->settings, f->is_fixed, f->start, &f->search);
    if (!status)
        status = check_data(f);
    if (!status)
        status = search(f);
    if (!status)
        status = nsde_fit_allocate(f->model, &made);
    if (!status)
        status = describe_data(f, series, objective, made);
    if (!status)
        status = report(f, made);
    if (status) {
        nsde_fit_destroy(made);
        return status;
    }
    made->seconds = seconds() - begun;
    *fit = made;
    return NSDE_OK;
}

nsde_status nsde_fit_run(const nsde_model *model, const nsde_series *series,
                         const nsde_fit_settings *settings, nsde_fit **fit)
{
    const nsde_fit_settings standard = nsde_fit_settings_default();
    fitting f;
    if (!fit)
        return nsde_fail(NSDE_INVALID, "nsde_fit_run: fit is NULL");
    *fit = NULL;
    if (!model || !series)
        return nsde_fail(NSDE_INVALID, "nsde_fit_run: a model and a series are needed");
    if (!settings)
        settings = &standard;
    nsde_status status = check_settings(settings);
    if (status)
        return status;
    status = fitting_create(&f, model, settings);
    if (!status)
        status = run(&f, series, fit);
    fitting_destroy(&f);
    return status;
}
