/* Evaluating on the scales without bounds, and the quasi-Newton search, in coordinates in which the Hessian
 * at the start is the unit matrix: rates of 1e-2 or 5, days or months then look the same.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "fit/search.h"

#include <math.h>
#include <string.h>

#include <gsl/gsl_blas.h>
#include <lapacke.h>

#include "core/error.h"
#include "fit/transform.h"

static nsde_status allocate(nsde_search *s, size_t all)
{
    const size_t n = s->n,
                 sizes[] = {all, all, all * all, n, n, n * n, n, n, n * n, n * n, n, 40 * n + n * n, n};
    enum { BLOCKS = sizeof sizes / sizeof *sizes };
    double **blocks[BLOCKS] = {&s->parameters,    &s->gradient,   &s->hessian, &s->at.u,
                               &s->at.gradient,   &s->at.hessian, &s->trial.u, &s->trial.gradient,
                               &s->trial.hessian, &s->scale,      &s->origin,  &s->work,
                               &s->step};
    size_t total = 0;
    bool fits = nsde_arena_plan(all, sizeof(size_t), &total) && nsde_arena_plan(all, sizeof(bool), &total);
    for (size_t i = 0; i < BLOCKS; i++)
        fits = fits && nsde_arena_plan(sizes[i], sizeof(double), &total);
    if (!fits)
        return nsde_fail(NSDE_OVERFLOW, "a search over %zu parameters overflows the size of memory", all);
    const nsde_status status = nsde_arena_create(total, "search", &s->arena);
    if (status)
        return status;
    s->free = nsde_arena_take(&s->arena, all, sizeof(size_t));
    s->at_bound = nsde_arena_take(&s->arena, all, sizeof(bool));
    for (size_t i = 0; i < BLOCKS; i++)
        *blocks[i] = nsde_arena_take(&s->arena, sizes[i], sizeof(double));
    return NSDE_OK;
}

nsde_status nsde_search_create(nsde_likelihood *likelihood, const nsde_model *model,
                               const nsde_fit_settings *settings, const bool *is_fixed,
                               const double *parameters, nsde_search *search)
{
    nsde_search *s = search;
    *s = (nsde_search){.likelihood = likelihood, .model = nsde_model_describe(model), .settings = settings};
    const size_t all = s->model->n_parameters;
    for (size_t i = 0; i < all; i++)
        s->n += !is_fixed[i];
    nsde_status status = allocate(s, all);
    if (status)
        return status;
    for (size_t i = 0, k = 0; i < all; i++) {
        s->parameters[i] = parameters[i];
        if (!is_fixed[i])
            s->free[k++] = i;
    }
    if (!s->n)
        return NSDE_OK;
    s->minimizer = gsl_multimin_fdfminimizer_alloc(gsl_multimin_fdfminimizer_vector_bfgs2, s->n);
    s->zero = gsl_vector_calloc(s->n);
    if (s->minimizer && s->zero)
        return NSDE_OK;
    nsde_search_destroy(s);
    return nsde_fail(NSDE_NO_MEMORY, "search: no memory for a minimizer of %zu parameters", s->n);
}

void nsde_search_destroy(nsde_search *search)
{
    if (search->minimizer)
        gsl_multimin_fdfminimizer_free(search->minimizer);
    if (search->zero)
        gsl_vector_free(search->zero);
    search->minimizer = NULL;
    search->zero = NULL;
    nsde_arena_destroy(&search->arena);
}

bool nsde_search_evaluate(nsde_search *s, nsde_point *point, int order)
{
    const size_t n = s->n, all = s->model->n_parameters;
    double value;
    for (size_t k = 0; k < n; k++)
        s->parameters[s->free[k]] = nsde_transform_from(&s->model->parameters[s->free[k]], point->u[k]).value;
    s->evaluations++;
    if (nsde_likelihood_evaluate(s->likelihood, s->parameters, &value, order > 0 ? s->gradient : NULL,
                                 order > 1 ? s->hessian : NULL))
        return false;
    point->f = -value;
    for (size_t k = 0; k < n && order > 0; k++) {
        const nsde_bounded a = nsde_transform_from(&s->model->parameters[s->free[k]], point->u[k]);
        const double g = s->gradient[s->free[k]];
        point->gradient[k] = -g * a.slope;
        for (size_t j = 0; j < n && order > 1; j++) {
            const nsde_bounded b = nsde_transform_from(&s->model->parameters[s->free[j]], point->u[j]);
            const double h = s->hessian[s->free[k] * all + s->free[j]] * a.slope * b.slope;
            point->hessian[k * n + j] = -h - (j == k ? g * a.curve : 0.0);
        }
    }
    return true;
}

/* Eigenvalues of the Hessian, scaled to a unit diagonal, give the Newton step where all are positive and a
 * way down where not: their signs are dropped (Nocedal and Wright 2006, sec. 3.4). */
