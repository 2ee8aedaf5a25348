/* The quantile of the noncentral chi-square law, for the transition of CIR, and its derivatives.
 *
 * With X = x / 2, a = degrees / 2, mu = noncentrality / 2, and
 *   g_j = exp(-X) X^(a+j) / Gamma(a+j+1),   w_j = exp(-mu) mu^j / j!,   Q_j = w_0 + … + w_j,
 * summation by parts of the mixture of central laws (Johnson, Kotz and Balakrishnan 1995, chapter 29) gives
 *   F = sum_j g_j Q_j,   1 - F = sum_j g_j (1 - Q_j) + g_-1 + g_-2 + …,
 *   dF/dX = sum_j w_j g_j (a+j) / X,   dF/dmu = -sum_j g_j w_j,   dF/da = sum_j g_j Q_j (log X - psi(a+j+1)):
 * each tail is a sum of positive terms, taken about the largest g_j; their number grows with the root of X.
 * Terms of dF/da cancel in the upper tail: at z = 6 some seven of its digits are left, at z = 8 none.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>

#include <gsl/gsl_sf_gamma.h>
#include <gsl/gsl_sf_log.h>
#include <gsl/gsl_sf_psi.h>

#include "core/constants.h"
#include "tape/kernels.h"

typedef struct law {
    double a, mu;
} law;

typedef struct sums {
    double below, above, by_a, both, slope; /* F, 1 - F, dF/da, sum g w, dF/dX */
} sums;

/* exp(-x) x^b / Gamma(b + 1), b >= 0, x > 0; by Stirling's formula with GSL's correction where that is exact.
 */
static double mass(double b, double x)
{
    gsl_sf_result rest, star;
    if (b < 1.0 || x < 0.5 * b) {
        gsl_sf_lngamma_e(b + 1.0, &rest);
        return exp(b * log(x) - x - rest.val);
    }
    gsl_sf_log_1plusx_mx_e((x - b) / b, &rest);
    gsl_sf_gammastar_e(b, &star);
    return exp(b * rest.val) / (sqrt(2.0 * NSDE_PI * b) * star.val);
}

static void add(sums *s, const law *l, double X, double j, double g, double w, double Q, double R,
                double digamma)
{
    s->below += g * Q;
    s->above += g * R;
    s->by_a += g * Q * (log(X) - digamma);
    s->both += g * w;
    s->slope += g * w * (l->a + j) / X;
}

/* Are terms with g, and with g w, too small to matter from j on, where g w falls (`past` its largest)? */
static bool negligible(const sums *s, double g, double w, bool past)
{
    const double tiny = 1e-18;
    if (g < 1e-290)
        return true;
    return g <= tiny * fmin(s->below, s->above) && past && g * w <= tiny * s->both;
}

/* g_-1 + g_-2 + … = Gamma(a, X) / Gamma(a), given g_0: by as many terms as matter, then by GSL below 1. */
static double central_tail(double a, double X, double g, double sum)
{
    double more = 0.0;
    gsl_sf_result rest;
    for (; a >= 1.0; a -= 1.0) {
        g *= a / X;
        more += g;
        if (a < X && g < 1e-18 * (sum + more))
            return more;
    }
    gsl_sf_gamma_inc_Q_e(a, X, &rest);
    return more + rest.val;
}

static sums sums_at(const law *l, double X)
{
    const double from = floor(fmax(0.0, X - l->a)), product = X * l->mu;
    const double g_from = mass(l->a + from, X);
    const double w_from = l->mu > 0.0 ? mass(from, l->mu) : from == 0.0;
    gsl_sf_result Q_from = {1.0, 0.0}, R_from = {0.0, 0.0}, digamma;
    if (l->mu > 0.0) {
        gsl_sf_gamma_inc_Q_e(from + 1.0, l->mu, &Q_from);
        gsl_sf_gamma_inc_P_e(from + 1.0, l->mu, &R_from);
    }
    gsl_sf_psi_e(l->a + from + 1.0, &digamma);
    sums s = {0};
    add(&s, l, X, from, g_from, w_from, Q_from.val, R_from.val, digamma.val);
    double g = g_from, w = w_from, Q = Q_from.val, R = R_from.val, psi = digamma.val, j = from;
    for (; j > 0.0 && !negligible(&s, g, w, j * (l->a + j) < product); j -= 1.0) {
        psi -= 1.0 / (l->a + j);
        g *= (l->a + j) / X;
        Q = fmax(Q - w, 0.0);
        R = fmin(R + w, 1.0);
        w = l->mu > 0.0 ? w * (j / l->mu) : j == 1.0;
        add(&s, l, X, j - 1.0, g, w, Q, R, psi);
    }
    const bool reached = j <= 0.0;
    const double g_first = g;
    g = g_from, w = w_from, Q = Q_from.val, R = R_from.val, psi = digamma.val;
    for (j = from + 1.0; !negligible(&s, g, w, j * (l->a + j) > product); j += 1.0) {
        psi += 1.0 / (l->a + j);
        g *= X / (l->a + j);
        w *= l->mu / j;
        Q = fmin(Q + w, 1.0);
        R = fmax(R - w, 0.0);
        add(&s, l, X, j, g, w, Q, R, psi);
    }
    if (s.below < 0.5)
        s.above = 1.0 - s.below;
    else if (reached)
        s.above += central_tail(l->a, X, g_first, s.above);
    return s;
}

