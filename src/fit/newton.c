/* Newton's steps with the exact Hessian, damped so that each of them gains.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>

#include "fit/search.h"
#include "fit/transform.h"

static const double longest = 2.0;     /* change of a logarithm or logit in one step */
static const double negligible = 1e-7; /* of a log likelihood */

/* Gives up on parameters so near a bound that going there would gain next to nothing, while the likelihood
 * pulls towards it or does not care. */
static void find_bounds(nsde_search *s)
{
    const size_t all = s->model->n_parameters;
    for (size_t k = 0; k < s->n; k++) {
        const size_t i = s->free[k];
        const nsde_parameter_definition *p = &s->model->parameters[i];
        const double value = nsde_transform_from(p, s->at.u[k]).value, slope = s->gradient[i];
        const double distance = slope < 0.0 ? value - p->lower : p->upper - value;
        if (s->at_bound[k] || isinf(distance) || fabs(slope) * distance > negligible ||
            fabs(s->hessian[i * all + i]) * distance * distance > negligible)
            continue;
        s->at_bound[k] = true;
    }
}

/* Is there a parameter, or a combination, that the likelihood does not determine? On the scale of a logarithm
 * the information is the squared ratio of the distance to the bound to its standard error. */
static bool is_flat(const nsde_search *s)
{
    if (s->smallest < 1e-10)
        return true;
    for (size_t k = 0; k < s->n; k++)
        if (!s->at_bound[k] && !nsde_transform_is_identity(&s->model->parameters[s->free[k]]) &&
            s->at.hessian[k * s->n + k] < 1e-6)
            return true;
    return false;
}

/* The step of nsde_search_scale, shortened where a logarithm would change by more than `longest`. */
static void shorten(nsde_search *s)
{
    double factor = 1.0;
    for (size_t k = 0; k < s->n; k++)
        if (!nsde_transform_is_identity(&s->model->parameters[s->free[k]]))
            factor = fmin(factor, longest / fmax(fabs(s->step[k]), longest));
    for (size_t k = 0; k < s->n; k++)
        s->step[k] *= factor;
}

static void set_trial(nsde_search *s, double length)
{
    for (size_t k = 0; k < s->n; k++)
        s->trial.u[k] = s->at.u[k] + length * s->step[k];
}

/* Goes along the step as far as it gains; false, and nothing has changed, where no length does. */
static bool advance(nsde_search *s)
{
    const double noise = 1e-13 * (fabs(s->at.f) + (double)nsde_likelihood_terms(s->likelihood));
    double slope = 0.0, length = 1.0;
    for (size_t k = 0; k < s->n; k++)
        slope += s->step[k] * s->at.gradient[k];
    for (int halvings = 0; halvings < 50; halvings++, length *= 0.5) {
        const int order = halvings ? 0 : 2; /* the full step is mostly right */
        set_trial(s, length);
        if (!nsde_search_evaluate(s, &s->trial, order) ||
            s->trial.f > s->at.f + 1e-4 * length * slope + noise)
            continue;
        if (order < 2 && !nsde_search_evaluate(s, &s->trial, 2))
            continue;
        const nsde_point better = s->trial;
        s->trial = s->at;
        s->at = better;
        return true;
    }
    return false;
}

static nsde_fit_outcome ended(const nsde_search *s)
{
    if (is_flat(s))
        return NSDE_FIT_FLAT;
    for (size_t k = 0; k < s->n; k++)
        if (s->at_bound[k])
            return NSDE_FIT_AT_BOUND;
    return NSDE_FIT_CONVERGED;
}

nsde_fit_outcome nsde_search_newton(nsde_search *s)
{
    double best = INFINITY;
    for (int idle = 0;;) {
        find_bounds(s);
        nsde_search_scale(s);
        if (s->decrement <= s->settings->tolerance)
            return ended(s);
        idle = s->decrement < 0.5 * best ? 0 : idle + 1;
        best = fmin(best, s->decrement);
        if (s->cancelled)
            return NSDE_FIT_CANCELLED;
        shorten(s);
        if (best < negligible && idle > 5)
            return NSDE_FIT_STALLED;
        if (!advance(s)) {
            (void)nsde_search_evaluate(s, &s->at, 2);
            return NSDE_FIT_STALLED;
        }
        if (!nsde_search_step_done(s, s->at.f) && !s->cancelled)
            return NSDE_FIT_ITERATIONS;
    }
}
