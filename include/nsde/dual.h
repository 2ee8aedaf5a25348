/* nsde/dual.h: dual numbers for plain C and C++, header only.
 *
 * A dual number x + sum_k eps_k x_k carries a value and a chunk of NSDE_DUAL_PARTIALS partial derivatives
 * through any code written on it: forward mode. With more parameters than that, run the code once per chunk,
 * as ForwardDiff does (Revels, Lubin and Papamarkou 2016):
 *
 *     for (size_t first = 0; first < n; first += NSDE_DUAL_PARTIALS) {
 *         for (size_t i = 0; i < n; i++)
 *             p[i] = nsde_dual_variable(values[i], i - first);   // no partial beyond the chunk
 *         nsde_dual loss = my_solver(p);
 *         for (size_t k = 0; k < NSDE_DUAL_PARTIALS && first + k < n; k++)
 *             gradient[first + k] = loss.partial[k];
 *     }
 *
 * nsde_dual2 is a dual number of dual numbers, for second derivatives: all functions exist for both, as
 * nsde_dual_NAME and nsde_dual2_NAME; nsde/dual.inc lists them, and they are the elementwise ones of
 * nsde/tape.h but for chi_square_quantile. In C++ both have operators as well. Only log_bessel_i, where it is
 * used, needs the library.
 *
 * Where a function has a kink or a pole its derivative is that of nsde/tape.h: |x| has 0 at 0, min and max
 * follow the first at a tie, the root has +Inf at 0; and what does not depend on a parameter keeps the
 * partial 0 there, not NaN.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef NSDE_DUAL_H
#define NSDE_DUAL_H

#include <math.h>
#include <stdbool.h>
#include <stddef.h>

#include "nsde/status.h"

#ifdef __cplusplus
extern "C" {
#endif
/** log I_order(a) differentiated i times by the order and j times by a, i + j <= 2; NaN beyond. Of the
 * library. */
NSDE_API double nsde_log_bessel_i_derivative(double order, double a, int i, int j);
#ifdef __cplusplus
}
#endif

/* Partials of a chunk; define it before the inclusion for another number. */
#ifndef NSDE_DUAL_PARTIALS
#define NSDE_DUAL_PARTIALS 8
#endif

#ifdef __GNUC__
#define NSDE_DUAL_FUNCTION __attribute__((unused)) static inline
#else
#define NSDE_DUAL_FUNCTION static inline
#endif

/* ---- what duals are made of: the same functions on double ---- */

NSDE_DUAL_FUNCTION double nsde_double_real(double a)
{
    return a;
}

NSDE_DUAL_FUNCTION double nsde_double_variable(double a, size_t k)
{
    (void)k;
    return a;
}

NSDE_DUAL_FUNCTION double nsde_double_value(double a)
{
    return a;
}

NSDE_DUAL_FUNCTION double nsde_double_add(double a, double b)
{
    return a + b;
}

NSDE_DUAL_FUNCTION double nsde_double_sub(double a, double b)
{
    return a - b;
}

NSDE_DUAL_FUNCTION double nsde_double_mul(double a, double b)
{
    return a * b;
}

NSDE_DUAL_FUNCTION double nsde_double_div(double a, double b)
{
    return a / b;
}

/* A tangent times a partial derivative that may be infinite: 0 where the tangent is 0. */
NSDE_DUAL_FUNCTION double nsde_double_chain(double tangent, double partial)
{
    return tangent == 0.0 ? 0.0 : tangent * partial;
}

NSDE_DUAL_FUNCTION double nsde_double_add_real(double a, double b)
{
    return a + b;
}

NSDE_DUAL_FUNCTION double nsde_double_mul_real(double a, double b)
{
    return a * b;
}

NSDE_DUAL_FUNCTION double nsde_double_neg(double a)
{
    return -a;
}

NSDE_DUAL_FUNCTION double nsde_double_reciprocal(double a)
{
    return 1.0 / a;
}

NSDE_DUAL_FUNCTION double nsde_double_square(double a)
{
    return a * a;
}

NSDE_DUAL_FUNCTION double nsde_double_sqrt(double a)
{
    return sqrt(a);
}

NSDE_DUAL_FUNCTION double nsde_double_exp(double a)
{
    return exp(a);
}

NSDE_DUAL_FUNCTION double nsde_double_log(double a)
{
    return log(a);
}

NSDE_DUAL_FUNCTION double nsde_double_log1p(double a)
{
    return log1p(a);
}

NSDE_DUAL_FUNCTION double nsde_double_expm1(double a)
{
    return expm1(a);
}

NSDE_DUAL_FUNCTION double nsde_double_sin(double a)
{
    return sin(a);
}

NSDE_DUAL_FUNCTION double nsde_double_cos(double a)
{
    return cos(a);
}

NSDE_DUAL_FUNCTION double nsde_double_atan(double a)
{
    return atan(a);
}

NSDE_DUAL_FUNCTION double nsde_double_sinh(double a)
{
    return sinh(a);
}

NSDE_DUAL_FUNCTION double nsde_double_cosh(double a)
{
    return cosh(a);
}

NSDE_DUAL_FUNCTION double nsde_double_asinh(double a)
{
    return asinh(a);
}

