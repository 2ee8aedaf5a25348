/* The virtual tree: Brownian motion on an interval by halving it, each time by the exact law of (W, H) of the
 * halves given the whole, with normals that belong to the node. Nothing is stored: a value is found by
 * walking from the root to where it lies, so that it depends on the seed and its place alone.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <string.h>

#include "core/simd.h"
#include "noise/bridge.h"
#include "noise/brownian.h"
#include "noise/normals.h"

enum { DEPTH = 38, LANES = NSDE_NORMAL_BLOCK };

typedef struct tree {
    nsde_brownian base;
    uint64_t seed;
    double t0, t1;
    unsigned depth;                /* levels below the root */
    nsde_bridge_law halves[DEPTH]; /* of a node of each level */
} tree;

/* W and H over a node, and W and int W up to where it begins. */
typedef struct node {
    double W[LANES], H[LANES], W_before[LANES], I_before[LANES];
} node;

/* The walk of a block of lanes for one component: the nodes from the root down to where it went last, which
 * the next walk begins with as far as it goes the same way. */
typedef struct walk {
    const tree *of;
    uint64_t lane;
    uint32_t component;
    unsigned known; /* levels 0 … known are those of `place` */
    uint64_t place; /* number of the node at level `known`, from the left */
    node nodes[DEPTH + 1];
} walk;

static void draw(const walk *w, uint64_t number, double *even, double *odd)
{
    const nsde_draw_at at = {w->of->seed, NSDE_DRAW_TREE, number, w->component};
    nsde_normal_pairs(&at, w->lane, 1.0, even, odd);
}

static void begin(walk *w, const tree *of, uint64_t lane, uint32_t component)
{
    double z[2][LANES];
    const double h = of->t1 - of->t0;
    w->of = of;
    w->lane = lane;
    w->component = component;
    w->known = 0;
    w->place = 0;
    draw(w, 0, z[0], z[1]);
    for (size_t i = 0; i < LANES; i++) {
        w->nodes[0].W[i] = sqrt(h) * z[0][i];
        w->nodes[0].H[i] = sqrt(h / 12.0) * z[1][i];
        w->nodes[0].W_before[i] = w->nodes[0].I_before[i] = 0.0;
    }
}

/* From the node at level `level`, number `place`, to a half of it. */
static NSDE_CLONES void descend(walk *w, unsigned level, uint64_t place, bool right)
{
    double z[2][LANES];
    const nsde_bridge_law *law = &w->of->halves[level];
    const node *from = &w->nodes[level];
    node *to = &w->nodes[level + 1];
    draw(w, ((uint64_t)1 << level) + place, z[0], z[1]);
#pragma omp simd
    for (size_t i = 0; i < LANES; i++) {
        double Wl, Hl, Wr, Hr;
        nsde_bridge_cut(law, from->W[i], from->H[i], z[0][i], z[1][i], &Wl, &Hl, &Wr, &Hr);
        const double before = from->W_before[i], area = from->I_before[i];
        to->W[i] = right ? Wr : Wl;
        to->H[i] = right ? Hr : Hl;
        to->W_before[i] = right ? before + Wl : before;
        to->I_before[i] = right ? area + law->a * (before + Hl + 0.5 * Wl) : area;
    }
}

/* W(t) and int W from t0 to t inside the last node, `a` after its beginning. */
static NSDE_CLONES void within(walk *w, uint64_t place, double a, double b, double *W, double *I)
{
    double z[2][LANES];
    const nsde_bridge_law law = nsde_bridge_law_of(a, b);
    const node *n = &w->nodes[w->of->depth];
    draw(w, ((uint64_t)1 << w->of->depth) + place, z[0], z[1]);
    for (size_t i = 0; i < LANES; i++) {
        double Wl, Hl, Wr, Hr;
        nsde_bridge_cut(&law, n->W[i], n->H[i], z[0][i], z[1][i], &Wl, &Hl, &Wr, &Hr);
        W[i] = n->W_before[i] + Wl;
        I[i] = n->I_before[i] + a * (n->W_before[i] + Hl + 0.5 * Wl);
    }
}

