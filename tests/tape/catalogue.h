/* Every elementwise operation of nsde/tape.h with its value in long double, from libm alone, and ordinary
 * arguments: what the tests compare with.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef NSDE_TESTS_CATALOGUE_H
#define NSDE_TESTS_CATALOGUE_H

#include <math.h>

#include "nsde/tape.h"

typedef struct operation {
    const char *name;
    size_t n_args;
    nsde_var (*record)(const nsde_var *args);
    long double (*value)(const long double *args);
    double at[4][3]; /* ordinary arguments, off every kink */
} operation;

#define UNARY(name, formula)                                                                                 \
    static nsde_var record_##name(const nsde_var *args)                                                      \
    {                                                                                                        \
        return nsde_##name(args[0]);                                                                         \
    }                                                                                                        \
    static long double value_##name(const long double *args)                                                 \
    {                                                                                                        \
        const long double a = args[0];                                                                       \
        return formula;                                                                                      \
    }
#define BINARY(name, formula)                                                                                \
    static nsde_var record_##name(const nsde_var *args)                                                      \
    {                                                                                                        \
        return nsde_##name(args[0], args[1]);                                                                \
    }                                                                                                        \
    static long double value_##name(const long double *args)                                                 \
    {                                                                                                        \
        const long double a = args[0], b = args[1];                                                          \
        return formula;                                                                                      \
    }

UNARY(neg, -a)
UNARY(reciprocal, 1.0L / a)
UNARY(square, a *a)
UNARY(sqrt, sqrtl(a))
UNARY(exp, expl(a))
UNARY(log, logl(a))
UNARY(log1p, log1pl(a))
UNARY(expm1, expm1l(a))
UNARY(sin, sinl(a))
UNARY(cos, cosl(a))
UNARY(atan, atanl(a))
UNARY(sinh, sinhl(a))
UNARY(cosh, coshl(a))
UNARY(asinh, asinhl(a))
UNARY(tanh, tanhl(a))
UNARY(sigmoid, 1.0L / (1.0L + expl(-a)))
UNARY(softplus, a > 0.0L ? a + log1pl(expl(-a)) : log1pl(expl(a)))
UNARY(silu, a / (1.0L + expl(-a)))
UNARY(abs, fabsl(a))
UNARY(sign, a > 0.0L ? 1.0L : a < 0.0L ? -1.0L : 0.0L * a)
UNARY(erf, erfl(a))
UNARY(normal_cdf, 0.5L * erfcl(-a * sqrtl(0.5L)))
BINARY(add, a + b)
BINARY(sub, a - b)
BINARY(mul, a *b)
BINARY(div, a / b)
BINARY(pow, powl(a, b))
BINARY(min, a <= b ? a : b)
BINARY(max, a >= b ? a : b)

static nsde_var record_select(const nsde_var *args)
{
    return nsde_select(args[0], args[1], args[2]);
}

static long double value_select(const long double *args)
{
    return args[0] >= 0.0L ? args[1] : args[2];
}

static nsde_var record_add_real(const nsde_var *args)
{
    return nsde_add_real(args[0], 1.73);
}

static long double value_add_real(const long double *args)
{
    return args[0] + (long double)1.73;
}

static nsde_var record_mul_real(const nsde_var *args)
{
    return nsde_mul_real(args[0], 2.385);
}

static long double value_mul_real(const long double *args)
{
    return args[0] * (long double)2.385;
}

static nsde_var record_pow_real(const nsde_var *args)
{
    return nsde_pow_real(args[0], 2.385);
}

static long double value_pow_real(const long double *args)
{
    return powl(args[0], (long double)2.385);
}

#define ENTRY(name, n, ...)                                                                                  \
    {                                                                                                        \
#name, n, record_##name, value_##name, __VA_ARGS__                                                   \
    }
#define ANYWHERE                                                                                             \
    {                                                                                                        \
        {-2.385}, {-0.31}, {0.47},                                                                           \
        {                                                                                                    \
            3.15                                                                                             \
        }                                                                                                    \
    }
