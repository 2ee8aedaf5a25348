/* Private to src/multilevel.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef NSDE_MULTILEVEL_MOMENTS_H
#define NSDE_MULTILEVEL_MOMENTS_H

#include "nsde/multilevel.h"

/* The r for which values[l] falls as refinement^(-r l), by least squares on logarithms, leaving out zeros;
 * NaN where there are not two. */
double nsde_fall_of(size_t n, const double *values, size_t refinement);

#endif
