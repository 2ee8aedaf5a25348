/* Two geometric Brownian motions whose noises are correlated.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>

#include "models/shipped.h"

enum { MU1, MU2, SIGMA1, SIGMA2, RHO };

static const nsde_parameter_definition parameters[] = {
    {"mu1", "rate of growth of the first mean", -INFINITY, INFINITY, 0.0, 1},
    {"mu2", "rate of growth of the second mean", -INFINITY, INFINITY, 0.0, 1},
    {"sigma1", "volatility of the first logarithm", 0.0, INFINITY, 0.2, 1},
    {"sigma2", "volatility of the second logarithm", 0.0, INFINITY, 0.2, 1},
    {"rho", "correlation of the two noises", -1.0, 1.0, 0.5, 1},
};

static nsde_var drift(const nsde_at *at)
{
    return nsde_mul(nsde_slice(at->p, MU1, 2), at->x);
}

/* sigma2 (rho, sqrt(1 - rho^2)): how the second component takes the two noises. */
static void second_row(const nsde_at *at, nsde_var row[2])
{
    const nsde_var rho = nsde_row(at->p, RHO), sigma = nsde_row(at->p, SIGMA2);
    row[0] = nsde_mul(sigma, rho);
    row[1] = nsde_mul(sigma, nsde_sqrt(nsde_sub(nsde_real(at->tape, 1.0), nsde_square(rho))));
}

static nsde_var diffusion(const nsde_at *at)
{
    const nsde_var X = nsde_row(at->x, 0), Y = nsde_row(at->x, 1);
    nsde_var row[2];
    second_row(at, row);
    return nsde_stack(4, (nsde_var[]){nsde_mul(nsde_row(at->p, SIGMA1), X), nsde_real(at->tape, 0.0),
                                      nsde_mul(row[0], Y), nsde_mul(row[1], Y)});
}

static nsde_var solution(const nsde_at *from, nsde_var h, nsde_var W)
{
    nsde_var row[2];
    second_row(from, row);
    const nsde_var W1 = nsde_row(W, 0), W2 = nsde_row(W, 1);
    const nsde_var sigma = nsde_slice(from->p, SIGMA1, 2);
    const nsde_var rate = nsde_sub(nsde_slice(from->p, MU1, 2), nsde_mul_real(nsde_square(sigma), 0.5));
    const nsde_var noise = nsde_stack(2, (nsde_var[]){nsde_mul(nsde_row(from->p, SIGMA1), W1),
                                                      nsde_add(nsde_mul(row[0], W1), nsde_mul(row[1], W2))});
    return nsde_mul(from->x, nsde_exp(nsde_add(nsde_mul(rate, h), noise)));
}

const nsde_model_definition nsde_model_gbm_2d = {
    .name = "gbm_2d",
    .equation = "dX_i = mu_i X_i dt + sigma_i X_i dB_i, corr(B_1, B_2) = rho",
    .doc = "two correlated geometric Brownian motions",
    .dim = 2,
    .noise = NSDE_NOISE_COMMUTATIVE,
    .calculus = NSDE_ITO,
    .parameters = parameters,
    .n_parameters = 5,
    .state_lower = 0.0,
    .state_upper = INFINITY,
    .drift = drift,
    .diffusion = diffusion,
    .solution = solution,
};
