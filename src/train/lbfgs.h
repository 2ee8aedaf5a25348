/* Steps of the limited-memory BFGS method; private to src/train.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef NSDE_TRAIN_LBFGS_H
#define NSDE_TRAIN_LBFGS_H

#include "train/line_search.h"

/* The pairs lie in a ring, zeros before they are made; one whose step and change are at a right angle or
 * worse is passed over. */
typedef struct nsde_lbfgs {
    nsde_line line; /* the point, with value and gradient, and room for a trial */
    size_t memory;
    uint64_t made;           /* steps so far: the next pair's place is made % memory */
    double *steps, *changes; /* [memory][n]: of the point, of the gradient */
    double *weights;         /* [memory] room for the two loops */
} nsde_lbfgs;

/* Goes along the direction of the method to a point that meets the Wolfe conditions, or, where there is none,
 * along the gradient. Not *found where that fails too: nothing has moved then, and all pairs are zeros. */
NSDE_MUST_USE nsde_status nsde_lbfgs_step(nsde_lbfgs *lbfgs, double decrease, double curvature, bool *found);

#endif
