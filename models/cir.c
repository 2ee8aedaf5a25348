/* Cox, Ingersoll and Ross (1985, eq. 17), with Feller's square-root diffusion.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>

#include "models/shipped.h"

enum { KAPPA, MU, SIGMA };

static const nsde_parameter_definition parameters[] = {
    {"kappa", "rate of mean reversion, per unit of time", 0.0, INFINITY, 1.0, 1},
    {"mu", "long-run mean", 0.0, INFINITY, 1.0, 1},
    {"sigma", "volatility of the square root, times 2", 0.0, INFINITY, 1.0, 1},
};

static nsde_var drift(const nsde_at *at)
{
    return nsde_mul(nsde_row(at->p, KAPPA), nsde_sub(nsde_row(at->p, MU), at->x));
}

/* Where a scheme steps below 0 the noise is switched off (full truncation, Lord, Koekkoek, van Dijk 2010). */
static nsde_var diffusion(const nsde_at *at)
{
    const nsde_var root = nsde_sqrt(nsde_max(at->x, nsde_real(at->tape, 0.0)));
    return nsde_mul(nsde_row(at->p, SIGMA), root);
}

/* c X_{t+h} is a noncentral chi-square over 2: with u = c x exp(-kappa h), v = c x', q = 2 kappa mu /
 * sigma^2 - 1 and c = 2 kappa / (sigma^2 (1 - exp(-kappa h))), the density is
 * c exp(-u - v) (v / u)^(q / 2) I_q(2 sqrt(u v)) (Cox, Ingersoll and Ross 1985, eq. 18). */
static nsde_var log_density(const nsde_transition *step)
{
    const nsde_at *at = &step->from;
    const nsde_var kappa = nsde_row(at->p, KAPPA), mu = nsde_row(at->p, MU);
    const nsde_var variance = nsde_square(nsde_row(at->p, SIGMA));
    const nsde_var decay = nsde_neg(nsde_mul(kappa, step->h)), two_kappa = nsde_mul_real(kappa, 2.0);
    const nsde_var c = nsde_div(two_kappa, nsde_neg(nsde_mul(variance, nsde_expm1(decay))));
    const nsde_var u = nsde_mul(nsde_mul(c, at->x), nsde_exp(decay)), v = nsde_mul(c, step->x_next);
    const nsde_var q = nsde_add_real(nsde_div(nsde_mul(two_kappa, mu), variance), -1.0);
    const nsde_var z = nsde_mul_real(nsde_sqrt(nsde_mul(u, v)), 2.0);
    const nsde_var log_ratio = nsde_sub(nsde_log(v), nsde_log(u));
    const nsde_var power = nsde_mul(nsde_mul_real(q, 0.5), log_ratio);
    const nsde_var bessel = nsde_sub(nsde_log_bessel_i(q, z), nsde_add(u, v));
    return nsde_add(nsde_add(nsde_log(c), power), bessel);
}

/* 2 c X_{t+h} is a noncentral chi-square number of 4 kappa mu / sigma^2 degrees and noncentrality 2 u, in the
 * notation above (Cox, Ingersoll and Ross 1985, eq. 18), whether or not 0 can be reached. */
static nsde_var transition(const nsde_at *from, nsde_var h, nsde_var z)
{
    const nsde_var kappa = nsde_row(from->p, KAPPA), mu = nsde_row(from->p, MU);
    const nsde_var variance = nsde_square(nsde_row(from->p, SIGMA)), decay = nsde_neg(nsde_mul(kappa, h));
    const nsde_var four_kappa = nsde_mul_real(kappa, 4.0);
    const nsde_var scale = nsde_div(nsde_neg(nsde_mul(variance, nsde_expm1(decay))), four_kappa);
    const nsde_var degrees = nsde_div(nsde_mul(four_kappa, mu), variance);
    const nsde_var noncentrality = nsde_div(nsde_mul(from->x, nsde_exp(decay)), scale);
    return nsde_mul(scale, nsde_chi_square_quantile(z, degrees, noncentrality));
}

static void start(const nsde_observations *data, double *p)
{
    double a, b;
    nsde_start_linear_drift(data, 0.5, &a, &b, &p[SIGMA]);
    nsde_start_mean_reversion(data, a, b, &p[KAPPA], &p[MU]);
}

static double reversion_rate(const double *p)
{
    return p[KAPPA];
}

const nsde_model_definition nsde_model_cir = {
    .name = "cir",
    .equation = "dX = kappa (mu - X) dt + sigma sqrt(X) dW",
    .doc = "Cox-Ingersoll-Ross square-root process",
    .dim = 1,
    .noise = NSDE_NOISE_DIAGONAL,
    .calculus = NSDE_ITO,
    .parameters = parameters,
    .n_parameters = 3,
    .state_lower = 0.0,
    .state_upper = INFINITY,
    .drift = drift,
    .diffusion = diffusion,
    .log_density = log_density,
    .transition = transition,
    .start = start,
    .reversion_rate = reversion_rate,
};
