/* Operations at the edges of their domains: zeros, ties, infinities, NaN, arguments far out.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <float.h>

#include "tape/catalogue.h"
#include "tape/panel.h"

/* Value, tangent and adjoint of an operation at one point. */
typedef struct result {
    double value, tangent, adjoint[2];
} result;

static result evaluate(nsde_var (*record)(const nsde_var *), size_t n_args, const double *at,
                       const double *direction)
{
    nsde_tape *tape = new_tape();
    nsde_var args[6], seeded[3];
    for (size_t i = 0; i < 2 * n_args; i++)
        args[i] = nsde_input(tape, 1);
    const nsde_perturbation eps = nsde_perturb(tape, 1);
    for (size_t i = 0; i < n_args; i++)
        seeded[i] = direction[i] == 0.0 ? args[i] : nsde_seed(eps, args[i], &args[n_args + i]);
    const nsde_var y = record(seeded), outputs[] = {nsde_primal(eps, y), nsde_tangent(eps, y, 0)};
    panel p = panel_create(tape, 2, outputs, 1, NSDE_REVERSE);
    for (size_t i = 0; i < n_args; i++) {
        panel_fill(&p, i, 0, at[i]);
        panel_fill(&p, n_args + i, 0, direction[i]);
    }
    panel_gradient(&p);
    result r = {panel_output(&p, 0, 0, 0), panel_output(&p, 1, 0, 0), {0}};
    for (size_t i = 0; i < n_args && i < 2; i++)
        r.adjoint[i] = panel_input_adjoint(&p, i, 0, 0);
    panel_destroy(&p);
    nsde_tape_destroy(tape);
    return r;
}

static result at_point(nsde_var (*record)(const nsde_var *), double a)
{
    return evaluate(record, 1, &a, (double[]){1.0});
}

static result at_pair(nsde_var (*record)(const nsde_var *), double a, double b)
{
    return evaluate(record, 2, (double[]){a, b}, (double[]){1.0, 1.0});
}

START_TEST(far_out_nothing_cancels_or_overflows)
{
    check_relative(at_point(record_softplus, -40.0).value, 4.248354255291589e-18, 1e-14);
    check_relative(at_point(record_softplus, 800.0).value, 800.0, 0.0);
    check_relative(at_point(record_softplus, 800.0).tangent, 1.0, 0.0);
    check_relative(at_point(record_softplus, -800.0).value, 0.0, 0.0);
    check_relative(at_point(record_tanh, 20.0).tangent, 1.699341702116636e-17, 1e-14);
    check_relative(at_point(record_tanh, 20.0).adjoint[0], 1.699341702116636e-17, 1e-14);
    check_relative(at_point(record_tanh, -20.0).adjoint[0], 1.699341702116636e-17, 1e-14);
    check_relative(at_point(record_sigmoid, 40.0).adjoint[0], 4.248354255291589e-18, 1e-14);
    check_relative(at_point(record_sigmoid, -740.0).value, exp(-740.0), 1e-2); /* a subnormal number */
    check_relative(at_point(record_silu, -740.0).value, -740.0 * exp(-740.0), 1e-2);
    check_relative(at_point(record_normal_cdf, -36.4).value, 2.1284975164260573e-290, 2e-15);
    check_relative(at_point(record_normal_cdf, -8.0).value, 6.220960574271784e-16, 2e-15);
    ck_assert(at_point(record_exp, 800.0).value == INFINITY && at_point(record_exp, -800.0).value == 0.0);
    ck_assert(at_point(record_expm1, -800.0).value == -1.0);
    check_relative(at_point(record_expm1, -40.0).tangent, 4.248354255291589e-18, 1e-14);
    check_relative(at_point(record_expm1, -40.0).adjoint[0], 4.248354255291589e-18, 1e-14);
    check_relative(at_point(record_expm1, 1e-18).value, 1e-18, 0.0);
    check_relative(at_point(record_log1p, -1e-18).value, -1e-18, 0.0);
    ck_assert(at_point(record_log, 0.0).value == -INFINITY && isnan(at_point(record_log, -1.0).value));
    ck_assert(at_point(record_tanh, 1e300).value == 1.0 && at_point(record_tanh, -1e300).value == -1.0);
    ck_assert(at_point(record_tanh, 400.0).tangent == 0.0 && at_point(record_tanh, 400.0).adjoint[0] == 0.0);
    ck_assert(at_point(record_erf, 30.0).value == 1.0 && at_point(record_erf, -30.0).value == -1.0);
    ck_assert(at_point(record_erf, 30.0).tangent == 0.0);
}
END_TEST

