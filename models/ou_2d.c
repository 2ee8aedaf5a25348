/* The Ornstein-Uhlenbeck process of two dimensions, whose components drive each other and share noise.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>

#include "models/shipped.h"

enum { K11, K12, K21, K22, MU1, MU2, L11, L21, L22 };

static const nsde_parameter_definition parameters[] = {
    {"k11", "rate of the first component's return", -INFINITY, INFINITY, 1.0, 1},
    {"k12", "pull of the second component on the first", -INFINITY, INFINITY, 0.0, 1},
    {"k21", "pull of the first component on the second", -INFINITY, INFINITY, 0.0, 1},
    {"k22", "rate of the second component's return", -INFINITY, INFINITY, 1.0, 1},
    {"mu1", "long-run mean of the first component", -INFINITY, INFINITY, 0.0, 1},
    {"mu2", "long-run mean of the second component", -INFINITY, INFINITY, 0.0, 1},
    {"l11", "volatility of the first component", 0.0, INFINITY, 1.0, 1},
    {"l21", "what the second component takes of the first one's noise", -INFINITY, INFINITY, 0.0, 1},
    {"l22", "volatility of the second component's own noise", 0.0, INFINITY, 1.0, 1},
};

static nsde_var drift(const nsde_at *at)
{
    const nsde_var gap = nsde_sub(nsde_slice(at->p, MU1, 2), at->x);
    return nsde_matvec(nsde_slice(at->p, K11, 4), gap);
}

static nsde_var diffusion(const nsde_at *at)
{
    return nsde_stack(
        3, (nsde_var[]){nsde_row(at->p, L11), nsde_real(at->tape, 0.0), nsde_slice(at->p, L21, 2)});
}

const nsde_model_definition nsde_model_ou_2d = {
    .name = "ou_2d",
    .equation = "dX = K (mu - X) dt + L dW, K = [k11 k12; k21 k22], L = [l11 0; l21 l22]",
    .doc = "Ornstein-Uhlenbeck process of two dimensions",
    .dim = 2,
    .noise = NSDE_NOISE_ADDITIVE,
    .calculus = NSDE_ITO,
    .parameters = parameters,
    .n_parameters = 9,
    .drift = drift,
    .diffusion = diffusion,
};
