/* The step that Adam and AdamW share; private to src/train.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef NSDE_TRAIN_ADAM_H
#define NSDE_TRAIN_ADAM_H

#include "train/optimiser.h"

/* Parameters shrink by `decay` of themselves, then move as Adam says. */
void nsde_adam_step(const nsde_optimiser_step *at, double decay);

#endif
