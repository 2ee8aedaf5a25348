/* A particle in two wells, with Kramers' (1940) passages between them.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>

#include "models/shipped.h"

enum { A, B, SIGMA };

static const nsde_parameter_definition parameters[] = {
    {"a", "push away from 0", -INFINITY, INFINITY, 1.0, 1},
    {"b", "pull back from afar; the wells lie at +-sqrt(a / b)", 0.0, INFINITY, 1.0, 1},
    {"sigma", "strength of the noise", 0.0, INFINITY, 0.7, 1},
};

static nsde_var drift(const nsde_at *at)
{
    const nsde_var pull = nsde_mul(nsde_row(at->p, B), nsde_square(at->x));
    return nsde_mul(at->x, nsde_sub(nsde_row(at->p, A), pull));
}

static nsde_var diffusion(const nsde_at *at)
{
    return nsde_row(at->p, SIGMA);
}

const nsde_model_definition nsde_model_double_well = {
    .name = "double_well",
    .equation = "dX = (a X - b X^3) dt + sigma dW",
    .doc = "motion between two wells",
    .dim = 1,
    .noise = NSDE_NOISE_ADDITIVE,
    .calculus = NSDE_ITO,
    .parameters = parameters,
    .n_parameters = 3,
    .drift = drift,
    .diffusion = diffusion,
};
