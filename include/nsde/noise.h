/* nsde/noise.h: random numbers and Brownian increments, drawn apart from the parameters.
 *
 * The default source is counter-based (Philox4x32-10): every number is a pure function of the seed and of
 * where it belongs, so that nothing is stored, anything can be replayed in any order, and results do not
 * depend on threads, ranks or panel widths. Numbers are the same to the last bit on every machine: they are
 * computed with +, -, *, / and square roots alone.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef NSDE_NOISE_H
#define NSDE_NOISE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <gsl/gsl_rng.h>

#include "nsde/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Philox4x32-10 for GSL: gsl_rng_alloc(nsde_rng_philox) works with every GSL distribution. The seed is the
 *  key; numbers are 32 bits wide, gsl_rng_uniform has 53 bits (two numbers).
 *  Salmon, Moraes, Dror and Shaw 2011. */
NSDE_API extern const gsl_rng_type *const nsde_rng_philox;

/** One block of Philox4x32-10: four random words of a counter and a key. */
NSDE_API void nsde_philox(const uint32_t counter[4], const uint32_t key[2], uint32_t words[4]);

/** Standard normals number first … first + n - 1 of a stream, by Box and Muller (1958) on 52-bit uniforms.
 *  @param stream below 2^40: streams of a seed are independent
 *  @param z [n] written */
NSDE_API void nsde_normals(uint64_t seed, uint64_t stream, uint64_t first, size_t n, double *z);

/* ---- Brownian motion ----------------------------------------------------------------------------------- */

/** Brownian motion: increments for any number of paths. Opaque and immutable, so threads may share it, and
 *  there is nothing to clone or to rewind: any step may be asked for at any time. */
typedef struct nsde_brownian nsde_brownian;

enum { NSDE_NOISE_COMPONENTS = 1 << 20 }; /**< most components of a grid */

/** What is wanted of each step, from little to much; each holds what comes before it, in this order of rows.
 *  Over a step from s to s + h, with W counted from its value at s:
 *  increments dW_i = W_i(s + h), one a component;
 *  space-time areas H_i = (1/h) int W_i dr - dW_i / 2 (variance h/12, independent of dW), one a component;
 *  Levy areas A_ij = 1/2 int (W_i dW_j - W_j dW_i) for i < j, in the order 01, 02, …, 12, …
 *  Iterated integrals are I_ij = (dW_i dW_j - [i = j] h) / 2 + A_ij in Ito's sense, without h in
 *  Stratonovich's, with A_ji = -A_ij; int W_i dr = h (H_i + dW_i / 2). */
typedef enum nsde_noise_detail { NSDE_INCREMENTS, NSDE_SPACE_TIME, NSDE_LEVY } nsde_noise_detail;

NSDE_API size_t nsde_noise_pairs(size_t components); /**< Levy areas: components (components - 1) / 2 */
/** Rows of a step in that detail. */
NSDE_API size_t nsde_noise_rows(size_t components, nsde_noise_detail detail);

/** Brownian motion on a grid of equal steps, whose increments are a pure function of seed, path, step and
 *  component (and scale with the root of h). Up to 2^41 steps and NSDE_NOISE_COMPONENTS components.
 *  Its Levy areas are those of nsde_brownian_grid_areas without terms.
 *  @return NSDE_INVALID (components), NSDE_NO_MEMORY */
NSDE_API NSDE_MUST_USE nsde_status nsde_brownian_grid(uint64_t seed, size_t components,
                                                      nsde_brownian **brownian);
/** As nsde_brownian_grid, with a choice of how Levy areas are made (up to 2^30 steps):
 *  A_ij = H_i dW_j - dW_i H_j + `terms` terms of the Fourier series of the Brownian bridge (Kloeden, Platen
 *  and Wright 1992) given W and H, and for the rest of the series a normal number of the rest's variance
 *  (Wiktorsson 2001). With no terms that is Davie's (2014) area: means, variances and their dependence on W
 *  and H are exact, fourth moments are not (13/48 for 5/16). Sixteen terms leave an error of 1e-4 in them.
 *  @param terms 0 … 1000
 *  @return NSDE_INVALID (components, terms), NSDE_NO_MEMORY */
