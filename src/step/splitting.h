/* What splitting schemes for positions and velocities share.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef NSDE_STEP_SPLITTING_H
#define NSDE_STEP_SPLITTING_H

#include "step/step.h"

/* The force on velocities at rest at q, and (where wanted) their frictions: minus the slopes along v. */
nsde_var nsde_split_force(const nsde_step_at *at, nsde_var q, nsde_var t, nsde_var *friction);

#endif
