/* The elementwise operations in numbers: value and adjoint side by side, one entry each.
 *
 * The functions of libmvec are within 4 ulp (core/vector_math.h), values here within 5, slopes within 6.
 * Partial derivatives that can be infinite (the root at 0) are skipped where the adjoint is 0, so that what
 * has no influence leaves no NaN behind.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "tape/kernels.h"

#include "core/constants.h"
#include "core/simd.h"
#include "core/vector_math.h"

#define NSDE_INLINE          __attribute__((always_inline))
#define JOIN(name, part)     name##_##part
#define FUNCTION(name, part) JOIN(name, part)

#define REAL      double
#define FN(name)  name
#define C(number) (number)
#include "tape/elementwise.inc"

/* erfc(-a / sqrt(2)) / 2. In the lower tail erfc magnifies the rounding of its argument by twice its square,
 * hence a product in two parts (24 bits each to begin with) whose lower one enters by the derivative
 * d log erfc(x) / dx, of which x + sqrt(x^2 + 4 / pi) is a near enough bound (Abramowitz and Stegun 1964,
 * 7.1.13). */
static inline NSDE_INLINE double normal_cdf(double a)
{
    const double high_c = 0x1.6a09e6p-1, low_c = 0x1.9fcef32422cbfp-27; /* sqrt(1/2) */
    const double near = fabs(a) < 40.0 ? -a : 0.0, high_a = (double)(float)near;
    const double high = high_a * high_c, low = high_a * low_c + (near - high_a) * NSDE_SQRT1_2;
    const double sum = high + low, rest = (high - sum) + low;
    const double x = fabs(a) < 40.0 ? sum : -a;
    return 0.5 * erfc(x) * (1.0 - rest * (sum + sqrt(sum * sum + 4.0 / NSDE_PI)));
}

#define NAME  atan
#define VALUE atan(a)
#define PULL  g / (1.0 + a * a)
#include "tape/unary.inc"

/* Its adjoint goes nowhere (nsde_is_pulled). */
#define NAME  hold
#define VALUE a
#define PULL  0.0 * g
#include "tape/unary.inc"

#define NAME  sinh
#define VALUE sinh(a)
#define PULL  g *cosh(a)
#include "tape/unary.inc"

#define NAME  cosh
#define VALUE cosh(a)
#define PULL  g *sinh(a)
#include "tape/unary.inc"

#define NAME  asinh
#define VALUE asinh(a)
#define PULL  g / sqrt(1.0 + a * a)
#include "tape/unary.inc"

#define NAME  erf
#define VALUE erf(a)
#define PULL  g *NSDE_2_SQRT_PI *exp(-a *a)
#include "tape/unary.inc"

#define NAME  normal_cdf
#define VALUE normal_cdf(a)
#define PULL  g *NSDE_1_SQRT_2PI *exp(-0.5 * a * a)
#include "tape/unary.inc"

#define NAME   pow
#define VALUE  pow(a, b)
#define PULL_A g *b == 0.0 ? 0.0 : g *b *pow(a, b - 1.0)
#define PULL_B a == 0.0 ? 0.0 : g *y *log(a)
#include "tape/binary.inc"

/* log(a) a^b, the derivative of a^b by b. */
#define NAME   log_to
#define VALUE  a == 0.0 ? 0.0 : log(a) * pow(a, b)
#define PULL_A g == 0.0 ? 0.0 : g *(a == 0.0 ? 1.0 : b * log(a) + 1.0) * pow(a, b - 1.0)
#define PULL_B y == 0.0 ? 0.0 : g *y *log(a)
#include "tape/binary.inc"

/* A tangent a times a partial derivative b: where the tangent is 0 and the partial infinite, a product that
 * is 0 and stays so nearby. */
#define NAME   chain
#define VALUE  a == 0.0 ? 0.0 : a *b
#define PULL_A g == 0.0 || (a == 0.0 && fabs(b) == INFINITY) ? 0.0 : g *b
#define PULL_B g *a
#include "tape/binary.inc"

