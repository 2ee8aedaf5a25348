/* What every integrator includes.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef NSDE_STEP_STEP_H
#define NSDE_STEP_STEP_H

#include "nsde/step.h"

#define X(name) extern const nsde_integrator nsde_integrator_##name;
#include "integrators.def"
#undef X

#endif
