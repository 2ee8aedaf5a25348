/* The noncentral chi-square quantile: central laws and those of one degree, whose distribution functions
 * are known, into far tails; and its derivatives.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <gsl/gsl_cdf.h>

#include "harness.h"
#include "nsde/tape.h"

enum { PATHS = 16 };

typedef struct quantile {
    double x, by[3], tangent;
} quantile;

/* The value at one point with its adjoints, and the tangent along (1, 1, 1). */
static quantile at(double z, double degrees, double noncentrality)
{
    nsde_tape *tape;
    nsde_program *program;
    nsde_workspace *w;
    const double point[] = {z, degrees, noncentrality};
    check_ok(nsde_tape_create(&tape));
    const nsde_var args = nsde_input(tape, 3), one = nsde_real(tape, 1.0);
    const nsde_perturbation eps = nsde_perturb(tape, 1);
    const nsde_var dual = nsde_seed(eps, args, &one);
    const nsde_var y = nsde_chi_square_quantile(nsde_row(dual, 0), nsde_row(dual, 1), nsde_row(dual, 2));
    const nsde_var plain = nsde_chi_square_quantile(nsde_row(args, 0), nsde_row(args, 1), nsde_row(args, 2));
    const nsde_var outputs[] = {plain, nsde_hold(nsde_tangent(eps, y, 0))};
    check_ok(nsde_program_create(tape, 2, outputs, &program));
    check_ok(nsde_workspace_create(program, PATHS, NSDE_REVERSE, &w));
    for (size_t r = 0; r < 3; r++)
        for (size_t i = 0; i < PATHS; i++)
            nsde_workspace_input(w, 0)[r * PATHS + i] = point[r];
    nsde_forward(w, PATHS);
    for (size_t i = 0; i < PATHS; i++) {
        nsde_workspace_output_adjoint(w, 0)[i] = 1.0;
        nsde_workspace_output_adjoint(w, 1)[i] = 0.0;
    }
    nsde_reverse(w, PATHS);
    const double *adjoint = nsde_workspace_input_adjoint(w, 0);
    const quantile q = {nsde_workspace_output(w, 0)[0],
                        {adjoint[0], adjoint[PATHS], adjoint[2 * PATHS]},
                        nsde_workspace_output(w, 1)[0]};
    nsde_workspace_destroy(w);
    nsde_program_destroy(program);
    nsde_tape_destroy(tape);
    return q;
}

/* One degree of freedom: (Z + d)^2, so that F(x) = Phi(sqrt x - d) - Phi(-sqrt x - d), each tail as it is. */
START_TEST(one_degree_is_a_square)
{
    for (double d = 0.0; d < 40.0; d = 2.0 * d + 0.3)
        for (double z = -6.0; z < 6.1; z += 1.5) {
            const double x = at(z, 1.0, d * d).x, root = sqrt(x);
            const double below = gsl_cdf_ugaussian_P(root - d) - gsl_cdf_ugaussian_P(-root - d);
            const double above = gsl_cdf_ugaussian_Q(root - d) + gsl_cdf_ugaussian_P(-root - d);
            if (z < 0.0 && root * d > 0.1) /* else the difference has no digits left */
                check_relative(below, gsl_cdf_ugaussian_P(z), 1e-9);
            else if (z >= 0.0)
                check_relative(above, gsl_cdf_ugaussian_Q(z), 1e-10);
        }
}
END_TEST

/* The same where it is nearly (d + z)^2, on both sides of the change to an expansion and far beyond. */
START_TEST(many_degrees_or_much_noncentrality)
{
    const double d[] = {500.0, 1400.0, 1420.0, 4000.0, 1e6};
    for (size_t k = 0; k < 5; k++)
        for (double z = -5.0; z < 5.1; z += 1.25) {
            const quantile q = at(z, 1.0, d[k] * d[k]);
            check_absolute(sqrt(q.x) - d[k], z, 1e-8 + 4e-16 * d[k]);
            check_relative(q.by[0], 2.0 * (d[k] + z), 1e-7);
            check_relative(q.by[2], 1.0 + z / d[k], 1e-7);
        }
    for (double z = -5.0; z < 5.1; z += 1.25) { /* degrees: across the change they rise as before */
        const double rise = at(z, 4.000001e6, 0.0).x - at(z, 3.999999e6, 0.0).x;
        check_relative(rise / 2.0, 1.0 + z / sqrt(8e6), 1e-5);
        check_relative(at(z, 5e6, 7.0).by[1], 1.0 + z / sqrt(1e7), 1e-6);
    }
    ck_assert(isfinite(at(1.3, 2.0, 1e150).x));
}
END_TEST

