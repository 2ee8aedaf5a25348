/* Nested recorded duals and the reverse sweep over them.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "tape/catalogue.h"
#include "tape/panel.h"

static nsde_var derivative(nsde_tape *tape, nsde_var (*f)(nsde_var), nsde_var x, int order)
{
    if (order == 0)
        return f(x);
    const nsde_perturbation eps = nsde_perturb(tape, 1);
    const nsde_var one = nsde_real(tape, 1.0);
    return nsde_tangent(eps, derivative(tape, f, nsde_seed(eps, x, &one), order - 1), 0);
}

static nsde_var cube(nsde_var a)
{
    return nsde_mul(a, nsde_square(a));
}

/* exp(x) / sqrt(sin^3 x + cos^3 x) */
static nsde_var quotient(nsde_var x)
{
    return nsde_div(nsde_exp(x), nsde_sqrt(nsde_add(cube(nsde_sin(x)), cube(nsde_cos(x)))));
}

START_TEST(derivatives_nest_to_the_third)
{
    const double expected[] = {4.497780053946162, 4.0534278938986207, 9.4630736815966, 32.1679045136889};
    nsde_tape *tape = new_tape();
    const nsde_var x = nsde_input(tape, 1);
    nsde_var outputs[4];
    for (int k = 0; k < 4; k++)
        outputs[k] = derivative(tape, quotient, x, k);
    panel p = panel_create(tape, 4, outputs, 1, NSDE_REVERSE);
    panel_fill(&p, 0, 0, 1.5);
    panel_forward(&p);
    for (size_t k = 0; k < 4; k++)
        check_relative(panel_output(&p, k, 0, 0), expected[k], 2e-14);
    for (size_t k = 0; k < 3; k++) { /* a reverse sweep gives one derivative more */
        for (size_t j = 0; j < 3; j++)
            panel_weigh(&p, j, 0, 0, j == k ? 1.0 : 0.0);
        nsde_reverse(p.workspace, 1);
        check_relative(panel_input_adjoint(&p, 0, 0, 0), expected[k + 1], 2e-14);
    }
    panel_destroy(&p);
    nsde_tape_destroy(tape);
}
END_TEST

START_TEST(a_product_of_ten_has_the_known_hessian)
{
    enum { N = 10 };
    nsde_tape *tape = new_tape();
    const nsde_var x = nsde_input(tape, N);
    const nsde_perturbation eps = nsde_perturb(tape, N);
    nsde_var directions[N], y = nsde_real(tape, 1.0), outputs[N + 1];
    for (size_t i = 0; i < N; i++) {
        double unit[N] = {0.0};
        unit[i] = 1.0;
        directions[i] = nsde_constant(tape, N, unit);
    }
    const nsde_var seeded = nsde_seed(eps, x, directions);
    for (size_t i = 0; i < N; i++)
        y = nsde_mul(y, nsde_row(seeded, i));
    outputs[N] = nsde_primal(eps, y);
    for (size_t i = 0; i < N; i++)
        outputs[i] = nsde_tangent(eps, y, i);
    panel p = panel_create(tape, N + 1, outputs, 1, NSDE_REVERSE);
    double at[N];
    for (size_t i = 0; i < N; i++)
        panel_fill(&p, 0, i, at[i] = (double)(i + 1) / (double)(i + 2));
    panel_forward(&p);
    check_relative(panel_output(&p, N, 0, 0), 1.0 / 11.0, 1e-14);
    for (size_t i = 0; i < N; i++) {
        check_relative(panel_output(&p, i, 0, 0), 1.0 / 11.0 / at[i], 1e-14);
        for (size_t j = 0; j < N; j++)
            panel_weigh(&p, j, 0, 0, i == j ? 1.0 : 0.0);
        nsde_reverse(p.workspace, 1);
        for (size_t j = 0; j < N; j++)
            check_absolute(panel_input_adjoint(&p, 0, j, 0), i == j ? 0.0 : 1.0 / 11.0 / at[i] / at[j],
                           1e-14);
    }
    panel_destroy(&p);
    nsde_tape_destroy(tape);
}
END_TEST

