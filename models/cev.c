/* Constant elasticity of variance (Cox 1975).
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>

#include "models/shipped.h"

enum { MU, SIGMA, GAMMA };

static const nsde_parameter_definition parameters[] = {
    {"mu", "rate of growth of the mean, per unit of time", -INFINITY, INFINITY, 0.0, 1},
    {"sigma", "volatility at X = 1", 0.0, INFINITY, 0.2, 1},
    {"gamma", "elasticity of the volatility", 0.0, INFINITY, 0.75, 1},
};

static nsde_var drift(const nsde_at *at)
{
    return nsde_mul(nsde_row(at->p, MU), at->x);
}

/* As in cir.c, no noise where a scheme steps below 0. */
static nsde_var diffusion(const nsde_at *at)
{
    const nsde_var above = nsde_max(at->x, nsde_real(at->tape, 0.0));
    return nsde_mul(nsde_row(at->p, SIGMA), nsde_pow(above, nsde_row(at->p, GAMMA)));
}

const nsde_model_definition nsde_model_cev = {
    .name = "cev",
    .equation = "dX = mu X dt + sigma X^gamma dW",
    .doc = "constant elasticity of variance",
    .dim = 1,
    .noise = NSDE_NOISE_DIAGONAL,
    .calculus = NSDE_ITO,
    .parameters = parameters,
    .n_parameters = 3,
    .state_lower = 0.0,
    .state_upper = INFINITY,
    .drift = drift,
    .diffusion = diffusion,
};
