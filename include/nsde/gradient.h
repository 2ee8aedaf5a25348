/* nsde/gradient.h: gradients of the expectation of a loss, through the integrator.
 *
 * Pathwise (reparameterised) and discretise-then-optimise: the noise is drawn apart from the parameters, the
 * recorded step is swept forward over a panel of paths and then back, panel by panel.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef NSDE_GRADIENT_H
#define NSDE_GRADIENT_H

#include "nsde/model.h"
#include "nsde/noise.h"
#include "nsde/step.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- losses -------------------------------------------------------------------------------------------- */

/** Where a loss of one path is recorded. */
typedef struct nsde_loss_at {
    nsde_tape *tape;
    nsde_var x;          /**< [n_times][dim]: the states at the observation times */
    nsde_var p;          /**< the model's parameters */
    nsde_var u;          /**< [n_inputs] the inputs of the path; void if the model has none */
    nsde_var data;       /**< [n_data], uniform; void if there are none */
    const double *times; /**< [n_times] */
    size_t n_times, dim;
    void *context; /**< the loss's */
} nsde_loss_at;

NSDE_API nsde_var nsde_loss_state(const nsde_loss_at *at, size_t time); /**< [dim] at observation time k. */

/** States of all paths at the observation times, for a loss on the ensemble. */
typedef struct nsde_ensemble {
    size_t n_times, dim, n_paths;
    const double *times;  /**< [n_times] */
    const double *states; /**< [n_times][dim][n_paths] */
} nsde_ensemble;

/** A loss: of each path, averaged over paths (`record`), or of the whole ensemble (`ensemble`); one of
 *  both. */
typedef struct nsde_loss {
    /** Records the loss of a path: 1 row. */
    nsde_var (*record)(const nsde_loss_at *at);
    /** Returns the loss and writes its derivatives by the states, laid out as these and zeroed before. */
    nsde_status (*ensemble)(void *context, const nsde_ensemble *ensemble, double *loss, double *adjoint);
    const double *data; /**< [n_data], copied; numbers that `record` finds in nsde_loss_at.data */
    size_t n_data;
    void *context;
} nsde_loss;

/* ---- the engine ---------------------------------------------------------------------------------------- */

/** What is kept of the forward sweep for the sweep back. */
typedef enum nsde_keep {
    NSDE_KEEP_AUTO,     /**< the first of the next three that fits in `memory` */
    NSDE_KEEP_ROWS,     /**< every value the sweep back reads */
    NSDE_KEEP_STATES,   /**< the state before each step; steps are recomputed */
    NSDE_KEEP_BINOMIAL, /**< `snapshots` states, placed by revolve (Griewank and Walther 2000) */
    /** The last state; steps are undone, by reversible integrators alone. The same gradient but for rounding,
     *  which grows with the steps. */
    NSDE_KEEP_UNDO,
    /** The last state; the adjoint equation is solved back (Li, Wong, Chen and Duvenaud 2020). Another
     *  gradient, of the equation and not of its steps: the two meet as steps get short. */
    NSDE_KEEP_ADJOINT,
} nsde_keep;

NSDE_API const char *
nsde_keep_name(nsde_keep keep); /**< "auto", "rows", "states", "binomial", "undo" or "adjoint". */

/** The settings that are numbers: type, name, default, least, most, what it is. */
#define NSDE_GRADIENT_SETTINGS(X)                                                                            \
    X(double, t0, 0.0, -1e300, 1e300, "time at which the paths start")                                       \
    X(double, t1, 1.0, -1e300, 1e300, "time at which they end, after t0")                                    \
    X(size_t, steps, 100, 1, SIZE_MAX, "number of equal steps from t0 to t1")                                \
    X(size_t, paths, 1024, 1, SIZE_MAX, "number of paths")                                                   \
    X(uint64_t, seed, 1, 0, UINT64_MAX, "seed of the noise")                                                 \
    X(int, threads, 0, 0, 1024, "threads; 0 for one per core; results do not depend on it")                  \
    X(size_t, memory, (size_t)256 << 20, 1, SIZE_MAX, "bytes that all threads may use, for NSDE_KEEP_AUTO")  \
    X(size_t, snapshots, 0, 0, SIZE_MAX,                                                                     \
      "states kept by NSDE_KEEP_BINOMIAL; 0: what recomputes each step 3 times at most")

