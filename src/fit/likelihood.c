/* The log likelihood of a series: one log density for each transition, and perhaps one for the first
 * observation.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <string.h>

#include "core/error.h"
#include "core/memory.h"
#include "fit/terms.h"
#include "fit/transitions.h"
#include "nsde/fit.h"

struct nsde_likelihood {
    const nsde_model *model;
    const nsde_objective *objective;
    nsde_transitions data;
    nsde_observations observations;  /* a view of data */
    nsde_terms transitions, initial; /* initial.n is 0 where the first observation is only conditioned on */
    double *gradient, *hessian;      /* scratch: outputs are written when all went well */
};

nsde_likelihood_settings nsde_likelihood_settings_default(void)
{
    return (nsde_likelihood_settings){.column = 0, .initial = NSDE_INITIAL_FIXED};
}

static nsde_at at_of(const nsde_likelihood *l, nsde_var x, nsde_var t, nsde_var p)
{
    const nsde_model_definition *d = nsde_model_describe(l->model);
    return (nsde_at){.tape = x.tape,
                     .x = x,
                     .t = t,
                     .p = p,
                     .dim = d->dim,
                     .noise_dim = d->noise_dim,
                     .context = d->context};
}

static nsde_var record_transition(const void *context, nsde_var p, const nsde_var inputs[])
{
    const nsde_likelihood *l = context;
    const nsde_transition step = {at_of(l, inputs[0], inputs[3], p), inputs[1], inputs[2]};
    return l->objective->record(l->model, &step);
}

static nsde_var record_initial(const void *context, nsde_var p, const nsde_var inputs[])
{
    const nsde_likelihood *l = context;
    const nsde_at at = at_of(l, inputs[0], inputs[1], p);
    return nsde_model_describe(l->model)->log_stationary(&at);
}

static nsde_status check(const nsde_model *model, const nsde_objective *objective, const nsde_series *series,
                         const nsde_likelihood_settings *settings)
{
    if (!model || !objective || !series || !settings)
        return nsde_fail(NSDE_INVALID, "nsde_likelihood_create: a model, an objective, a series and settings "
                                       "are needed");
    const nsde_model_definition *d = nsde_model_describe(model);
    if (d->dim != 1)
        return nsde_fail(NSDE_UNSUPPORTED, "model %s has %zu states; a likelihood of transitions needs one",
                         d->name, d->dim);
    if (settings->initial != NSDE_INITIAL_FIXED && settings->initial != NSDE_INITIAL_STATIONARY)
        return nsde_fail(NSDE_INVALID, "initial = %d is no law of the first observation",
                         (int)settings->initial);
    if (settings->initial == NSDE_INITIAL_STATIONARY && !d->log_stationary)
        return nsde_fail(NSDE_UNSUPPORTED,
                         "model %s has no log_stationary: the law of the first observation "
                         "can only be left out (fixed)",
                         d->name);
    return nsde_objective_check(objective, model);
}

static nsde_status fill(nsde_likelihood *l, const nsde_series *series,
                        const nsde_likelihood_settings *settings)
{
    const nsde_model_definition *d = nsde_model_describe(l->model);
    const size_t n = d->n_parameters;
    void *memory;
    nsde_status status = nsde_transitions_create(d, series, settings->column, &l->data);
    if (status)
        return status;
    const nsde_transitions *data = &l->data;
    l->observations = (nsde_observations){data->n, data->values, data->gaps};
    l->transitions = (nsde_terms){.n = data->n - 1,
                                  .n_inputs = 4,
                                  .n_parameters = n,
                                  .inputs = {data->values, data->values + 1, data->gaps, data->times}};
    status = nsde_terms_compile(&l->transitions, record_transition, l);
    if (status)
        return nsde_fail_within(status, "model %s, objective %s", d->name, l->objective->name);
    if (settings->initial == NSDE_INITIAL_STATIONARY) {
        l->initial =
            (nsde_terms){.n = 1, .n_inputs = 2, .n_parameters = n, .inputs = {data->values, data->times}};
        status = nsde_terms_compile(&l->initial, record_initial, l);
        if (status)
            return nsde_fail_within(status, "model %s: log_stationary", d->name);
    }
    size_t squares;
    if (!nsde_size_mul(n, l->transitions.second.program ? n + 1 : 1, &squares))
        return nsde_fail(NSDE_OVERFLOW, "a Hessian of %zu parameters overflows the size of memory", n);
    status = nsde_alloc(squares, sizeof(double), "derivatives", &memory);
    l->gradient = memory;
    l->hessian = l->gradient + (status ? 0 : n);
    return status;
}

nsde_status nsde_likelihood_create(const nsde_model *model, const nsde_objective *objective,
                                   const nsde_series *series, const nsde_likelihood_settings *settings,
                                   nsde_likelihood **likelihood)
{
    void *memory;
    if (!likelihood)
        return nsde_fail(NSDE_INVALID, "nsde_likelihood_create: likelihood is NULL");
    *likelihood = NULL;
    nsde_status status = check(model, objective, series, settings);
    if (!status)
        status = nsde_alloc(1, sizeof(nsde_likelihood), "likelihood", &memory);
    if (status)
        return status;
    nsde_likelihood *made = memory;
    made->model = model;
    made->objective = objective;
    status = fill(made, series, settings);
    if (status)
        nsde_likelihood_destroy(made);
    else
        *likelihood = made;
    return status;
}

