/* The dense kernels, compiled for registers of 16, 32 and 64 bytes and in both precisions. The file is
 * compiled with contraction of products and sums (meson.build).
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "tape/dense.h"

#include <string.h>

#define NSDE_INLINE               __attribute__((always_inline))
#define NSDE_JOIN(a, b, c)        a##_##b##_##c
#define NSDE_NAME(part, real, by) NSDE_JOIN(part, real, by)
#define TABLE(real, by)                                                                                      \
    {                                                                                                        \
        NSDE_NAME(product, real, by), NSDE_NAME(outer, real, by), NSDE_NAME(sums, real, by)                  \
    }

#define NAME(part) NSDE_NAME(part, double, narrow)
#define REAL       double
#define BYTES      16
#define ROWS       4
#define TARGET
#include "tape/dense.inc"
#undef NAME
#undef REAL
#define NAME(part) NSDE_NAME(part, float, narrow)
#define REAL       float
#include "tape/dense.inc"
#undef NAME
#undef REAL
#undef BYTES
#undef ROWS
#undef TARGET

#if defined(__x86_64__)
#define BYTES      32
#define ROWS       6
#define TARGET     __attribute__((target("avx2,fma")))
#define NAME(part) NSDE_NAME(part, double, avx2)
#define REAL       double
#include "tape/dense.inc"
#undef NAME
#undef REAL
#define NAME(part) NSDE_NAME(part, float, avx2)
#define REAL       float
#include "tape/dense.inc"
#undef NAME
#undef REAL
#undef BYTES
#undef ROWS
#undef TARGET

#define BYTES      64
#define ROWS       8
#define TARGET     __attribute__((target("avx512f,avx512dq,avx512bw,avx512vl,avx2,fma")))
#define NAME(part) NSDE_NAME(part, double, avx512)
#define REAL       double
#include "tape/dense.inc"
#undef NAME
#undef REAL
#define NAME(part) NSDE_NAME(part, float, avx512)
#define REAL       float
#include "tape/dense.inc"
#undef NAME
#undef REAL
#undef BYTES
#undef ROWS
#undef TARGET
#endif

nsde_machine nsde_machine_here(void)
{
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
        __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") &&
        __builtin_cpu_supports("fma"))
        return NSDE_AVX512;
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
        return NSDE_AVX2;
#endif
    return NSDE_NARROW;
}

const nsde_dense_double *nsde_dense_double_of(nsde_machine machine)
{
    static const nsde_dense_double all[] = {
        [NSDE_NARROW] = TABLE(double, narrow),
#if defined(__x86_64__)
        [NSDE_AVX2] = TABLE(double, avx2),
        [NSDE_AVX512] = TABLE(double, avx512),
#endif
    };
    return &all[machine];
}

const nsde_dense_single *nsde_dense_single_of(nsde_machine machine)
{
    static const nsde_dense_single all[] = {
        [NSDE_NARROW] = TABLE(float, narrow),
#if defined(__x86_64__)
        [NSDE_AVX2] = TABLE(float, avx2),
        [NSDE_AVX512] = TABLE(float, avx512),
#endif
    };
    return &all[machine];
}
