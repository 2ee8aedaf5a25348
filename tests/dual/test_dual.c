/* Dual numbers against known derivatives, the recorded duals of the tape, and differences of libm.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#define NSDE_DUAL_PARTIALS 3
#include "nsde/dual.h"

#include <stdlib.h>

#include "harness.h"
#include "tape/catalogue.h"

/* ---- closed forms ---- */

static nsde_dual2 product_of(const nsde_dual2 *x, size_t n)
{
    nsde_dual2 f = nsde_dual2_real(1.0);
    for (size_t i = 0; i < n; i++)
        f = nsde_dual2_mul(f, x[i]);
    return f;
}

START_TEST(first_and_second_derivative_of_a_formula)
{
    const nsde_dual2 x = nsde_dual2_variable(1.5, 0);
    const nsde_dual2 s = nsde_dual2_pow_real(nsde_dual2_sin(x), 3.0),
                     c = nsde_dual2_pow_real(nsde_dual2_cos(x), 3.0);
    const nsde_dual2 f = nsde_dual2_div(nsde_dual2_exp(x), nsde_dual2_sqrt(nsde_dual2_add(s, c)));
    check_relative(nsde_dual2_value(f), 4.497780053946162, 1e-14);
    check_relative(f.value.partial[0], 4.0534278938986207, 1e-14);
    check_relative(f.partial[0].value, 4.0534278938986207, 1e-14);
    check_relative(f.partial[0].partial[0], 9.4630736815966, 1e-13);
    ck_assert(f.partial[1].value == 0.0 && f.partial[1].partial[0] == 0.0);
}
END_TEST

START_TEST(product_in_chunks_of_partials)
{
    enum { N = 10 };
    double x[N], f = 1.0;
    for (int i = 0; i < N; i++)
        f *= x[i] = (i + 1.0) / (i + 2.0);
    check_relative(f, 1.0 / 11.0, 1e-15);
    for (size_t first = 0; first < N; first += NSDE_DUAL_PARTIALS) {
        nsde_dual2 p[N];
        for (size_t i = 0; i < N; i++)
            p[i] = nsde_dual2_variable(x[i], i - first);
        const nsde_dual2 y = product_of(p, N);
        for (size_t k = 0; k < NSDE_DUAL_PARTIALS && first + k < N; k++) {
            check_relative(y.partial[k].value, f / x[first + k], 1e-14);
            for (size_t l = 0; l < NSDE_DUAL_PARTIALS && first + l < N; l++)
                check_absolute(y.partial[k].partial[l], l == k ? 0.0 : f / x[first + k] / x[first + l],
                               1e-14);
        }
    }
}
END_TEST

START_TEST(hessian_of_rosenbrocks_function)
{
    const nsde_dual2 x = nsde_dual2_variable(-1.2, 0), y = nsde_dual2_variable(1.0, 1);
    const nsde_dual2 valley = nsde_dual2_sub(y, nsde_dual2_square(x));
    const nsde_dual2 slope = nsde_dual2_sub(nsde_dual2_real(1.0), x);
    const nsde_dual2 f =
        nsde_dual2_add(nsde_dual2_mul_real(nsde_dual2_square(valley), 100.0), nsde_dual2_square(slope));
    const double gradient[] = {-215.6, -88.0}, hessian[2][2] = {{1330.0, 480.0}, {480.0, 200.0}};
    check_relative(nsde_dual2_value(f), 24.2, 1e-13);
    for (int i = 0; i < 2; i++) {
        check_relative(f.value.partial[i], gradient[i], 1e-13);
        for (int j = 0; j < 2; j++)
            check_relative(f.partial[i].partial[j], hessian[i][j], 1e-13);
    }
}
END_TEST

/* d/dx [x d/dy (x + y)] = 1: the two infinitesimals are not one. */
START_TEST(perturbations_are_not_confused)
{
    nsde_dual2 x = nsde_dual2_real(1.0), y = nsde_dual2_real(1.0);
    x.partial[0] = nsde_dual_real(1.0);   /* outer */
    y.value = nsde_dual_variable(1.0, 0); /* inner */
    const nsde_dual2 sum = nsde_dual2_add(x, y);
    nsde_dual2 inner = nsde_dual2_real(sum.value.partial[0]);     /* d/dy, still a function of x … */
    inner.partial[0] = nsde_dual_real(sum.partial[0].partial[0]); /* … by this much */
    const nsde_dual2 f = nsde_dual2_mul(x, inner);
    ck_assert(f.partial[0].value == 1.0);
}
END_TEST

/* ---- all functions ---- */

