/* For what does not take inputs of each path.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef NSDE_MODEL_INPUTS_H
#define NSDE_MODEL_INPUTS_H

#include "nsde/model.h"

/* NSDE_UNSUPPORTED, "model … has 2 inputs of each path, which <who> not take", where a model has some. */
NSDE_MUST_USE nsde_status nsde_model_refuse_inputs(const nsde_model *model, const char *who);

#endif
