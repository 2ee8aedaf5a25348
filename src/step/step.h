/* What every integrator includes.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef NSDE_STEP_STEP_H
#define NSDE_STEP_STEP_H

#include "nsde/step.h"

/* What an integrator that has them says of its step; as nsde_step_record, which must have been well. */
nsde_var nsde_step_record_error(const nsde_integrator *integrator, const nsde_step_at *at);
nsde_var nsde_step_record_dense(const nsde_integrator *integrator, const nsde_step_at *at, nsde_var theta);

#define X(name) extern const nsde_integrator nsde_integrator_##name;
#include "integrators.def"
#undef X

#endif
