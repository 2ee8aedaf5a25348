/* Brownian motion made of Sobol's points.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <string.h>

#include "core/simd.h"
#include "noise/brownian.h"
#include "noise/normals.h"
#include "noise/sobol.h"

enum { LANES = NSDE_LANE_QUANTUM };

/* W(at) given W(from) and W(to), one normal each; steps of length 1. */
typedef struct bridge {
    size_t from, at, to;
    double of_from, of_to, deviation;
} bridge;

typedef struct sobol {
    nsde_brownian base;
    uint64_t seed;
    size_t steps;
    nsde_sobol_ordering ordering;
    nsde_sobol_dimension *dimensions; /* [steps][components] */
    bridge *bridges;                  /* [steps] in the order of normals; the first is the end */
    double *principal;                /* [steps][steps] from normals to increments */
} sobol;

/* Breadth first: the list of cuts is its own queue of what is to be cut next. */
static void plan_bridges(size_t steps, bridge *list)
{
    size_t planned = 1;
    list[0] = (bridge){.at = steps, .to = steps, .deviation = sqrt((double)steps)};
    for (size_t next = 0; planned < steps; next++)
        for (int side = 0; side < 2; side++) {
            const size_t from = side ? list[next].at : list[next].from;
            const size_t to = side ? list[next].to : list[next].at;
            if (to - from < 2)
                continue;
            const size_t at = from + (to - from) / 2;
            const double a = (double)(at - from), b = (double)(to - at);
            list[planned++] = (bridge){from, at, to, b / (a + b), a / (a + b), sqrt(a * b / (a + b))};
        }
}

/* The covariance min(i, j) of W(1) … W(n) has the eigenvectors sin(i w) with w = (2 k - 1) pi / (2 n + 1) and
 * the eigenvalues 1 / (4 sin^2(w / 2)), so that increments are 2 / sqrt(2 n + 1) cos((i - 1/2) w) each. */
static void plan_principal(size_t n, double *matrix)
{
    const double scale = 2.0 / sqrt((double)(2 * n + 1));
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < n; k++) {
            const uint64_t denominator = 4 * (2 * n + 1);
            matrix[i * n + k] =
                scale * nsde_cosine_of_turn((2 * k + 1) * (2 * i + 1) % denominator, denominator);
        }
}

/* The normals that some steps ask for: in the order of the path's, `count` of them. */
typedef struct needed {
    size_t count;
    uint16_t numbers[NSDE_SOBOL_DIMENSIONS];
} needed;

/* A normal moves the path between two times only: it is needed where a step lies there. */
static void find_needed(const sobol *of, size_t first, size_t steps, needed *list)
{
    list->count = 0;
    for (size_t k = 0; k < of->steps; k++) {
        size_t from = 0, to = of->steps;
        if (of->ordering == NSDE_SOBOL_BRIDGE)
            from = of->bridges[k].from, to = of->bridges[k].to;
        else if (of->ordering == NSDE_SOBOL_STEPS)
            from = k, to = k + 1;
        if (from < first + steps && to > first)
            list->numbers[list->count++] = (uint16_t)k;
    }
}

/* Increments of `count` steps from `first` on, each of length 1, of a block of lanes. */
static NSDE_CLONES void by_bridges(const sobol *of, const needed *list, double (*z)[LANES], size_t first,
                                   size_t count, double (*dW)[LANES])
{
    double W[NSDE_SOBOL_DIMENSIONS + 1][LANES];
    memset(W[0], 0, sizeof W[0]);
    memset(W[of->steps], 0, sizeof W[0]);
    for (size_t k = 0; k < list->count; k++) {
        const bridge *b = &of->bridges[list->numbers[k]];
#pragma omp simd
        for (size_t i = 0; i < LANES; i++)
            W[b->at][i] = b->of_from * W[b->from][i] + b->of_to * W[b->to][i] + b->deviation * z[k][i];
    }
    for (size_t k = 0; k < count; k++)
#pragma omp simd
        for (size_t i = 0; i < LANES; i++)
            dW[k][i] = W[first + k + 1][i] - W[first + k][i];
}

static NSDE_CLONES void by_components(const sobol *of, double (*z)[LANES], size_t first, size_t count,
                                      double (*dW)[LANES])
{
    for (size_t k = 0; k < count; k++) {
        const double *row = of->principal + (first + k) * of->steps;
        double sum[LANES] = {0.0};
        for (size_t j = 0; j < of->steps; j++)
#pragma omp simd
            for (size_t i = 0; i < LANES; i++)
                sum[i] += row[j] * z[j][i];
        memcpy(dW[k], sum, sizeof sum);
    }
}

/* The increments of a block of lanes of one component. */
static void block(const sobol *of, const nsde_increments_at *at, const needed *list, size_t done, size_t c,
                  double *rows)
{
    uint64_t points[LANES];
    double z[NSDE_SOBOL_DIMENSIONS][LANES], dW[NSDE_SOBOL_DIMENSIONS][LANES];
    const size_t first = (size_t)at->step, left = at->stride - done, count = left < LANES ? left : LANES;
    const bool in_order = of->ordering == NSDE_SOBOL_STEPS;
    const double scale = sqrt(at->h);
    for (size_t k = 0; k < list->count; k++) {
        nsde_sobol_points(&of->dimensions[list->numbers[k] * of->base.components + c], at->first_path + done,
                          LANES, points);
        nsde_normal_quantiles(points, LANES, z[k]);
    }
    if (of->ordering == NSDE_SOBOL_BRIDGE)
        by_bridges(of, list, z, first, at->steps, dW);
    else if (!in_order)
        by_components(of, z, first, at->steps, dW);
    for (size_t k = 0; k < at->steps; k++)
        for (size_t i = 0; i < count; i++)
            rows[(k * at->rows + c) * at->stride + done + i] = scale * (in_order ? z[k][i] : dW[k][i]);
}

