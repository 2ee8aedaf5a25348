/* Searching along a direction for a point that meets the strong Wolfe conditions; private to src/train.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef NSDE_TRAIN_LINE_SEARCH_H
#define NSDE_TRAIN_LINE_SEARCH_H

#include "nsde/optimise.h"

/* A point with value and gradient, a direction, and the point that is tried on the line; all [n]. */
typedef struct nsde_line {
    size_t n, evaluations;
    nsde_function function;
    void *context;
    double *x, *gradient, *direction, *x_trial, *gradient_trial;
    double value, slope; /* at x; the slope along the direction is below 0 */
    double value_trial, slope_trial;
} nsde_line;

/* Begins at x + first * direction. Where *found, the trial meets the conditions, or at least lies lower than
 * x when rounding keeps them from being met. */
NSDE_MUST_USE nsde_status nsde_line_search(nsde_line *line, double first, double decrease, double curvature,
                                           bool *found);

#endif
