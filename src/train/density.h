/* Recording Euler's transition density in any dimension; private to src/train.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef NSDE_TRAIN_DENSITY_H
#define NSDE_TRAIN_DENSITY_H

#include "nsde/model.h"

/* The log density of x_next [dim] under a normal law about x + f h with covariance g g^T h: one row. */
nsde_var nsde_euler_log_density(const nsde_model *model, const nsde_transition *step);

#endif