typedef struct dual_function {
    const char *name;
    nsde_dual (*one)(const nsde_dual *a);
    nsde_dual2 (*two)(const nsde_dual2 *a);
} dual_function;

#define FUNCTION(name, one_call, two_call)                                                                   \
    static nsde_dual one_##name(const nsde_dual *a)                                                          \
    {                                                                                                        \
        return nsde_dual_##name one_call;                                                                    \
    }                                                                                                        \
    static nsde_dual2 two_##name(const nsde_dual2 *a)                                                        \
    {                                                                                                        \
        return nsde_dual2_##name two_call;                                                                   \
    }
#define ALL(X)                                                                                               \
    X(neg, (a[0]))                                                                                           \
    X(reciprocal, (a[0]))                                                                                    \
    X(square, (a[0]))                                                                                        \
    X(sqrt, (a[0]))                                                                                          \
    X(exp, (a[0]))                                                                                           \
    X(log, (a[0]))                                                                                           \
    X(log1p, (a[0]))                                                                                         \
    X(expm1, (a[0]))                                                                                         \
    X(sin, (a[0]))                                                                                           \
    X(cos, (a[0]))                                                                                           \
    X(atan, (a[0]))                                                                                          \
    X(sinh, (a[0]))                                                                                          \
    X(cosh, (a[0]))                                                                                          \
    X(asinh, (a[0]))                                                                                         \
    X(tanh, (a[0]))                                                                                          \
    X(sigmoid, (a[0]))                                                                                       \
    X(softplus, (a[0]))                                                                                      \
    X(silu, (a[0]))                                                                                          \
    X(abs, (a[0]))                                                                                           \
    X(sign, (a[0]))                                                                                          \
    X(erf, (a[0]))                                                                                           \
    X(normal_cdf, (a[0]))                                                                                    \
    X(add, (a[0], a[1]))                                                                                     \
    X(sub, (a[0], a[1]))                                                                                     \
    X(mul, (a[0], a[1]))                                                                                     \
    X(div, (a[0], a[1]))                                                                                     \
    X(pow, (a[0], a[1]))                                                                                     \
    X(min, (a[0], a[1]))                                                                                     \
    X(max, (a[0], a[1]))                                                                                     \
    X(select, (a[0], a[1], a[2]))                                                                            \
    X(add_real, (a[0], 1.73))                                                                                \
    X(mul_real, (a[0], 2.385))                                                                               \
    X(pow_real, (a[0], 2.385))
#define X(name, call) FUNCTION(name, call, call)
ALL(X)
#undef X
#define X(name, call) {#name, one_##name, two_##name},
static const dual_function functions[] = {ALL(X)};
#undef X

static const dual_function *function_of(const operation *op)
{
    for (size_t i = 0; i < sizeof functions / sizeof *functions; i++)
        if (strcmp(functions[i].name, op->name) == 0)
            return &functions[i];
    ck_abort_msg("nsde/dual.h has no %s", op->name);
    return NULL;
}

/* Both NaN, both the same infinity, or close. */
static void check_same(const char *what, size_t k, double a, double b, double scale)
{
    const bool same = a == b || (isnan(a) && isnan(b)) || fabs(a - b) <= 2e-14 * fmax(scale, fabs(b));
    ck_assert_msg(same, "%s, number %zu: %.17g by nsde/dual.h, %.17g recorded", what, k, a, b);
}

/* Value, first and second derivatives of an operation along 0.7, -1.3, 0.4 (inner) and 1.1, 0.6, -0.9
 * (outer), recorded on a tape. */
static const double inner[] = {0.7, -1.3, 0.4}, outer[] = {1.1, 0.6, -0.9};

static void record(const operation *op, const double *at, double results[4])
{
    nsde_tape *tape;
    nsde_program *program;
    nsde_workspace *workspace;
    nsde_var x[3], seeded[3], y[4];
    check_ok(nsde_tape_create(&tape));
    const nsde_perturbation near = nsde_perturb(tape, 1), far = nsde_perturb(tape, 1);
    for (size_t i = 0; i < op->n_args; i++) {
        x[i] = nsde_input(tape, 1);
        const nsde_var u = nsde_real(tape, inner[i]), v = nsde_real(tape, outer[i]);
        seeded[i] = nsde_seed(far, nsde_seed(near, x[i], &u), &v);
    }
    const nsde_var f = op->record(seeded);
    y[0] = nsde_primal(near, nsde_primal(far, f));
    y[1] = nsde_tangent(near, nsde_primal(far, f), 0);
    y[2] = nsde_primal(near, nsde_tangent(far, f, 0));
    y[3] = nsde_tangent(near, nsde_tangent(far, f, 0), 0);
    check_ok(nsde_program_create(tape, 4, y, &program));
    check_ok(nsde_workspace_create(program, 1, NSDE_FORWARD, &workspace));
    for (size_t i = 0; i < op->n_args; i++)
        for (size_t lane = 0; lane < nsde_workspace_stride(workspace); lane++)
            nsde_workspace_input(workspace, i)[lane] = at[i];
    nsde_workspace_prepare(workspace);
    nsde_forward(workspace, 1);
    for (size_t k = 0; k < 4; k++)
        results[k] = *nsde_workspace_output(workspace, k);
    nsde_workspace_destroy(workspace);
    nsde_program_destroy(program);
    nsde_tape_destroy(tape);
}

