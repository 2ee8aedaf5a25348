/* nsde/fit.h: estimating the parameters of one-dimensional models by maximum likelihood.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef NSDE_FIT_H
#define NSDE_FIT_H

#include <stdio.h>

#include "nsde/model.h"
#include "nsde/series.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- objectives ---------------------------------------------------------------------------------------- */

/** An objective: an exact or approximate log density of one transition, as it is recorded. */
typedef struct nsde_objective {
    const char *name;
    const char *aliases; /**< separated by spaces; "" for none */
    const char *title;   /**< as the literature calls it */
    const char *source;  /**< author, year, equation */
    /** @return NSDE_UNSUPPORTED with a sentence saying why the model will not do */
    nsde_status (*supports)(const nsde_model *model);
    nsde_var (*record)(const nsde_model *model, const nsde_transition *step); /**< 1 row */
} nsde_objective;

NSDE_API size_t nsde_objective_count(void);                      /**< The objectives there are. */
NSDE_API const nsde_objective *nsde_objective_at(size_t number); /**< NULL beyond the last. */
/** The objective of that name or alias.
 *  @return NSDE_NOT_FOUND with the names there are */
NSDE_API NSDE_MUST_USE nsde_status nsde_objective_find(const char *name, const nsde_objective **objective);
/** Whether an objective may be used on a model.
 *  @return NSDE_UNSUPPORTED saying why not, and which objectives would do */
NSDE_API NSDE_MUST_USE nsde_status nsde_objective_check(const nsde_objective *objective,
                                                        const nsde_model *model);

/* ---- likelihoods --------------------------------------------------------------------------------------- */

/** What is taken as the law of the first observation. */
typedef enum nsde_initial_law {
    NSDE_INITIAL_FIXED,     /**< none: the likelihood is conditional on the first observation */
    NSDE_INITIAL_STATIONARY /**< the model's stationary law (log_stationary) */
} nsde_initial_law;

/** What of a series the likelihood is taken of. */
typedef struct nsde_likelihood_settings {
    size_t column; /**< the column of the series that observes the state; default 0 */
    nsde_initial_law initial;
} nsde_likelihood_settings;

/** Column 0, given the first observation. */
NSDE_API nsde_likelihood_settings nsde_likelihood_settings_default(void);

/** The log likelihood of a series as a function of a model's parameters. It belongs to one thread at a
 *  time. */
typedef struct nsde_likelihood nsde_likelihood;

/** Takes the observations from a series and compiles the objective. Missing observations (NaN) are left out:
 *  the gap around them becomes longer. The series is copied, the model borrowed.
 *  @return NSDE_DOMAIN naming the row and the value outside the model's states; NSDE_INVALID (fewer than two
 *          observations, no such column); NSDE_UNSUPPORTED; NSDE_RECORDING; NSDE_NO_MEMORY */
NSDE_API NSDE_MUST_USE nsde_status nsde_likelihood_create(const nsde_model *model,
                                                          const nsde_objective *objective,
                                                          const nsde_series *series,
                                                          const nsde_likelihood_settings *settings,
                                                          nsde_likelihood **likelihood);
NSDE_API void nsde_likelihood_destroy(nsde_likelihood *likelihood); /**< Takes NULL. */

/** The log likelihood and its exact derivatives; nothing is allocated. Outputs are untouched on failure.
 *  @param parameters [n_parameters] within their bounds
 *  @param gradient [n_parameters], or NULL
 *  @param hessian [n_parameters][n_parameters], or NULL
 *  @return NSDE_INVALID naming a parameter out of bounds; NSDE_DIVERGED naming the row at which the log
 *          density, or saying which derivative, is not finite; NSDE_UNSUPPORTED (a Hessian of more than 64
 *          parameters) */
NSDE_API NSDE_MUST_USE nsde_status nsde_likelihood_evaluate(nsde_likelihood *likelihood,
                                                            const double *parameters, double *value,
                                                            double *gradient, double *hessian);
/** The log density of each term: of the first observation where its law is the stationary one, then of every
 *  transition. Not finite where the model says so.
 *  @param terms [nsde_likelihood_terms]
 *  @return NSDE_INVALID naming a parameter out of bounds */
NSDE_API NSDE_MUST_USE nsde_status nsde_likelihood_densities(nsde_likelihood *likelihood,
                                                             const double *parameters, double *terms);
