/* log I_nu(x) and its derivatives in order and argument, for the transition density of CIR.
 *
 * I_nu(x) = sum_m t_m, t_m = (x/2)^(2m+nu) / (m! Gamma(m+nu+1)) (Abramowitz and Stegun 1964, 9.6.10), all
 * terms positive for nu > -1. The derivatives of log I are means and covariances of those of log t_m under
 * the weights t_m / sum t, taken about the largest term so that nothing cancels.
 *
 * The number of terms grows with the root of nu + x; where r = sqrt(nu^2 + x^2) is large, Debye's expansion
 * (Abramowitz and Stegun 1964, 9.7.7) is exact to rounding:
 *   log I_nu(x) = r - nu asinh(nu / x) - log(2 pi r) / 2 + sum_k D_k(q) / r^k, q = nu^2 / r^2.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>

#include <gsl/gsl_sf_gamma.h>
#include <gsl/gsl_sf_psi.h>

#include "core/constants.h"
#include "nsde/dual.h"
#include "tape/kernels.h"

/* Sums over m of w = t_m / t_mode times: 1, the distance s = m - mode, minus the change d of psi(m + nu + 1)
 * from the mode, their products, and psi'(m + nu + 1). */
typedef struct moments {
    double w, s, d, ss, sd, dd, trigamma;
} moments;

static void add(moments *sum, double w, double s, double d, double trigamma)
{
    sum->w += w;
    sum->s += w * s;
    sum->d += w * d;
    sum->ss += w * s * s;
    sum->sd += w * s * d;
    sum->dd += w * d * d;
    sum->trigamma += w * trigamma;
}

static moments sum_terms(double nu, double x, double mode)
{
    const double quarter = 0.25 * x * x, smallest = 1e-19;
    gsl_sf_result psi1;
    gsl_sf_psi_1_e(mode + nu + 1.0, &psi1);
    moments sum = {0};
    add(&sum, 1.0, 0.0, 0.0, psi1.val);
    double w = 1.0, d = 0.0, trigamma = psi1.val;
    for (double m = mode; w > smallest * sum.w;) { /* upwards: psi(z + 1) = psi(z) + 1/z */
        const double z = m + nu + 1.0;
        m += 1.0;
        w *= quarter / (m * z);
        d -= 1.0 / z;
        trigamma -= 1.0 / (z * z);
        add(&sum, w, m - mode, d, trigamma);
    }
    w = 1.0, d = 0.0, trigamma = psi1.val;
    for (double m = mode; m > 0.0 && w > smallest * sum.w;) {
        const double z = m + nu;
        w *= m * z / quarter;
        m -= 1.0;
        d += 1.0 / z;
        trigamma += 1.0 / (z * z);
        add(&sum, w, m - mode, d, trigamma);
    }
    return sum;
}

/* log t_mode by Stirling's formula with GSL's correction Gamma*, the large parts cancelled on paper. */
static double log_largest(double nu, double x, double mode)
{
    const double a = mode + 1.0, b = mode + nu + 1.0, half = 0.5 * x;
    gsl_sf_result star_a, star_b;
    gsl_sf_gammastar_e(a, &star_a);
    gsl_sf_gammastar_e(b, &star_b);
    const double ratio = (half * half - a * b) / (a * b); /* near 0 at the mode of a large sum */
    return mode * (ratio > -0.5 ? log1p(ratio) : log(half) + log(half) - log(a) - log(b)) +
           nu * log(half / b) - 0.5 * (log(a) + log(b)) + a + b - NSDE_LOG_2PI - log(star_a.val) -
           log(star_b.val);
}

/* ---- large nu or x ---- */

static const double debye_from = 1000.0;

/* G(s, n) = -log(s) / 4 + sum_k D_k(n / s) / s^(k / 2) with s = r^2, n = nu^2, and its partial derivatives.
 */
typedef struct correction {
    double g, by_s, by_n, by_ss, by_sn, by_nn;
} correction;

