/* nsde/statistics.h: statistics of many paths, and paths in files, without keeping the paths.
 *
 * Panels of paths are simulated as by nsde_simulate, looked at and forgotten: memory does not grow with the
 * number of paths, nor with the steps between observation times.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef NSDE_STATISTICS_H
#define NSDE_STATISTICS_H

#include "nsde/simulate.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- what is asked for --------------------------------------------------------------------------------- */

/** Bins of numbers: bin b holds edges[b] <= x < edges[b + 1], and the last its upper edge too. */
typedef struct nsde_bins {
    size_t n;
    const double *edges; /**< [n + 1], rising */
} nsde_bins;

/** A histogram of a component at every observation time. */
typedef struct nsde_histogram_watch {
    size_t component;
    nsde_bins bins;
} nsde_histogram_watch;

/** The first time at which a component is at or beyond a level. */
typedef struct nsde_passage_watch {
    size_t component;
    double level;
    bool from_above; /**< it starts above and falls to the level, else it rises to it */
    /** Also between the steps: a path that is short of the level before and after a step has crossed it with
     *  the probability exp(-2 a b / (g^2 h)) of a Brownian bridge, a and b its distances, g the diffusion
     *  before the step (Gobet 2000), and the time is taken in the middle of the step. Else a path is looked
     * at after each step alone, and passes later than its continuous path by O(sqrt(h)). */
    bool bridge;
    nsde_bins times; /**< a histogram of the times; n = 0 for none */
} nsde_passage_watch;

/** Zeros ask for means and covariances. */
typedef struct nsde_statistics_settings {
    const nsde_histogram_watch *histograms;
    size_t n_histograms;
    const nsde_passage_watch *passages;
    size_t n_passages;
} nsde_statistics_settings;

/* ---- what comes of it ---------------------------------------------------------------------------------- */

/** Counts of a histogram. */
typedef struct nsde_histogram {
    size_t component;
    nsde_bins bins; /**< its edges are the result's */
    size_t *counts; /**< [n_times][2 + n]: below the first edge, in each bin, above the last edge */
} nsde_histogram;

/** Passages of all paths that did not fail before they passed. */
typedef struct nsde_passage {
    size_t component;
    double level;
    size_t passed, not_passed; /**< paths; not by the end, that is */
    /** Of the times of those that passed, since the paths' start; variance over n - 1. */
    double mean, variance;
    double std_error; /**< of the mean */
    nsde_bins bins;   /**< of times counted from the start too */
    size_t *counts;   /**< [2 + n] */
} nsde_passage;

/** Statistics at the observation times (save_every). Paths that failed are left out at all times. Plain;
 *  destroy it with nsde_statistics_destroy. */
typedef struct nsde_statistics {
    size_t n_times, dim, n_paths, n_failed, n_histograms, n_passages;
    double *times;              /**< [n_times] */
    double *mean;               /**< [n_times][dim] */
    double *std_error;          /**< [n_times][dim], of the mean */
    double *covariance;         /**< [n_times][dim][dim], over n - 1 */
    nsde_histogram *histograms; /**< [n_histograms], in the order asked for */
    nsde_passage *passages;     /**< [n_passages] */
} nsde_statistics;

/** Simulates as nsde_simulate and keeps statistics alone: the same paths, and the same bits for any number of
 *  threads. Sums are taken about the mean of each panel and put together as by Chan, Golub and LeVeque in
 *  1983; while it runs, it holds those of up to 64 groups of panels, each as large as the result.
 *  @return as nsde_simulate; NSDE_INVALID naming a watch that is not possible; NSDE_UNSUPPORTED for a bridge
 *          on correlated noise */
NSDE_API NSDE_MUST_USE nsde_status nsde_simulate_statistics(const nsde_model *model, const double *parameters,
                                                            const double *x0,
                                                            const nsde_simulate_settings *settings,
                                                            const nsde_statistics_settings *wanted,
                                                            nsde_statistics **statistics);
NSDE_API void nsde_statistics_destroy(nsde_statistics *statistics); /**< Takes NULL. */

/** A quantile from counts, as if they lay evenly in their bin: it is off by no more than the bin is wide.
 *  Where it lies below the first or above the last edge it is -INFINITY or INFINITY, and NaN of no counts.
 *  @param counts [2 + bins->n]
 *  @param level in 0 … 1 */
NSDE_API double nsde_bins_quantile(const nsde_bins *bins, const size_t *counts, double level);

/* ---- paths in files ------------------------------------------------------------------------------------ */

/** Writes the paths of a simulation, numbered from first_path on: to a file of columns path, t, x1, … (x for
 *  one state) with a row for each path and time, or, where the name ends in .npy, to an array
 *  [path][time][component]. States that are missing (NSDE_DROP) are NA, or NaN. The file appears whole, or
 *  not at all.
 *  @return NSDE_INVALID, NSDE_IO, NSDE_NO_MEMORY */
NSDE_API NSDE_MUST_USE nsde_status nsde_simulation_write(const nsde_simulation *simulation, size_t first_path,
                                                         const char *path);
/** The same file, written while the paths are simulated as by nsde_simulate: none is kept.
 *  @param n_failed paths that left the finite numbers (NSDE_DROP); or NULL
 *  @return as nsde_simulate; NSDE_IO */
NSDE_API NSDE_MUST_USE nsde_status nsde_simulate_to_file(const nsde_model *model, const double *parameters,
                                                         const double *x0,
                                                         const nsde_simulate_settings *settings,
                                                         const char *path, size_t *n_failed);

#ifdef __cplusplus
}
#endif

#endif
