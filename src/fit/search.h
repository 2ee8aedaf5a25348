/* The search for the maximum of a log likelihood, on scales without bounds.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef NSDE_FIT_SEARCH_H
#define NSDE_FIT_SEARCH_H

#include <gsl/gsl_multimin.h>

#include "core/memory.h"
#include "nsde/fit.h"

/* Minus the log likelihood, its gradient and its Hessian at u, all [n] over the free parameters. */
typedef struct nsde_point {
    double *u, f, *gradient, *hessian;
} nsde_point;

typedef struct nsde_search {
    nsde_likelihood *likelihood;
    const nsde_model_definition *model;
    const nsde_fit_settings *settings;
    size_t n, *free;            /* parameters to be estimated, and their numbers */
    double *parameters;         /* [all]; those that are fixed hold their values */
    double *gradient, *hessian; /* of the log likelihood by the parameters themselves, at `at` */
    bool *at_bound;             /* [n] given up on: the estimate runs to its bound */
    nsde_point at, trial;
    double *scale;                           /* [n][n] column-major: H^-1 is about scale scale^T */
    double *origin, *work, *step;            /* [n], [40 n + n^2], [n] */
    double smallest;                         /* eigenvalue of the Hessian scaled to a unit diagonal */
    double decrement;                        /* gain that a Newton step expects at `at` */
    size_t iterations, evaluations, attempt; /* `attempt`: iterations of this one */
    bool cancelled;
    gsl_multimin_fdfminimizer *minimizer;
    gsl_vector *zero;
    nsde_arena arena;
} nsde_search;

/* parameters [all] hold the fixed values; is_fixed [all]. */
NSDE_MUST_USE nsde_status nsde_search_create(nsde_likelihood *likelihood, const nsde_model *model,
                                             const nsde_fit_settings *settings, const bool *is_fixed,
                                             const double *parameters, nsde_search *search);
void nsde_search_destroy(nsde_search *search);

/* Evaluates at point->u, with derivatives as far as `order` (0, 1, 2) says; false where the log likelihood or
 * a derivative is not finite. */
bool nsde_search_evaluate(nsde_search *search, nsde_point *point, int order);
/* Finds scale, smallest and decrement from the Hessian at `at`. */
void nsde_search_scale(nsde_search *search);
/* Counts a step and reports it; false when the limit is reached or the caller wants no more. */
bool nsde_search_step_done(nsde_search *search, double f);

/* From search->at, which is evaluated to second order and stays so; the approach is quasi-Newton and ends
 * where Newton's steps can take over. */
void nsde_search_approach(nsde_search *search);
nsde_fit_outcome nsde_search_newton(nsde_search *search);

#endif
