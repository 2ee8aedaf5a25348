/* nsde/mixed.h: mixed-mode gradients through a whole trajectory.
 *
 * A network maps features to the k parameters of an equation (rates, means, volatilities). The solver runs
 * forward on dual numbers seeded on those k numbers and stores nothing over time; dL/dy, of k numbers, is
 * then pulled back through the tape of the network once, to all the weights. The gradient is that of reverse
 * mode through solver and network, for 1 + k forward runs and no memory over time.
 *
 * The solver is a recorded model, or any code of the caller's on nsde_dual (nsde/dual.h).
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef NSDE_MIXED_H
#define NSDE_MIXED_H

#include "nsde/gradient.h"
#include "nsde/net.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Where the network is recorded. */
typedef struct nsde_mixed_at {
    nsde_tape *tape;
    nsde_var features; /**< [n_features] */
    nsde_var weights;  /**< [n_weights], uniform */
    void *context;     /**< the network's */
} nsde_mixed_at;

/** What comes before the solver. */
typedef struct nsde_mixed_network {
    size_t n_features, n_weights; /**< at least 1 of each */
    size_t n_outputs;             /**< k; for a model its number of parameters */
    /** Records the outputs y: [n_outputs]. With nsde_net_record and whatever keeps them within bounds. */
    nsde_var (*record)(const nsde_mixed_at *at);
    void *context;
    bool per_path; /**< every path has features, and so parameters, of its own; else all share one set */
} nsde_mixed_network;

/** A solver of the caller's: the loss of path `path` at parameters y [n_outputs], and its derivatives by
 *  them [n_outputs]. Called from several threads at once on different paths.
 *  @return a status other than NSDE_OK ends the evaluation */
typedef nsde_status (*nsde_mixed_solver)(void *context, size_t path, const double *y, double *loss,
                                         double *loss_by_y);

/** Network and solver, compiled, with all the memory they need. It belongs to one thread at a time. */
typedef struct nsde_mixed nsde_mixed;

/** For a recorded model, whose parameters are the network's outputs; see nsde_gradient_settings (`keep`,
 *  `memory` and `snapshots` do not apply).
 *  @return NSDE_INVALID, NSDE_UNSUPPORTED, NSDE_RECORDING, NSDE_OVERFLOW, NSDE_NO_MEMORY */
NSDE_API NSDE_MUST_USE nsde_status nsde_mixed_create(const nsde_mixed_network *network,
                                                     const nsde_model *model, const nsde_loss *loss,
                                                     const nsde_gradient_settings *settings,
                                                     nsde_mixed **mixed);
/** For a solver of the caller's, run on `paths` paths by `threads` threads (0 for one per core).
 *  @return NSDE_INVALID (also for more than 1024 outputs), NSDE_RECORDING, NSDE_OVERFLOW, NSDE_NO_MEMORY */
NSDE_API NSDE_MUST_USE nsde_status nsde_mixed_create_solver(const nsde_mixed_network *network,
                                                            nsde_mixed_solver solver, void *context,
                                                            size_t paths, int threads, nsde_mixed **mixed);
NSDE_API void nsde_mixed_destroy(nsde_mixed *mixed); /**< Takes NULL. */

/** Where the gradient is taken. */
typedef struct nsde_mixed_point {
    const double *weights;  /**< [n_weights] */
    const double *features; /**< [n_features], or [n_features][paths] where per_path */
    const double *x0;       /**< [dim]; NULL for a solver of the caller's */
} nsde_mixed_point;

/** Where results go; every pointer may be NULL. */
typedef struct nsde_mixed_result {
    double *loss;          /**< the mean over paths */
    double *loss_per_path; /**< [paths] */
    double *weights;       /**< [n_weights]: its gradient */
    double *outputs;       /**< y: [n_outputs], or [n_outputs][paths] where per_path */
} nsde_mixed_result;

/** Loss and gradient; the same for any number of threads. Allocates nothing.
 *  @return NSDE_INVALID (features or weights that are not finite, outputs beyond the model's bounds),
 *          NSDE_DIVERGED, what the solver returned */
NSDE_API NSDE_MUST_USE nsde_status nsde_mixed_evaluate(nsde_mixed *mixed, const nsde_mixed_point *point,
                                                       const nsde_mixed_result *result);

NSDE_API size_t nsde_mixed_bytes(const nsde_mixed *mixed); /**< Held by it. */

/* ---- step by step, through a step of the caller's ----------------------------------------------------- */

/** A step in plain C. y [n_outputs] is what the network made of (x, t). Writes x_next [dim] and, unless it is
 *  NULL, jacobian [dim + n_outputs][dim]: the derivatives of x_next by each component of x, then of y.
 *  nsde_dual_step_jacobian (nsde/dual.h) makes both of a step written on nsde_dual. Called from several
 *  threads at once. */
typedef void (*nsde_mixed_step)(void *context, const double *x, const double *y, double t, double h,
                                const double *dW, double *x_next, double *jacobian);

/** What is stepped. */
typedef struct nsde_mixed_equation {
    size_t dim, noise_dim; /**< at least 1 of each */
    nsde_mixed_step step;
    void *context;
} nsde_mixed_equation;

/** A network inside a step of the caller's: y is computed before each step from the state and the time, dL/dy
 *  pulled back through the network's tape after it. Keeps the states of all steps. */
typedef struct nsde_mixed_steps nsde_mixed_steps;

/** The network's features are the state and then the time (dim + 1 of them), of each path; the loss is
 *  recorded, and sees no parameters. Of the settings `integrator`, `keep`, `memory`, `snapshots` and
 *  `precision` do not apply.
 *  @return NSDE_INVALID, NSDE_RECORDING, NSDE_OVERFLOW, NSDE_NO_MEMORY */
NSDE_API NSDE_MUST_USE nsde_status nsde_mixed_steps_create(const nsde_mixed_network *network,
                                                           const nsde_mixed_equation *equation,
                                                           const nsde_loss *loss,
                                                           const nsde_gradient_settings *settings,
                                                           nsde_mixed_steps **steps);
NSDE_API void nsde_mixed_steps_destroy(nsde_mixed_steps *steps); /**< Takes NULL. */

/** Where results go; every pointer may be NULL. */
typedef struct nsde_mixed_steps_result {
    double *loss;          /**< the mean over paths */
    double *loss_per_path; /**< [paths] */
    double *weights;       /**< [n_weights]: its gradient */
    double *x0;            /**< [dim]: its gradient */
} nsde_mixed_steps_result;

/** Loss and gradient at weights [n_weights] from x0 [dim]; the same for any number of threads. Allocates
 *  nothing.
 *  @return NSDE_INVALID (weights or states that are not finite), NSDE_DIVERGED naming a path */
NSDE_API NSDE_MUST_USE nsde_status nsde_mixed_steps_evaluate(nsde_mixed_steps *steps, const double *weights,
                                                             const double *x0,
                                                             const nsde_mixed_steps_result *result);

#ifdef __cplusplus
}
#endif

#endif
