/* Geometric Brownian motion (Samuelson 1965; Black and Scholes 1973).
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>

#include "models/shipped.h"

enum { MU, SIGMA };

static const nsde_parameter_definition parameters[] = {
    {"mu", "rate of growth of the mean, per unit of time", -INFINITY, INFINITY, 0.0, 1},
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

/* log X' is normal with mean log x + (mu - sigma^2 / 2) h and variance sigma^2 h. */
static nsde_var log_density(const nsde_transition *step)
{
    const nsde_at *at = &step->from;
    const nsde_var variance = nsde_square(nsde_row(at->p, SIGMA)), log_next = nsde_log(step->x_next);
    const nsde_var rate = nsde_sub(nsde_row(at->p, MU), nsde_mul_real(variance, 0.5));
    const nsde_var mean = nsde_add(nsde_log(at->x), nsde_mul(rate, step->h));
    return nsde_sub(nsde_normal_log_density(log_next, mean, nsde_mul(variance, step->h)), log_next);
}

static nsde_var solution(const nsde_at *from, nsde_var h, nsde_var W)
{
    const nsde_var sigma = nsde_row(from->p, SIGMA);
    const nsde_var rate = nsde_sub(nsde_row(from->p, MU), nsde_mul_real(nsde_square(sigma), 0.5));
    return nsde_mul(from->x, nsde_exp(nsde_add(nsde_mul(rate, h), nsde_mul(sigma, W))));
}

static void start(const nsde_observations *data, double *p)
{
    double a, b;
    nsde_start_linear_drift(data, 1.0, &a, &b, &p[SIGMA]);
    double span = 0.0;
    for (size_t i = 0; i + 1 < data->n; i++)
        span += data->gaps[i];
    p[MU] = log(data->values[data->n - 1] / data->values[0]) / span + 0.5 * p[SIGMA] * p[SIGMA];
}

const nsde_model_definition nsde_model_gbm = {
    .name = "gbm",
    .equation = "dX = mu X dt + sigma X dW",
    .doc = "geometric Brownian motion",
    .dim = 1,
    .noise = NSDE_NOISE_DIAGONAL,
    .calculus = NSDE_ITO,
    .parameters = parameters,
    .n_parameters = 2,
    .state_lower = 0.0,
    .state_upper = INFINITY,
    .drift = drift,
    .diffusion = diffusion,
    .log_density = log_density,
    .solution = solution,
    .start = start,
};
