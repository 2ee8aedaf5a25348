/* nsde/optimise.h: optimisers on a flat vector of parameters: a step at a time, mostly by noisy gradients,
 * and of deterministic objectives, to the end.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef NSDE_OPTIMISE_H
#define NSDE_OPTIMISE_H

#include <stdbool.h>
#include <stdint.h>

#include "nsde/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Writes the value and the gradient [n] at x [n]; a value that is not finite is a step too far. */
typedef nsde_status (*nsde_function)(void *context, const double *x, double *value, double *gradient);

/* ---- a step at a time --------------------------------------------------------------------------------- */

/** How the rate changes from step to step: identifier, name, what it is. */
#define NSDE_SCHEDULE_LIST(X)                                                                                \
    X(CONSTANT, "constant", "the rate itself")                                                               \
    X(COSINE, "cosine", "half a cosine from the rate to final_rate times it over `horizon` steps")           \
    X(EXPONENTIAL, "exponential", "the rate times final_rate^(step / horizon)")

/** See NSDE_SCHEDULE_LIST. */
typedef enum nsde_schedule {
#define NSDE_SCHEDULE_ENUM(name, text, doc) NSDE_SCHEDULE_##name,
    NSDE_SCHEDULE_LIST(NSDE_SCHEDULE_ENUM)
#undef NSDE_SCHEDULE_ENUM
} nsde_schedule;

/** Its name; static storage. */
NSDE_API const char *nsde_schedule_name(nsde_schedule schedule);
/** The schedule of that name.
 *  @return NSDE_NOT_FOUND with the names there are */
NSDE_API NSDE_MUST_USE nsde_status nsde_schedule_find(const char *name, nsde_schedule *schedule);

/** The settings that are numbers: type, name, default, least, most, what it is. */
#define NSDE_OPTIMISER_SETTINGS(X)                                                                           \
    X(double, rate, 1e-3, 0.0, 1e300, "learning rate")                                                       \
    X(double, momentum, 0.9, 0.0, 1.0, "sgd: share of the last step that is kept")                           \
    X(double, beta1, 0.9, 0.0, 0.9999999, "adam: memory of the mean of the gradient")                        \
    X(double, beta2, 0.999, 0.0, 0.9999999, "adam: memory of the mean of its square")                        \
    X(double, epsilon, 1e-8, 1e-300, 1e300, "adam: added to the root of the mean square")                    \
    X(double, weight_decay, 1e-2, 0.0, 1e300, "adamw: rate at which parameters shrink, times the rate")      \
    X(double, clip_norm, 0.0, 0.0, 1e300, "longest gradient, in the Euclidean norm; 0 for any")              \
    X(double, final_rate, 0.01, 1e-300, 1.0, "schedules: share of the rate at the horizon")                  \
    X(uint64_t, horizon, 0, 0, UINT64_MAX, "schedules: steps until then; 0: those of the training")

/** How a method of descent goes about it. */
typedef struct nsde_optimiser_settings {
#define NSDE_SETTING_FIELD(type, name, standard, least, most, doc) type name;
    NSDE_OPTIMISER_SETTINGS(NSDE_SETTING_FIELD)
#undef NSDE_SETTING_FIELD
    nsde_schedule schedule;
} nsde_optimiser_settings;

/** A constant rate of 0.001; the rest as published for each method. */
NSDE_API nsde_optimiser_settings nsde_optimiser_settings_default(void);

/** One step of a method. */
typedef struct nsde_optimiser_step {
    const nsde_optimiser_settings *settings;
    size_t n;
    uint64_t number;               /**< of the step, from 1 */
    double rate;                   /**< of this step */
    double *gradient, *parameters; /**< [n] */
    double *memory;                /**< [n_memory][n], zeros before the first step */
    nsde_function function;        /**< search: the objective … */
    void *context;
    double *value; /**< … and its value at the parameters */
} nsde_optimiser_step;

/** A method of descent. */
typedef struct nsde_optimiser_method {
    const char *name;
    const char *aliases; /**< separated by spaces; "" for none */
    const char *title;
    const char *source; /**< author, year, equation */
    size_t n_memory;    /**< vectors it remembers */
    /** One of both. `step` moves the parameters by the gradient; `search` looks for a better point of an
     *  objective that is always the same, and moves parameters, gradient and value there if it is *found. */
    void (*step)(const nsde_optimiser_step *step);
    nsde_status (*search)(const nsde_optimiser_step *step, bool *found);
} nsde_optimiser_method;

/** The methods there are: 0 … nsde_optimiser_count - 1. */
NSDE_API size_t nsde_optimiser_count(void);
NSDE_API const nsde_optimiser_method *nsde_optimiser_at(size_t number); /**< NULL beyond the last. */
/** The method of that name or alias.
 *  @return NSDE_NOT_FOUND with the names there are */
