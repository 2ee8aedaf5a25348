/* The exact transition of a linear model.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef NSDE_STEP_LINEAR_H
#define NSDE_STEP_LINEAR_H

#include "nsde/step.h"

enum { NSDE_LINEAR_STATES = 8 }; /* most states */

/* Is the model linear, with states few enough, and normal numbers enough in W and H for them? */
bool nsde_linear_admits(const nsde_model *model);
/* Does it need H as well as W? */
bool nsde_linear_needs_areas(const nsde_model *model);
/* The state after the step, in law. */
nsde_var nsde_linear_record(const nsde_step_at *at);

#endif