static void by_duals(const operation *op, const double *at, double results[4])
{
    nsde_dual2 x[3];
    nsde_dual first[3];
    for (size_t i = 0; i < op->n_args; i++) {
        x[i] = nsde_dual2_real(at[i]);
        x[i].value.partial[0] = inner[i];
        x[i].partial[1] = nsde_dual_real(outer[i]);
        first[i] = x[i].value;
    }
    const nsde_dual2 y = function_of(op)->two(x);
    const nsde_dual z = function_of(op)->one(first);
    check_same(op->name, 9, z.value, y.value.value, 0.0);
    check_same(op->name, 9, z.partial[0], y.value.partial[0], 0.0);
    results[0] = y.value.value;
    results[1] = y.value.partial[0];
    results[2] = y.partial[1].value;
    results[3] = y.partial[1].partial[0];
}

START_TEST(every_function_agrees_with_the_tape)
{
    for (size_t i = 0; i < N_CATALOGUE; i++)
        for (size_t k = 0; k < N_POINTS; k++) {
            double recorded[4], dual[4];
            record(&catalogue[i], catalogue[i].at[k], recorded);
            by_duals(&catalogue[i], catalogue[i].at[k], dual);
            for (size_t j = 0; j < 4; j++)
                check_same(catalogue[i].name, j, dual[j], recorded[j], j == 3 ? fabs(recorded[1]) : 0.0);
        }
}
END_TEST

START_TEST(every_function_agrees_with_differences)
{
    for (size_t i = 0; i < N_CATALOGUE; i++)
        for (size_t k = 0; k < N_POINTS; k++) {
            const operation *op = &catalogue[i];
            nsde_dual x[3];
            for (size_t j = 0; j < op->n_args; j++) {
                x[j] = nsde_dual_real(op->at[k][j]);
                x[j].partial[2] = inner[j];
            }
            const nsde_dual y = function_of(op)->one(x);
            const double slope = (double)difference(op, op->at[k], inner);
            ck_assert_msg(fabs(y.partial[2] - slope) <= 1e-11 * (fabs(slope) + 1e-3 * fabs(y.value)),
                          "%s at point %zu: %.15g, by differences %.15g", op->name, k, y.partial[2], slope);
            ck_assert_msg(fabs(y.partial[2] * 1.0001 - slope) > 1e-11 * fabs(slope) || slope == 0.0,
                          "%s: this test could not fail", op->name);
        }
}
END_TEST

/* ---- edges ---- */

START_TEST(edges_agree_with_the_tape)
{
    const double points[] = {0.0, -0.0, 1.0, 800.0, -800.0, -40.0, 20.0, -38.0, INFINITY, -INFINITY, NAN};
    enum { N = sizeof points / sizeof *points };
    for (size_t i = 0; i < N_CATALOGUE; i++)
        for (size_t k = 0; k < N; k++) {
            const double at[] = {points[k], points[(k * 7 + 2) % N], 0.3};
            double recorded[4], dual[4];
            record(&catalogue[i], at, recorded);
            by_duals(&catalogue[i], at, dual);
            /* Second derivatives at poles, and derivatives of NaN, are a matter of grouping. */
            for (size_t j = 0; j < (isnan(recorded[0]) ? 1 : 3); j++)
                check_same(catalogue[i].name, 100 * k + j, dual[j], recorded[j], 0.0);
        }
}
END_TEST