NSDE_API NSDE_MUST_USE nsde_status nsde_brownian_grid_areas(uint64_t seed, size_t components, size_t terms,
                                                            nsde_brownian **brownian);

/** Brownian motion whose increments over steps of length h the caller gives.
 *  @param increments [paths][steps][components], copied; finite
 *  @return NSDE_INVALID naming path, step and component; NSDE_OVERFLOW; NSDE_NO_MEMORY */
NSDE_API NSDE_MUST_USE nsde_status nsde_brownian_stored(size_t paths, size_t steps, size_t components,
                                                        double h, const double *increments,
                                                        nsde_brownian **brownian);
/** As nsde_brownian_stored, in more detail.
 *  @param rows [paths][steps][nsde_noise_rows(components, detail)], copied; finite
 *  @return as nsde_brownian_stored */
NSDE_API NSDE_MUST_USE nsde_status nsde_brownian_stored_detail(size_t paths, size_t steps, size_t components,
                                                               nsde_noise_detail detail, double h,
                                                               const double *rows, nsde_brownian **brownian);
/** As nsde_brownian_stored, with increments drawn from any GSL generator in the order of that array
 *  (gsl_ran_gaussian_ziggurat, one call a number).
 *  @return as nsde_brownian_stored */
NSDE_API NSDE_MUST_USE nsde_status nsde_brownian_from_rng(gsl_rng *rng, size_t paths, size_t steps,
                                                          size_t components, double h,
                                                          nsde_brownian **brownian);
/** The virtual tree: Brownian motion on [t0, t1] that can be asked for any interval, in any order. The
 *  interval is halved until halves are no longer than `tolerance`, each time by the exact law of W and H
 *  given those of the whole (Foster 2020), with normals that belong to the place in the tree. Values at the
 *  ends of those halves are exact in their joint law; within a last one each value is exact in its own law.
 *  As steps, step k is the interval from t0 + k h to t0 + (k + 1) h. Levy areas are made of those of the last
 *  halves by Chen's relation, so that areas of any intervals that meet add up, and cost what all last halves
 *  within an interval cost: choose no finer a tolerance than needed. Over a last half, means, variances and
 *  covariances given W and H are exact (fourth moment 123/400 for 5/16); within one, from its beginning, the
 *  variance is.
 *  @param tolerance at least (t1 - t0) / 2^38
 *  @return NSDE_INVALID (components, times, tolerance), NSDE_NO_MEMORY */
NSDE_API NSDE_MUST_USE nsde_status nsde_brownian_tree(uint64_t seed, size_t components, double t0, double t1,
                                                      double tolerance, nsde_brownian **brownian);

/** How the dimensions of Sobol's sequence, the first of which are spread best, become increments. */
typedef enum nsde_sobol_ordering {
    NSDE_SOBOL_BRIDGE, /**< W at the end first, then halfway (Brownian bridge), and so on */
    NSDE_SOBOL_PCA,    /**< principal components of the path, a product with a matrix of steps x steps */
    NSDE_SOBOL_STEPS   /**< step by step */
} nsde_sobol_ordering;

enum { NSDE_SOBOL_DIMENSIONS = 1111 }; /**< most components x steps */

/** Quasi-random Brownian motion: path n is point n of Sobol's sequence in components x steps dimensions (Joe
 *  and Kuo 2008, in the order of a Gray code), scrambled linearly and shifted (Matousek 1998): each path has
 *  the law of Brownian motion, and 2^m paths from a multiple of 2^m on are spread evenly. Averages over them
 *  err less than over independent paths; the error is told by repeating with other seeds. Up to 2^32 paths
 *  and exactly `steps` steps of any one length. Space-time and Levy areas, which are independent of the
 *  increments, are pseudo-random.
 *  @return NSDE_INVALID for more than NSDE_SOBOL_DIMENSIONS dimensions; NSDE_NO_MEMORY */
NSDE_API NSDE_MUST_USE nsde_status nsde_brownian_sobol(uint64_t seed, size_t components, size_t steps,
                                                       nsde_sobol_ordering ordering,
                                                       nsde_brownian **brownian);

/* Made of another Brownian motion, which is borrowed and must live longer. */

