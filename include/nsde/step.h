/* nsde/step.h: an integrator is a function that records one step.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef NSDE_STEP_H
#define NSDE_STEP_H

#include "nsde/model.h"
#include "nsde/noise.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Where a step is recorded: from x [dim] at time t [1], over h [1], with the noise of the step. */
typedef struct nsde_step_at {
    nsde_tape *tape;
    const nsde_model *model;
    nsde_var x, t, h, p;
    nsde_var u;  /**< [n_inputs] of the path; void where the model has none */
    nsde_var dW; /**< [noise_dim] increments */
    nsde_var H;  /**< [noise_dim] space-time areas, where the integrator needs them (see nsde_noise_detail) */
    nsde_var A;  /**< [nsde_noise_pairs] Levy areas, where it needs them and there are pairs */
    nsde_var carried; /**< [carried][dim] what the integrator carries beside the state, x itself at first */
    nsde_calculus calculus; /**< what nsde_step_drift gives the drift of; the integrator's */
} nsde_step_at;

/** An integrator: a name, what it can do, and its step. */
typedef struct nsde_integrator {
    const char *name;
    const char *aliases;             /**< separated by spaces; "" for none */
    const char *title;               /**< as the literature calls it */
    const char *source;              /**< author, year, equation */
    double strong_order, weak_order; /**< for the widest class of noise admitted; strong 0 for none known */
    double commutative_order;        /**< strong order for scalar, diagonal and commutative noise */
    double additive_order;           /**< strong order for additive noise */
    nsde_calculus calculus;
    nsde_noise_class noise;                     /**< the widest class admitted */
    nsde_noise_detail detail;                   /**< what it needs of the noise, at most */
    bool linear_in_noise;                       /**< dW enters as g(x) dW alone: correlated noise will do */
    bool deterministic;                         /**< for models without noise alone */
    bool solution;                              /**< for models alone whose solution or transition is known */
    bool second_order;                          /**< for models alone that are (nsde_model_definition) */
    size_t carried;                             /**< copies of the state that it carries from step to step */
    nsde_var (*record)(const nsde_step_at *at); /**< after the step: the state [dim], then what is carried */
    /** For adaptive steps, an estimate of the error of the step [dim], which falls as h to the power
     *  error_order; what it shares with the step is computed once. NULL: a step is compared with two halves.
     */
    nsde_var (*error)(const nsde_step_at *at);
    double error_order;
    /** The state at t + theta h [dim], for theta [1] from 0 to 1; NULL for none. */
    nsde_var (*dense)(const nsde_step_at *at, nsde_var theta);
    /** A step from there over -h with -dW undoes a step, but for rounding. */
    bool reversible;
} nsde_integrator;

NSDE_API size_t nsde_integrator_count(void);                       /**< The integrators there are. */
NSDE_API const nsde_integrator *nsde_integrator_at(size_t number); /**< NULL beyond the last. */
/** The integrator of that name or alias.
 *  @return NSDE_NOT_FOUND with the names there are */
NSDE_API NSDE_MUST_USE nsde_status nsde_integrator_find(const char *name, const nsde_integrator **integrator);
/** Whether an integrator may be used on a model: a noise class it admits, no noise for a deterministic one,
 *  positions and velocities for `baoab` and `ubu`, a solution, a transition or linearity for `exact`. Where
 *  the calculus differs, the drift is converted as the step is recorded (nsde_step_drift).
 *  @return NSDE_UNSUPPORTED saying why not, and which integrators would do */
NSDE_API NSDE_MUST_USE nsde_status nsde_integrator_check(const nsde_integrator *integrator,
                                                         const nsde_model *model);

/** What an integrator needs of the noise of that model: Levy areas only where the noise does not commute. */
NSDE_API nsde_noise_detail nsde_step_detail(const nsde_integrator *integrator, const nsde_model *model);
/** Whether a noise (NULL for a grid) will do: its components, and that it is uncorrelated where the scheme
 *  needs that.
 *  @return NSDE_INVALID, NSDE_UNSUPPORTED */
NSDE_API NSDE_MUST_USE nsde_status nsde_step_check_noise(const nsde_integrator *integrator,
                                                         const nsde_model *model, const nsde_brownian *noise);

/* Coefficients at a state x (a stage of the step), for integrators. */

/** The drift in the integrator's calculus: of a model meant in the other, plus (to Ito's) or minus (to
 *  Stratonovich's) half the sum over j of (g_j . grad) g_j, by recorded duals. */
NSDE_API nsde_var nsde_step_drift(const nsde_step_at *at, nsde_var x, nsde_var t);
/** g(x, t) dW: [dim], whatever the noise class. */
NSDE_API nsde_var nsde_step_noise(const nsde_step_at *at, nsde_var x, nsde_var t);
/** g(x, t) v for any v [noise_dim]. */
NSDE_API nsde_var nsde_step_noise_along(const nsde_step_at *at, nsde_var x, nsde_var t, nsde_var v);
/** f(x, t) h + g(x, t) dW: what Euler's step adds, [dim]. */
NSDE_API nsde_var nsde_step_increment(const nsde_step_at *at, nsde_var x, nsde_var t);
/** Column j of g(x, t): [dim]. */
NSDE_API nsde_var nsde_step_column(const nsde_step_at *at, nsde_var g, size_t j);
/** The sum over j of (g_j . grad) g_j at (x, t): [dim]; twice what changes the calculus. */
NSDE_API nsde_var nsde_step_correction(const nsde_step_at *at, nsde_var x, nsde_var t);
/** dW_j dW_k / 2 + A_jk for k = 0 … noise_dim - 1: Stratonovich's iterated integrals, [noise_dim]. */
NSDE_API nsde_var nsde_step_iterated(const nsde_step_at *at, size_t j);
/** Is the model's noise diagonal (as a class, or in one dimension)? */
NSDE_API bool nsde_step_is_diagonal(const nsde_step_at *at);

/** Records one step of `integrator` as a whole: checks it against the model, then records.
 *  Compose it to unroll a path on one tape. [1 + carried][dim] rows. */
NSDE_API nsde_var nsde_step_record(const nsde_integrator *integrator, const nsde_step_at *at);

/** Times of steps that land on given times. Plain; destroy it with nsde_step_times_destroy. */
typedef struct nsde_step_times {
    size_t steps;
    double *times; /**< [steps + 1], rising: for nsde_simulate_settings and nsde_gradient_settings */
    size_t n_observed;
    size_t *observed; /**< [n_observed] the number of the step that ends at each of them (0 for the start):
                           `observe` of nsde_gradient_settings */
} nsde_step_times;

/** Steps from t0 to the last of the given times that land on each of them, exactly; each gap is cut into
 *  equal steps no longer than `longest` (but for rounding).
 *  @param land [n] rising, from t0 on
 *  @return NSDE_INVALID, NSDE_OVERFLOW, NSDE_NO_MEMORY */
NSDE_API NSDE_MUST_USE nsde_status nsde_step_times_create(double t0, double longest, size_t n,
                                                          const double *land, nsde_step_times **step_times);
NSDE_API void nsde_step_times_destroy(nsde_step_times *step_times); /**< Takes NULL. */

#ifdef __cplusplus
}
#endif

#endif
