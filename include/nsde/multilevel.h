/* nsde/multilevel.h: multilevel Monte Carlo, and extrapolation in the step.
 *
 * A level l takes coarsest * refinement^l steps. An expectation on the finest level is that on the coarsest
 * plus the means of the differences of successive levels, each difference on the same Brownian path (Giles
 * 2008). What is expected is a functional of a path, and so are its derivatives by parameters and initial
 * states: all of them come from the same paths.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef NSDE_MULTILEVEL_H
#define NSDE_MULTILEVEL_H

#include "nsde/gradient.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- functionals of a path ---------------------------------------------------------------------------- */

/** Where a functional is recorded: on a piece of a path from x at time t to x_next at t + h.
 *
 *  A fine step is one piece. A coarse step is cut where the fine path on the same noise has its times:
 *  between its ends, x moves there as a Brownian motion with the drift and the diffusion of the step's
 *  beginning does, given W (Giles 2008, "Improved multilevel Monte Carlo convergence using the Milstein
 *  scheme", section 4). So what is conditional on the ends of a piece can be the same formula, on the same
 *  random numbers, on both paths, with the law on a coarse path that it has where the same step is a fine
 *  one. */
typedef struct nsde_functional_at {
    nsde_tape *tape;
    nsde_var accumulators; /**< [accumulators] before the piece; for `value` at the end of the path */
    nsde_var x, x_next;    /**< [dim]; for `start` and `value` x alone, at t0 and t1 */
    nsde_var t, h;         /**< [1]; for `start` and `value` t alone */
    nsde_var p;            /**< the model's parameters */
    nsde_var dW;           /**< [noise_dim] over the piece */
    nsde_var g;            /**< the diffusion at the beginning of the *step*: [dim] diagonal, else a matrix */
    nsde_var variance;     /**< [dim] diagonal of g g' */
    /** [dim] what x_next has for a mean under Euler-Maruyama's step (in Ito's sense), given the path up to
     * the beginning of the piece; its variance is variance * h. */
    nsde_var mean;
    nsde_var area; /**< [dim] g H, where `areas`: int x dt is (x + x_next) h / 2 + area h, nearly */
    nsde_var z;    /**< [normals] independent standard normals of the piece, the same on both paths */
    bool last;     /**< is it the last piece of the path? */
    size_t dim, noise_dim;
    double t0, t1; /**< the path's beginning and end */
    void *context; /**< the functional's */
} nsde_functional_at;

/** A functional of a path: numbers that are carried along it, and a value at its end. */
typedef struct nsde_functional {
    const char *name;                                /**< for messages */
    size_t accumulators;                             /**< numbers carried; may be 0 */
    size_t normals;                                  /**< random numbers wanted of each piece */
    bool areas;                                      /**< wants nsde_functional_at.area */
    bool whole_steps;                                /**< a coarse step is one piece as well */
    bool last_alone;                                 /**< `step` is wanted for the last piece alone */
    nsde_var (*start)(const nsde_functional_at *at); /**< [accumulators] at t0; NULL for zeros */
    nsde_var (*step)(const nsde_functional_at *at);  /**< [accumulators] after it; NULL for none */
    nsde_var (*value)(const nsde_functional_at *at); /**< the value: 1 row */
    void *context;
} nsde_functional;

/** What the named functionals are of: type, name, default, least, most, what it is. */
#define NSDE_PAYOFF_SETTINGS(X)                                                                              \
    X(double, strike, 0.0, -1e300, 1e300, "the strike of an option, or what a digital pays and asks for")    \
    X(double, barrier, 0.0, -1e300, 1e300, "the level below which a barrier option is worth nothing")        \
    X(double, factor, 1.0, -1e300, 1e300, "multiplies the value: a discount factor")                         \
    X(size_t, component, 0, 0, SIZE_MAX, "the state that is looked at")

/** See NSDE_PAYOFF_SETTINGS. */
typedef struct nsde_payoff {
#define NSDE_SETTING_FIELD(type, name, standard, least, most, doc) type name;
    NSDE_PAYOFF_SETTINGS(NSDE_SETTING_FIELD)
#undef NSDE_SETTING_FIELD
} nsde_payoff;

NSDE_API nsde_payoff nsde_payoff_default(void); /**< The defaults of NSDE_PAYOFF_SETTINGS. */

NSDE_API size_t nsde_functional_count(void);               /**< The named functionals there are. */
NSDE_API const char *nsde_functional_name(size_t number);  /**< NULL beyond the last. */
NSDE_API const char *nsde_functional_title(size_t number); /**< What it is of; NULL beyond the last. */
/** A functional by name: call (max(x - K, 0)), asian (call on the mean), geometric_asian, lookback (x less
 *  its minimum), barrier (call that is worth nothing once x was below the barrier), digital (K where x > K).
 *  On paths between steps, not at their ends alone: minima and crossings are those of Brownian bridges,
 *  integrals have the bridge's term, a digital is the expectation over the last step (Giles 2008, sections 4
 *  and 5).
 *  @param payoff borrowed by the functional; out of range is refused by nsde_multilevel_create
 *  @return NSDE_NOT_FOUND with the names there are */