START_TEST(kinks_have_the_documented_derivatives)
{
    const result square = at_point(record_square, 0.0), size = at_point(record_abs, 0.0);
    ck_assert(square.value == 0.0 && square.tangent == 0.0 && square.adjoint[0] == 0.0);
    ck_assert(size.value == 0.0 && size.tangent == 0.0 && size.adjoint[0] == 0.0);
    const result sign = at_point(record_sign, 0.0);
    ck_assert(sign.value == 0.0 && sign.tangent == 0.0 && sign.adjoint[0] == 0.0);
    const result least = at_pair(record_min, 2.385, 2.385), most = at_pair(record_max, -0.0, 0.0);
    ck_assert(least.value == 2.385 && least.adjoint[0] == 1.0 && least.adjoint[1] == 0.0 &&
              least.tangent == 1.0);
    ck_assert(most.value == 0.0 && most.adjoint[0] == 1.0 && most.adjoint[1] == 0.0 && most.tangent == 1.0);
    const result chosen = evaluate(record_select, 3, (double[]){0.0, 3.0, 5.0}, (double[]){1.0, 2.0, 7.0});
    ck_assert(chosen.value == 3.0 && chosen.tangent == 2.0 && chosen.adjoint[0] == 0.0 &&
              chosen.adjoint[1] == 1.0);
}
END_TEST

START_TEST(a_zero_tangent_wins_over_an_infinite_slope)
{
    const result moved = at_point(record_sqrt, 0.0);
    ck_assert(moved.value == 0.0 && moved.tangent == INFINITY && moved.adjoint[0] == INFINITY);
    nsde_tape *tape = new_tape();
    const nsde_var x = nsde_input(tape, 1), v = nsde_input(tape, 1), w = nsde_input(tape, 1);
    const nsde_perturbation outer = nsde_perturb(tape, 1), inner = nsde_perturb(tape, 1);
    const nsde_var y = nsde_sqrt(nsde_seed(inner, nsde_seed(outer, x, &w), &v));
    const nsde_var first = nsde_tangent(inner, y, 0),
                   outputs[] = {nsde_tangent(outer, first, 0), nsde_primal(outer, first)};
    panel p = panel_create(tape, 2, outputs, 1, NSDE_REVERSE);
    panel_gradient(&p); /* x = v = w = 0 */
    ck_assert(panel_output(&p, 0, 0, 0) == 0.0 && panel_output(&p, 1, 0, 0) == 0.0);
    for (size_t k = 0; k < 3; k++)
        ck_assert_msg(panel_input_adjoint(&p, k, 0, 0) == 0.0, "input %zu: %g", k,
                      panel_input_adjoint(&p, k, 0, 0));
    panel_destroy(&p);
    nsde_tape_destroy(tape);
}
END_TEST

/* Where a square root has been switched off, g dg/dx and its gradient are 0, not NaN. */
START_TEST(a_truncated_root_leaves_no_nan_in_the_gradient)
{
    nsde_tape *tape = new_tape();
    const nsde_var x = nsde_input(tape, 1), s = nsde_parameter(tape, 1);
    const nsde_perturbation eps = nsde_perturb(tape, 1);
    const nsde_var zero = nsde_real(tape, 0.0), g = nsde_mul(s, nsde_sqrt(nsde_max(x, zero)));
    const nsde_var along = nsde_mul(s, nsde_sqrt(nsde_max(nsde_seed(eps, x, &g), zero)));
    const nsde_var product = nsde_tangent(eps, along, 0);
    panel p = panel_create(tape, 1, &product, 1, NSDE_REVERSE);
    const double points[] = {-0.4, 0.0, 0.7};
    for (size_t i = 0; i < 3; i++) {
        panel_fill(&p, 0, 0, points[i]);
        *nsde_workspace_parameters(p.workspace) = 0.3;
        panel_gradient(&p);
        check_absolute(panel_output(&p, 0, 0, 0), points[i] > 0.0 ? 0.045 : 0.0, 1e-16);
        check_absolute(panel_input_adjoint(&p, 0, 0, 0), 0.0, 1e-15);
        check_absolute(*nsde_workspace_parameter_adjoint(p.workspace), points[i] > 0.0 ? 0.3 : 0.0, 1e-15);
    }
    panel_destroy(&p);
    nsde_tape_destroy(tape);
}
END_TEST

