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

/** Brownian motion: increments for any number of paths. Opaque and immutable, so threads may share it. */
typedef struct nsde_brownian nsde_brownian;

enum { NSDE_NOISE_COMPONENTS = 1 << 20 }; /**< most components of a grid */

/** Brownian motion on a grid of equal steps, whose increments are a pure function of seed, path, step and
 *  component (and scale with the root of h). Up to 2^41 steps and NSDE_NOISE_COMPONENTS components. */
NSDE_API NSDE_MUST_USE nsde_status nsde_brownian_grid(uint64_t seed, size_t components,
                                                      nsde_brownian **brownian);
/** Brownian motion whose increments over steps of length h the caller gives.
 *  @param increments [paths][steps][components], copied; finite
 *  @return NSDE_INVALID naming path, step and component; NSDE_OVERFLOW; NSDE_NO_MEMORY */
NSDE_API NSDE_MUST_USE nsde_status nsde_brownian_stored(size_t paths, size_t steps, size_t components,
                                                        double h, const double *increments,
                                                        nsde_brownian **brownian);
/** As nsde_brownian_stored, with increments drawn from any GSL generator in the order of that array
 *  (gsl_ran_gaussian_ziggurat, one call a number). */
NSDE_API NSDE_MUST_USE nsde_status nsde_brownian_from_rng(gsl_rng *rng, size_t paths, size_t steps,
                                                          size_t components, double h,
                                                          nsde_brownian **brownian);
NSDE_API void nsde_brownian_destroy(nsde_brownian *brownian); /**< Takes NULL. */

NSDE_API size_t nsde_brownian_components(const nsde_brownian *brownian);
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

#ifdef __cplusplus
}
#endif

#endif