/** The number of densities in the likelihood. */
NSDE_API size_t nsde_likelihood_terms(const nsde_likelihood *likelihood);
/** The observations that are not missing; values[n], gaps[n - 1]. Valid as long as the likelihood. */
NSDE_API const nsde_observations *nsde_likelihood_observations(const nsde_likelihood *likelihood);
/** The row of the series (from 0) that observation i, not missing, came from. */
NSDE_API size_t nsde_likelihood_row(const nsde_likelihood *likelihood, size_t observation);

/* ---- fits ---------------------------------------------------------------------------------------------- */

/** The settings that are numbers: type, name, default, least, most, what it is. */
#define NSDE_FIT_SETTINGS(X)                                                                                 \
    X(int, iterations, 200, 1, 1000000, "most steps of the search in one attempt, of either kind")           \
    X(int, restarts, 6, 0, 1000, "attempts from further starts when one does not end in a clean maximum")    \
    X(double, tolerance, 1e-12, 1e-300, 1e-2, "gain in log likelihood still expected at which to stop")      \
    X(double, level, 0.95, 1e-6, 1.0 - 1e-6, "level of the confidence intervals")

/** A value for a parameter. */
typedef struct nsde_assignment {
    const char *name;
    double value;
} nsde_assignment;

/** How to fit. */
typedef struct nsde_fit_settings {
#define NSDE_SETTING_FIELD(type, name, standard, least, most, doc) type name;
    NSDE_FIT_SETTINGS(NSDE_SETTING_FIELD)
#undef NSDE_SETTING_FIELD
    const nsde_objective *objective; /**< NULL: exact where the model has it, else euler */
    nsde_likelihood_settings likelihood;
    const nsde_assignment *fixed; /**< [n_fixed] parameters that are not estimated */
    size_t n_fixed;
    const nsde_assignment *start; /**< [n_start] where to begin; the others begin at the model's estimate */
    size_t n_start;
    /** Called after every step of the search; false ends the fit there. May be NULL. */
    bool (*progress)(void *context, size_t iteration, double log_likelihood);
    void *progress_context;
} nsde_fit_settings;

/** The defaults of NSDE_FIT_SETTINGS; nothing fixed, no start given, no progress told. */
NSDE_API nsde_fit_settings nsde_fit_settings_default(void);

/** Why a search ended. */
#define NSDE_FIT_OUTCOME_LIST(X)                                                                             \
    X(CONVERGED, "converged")                                                                                \
    X(AT_BOUND, "an estimate ran to its bound, the others converged")                                        \
    X(FLAT, "the likelihood is flat in some direction")                                                      \
    X(STALLED, "no step gains any more, but the gradient is not zero")                                       \
    X(ITERATIONS, "the limit of iterations was reached")                                                     \
    X(CANCELLED, "ended by the progress callback")

/** See NSDE_FIT_OUTCOME_LIST. */
typedef enum nsde_fit_outcome {
#define NSDE_FIT_OUTCOME_ENUM(name, text) NSDE_FIT_##name,
    NSDE_FIT_OUTCOME_LIST(NSDE_FIT_OUTCOME_ENUM)
#undef NSDE_FIT_OUTCOME_ENUM
} nsde_fit_outcome;

/** The words of NSDE_FIT_OUTCOME_LIST; static storage. */
NSDE_API const char *nsde_fit_outcome_text(nsde_fit_outcome outcome);

/** A parameter's estimate. */
typedef struct nsde_estimate {
    char *name;
    double value;
    /** From the inverse of the observed information (minus the exact Hessian on the parameter's own scale);
     *  NaN where that does not exist or the estimate is at a bound, 0 for a fixed parameter. */
    double std_error;
    /** The confidence interval: value +- z std_error, or, where that would leave the parameter's bounds, the
     *  same on the scale of the logarithm of the distance to the bound (of its logit between two bounds). */
    double lower, upper;
    bool fixed, at_bound;
} nsde_estimate;

/** How strongly the fitted mean reverts; all NaN where the model has no such rate. */
typedef struct nsde_reversion {
    double rate, std_error;
    /** Expected error of the estimate for n transitions over a span T with gap h = T / n,
     *  (5 + 2 exp(rate h) + exp(2 rate h)) / (2 n h) (Tang and Chen 2009); the rate less that. */
    double bias, corrected;
} nsde_reversion;

