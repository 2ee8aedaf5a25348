#ifndef NSDE_CORE_VECTOR_MATH_H
#define NSDE_CORE_VECTOR_MATH_H
#include <math.h>
#if defined(__GNUC__) && !defined(__clang__)
#define V __attribute__((simd("notinbranch")))
V double exp(double);
V double log(double);
V double sin(double);
V double cos(double);
V double tanh(double);
V double sinh(double);
V double cosh(double);
V double asinh(double);
V double atan(double);
V double expm1(double);
V double log1p(double);
V double erf(double);
V double erfc(double);
V double pow(double, double);
#undef V
#endif
#endif
