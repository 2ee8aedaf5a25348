/* The walk of a virtual tree, from the root to where a time lies.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "noise/walk.h"

#include <math.h>
#include <string.h>

#include "core/simd.h"

enum { LANES = NSDE_NORMAL_BLOCK };

static void draw(const nsde_walk *w, uint64_t number, double *even, double *odd)
{
    const nsde_draw_at at = {w->of->seed, NSDE_DRAW_TREE, number, w->component};
    nsde_normal_pairs(&at, w->lane, 1.0, even, odd);
}

void nsde_walk_begin(nsde_walk *w, const nsde_tree *of, uint64_t lane, uint32_t component)
{
    double z[2][LANES];
    const double h = of->t1 - of->t0;
    nsde_tree_halves *root = &w->levels[0];
    w->of = of;
    w->lane = lane;
    w->component = component;
    w->known = 0;
    w->place = 0;
    w->cut_place = UINT64_MAX;
    draw(w, 0, z[0], z[1]);
    for (size_t i = 0; i < LANES; i++) {
        root->W[0][i] = sqrt(h) * z[0][i];
        root->H[0][i] = sqrt(h / 12.0) * z[1][i];
        root->W_before[0][i] = root->I_before[0][i] = 0.0;
    }
}

/* From the node at level `level`, number `place`, to its halves. */
static NSDE_CLONES void descend(nsde_walk *w, unsigned level, uint64_t place)
{
    double z[2][LANES];
    const nsde_bridge_law *law = &w->of->halves[level];
    const nsde_tree_halves *from = &w->levels[level];
    const size_t side = place & 1;
    nsde_tree_halves *to = &w->levels[level + 1];
    draw(w, ((uint64_t)1 << level) + place, z[0], z[1]);
#pragma omp simd
    for (size_t i = 0; i < LANES; i++) {
        double Wl, Hl, Wr, Hr;
        nsde_bridge_cut(law, from->W[side][i], from->H[side][i], z[0][i], z[1][i], &Wl, &Hl, &Wr, &Hr);
        const double before = from->W_before[side][i], integral = from->I_before[side][i];
        to->W[0][i] = Wl;
        to->W[1][i] = Wr;
        to->H[0][i] = Hl;
        to->H[1][i] = Hr;
        to->W_before[0][i] = before;
        to->W_before[1][i] = before + Wl;
        to->I_before[0][i] = integral;
        to->I_before[1][i] = integral + law->a * (before + Hl + 0.5 * Wl);
    }
}

nsde_tree_time nsde_tree_time_of(const nsde_tree *of, double t)
{
    const double count = ldexp(1.0, (int)of->depth);
    if (t >= of->t1)
        return (nsde_tree_time){(uint64_t)count - 1, of->last};
    const double position = (t - of->t0) / (of->t1 - of->t0) * count;
    const double whole = fmin(floor(position), count - 1.0);
    return (nsde_tree_time){(uint64_t)whole, (position - whole) * of->last};
}

/* Goes down to the last node of that number, or to the first one that begins where it does if that will do;
 * returns its level. */
static unsigned go(nsde_walk *w, uint64_t place, bool to_last)
{
    const unsigned depth = w->of->depth;
    unsigned level = w->known;
    while (level > 0 && w->place >> 1 != place >> (depth - level) >> 1) { /* halves are known in pairs */
        level--;
        w->place >>= 1;
    }
    for (; level < depth; level++) {
        const uint64_t here = place >> (depth - level);
        if (!to_last && here << (depth - level) == place)
            break;
        descend(w, level, here);
    }
    w->known = level;
    w->place = place >> (depth - level);
    return level;
}

void nsde_walk_to_last(nsde_walk *w, uint64_t place)
{
    (void)go(w, place, true);
}

static NSDE_CLONES void cut_last(const nsde_walk *w, uint64_t place, double a, double *W, double *H)
{
    const nsde_bridge_law law = nsde_bridge_law_of(a, w->of->last - a);
    const nsde_tree_halves *last = &w->levels[w->of->depth];
    const size_t side = place & 1;
#pragma omp simd
    for (size_t i = 0; i < LANES; i++)
        nsde_bridge_left(&law, last->W[side][i], last->H[side][i], w->cut[0][i], w->cut[1][i], &W[i], &H[i]);
}

void nsde_walk_cut(nsde_walk *w, uint64_t place, double a, double *W, double *H)
{
    const nsde_tree_halves *last = &w->levels[w->of->depth];
    if (a >= w->of->last) {
        memcpy(W, last->W[place & 1], LANES * sizeof *W);
        memcpy(H, last->H[place & 1], LANES * sizeof *H);
        return;
    }
    if (w->cut_place != place) {
        draw(w, ((uint64_t)1 << w->of->depth) + place, w->cut[0], w->cut[1]);
        w->cut_place = place;
    }
    cut_last(w, place, a, W, H);
}

void nsde_walk_value(nsde_walk *w, nsde_tree_time time, double *W, double *I)
{
    const unsigned level = go(w, time.place, time.offset != 0.0);
    const size_t side = w->place & 1;
    const nsde_tree_halves *node = &w->levels[level];
    const double a = time.offset, *before = node->W_before[side], *integral = node->I_before[side];
    double H[LANES];
    if (a == 0.0) {
        memcpy(W, before, sizeof node->W_before[side]);
        memcpy(I, integral, sizeof node->I_before[side]);
        return;
    }
    nsde_walk_cut(w, time.place, a, W, H);
    for (size_t i = 0; i < LANES; i++) {
        I[i] = integral[i] + a * (before[i] + H[i] + 0.5 * W[i]);
        W[i] += before[i];
    }
}
