/* nsde/estimate.h: estimators of the gradient of an expected loss, all behind one interface, so that they can
 * be compared.
 *
 * Each gives the mean loss and its derivatives by the model's parameters and initial states, with standard
 * errors from the same paths, and says what it cost.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef NSDE_ESTIMATE_H
#define NSDE_ESTIMATE_H

#include "nsde/gradient.h"

#ifdef __cplusplus
extern "C" {
#endif

/** What is differentiated, and where. The caller's. */
typedef struct nsde_estimate_problem {
    const nsde_model *model;
    const nsde_loss *loss;    /**< recorded: losses of the ensemble are refused */
    const double *parameters; /**< [n_parameters] within their bounds */
    const double *x0;         /**< [dim], the same for every path */
} nsde_estimate_problem;

/** A control variate: a loss of the same paths whose expectation is known. The caller's. */
typedef struct nsde_control {
    const nsde_loss *loss; /**< recorded */
    double mean; /**< exact for the scheme and its steps, or all that is estimated is biased by the gap */
} nsde_control;

/** Zeros are sensible but for `run`, which nsde_gradient_settings_default fills. */
typedef struct nsde_estimate_settings {
    nsde_gradient_settings run; /**< times, paths, noise, integrator; `keep` is for reverse */
    /** Paths 2 i and 2 i + 1 have opposite noise and count as one sample; needs an even number of paths. */
    bool antithetic;
    /** Quasi-random paths (nsde_brownian_sobol, by bridges), `run.paths` of them, best a power of 2, in each
     * of `scramblings` (0 for 16) that are the samples; `run.noise` must be NULL. */
    bool sobol;
    size_t scramblings;
    bool no_baseline; /**< likelihood_ratio without its control variate */
    double step;      /**< differences: relative step; 0 for the cube root of the rounding */
    /** smoothed: width in standard deviations of what the loss chooses by; 0 for paths^(-1/4). */
    double smoothing;
    size_t partials;         /**< forward: partials followed at once; 0 for 8 */
    bool keep_samples;       /**< fill nsde_gradient_estimate.samples */
    const double *direction; /**< hessian_vector: [n_parameters + dim]; borrowed */
    /** [n_controls], at most 8: what the loss and each derivative have in common with these, by regression on
     *  the same samples, is taken away. */
    const nsde_control *controls;
    size_t n_controls;
} nsde_estimate_settings;

typedef struct nsde_estimator nsde_estimator;
struct nsde_estimate_work;

/** A gradient. Plain; destroy it with nsde_estimate_destroy. */
typedef struct nsde_gradient_estimate {
    const nsde_estimator *method; /**< for auto: what it chose */
    size_t n;                     /**< n_parameters + dim: the parameters, then the initial states */
    size_t n_samples;             /**< paths, or pairs, or batches of paths */
    double loss, loss_std_error;
    double *value, *std_error; /**< [n]; errors are NaN where there is one sample */
    double *samples;           /**< [n][n_samples] where they are kept, else NULL */
    double seconds;
    size_t peak_bytes; /**< held at once while it worked, results included */
    /** The loss jumps, as far as its operations show, and this estimator does not see jumps: it may be
     *  biased. The note says so. */
    bool doubtful;
    char note[256]; /**< what was done, in a sentence; "" for nothing to tell */
} nsde_gradient_estimate;

/** An estimator: a name, and a function that src/estimate calls. */
struct nsde_estimator {
    const char *name;
    const char *aliases; /**< separated by spaces; "" for none */
    const char *title;   /**< as the literature calls it */
    const char *source;  /**< author, year */
    bool second;         /**< of second derivatives: by each component twice, or along a direction */
    bool of_equation;    /**< of the equation, not of its steps: the two meet as steps get short */
    nsde_status (*run)(struct nsde_estimate_work *work);
};

NSDE_API size_t nsde_estimator_count(void);                      /**< The estimators there are. */
NSDE_API const nsde_estimator *nsde_estimator_at(size_t number); /**< NULL beyond the last. */
/** The estimator of that name or alias.
 *  @return NSDE_NOT_FOUND with the names there are */
