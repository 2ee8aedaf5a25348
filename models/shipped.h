/* What every shipped model includes; a model of one's own needs <nsde/model.h> alone.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef NSDE_MODELS_SHIPPED_H
#define NSDE_MODELS_SHIPPED_H

#include "nsde/model.h"

#define X(name) extern const nsde_model_definition nsde_model_##name;
#include "models.def"
#undef X

#endif