/* Sankaran's (1963) power of the law that is nearly normal. */
static double guess(const law *l, double z)
{
    const double k = 2.0 * l->a, n = 2.0 * l->mu, mean = k + n;
    const double h = 1.0 - 2.0 * mean * (k + 3.0 * n) / (3.0 * (k + 2.0 * n) * (k + 2.0 * n));
    const double p = (k + 2.0 * n) / (mean * mean), m = (h - 1.0) * (1.0 - 3.0 * h);
    const double centre = 1.0 + h * p * (h - 1.0 - 0.5 * (2.0 - h) * m * p);
    const double base = centre + z * h * sqrt(2.0 * p) * (1.0 + 0.5 * m * p);
    return 0.5 * mean * pow(fmax(base, 1e-3), 1.0 / h);
}

/* X with F(X) = Phi(z), by Newton's method on the logarithm of the smaller tail over log X, within bounds
 * that close in and are halved where a step leaves them. 0 where X is below the smallest numbers. */
static double solve(const law *l, double z)
{
    const double target = log(0.5 * erfc(fabs(z) * NSDE_SQRT1_2));
    double low = -700.0, high = log(l->a + l->mu + 50.0 * sqrt(l->a + l->mu + 1.0) + 1000.0);
    double t = fmin(fmax(log(guess(l, z)), low), high);
    for (int k = 0; k < 100; k++) {
        const double X = exp(t);
        const sums s = sums_at(l, X);
        const double tail = z < 0.0 ? s.below : s.above, sign = z < 0.0 ? 1.0 : -1.0;
        const double off = sign * (log(tail) - target);
        if (off > 0.0)
            high = t;
        else
            low = t;
        const double step = off * tail / (s.slope * X), next = t - step;
        if (fabs(step) < 1e-9) /* what is left is its square */
            return exp(next);
        t = next > low && next < high ? next : 0.5 * (low + high);
        if (high - low < 1e-15 * fmax(1.0, fabs(t)))
            break;
    }
    return t < -699.0 ? 0.0 : exp(t);
}

/* ---- where terms would be too many: Cornish and Fisher's (1938) expansion in the law's cumulants
 * 2^(r-1) (r-1)! (degrees + r noncentrality), off by a billionth of the standard deviation and less ---- */

static const double many = 4e6;

typedef struct expansion {
    double deviation, skew, cubic_4,
        cubic_3; /* what z, z^2 - 1, z^3 - 3 z and 2 z^3 - 5 z are multiplied by */
} expansion;

static expansion expand(double k, double n)
{
    const double variance = 2.0 * (k + 2.0 * n), third = 8.0 * (k + 3.0 * n), s = sqrt(variance);
    return (expansion){s, third / (6.0 * variance), 2.0 * (k + 4.0 * n) / (variance * s),
                       -third * third / (36.0 * variance * variance * s)};
}

static double expanded_value(double z, double k, double n)
{
    const expansion e = expand(k, n);
    return k + n + z * e.deviation + (z * z - 1.0) * e.skew + z * (z * z - 3.0) * e.cubic_4 +
           z * (2.0 * z * z - 5.0) * e.cubic_3;
}

static double expanded_slope(double z, double k, double n, size_t i)
{
    const expansion e = expand(k, n);
    const double spread = k + 2.0 * n, bend = 2.0 / 3.0 * (z * z - 1.0) / (spread * spread);
    if (i == 0)
        return e.deviation + 2.0 * z * e.skew + (3.0 * z * z - 3.0) * e.cubic_4 +
               (6.0 * z * z - 5.0) * e.cubic_3;
    return i == 1 ? 1.0 + z / e.deviation - bend * n : 1.0 + 2.0 * z / e.deviation + bend * k;
}

double nsde_chi_square_quantile_value(double z, double degrees, double noncentrality)
{
    if (!(degrees > 0.0) || !(noncentrality >= 0.0) || !isfinite(degrees) || !isfinite(noncentrality) ||
        !isfinite(z))
        return NAN;
    if (degrees + 2.0 * noncentrality > many)
        return expanded_value(z, degrees, noncentrality);
    const law l = {0.5 * degrees, 0.5 * noncentrality};
    return 2.0 * solve(&l, z);
}

double nsde_chi_square_quantile_slope(double z, double degrees, double noncentrality, double x, size_t i)
{
    if (!(x > 0.0)) /* nothing moves what is too small to be told from 0 */
        return x == 0.0 ? 0.0 : NAN;
    if (degrees + 2.0 * noncentrality > many)
        return expanded_slope(z, degrees, noncentrality, i);
    const law l = {0.5 * degrees, 0.5 * noncentrality};
    const sums s = sums_at(&l, 0.5 * x);
    if (!(s.slope > 0.0))
        return 0.0;
    if (i == 0)
        return 2.0 * NSDE_1_SQRT_2PI * exp(-0.5 * z * z) / s.slope;
    return i == 1 ? -s.by_a / s.slope : s.both / s.slope;
}