START_TEST(no_noncentrality_is_the_central_law)
{
    const double degrees[] = {0.02, 0.5, 1.0, 3.2, 17.0, 4000.0};
    for (size_t k = 0; k < 6; k++)
        for (double z = -6.0; z < 6.1; z += 1.5) {
            const double x = at(z, degrees[k], 0.0).x;
            if (x == 0.0)
                ck_assert(degrees[k] < 0.1 && z < 0.0);
            else if (z < 0.0)
                check_relative(gsl_cdf_chisq_P(x, degrees[k]), gsl_cdf_ugaussian_P(z), 1e-10);
            else
                check_relative(gsl_cdf_chisq_Q(x, degrees[k]), gsl_cdf_ugaussian_Q(z), 1e-10);
        }
}
END_TEST

/* Adjoints and tangents against differences of the quantile. */
START_TEST(derivatives)
{
    const double degrees[] = {0.5, 3.2, 40.0}, noncentralities[] = {0.02, 0.9, 30.0, 2000.0};
    for (size_t k = 0; k < 3; k++)
        for (size_t n = 0; n < 4; n++)
            for (double z = -2.5; z < 3.6; z += 1.7) {
                const double point[3] = {z, degrees[k], noncentralities[n]};
                const quantile q = at(point[0], point[1], point[2]);
                for (size_t i = 0; i < 3; i++) {
                    const double steps[] = {-2.0, -1.0, 1.0, 2.0}, weights[] = {1.0, -8.0, 8.0, -1.0};
                    const double h = 2e-3 * fabs(point[i]);
                    double difference = 0.0;
                    for (int j = 0; j < 4; j++) {
                        double moved[3] = {point[0], point[1], point[2]};
                        moved[i] += steps[j] * h;
                        difference += weights[j] * at(moved[0], moved[1], moved[2]).x / (12.0 * h);
                    }
                    check_close_floor(q.by[i], difference, 1e-6, 1e-6 * fmax(1.0, q.x));
                }
                check_relative(q.tangent, q.by[0] + q.by[1] + q.by[2], 1e-12);
            }
}
END_TEST

START_TEST(impossible_arguments_are_nan_and_second_derivatives_refused)
{
    ck_assert(isnan(at(0.3, 0.0, 1.0).x) && isnan(at(0.3, 1.0, -1.0).x) && isnan(at(NAN, 1.0, 1.0).x));
    nsde_tape *tape;
    check_ok(nsde_tape_create(&tape));
    const nsde_var one = nsde_real(tape, 1.0), z = nsde_input(tape, 1);
    const nsde_perturbation outer = nsde_perturb(tape, 1), inner = nsde_perturb(tape, 1);
    nsde_chi_square_quantile(nsde_seed(inner, nsde_seed(outer, z, &one), &one), one, one);
    check_refused(nsde_tape_status(tape), NSDE_RECORDING, "second derivatives");
    nsde_tape_destroy(tape);
    nsde_program *program;
    nsde_workspace *workspace;
    check_ok(nsde_tape_create(&tape));
    const nsde_var degrees = nsde_input(tape, 1), unit = nsde_real(tape, 1.0);
    const nsde_perturbation eps = nsde_perturb(tape, 1);
    const nsde_var dual = nsde_seed(eps, degrees, &unit);
    const nsde_var slope = nsde_tangent(eps, nsde_chi_square_quantile(unit, dual, unit), 0);
    check_ok(nsde_program_create(tape, 1, &slope, &program));
    check_refused(nsde_workspace_create(program, PATHS, NSDE_REVERSE, &workspace), NSDE_UNSUPPORTED,
                  "chi_square_quantile");
    nsde_program_destroy(program);
    nsde_tape_destroy(tape);
}
END_TEST

void test_cases(TCase *cases)
{
    tcase_add_test(cases, one_degree_is_a_square);
    tcase_add_test(cases, no_noncentrality_is_the_central_law);
    tcase_add_test(cases, many_degrees_or_much_noncentrality);
    tcase_add_test(cases, derivatives);
    tcase_add_test(cases, impossible_arguments_are_nan_and_second_derivatives_refused);
}
