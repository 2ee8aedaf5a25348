/* nsde/simulate.h: many paths of a model.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef NSDE_SIMULATE_H
#define NSDE_SIMULATE_H

#include "nsde/adaptive.h"
#include "nsde/model.h"
#include "nsde/noise.h"
#include "nsde/step.h"

#ifdef __cplusplus
extern "C" {
#endif

/** The settings that are numbers: type, name, default, least, most, what it is. */
#define NSDE_SIMULATE_SETTINGS(X)                                                                            \
    X(double, t0, 0.0, -1e300, 1e300, "time at which the paths start")                                       \
    X(double, t1, 1.0, -1e300, 1e300, "time at which they end, after t0")                                    \
    X(size_t, steps, 100, 1, SIZE_MAX, "number of equal steps from t0 to t1")                                \
    X(size_t, paths, 1, 1, SIZE_MAX, "number of paths")                                                      \
    X(size_t, first_path, 0, 0, SIZE_MAX, "number of the first path: the noise belongs to the number")       \
    X(size_t, save_every, 0, 0, SIZE_MAX, "keep every so many steps, and the last; 0 keeps start and end")   \
    X(uint64_t, seed, 1, 0, UINT64_MAX, "seed of the noise")                                                 \
    X(int, threads, 0, 0, 1024, "threads; 0 for one per core; results do not depend on it")

/** What to do with a path that leaves the finite numbers. */
typedef enum nsde_on_failure {
    NSDE_STOP, /**< the call fails and names the path, the step, the time and the seed */
    NSDE_DROP  /**< the path reads NaN from there on and is counted */
} nsde_on_failure;

/** How to simulate. */
typedef struct nsde_simulate_settings {
#define NSDE_SETTING_FIELD(type, name, standard, least, most, doc) type name;
    NSDE_SIMULATE_SETTINGS(NSDE_SETTING_FIELD)
#undef NSDE_SETTING_FIELD
    const nsde_integrator *integrator; /**< NULL for Euler-Maruyama */
    const nsde_brownian *noise;        /**< NULL for the grid of `seed`; borrowed */
    const double *times; /**< [steps + 1] between which the steps are, rising, borrowed during the call; t0
                              and t1 do not count then. NULL for equal steps */
    const double *observe_times; /**< [n_observe] at which states are kept, rising, t0 … t1, borrowed during
                                      the call. Steps land on them, each gap cut into equal ones no longer
                                    than (t1 - t0) / steps (nsde_step_times_create), or they are among
                                    `times`; save_every does not count. NULL for save_every */
    size_t n_observe;
    const nsde_adaptive *adaptive; /**< how to choose steps, borrowed during the call; NULL for steps that are
                                        given. Then `steps` only says where save_every keeps states and what
                                        the first step is; the noise must be a virtual tree (NULL for that of
                                        `seed`), the integrator of strong order 1 on the model (NULL for
                                        milstein, or without noise dormand_prince) */
    nsde_on_failure on_failure;
    nsde_precision precision; /**< of the networks in the step */
    bool x0_per_path;         /**< x0 is [dim][paths] */
    bool parameters_per_path; /**< parameters are [n_parameters][paths]; not for networks, whose weights must
                                 be the same for every path */
    const double *inputs;     /**< [n_inputs][paths], for models that have inputs; borrowed */
    /** Called now and then from the calling thread with the number of paths done; may be NULL. */
    void (*progress)(void *context, size_t done, size_t all);
    void *progress_context;
} nsde_simulate_settings;

/** The defaults of NSDE_SIMULATE_SETTINGS; Euler-Maruyama, NSDE_STOP. */
NSDE_API nsde_simulate_settings nsde_simulate_settings_default(void);

/** Paths of a model. Plain; destroy it with nsde_simulation_destroy. */
typedef struct nsde_simulation {
    size_t n_times, dim, n_paths;
    double *times;       /**< [n_times] */
    double *states;      /**< [n_times][dim][n_paths] */
    size_t n_failed;     /**< paths that left the finite numbers (NSDE_DROP) */
    size_t *failed_step; /**< [n_paths] the step (from 1) that did it; 0 for none */
    /** With adaptive steps: what the panels' steps were, and their totals. */
    nsde_panel_steps *panels; /**< [n_panels]; NULL for steps that are given */
    size_t n_panels, n_accepted, n_rejected;
    double smallest_step;
} nsde_simulation;

/** Simulates paths numbered first_path … first_path + paths - 1. The result depends on the seed and the
 *  settings, to the last bit, and not on the number of threads; path i is the same in any batch, but with
 *  adaptive steps, which the paths of a panel share.
 *  @param parameters [n_parameters] within their bounds, or [n_parameters][paths] (parameters_per_path)
 *  @param x0 [dim], the same for every path, or [dim][paths] (x0_per_path)
 *  @return NSDE_INVALID, NSDE_UNSUPPORTED (integrator and model do not go together), NSDE_OVERFLOW,
 *          NSDE_NO_MEMORY, NSDE_DIVERGED naming path, step, time, state and seed */
NSDE_API NSDE_MUST_USE nsde_status nsde_simulate(const nsde_model *model, const double *parameters,
                                                 const double *x0, const nsde_simulate_settings *settings,
                                                 nsde_simulation **simulation);
NSDE_API void nsde_simulation_destroy(nsde_simulation *simulation); /**< Takes NULL. */

/** The states of component k at saved time i: [n_paths]. */
NSDE_API const double *nsde_simulation_row(const nsde_simulation *simulation, size_t time, size_t component);
/** Mean and variance (over n - 1) of a component at a saved time, over the paths that did not fail, with the
 *  standard error of the mean; any result pointer may be NULL. */
NSDE_API void nsde_simulation_moments(const nsde_simulation *simulation, size_t time, size_t component,
                                      double *mean, double *variance, double *std_error);
/** Quantiles of a component at a saved time (linear between order statistics, Hyndman and Fan 1996, type 7).
 *  @param levels [n] in 0 … 1
 *  @param quantiles [n] written
 *  @return NSDE_INVALID for a level beyond; NSDE_NO_MEMORY */
NSDE_API NSDE_MUST_USE nsde_status nsde_simulation_quantiles(const nsde_simulation *simulation, size_t time,
                                                             size_t component, size_t n, const double *levels,
                                                             double *quantiles);

#ifdef __cplusplus
}
#endif

#endif