START_TEST(powers_of_zero)
{
    const result r = at_pair(record_pow, 0.0, 2.385);
    ck_assert(r.value == 0.0 && r.tangent == 0.0 && r.adjoint[0] == 0.0 && r.adjoint[1] == 0.0);
    const result constant = evaluate(record_pow, 2, (double[]){0.0, 0.0}, (double[]){1.0, 0.0});
    ck_assert(constant.value == 1.0 && constant.tangent == 0.0 && constant.adjoint[0] == 0.0);
    const result linear = evaluate(record_pow, 2, (double[]){0.0, 1.0}, (double[]){1.0, 0.0});
    ck_assert(linear.value == 0.0 && linear.tangent == 1.0 && linear.adjoint[0] == 1.0);
    const result cube = evaluate(record_pow, 2, (double[]){-2.0, 3.0}, (double[]){1.0, 0.0});
    ck_assert(cube.value == -8.0 && cube.tangent == 12.0 && cube.adjoint[0] == 12.0);
    ck_assert(at_point(record_pow_real, 0.0).value == 0.0 && at_point(record_pow_real, 0.0).tangent == 0.0);
    ck_assert(isnan(evaluate(record_pow, 2, (double[]){-2.0, 0.5}, (double[]){1.0, 0.0}).value));
}
END_TEST

START_TEST(nan_propagates)
{
    const operation *op = &catalogue[_i];
    for (size_t which = 0; which < op->n_args; which++) {
        double at[3], ones[] = {1.0, 1.0, 1.0};
        for (size_t i = 0; i < op->n_args; i++)
            at[i] = i == which ? NAN : op->at[2][i];
        const bool chosen = strcmp(op->name, "select") != 0 || which < 2; /* the last is not taken */
        ck_assert_msg(isnan(evaluate(op->record, op->n_args, at, ones).value) == chosen, "%s, operand %zu",
                      op->name, which);
    }
}
END_TEST

/* Infinite, zero and subnormal arguments give what libm gives. */
START_TEST(special_values_are_those_of_libm)
{
    const operation *op = &catalogue[_i];
    const double points[] = {0.0,      -0.0,    INFINITY,     -INFINITY, DBL_MAX,
                             -DBL_MAX, DBL_MIN, DBL_TRUE_MIN, 1e-300,    745.0};
    for (size_t k = 0; k < sizeof points / sizeof *points && op->n_args == 1; k++) {
        const long double wide = points[k];
        const double expected = (double)op->value(&wide), found = at_point(op->record, points[k]).value;
        if (strcmp(op->name, "silu") == 0 && points[k] == -INFINITY)
            continue; /* -Inf times 0: NaN by every formula, though the limit is 0 */
        ck_assert_msg(isnan(expected) ? isnan(found)
                                      : found == expected || fabs(found - expected) <= 1e-15 * fabs(expected),
                      "%s(%g) = %.17g, expected %.17g", op->name, points[k], found, expected);
    }
}
END_TEST

/* Vector functions over 25 orders of magnitude on either side of 0, a whole panel at a time. */
START_TEST(values_are_accurate_everywhere)
{
    enum { POINTS = 4000 };
    const operation *op = &catalogue[_i];
    if (op->n_args > 1)
        return;
    nsde_tape *tape = new_tape();
    const nsde_var x = nsde_input(tape, 1), y = op->record(&x);
    panel p = panel_create(tape, 1, &y, POINTS, NSDE_FORWARD);
    for (size_t i = 0; i < POINTS; i++) {
        const double size = exp(-52.0 + 57.0 * (double)(i / 2) / (POINTS / 2)); /* up to 148 */
        nsde_workspace_input(p.workspace, 0)[i] = i % 2 ? -size : size;
    }
    panel_forward(&p);
    for (size_t i = 0; i < POINTS; i++) {
        const double a = nsde_workspace_input(p.workspace, 0)[i], found = panel_output(&p, 0, 0, i);
        const long double wide = a, expected = op->value(&wide);
        ck_assert_msg(isnan(expected)
                          ? isnan(found)
                          : fabsl(found - expected) <= 6.0L * DBL_EPSILON * fabsl(expected) + DBL_MIN,
                      "%s(%.17g) = %.17g, expected %.17Lg", op->name, a, found, expected);
    }
    panel_destroy(&p);
    nsde_tape_destroy(tape);
}
END_TEST

void test_cases(TCase *cases)
{
    tcase_add_test(cases, far_out_nothing_cancels_or_overflows);
    tcase_add_test(cases, kinks_have_the_documented_derivatives);
    tcase_add_test(cases, a_zero_tangent_wins_over_an_infinite_slope);
    tcase_add_test(cases, a_truncated_root_leaves_no_nan_in_the_gradient);
    tcase_add_test(cases, powers_of_zero);
    tcase_add_loop_test(cases, nan_propagates, 0, N_CATALOGUE);
    tcase_add_loop_test(cases, values_are_accurate_everywhere, 0, N_CATALOGUE);
    tcase_add_loop_test(cases, special_values_are_those_of_libm, 0, N_CATALOGUE);
}
