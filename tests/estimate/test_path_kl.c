/* Relative entropy of two laws on the space of paths.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "harness.h"
#include "nsde/estimate.h"
#include "nsde/text.h"

static nsde_model *from_text(const char *drift, const char *diffusion, const char *parameters)
{
    nsde_model *model;
    check_ok(nsde_model_from_text(
        &(nsde_text_model){.drift = drift, .diffusion = diffusion, .parameters = parameters}, &model));
    return model;
}

static nsde_gradient_settings settings(double t1, size_t steps, size_t paths)
{
    nsde_gradient_settings s = nsde_gradient_settings_default();
    s.t1 = t1;
    s.steps = steps;
    s.paths = paths;
    return s;
}

static void check_within(double value, double exact, double std_error, double widest)
{
    ck_assert_msg(fabs(value - exact) <= 4.5 * std_error, "%.8g +- %.2g, exactly %.8g", value, std_error,
                  exact);
    ck_assert_msg(std_error <= widest, "standard error %g", std_error);
}

/* E int |u|^2 dt / 2 on a grid of two Ornstein-Uhlenbeck processes, by the moments of Euler-Maruyama. */
static double entropy_of_grid(double kq, double mq, double kp, double mp, double s, double x0, double T,
                              size_t n)
{
    const double h = T / (double)n, a = 1.0 - kq * h;
    double mean = x0, variance = 0.0, sum = 0.0;
    for (size_t k = 0; k < n; k++) {
        const double slope = kp - kq, level = kq * mq - kp * mp, gap = level + slope * mean;
        sum += 0.5 * h * (gap * gap + slope * slope * variance) / (s * s);
        mean = a * mean + kq * mq * h;
        variance = a * a * variance + s * s * h;
    }
    return sum;
}

START_TEST(two_ornstein_uhlenbeck_processes)
{
    nsde_model *ou;
    const double q[] = {2.0, 1.0, 0.7}, p[] = {0.5, 0.0, 0.7}, x0[] = {0.3},
                 exact[] = {1.89040644665, 1.84820168577};
    check_ok(nsde_model_open("ou", &ou));
    const nsde_path_kl_problem problem = {ou, ou, q, p, x0};
    for (size_t i = 0; i < 2; i++) {
        const nsde_gradient_settings s = settings(2.0, 20 << i, 20000);
        nsde_path_kl *kl;
        check_relative(entropy_of_grid(2.0, 1.0, 0.5, 0.0, 0.7, 0.3, 2.0, 20 << i), exact[i], 1e-9);
        check_ok(nsde_path_kl_estimate(&problem, &s, &kl));
        check_within(kl->value, exact[i], kl->std_error, 0.015);
        check_within(kl->log_ratio, exact[i], kl->log_ratio_std_error, 0.02);
        ck_assert(fabs(kl->value - 2.0 * exact[i]) > 20.0 * kl->std_error); /* without the half */
        ck_assert(kl->n == 7);
        const double e = 1e-5;
        const double by_kq = (entropy_of_grid(2.0 + e, 1.0, 0.5, 0.0, 0.7, 0.3, 2.0, 20 << i) -
                              entropy_of_grid(2.0 - e, 1.0, 0.5, 0.0, 0.7, 0.3, 2.0, 20 << i)) /
                             (2.0 * e);
        const double by_kp = (entropy_of_grid(2.0, 1.0, 0.5 + e, 0.0, 0.7, 0.3, 2.0, 20 << i) -
                              entropy_of_grid(2.0, 1.0, 0.5 - e, 0.0, 0.7, 0.3, 2.0, 20 << i)) /
                             (2.0 * e);
        const double by_x0 = (entropy_of_grid(2.0, 1.0, 0.5, 0.0, 0.7, 0.3 + e, 2.0, 20 << i) -
                              entropy_of_grid(2.0, 1.0, 0.5, 0.0, 0.7, 0.3 - e, 2.0, 20 << i)) /
                             (2.0 * e);
        check_within(kl->gradient[0], by_kq, kl->gradient_std_error[0], 0.02);
        check_within(kl->gradient[3], by_kp, kl->gradient_std_error[3], 0.02);
        check_within(kl->gradient[6], by_x0, kl->gradient_std_error[6], 0.02);
        nsde_path_kl_destroy(kl);
    }
    /* continuous time */
    check_relative(entropy_of_grid(2.0, 1.0, 0.5, 0.0, 0.7, 0.3, 2.0, 2000000), 1.8094731562942, 1e-6);
    nsde_model_destroy(ou);
}
END_TEST

START_TEST(constant_shift_of_the_drift)
{
    nsde_model *q = from_text("m - x", "0.5", "m=0.3"), *p = from_text("-x", "s", "s=0.5");
    const double p_q[] = {0.3}, p_p[] = {0.5}, x0[] = {0.4};
    const nsde_gradient_settings s = settings(1.0, 16, 20000);
    nsde_path_kl *kl;
    const nsde_path_kl_problem problem = {q, p, p_q, p_p, x0};
    check_ok(nsde_path_kl_estimate(&problem, &s, &kl));
    check_absolute(kl->value, 0.18, 1e-12); /* u is a number */
    check_absolute(kl->gradient[0], 0.3 / 0.25, 1e-12);
    check_within(kl->log_ratio, 0.18, kl->log_ratio_std_error, 0.005);
    check_relative(kl->log_ratio_variance, 0.36, 0.05);
    check_within(kl->inverse_ratio, 1.0, kl->inverse_ratio_std_error, 0.006);
    nsde_path_kl_destroy(kl);
    nsde_model_destroy(q);
    nsde_model_destroy(p);
}
END_TEST