START_TEST(edges_as_documented)
{
    const nsde_dual zero = nsde_dual_variable(0.0, 0), idle = nsde_dual_real(0.0);
    ck_assert(isinf(nsde_dual_sqrt(zero).partial[0]));
    ck_assert(nsde_dual_sqrt(idle).partial[0] == 0.0);
    ck_assert(nsde_dual_sqrt(zero).partial[1] == 0.0);
    ck_assert(nsde_dual_log(idle).partial[0] == 0.0);
    ck_assert(nsde_dual_abs(zero).partial[0] == 0.0);
    check_relative(nsde_dual_softplus(nsde_dual_real(-40.0)).value, 4.248354255291589e-18, 1e-14);
    check_relative(nsde_dual_tanh(nsde_dual_variable(20.0, 0)).partial[0], 1.699341702116636e-17, 1e-14);
    ck_assert(nsde_dual_softplus(nsde_dual_real(800.0)).value == 800.0);
    const nsde_dual2 x = nsde_dual2_variable(0.0, 0);
    ck_assert(nsde_dual2_pow_real(x, 2.0).partial[0].partial[0] == 2.0);
    ck_assert(nsde_dual2_pow_real(x, 1.0).partial[0].partial[0] == 0.0);
    ck_assert(nsde_dual2_pow(x, nsde_dual2_real(2.0)).partial[0].partial[0] == 2.0);
    const nsde_dual a = nsde_dual_variable(2.0, 0), b = nsde_dual_variable(2.0, 1);
    ck_assert(nsde_dual_min(a, b).partial[0] == 1.0 && nsde_dual_max(a, b).partial[1] == 0.0);
    ck_assert(isnan(nsde_dual_min(nsde_dual_real(NAN), b).value));
    ck_assert(isnan(nsde_dual_max(a, nsde_dual_real(NAN)).value));
    ck_assert(isnan(nsde_dual_select(nsde_dual_real(NAN), a, b).value));
}
END_TEST

START_TEST(comparisons_look_at_values)
{
    const nsde_dual2 a = nsde_dual2_variable(1.2, 0), b = nsde_dual2_variable(1.2, 1),
                     c = nsde_dual2_real(2.0);
    ck_assert(nsde_dual2_equal(a, b) && !nsde_dual2_less(a, b) && nsde_dual2_less_equal(a, b));
    ck_assert(nsde_dual2_less(a, c) && nsde_dual2_greater(c, b) && nsde_dual2_greater_equal(a, b));
    ck_assert(!nsde_dual2_equal(a, nsde_dual2_real(NAN)));
}
END_TEST

/* I_nu' = I_(nu + 1) + nu I_nu / x; by the order against differences. */
START_TEST(bessel_function)
{
    const double points[][2] = {{0.7, 1.3}, {-0.4, 5.0}, {12.0, 40.0}, {300.0, 2000.0}};
    for (size_t i = 0; i < sizeof points / sizeof *points; i++) {
        const double nu = points[i][0], x = points[i][1], h = 1e-5;
        const nsde_dual2 y = nsde_dual2_log_bessel_i(nsde_dual2_variable(nu, 0), nsde_dual2_variable(x, 1));
        const nsde_dual next =
            nsde_dual_log_bessel_i(nsde_dual_variable(nu + 1.0, 0), nsde_dual_variable(x, 1));
        const double rate = exp(next.value - nsde_dual2_value(y));
        check_relative(y.value.partial[1], rate + nu / x, 1e-11);
        /* the derivative of that ratio */
        check_close_floor(y.partial[1].partial[1],
                          rate * (next.partial[1] - y.value.partial[1]) - nu / (x * x), 1e-9, 1e-6);
        check_close_floor(
            y.partial[0].value,
            (nsde_log_bessel_i_derivative(nu + h, x, 0, 0) - nsde_log_bessel_i_derivative(nu - h, x, 0, 0)) /
                (2.0 * h),
            1e-6, 1e-3);
        check_relative(y.partial[0].partial[1], y.partial[1].partial[0], 1e-14);
        ck_assert(y.partial[2].value == 0.0);
    }
    ck_assert(isnan(nsde_log_bessel_i_derivative(1.0, 1.0, 2, 1)));
    ck_assert(isnan(nsde_log_bessel_i_derivative(1.0, -1.0, 0, 0)));
}
END_TEST

void test_cases(TCase *cases)
{
    tcase_add_test(cases, first_and_second_derivative_of_a_formula);
    tcase_add_test(cases, product_in_chunks_of_partials);
    tcase_add_test(cases, hessian_of_rosenbrocks_function);
    tcase_add_test(cases, perturbations_are_not_confused);
    tcase_add_test(cases, every_function_agrees_with_the_tape);
    tcase_add_test(cases, every_function_agrees_with_differences);
    tcase_add_test(cases, edges_agree_with_the_tape);
    tcase_add_test(cases, edges_as_documented);
    tcase_add_test(cases, comparisons_look_at_values);
    tcase_add_test(cases, bessel_function);
}