/* Rosenbrock's function: its Hessian by duals of duals and by reverse over forward. */
START_TEST(mixed_modes_agree_on_rosenbrock)
{
    nsde_tape *tape = new_tape();
    const nsde_var x = nsde_input(tape, 2), unit[] = {nsde_constant(tape, 2, (double[]){1.0, 0.0}),
                                                      nsde_constant(tape, 2, (double[]){0.0, 1.0})};
    const nsde_perturbation outer = nsde_perturb(tape, 2), inner = nsde_perturb(tape, 2);
    const nsde_var z = nsde_seed(inner, nsde_seed(outer, x, unit), unit), a = nsde_row(z, 0),
                   b = nsde_row(z, 1);
    const nsde_var valley = nsde_square(nsde_sub(b, nsde_square(a)));
    const nsde_var one = nsde_real(tape, 1.0);
    const nsde_var y = nsde_add(nsde_mul_real(valley, 100.0), nsde_square(nsde_sub(one, a)));
    nsde_var outputs[7];
    for (size_t i = 0; i < 2; i++) {
        const nsde_var first = nsde_tangent(inner, y, i);
        outputs[i] = nsde_primal(outer, first);
        for (size_t j = 0; j < 2; j++)
            outputs[2 + 2 * i + j] = nsde_tangent(outer, first, j);
    }
    outputs[6] = nsde_primal(outer, nsde_primal(inner, y));
    panel p = panel_create(tape, 7, outputs, 1, NSDE_REVERSE);
    panel_fill(&p, 0, 0, -1.2);
    panel_fill(&p, 0, 1, 1.0);
    panel_forward(&p);
    const double hessian[] = {1330.0, 480.0, 480.0, 200.0}, gradient[] = {-215.6, -88.0};
    check_relative(panel_output(&p, 6, 0, 0), 24.2, 1e-13);
    for (size_t i = 0; i < 2; i++) {
        check_relative(panel_output(&p, i, 0, 0), gradient[i], 1e-13);
        for (size_t j = 0; j < 2; j++)
            panel_weigh(&p, j, 0, 0, i == j ? 1.0 : 0.0);
        nsde_reverse(p.workspace, 1);
        for (size_t j = 0; j < 2; j++) {
            check_relative(panel_output(&p, 2 + 2 * i + j, 0, 0), hessian[2 * i + j], 1e-13);
            check_relative(panel_input_adjoint(&p, 0, j, 0), hessian[2 * i + j], 1e-13);
        }
    }
    panel_destroy(&p);
    nsde_tape_destroy(tape);
}
END_TEST

/* d/dx [x d/dy (x + y)] is 1; 2 where the two perturbations are confused. */
START_TEST(perturbations_are_not_confused)
{
    nsde_tape *tape = new_tape();
    const nsde_var x = nsde_input(tape, 1), one = nsde_real(tape, 1.0);
    const nsde_perturbation by_x = nsde_perturb(tape, 1), by_y = nsde_perturb(tape, 1);
    const nsde_var moved = nsde_seed(by_x, x, &one);
    const nsde_var inner = nsde_tangent(by_y, nsde_add(moved, nsde_seed(by_y, one, &one)), 0);
    const nsde_var y = nsde_tangent(by_x, nsde_mul(moved, inner), 0);
    panel p = panel_create(tape, 1, &y, 1, NSDE_FORWARD);
    panel_fill(&p, 0, 0, 1.0);
    panel_forward(&p);
    ck_assert(panel_output(&p, 0, 0, 0) == 1.0);
    panel_destroy(&p);
    nsde_tape_destroy(tape);
}
END_TEST

/* First derivative at x0 + shift in long double: the reference of second derivatives. */
static long double slope_at(const operation *op, const double *at, const double *direction,
                            const double *along, double shift)
{
    double moved[3];
    for (size_t i = 0; i < op->n_args; i++)
        moved[i] = at[i] + shift * along[i];
    return difference(op, moved, direction);
}

