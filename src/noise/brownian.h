/* A kind of Brownian motion is a table of functions; private to src/noise.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef NSDE_NOISE_BROWNIAN_H
#define NSDE_NOISE_BROWNIAN_H

#include "core/error.h"
#include "core/memory.h"
#include "nsde/noise.h"

/* What is asked of nsde_brownian_rows. */
typedef struct nsde_increments_at {
    double h;
    uint64_t first_path, step;
    size_t paths, steps, stride;
    nsde_noise_detail detail;
    size_t rows; /* of a step */
} nsde_increments_at;

/* How steps of lengths of their own are had. */
typedef enum nsde_step_lengths {
    NSDE_LENGTHS_EQUAL,    /* not at all */
    NSDE_LENGTHS_FREE,     /* by their number, each in any length */
    NSDE_LENGTHS_INTERVALS /* by their times (nsde_brownian_interval) */
} nsde_step_lengths;

typedef struct nsde_brownian_kind {
    nsde_status (*rows)(const nsde_brownian *brownian, const nsde_increments_at *at, double *rows);
    bool (*seed)(const nsde_brownian *brownian, uint64_t *seed);
    /* Optional: the rows of one interval; at->step, steps and h do not count. */
    nsde_status (*interval)(const nsde_brownian *brownian, const nsde_increments_at *at, double s, double t,
                            double *rows);
} nsde_brownian_kind;

/* Every kind begins with this. */
struct nsde_brownian {
    const nsde_brownian_kind *kind;
    size_t components;
    bool correlated;
    nsde_step_lengths lengths;
    void *memory; /* a second block, freed with the first; may be NULL */
};

/* A zeroed block of `size` bytes that begins with a nsde_brownian. */
NSDE_MUST_USE nsde_status nsde_brownian_create(const nsde_brownian_kind *kind, size_t size, size_t components,
                                               nsde_brownian **brownian);

/* grid.c: makes a grid, owned by the caller and used by no thread at the moment, that of another seed. */
void nsde_brownian_grid_reseed(nsde_brownian *grid, uint64_t seed);

/* area.c: the Levy areas of one step, whose rows hold increments and space-time areas. */
void nsde_grid_areas(uint64_t seed, size_t components, size_t terms, const nsde_increments_at *at,
                     uint64_t step, double *rows);

#endif
