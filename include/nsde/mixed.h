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

#ifdef __cplusplus
}
#endif

#endif
