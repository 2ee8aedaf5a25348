/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fit/transform.h"

#include <math.h>

bool nsde_transform_is_identity(const nsde_parameter_definition *parameter)
{
    return isinf(parameter->lower) && isinf(parameter->upper);
}

nsde_bounded nsde_transform_from(const nsde_parameter_definition *parameter, double u)
{
    const double lower = parameter->lower, upper = parameter->upper;
    if (nsde_transform_is_identity(parameter))
        return (nsde_bounded){u, 1.0, 0.0};
    if (isinf(upper))
        return (nsde_bounded){lower + exp(u), exp(u), exp(u)};
    if (isinf(lower))
        return (nsde_bounded){upper - exp(u), -exp(u), -exp(u)};
    const double s = 1.0 / (1.0 + exp(-u)), width = upper - lower, slope = width * s * (1.0 - s);
    return (nsde_bounded){lower + width * s, slope, slope * (1.0 - 2.0 * s)};
}

double nsde_transform_to(const nsde_parameter_definition *parameter, double value)
{
    const double lower = parameter->lower, upper = parameter->upper;
    if (nsde_transform_is_identity(parameter))
        return value;
    if (isinf(upper))
        return log(value - lower);
    if (isinf(lower))
        return log(upper - value);
    return log((value - lower) / (upper - value));
}
