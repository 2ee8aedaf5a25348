/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef NSDE_MODEL_LINEAR_H
#define NSDE_MODEL_LINEAR_H

#include "nsde/model.h"

/* Whether the drift is affine in the state, the noise additive, and neither depends on time. */
NSDE_MUST_USE nsde_status nsde_linear_check(const nsde_model *model, bool *linear);

#endif
