/* Scales without bounds for parameters with them: the logarithm of the distance to the one bound, the logit
 * between two, the parameter itself where there is none.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef NSDE_FIT_TRANSFORM_H
#define NSDE_FIT_TRANSFORM_H

#include "nsde/model.h"

/* A parameter as a function of u, with its first and second derivatives. */
typedef struct nsde_bounded {
    double value, slope, curve;
} nsde_bounded;

nsde_bounded nsde_transform_from(const nsde_parameter_definition *parameter, double u);
double nsde_transform_to(const nsde_parameter_definition *parameter, double value);
bool nsde_transform_is_identity(const nsde_parameter_definition *parameter);

#endif
