/* The elementwise operations in single precision.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "tape/kernels.h"

#include "core/simd.h"
#include "core/vector_math.h"

#define NSDE_INLINE          __attribute__((always_inline))
#define JOIN(name, part)     name##_##part
#define FUNCTION(name, part) JOIN(name, part)
#define REAL                 float
#define FN(name)             name##f
#define C(number)            (number##f)
#include "tape/elementwise.inc"

static NSDE_CLONES void narrow_all(float *y, const double *a, size_t n)
{
#pragma omp simd
    for (size_t i = 0; i < n; i++)
        y[i] = (float)a[i];
}

void nsde_narrow(float *y, const double *a, size_t n)
{
    narrow_all(y, a, n);
}

static NSDE_CLONES void widen_all(double *y, const float *a, size_t n)
{
#pragma omp simd
    for (size_t i = 0; i < n; i++)
        y[i] = (double)a[i];
}

void nsde_widen(double *y, const float *a, size_t n)
{
    widen_all(y, a, n);
}

static NSDE_CLONES void accumulate_single_all(double *y, const float *a, size_t n)
{
#pragma omp simd
    for (size_t i = 0; i < n; i++)
        y[i] += (double)a[i];
}

void nsde_accumulate_single(double *y, const float *a, size_t n)
{
    accumulate_single_all(y, a, n);
}

static NSDE_CLONES void accumulate_narrowed_all(float *y, const double *a, size_t n)
{
#pragma omp simd
    for (size_t i = 0; i < n; i++)
        y[i] += (float)a[i];
}

void nsde_accumulate_narrowed(float *y, const double *a, size_t n)
{
    accumulate_narrowed_all(y, a, n);
}

#define UNARY(name) [OP_##name] = {.unary = name##_forward, .unary_pull = name##_pull}
#define BINARY(name)                                                                                         \
    [OP_##name] = {.binary = {name##_forward_0, name##_forward_1, name##_forward_2},                         \
                   .binary_pull = {{name##_pull_a_0, name##_pull_a_1, name##_pull_a_2},                      \
                                   {name##_pull_b_0, name##_pull_b_1, name##_pull_b_2}}}

const nsde_kernel_single nsde_kernels_single[OP_COUNT] = {
    UNARY(neg),     UNARY(reciprocal),    UNARY(square),   UNARY(sqrt), UNARY(exp),       UNARY(log),
    UNARY(log1p),   UNARY(expm1),         UNARY(sin),      UNARY(cos),  UNARY(tanh_unit), UNARY(tanh_slope),
    UNARY(sigmoid), UNARY(sigmoid_slope), UNARY(softplus), UNARY(silu), UNARY(abs),       UNARY(sign),
    BINARY(add),    BINARY(sub),          BINARY(mul),     BINARY(div), BINARY(min),      BINARY(max),
};