#define NAME   select
#define VALUE  a >= 0.0 ? b : a < 0.0 ? c : a
#define PULL_A 0.0
#define PULL_B a >= 0.0 ? g : 0.0
#define PULL_C a >= 0.0 ? 0.0 : g
#include "tape/ternary.inc"

#define NAME   fma
#define VALUE  a *b + c
#define PULL_A g *b
#define PULL_B g *a
#define PULL_C g
#include "tape/ternary.inc"

/* b^(c - 1) from a = b^c: a division in place of a power. Where that is 0 / 0 or Inf / Inf, the limit. */
static inline NSDE_INLINE double lower_of(double a, double b, double c)
{
    const double size = fabs(b), limit = c == 1.0 ? 1.0 : (c > 1.0) == (size == 0.0) ? 0.0 : INFINITY;
    const bool unknown = (size == 0.0 && a == 0.0) || (size == INFINITY && fabs(a) == INFINITY);
    return unknown ? copysign(limit, a * b) : a / b;
}

#define NAME   lower
#define VALUE  lower_of(a, b, c)
#define PULL_A 0.0
#define PULL_B g *(c - 1.0) == 0.0 ? 0.0 : g *(c - 1.0) * lower_of(lower_of(a, b, c), b, c - 1.0)
#define PULL_C g == 0.0 || b == 0.0 ? 0.0 : g *log(b) * lower_of(a, b, c)
#include "tape/ternary.inc"

static NSDE_CLONES void tanh_forward(double *ys, const double *as, size_t n)
{
#pragma omp simd
    for (size_t i = 0; i < n; i++)
        ys[i] = hyperbolic_tangent_of(as[i]);
}

/* (1 - y)(1 + y) loses digits as |y| nears 1, where the exponential is taken instead, lane by lane so that
 * no path's result depends on its neighbours; runs that need none of that are spared the exponential. */
static NSDE_CLONES void tanh_pull(const double *gs, const double *as, const double *ys, bool set,
                                  double *adjoint, size_t n)
{
    for (size_t done = 0; done < n; done += NSDE_LANE_QUANTUM) {
        const size_t end = n - done < NSDE_LANE_QUANTUM ? n : done + NSDE_LANE_QUANTUM;
        double most = 0.0;
#pragma omp simd reduction(max : most)
        for (size_t i = done; i < end; i++)
            most = fabs(ys[i]) > most ? fabs(ys[i]) : most;
        if (most < 0.9) {
#pragma omp simd
            for (size_t i = done; i < end; i++)
                adjoint[i] = (set ? 0.0 : adjoint[i]) + gs[i] * (1.0 - ys[i]) * (1.0 + ys[i]);
        } else {
#pragma omp simd
            for (size_t i = done; i < end; i++) {
                const double near = gs[i] * (1.0 - ys[i]) * (1.0 + ys[i]), far = gs[i] * tanh_slope_of(as[i]);
                adjoint[i] = (set ? 0.0 : adjoint[i]) + (fabs(ys[i]) < 0.9 ? near : far);
            }
        }
    }
}

static NSDE_CLONES void accumulate_all(double *y, const double *a, size_t n)
{
#pragma omp simd
    for (size_t i = 0; i < n; i++)
        y[i] += a[i];
}

void nsde_accumulate(double *y, const double *a, size_t n)
{
    accumulate_all(y, a, n);
}

static NSDE_CLONES double total_all(const double *a, size_t n)
{
    double sum = 0.0;
#pragma omp simd reduction(+ : sum)
    for (size_t i = 0; i < n; i++)
        sum += a[i];
    return sum;
}

double nsde_total(const double *a, size_t n)
{
    return total_all(a, n);
}

#define PULLS(name, operand)                                                                                 \
    {                                                                                                        \
        name##_pull_##operand##_0, name##_pull_##operand##_1, name##_pull_##operand##_2                      \
    }