/* Coefficients of D_k(q) = sum_j c_j q^j: the logarithm of the series in Abramowitz and Stegun, 9.3.9. */
static const double debye[4][5] = {
    {3.0 / 24.0, -5.0 / 24.0},
    {1.0 / 16.0, -6.0 / 16.0, 5.0 / 16.0},
    {375.0 / 5760.0, -4779.0 / 5760.0, 9945.0 / 5760.0, -5525.0 / 5760.0},
    {13.0 / 128.0, -284.0 / 128.0, 1062.0 / 128.0, -1356.0 / 128.0, 565.0 / 128.0},
};

static correction debye_correction(double s, double n)
{
    const double q = n / s;
    correction c = {-0.25 * log(s), -0.25 / s, 0.0, 0.25 / (s * s), 0.0, 0.0};
    double power = 1.0; /* s^(-k / 2) */
    for (int k = 0; k < 4; k++) {
        const double half = 0.5 * (k + 1);
        power /= sqrt(s);
        double previous[2] = {0.0, 0.0}; /* q^(j - 1), q^(j - 2) */
        double monomial = 1.0;
        for (int j = 0; j <= k + 1; j++) {
            const double term = debye[k][j] * power, e = j + half; /* n^j s^-e */
            c.g += term * monomial;
            c.by_s -= e * term * monomial / s;
            c.by_ss += e * (e + 1.0) * term * monomial / (s * s);
            c.by_n += j * term * previous[0] / s;
            c.by_sn -= j * e * term * previous[0] / (s * s);
            c.by_nn += j * (j - 1) * term * previous[1] / (s * s);
            previous[1] = previous[0];
            previous[0] = monomial;
            monomial *= q;
        }
    }
    return c;
}

static double debye_value(double nu, double x, double r, uint32_t extra)
{
    const double n = nu * nu, s = r * r;
    const correction c = debye_correction(s, n);
    switch (extra) {
    case 0:
        return r - nu * asinh(nu / x) - 0.5 * NSDE_LOG_2PI + c.g;
    case 1:
        return r / x + 2.0 * x * c.by_s;
    case 2:
        return -n / (x * x * r) + 2.0 * c.by_s + 4.0 * x * x * c.by_ss;
    case 3:
        return -asinh(nu / x) + 2.0 * nu * (c.by_s + c.by_n);
    case 4:
        return nu / (r * x) + 4.0 * x * nu * (c.by_ss + c.by_sn);
    case 6:
        return -1.0 / r + 2.0 * (c.by_s + c.by_n) + 4.0 * n * (c.by_ss + 2.0 * c.by_sn + c.by_nn);
    default:
        return NAN;
    }
}

double nsde_log_bessel_i_derivative(double order, double a, int i, int j)
{
    return i < 0 || j < 0 || i + j > 2 ? NAN : nsde_log_bessel_i_value(order, a, (uint32_t)(3 * i + j));
}

double nsde_log_bessel_i_value(double nu, double x, uint32_t extra)
{
    if (!(nu > -1.0) || !(x > 0.0) || !isfinite(nu) || !isfinite(x))
        return NAN;
    const double r = hypot(nu, x);
    if (r > debye_from)
        return r < 1e100 ? debye_value(nu, x, r, extra) : NAN; /* beyond, squares overflow */
    const double mode = floor(fmax(0.0, 0.5 * (sqrt(nu * nu + x * x) - nu)));
    const moments sum = sum_terms(nu, x, mode);
    const double s = sum.s / sum.w, d = sum.d / sum.w, mean_m = mode + s;
    gsl_sf_result psi;
    switch (extra) {
    case 0:
        return log_largest(nu, x, mode) + log(sum.w);
    case 1: /* by x */
        return (2.0 * mean_m + nu) / x;
    case 2:
        return (4.0 * (sum.ss / sum.w - s * s) - (2.0 * mean_m + nu)) / (x * x);
    case 3: /* by order */
        gsl_sf_psi_e(mode + nu + 1.0, &psi);
        return log(0.5 * x) - psi.val + d;
    case 4:
        return (1.0 + 2.0 * (sum.sd / sum.w - s * d)) / x;
    case 6:
        return sum.dd / sum.w - d * d - sum.trigamma / sum.w;
    default:
        return NAN;
    }
}