NSDE_API NSDE_MUST_USE nsde_status nsde_functional_find(const char *name, nsde_payoff *payoff,
                                                        nsde_functional *functional);
/** The functional that is a recorded loss of the last state; the loss is borrowed.
 *  @return NSDE_UNSUPPORTED for losses of the ensemble and losses with data */
NSDE_API NSDE_MUST_USE nsde_status nsde_functional_of_loss(nsde_loss *loss, nsde_functional *functional);

/* ---- the estimator ------------------------------------------------------------------------------------ */

/** What is expected, and where. Everything is borrowed and must outlive the estimator. */
typedef struct nsde_multilevel_problem {
    const nsde_model *model;
    const nsde_functional *functional;
    const double *parameters; /**< [n_parameters] within their bounds */
    const double *x0;         /**< [dim] */
    /** [n_derivatives] what the value is also differentiated by: numbers of parameters, then
     *  n_parameters + k for initial state k (as nsde_estimate_name counts). */
    const size_t *derivatives;
    size_t n_derivatives;
} nsde_multilevel_problem;

/** The settings that are numbers: type, name, default, least, most, what it is. */
#define NSDE_MULTILEVEL_SETTINGS(X)                                                                          \
    X(double, t0, 0.0, -1e300, 1e300, "time at which the paths start")                                       \
    X(double, t1, 1.0, -1e300, 1e300, "time at which they end, after t0")                                    \
    X(size_t, coarsest, 1, 1, (size_t)1 << 30, "steps of level 0")                                           \
    X(size_t, refinement, 2, 2, 64, "steps of a level for one of the level before")                          \
    X(size_t, min_levels, 3, 3, 41, "levels at first; the bias is judged by the last three")                 \
    X(size_t, max_levels, 16, 3, 41, "levels at most")                                                       \
    X(size_t, first_samples, 1000, 2, SIZE_MAX, "samples of each new level before its variance is known")    \
    X(size_t, max_samples, SIZE_MAX, 2, SIZE_MAX, "samples of a level at most")                              \
    X(size_t, target, 0, 0, SIZE_MAX, "what the target is for: 0 value, k derivative k, SIZE_MAX each")      \
    X(double, bias_share, 0.5, 0.01, 0.99, "share of the target's square that the squared bias may take")    \
    X(double, weak_order, 0.0, 0.0, 10.0, "alpha, if known; 0: measured, at least 0.5")                      \
    X(double, variance_order, 0.0, 0.0, 20.0, "beta, if known; 0: measured, at least 0.5")                   \
    X(size_t, area_terms, 0, 0, 1000, "terms of the series for Levy areas (nsde_brownian_grid_areas)")       \
    X(uint64_t, seed, 1, 0, UINT64_MAX, "seed of the noise; levels are independent")                         \
    X(int, threads, 0, 0, 1024, "threads; 0 for one per core; results do not depend on it")

/** How to estimate. */
typedef struct nsde_multilevel_settings {
#define NSDE_SETTING_FIELD(type, name, standard, least, most, doc) type name;
    NSDE_MULTILEVEL_SETTINGS(NSDE_SETTING_FIELD)
#undef NSDE_SETTING_FIELD
    const nsde_integrator *integrator; /**< NULL for Euler-Maruyama */
    /** Called now and then from the calling thread with the number of steps done and those that are wanted as
     *  far as is known; may be NULL. */
    void (*progress)(void *context, double done, double all);
    void *progress_context;
} nsde_multilevel_settings;

/** The defaults of NSDE_MULTILEVEL_SETTINGS; Euler-Maruyama, no progress told. */
NSDE_API nsde_multilevel_settings nsde_multilevel_settings_default(void);

enum { NSDE_MULTILEVEL_SUMS = 8 };

/** What was drawn of a level. */
typedef struct nsde_multilevel_level {
    size_t steps; /**< of a fine path */
    double cost;  /**< steps of a sample: of the fine and the coarse path */
    size_t n_samples;
    /** [1 + n_derivatives][NSDE_MULTILEVEL_SUMS], of the value, then of its derivatives: the sums over
     * samples of d, d^2, d^3, d^4 and f, f^2, f^3, f^4, with the fine path's f and the difference d to the
     * coarse one's (f itself on level 0). */
    double *sums;
} nsde_multilevel_level;

/** How a level does, of one component (0 for the value, then its derivatives). */
typedef struct nsde_multilevel_moments {
    double mean, variance, kurtosis; /**< of the difference; variance over n - 1, kurtosis 3 for normal */
    double fine_mean, fine_variance; /**< of the fine path's value */
    /** |fine mean - coarse mean of this level - fine mean of the level before| in units of three times the
     * sum of their standard errors: above 1, the coarse paths hardly have the law of the level before (Giles
     *  2015, section 3.2). 0 on level 0. */
    double consistency;
} nsde_multilevel_moments;

/** Why an estimation ended. */
typedef enum nsde_multilevel_end {
    NSDE_MULTILEVEL_REACHED, /**< bias and variance are within their shares, as far as the samples tell */
    NSDE_MULTILEVEL_LEVELS,  /**< max_levels were not enough for the bias */
    NSDE_MULTILEVEL_SAMPLES, /**< max_samples were not enough for the variance */
    NSDE_MULTILEVEL_FIXED    /**< the number of samples was given */
} nsde_multilevel_end;

