/* SABR (Hagan, Kumar, Lesniewski and Woodward 2002): a forward price with lognormal volatility.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>

#include "models/shipped.h"

enum { BETA, NU, RHO };

static const nsde_parameter_definition parameters[] = {
    {"beta", "elasticity of the volatility", 0.0, INFINITY, 0.5, 1},
    {"nu", "volatility of the volatility", 0.0, INFINITY, 0.4, 1},
    {"rho", "correlation of price and volatility", -1.0, 1.0, -0.3, 1},
};

static nsde_var drift(const nsde_at *at)
{
    return nsde_real(at->tape, 0.0);
}

/* No noise where a scheme steps below 0. */
static nsde_var diffusion(const nsde_at *at)
{
    const nsde_var F = nsde_max(nsde_row(at->x, 0), nsde_real(at->tape, 0.0)), alpha = nsde_row(at->x, 1);
    const nsde_var rho = nsde_row(at->p, RHO), swing = nsde_mul(nsde_row(at->p, NU), alpha);
    const nsde_var rest = nsde_sqrt(nsde_sub(nsde_real(at->tape, 1.0), nsde_square(rho)));
    return nsde_stack(4, (nsde_var[]){nsde_mul(alpha, nsde_pow(F, nsde_row(at->p, BETA))),
                                      nsde_real(at->tape, 0.0), nsde_mul(swing, rho), nsde_mul(swing, rest)});
}

const nsde_model_definition nsde_model_sabr = {
    .name = "sabr",
    .equation = "dF = alpha F^beta dB_1, dalpha = nu alpha dB_2, corr(B_1, B_2) = rho",
    .doc = "SABR: a forward price with lognormal volatility",
    .dim = 2,
    .noise = NSDE_NOISE_GENERAL,
    .calculus = NSDE_ITO,
    .parameters = parameters,
    .n_parameters = 3,
    .state_lower = 0.0,
    .state_upper = INFINITY,
    .drift = drift,
    .diffusion = diffusion,
};
