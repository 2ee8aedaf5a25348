/* The functions and constants of expressions.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <ctype.h>
#include <string.h>

#include "core/constants.h"
#include "core/names.h"
#include "text/expression.h"

#define ONE(X)                                                                                               \
    X(exp)                                                                                                   \
    X(log)                                                                                                   \
    X(log1p)                                                                                                 \
    X(expm1)                                                                                                 \
    X(sqrt)                                                                                                  \
    X(square)                                                                                                \
    X(sin)                                                                                                   \
    X(cos)                                                                                                   \
    X(atan)                                                                                                  \
    X(sinh)                                                                                                  \
    X(cosh)                                                                                                  \
    X(asinh)                                                                                                 \
    X(tanh)                                                                                                  \
    X(sigmoid) X(softplus) X(silu) X(abs) X(sign) X(erf) X(normal_cdf)
#define TWO(X) X(min) X(max) X(pow)

#define X(name)                                                                                              \
    static nsde_var record_##name(const nsde_var *a)                                                         \
    {                                                                                                        \
        return nsde_##name(a[0]);                                                                            \
    }
ONE(X)
X(neg)
#undef X

#define X(name)                                                                                              \
    static nsde_var record_##name(const nsde_var *a)                                                         \
    {                                                                                                        \
        return nsde_##name(a[0], a[1]);                                                                      \
    }
TWO(X)
X(add)
X(sub)
X(mul)
X(div)
#undef X

static nsde_var record_select(const nsde_var *a)
{
    return nsde_select(a[0], a[1], a[2]);
}

static const nsde_text_function functions[] = {
#define X(name) {#name, 1, record_##name},
    ONE(X)
#undef X
#define X(name) {#name, 2, record_##name},
        TWO(X)
#undef X
            {"select", 3, record_select},
    {"+", 2, record_add},
    {"-", 2, record_sub},
    {"*", 2, record_mul},
    {"/", 2, record_div},
    {"^", 2, record_pow},
    {"0-", 1, record_neg},
};

static bool is(const char *name, size_t length, const char *other)
{
    return strlen(other) == length && memcmp(name, other, length) == 0;
}

const nsde_text_function *nsde_text_function_find(const char *name, size_t length)
{
    for (size_t i = 0; i < sizeof functions / sizeof *functions; i++)
        if (is(name, length, functions[i].name))
            return &functions[i];
    return NULL;
}

void nsde_text_function_names(char *list, size_t size)
{
    for (size_t i = 0; i < sizeof functions / sizeof *functions; i++)
        if (isalpha((unsigned char)*functions[i].name))
            nsde_name_append(list, size, functions[i].name);
}

bool nsde_text_constant(const char *name, size_t length, double *value)
{
    const double e = 2.71828182845904523536;
    *value = is(name, length, "pi") ? NSDE_PI : e;
    return is(name, length, "pi") || is(name, length, "e");
}

bool nsde_text_over_find(const char *name, size_t length, nsde_text_over *over)
{
    static const char *const names[] = {"mean", "smallest", "largest"};
    for (int k = 0; k < 3; k++)
        if (is(name, length, names[k])) {
            *over = (nsde_text_over)k;
            return true;
        }
    return false;
}

bool nsde_text_is_reserved(const char *name, size_t length)
{
    double value;
    nsde_text_over over;
    size_t digits = 1;
    while (digits < length && name[digits] >= '0' && name[digits] <= '9')
        digits++;
    return (name[0] == 'x' && digits == length) || is(name, length, "t") || is(name, length, "mlp") ||
           nsde_text_constant(name, length, &value) || nsde_text_over_find(name, length, &over) ||
           nsde_text_function_find(name, length);
}