/** Steps that are `factor` steps of the fine one each: increments are sums, areas follow (Chen's relation).
 *  Step length h here is h / factor there.
 *  @return NSDE_INVALID for a factor of 0; NSDE_NO_MEMORY */
NSDE_API NSDE_MUST_USE nsde_status nsde_brownian_coarsen(const nsde_brownian *fine, size_t factor,
                                                         nsde_brownian **brownian);
/** Antithetic pairs: paths 2 i and 2 i + 1 are path i of `half` and its mirror image -W.
 *  @return NSDE_NO_MEMORY */
NSDE_API NSDE_MUST_USE nsde_status nsde_brownian_antithetic(const nsde_brownian *half,
                                                            nsde_brownian **brownian);
/** L W with the Cholesky factor L of a correlation (or covariance) matrix. What it makes is no standard
 *  Brownian motion: a scheme with quadratic terms (Milstein …) would be wrong with it, and is refused.
 *  @param matrix [components][components], symmetric and positive definite
 *  @return NSDE_INVALID otherwise; NSDE_NO_MEMORY */
NSDE_API NSDE_MUST_USE nsde_status nsde_brownian_correlate(const nsde_brownian *independent,
                                                           const double *matrix, nsde_brownian **brownian);
/** Is it made by nsde_brownian_correlate (perhaps of one that is)? */
NSDE_API bool nsde_brownian_is_correlated(const nsde_brownian *brownian);

NSDE_API void nsde_brownian_destroy(nsde_brownian *brownian); /**< Takes NULL. */

NSDE_API size_t nsde_brownian_components(const nsde_brownian *brownian); /**< Of W. */
/** Does a seed stand for this noise? If so it is written. */
NSDE_API bool nsde_brownian_seed(const nsde_brownian *brownian, uint64_t *seed);

/** The increments of paths first_path … first_path + paths - 1 over the steps numbered step …
 *  step + steps - 1 (from 0), each of length h; allocates nothing.
 *  @param stride numbers between components; at least `paths`
 *  @param dW [steps][components][stride] written; lanes from `paths` to `stride` are finite
 *  @return NSDE_INVALID where a stored path, step or length is not the one asked for */
NSDE_API NSDE_MUST_USE nsde_status nsde_brownian_increments(const nsde_brownian *brownian, double h,
                                                            uint64_t first_path, size_t paths, uint64_t step,
                                                            size_t steps, size_t stride, double *dW);
/** The same in more detail; increments and space-time areas do not depend on the detail.
 *  @param rows [steps][nsde_noise_rows][stride] written
 *  @return also NSDE_UNSUPPORTED where this noise does not have that detail */
NSDE_API NSDE_MUST_USE nsde_status nsde_brownian_rows(const nsde_brownian *brownian, nsde_noise_detail detail,
                                                      double h, uint64_t first_path, size_t paths,
                                                      uint64_t step, size_t steps, size_t stride,
                                                      double *rows);
/** A virtual tree's rows over any interval from s to t, t0 <= s < t <= t1; allocates nothing.
 *  @param rows [nsde_noise_rows][stride] written
 *  @return NSDE_UNSUPPORTED for other kinds */
NSDE_API NSDE_MUST_USE nsde_status nsde_brownian_interval(const nsde_brownian *brownian,
                                                          nsde_noise_detail detail, double s, double t,
                                                          uint64_t first_path, size_t paths, size_t stride,
                                                          double *rows);

/** An interval cut in two: increment and space-time area over each part. */
typedef struct nsde_bridge {
    double W_left, H_left, W_right, H_right;
} nsde_bridge;

/** Cuts an interval of length a + b after a, given W and H over the whole, by the exact conditional law of
 *  W and H over the left part.
 *  @param z two independent standard normals */
NSDE_API nsde_bridge nsde_bridge_split(double a, double b, double W, double H, const double z[2]);
/** As nsde_bridge_split where only W is known over the whole: the law of W_left alone, from one normal. */
NSDE_API double nsde_bridge_point(double a, double b, double W, double z);

/** The lower Cholesky factor of a symmetric positive definite matrix, both [n][n].
 *  @return NSDE_INVALID where it is not */
NSDE_API NSDE_MUST_USE nsde_status nsde_cholesky(size_t n, const double *matrix, double *lower);

#ifdef __cplusplus
}
#endif

#endif
