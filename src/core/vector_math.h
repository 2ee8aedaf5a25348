/* The mathematical functions that have vector variants in glibc's libmvec, which loops over paths live on.
 *
 * glibc declares the variants only under -ffast-math, which the library must not be compiled with: it would
 * give up NaN and Inf. They are therefore declared here; a loop marked `omp simd` then calls the one of its
 * width. clang knows them by -fveclib=libmvec instead (meson.build). Their error was measured to be at most
 * 4 units in the last place, with NaN, Inf, signed zeros and subnormal numbers as in libm.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef NSDE_CORE_VECTOR_MATH_H
#define NSDE_CORE_VECTOR_MATH_H

#include <math.h>

#if defined(__GNUC__) && !defined(__clang__) && defined(__x86_64__) && defined(__GLIBC__)

#define NSDE_VECTOR __attribute__((simd("notinbranch")))

NSDE_VECTOR double exp(double);
NSDE_VECTOR double log(double);
NSDE_VECTOR double sin(double);
NSDE_VECTOR double cos(double);
NSDE_VECTOR double pow(double, double);
NSDE_VECTOR float expf(float);
NSDE_VECTOR float logf(float);
NSDE_VECTOR float sinf(float);
NSDE_VECTOR float cosf(float);

#if __GLIBC__ > 2 || __GLIBC_MINOR__ >= 35
NSDE_VECTOR double tanh(double);
NSDE_VECTOR double sinh(double);
NSDE_VECTOR double cosh(double);
NSDE_VECTOR double asinh(double);
NSDE_VECTOR double atan(double);
NSDE_VECTOR double expm1(double);
NSDE_VECTOR float expm1f(float);
NSDE_VECTOR float log1pf(float);
NSDE_VECTOR double log1p(double);
NSDE_VECTOR double erf(double);
NSDE_VECTOR double erfc(double);
#endif

#undef NSDE_VECTOR

#endif

#endif
