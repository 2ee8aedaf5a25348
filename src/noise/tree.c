/* The virtual tree: Brownian motion on an interval by halving it, each time by the exact law of (W, H) of the
 * halves given the whole, with normals that belong to the node. Nothing is stored: a value is found by
 * walking from the root to where it lies, so that it depends on the seed and its place alone.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <string.h>

#include "noise/walk.h"

enum { DEPTH = NSDE_TREE_DEPTH, LANES = NSDE_NORMAL_BLOCK };

typedef nsde_tree tree;

static double time_of(const tree *of, const nsde_increments_at *at, size_t k)
{
    const double t = of->t0 + at->h * (double)(at->step + k);
    return fabs(t - of->t1) <= 1e-9 * at->h ? of->t1 : t; /* rounding of steps must not pass the end */
}

/* Where interval k of the request ends; k = 0 is where the first one begins. */
static double end_of(const tree *of, const nsde_increments_at *at, const double *ends, size_t k)
{
    return ends ? ends[k] : time_of(of, at, k);
}

/* The increments and space-time areas of consecutive intervals for a block of lanes of one component. */
static void block(const tree *of, const nsde_increments_at *at, const double *ends, size_t done, uint32_t c,
                  double *rows)
{
    nsde_walk w;
    double W[2][LANES], I[2][LANES];
    const size_t left = at->stride - done, count = left < LANES ? left : LANES;
    double s = end_of(of, at, ends, 0);
    nsde_walk_begin(&w, of, at->first_path + done, c);
    nsde_walk_value(&w, nsde_tree_time_of(of, s), W[0], I[0]);
    for (size_t k = 0; k < at->steps; k++) {
        const size_t from = k % 2, to = 1 - from;
        const double t = end_of(of, at, ends, k + 1), inverse = 1.0 / (t - s);
        double *dW = rows + (k * at->rows + c) * at->stride + done;
        double *H = dW + of->base.components * at->stride;
        nsde_walk_value(&w, nsde_tree_time_of(of, t), W[to], I[to]);
        for (size_t i = 0; i < count; i++)
            dW[i] = W[to][i] - W[from][i];
        for (size_t i = 0; i < count && at->detail >= NSDE_SPACE_TIME; i++)
            H[i] = (I[to][i] - I[from][i]) * inverse - W[from][i] - 0.5 * dW[i];
        s = t;
    }
}

/* The Levy areas of consecutive intervals for a block of lanes of one pair of components. */
static void block_of_areas(const tree *of, const nsde_increments_at *at, const double *ends, size_t done,
                           nsde_tree_pair pair, double *rows)
{
    nsde_area_walk w;
    double A[LANES];
    const size_t left = at->stride - done, count = left < LANES ? left : LANES;
    nsde_tree_time from = nsde_tree_time_of(of, end_of(of, at, ends, 0));
    nsde_area_walk_begin(&w, of, at->first_path + done, pair);
    for (size_t k = 0; k < at->steps; k++) {
        const nsde_tree_time to = nsde_tree_time_of(of, end_of(of, at, ends, k + 1));
        const size_t row = k * at->rows + 2 * of->base.components + pair.number;
        nsde_area_walk_over(&w, from, to, A);
        memcpy(rows + row * at->stride + done, A, count * sizeof *A);
        from = to;
    }
}

static nsde_status check(const tree *of, const nsde_increments_at *at, double s, double t)
{
    if (at->detail == NSDE_LEVY && nsde_noise_pairs(of->base.components) > NSDE_NOISE_COMPONENTS)
        return nsde_fail(NSDE_UNSUPPORTED, "Levy areas of %zu components are more than %d",
                         of->base.components, NSDE_NOISE_COMPONENTS);
    if (!(s >= of->t0) || !(t <= of->t1) || !(s < t))
        return nsde_fail(NSDE_INVALID, "the virtual tree spans %.17g to %.17g; %.17g to %.17g is asked for",
                         of->t0, of->t1, s, t);
    return NSDE_OK;
}

static void all_blocks(const tree *of, const nsde_increments_at *at, const double *ends, double *rows)
{
    for (size_t done = 0; done < at->stride; done += LANES)
        for (uint32_t c = 0; c < of->base.components; c++)
            block(of, at, ends, done, c, rows);
    if (at->detail < NSDE_LEVY)
        return;
    for (size_t done = 0; done < at->stride; done += LANES) {
        nsde_tree_pair pair = {.number = 0};
        for (pair.one = 0; pair.one < of->base.components; pair.one++)
            for (pair.other = pair.one + 1; pair.other < of->base.components; pair.other++, pair.number++)
                block_of_areas(of, at, ends, done, pair, rows);
    }
}

static nsde_status rows_of(const nsde_brownian *brownian, const nsde_increments_at *at, double *rows)
{
    const tree *of = (const tree *)brownian;
    if (at->steps == 0)
        return NSDE_OK;
    const nsde_status status = check(of, at, time_of(of, at, 0), time_of(of, at, at->steps));
    if (!status)
        all_blocks(of, at, NULL, rows);
    return status;
}

static nsde_status interval(const nsde_brownian *brownian, const nsde_increments_at *at, double s, double t,
                            double *rows)
{
    const tree *of = (const tree *)brownian;
    const nsde_status status = check(of, at, s, t);
    if (!status)
        all_blocks(of, at, (double[]){s, t}, rows);
    return status;
}

static bool seed_of(const nsde_brownian *brownian, uint64_t *seed)
{
    *seed = ((const tree *)brownian)->seed;
    return true;
}

static const nsde_brownian_kind kind = {.rows = rows_of, .seed = seed_of, .interval = interval};

nsde_status nsde_brownian_tree(uint64_t seed, size_t components, double t0, double t1, double tolerance,
                               nsde_brownian **brownian)
{
    const double span = t1 - t0;
    nsde_status status = nsde_brownian_create(&kind, sizeof(tree), components, brownian);
    if (status)
        return status;
    if (!(span > 0.0) || !isfinite(span))
        status = nsde_fail(NSDE_INVALID, "a virtual tree from t0 = %g to t1 = %g", t0, t1);
    else if (!(tolerance >= ldexp(span, -DEPTH)))
        status = nsde_fail(NSDE_INVALID, "a virtual tree of tolerance %g: it must be at least %g", tolerance,
                           ldexp(span, -DEPTH));
    if (status) {
        nsde_brownian_destroy(*brownian);
        *brownian = NULL;
        return status;
    }
    tree *of = (tree *)*brownian;
    of->seed = seed;
    of->t0 = t0;
    of->t1 = t1;
    while (of->depth < DEPTH && ldexp(span, -(int)of->depth) > tolerance)
        of->depth++;
    of->last = ldexp(span, -(int)of->depth);
    for (int level = 0; level < DEPTH; level++)
        of->halves[level] = nsde_bridge_law_of(ldexp(span, -level - 1), ldexp(span, -level - 1));
    return NSDE_OK;
}
