/* Samples of a level, on panels of paths; private to src/multilevel.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef NSDE_MULTILEVEL_LEVELS_H
#define NSDE_MULTILEVEL_LEVELS_H

#include "multilevel/record.h"

typedef struct nsde_levels nsde_levels;

/* Everything is checked and the integrator given; both structs are borrowed. */
NSDE_MUST_USE nsde_status nsde_levels_create(const nsde_multilevel_problem *problem,
                                             const nsde_multilevel_settings *settings, nsde_levels **levels);
void nsde_levels_destroy(nsde_levels *levels); /* takes NULL */

size_t nsde_levels_steps(const nsde_levels *levels, size_t level); /* of a fine path */
double nsde_levels_cost(const nsde_levels *levels, size_t level);  /* steps of a sample */

/* Samples numbered first … first + n - 1 of a level. Adds to sums [1 + directions][NSDE_MULTILEVEL_SUMS] the
 * sums of powers 1 to 4 of d and f + weight d (see nsde_multilevel_level). Allocates nothing. */
typedef struct nsde_levels_samples {
    uint64_t seed;
    size_t level, first, n;
    double weight;
} nsde_levels_samples;

NSDE_MUST_USE nsde_status nsde_levels_run(nsde_levels *levels, const nsde_levels_samples *samples,
                                          double *sums);

#endif