/* W(t) and int W from t0 to t. The position of t counts last nodes: a whole number is where one begins. */
static void value_at(walk *w, double t, double *W, double *I)
{
    const tree *of = w->of;
    const double h = of->t1 - of->t0, last = ldexp(h, -(int)of->depth);
    const node *n = &w->nodes[0];
    if (t >= of->t1) {
        for (size_t i = 0; i < LANES; i++) {
            W[i] = n->W[i];
            I[i] = h * (n->H[i] + 0.5 * n->W[i]);
        }
        return;
    }
    const double count = ldexp(1.0, (int)of->depth), position = (t - of->t0) / h * count;
    const double whole = fmin(floor(position), count - 1.0), a = (position - whole) * last;
    const uint64_t place = (uint64_t)whole;
    unsigned level = w->known;
    while (level > 0 && w->place != place >> (of->depth - level)) {
        level--;
        w->place >>= 1;
    }
    for (; level < of->depth; level++) { /* a node that begins at t will do */
        const uint64_t here = place >> (of->depth - level), next = place >> (of->depth - level - 1);
        if (a == 0.0 && here << (of->depth - level) == place)
            break;
        descend(w, level, here, next & 1);
    }
    w->known = level;
    w->place = place >> (of->depth - level);
    if (a != 0.0) {
        within(w, place, a, last - a, W, I);
        return;
    }
    n = &w->nodes[level];
    memcpy(W, n->W_before, sizeof n->W_before);
    memcpy(I, n->I_before, sizeof n->I_before);
}

static double time_of(const tree *of, const nsde_increments_at *at, size_t k)
{
    const double t = of->t0 + at->h * (double)(at->step + k);
    return fabs(t - of->t1) <= 1e-9 * at->h ? of->t1 : t; /* rounding of steps must not pass the end */
}

/* The rows of consecutive intervals for a block of lanes of one component. */
static void block(const tree *of, const nsde_increments_at *at, const double *ends, size_t done, uint32_t c,
                  double *rows)
{
    walk w;
    double W[2][LANES], I[2][LANES];
    const size_t left = at->stride - done, count = left < LANES ? left : LANES;
    begin(&w, of, at->first_path + done, c);
    value_at(&w, ends ? ends[0] : time_of(of, at, 0), W[0], I[0]);
    for (size_t k = 0; k < at->steps; k++) {
        const size_t from = k % 2, to = 1 - from;
        const double s = ends ? ends[0] : time_of(of, at, k), t = ends ? ends[1] : time_of(of, at, k + 1);
        double *dW = rows + (k * at->rows + c) * at->stride + done;
        double *H = dW + of->base.components * at->stride;
        value_at(&w, t, W[to], I[to]);
        for (size_t i = 0; i < count; i++)
            dW[i] = W[to][i] - W[from][i];
        for (size_t i = 0; i < count && at->detail >= NSDE_SPACE_TIME; i++)
            H[i] = (I[to][i] - I[from][i]) / (t - s) - W[from][i] - 0.5 * dW[i];
    }
}

static nsde_status check(const tree *of, const nsde_increments_at *at, double s, double t)
{
    if (at->detail == NSDE_LEVY && of->base.components > 1)
        return nsde_fail(NSDE_UNSUPPORTED,
                         "a virtual tree has no Levy areas; a grid has (nsde_brownian_grid), "
                         "and nsde_brownian_coarsen keeps them");
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
    of->base.lengths = NSDE_LENGTHS_INTERVALS;
    of->seed = seed;
    of->t0 = t0;
    of->t1 = t1;
    while (of->depth < DEPTH && ldexp(span, -(int)of->depth) > tolerance)
        of->depth++;
    for (int level = 0; level < DEPTH; level++)
        of->halves[level] = nsde_bridge_law_of(ldexp(span, -level - 1), ldexp(span, -level - 1));
    return NSDE_OK;
}