#define ABOVE_0                                                                                              \
    {                                                                                                        \
        {0.0173}, {0.47}, {2.385},                                                                           \
        {                                                                                                    \
            31.7                                                                                             \
        }                                                                                                    \
    }
#define FAR                                                                                                  \
    {                                                                                                        \
        {-17.3}, {-2.385}, {0.47},                                                                           \
        {                                                                                                    \
            12.9                                                                                             \
        }                                                                                                    \
    }
#define TWO                                                                                                  \
    {                                                                                                        \
        {-2.385, 0.73}, {0.47, -1.9}, {3.15, 2.2},                                                           \
        {                                                                                                    \
            -0.6, -0.35                                                                                      \
        }                                                                                                    \
    }

static const operation catalogue[] = {
    ENTRY(neg, 1, ANYWHERE),
    ENTRY(reciprocal, 1, ANYWHERE),
    ENTRY(square, 1, ANYWHERE),
    ENTRY(sqrt, 1, ABOVE_0),
    ENTRY(exp, 1, FAR),
    ENTRY(log, 1, ABOVE_0),
    ENTRY(log1p, 1, {{-0.73}, {-0.011}, {0.47}, {31.7}}),
    ENTRY(expm1, 1, {{-17.3}, {-0.011}, {0.0047}, {12.9}}),
    ENTRY(sin, 1, FAR),
    ENTRY(cos, 1, FAR),
    ENTRY(atan, 1, FAR),
    ENTRY(sinh, 1, FAR),
    ENTRY(cosh, 1, FAR),
    ENTRY(asinh, 1, FAR),
    ENTRY(tanh, 1, {{-9.3}, {-0.31}, {0.47}, {1.9}}),
    ENTRY(sigmoid, 1, FAR),
    ENTRY(softplus, 1, FAR),
    ENTRY(silu, 1, FAR),
    ENTRY(abs, 1, ANYWHERE),
    ENTRY(sign, 1, ANYWHERE),
    ENTRY(erf, 1, {{-2.385}, {-0.31}, {0.47}, {1.15}}),
    ENTRY(normal_cdf, 1, {{-9.3}, {-0.31}, {0.47}, {2.15}}),
    ENTRY(add, 2, TWO),
    ENTRY(sub, 2, TWO),
    ENTRY(mul, 2, TWO),
    ENTRY(div, 2, TWO),
    ENTRY(pow, 2, {{0.37, 0.73}, {0.47, -1.9}, {3.15, 2.2}, {12.9, 0.35}}),
    ENTRY(min, 2, TWO),
    ENTRY(max, 2, TWO),
    ENTRY(select, 3, {{-2.385, 0.73, 1.3}, {0.47, -1.9, 0.2}, {3.15, 2.2, -0.7}, {-0.6, -0.35, 0.4}}),
    ENTRY(add_real, 1, ANYWHERE),
    ENTRY(mul_real, 1, ANYWHERE),
    ENTRY(pow_real, 1, ABOVE_0),
};

enum { N_CATALOGUE = sizeof catalogue / sizeof *catalogue, N_POINTS = 4 };

/* A central difference of eighth order along `direction`, in long double: about 15 digits. */
static inline long double difference(const operation *op, const double *at, const double *direction)
{
    static const long double weights[] = {4.0L / 5, -1.0L / 5, 4.0L / 105, -1.0L / 280};
    const long double h = 0x1p-9L;
    long double sum = 0.0L;
    for (int k = 1; k <= 4; k++) {
        long double up[3], down[3];
        for (size_t i = 0; i < op->n_args; i++) {
            const long double scale = fabs(at[0]) < 0.5 ? fabs(at[0]) : 0.5;
            up[i] = at[i] + (long double)k * h * scale * direction[i];
            down[i] = at[i] - (long double)k * h * scale * direction[i];
        }
        sum += weights[k - 1] * (op->value(up) - op->value(down));
    }
    return sum / h / (fabs(at[0]) < 0.5 ? fabs(at[0]) : 0.5);
}

#endif
