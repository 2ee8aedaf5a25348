/* Keeping parameters within a model's bounds while they are trained; private to src/train.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef NSDE_TRAIN_CONSTRAIN_H
#define NSDE_TRAIN_CONSTRAIN_H

#include "nsde/model.h"

/* A parameter that left its bounds goes half the way from where it was to the bound. */
void nsde_constrain_to_bounds(const nsde_model *model, const double *before, double *parameters);

/* A number that tells models apart: name, dimensions, parameters. */
uint64_t nsde_model_identity(const nsde_model *model);

#endif