void nsde_search_scale(nsde_search *s)
{
    const size_t n = s->n;
    double *matrix = s->work, *diagonal = matrix + n * n, *values = diagonal + n, *room = values + n;
    for (size_t i = 0; i < n; i++)
        diagonal[i] = s->at_bound[i] ? 0.0 : 1.0 / sqrt(fmax(fabs(s->at.hessian[i * n + i]), 1e-200));
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++)
            matrix[i * n + j] = s->at.hessian[i * n + j] * diagonal[i] * diagonal[j];
    for (size_t i = 0; i < n; i++)
        if (s->at_bound[i])
            matrix[i * n + i] = 1.0;
    s->smallest = -1.0;
    const lapack_int size = (lapack_int)n;
    if (LAPACKE_dsyev_work(LAPACK_COL_MAJOR, 'V', 'U', size, matrix, size, values, room, 34 * size)) {
        for (size_t i = 0; i < n * n; i++) /* it did not converge: the diagonal alone */
            matrix[i] = i % (n + 1) ? 0.0 : 1.0;
        for (size_t i = 0; i < n; i++)
            values[i] = 1.0;
    } else {
        s->smallest = values[0];
    }
    s->decrement = 0.0;
    memset(s->step, 0, n * sizeof(double));
    for (size_t j = 0; j < n; j++) {
        const double factor = 1.0 / sqrt(fmax(fabs(values[j]), 1e-12));
        double along = 0.0;
        for (size_t i = 0; i < n; i++) {
            s->scale[j * n + i] = diagonal[i] * matrix[j * n + i] * factor;
            along += s->scale[j * n + i] * s->at.gradient[i];
        }
        for (size_t i = 0; i < n; i++)
            s->step[i] -= s->scale[j * n + i] * along;
        s->decrement += 0.5 * along * along;
    }
}

bool nsde_search_step_done(nsde_search *s, double f)
{
    const nsde_fit_settings *settings = s->settings;
    s->iterations++;
    s->attempt++;
    if (settings->progress && !settings->progress(settings->progress_context, s->iterations, -f))
        s->cancelled = true;
    return !s->cancelled && s->attempt < (size_t)settings->iterations;
}

/* ---- what GSL's minimizer calls, with u = origin + scale v ---- */

static void move(nsde_search *s, const gsl_vector *v)
{
    const size_t n = s->n;
    memcpy(s->trial.u, s->origin, n * sizeof(double));
    for (size_t j = 0; j < n; j++)
        for (size_t i = 0; i < n; i++)
            s->trial.u[i] += s->scale[j * n + i] * gsl_vector_get(v, j);
}

/* Where there is no likelihood stands a wall, high but finite, that the line search backs away from. */
static double wall(const nsde_search *s)
{
    return s->at.f + 1e6 * (1.0 + fabs(s->at.f));
}

static double value_at(const gsl_vector *v, void *context)
{
    nsde_search *s = context;
    move(s, v);
    return nsde_search_evaluate(s, &s->trial, 0) ? s->trial.f : wall(s);
}

static void both_at(const gsl_vector *v, void *context, double *f, gsl_vector *gradient)
{
    nsde_search *s = context;
    const size_t n = s->n;
    move(s, v);
    gsl_vector_set_zero(gradient);
    *f = wall(s);
    if (!nsde_search_evaluate(s, &s->trial, 1))
        return;
    *f = s->trial.f;
    for (size_t j = 0; j < n; j++) {
        double along = 0.0;
        for (size_t i = 0; i < n; i++)
            along += s->scale[j * n + i] * s->trial.gradient[i];
        gsl_vector_set(gradient, j, along);
    }
}

static void gradient_at(const gsl_vector *v, void *context, gsl_vector *gradient)
{
    double f;
    both_at(v, context, &f, gradient);
}

void nsde_search_approach(nsde_search *s)
{
    const double near = 0.1; /* length of the gradient at which Newton's steps take over */
    enum { MOST = 40 };      /* steps after which the scale of the start has outlived its use */
    nsde_search_scale(s);
    if (s->smallest > 1e-6 && sqrt(2.0 * s->decrement) < near)
        return;
    gsl_multimin_function_fdf function = {value_at, gradient_at, both_at, s->n, s};
    memcpy(s->origin, s->at.u, s->n * sizeof(double));
    int status = gsl_multimin_fdfminimizer_set(s->minimizer, &function, s->zero, 1.0, 0.1);
    bool more = true;
    for (int k = 0; k < MOST && !status && more && gsl_blas_dnrm2(s->minimizer->gradient) > near; k++) {
        status = gsl_multimin_fdfminimizer_iterate(s->minimizer);
        more = nsde_search_step_done(s, s->minimizer->f);
    }
    move(s, s->minimizer->x);
    if (nsde_search_evaluate(s, &s->trial, 2) && s->trial.f <= s->at.f) {
        const nsde_point better = s->trial;
        s->trial = s->at;
        s->at = better;
    } else {
        (void)nsde_search_evaluate(s, &s->at, 2);
    }
}
