/* The elementwise operations in numbers: value and adjoint side by side, one entry each.
 *
 * Partial derivatives that can be infinite where the value is finite (the root at 0) are skipped where the
 * adjoint is 0. SPDX-License-Identifier: GPL-3.0-or-later */
#include "tape/kernels.h"

#include "core/constants.h"
#include "core/simd.h"
#include "core/vector_math.h"

#define NSDE_INLINE          __attribute__((always_inline))
#define JOIN(name, part)     name##_##part
#define FUNCTION(name, part) JOIN(name, part)

/* tanh by one exp, exact to rounding at both ends; libmvec's own takes twice as long. */
static inline NSDE_INLINE double hyperbolic_tangent(double a)
{
    const double size = fabs(a), e = expm1(-2.0 * size);
    return copysign(-e / (2.0 + e), a);
}

/* 1 / cosh(a)^2 without cancellation. */
static inline NSDE_INLINE double tanh_slope(double a)
{
    const double e = exp(-2.0 * fabs(a));
    return 4.0 * e / ((1.0 + e) * (1.0 + e));
}

/* The derivative of the logistic function without cancellation. */
static inline NSDE_INLINE double sigmoid_slope(double a)
{
    const double e = exp(-fabs(a));
    return e / ((1.0 + e) * (1.0 + e));
}

#define NAME  neg
#define VALUE -a
#define PULL  -g
#include "tape/unary.inc"

#define NAME  reciprocal
#define VALUE 1.0 / a
#define PULL  -g * y * y
#include "tape/unary.inc"

#define NAME  square
#define VALUE a * a
#define PULL  2.0 * g * a
#include "tape/unary.inc"

#define NAME  sqrt
#define VALUE sqrt(a)
#define PULL  g == 0.0 ? 0.0 : g * 0.5 / y
#include "tape/unary.inc"

#define NAME  exp
#define VALUE exp(a)
#define PULL  g * y
#include "tape/unary.inc"

#define NAME  log
#define VALUE log(a)
#define PULL  g == 0.0 ? 0.0 : g / a
#include "tape/unary.inc"

#define NAME  log1p
#define VALUE log1p(a)
#define PULL  g / (1.0 + a)
#include "tape/unary.inc"

#define NAME  expm1
#define VALUE expm1(a)
#define PULL  g * (y + 1.0)
#include "tape/unary.inc"

#define NAME  sin
#define VALUE sin(a)
#define PULL  g * cos(a)
#include "tape/unary.inc"

#define NAME  cos
#define VALUE cos(a)
#define PULL  -g * sin(a)
#include "tape/unary.inc"

#define NAME  atan
#define VALUE atan(a)
#define PULL  g / (1.0 + a * a)
#include "tape/unary.inc"

#define NAME  sinh
#define VALUE sinh(a)
#define PULL  g * cosh(a)
#include "tape/unary.inc"

#define NAME  cosh
#define VALUE cosh(a)
#define PULL  g * sinh(a)
#include "tape/unary.inc"

#define NAME  asinh
#define VALUE asinh(a)
#define PULL  g / sqrt(1.0 + a * a)
#include "tape/unary.inc"

/* Exact only while |y| is not close to 1; tanh_pull_exact below looks after the rest. */
#define NAME  tanh
#define VALUE hyperbolic_tangent(a)
#define PULL  g * (1.0 - y) * (1.0 + y)
#include "tape/unary.inc"

#define NAME  tanh_slope
#define VALUE tanh_slope(a)
#define PULL  -2.0 * g * y * hyperbolic_tangent(a)
#include "tape/unary.inc"

#define NAME  sigmoid
#define VALUE 1.0 / (1.0 + exp(-a))
#define PULL  g * sigmoid_slope(a)
#include "tape/unary.inc"

#define NAME  sigmoid_slope
#define VALUE sigmoid_slope(a)
#define PULL  -g * y * hyperbolic_tangent(0.5 * a)
#include "tape/unary.inc"

#define NAME  softplus
#define VALUE (a > 0.0 ? a : a == a ? 0.0 : a) + log1p(exp(-fabs(a)))
#define PULL  g / (1.0 + exp(-a))
#include "tape/unary.inc"

#define NAME  silu
#define VALUE a / (1.0 + exp(-a))
#define PULL  g * (1.0 / (1.0 + exp(-a)) + a * sigmoid_slope(a))
#include "tape/unary.inc"

#define NAME  abs
#define VALUE fabs(a)
#define PULL  a > 0.0 ? g : a < 0.0 ? -g : 0.0 * a
#include "tape/unary.inc"

#define NAME  sign
#define VALUE a > 0.0 ? 1.0 : a < 0.0 ? -1.0 : 0.0 * a
#define PULL  0.0 * g
#include "tape/unary.inc"

#define NAME  erf
#define VALUE erf(a)
#define PULL  g * NSDE_2_SQRT_PI * exp(-a * a)
#include "tape/unary.inc"

#define NAME  normal_cdf
#define VALUE 0.5 * erfc(-a * NSDE_SQRT1_2)
#define PULL  g * NSDE_1_SQRT_2PI * exp(-0.5 * a * a)
#include "tape/unary.inc"

#define NAME   add
#define VALUE  a + b
#define PULL_A g
#define PULL_B g
#include "tape/binary.inc"