START_TEST(duals_of_duals_agree_with_differences_and_with_reverse)
{
    const operation *op = &catalogue[_i];
    const double v[] = {0.7, -0.4, 1.1}, w[] = {-0.3, 0.9, 0.6};
    nsde_tape *tape = new_tape();
    nsde_var x[3], args[3];
    const nsde_perturbation outer = nsde_perturb(tape, 1), inner = nsde_perturb(tape, 1);
    for (size_t i = 0; i < op->n_args; i++) {
        const nsde_var along_v = nsde_real(tape, v[i]), along_w = nsde_real(tape, w[i]);
        x[i] = nsde_input(tape, 1);
        args[i] = nsde_seed(inner, nsde_seed(outer, x[i], &along_w), &along_v);
    }
    const nsde_var y = nsde_tangent(inner, op->record(args), 0);
    const nsde_var outputs[] = {nsde_primal(outer, y), nsde_tangent(outer, y, 0)};
    panel p = panel_create(tape, 2, outputs, 1, NSDE_REVERSE);
    for (size_t k = 0; k < N_POINTS; k++) {
        for (size_t i = 0; i < op->n_args; i++)
            panel_fill(&p, i, 0, op->at[k][i]);
        panel_gradient(&p);
        const double h = 0x1p-9 * fmin(1.0, fabs(op->at[k][0]));
        const long double near = slope_at(op, op->at[k], v, w, h) - slope_at(op, op->at[k], v, w, -h),
                          far = slope_at(op, op->at[k], v, w, 2 * h) - slope_at(op, op->at[k], v, w, -2 * h);
        const double expected = (double)((8.0L * near - far) / (12.0L * (long double)h));
        const double found = panel_output(&p, 1, 0, 0),
                     scale = fabs((double)slope_at(op, op->at[k], v, w, 0.0));
        /* what long double leaves of the difference of two differences of values near 1 */
        const double lost = 1e-13;
        check_absolute(found, expected, 1e-7 * fmax(fabs(expected), 1e-3 * scale) + lost);
        double reverse = 0.0;
        for (size_t i = 0; i < op->n_args; i++)
            reverse += w[i] * panel_input_adjoint(&p, i, 0, 0);
        ck_assert_msg(fabs(reverse - found) <= 1e-13 * fmax(fabs(found), scale),
                      "%s: %.17g by duals, %.17g back", op->name, found, reverse);
    }
    panel_destroy(&p);
    nsde_tape_destroy(tape);
}
END_TEST

START_TEST(mistakes_of_perturbations_are_reported)
{
    for (int which = 0; which < 6; which++) {
        const char *parts[] = {"perturb", "seed",        "tangent: partial", "later perturbation",
                               "rows",    "another tape"};
        nsde_tape *tape = new_tape(), *other = new_tape();
        const nsde_var x = nsde_input(tape, 3), one = nsde_real(tape, 1.0), two = nsde_parameter(tape, 2);
        const nsde_perturbation outer = nsde_perturb(tape, 1), inner = nsde_perturb(tape, 1);
        const nsde_var y = nsde_seed(inner, nsde_seed(outer, x, &one), &one);
        if (which == 0)
            nsde_perturb(tape, 0);
        else if (which == 1)
            nsde_seed(outer, y, &one);
        else if (which == 2)
            nsde_tangent(inner, y, 1);
        else if (which == 3)
            nsde_primal(outer, y);
        else if (which == 4)
            nsde_seed(inner, x, &two);
        else
            nsde_tangent(inner, nsde_input(other, 3), 0);
        check_refused(nsde_tape_status(tape), NSDE_RECORDING, parts[which]);
        nsde_tape_destroy(tape);
        nsde_tape_destroy(other);
    }
}
END_TEST

void test_cases(TCase *cases)
{
    tcase_add_test(cases, derivatives_nest_to_the_third);
    tcase_add_test(cases, a_product_of_ten_has_the_known_hessian);
    tcase_add_test(cases, mixed_modes_agree_on_rosenbrock);
    tcase_add_test(cases, perturbations_are_not_confused);
    tcase_add_loop_test(cases, duals_of_duals_agree_with_differences_and_with_reverse, 0, N_CATALOGUE);
    tcase_add_test(cases, mistakes_of_perturbations_are_reported);
}