NSDE_DUAL_FUNCTION double nsde_double_tanh(double a)
{
    return tanh(a);
}

/* 1 / cosh(a)^2 without cancellation. */
NSDE_DUAL_FUNCTION double nsde_double_tanh_slope(double a)
{
    const double e = exp(-2.0 * fabs(a));
    return 4.0 * e / ((1.0 + e) * (1.0 + e));
}

NSDE_DUAL_FUNCTION double nsde_double_sigmoid(double a)
{
    const double e = exp(-fabs(a));
    return (a < 0.0 ? e : 1.0) / (1.0 + e);
}

NSDE_DUAL_FUNCTION double nsde_double_sigmoid_slope(double a)
{
    const double e = exp(-fabs(a));
    return e / ((1.0 + e) * (1.0 + e));
}

NSDE_DUAL_FUNCTION double nsde_double_softplus(double a)
{
    return (a > 0.0 ? a : a == a ? 0.0 : a) + log1p(exp(-fabs(a)));
}

NSDE_DUAL_FUNCTION double nsde_double_abs(double a)
{
    return fabs(a);
}

NSDE_DUAL_FUNCTION double nsde_double_sign(double a)
{
    return a > 0.0 ? 1.0 : a < 0.0 ? -1.0 : 0.0 * a;
}

NSDE_DUAL_FUNCTION double nsde_double_erf(double a)
{
    return erf(a);
}

/* erfc(-a / sqrt(2)) / 2, with what the product by sqrt(1/2) rounds away brought back by the derivative
 * d log erfc(x) / dx = -(x + sqrt(x^2 + 4 / pi)), nearly (Abramowitz and Stegun 1964, 7.1.13). */
NSDE_DUAL_FUNCTION double nsde_double_normal_cdf(double a)
{
    const double c = 0.70710678118654752440, c_rest = -4.8336466567264567e-17, x = -a * c;
    if (!(fabs(a) < 40.0))
        return 0.5 * erfc(x);
    const double rest = fma(-a, c, -x) - a * c_rest;
    return 0.5 * erfc(x) * (1.0 - rest * (x + sqrt(x * x + 1.27323954473516268615)));
}

NSDE_DUAL_FUNCTION double nsde_double_pow(double a, double b)
{
    return pow(a, b);
}

NSDE_DUAL_FUNCTION double nsde_double_pow_real(double a, double b)
{
    return pow(a, b);
}

NSDE_DUAL_FUNCTION double nsde_double_log_bessel_i_at(double order, double a, int i, int j)
{
    return nsde_log_bessel_i_derivative(order, a, i, j);
}

/* log(a) a^b, the derivative of a^b by b. */
NSDE_DUAL_FUNCTION double nsde_double_log_to(double a, double b)
{
    return a == 0.0 ? 0.0 : log(a) * pow(a, b);
}

/* ---- duals of doubles, and duals of those ---- */

#define NSDE_DUAL_JOIN_(a, b) a##_##b
#define NSDE_DUAL_JOIN(a, b)  NSDE_DUAL_JOIN_(a, b)

#define NSDE_DUAL_TYPE  nsde_dual
#define NSDE_DUAL_SIZE  NSDE_DUAL_PARTIALS
#define NSDE_DUAL_PART  double
#define NSDE_DUAL_PARTS nsde_double
#include "nsde/dual.inc"

#define NSDE_DUAL_TYPE  nsde_dual2
#define NSDE_DUAL_SIZE  NSDE_DUAL_PARTIALS
#define NSDE_DUAL_PART  nsde_dual
#define NSDE_DUAL_PARTS nsde_dual
#include "nsde/dual.inc"

/* ---- steps of an equation ---- */

/** A step written on duals: from x [dim], with what a network made of it in y [outputs], to x_next [dim]. */
typedef void (*nsde_dual_step)(const nsde_dual *x, const nsde_dual *y, double t, double h, const double *dW,
                               nsde_dual *x_next, void *context);

/** The value of such a step and, unless `jacobian` is NULL, its derivatives by x and then y,
 *  [dim + outputs][dim], NSDE_DUAL_PARTIALS at a time: what an nsde_mixed_step (nsde/mixed.h) is to give.
 *  @param room [2 dim + outputs] for the duals */
NSDE_DUAL_FUNCTION void nsde_dual_step_jacobian(nsde_dual_step step, void *context, size_t dim,
                                                size_t outputs, const double *x, const double *y, double t,
                                                double h, const double *dW, nsde_dual *room, double *x_next,
                                                double *jacobian)
{
    nsde_dual *in = room, *next = room + dim + outputs;
    const size_t n = dim + outputs;
    for (size_t first = 0; first < n; first += NSDE_DUAL_PARTIALS) {
        for (size_t i = 0; i < n; i++)
            in[i] = nsde_dual_variable(i < dim ? x[i] : y[i - dim], i - first);
        step(in, in + dim, t, h, dW, next, context);
        for (size_t k = 0; jacobian && k < NSDE_DUAL_PARTIALS && first + k < n; k++)
            for (size_t c = 0; c < dim; c++)
                jacobian[(first + k) * dim + c] = next[c].partial[k];
        if (!jacobian)
            break;
    }
    for (size_t c = 0; c < dim; c++)
        x_next[c] = next[c].value;
}

#endif
