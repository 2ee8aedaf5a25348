/* Brownian motion on a grid: increments as a pure function of seed, path, step and component.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <string.h>

#include "noise/brownian.h"
#include "noise/normals.h"

typedef struct grid {
    nsde_brownian base;
    uint64_t seed;
    size_t terms; /* of the series for Levy areas */
} grid;

static bool seed_of(const nsde_brownian *brownian, uint64_t *seed)
{
    *seed = ((const grid *)brownian)->seed;
    return true;
}

/* Steps 2 k and 2 k + 1 share a block. `even` or `odd` is NULL where that step is not asked for. */
static void pair_of_rows(const nsde_draw_at *draw, const nsde_increments_at *at, double scale, double *even,
                         double *odd)
{
    double spare[2][NSDE_NORMAL_BLOCK];
    for (size_t done = 0; done < at->stride; done += NSDE_NORMAL_BLOCK) {
        const size_t left = at->stride - done;
        const bool whole = left >= NSDE_NORMAL_BLOCK;
        double *to_even = even && whole ? even + done : spare[0],
               *to_odd = odd && whole ? odd + done : spare[1];
        nsde_normal_pairs(draw, at->first_path + done, scale, to_even, to_odd);
        if (!whole && even)
            memcpy(even + done, spare[0], left * sizeof *even);
        if (!whole && odd)
            memcpy(odd + done, spare[1], left * sizeof *odd);
    }
}

static nsde_status rows_of(const nsde_brownian *brownian, const nsde_increments_at *at, double *dW)
{
    const grid *g = (const grid *)brownian;
    if (at->detail == NSDE_LEVY && nsde_noise_pairs(brownian->components) > NSDE_NOISE_COMPONENTS)
        return nsde_fail(NSDE_UNSUPPORTED, "Levy areas of %zu components are more than %d",
                         brownian->components, NSDE_NOISE_COMPONENTS);
    const uint64_t limit = (uint64_t)1 << (at->detail == NSDE_LEVY ? 30 : 41);
    if (at->step >= limit || at->steps > limit - at->step)
        return nsde_fail(NSDE_INVALID, "a Brownian grid has 2^%d steps%s, not %llu and %zu more",
                         at->detail == NSDE_LEVY ? 30 : 41, at->detail == NSDE_LEVY ? " with areas" : "",
                         (unsigned long long)at->step, at->steps);
    const size_t row = at->rows * at->stride;
    const double scale = sqrt(at->h), area_scale = sqrt(at->h / 12.0);
    for (size_t k = 0; k < at->steps;) {
        const bool odd_first = (at->step + k) % 2, alone = odd_first || k + 1 == at->steps;
        for (uint32_t c = 0; c < brownian->components; c++) {
            nsde_draw_at draw = {g->seed, NSDE_DRAW_INCREMENT, (at->step + k) / 2, c};
            double *first = dW + k * row + c * at->stride, *next = alone ? NULL : first + row;
            pair_of_rows(&draw, at, scale, odd_first ? NULL : first, odd_first ? first : next);
            if (at->detail == NSDE_INCREMENTS)
                continue;
            draw.draw = NSDE_DRAW_SPACE_TIME;
            first += brownian->components * at->stride;
            next = alone ? NULL : first + row;
            pair_of_rows(&draw, at, area_scale, odd_first ? NULL : first, odd_first ? first : next);
        }
        k += alone ? 1 : 2;
    }
    for (size_t k = 0; k < at->steps && at->detail >= NSDE_LEVY; k++)
        nsde_grid_areas(g->seed, brownian->components, g->terms, at, at->step + k, dW + k * row);
    return NSDE_OK;
}

static const nsde_brownian_kind kind = {.rows = rows_of, .seed = seed_of};

nsde_status nsde_brownian_grid_areas(uint64_t seed, size_t components, size_t terms, nsde_brownian **brownian)
{
    if (terms > 1000) {
        if (brownian)
            *brownian = NULL;
        return nsde_fail(NSDE_INVALID, "Levy areas: %zu terms of the series (must be 0 to 1000)", terms);
    }
    const nsde_status status = nsde_brownian_create(&kind, sizeof(grid), components, brownian);
    if (!status) {
        (*brownian)->lengths = NSDE_LENGTHS_FREE;
        ((grid *)*brownian)->seed = seed;
        ((grid *)*brownian)->terms = terms;
    }
    return status;
}

nsde_status nsde_brownian_grid(uint64_t seed, size_t components, nsde_brownian **brownian)
{
    return nsde_brownian_grid_areas(seed, components, 0, brownian);
}

void nsde_brownian_grid_reseed(nsde_brownian *brownian, uint64_t seed)
{
    ((grid *)brownian)->seed = seed;
}
