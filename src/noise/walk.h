/* The walk of a virtual tree: W and H over its nodes, found from the root down; private to src/noise.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef NSDE_NOISE_WALK_H
#define NSDE_NOISE_WALK_H

#include "noise/bridge.h"
#include "noise/brownian.h"
#include "noise/normals.h"

enum { NSDE_TREE_DEPTH = 38 };

typedef struct nsde_tree {
    nsde_brownian base;
    uint64_t seed;
    double t0, t1, last;                     /* last: length of the last nodes */
    unsigned depth;                          /* levels below the root */
    nsde_bridge_law halves[NSDE_TREE_DEPTH]; /* of a node of each level */
} nsde_tree;

/* A time: so far after the beginning of the last node of that number, from the left. */
typedef struct nsde_tree_time {
    uint64_t place;
    double offset;
} nsde_tree_time;

/* The halves of a node for a block of lanes: W and H over each, W and int W up to where each begins. */
typedef struct nsde_tree_halves {
    double W[2][NSDE_NORMAL_BLOCK], H[2][NSDE_NORMAL_BLOCK];
    double W_before[2][NSDE_NORMAL_BLOCK], I_before[2][NSDE_NORMAL_BLOCK];
} nsde_tree_halves;

/* The walk of a block of lanes for one component: the nodes from the root down to where it went last, each
 * beside its other half, so that neighbours share what they have in common. */
typedef struct nsde_walk {
    const nsde_tree *of;
    uint64_t lane;
    uint32_t component;
    unsigned known;     /* levels 0 … known are those of `place` */
    uint64_t place;     /* number of the node at level `known`, from the left */
    uint64_t cut_place; /* the last node whose normals `cut` holds; UINT64_MAX when there is none */
    double cut[2][NSDE_NORMAL_BLOCK];
    nsde_tree_halves levels[NSDE_TREE_DEPTH + 1];
} nsde_walk;

void nsde_walk_begin(nsde_walk *walk, const nsde_tree *of, uint64_t lane, uint32_t component);
nsde_tree_time nsde_tree_time_of(const nsde_tree *of, double t);
/* Goes to the last node of that number. */
void nsde_walk_to_last(nsde_walk *walk, uint64_t place);
/* W and H from the beginning of a last node, where the walk is, until `a` after it; 0 < a <= its length. */
void nsde_walk_cut(nsde_walk *walk, uint64_t place, double a, double *W, double *H);
/* W and int W from t0 to that time. */
void nsde_walk_value(nsde_walk *walk, nsde_tree_time time, double *W, double *I);

/* ---- tree_area.c ---- */

/* Components one < other, and the number of their pair in the order 01, 02, …, 12, … */
typedef struct nsde_tree_pair {
    uint32_t one, other, number;
} nsde_tree_pair;

/* The walks of two components of a block of lanes, and the normals of the areas of two last nodes. */
typedef struct nsde_area_walk {
    nsde_walk one, other;
    nsde_tree_pair pair;
    uint64_t drawn; /* half the number of the last nodes whose normals are held; UINT64_MAX: none */
    double xi[2][2][NSDE_NORMAL_BLOCK], rest[2][NSDE_NORMAL_BLOCK];
} nsde_area_walk;

void nsde_area_walk_begin(nsde_area_walk *walk, const nsde_tree *of, uint64_t lane, nsde_tree_pair pair);
/* The Levy areas A [NSDE_NORMAL_BLOCK] over an interval. */
void nsde_area_walk_over(nsde_area_walk *walk, nsde_tree_time from, nsde_tree_time to, double *A);

#endif