NSDE_API NSDE_MUST_USE nsde_status nsde_optimiser_find(const char *name,
                                                       const nsde_optimiser_method **method);

/** A method at work: its memory, and the number of steps made. */
typedef struct nsde_optimiser nsde_optimiser;

/** Makes an optimiser of n parameters.
 *  @param method NULL for Adam
 *  @return NSDE_INVALID naming the setting; NSDE_OVERFLOW; NSDE_NO_MEMORY */
NSDE_API NSDE_MUST_USE nsde_status nsde_optimiser_create(const nsde_optimiser_method *method,
                                                         const nsde_optimiser_settings *settings, size_t n,
                                                         nsde_optimiser **optimiser);
NSDE_API void nsde_optimiser_destroy(nsde_optimiser *optimiser); /**< Takes NULL. */

/** Clips the gradient [n] where that is asked for, and moves the parameters [n]. Nothing is allocated.
 *  @return NSDE_DIVERGED where the gradient is not finite; nothing has moved then; NSDE_UNSUPPORTED for a
 *          method that searches */
NSDE_API NSDE_MUST_USE nsde_status nsde_optimiser_advance(nsde_optimiser *optimiser, double *gradient,
                                                          double *parameters);
/** A step of a method that searches: from parameters [n] with this value and gradient [n], which all move to
 *  the better point. The method has no rate. Nothing is allocated.
 *  @param found false where no better point was found: nothing has moved then
 *  @return NSDE_DIVERGED where value or gradient are not finite; NSDE_UNSUPPORTED for other methods; what
 *          `function` returned */
NSDE_API NSDE_MUST_USE nsde_status nsde_optimiser_search(nsde_optimiser *optimiser, nsde_function function,
                                                         void *context, double *value, double *gradient,
                                                         double *parameters, bool *found);
/** The rate that the next step will have. */
NSDE_API double nsde_optimiser_rate(const nsde_optimiser *optimiser);

/** Scales a vector down to this Euclidean norm where it is longer; returns the norm it had, without
 *  overflow. */
NSDE_API double nsde_clip_norm(size_t n, double *vector, double longest);

/* ---- of deterministic objectives ---------------------------------------------------------------------- */

/** The settings: type, name, default, least, most, what it is. */
#define NSDE_LBFGS_SETTINGS(X)                                                                               \
    X(size_t, memory, 10, 1, 1000, "pairs of steps and changes of the gradient that are kept")               \
    X(size_t, iterations, 1000, 0, SIZE_MAX, "most steps")                                                   \
    X(double, tolerance, 1e-8, 0.0, 1e300, "done where no entry of the gradient is larger")                  \
    X(double, decrease, 1e-4, 1e-300, 0.5, "Wolfe: least share of the decrease the slope promises")          \
    X(double, curvature, 0.9, 1e-300, 1.0, "Wolfe: most of the slope that may be left")

/** How long and how carefully L-BFGS searches. */
typedef struct nsde_lbfgs_settings {
#define NSDE_SETTING_FIELD(type, name, standard, least, most, doc) type name;
    NSDE_LBFGS_SETTINGS(NSDE_SETTING_FIELD)
#undef NSDE_SETTING_FIELD
} nsde_lbfgs_settings;

/** Ten pairs, and the constants of Nocedal and Wright 2006. */
NSDE_API nsde_lbfgs_settings nsde_lbfgs_settings_default(void);

/** Why a search ended. */
typedef enum nsde_lbfgs_outcome {
    NSDE_LBFGS_CONVERGED, /**< the gradient is small */
    NSDE_LBFGS_STALLED,   /**< no step along the direction lowers the value: rounding, or a wrong gradient */
    NSDE_LBFGS_LIMIT      /**< the most steps were made */
} nsde_lbfgs_outcome;

/** What was found, and what it took. */
typedef struct nsde_lbfgs_result {
    nsde_lbfgs_outcome outcome;
    size_t iterations, evaluations;
    double value, largest; /**< at the point found: value, largest entry of the gradient */
} nsde_lbfgs_result;

/** Minimises by the limited-memory BFGS method (Nocedal 1980; Liu and Nocedal 1989) with a line search for
 *  the strong Wolfe conditions (Nocedal and Wright 2006, algorithms 3.5 and 3.6).
 *  @param x [n] where to begin; on success the point found
 *  @return NSDE_INVALID naming the setting; NSDE_DIVERGED where the beginning has no finite value or
 *          gradient; NSDE_NO_MEMORY; what `function` returned */
NSDE_API NSDE_MUST_USE nsde_status nsde_lbfgs_minimise(size_t n, nsde_function function, void *context,
                                                       const nsde_lbfgs_settings *settings, double *x,
                                                       nsde_lbfgs_result *result);

#ifdef __cplusplus
}
#endif

#endif
