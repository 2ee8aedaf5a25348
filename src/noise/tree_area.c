/* Levy areas on a virtual tree, from those of the last nodes by Chen's relation: a path that is refined tells
 * its area, so an area may not be drawn before what lies within it.
 *
 * Over a last node of length h the bridge is a parabola 6 H u (1 - u), u = r / h, and what remains, an arch Z
 * that is independent of W and H (Foster 2020). With x_i = 6 int u (1 - u) dZ_i ~ N(0, h / 5),
 * A_ij = H_i dW_j - dW_i H_j + H_i x_j - H_j x_i + the area of the arches, of variance h^2 / 20, which is
 * uncorrelated with the others and is replaced by a normal number.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <string.h>

#include "core/simd.h"
#include "noise/walk.h"

enum { LANES = NSDE_NORMAL_BLOCK };

/* W of both components, and the area, from the beginning of a last node to a time within it. */
typedef struct within {
    double W[2][LANES], A[LANES];
} within;

void nsde_area_walk_begin(nsde_area_walk *w, const nsde_tree *of, uint64_t lane, nsde_tree_pair pair)
{
    nsde_walk_begin(&w->one, of, lane, pair.one);
    nsde_walk_begin(&w->other, of, lane, pair.other);
    w->pair = pair;
    w->drawn = UINT64_MAX;
}

static void draw(nsde_area_walk *w, uint64_t place)
{
    const nsde_tree *of = w->one.of;
    nsde_draw_at at = {of->seed, NSDE_DRAW_TREE_AREA, place / 2, w->pair.one};
    if (w->drawn == place / 2)
        return;
    nsde_normal_pairs(&at, w->one.lane, sqrt(of->last / 5.0), w->xi[0][0], w->xi[0][1]);
    at.component = w->pair.other;
    nsde_normal_pairs(&at, w->one.lane, sqrt(of->last / 5.0), w->xi[1][0], w->xi[1][1]);
    at.draw = NSDE_DRAW_TREE_REST;
    at.component = w->pair.number;
    nsde_normal_pairs(&at, w->one.lane, of->last / sqrt(20.0), w->rest[0], w->rest[1]);
    w->drawn = place / 2;
}

static NSDE_CLONES void area_of_last(const nsde_area_walk *w, size_t side, double *A)
{
    const nsde_tree_halves *one = &w->one.levels[w->one.of->depth],
                           *other = &w->other.levels[w->one.of->depth];
#pragma omp simd
    for (size_t k = 0; k < LANES; k++)
        A[k] = w->rest[side][k] + one->H[side][k] * (other->W[side][k] + w->xi[1][side][k]) -
               other->H[side][k] * (one->W[side][k] + w->xi[0][side][k]);
}

/* Cut at p of a last node, the areas of both parts less what W and H tell add up to S, which the area of the
 * whole leaves. S has the variance (1 + 2 p q) h^2 / 12 and the covariance -p^2 q h^2 / 6 with what W and H
 * tell of the left part, since the cut knows nothing of the area. A share s of it with
 * s^2 var S + 2 s p^2 q h^2 / 6 = p^2 h^2 / 12 gives the left area its variance, 0 at p = 0, all at p = 1. */
static double share_of_left(double p)
{
    const double q = 1.0 - p, twice = 2.0 * p * q;
    return p * (twice + sqrt(twice * twice + 1.0 + twice)) / (1.0 + twice);
}

static NSDE_CLONES void area_of_left(const nsde_bridge_law *law, double share, const double *const whole[5],
                                     const double *const H[2], within *left)
{
    const double h = law->a + law->b, b_inverse = law->b_inverse;
#pragma omp simd
    for (size_t k = 0; k < LANES; k++) {
        const double W0 = left->W[0][k], W1 = left->W[1][k], H0 = H[0][k], H1 = H[1][k];
        const double V0 = whole[0][k] - W0, V1 = whole[1][k] - W1;
        const double G0 = (h * whole[2][k] - law->a * H0 - 0.5 * (law->b * W0 - law->a * V0)) * b_inverse;
        const double G1 = (h * whole[3][k] - law->a * H1 - 0.5 * (law->b * W1 - law->a * V1)) * b_inverse;
        const double known = H0 * W1 - W0 * H1;
        const double S = whole[4][k] - 0.5 * (W0 * V1 - W1 * V0) - known - (G0 * V1 - V0 * G1);
        left->A[k] = known + share * S;
    }
}

/* From the beginning of a last node, where both walks are, until `a` after it. */
static void until(nsde_area_walk *w, uint64_t place, double a, within *to)
{
    const nsde_tree *of = w->one.of;
    const size_t side = place & 1;
    const nsde_tree_halves *one = &w->one.levels[of->depth], *other = &w->other.levels[of->depth];
    double H[2][LANES], A[LANES];
    if (a == 0.0) {
        memset(to, 0, sizeof *to);
        return;
    }
    nsde_walk_cut(&w->one, place, a, to->W[0], H[0]);
    nsde_walk_cut(&w->other, place, a, to->W[1], H[1]);
    draw(w, place);
    area_of_last(w, side, a < of->last ? A : to->A);
    if (a < of->last) {
        const nsde_bridge_law law = nsde_bridge_law_of(a, of->last - a);
        const double *const whole[5] = {one->W[side], other->W[side], one->H[side], other->H[side], A};
        area_of_left(&law, share_of_left(a / of->last), whole, (const double *const[2]){H[0], H[1]}, to);
    }
}

/* Chen's relation: the area of a piece from `from` to `to` of a last node is appended to A and W. */
static NSDE_CLONES void append(const within *from, const within *to, within *sum)
{
#pragma omp simd
    for (size_t k = 0; k < LANES; k++) {
        const double d0 = to->W[0][k] - from->W[0][k], d1 = to->W[1][k] - from->W[1][k];
        const double piece = to->A[k] - from->A[k] - 0.5 * (from->W[0][k] * d1 - from->W[1][k] * d0);
        sum->A[k] += piece + 0.5 * (sum->W[0][k] * d1 - sum->W[1][k] * d0);
        sum->W[0][k] += d0;
        sum->W[1][k] += d1;
    }
}

void nsde_area_walk_over(nsde_area_walk *w, nsde_tree_time from, nsde_tree_time to, double *A)
{
    within sum, left, right;
    memset(&sum, 0, sizeof sum);
    for (uint64_t place = from.place; place <= to.place; place++) {
        const double a = place == from.place ? from.offset : 0.0;
        const double b = place == to.place ? to.offset : w->one.of->last;
        if (b == a)
            continue;
        nsde_walk_to_last(&w->one, place);
        nsde_walk_to_last(&w->other, place);
        until(w, place, a, &left);
        until(w, place, b, &right);
        append(&left, &right, &sum);
    }
    memcpy(A, sum.A, sizeof sum.A);
}
