/* Chan, Karolyi, Longstaff and Sanders (1992, eq. 1): linear drift, constant elasticity of variance.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>

#include "models/shipped.h"

enum { A, B, SIGMA, GAMMA };

static const nsde_parameter_definition parameters[] = {
    {"a", "drift at 0, per unit of time", -INFINITY, INFINITY, 0.0, 1},
    {"b", "slope of the drift, per unit of time; negative for mean reversion", -INFINITY, INFINITY, -0.1, 1},
    {"sigma", "volatility at X = 1", 0.0, INFINITY, 1.0, 1},
    {"gamma", "elasticity of the volatility", 0.0, INFINITY, 0.5, 1},
};

static nsde_var drift(const nsde_at *at)
{
    return nsde_add(nsde_row(at->p, A), nsde_mul(nsde_row(at->p, B), at->x));
}

/* As in cir.c, no noise where a scheme steps below 0. */
static nsde_var diffusion(const nsde_at *at)
{
    const nsde_var above = nsde_max(at->x, nsde_real(at->tape, 0.0));
    return nsde_mul(nsde_row(at->p, SIGMA), nsde_pow(above, nsde_row(at->p, GAMMA)));
}

static void start(const nsde_observations *data, double *p)
{
    p[GAMMA] = 0.5;
    nsde_start_linear_drift(data, p[GAMMA], &p[A], &p[B], &p[SIGMA]);
}

static double reversion_rate(const double *p)
{
    return -p[B];
}

const nsde_model_definition nsde_model_ckls = {
    .name = "ckls",
    .equation = "dX = (a + b X) dt + sigma X^gamma dW",
    .doc = "Chan-Karolyi-Longstaff-Sanders: linear drift, constant elasticity of variance",
    .dim = 1,
    .noise = NSDE_NOISE_DIAGONAL,
    .calculus = NSDE_ITO,
    .parameters = parameters,
    .n_parameters = 4,
    .state_lower = 0.0,
    .state_upper = INFINITY,
    .drift = drift,
    .diffusion = diffusion,
    .start = start,
    .reversion_rate = reversion_rate,
};
