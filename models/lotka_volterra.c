/* Prey and predators (Lotka 1925, Volterra 1926) in a random environment.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>

#include "models/shipped.h"

enum { ALPHA, BETA, GAMMA, DELTA, SIGMA1, SIGMA2 };

static const nsde_parameter_definition parameters[] = {
    {"alpha", "growth of the prey", 0.0, INFINITY, 1.0, 1},
    {"beta", "prey eaten, per predator", 0.0, INFINITY, 0.5, 1},
    {"gamma", "death of the predators", 0.0, INFINITY, 0.7, 1},
    {"delta", "growth of the predators, per prey", 0.0, INFINITY, 0.3, 1},
    {"sigma1", "noise in the growth of the prey", 0.0, INFINITY, 0.1, 1},
    {"sigma2", "noise in the growth of the predators", 0.0, INFINITY, 0.1, 1},
};

static nsde_var drift(const nsde_at *at)
{
    const nsde_var prey = nsde_row(at->x, 0), predators = nsde_row(at->x, 1);
    const nsde_var up = nsde_sub(nsde_row(at->p, ALPHA), nsde_mul(nsde_row(at->p, BETA), predators));
    const nsde_var down = nsde_sub(nsde_mul(nsde_row(at->p, DELTA), prey), nsde_row(at->p, GAMMA));
    return nsde_stack(2, (nsde_var[]){nsde_mul(prey, up), nsde_mul(predators, down)});
}

static nsde_var diffusion(const nsde_at *at)
{
    return nsde_mul(nsde_slice(at->p, SIGMA1, 2), at->x);
}

const nsde_model_definition nsde_model_lotka_volterra = {
    .name = "lotka_volterra",
    .equation = "dx = x (alpha - beta y) dt + sigma1 x dW_1, dy = y (delta x - gamma) dt + sigma2 y dW_2",
    .doc = "prey and predators in a random environment",
    .dim = 2,
    .noise = NSDE_NOISE_DIAGONAL,
    .calculus = NSDE_ITO,
    .parameters = parameters,
    .n_parameters = 6,
    .state_lower = 0.0,
    .state_upper = INFINITY,
    .drift = drift,
    .diffusion = diffusion,
};
