/* The self-check: the engine's gradient against differences on the same paths.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <string.h>

#include "estimate/estimate.h"
#include "model/inputs.h"

/* What is compared, in one block of memory. */
typedef struct comparison {
    const nsde_estimate_problem *problem;
    size_t n, n_parameters, paths;
    nsde_tangents *values;
    double *gradient, *difference, *point; /* [n] */
    double *loss;                          /* [paths] */
} comparison;

static nsde_status mean_loss(const comparison *c, double *mean)
{
    double sum = 0.0;
    const nsde_status status = nsde_tangents_run(c->values, c->point, c->point + c->n_parameters, 0,
                                                 &(nsde_tangents_result){.loss = c->loss});
    for (size_t i = 0; i < c->paths; i++)
        sum += c->loss[i];
    *mean = sum / (double)c->paths;
    return status;
}

/* A central difference of fourth order, within the bounds of the parameter. */
static nsde_status difference(const comparison *c, size_t k, double relative, double *result)
{
    static const double at[] = {-2.0, -1.0, 1.0, 2.0}, by[] = {1.0, -8.0, 8.0, -1.0};
    const double before = c->point[k];
    double h = relative * fmax(fabs(before), 0.01);
    nsde_status status = NSDE_OK;
    if (k < c->n_parameters) {
        const nsde_parameter_definition *p = &nsde_model_describe(c->problem->model)->parameters[k];
        h = fmin(h, 0.25 * fmin(before - p->lower, p->upper - before));
    }
    *result = 0.0;
    for (int i = 0; i < 4 && !status; i++) {
        double mean;
        c->point[k] = before + at[i] * h;
        status = mean_loss(c, &mean);
        *result += by[i] * mean / (12.0 * h);
    }
    c->point[k] = before;
    return status;
}

/* The difference that comes nearest to the gradient: a long step is the most accurate, but one that takes
 * some path over a kink of the loss is wrong, which shorter steps are less and less. */
static nsde_status differentiate(const comparison *c, size_t k)
{
    static const double steps[] = {1e-3, 3e-5, 1e-6};
    nsde_status status = NSDE_OK;
    for (int i = 0; i < 3 && !status; i++) {
        double d;
        status = difference(c, k, steps[i], &d);
        if (i == 0 || fabs(d - c->gradient[k]) < fabs(c->difference[k] - c->gradient[k]))
            c->difference[k] = d;
    }
    return status;
}

static nsde_status run_engine(const comparison *c, const nsde_gradient_settings *settings)
{
    nsde_gradient *engine;
    const nsde_gradient_point point = {.parameters = c->problem->parameters, .x0 = c->problem->x0};
    nsde_status status = nsde_gradient_create(c->problem->model, c->problem->loss, settings, &engine);
    if (!status)
        status = nsde_gradient_evaluate(
            engine, &point,
            &(nsde_gradient_result){.parameters = c->gradient, .x0 = c->gradient + c->n_parameters});
    nsde_gradient_destroy(engine);
    return status;
}

static nsde_gradient_agreement compare(const comparison *c, double tolerance)
{
    nsde_gradient_agreement a = {0};
    double largest = 0.0;
    for (size_t k = 0; k < c->n; k++)
        largest = fmax(largest, fmax(fabs(c->gradient[k]), fabs(c->difference[k])));
    for (size_t k = 0; k < c->n; k++) {
        const double size = fmax(fmax(fabs(c->gradient[k]), fabs(c->difference[k])), 1e-3 * largest);
        const double gap = fabs(c->gradient[k] - c->difference[k]);
        const double disagreement = gap > 0.0 ? gap / (tolerance * size) : 0.0;
        a.n_disagree += disagreement > 1.0;
        if (k == 0 || disagreement > a.disagreement)
            a = (nsde_gradient_agreement){k, c->gradient[k], c->difference[k], disagreement, a.n_disagree};
    }
    return a;
}

static nsde_status run(comparison *c, const nsde_gradient_settings *settings, double tolerance,
                       nsde_gradient_agreement *agreement)
{
    char name[64];
    nsde_status status = run_engine(c, settings);
    if (!status)
        status = nsde_tangents_create(
            &(nsde_tangents_settings){.model = c->problem->model, .loss = c->problem->loss, .run = settings},
            &c->values);
    for (size_t k = 0; k < c->n && !status; k++)
        status = differentiate(c, k);
    if (status)
        return status;
    const nsde_gradient_agreement a = compare(c, tolerance);
    if (agreement)
        *agreement = a;
    nsde_estimate_name(c->problem->model, a.worst, sizeof name, name);
    if (a.n_disagree)
        return nsde_fail(
            NSDE_DIVERGED,
            "model %s: the derivative of the loss by %s is %.9g by the reverse sweep and %.9g by "
            "differences on the same paths; %zu of %zu derivatives disagree",
            nsde_model_describe(c->problem->model)->name, name, a.gradient, a.difference, a.n_disagree, c->n);
    return NSDE_OK;
}

nsde_status nsde_gradient_check(const nsde_estimate_problem *problem, const nsde_gradient_settings *settings,
                                double tolerance, nsde_gradient_agreement *agreement)
{
    void *memory;
    nsde_brownian *grid = NULL;
    if (!problem || !problem->model || !problem->loss || !problem->loss->record || !problem->x0 || !settings)
        return nsde_fail(
            NSDE_INVALID,
            "nsde_gradient_check: a model, a recorded loss, initial states and settings are needed");
    const nsde_model_definition *d = nsde_model_describe(problem->model);
    comparison c = {.problem = problem, .n_parameters = d->n_parameters, .n = d->n_parameters + d->dim};
    nsde_gradient_settings run_settings = *settings;
    c.paths = settings->paths;
    nsde_status status = nsde_model_refuse_inputs(problem->model, "this check does");
    if (!status)
        status = nsde_model_check_parameters(problem->model, problem->parameters);
    if (!status && !settings->integrator)
        status = nsde_integrator_find("euler_maruyama", &run_settings.integrator);
    if (!status && !settings->noise) {
        status = nsde_brownian_grid(settings->seed, d->noise_dim, &grid);
        run_settings.noise = grid;
    }
    if (!status)
        status = nsde_alloc(3 * c.n + c.paths, sizeof(double), "comparison", &memory);
    if (!status) {
        c.gradient = memory;
        c.difference = c.gradient + c.n;
        c.point = c.difference + c.n;
        c.loss = c.point + c.n;
        if (d->n_parameters)
            memcpy(c.point, problem->parameters, d->n_parameters * sizeof(double));
        memcpy(c.point + d->n_parameters, problem->x0, d->dim * sizeof(double));
        status = run(&c, &run_settings, tolerance > 0.0 ? tolerance : 1e-6, agreement);
        nsde_tangents_destroy(c.values);
        nsde_free(memory);
    }
    nsde_brownian_destroy(grid);
    return status;
}