#define NAME   sub
#define VALUE  a - b
#define PULL_A g
#define PULL_B -g
#include "tape/binary.inc"

#define NAME   mul
#define VALUE  a * b
#define PULL_A g * b
#define PULL_B g * a
#include "tape/binary.inc"

#define NAME   div
#define VALUE  a / b
#define PULL_A g / b
#define PULL_B -g * y / b
#include "tape/binary.inc"

#define NAME   pow
#define VALUE  pow(a, b)
#define PULL_A g == 0.0 ? 0.0 : g * b * pow(a, b - 1.0)
#define PULL_B a == 0.0 ? 0.0 : g * y * log(a)
#include "tape/binary.inc"

#define NAME   log_to
#define VALUE  a == 0.0 ? 0.0 : log(a) * pow(a, b)
#define PULL_A g == 0.0 ? 0.0 : g * (b * log(a) + 1.0) * pow(a, b - 1.0)
#define PULL_B y == 0.0 ? 0.0 : g * y * log(a)
#include "tape/binary.inc"

#define NAME   min
#define VALUE  a <= b || a != a ? a : b
#define PULL_A a <= b ? g : 0.0
#define PULL_B a <= b ? 0.0 : g
#include "tape/binary.inc"

#define NAME   max
#define VALUE  a >= b || a != a ? a : b
#define PULL_A a >= b ? g : 0.0
#define PULL_B a >= b ? 0.0 : g
#include "tape/binary.inc"

#define NAME   chain
#define VALUE  a == 0.0 ? 0.0 : a * b
#define PULL_A g == 0.0 ? 0.0 : g * b
#define PULL_B g * a
#include "tape/binary.inc"

#define NAME   select
#define VALUE  a >= 0.0 ? b : a < 0.0 ? c : a
#define PULL_A 0.0
#define PULL_B a >= 0.0 ? g : 0.0
#define PULL_C a >= 0.0 ? 0.0 : g
#include "tape/ternary.inc"

#define NAME   fma
#define VALUE  a * b + c
#define PULL_A g * b
#define PULL_B g * a
#define PULL_C g
#include "tape/ternary.inc"

static NSDE_CLONES double largest(const double *a, size_t n)
{
    double most = 0.0;
#pragma omp simd reduction(max : most)
    for (size_t i = 0; i < n; i++)
        most = fabs(a[i]) > most ? fabs(a[i]) : most;
    return most;
}

static NSDE_CLONES void tanh_pull_both(const double *gs, const double *as, const double *ys, double *adjoint,
                                       size_t n)
{
#pragma omp simd
    for (size_t i = 0; i < n; i++) {
        const double g = gs[i], y = ys[i];
        const double from_value = g * (1.0 - y) * (1.0 + y), exact = g * tanh_slope(as[i]);
        adjoint[i] += fabs(y) < 0.9 ? from_value : exact;
    }
}

/* (1 - y)(1 + y) loses digits as |y| nears 1, where the exponential is taken instead, lane by lane so that
 * no path's result depends on its neighbours; runs that need none of that are spared the exponential. */
static void tanh_pull_exact(const double *g, const double *a, const double *y, double *adjoint, size_t n)
{
    for (size_t done = 0; done < n; done += NSDE_LANE_QUANTUM) {
        const size_t run = n - done < NSDE_LANE_QUANTUM ? n - done : NSDE_LANE_QUANTUM;
        if (largest(y + done, run) < 0.9)
            tanh_pull(g + done, a + done, y + done, adjoint + done, run);
        else
            tanh_pull_both(g + done, a + done, y + done, adjoint + done, run);
    }
}

NSDE_CLONES void nsde_accumulate(double *y, const double *a, size_t n)
{
#pragma omp simd
    for (size_t i = 0; i < n; i++)
        y[i] += a[i];
}

NSDE_CLONES double nsde_total(const double *a, size_t n)
{
    double sum = 0.0;
#pragma omp simd reduction(+ : sum)
    for (size_t i = 0; i < n; i++)
        sum += a[i];
    return sum;
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
#define UNARY_KERNEL(name) {.unary = name##_forward, .unary_pull = name##_pull}
#define BINARY_KERNEL(name)                                                                                  \
    {.binary = {name##_forward_0, name##_forward_1, name##_forward_2},                                       \
     .binary_pull = {PULLS(name, a), PULLS(name, b)}}
#define TERNARY_KERNEL(name)                                                                                 \
    {.ternary = {name##_forward_0, name##_forward_1, name##_forward_2, name##_forward_3, name##_forward_4,   \
                 name##_forward_5, name##_forward_6},                                                        \
     .ternary_pull = {PULLS_OF_7(name, 0), PULLS_OF_7(name, 1), PULLS_OF_7(name, 2)}}

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
    [OP_tanh] = {.unary = tanh_forward, .unary_pull = tanh_pull_exact},
    [OP_tanh_slope] = UNARY_KERNEL(tanh_slope),
    [OP_sigmoid] = UNARY_KERNEL(sigmoid),
    [OP_sigmoid_slope] = UNARY_KERNEL(sigmoid_slope),
    [OP_softplus] = UNARY_KERNEL(softplus),
    [OP_silu] = UNARY_KERNEL(silu),
    [OP_abs] = UNARY_KERNEL(abs),
    [OP_sign] = UNARY_KERNEL(sign),
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
};