NSDE_API NSDE_MUST_USE nsde_status nsde_estimator_find(const char *name, const nsde_estimator **estimator);

/** The gradient by one estimator; the same for any number of threads.
 *  @return NSDE_INVALID, NSDE_UNSUPPORTED (this estimator does not apply), NSDE_DIVERGED, NSDE_NO_MEMORY */
NSDE_API NSDE_MUST_USE nsde_status nsde_estimate_run(const nsde_estimator *estimator,
                                                     const nsde_estimate_problem *problem,
                                                     const nsde_estimate_settings *settings,
                                                     nsde_gradient_estimate **estimate);
NSDE_API void nsde_estimate_destroy(nsde_gradient_estimate *estimate); /**< Takes NULL. */

/** The name of component k: a parameter's, x0, or x0_1, x0_2, … where there are several states.
 *  @param name [size] written */
NSDE_API void nsde_estimate_name(const nsde_model *model, size_t k, size_t size, char *name);

/** What nsde_gradient_check found. */
typedef struct nsde_gradient_agreement {
    size_t worst;        /**< the component that disagrees most */
    double gradient;     /**< its derivative by the reverse sweep … */
    double difference;   /**< … and by differences, on the same paths */
    double disagreement; /**< |gradient - difference| in units of the tolerance: at most 1 is agreement */
    size_t n_disagree;   /**< components that do not agree */
} nsde_gradient_agreement;

/** Compares the gradient of the engine with central differences of fourth order on frozen paths, for all
 *  parameters and initial states. They agree within `tolerance` (0 for 1e-6) times the larger of the
 *  derivative and a thousandth of the largest of all.
 *  @param agreement written on success, and where components disagree; may be NULL
 *  @return NSDE_DIVERGED naming the parameter that disagrees most and by how much; else as the engine */
NSDE_API NSDE_MUST_USE nsde_status nsde_gradient_check(const nsde_estimate_problem *problem,
                                                       const nsde_gradient_settings *settings,
                                                       double tolerance, nsde_gradient_agreement *agreement);

/* ---- relative entropy on the space of paths ----------------------------------------------------------- */

/** Two equations with the same diffusion. The caller's. */
typedef struct nsde_path_kl_problem {
    const nsde_model *q, *p;                   /**< in Ito's calculus, with a noise for each state */
    const double *q_parameters, *p_parameters; /**< within their bounds */
    const double *x0;                          /**< [dim], of both */
} nsde_path_kl_problem;

/** KL(Q || P) of the laws of their paths. Plain; destroy it with nsde_path_kl_destroy. */
typedef struct nsde_path_kl {
    /** E_Q of int |u|^2 dt / 2, u = g^-1 (f_q - f_p): no noise of the stochastic integral. */
    double value, std_error;
    /** The log ratio log dQ/dP under Q itself: its mean, the entropy once more, and its variance. */
    double log_ratio, log_ratio_std_error, log_ratio_variance;
    double inverse_ratio, inverse_ratio_std_error; /**< E_Q dP/dQ, which is 1 where enough paths tell it */
    size_t n;                                      /**< parameters of q, of p, then initial states */
    double *gradient, *gradient_std_error; /**< [n] of `value`; the diffusion is that of q in both laws */
} nsde_path_kl;

/** The relative entropy by paths of Euler-Maruyama, on whose grid it is that of the two chains; its
 *  derivatives along the paths (Girsanov 1960).
 *  @return NSDE_INVALID (models that differ in size; diffusions that differ at x0 or beside it),
 *          NSDE_UNSUPPORTED, NSDE_DIVERGED, NSDE_NO_MEMORY */
NSDE_API NSDE_MUST_USE nsde_status nsde_path_kl_estimate(const nsde_path_kl_problem *problem,
                                                         const nsde_gradient_settings *settings,
                                                         nsde_path_kl **kl);
NSDE_API void nsde_path_kl_destroy(nsde_path_kl *kl); /**< Takes NULL. */

#ifdef __cplusplus
}
#endif

#endif
