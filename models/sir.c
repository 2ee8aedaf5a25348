/* An epidemic as parts of a population of n, with the noise of infections and recoveries (the diffusion
 * approximation of Kurtz 1978 to the process of Kermack and McKendrick 1927).
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>

#include "models/shipped.h"

enum { BETA, GAMMA, N };

static const nsde_parameter_definition parameters[] = {
    {"beta", "rate of infections", 0.0, INFINITY, 0.5, 1},
    {"gamma", "rate of recoveries", 0.0, INFINITY, 0.2, 1},
    {"n", "size of the population", 0.0, INFINITY, 1000.0, 1},
};

/* Rates of infection and recovery; none where a scheme steps below 0. */
static void rates(const nsde_at *at, nsde_var *infection, nsde_var *recovery)
{
    const nsde_var zero = nsde_real(at->tape, 0.0);
    const nsde_var S = nsde_max(nsde_row(at->x, 0), zero), I = nsde_max(nsde_row(at->x, 1), zero);
    *infection = nsde_mul(nsde_mul(nsde_row(at->p, BETA), S), I);
    *recovery = nsde_mul(nsde_row(at->p, GAMMA), I);
}

static nsde_var drift(const nsde_at *at)
{
    nsde_var infection, recovery;
    rates(at, &infection, &recovery);
    return nsde_stack(2, (nsde_var[]){nsde_neg(infection), nsde_sub(infection, recovery)});
}

static nsde_var diffusion(const nsde_at *at)
{
    nsde_var infection, recovery;
    rates(at, &infection, &recovery);
    const nsde_var a = nsde_sqrt(nsde_div(infection, nsde_row(at->p, N)));
    const nsde_var b = nsde_sqrt(nsde_div(recovery, nsde_row(at->p, N)));
    return nsde_stack(4, (nsde_var[]){nsde_neg(a), nsde_real(at->tape, 0.0), a, nsde_neg(b)});
}

const nsde_model_definition nsde_model_sir = {
    .name = "sir",
    .equation = "dS = -beta S I dt - sqrt(beta S I / n) dW_1, "
                "dI = (beta S I - gamma I) dt + sqrt(beta S I / n) dW_1 - sqrt(gamma I / n) dW_2",
    .doc = "an epidemic: susceptible and infected parts of a population",
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