START_TEST(an_equation_and_itself)
{
    nsde_model *model = from_text("sin(k*x1) + x2; -x1^3", "0.4, 0.1*x1, 0.3; 0.2, 0.5, 0", "k=1.3");
    const double parameters[] = {1.3}, x0[] = {0.4, -0.2};
    const nsde_gradient_settings s = settings(1.0, 10, 100);
    nsde_path_kl *kl;
    check_ok(
        nsde_path_kl_estimate(&(nsde_path_kl_problem){model, model, parameters, parameters, x0}, &s, &kl));
    ck_assert(kl->value == 0.0 && kl->log_ratio == 0.0 && kl->log_ratio_variance == 0.0 &&
              kl->inverse_ratio == 1.0);
    nsde_path_kl_destroy(kl);
    nsde_model_destroy(model);
}
END_TEST

/* Correlated noise, constant: u = g^T (g g^T)^-1 (f_q - f_p) gives |u|^2 = b^T A^-1 b. */
START_TEST(a_full_diffusion)
{
    nsde_model *q = from_text("a; b", "0.5, 0, 0.1; 0.2, 0.4, 0", "a=0.3, b=-0.1");
    nsde_model *p = from_text("0*x1; 0*x2", "0.5, 0, 0.1; 0.2, 0.4, 0", "");
    const double p_q[] = {0.3, -0.1}, x0[] = {0.0, 1.0}, a11 = 0.26, a12 = 0.1, a22 = 0.2;
    const double det = a11 * a22 - a12 * a12;
    const nsde_gradient_settings s = settings(2.0, 8, 4000);
    nsde_path_kl *kl;
    check_ok(nsde_path_kl_estimate(&(nsde_path_kl_problem){q, p, p_q, NULL, x0}, &s, &kl));
    check_relative(kl->value, (a22 * 0.09 + 2.0 * a12 * 0.03 + a11 * 0.01) / det, 1e-12);
    check_relative(kl->gradient[0], 2.0 * (a22 * 0.3 + a12 * 0.1) / det, 1e-12);
    check_relative(kl->log_ratio_variance, 2.0 * kl->value, 0.1);
    nsde_path_kl_destroy(kl);
    nsde_model_destroy(q);
    nsde_model_destroy(p);
}
END_TEST

START_TEST(refusals)
{
    nsde_model *ou, *gbm, *heston;
    check_ok(nsde_model_open("ou", &ou));
    check_ok(nsde_model_open("gbm", &gbm));
    check_ok(nsde_model_open("langevin", &heston));
    const double one[] = {1.0, 1.0, 0.5}, two[] = {1.0, 1.0, 0.6}, growth[] = {0.1, 0.5}, x0[] = {1.0, 1.0};
    nsde_gradient_settings s = settings(1.0, 4, 10);
    nsde_path_kl *kl;
    check_refused(nsde_path_kl_estimate(&(nsde_path_kl_problem){ou, ou, one, two, x0}, &s, &kl), NSDE_INVALID,
                  "share the diffusion");
    ck_assert(kl == NULL);
    check_refused(nsde_path_kl_estimate(&(nsde_path_kl_problem){ou, gbm, one, growth, x0}, &s, &kl),
                  NSDE_INVALID, "share the diffusion"); /* the same at x0 alone */
    check_refused(nsde_path_kl_estimate(&(nsde_path_kl_problem){ou, heston, one, two, x0}, &s, &kl),
                  NSDE_INVALID, "differ in their states");
    check_refused(nsde_path_kl_estimate(&(nsde_path_kl_problem){heston, heston, one, one, x0}, &s, &kl),
                  NSDE_UNSUPPORTED, "as many noises as states");
    check_ok(nsde_integrator_find("milstein", &s.integrator));
    check_refused(nsde_path_kl_estimate(&(nsde_path_kl_problem){ou, ou, one, one, x0}, &s, &kl),
                  NSDE_UNSUPPORTED, "milstein");
    nsde_model_destroy(ou);
    nsde_model_destroy(gbm);
    nsde_model_destroy(heston);
}
END_TEST

START_TEST(memory_that_is_short_is_reported)
{
    nsde_model *ou;
    const double q[] = {2.0, 1.0, 0.7}, p[] = {0.5, 0.0, 0.7}, x0[] = {0.3};
    check_ok(nsde_model_open("ou", &ou));
    nsde_gradient_settings s = settings(1.0, 2, 20);
    s.threads = 1;
    size_t k = 1;
    for (bool failed = true; failed; k++) {
        nsde_path_kl *kl;
        test_fail_allocation(k);
        const nsde_status status = nsde_path_kl_estimate(&(nsde_path_kl_problem){ou, ou, q, p, x0}, &s, &kl);
        failed = test_allocation_failed();
        test_fail_allocation(0);
        ck_assert_msg(failed ? status == NSDE_NO_MEMORY && !kl : status == NSDE_OK, "allocation %zu: %s", k,
                      nsde_error_message());
        nsde_path_kl_destroy(kl);
    }
    ck_assert(k > 40);
    nsde_model_destroy(ou);
}
END_TEST

void test_cases(TCase *cases)
{
    tcase_add_test(cases, two_ornstein_uhlenbeck_processes);
    tcase_add_test(cases, constant_shift_of_the_drift);
    tcase_add_test(cases, an_equation_and_itself);
    tcase_add_test(cases, a_full_diffusion);
    tcase_add_test(cases, refusals);
    tcase_add_test(cases, memory_that_is_short_is_reported);
}