/** How to simulate, and what to keep. */
typedef struct nsde_gradient_settings {
#define NSDE_SETTING_FIELD(type, name, standard, least, most, doc) type name;
    NSDE_GRADIENT_SETTINGS(NSDE_SETTING_FIELD)
#undef NSDE_SETTING_FIELD
    const size_t
        *observe; /**< [n_observe] numbers of the steps (1 … steps) after which the loss looks, rising */
    size_t n_observe; /**< 0: after the last step alone */
    nsde_keep keep;
    nsde_precision precision;          /**< of the networks in the step */
    const nsde_integrator *integrator; /**< NULL for Euler-Maruyama */
    const nsde_brownian *noise;        /**< NULL for the grid of `seed`; borrowed */
    const double *times; /**< [steps + 1] between which the steps are, rising, copied; t0 and t1 do not count
                              then. NULL for equal steps */
} nsde_gradient_settings;

/** The defaults of NSDE_GRADIENT_SETTINGS; the loss looks at the end, Euler-Maruyama, NSDE_KEEP_AUTO. */
NSDE_API nsde_gradient_settings nsde_gradient_settings_default(void);

/** Everything needed to compute a gradient again and again; nothing is allocated by doing so. */
typedef struct nsde_gradient nsde_gradient;

/** Compiles the step and the loss and takes all the memory they need. The model and the noise are borrowed,
 *  the loss is copied but for its context.
 *  @return NSDE_INVALID, NSDE_UNSUPPORTED, NSDE_RECORDING (a coefficient or the loss), NSDE_OVERFLOW,
 *          NSDE_NO_MEMORY */
NSDE_API NSDE_MUST_USE nsde_status nsde_gradient_create(const nsde_model *model, const nsde_loss *loss,
                                                        const nsde_gradient_settings *settings,
                                                        nsde_gradient **gradient);
NSDE_API void nsde_gradient_destroy(nsde_gradient *gradient); /**< Takes NULL. */

/** Uses other paths from now on: those numbered first_path … of a seed (of the given noise, if that was
 *  set). */
NSDE_API void nsde_gradient_set_noise(nsde_gradient *gradient, uint64_t seed, uint64_t first_path);

/** Where the gradient is taken. */
typedef struct nsde_gradient_point {
    const double *parameters; /**< [n_parameters] within their bounds */
    const double *x0;         /**< [dim], or [dim][paths] where x0_per_path */
    bool x0_per_path;
    const double *inputs; /**< [n_inputs][paths], for models that have inputs */
} nsde_gradient_point;

/** Where results go; every pointer may be NULL. */
typedef struct nsde_gradient_result {
    double *loss;          /**< the mean over paths, or what `ensemble` returned */
    double *loss_per_path; /**< [paths]; not for losses of the ensemble */
    double *parameters;    /**< [n_parameters] */
    double *x0;            /**< as the point's x0: [dim] summed over paths, or [dim][paths] */
    double *inputs;        /**< [n_inputs][paths] */
} nsde_gradient_result;

/** Loss and gradient; bit-identical for any number of threads and under every policy but the last two.
 *  Results are written on success only.
 *  @return NSDE_INVALID naming a parameter or state; NSDE_DIVERGED naming a path whose loss is not finite,
 *          its seed and how to replay it; what `ensemble` returned */
NSDE_API NSDE_MUST_USE nsde_status nsde_gradient_evaluate(nsde_gradient *gradient,
                                                          const nsde_gradient_point *point,
                                                          const nsde_gradient_result *result);

/** What was chosen, and what it cost. */
typedef struct nsde_gradient_info {
    nsde_keep keep;
    size_t snapshots; /**< NSDE_KEEP_BINOMIAL */
    size_t panel;     /**< paths of a panel */
    size_t threads;
    size_t bytes; /**< held by the engine */
    /** Steps of a panel in the last evaluation that were run without being swept back. */
    size_t steps_forward;
} nsde_gradient_info;

/** The choices made at creation, and the cost of the last evaluation. */
NSDE_API nsde_gradient_info nsde_gradient_describe(const nsde_gradient *gradient);

#ifdef __cplusplus
}
#endif

#endif
