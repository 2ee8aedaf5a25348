/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef NSDE_MODEL_NOISE_CLASS_H
#define NSDE_MODEL_NOISE_CLASS_H

#include "nsde/model.h"

/* NSDE_INVALID where a diffusion is not additive, diagonal or commutative as declared. */
NSDE_MUST_USE nsde_status nsde_noise_class_check(const nsde_model *model);

#endif