/* The space-time areas of a step. */
static void space_time(const sobol *of, const nsde_increments_at *at, uint64_t step, double *rows)
{
    double even[NSDE_NORMAL_BLOCK], odd[NSDE_NORMAL_BLOCK];
    for (uint32_t c = 0; c < of->base.components; c++)
        for (size_t done = 0; done < at->stride; done += NSDE_NORMAL_BLOCK) {
            const nsde_draw_at draw = {of->seed, NSDE_DRAW_SPACE_TIME, step / 2, c};
            const size_t left = at->stride - done,
                         count = left < NSDE_NORMAL_BLOCK ? left : NSDE_NORMAL_BLOCK;
            nsde_normal_pairs(&draw, at->first_path + done, sqrt(at->h / 12.0), even, odd);
            memcpy(rows + c * at->stride + done, step % 2 ? odd : even, count * sizeof *rows);
        }
}

static nsde_status check(const sobol *of, const nsde_increments_at *at)
{
    const uint64_t paths = (uint64_t)1 << NSDE_SOBOL_BITS;
    if (at->step > of->steps || at->steps > of->steps - at->step)
        return nsde_fail(NSDE_INVALID, "this Sobol noise has %zu steps, not %llu and %zu more", of->steps,
                         (unsigned long long)at->step, at->steps);
    if (at->first_path > paths || at->paths > paths - at->first_path)
        return nsde_fail(NSDE_INVALID, "Sobol's sequence has 2^%d paths, not %llu and %zu more",
                         NSDE_SOBOL_BITS, (unsigned long long)at->first_path, at->paths);
    if (at->detail == NSDE_LEVY && nsde_noise_pairs(of->base.components) > NSDE_NOISE_COMPONENTS)
        return nsde_fail(NSDE_UNSUPPORTED, "Levy areas of %zu components are more than %d",
                         of->base.components, NSDE_NOISE_COMPONENTS);
    return NSDE_OK;
}

static nsde_status rows_of(const nsde_brownian *brownian, const nsde_increments_at *at, double *rows)
{
    const sobol *of = (const sobol *)brownian;
    const nsde_status status = check(of, at);
    needed list;
    if (status || at->steps == 0)
        return status;
    find_needed(of, (size_t)at->step, at->steps, &list);
    for (size_t done = 0; done < at->stride; done += LANES)
        for (size_t c = 0; c < of->base.components; c++)
            block(of, at, &list, done, c, rows);
    for (size_t k = 0; k < at->steps; k++) {
        double *row = rows + k * at->rows * at->stride;
        if (at->detail >= NSDE_SPACE_TIME)
            space_time(of, at, at->step + k, row + of->base.components * at->stride);
        if (at->detail >= NSDE_LEVY)
            nsde_grid_areas(of->seed, of->base.components, 0, at, at->step + k, row);
    }
    return NSDE_OK;
}

static bool seed_of(const nsde_brownian *brownian, uint64_t *seed)
{
    *seed = ((const sobol *)brownian)->seed;
    return true;
}

static nsde_status check_settings(size_t components, size_t steps, nsde_sobol_ordering ordering)
{
    if (ordering < NSDE_SOBOL_BRIDGE || ordering > NSDE_SOBOL_STEPS)
        return nsde_fail(NSDE_INVALID, "nsde_brownian_sobol: there is no ordering number %d", (int)ordering);
    if (steps == 0)
        return nsde_fail(NSDE_INVALID, "nsde_brownian_sobol: 0 steps");
    if (components > NSDE_SOBOL_DIMENSIONS || steps > NSDE_SOBOL_DIMENSIONS / components)
        return nsde_fail(
            NSDE_INVALID,
            "Sobol's sequence has %d dimensions here: %zu steps of %zu components are more; take "
            "fewer steps, or a pseudo-random grid (nsde_brownian_grid)",
            NSDE_SOBOL_DIMENSIONS, steps, components);
    return NSDE_OK;
}

nsde_status nsde_brownian_sobol(uint64_t seed, size_t components, size_t steps, nsde_sobol_ordering ordering,
                                nsde_brownian **brownian)
{
    static const nsde_brownian_kind kind = {.rows = rows_of, .seed = seed_of};
    nsde_status status = nsde_brownian_create(&kind, sizeof(sobol), components, brownian);
    if (status)
        return status;
    sobol *of = (sobol *)*brownian;
    status = check_settings(components, steps, ordering);
    const size_t dimensions = components * steps * sizeof *of->dimensions; /* below 2^21 once checked */
    const size_t bridges = ordering == NSDE_SOBOL_BRIDGE ? steps * sizeof *of->bridges : 0;
    const size_t matrix = ordering == NSDE_SOBOL_PCA ? steps * steps * sizeof *of->principal : 0;
    if (!status)
        status = nsde_alloc(1, dimensions + bridges + matrix, "Sobol's sequence", &of->base.memory);
    if (status) {
        nsde_brownian_destroy(*brownian);
        *brownian = NULL;
        return status;
    }
    of->seed = seed;
    of->steps = steps;
    of->ordering = ordering;
    of->dimensions = of->base.memory;
    of->bridges = (void *)((char *)of->base.memory + dimensions);
    of->principal = (void *)((char *)of->base.memory + dimensions);
    nsde_sobol_sequence(components * steps, of->dimensions);
    nsde_sobol_scramble(seed, components * steps, of->dimensions);
    if (bridges)
        plan_bridges(steps, of->bridges);
    if (matrix)
        plan_principal(steps, of->principal);
    return NSDE_OK;
}
