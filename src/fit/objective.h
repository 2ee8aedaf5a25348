/* What every objective includes.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef NSDE_FIT_OBJECTIVE_H
#define NSDE_FIT_OBJECTIVE_H

#include "core/error.h"
#include "nsde/fit.h"

#define X(name) extern const nsde_objective nsde_objective_##name;
#include "objectives.def"
#undef X

/* The exact one where the model has it, else Euler's. */
const nsde_objective *nsde_objective_standard(const nsde_model *model);

#endif