#define PULLS_OF_7(name, operand)                                                                            \
    {                                                                                                        \
        name##_pull_##operand##_0, name##_pull_##operand##_1, name##_pull_##operand##_2,                     \
            name##_pull_##operand##_3, name##_pull_##operand##_4, name##_pull_##operand##_5,                 \
            name##_pull_##operand##_6                                                                        \
    }
#define UNARY_KERNEL(name)                                                                                   \
    {                                                                                                        \
        .unary = name##_forward, .unary_pull = name##_pull                                                   \
    }
#define BINARY_KERNEL(name)                                                                                  \
    {                                                                                                        \
        .binary = {name##_forward_0, name##_forward_1, name##_forward_2}, .binary_pull = {                   \
            PULLS(name, a),                                                                                  \
            PULLS(name, b)                                                                                   \
        }                                                                                                    \
    }
#define TERNARY_KERNEL(name)                                                                                 \
    {                                                                                                        \
        .ternary = {name##_forward_0, name##_forward_1, name##_forward_2, name##_forward_3,                  \
                    name##_forward_4, name##_forward_5, name##_forward_6},                                   \
        .ternary_pull = {                                                                                    \
            PULLS_OF_7(name, 0),                                                                             \
            PULLS_OF_7(name, 1),                                                                             \
            PULLS_OF_7(name, 2)                                                                              \
        }                                                                                                    \
    }

const nsde_kernel nsde_kernels[OP_COUNT] = {
    [OP_neg] = UNARY_KERNEL(neg),
    [OP_reciprocal] = UNARY_KERNEL(reciprocal),
    [OP_square] = UNARY_KERNEL(square),
    [OP_sqrt] = UNARY_KERNEL(sqrt),
    [OP_exp] = UNARY_KERNEL(exp),
    [OP_log] = UNARY_KERNEL(log),
    [OP_log1p] = UNARY_KERNEL(log1p),
    [OP_expm1] = UNARY_KERNEL(expm1),
    [OP_sin] = UNARY_KERNEL(sin),
    [OP_cos] = UNARY_KERNEL(cos),
    [OP_atan] = UNARY_KERNEL(atan),
    [OP_sinh] = UNARY_KERNEL(sinh),
    [OP_cosh] = UNARY_KERNEL(cosh),
    [OP_asinh] = UNARY_KERNEL(asinh),
    [OP_tanh] = UNARY_KERNEL(tanh),
    [OP_tanh_unit] = UNARY_KERNEL(tanh_unit),
    [OP_tanh_slope] = UNARY_KERNEL(tanh_slope),
    [OP_sigmoid] = UNARY_KERNEL(sigmoid),
    [OP_sigmoid_slope] = UNARY_KERNEL(sigmoid_slope),
    [OP_softplus] = UNARY_KERNEL(softplus),
    [OP_silu] = UNARY_KERNEL(silu),
    [OP_abs] = UNARY_KERNEL(abs),
    [OP_sign] = UNARY_KERNEL(sign),
    [OP_hold] = UNARY_KERNEL(hold),
    [OP_erf] = UNARY_KERNEL(erf),
    [OP_normal_cdf] = UNARY_KERNEL(normal_cdf),
    [OP_add] = BINARY_KERNEL(add),
    [OP_sub] = BINARY_KERNEL(sub),
    [OP_mul] = BINARY_KERNEL(mul),
    [OP_div] = BINARY_KERNEL(div),
    [OP_pow] = BINARY_KERNEL(pow),
    [OP_log_to] = BINARY_KERNEL(log_to),
    [OP_min] = BINARY_KERNEL(min),
    [OP_max] = BINARY_KERNEL(max),
    [OP_chain] = BINARY_KERNEL(chain),
    [OP_select] = TERNARY_KERNEL(select),
    [OP_fma] = TERNARY_KERNEL(fma),
    [OP_lower] = TERNARY_KERNEL(lower),
};
