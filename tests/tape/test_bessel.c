/* log I_order(x), its derivatives, and the CIR transition density made of it.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <gsl/gsl_errno.h>
#include <gsl/gsl_sf_bessel.h>

#include "core/constants.h"
#include "models/shipped.h"
#include "tape/panel.h"

/* value, by order, by x, and the three second derivatives */
enum { VALUE, BY_NU, BY_X, BY_NU_NU, BY_NU_X, BY_X_X, N_PARTS };

typedef struct bessel {
    panel run;
    double part[N_PARTS];
} bessel;

static void bessel_create(bessel *b)
{
    nsde_tape *tape = new_tape();
    const nsde_var nu = nsde_input(tape, 1), x = nsde_input(tape, 1), one = nsde_real(tape, 1.0);
    const nsde_var nothing = {0}, along_nu[] = {one, nothing}, along_x[] = {nothing, one};
    const nsde_perturbation outer = nsde_perturb(tape, 2), inner = nsde_perturb(tape, 2);
    const nsde_var y = nsde_log_bessel_i(nsde_seed(inner, nsde_seed(outer, nu, along_nu), along_nu),
                                         nsde_seed(inner, nsde_seed(outer, x, along_x), along_x));
    const nsde_var by_nu = nsde_tangent(inner, y, 0), by_x = nsde_tangent(inner, y, 1);
    const nsde_var parts[] = {nsde_primal(outer, nsde_primal(inner, y)),
                              nsde_primal(outer, by_nu),
                              nsde_primal(outer, by_x),
                              nsde_tangent(outer, by_nu, 0),
                              nsde_tangent(outer, by_nu, 1),
                              nsde_tangent(outer, by_x, 1)};
    b->run = panel_create(tape, N_PARTS, parts, 1, NSDE_FORWARD);
    nsde_tape_destroy(tape);
}

static const double *bessel_at(bessel *b, double nu, double x)
{
    panel_fill(&b->run, 0, 0, nu);
    panel_fill(&b->run, 1, 0, x);
    panel_forward(&b->run);
    for (size_t k = 0; k < N_PARTS; k++)
        b->part[k] = panel_output(&b->run, k, 0, 0);
    return b->part;
}

static const double orders[] = {0.0, 0.3, 0.6, 2.385, 17.5, 240.0};
static const double arguments[] = {1e-3, 0.47, 2.385, 31.0, 470.0, 998.0, 1002.0, 2.4e4, 1e6};

START_TEST(values_agree_with_gsl)
{
    bessel b;
    bessel_create(&b);
    gsl_set_error_handler_off(); /* GSL's function underflows for small x and large orders */
    for (size_t i = 0; i < sizeof orders / sizeof *orders; i++)
        for (size_t j = 0; j < sizeof arguments / sizeof *arguments; j++) {
            gsl_sf_result scaled, k;
            const double nu = orders[i], x = arguments[j];
            if (gsl_sf_bessel_Inu_scaled_e(nu, x, &scaled) || !(scaled.val > 1e-280))
                continue;
            check_close_floor(bessel_at(&b, nu, x)[VALUE], log(scaled.val) + x, 1e-13, 10.0);
            if (nu == 0.0 || nu >= 1.0 || x > 30.0 || gsl_sf_bessel_Knu_scaled_e(nu, x, &k))
                continue;
            /* I_-nu = I_nu + (2 / pi) sin(nu pi) K_nu (Abramowitz and Stegun 1964, 9.6.2 and 9.6.6) */
            const double below = scaled.val + (2.0 / NSDE_PI) * sin(nu * NSDE_PI) * k.val * exp(-2.0 * x);
            check_close_floor(bessel_at(&b, -nu, x)[VALUE], log(below) + x, 1e-13, 1.0);
        }
    panel_destroy(&b.run);
}
END_TEST

/* I_{-1/2}(x) = sqrt(2 / (pi x)) cosh x, I_{1/2} with sinh; near order -1 the second term of the series
 * rules. */
START_TEST(closed_forms)
{
    bessel b;
    bessel_create(&b);
    for (size_t j = 0; j < sizeof arguments / sizeof *arguments; j++) {
        const double x = arguments[j], front = 0.5 * log((2.0 / NSDE_PI) / x),
                     tail = log1p(exp(-2.0 * x)) - log(2.0);
        check_close_floor(bessel_at(&b, -0.5, x)[VALUE], front + x + tail, 1e-14, 1.0);
        check_relative(bessel_at(&b, -0.5, x)[BY_X], tanh(x) - 0.5 / x, 2e-12);
        check_close_floor(bessel_at(&b, 0.5, x)[VALUE], front + x + log(-expm1(-2.0 * x)) - log(2.0), 1e-14,
                          1.0);
        check_relative(bessel_at(&b, 0.5, x)[BY_X], 1.0 / tanh(x) - 0.5 / x, 2e-12);
        /* I_{-1} = I_1; at order eps - 1 and small x: (x/2)^(eps-1) / Gamma(eps) + x / 2 */
        check_close_floor(bessel_at(&b, -1.0 + 1e-12, x)[VALUE], bessel_at(&b, 1.0, x)[VALUE], 1e-5, 1.0);
    }
    panel_destroy(&b.run);
}
END_TEST

/* Each derivative against central differences of the one before it, on both sides of where the method
 * changes. */
