/* Geometric Brownian motion with its noise in the sense of Stratonovich: ordinary calculus applies, so that
 * log X = log x0 + mu t + sigma W.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>

#include "models/shipped.h"

enum { MU, SIGMA };

static const nsde_parameter_definition parameters[] = {
    {"mu", "rate of growth of the median, per unit of time", -INFINITY, INFINITY, 0.0, 1},
    {"sigma", "volatility of the logarithm, per square root of a unit of time", 0.0, INFINITY, 0.2, 1},
};

static nsde_var drift(const nsde_at *at)
{
    return nsde_mul(nsde_row(at->p, MU), at->x);
}

static nsde_var diffusion(const nsde_at *at)
{
    return nsde_mul(nsde_row(at->p, SIGMA), at->x);
}

static nsde_var solution(const nsde_at *from, nsde_var h, nsde_var W)
{
    const nsde_var growth = nsde_mul(nsde_row(from->p, MU), h);
    return nsde_mul(from->x, nsde_exp(nsde_add(growth, nsde_mul(nsde_row(from->p, SIGMA), W))));
}

const nsde_model_definition nsde_model_gbm_stratonovich = {
    .name = "gbm_stratonovich",
    .equation = "dX = mu X dt + sigma X o dW",
    .doc = "geometric Brownian motion in the sense of Stratonovich",
    .dim = 1,
    .noise = NSDE_NOISE_DIAGONAL,
    .calculus = NSDE_STRATONOVICH,
    .parameters = parameters,
    .n_parameters = 2,
    .state_lower = 0.0,
    .state_upper = INFINITY,
    .drift = drift,
    .diffusion = diffusion,
    .solution = solution,
};
