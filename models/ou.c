/* Ornstein-Uhlenbeck (1930), as a model of interest rates Vasicek (1977, eq. 24).
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>

#include "models/shipped.h"

enum { KAPPA, MU, SIGMA };

static const nsde_parameter_definition parameters[] = {
    {"kappa", "rate of mean reversion, per unit of time", 0.0, INFINITY, 1.0, 1},
    {"mu", "long-run mean", -INFINITY, INFINITY, 0.0, 1},
    {"sigma", "volatility, per square root of a unit of time", 0.0, INFINITY, 1.0, 1},
};

static nsde_var drift(const nsde_at *at)
{
    return nsde_mul(nsde_row(at->p, KAPPA), nsde_sub(nsde_row(at->p, MU), at->x));
}

static nsde_var diffusion(const nsde_at *at)
{
    return nsde_row(at->p, SIGMA);
}

/* Normal with mean mu + (x - mu) exp(-kappa h) and variance sigma^2 (1 - exp(-2 kappa h)) / (2 kappa). */
static nsde_var log_density(const nsde_transition *step)
{
    const nsde_at *at = &step->from;
    const nsde_var kappa = nsde_row(at->p, KAPPA), mu = nsde_row(at->p, MU), sigma = nsde_row(at->p, SIGMA);
    const nsde_var decay = nsde_neg(nsde_mul(kappa, step->h));
    const nsde_var mean = nsde_add(mu, nsde_mul(nsde_sub(at->x, mu), nsde_exp(decay)));
    const nsde_var spread = nsde_neg(nsde_expm1(nsde_mul_real(decay, 2.0)));
    const nsde_var variance = nsde_div(nsde_mul(nsde_square(sigma), spread), nsde_mul_real(kappa, 2.0));
    return nsde_normal_log_density(step->x_next, mean, variance);
}

/* Normal with mean mu and variance sigma^2 / (2 kappa). */
static nsde_var log_stationary(const nsde_at *at)
{
    const nsde_var twice = nsde_mul_real(nsde_row(at->p, KAPPA), 2.0);
    const nsde_var variance = nsde_div(nsde_square(nsde_row(at->p, SIGMA)), twice);
    return nsde_normal_log_density(at->x, nsde_row(at->p, MU), variance);
}

static void start(const nsde_observations *data, double *p)
{
    double a, b;
    nsde_start_linear_drift(data, 0.0, &a, &b, &p[SIGMA]);
    nsde_start_mean_reversion(data, a, b, &p[KAPPA], &p[MU]);
}

static double reversion_rate(const double *p)
{
    return p[KAPPA];
}

const nsde_model_definition nsde_model_ou = {
    .name = "ou",
    .equation = "dX = kappa (mu - X) dt + sigma dW",
    .doc = "Ornstein-Uhlenbeck process (Vasicek's model of interest rates)",
    .dim = 1,
    .noise = NSDE_NOISE_ADDITIVE,
    .calculus = NSDE_ITO,
    .parameters = parameters,
    .n_parameters = 3,
    .drift = drift,
    .diffusion = diffusion,
    .log_density = log_density,
    .log_stationary = log_stationary,
    .start = start,
    .reversion_rate = reversion_rate,
};