void nsde_likelihood_destroy(nsde_likelihood *likelihood)
{
    if (!likelihood)
        return;
    nsde_terms_destroy(&likelihood->transitions);
    nsde_terms_destroy(&likelihood->initial);
    nsde_transitions_destroy(&likelihood->data);
    nsde_free(likelihood->gradient);
    nsde_free(likelihood);
}

static nsde_status diverged_at(const nsde_likelihood *l, size_t arrival)
{
    return nsde_fail(NSDE_DIVERGED,
                     "model %s: the log density of row %zu (time %.9g, value %.9g) is not finite",
                     nsde_model_describe(l->model)->name, l->data.rows[arrival] + 1, l->data.times[arrival],
                     l->data.values[arrival]);
}

/* Derivatives are finite, and the mixed ones agree whichever parameter came first, before they are averaged.
 */
static nsde_status check_derivatives(nsde_likelihood *l, bool with_hessian)
{
    const nsde_model_definition *d = nsde_model_describe(l->model);
    const size_t n = d->n_parameters;
    double *h = l->hessian;
    for (size_t i = 0; i < n; i++)
        if (!isfinite(l->gradient[i]))
            return nsde_fail(NSDE_DIVERGED,
                             "model %s: the derivative of the log likelihood by %s is not finite", d->name,
                             d->parameters[i].name);
    for (size_t i = 0; with_hessian && i < n; i++)
        for (size_t j = 0; j <= i; j++) {
            const double scale = sqrt(fabs(h[i * n + i])) * sqrt(fabs(h[j * n + j])) + fabs(h[i * n + j]);
            if (!(fabs(h[i * n + j] - h[j * n + i]) <= 1e-6 * scale) || !isfinite(h[i * n + j]))
                return nsde_fail(NSDE_DIVERGED,
                                 "model %s: the second derivative by %s and %s is lost to rounding or not "
                                 "finite (%.9g, %.9g)",
                                 d->name, d->parameters[i].name, d->parameters[j].name, h[i * n + j],
                                 h[j * n + i]);
            h[i * n + j] = h[j * n + i] = 0.5 * (h[i * n + j] + h[j * n + i]);
        }
    return NSDE_OK;
}

nsde_status nsde_likelihood_evaluate(nsde_likelihood *l, const double *parameters, double *value,
                                     double *gradient, double *hessian)
{
    if (!l || !value)
        return nsde_fail(NSDE_INVALID, "nsde_likelihood_evaluate: a likelihood and a place for its value are "
                                       "needed");
    nsde_status status = nsde_model_check_parameters(l->model, parameters);
    if (status)
        return status;
    const size_t n = l->transitions.n_parameters;
    if (hessian && n > NSDE_HESSIAN_MOST)
        return nsde_fail(NSDE_UNSUPPORTED, "a Hessian of %zu parameters: at most %d are possible", n,
                         (int)NSDE_HESSIAN_MOST);
    const bool second = hessian && n, first = (gradient && n) || second;
    double sum = 0.0;
    memset(l->gradient, 0, n * (second ? n + 1 : 1) * sizeof(double));
    double *g = first ? l->gradient : NULL, *h = second ? l->hessian : NULL;
    if (l->initial.n && nsde_terms_add(&l->initial, parameters, &sum, g, h) < l->initial.n)
        return diverged_at(l, 0);
    const size_t bad = nsde_terms_add(&l->transitions, parameters, &sum, g, h);
    if (bad < l->transitions.n)
        return diverged_at(l, bad + 1);
    status = first ? check_derivatives(l, second) : NSDE_OK;
    if (status)
        return status;
    *value = sum;
    if (gradient)
        memcpy(gradient, l->gradient, n * sizeof(double));
    if (hessian)
        memcpy(hessian, l->hessian, n * n * sizeof(double));
    return NSDE_OK;
}

nsde_status nsde_likelihood_densities(nsde_likelihood *l, const double *parameters, double *terms)
{
    if (!l || !terms)
        return nsde_fail(NSDE_INVALID,
                         "nsde_likelihood_densities: a likelihood and a place for the terms are "
                         "needed");
    const nsde_status status = nsde_model_check_parameters(l->model, parameters);
    if (status)
        return status;
    if (l->initial.n)
        nsde_terms_densities(&l->initial, parameters, terms);
    nsde_terms_densities(&l->transitions, parameters, terms + l->initial.n);
    return NSDE_OK;
}

size_t nsde_likelihood_terms(const nsde_likelihood *likelihood)
{
    return likelihood->initial.n + likelihood->transitions.n;
}

const nsde_observations *nsde_likelihood_observations(const nsde_likelihood *likelihood)
{
    return &likelihood->observations;
}

size_t nsde_likelihood_row(const nsde_likelihood *likelihood, size_t observation)
{
    return likelihood->data.rows[observation];
}
