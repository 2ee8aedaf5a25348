/* Standard normals, many at a time, each a pure function of where it belongs; private to src/noise.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef NSDE_NOISE_NORMALS_H
#define NSDE_NOISE_NORMALS_H

#include <stddef.h>
#include <stdint.h>

enum { NSDE_NORMAL_BLOCK = 64 }; /* lanes computed at once; 16 a register in the widest case */

/* What a block of Philox is drawn for; kinds never share counters. */
typedef enum nsde_draw {
    NSDE_DRAW_INCREMENT,
    NSDE_DRAW_STREAM,
    NSDE_DRAW_SPACE_TIME, /* H of steps 2 k and 2 k + 1 */
    NSDE_DRAW_LEVY,       /* the rest of a Levy area's series; "component" is the pair's number */
    NSDE_DRAW_FOURIER,    /* the terms of the series */
    NSDE_DRAW_TREE,
    NSDE_DRAW_CROSSING,  /* has a path crossed a level within a step? "component" is the level's number */
    NSDE_DRAW_TREE_AREA, /* of the last nodes 2 k and 2 k + 1 of a tree, one a component */
    NSDE_DRAW_TREE_REST, /* the same, one a pair of components */
    NSDE_DRAW_SCRAMBLING /* of Sobol's sequence; "component" is the dimension */
} nsde_draw;

/* Where a block belongs: `pair` below 2^40, component below 2^20. */
typedef struct nsde_draw_at {
    uint64_t seed;
    nsde_draw draw;
    uint64_t pair; /* each block gives two normals */
    uint32_t component;
} nsde_draw_at;

/* The two normals of each lane `first_lane` … `first_lane + NSDE_NORMAL_BLOCK - 1`, times `scale`. */
void nsde_normal_pairs(const nsde_draw_at *at, uint64_t first_lane, double scale, double *even, double *odd);

/* Two independent standard normals from two words of 64 random bits. */
void nsde_box_muller(const uint64_t *radius, const uint64_t *angle, double scale, double *cosine,
                     double *sine);

/* Quantiles of the normal law at the upper 52 bits of words, as numbers between 0 and 1; to 1e-15 of them.
 * Wichura 1988, AS 241. */
void nsde_normal_quantiles(const uint64_t *words, size_t n, double *z);

/* cos(2 pi numerator / denominator); numerator below denominator. */
double nsde_cosine_of_turn(uint64_t numerator, uint64_t denominator);

#endif
