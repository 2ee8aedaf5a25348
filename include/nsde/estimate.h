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

/** Zeros are sensible but for `run`, which nsde_gradient_settings_default fills. */
typedef struct nsde_estimate_settings {
    nsde_gradient_settings run; /**< times, paths, noise, integrator; `keep` is for reverse */
    /** Paths 2 i and 2 i + 1 have opposite noise and count as one sample; needs an even number of paths. */
    bool antithetic;
    bool no_baseline; /**< likelihood_ratio without its control variate */
    double step;      /**< differences: relative step; 0 for the cube root of the rounding */
    size_t partials;  /**< forward: partials followed at once; 0 for 8 */
    bool keep_samples;
    const double *direction; /**< hessian_vector: [n_parameters + dim]; borrowed */
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
    nsde_status (*run)(struct nsde_estimate_work *work);
};

NSDE_API size_t nsde_estimator_count(void);
NSDE_API const nsde_estimator *nsde_estimator_at(size_t number); /**< NULL beyond the last. */
/** @return NSDE_NOT_FOUND with the names there are */
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

#ifdef __cplusplus
}
#endif

#endif
