/* Lorenz's (1963, eqs. 25-27) convection with additive noise.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>

#include "models/shipped.h"

enum { PRANDTL, RHO, BETA, NOISE };

static const nsde_parameter_definition parameters[] = {
    {"sigma", "Prandtl's number", 0.0, INFINITY, 10.0, 1},
    {"rho", "Rayleigh's number, relative", 0.0, INFINITY, 28.0, 1},
    {"beta", "shape of the rolls", 0.0, INFINITY, 8.0 / 3.0, 1},
    {"noise", "strength of the noise on each state", 0.0, INFINITY, 1.0, 1},
};

static nsde_var drift(const nsde_at *at)
{
    const nsde_var x = nsde_row(at->x, 0), y = nsde_row(at->x, 1), z = nsde_row(at->x, 2);
    const nsde_var up = nsde_mul(x, nsde_sub(nsde_row(at->p, RHO), z));
    return nsde_stack(3, (nsde_var[]){nsde_mul(nsde_row(at->p, PRANDTL), nsde_sub(y, x)), nsde_sub(up, y),
                                      nsde_sub(nsde_mul(x, y), nsde_mul(nsde_row(at->p, BETA), z))});
}

static nsde_var diffusion(const nsde_at *at)
{
    return nsde_row(at->p, NOISE);
}

const nsde_model_definition nsde_model_lorenz = {
    .name = "lorenz",
    .equation = "dx = sigma (y - x) dt + noise dW_1, dy = (x (rho - z) - y) dt + noise dW_2, "
                "dz = (x y - beta z) dt + noise dW_3",
    .doc = "Lorenz's convection with additive noise",
    .dim = 3,
    .noise = NSDE_NOISE_ADDITIVE,
    .calculus = NSDE_ITO,
    .parameters = parameters,
    .n_parameters = 4,
    .drift = drift,
    .diffusion = diffusion,
};