/** A fit. Plain; destroy it with nsde_fit_destroy. */
typedef struct nsde_fit {
    char *model, *equation, *objective, *objective_title;
    char *origin, *column, *time_label; /**< of the data */
    nsde_initial_law initial;
    size_t n_observations, n_missing;
    /** Densities in the likelihood: transitions, and the first observation if it has a law. */
    size_t n_terms;
    double span; /**< time from the first observation to the last */
    size_t n_parameters, n_free;
    nsde_estimate *estimates; /**< [n_parameters] */
    double *gradient;         /**< [n_parameters] of the log likelihood at the estimates */
    double *hessian;          /**< [n_parameters][n_parameters] */
    /** [n_parameters][n_parameters]; NaN where there is none, 0 for fixed parameters. */
    double *covariance;
    double level; /**< of the confidence intervals */
    double log_likelihood;
    double aic; /**< 2 n_free - 2 log_likelihood */
    double bic; /**< n_free log(n_terms) - 2 log_likelihood */
    nsde_reversion reversion;
    nsde_fit_outcome outcome;
    double decrement;   /**< gain in log likelihood that a further Newton step would expect */
    size_t iterations;  /**< steps of the search, of all attempts */
    size_t evaluations; /**< of the likelihood */
    size_t attempts;
    double seconds;
    size_t n_warnings;
    char **warnings; /**< [n_warnings] sentences */
} nsde_fit;

/** Fits a model to a series: a quasi-Newton search (BFGS) on a scale without bounds, then Newton steps with
 *  the exact Hessian until the expected gain is below the tolerance.
 *  @param settings NULL for the defaults
 *  @return as nsde_likelihood_create; NSDE_NOT_FOUND (no such parameter in fixed or start); NSDE_INVALID
 *          (settings, values out of bounds); NSDE_DIVERGED (no start with a finite likelihood) */
NSDE_API NSDE_MUST_USE nsde_status nsde_fit_run(const nsde_model *model, const nsde_series *series,
                                                const nsde_fit_settings *settings, nsde_fit **fit);
/** Writes a fit as a table.
 *  @return NSDE_IO */
NSDE_API NSDE_MUST_USE nsde_status nsde_fit_print(const nsde_fit *fit, FILE *stream);
/** Writes a fit as JSON: model, method, n_observations, parameters (name, estimate, std_error, ci95 at the
 *  fit's level, fixed, at_bound), log_likelihood, aic, bic, converged, outcome, iterations, seconds,
 *  warnings; numbers have 17 digits, NaN is null.
 *  @return NSDE_IO naming the file, NSDE_NO_MEMORY */
NSDE_API NSDE_MUST_USE nsde_status nsde_fit_write_json(const nsde_fit *fit, const char *path);
NSDE_API void nsde_fit_destroy(nsde_fit *fit); /**< Takes NULL. */

/* ---- forecasts ----------------------------------------------------------------------------------------- */

/** How to forecast. */
typedef struct nsde_forecast_settings {
    double horizon;       /**< time from the last observation; default 1 */
    size_t steps, times;  /**< Euler-Maruyama steps, and times to tell of, evenly spread; default 250, 50 */
    size_t paths;         /**< default 20000 */
    uint64_t seed;        /**< default 1 */
    int threads;          /**< 0 for one per core */
    const double *levels; /**< [n_levels] of the quantiles, in 0 … 1 */
    size_t n_levels;      /**< 0: 5, 25, 50, 75 and 95 per cent */
} nsde_forecast_settings;

/** The defaults named beside the fields. */
NSDE_API nsde_forecast_settings nsde_forecast_settings_default(void);

/** The distribution of the state after the last observation. Plain; destroy it with nsde_forecast_destroy. */
typedef struct nsde_forecast {
    size_t n_times, n_levels;
    double *times;     /**< [n_times], from the last observation on */
    double *mean;      /**< [n_times] */
    double *levels;    /**< [n_levels] */
    double *quantiles; /**< [n_times][n_levels] */
} nsde_forecast;

/** Simulates a one-dimensional model from the last observation of a column of the series; the uncertainty of
 *  the parameters is left out.
 *  @return as nsde_simulate */
NSDE_API NSDE_MUST_USE nsde_status nsde_forecast_run(const nsde_model *model, const double *parameters,
                                                     const nsde_series *series, size_t column,
                                                     const nsde_forecast_settings *settings,
                                                     nsde_forecast **forecast);
NSDE_API void nsde_forecast_destroy(nsde_forecast *forecast); /**< Takes NULL. */

#ifdef __cplusplus
}
#endif

#endif
