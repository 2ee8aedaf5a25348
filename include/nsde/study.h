/* nsde/study.h: how good estimators of a gradient are: bias, variance and cost over many replicates, for
 * every estimator, number of steps and number of paths.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef NSDE_STUDY_H
#define NSDE_STUDY_H

#include "nsde/estimate.h"

#ifdef __cplusplus
extern "C" {
#endif

/** What is varied. Arrays are borrowed while the study runs. */
typedef struct nsde_study_settings {
    const nsde_estimator *const *estimators; /**< [n_estimators] */
    const size_t *steps;                     /**< [n_steps] numbers of steps, rising */
    const size_t *paths;                     /**< [n_paths] numbers of paths, rising */
    size_t n_estimators, n_steps, n_paths;
    size_t replicates; /**< each with noise of its own, the same for all estimators; 2 at least */
    /** [n + 1] the derivatives as they would be without bias, then the loss; NaN for unknown; NULL for none
     * known. What is not known is extrapolated to steps of length 0 by Richardson's rule, at the scheme's
     * weak order, from the two finest steps of the estimator that varies least; with one number of steps
     * there is no bias. */
    const double *exact;
    /** A file that the state is kept in, or NULL. Where it exists, the study goes on from there. */
    const char *state;
    /** Called after each replicate with their number; false ends the study, with the state kept; may be NULL.
     */
    bool (*progress)(void *context, size_t done, size_t all);
    void *progress_context;
} nsde_study_settings;

/** One estimator with one number of steps and of paths. Arrays are [n + 1]: the components of the gradient,
 *  then the loss. */
typedef struct nsde_study_cell {
    const nsde_estimator *method;
    size_t steps, paths;
    size_t replicates; /**< 0 where the estimator does not apply; then the note says why */
    double h;          /**< length of a step */
    double seconds;    /**< of a replicate, in the mean */
    size_t peak_bytes; /**< most of any replicate */
    double *mean;      /**< over replicates; its standard error is sqrt(variance / replicates) */
    /** Of an estimate, over replicates; the work-normalised variance is this times seconds. */
    double *variance;
    double *reported; /**< what the estimates themselves said of their variance, in the mean */
    /** mean - reference, and its standard error; NaN where there is no reference. */
    double *bias, *bias_error;
    char note[256];
} nsde_study_cell;

/** A study. Plain; destroy it with nsde_study_destroy. */
typedef struct nsde_study {
    size_t n;               /**< components: the parameters, then the initial states */
    size_t n_cells;         /**< by estimator, then steps, then paths */
    nsde_study_cell *cells; /**< [n_cells] */
    double *reference;      /**< [n + 1] what bias is told from; NaN for none */
    bool *extrapolated;     /**< [n + 1] is the reference not exact but extrapolated? */
    size_t replicates;      /**< made */
    size_t resumed;         /**< of these, made by runs before */
    char (*names)[64];      /**< [n + 1] of the components; "loss" */
} nsde_study;

/** Runs a study; but for the seconds its numbers are the same whether or not it was killed and resumed, and
 *  for any number of threads.
 *  @param settings of equal steps (`run.times` is NULL); steps, paths and seed are the study's to set;
 *  observations count steps of settings->run.steps, and are kept where they are in time
 *  @return NSDE_INVALID naming the setting, or an observation that falls between steps; NSDE_PARSE where the
 *          state is damaged or belongs to another study; what an estimator returned, but for
 *          NSDE_UNSUPPORTED, unless none applies; NSDE_IO; NSDE_NO_MEMORY */
NSDE_API NSDE_MUST_USE nsde_status nsde_study_run(const nsde_estimate_problem *problem,
                                                  const nsde_estimate_settings *settings,
                                                  const nsde_study_settings *study_settings,
                                                  nsde_study **study);
NSDE_API void nsde_study_destroy(nsde_study *study); /**< Takes NULL. */

/** The table as a file: a row for each cell and component, which are called by their names.
 *  @return NSDE_IO; NSDE_NO_MEMORY */
NSDE_API NSDE_MUST_USE nsde_status nsde_study_write_csv(const nsde_study *study, const char *path);
/** All of it as JSON, NaN as null.
 *  @return NSDE_IO; NSDE_NO_MEMORY */
NSDE_API NSDE_MUST_USE nsde_status nsde_study_write_json(const nsde_study *study, const char *path);
/** Pictures of a component (n: the loss), PNG or SVG by their ending: the size of the bias against h, for the
 *  most paths; the variance against the seconds of a replicate, for the most steps.
 *  @return NSDE_INVALID; NSDE_UNSUPPORTED without gnuplot; NSDE_IO */
NSDE_API NSDE_MUST_USE nsde_status nsde_study_draw_bias(const nsde_study *study, size_t component,
                                                        const char *path);
NSDE_API NSDE_MUST_USE nsde_status nsde_study_draw_variance(const nsde_study *study, size_t component,
                                                            const char *path);

#ifdef __cplusplus
}
#endif

#endif