/** An estimate; belongs to the estimator and is overwritten by its next run. */
typedef struct nsde_multilevel_result {
    size_t n; /**< 1 + n_derivatives: the value, then its derivatives */
    size_t n_levels;
    const nsde_multilevel_level *levels; /**< [n_levels] */
    nsde_multilevel_end end;
    double *value, *std_error; /**< [n] */
    double *bias; /**< [n] estimated from the last three levels: what the target's share is for */
    /** [n] measured by least squares over the levels from 1 on: the mean difference falls as h^alpha and its
     *  variance as h^beta; NaN where they are 0. */
    double *alpha, *beta;
    double gamma; /**< the cost of a sample grows as h^-gamma, likewise */
    double cost;  /**< steps taken, all samples and levels */
    /** [n] steps that Monte Carlo on the finest level alone would take for the same variance as std_error^2
     */
    double *standard_cost;
} nsde_multilevel_result;

/** An estimator at work. It belongs to one thread at a time. */
typedef struct nsde_multilevel nsde_multilevel;

/** Compiles the steps and takes all the memory needed; nothing is allocated by runs.
 *  @return NSDE_INVALID naming a setting, parameter or state; NSDE_UNSUPPORTED; NSDE_RECORDING;
 *          NSDE_OVERFLOW; NSDE_NO_MEMORY */
NSDE_API NSDE_MUST_USE nsde_status nsde_multilevel_create(const nsde_multilevel_problem *problem,
                                                          const nsde_multilevel_settings *settings,
                                                          nsde_multilevel **multilevel);
NSDE_API void nsde_multilevel_destroy(nsde_multilevel *multilevel); /**< Takes NULL. */
/** Uses other paths from now on. */
NSDE_API void nsde_multilevel_set_seed(nsde_multilevel *multilevel, uint64_t seed);

/** Estimates with a root mean square error of `epsilon`: adds samples and levels until the variance of the
 *  sum and the square of the bias are within their shares of epsilon^2 (Giles 2008, algorithm in section 5).
 *  Bit-identical for any number of threads.
 *  @param result written on success; the estimator's
 *  @return NSDE_INVALID; NSDE_DIVERGED naming a level, a path and the seed */
NSDE_API NSDE_MUST_USE nsde_status nsde_multilevel_run(nsde_multilevel *multilevel, double epsilon,
                                                       const nsde_multilevel_result **result);
/** The same number of samples on each of `levels` levels, to see how means and variances fall.
 *  @param levels 2 … max_levels
 *  @param samples 2 at least
 *  @param result written on success; the estimator's
 *  @return as nsde_multilevel_run */
NSDE_API NSDE_MUST_USE nsde_status nsde_multilevel_study(nsde_multilevel *multilevel, size_t levels,
                                                         size_t samples,
                                                         const nsde_multilevel_result **result);
/** Component 0 … n - 1 of a level of a result. */
NSDE_API nsde_multilevel_moments nsde_multilevel_describe(const nsde_multilevel_result *result, size_t level,
                                                          size_t component);

/** Samples that give the sum of the levels a variance of (1 - bias_share) epsilon^2 at the least cost:
 *  ceil(sqrt(V_l / C_l) sum_k sqrt(V_k C_k) / ((1 - bias_share) epsilon^2)) (Giles 2008, eq. 12).
 *  @param variance, cost [levels]: of a sample; at least 0, above 0
 *  @param samples [levels] written
 *  @return NSDE_INVALID; NSDE_OVERFLOW where a number of samples does */
NSDE_API NSDE_MUST_USE nsde_status nsde_multilevel_allocate(size_t levels, const double *variance,
                                                            const double *cost, double epsilon,
                                                            double bias_share, size_t *samples);

/* ---- extrapolation ------------------------------------------------------------------------------------ */

/** A Romberg estimate of one component: from steps h and h / refinement on the same path. */
typedef struct nsde_romberg {
    double value, std_error;          /**< extrapolated */
    double fine, coarse;              /**< at the smaller step and at the larger */
    double fine_bias, bias_std_error; /**< fine - value: an estimate of the error of `fine` */
} nsde_romberg;

/** Extrapolates from level - 1 and `level` (from 1 on): for a scheme of weak order p, (r^p Y_fine - Y_coarse)
 *  / (r^p - 1) with the ratio r of their steps has order p + 1 where the error has an expansion in the step
 *  (Talay and Tubaro 1990). Both are taken on the same Brownian path, so that their errors are correlated.
 *  @param order p; 0 for the weak order of the integrator
 *  @param romberg [1 + n_derivatives] written
 *  @return NSDE_INVALID; NSDE_DIVERGED */
NSDE_API NSDE_MUST_USE nsde_status nsde_multilevel_romberg(nsde_multilevel *multilevel, size_t level,
                                                           double order, size_t samples,
                                                           nsde_romberg *romberg);

#ifdef __cplusplus
}
#endif

#endif