START_TEST(derivatives_agree_with_differences)
{
    static const int of[][3] = {{BY_NU, VALUE, 0},   {BY_X, VALUE, 1},   {BY_NU_NU, BY_NU, 0},
                                {BY_NU_X, BY_NU, 1}, {BY_NU_X, BY_X, 0}, {BY_X_X, BY_X, 1}};
    const double nus[] = {-0.93, -0.2, 0.6, 17.5, 240.0, 1100.0},
                 weights[] = {0.8, -0.2, 4.0 / 105, -1.0 / 280};
    bessel b;
    bessel_create(&b);
    for (size_t i = 0; i < sizeof nus / sizeof *nus; i++)
        for (size_t j = 1; j < sizeof arguments / sizeof *arguments; j++)
            for (size_t k = 0; k < sizeof of / sizeof *of; k++) {
                const double nu = nus[i], x = arguments[j], h = 0.01 * (of[k][2] == 0 ? nu + 1.0 : x);
                double slope = 0.0, size = 0.0;
                for (int s = 1; s <= 4; s++) {
                    const double by_nu = of[k][2] == 0 ? s * h : 0.0, by_x = of[k][2] == 1 ? s * h : 0.0;
                    const double up = bessel_at(&b, nu + by_nu, x + by_x)[of[k][1]];
                    slope += weights[s - 1] * (up - bessel_at(&b, nu - by_nu, x - by_x)[of[k][1]]) / h;
                    size = fmax(size, fabs(up) / h);
                }
                check_absolute(bessel_at(&b, nu, x)[of[k][0]], slope, 1e-9 * fabs(slope) + 2e-13 * size);
            }
    panel_destroy(&b.run);
}
END_TEST

START_TEST(nonsense_gives_nan_and_ends)
{
    bessel b;
    bessel_create(&b);
    ck_assert(isnan(bessel_at(&b, -1.0, 2.0)[VALUE]) && isnan(bessel_at(&b, 0.5, 0.0)[VALUE]));
    ck_assert(isnan(bessel_at(&b, NAN, 2.0)[VALUE]) && isnan(bessel_at(&b, 0.5, INFINITY)[BY_X]));
    check_relative(bessel_at(&b, 0.5, 1e20)[VALUE], 1e20, 1e-15);
    check_relative(bessel_at(&b, 1e9, 1e9)[BY_X], sqrt(2.0), 1e-8);
    panel_destroy(&b.run);
}
END_TEST

START_TEST(third_derivatives_are_refused)
{
    nsde_tape *tape = new_tape();
    const nsde_var nu = nsde_parameter(tape, 1), x = nsde_input(tape, 1), one = nsde_real(tape, 1.0);
    nsde_perturbation eps[3];
    nsde_var z = x;
    for (int k = 0; k < 3; k++) {
        eps[k] = nsde_perturb(tape, 1);
        z = nsde_seed(eps[k], z, &one);
        if (k != 1)
            continue;
        const nsde_var second = nsde_tangent(eps[0], nsde_tangent(eps[1], nsde_log_bessel_i(nu, z), 0), 0);
        nsde_program *program;
        nsde_workspace *workspace;
        check_ok(nsde_program_create(tape, 1, &second, &program));
        check_refused(nsde_workspace_create(program, 1, NSDE_REVERSE, &workspace), NSDE_UNSUPPORTED, "third");
        nsde_program_destroy(program);
    }
    nsde_log_bessel_i(nu, z);
    check_refused(nsde_tape_status(tape), NSDE_RECORDING, "log_bessel_i: third");
    nsde_tape_destroy(tape);
}
END_TEST

/* kappa 1.2, mu 0.06, sigma 0.3, from 0.04 to 0.05 in one unit of time: the noncentral chi-square density. */
START_TEST(the_cir_score)
{
    nsde_tape *tape = new_tape();
    nsde_transition step = {.from = {.tape = tape, .dim = 1, .noise_dim = 1}};
    step.from.p = nsde_parameter(tape, 3);
    step.from.x = nsde_input(tape, 1);
    step.x_next = nsde_input(tape, 1);
    step.from.t = nsde_real(tape, 0.0);
    step.h = nsde_uniform(tape, 1);
    const nsde_var y = nsde_model_cir.log_density(&step);
    panel p = panel_create(tape, 1, &y, 1, NSDE_REVERSE);
    memcpy(nsde_workspace_parameters(p.workspace), (double[]){1.2, 0.06, 0.3}, 3 * sizeof(double));
    panel_fill(&p, 0, 0, 0.04);
    panel_fill(&p, 1, 0, 0.05);
    *nsde_workspace_uniform(p.workspace, 0) = 1.0;
    panel_gradient(&p);
    check_relative(panel_output(&p, 0, 0, 0), 2.274202653831, 1e-11);
    const double *score = nsde_workspace_parameter_adjoint(p.workspace);
    check_relative(score[0], 0.3935642586468, 1e-8);
    check_relative(score[1], 6.648753949312, 1e-8);
    check_relative(score[2], -3.665404559713, 1e-8);
    panel_destroy(&p);
    nsde_tape_destroy(tape);
}
END_TEST

void test_cases(TCase *cases)
{
    tcase_add_test(cases, values_agree_with_gsl);
    tcase_add_test(cases, closed_forms);
    tcase_add_test(cases, derivatives_agree_with_differences);
    tcase_add_test(cases, nonsense_gives_nan_and_ends);
    tcase_add_test(cases, third_derivatives_are_refused);
    tcase_add_test(cases, the_cir_score);
}
