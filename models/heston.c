/* Heston (1993): a price whose variance is a square-root process, by full truncation: where a scheme steps
 * below 0 the variance counts as 0, in drift and diffusion (Lord, Koekkoek and van Dijk 2010).
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>

#include "models/shipped.h"

enum { MU, KAPPA, THETA, XI, RHO };

static const nsde_parameter_definition parameters[] = {
    {"mu", "rate of growth of the mean price", -INFINITY, INFINITY, 0.0, 1},
    {"kappa", "rate of the variance's return", 0.0, INFINITY, 1.0, 1},
    {"theta", "long-run variance", 0.0, INFINITY, 0.04, 1},
    {"xi", "volatility of the variance", 0.0, INFINITY, 0.3, 1},
    {"rho", "correlation of price and variance", -1.0, 1.0, -0.5, 1},
};

static nsde_var variance(const nsde_at *at)
{
    return nsde_max(nsde_row(at->x, 1), nsde_real(at->tape, 0.0));
}

static nsde_var drift(const nsde_at *at)
{
    const nsde_var gap = nsde_sub(nsde_row(at->p, THETA), variance(at));
    return nsde_stack(2, (nsde_var[]){nsde_mul(nsde_row(at->p, MU), nsde_row(at->x, 0)),
                                      nsde_mul(nsde_row(at->p, KAPPA), gap)});
}

static nsde_var diffusion(const nsde_at *at)
{
    const nsde_var root = nsde_sqrt(variance(at)), rho = nsde_row(at->p, RHO);
    const nsde_var swing = nsde_mul(nsde_row(at->p, XI), root);
    const nsde_var rest = nsde_sqrt(nsde_sub(nsde_real(at->tape, 1.0), nsde_square(rho)));
    return nsde_stack(4, (nsde_var[]){nsde_mul(root, nsde_row(at->x, 0)), nsde_real(at->tape, 0.0),
                                      nsde_mul(swing, rho), nsde_mul(swing, rest)});
}

const nsde_model_definition nsde_model_heston = {
    .name = "heston",
    .equation = "dS = mu S dt + sqrt(v) S dB_1, dv = kappa (theta - v) dt + xi sqrt(v) dB_2, corr rho",
    .doc = "Heston's stochastic volatility, by full truncation",
    .dim = 2,
    .noise = NSDE_NOISE_GENERAL,
    .calculus = NSDE_ITO,
    .parameters = parameters,
    .n_parameters = 5,
    .state_lower = 0.0,
    .state_upper = INFINITY,
    .drift = drift,
    .diffusion = diffusion,
};
