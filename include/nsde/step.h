/* nsde/step.h: an integrator is a function that records one step.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef NSDE_STEP_H
#define NSDE_STEP_H

#include "nsde/model.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Where a step is recorded: from x [dim] at time t [1], over h [1], with the increments dW [noise_dim]. */
typedef struct nsde_step_at {
    nsde_tape *tape;
    const nsde_model *model;
    nsde_var x, t, h, dW, p;
} nsde_step_at;

/** An integrator: a name, what it can do, and its step. */
typedef struct nsde_integrator {
    const char *name;
    const char *aliases; /**< separated by spaces; "" for none */
    const char *title;   /**< as the literature calls it */
    const char *source;  /**< author, year, equation */
    double strong_order, weak_order;
    double additive_order; /**< strong order for additive noise */
    nsde_calculus calculus;
    nsde_noise_class noise;                     /**< the widest class admitted */
    nsde_var (*record)(const nsde_step_at *at); /**< the state after the step: [dim] */
} nsde_integrator;

NSDE_API size_t nsde_integrator_count(void);                       /**< The integrators there are. */
NSDE_API const nsde_integrator *nsde_integrator_at(size_t number); /**< NULL beyond the last. */
/** The integrator of that name or alias.
 *  @return NSDE_NOT_FOUND with the names there are */
NSDE_API NSDE_MUST_USE nsde_status nsde_integrator_find(const char *name, const nsde_integrator **integrator);
/** Whether an integrator may be used on a model: the same calculus (which is immaterial for additive noise)
 *  and a noise class it admits.
 *  @return NSDE_UNSUPPORTED saying why not, and which integrators would do */
NSDE_API NSDE_MUST_USE nsde_status nsde_integrator_check(const nsde_integrator *integrator,
                                                         const nsde_model *model);

/** Coefficients at a state x (a stage of the step), for integrators. */
NSDE_API nsde_var nsde_step_drift(const nsde_step_at *at, nsde_var x, nsde_var t);
/** g(x, t) dW: [dim], whatever the noise class. */
NSDE_API nsde_var nsde_step_noise(const nsde_step_at *at, nsde_var x, nsde_var t);

/** Records one step of `integrator` as a whole: checks it against the model, then records.
 *  Compose it to unroll a path on one tape. */
NSDE_API nsde_var nsde_step_record(const nsde_integrator *integrator, const nsde_step_at *at);

#ifdef __cplusplus
}
#endif

#endif
