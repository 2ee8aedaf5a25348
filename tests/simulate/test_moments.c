/* Moments of simulated paths against exact ones, with wrong coefficients that must fail.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "harness.h"
#include "nsde/simulate.h"
#include "problems/problems.h"

static nsde_simulation *run(const char *name, const double *p, double x0,
                            const nsde_simulate_settings *settings)
{
    nsde_model *model;
    nsde_simulation *simulation;
    check_ok(nsde_model_open(name, &model));
    check_ok(nsde_simulate(model, p, &x0, settings, &simulation));
    nsde_model_destroy(model);
    return simulation;
}

/* The largest distance, in standard errors, of mean, variance and autocovariance (between t = 1/2 and 1) of a
 * million paths from those of the exact transition. The variance has the weak error of 128 steps, O(h), left.
 */
static double distance_from_exact(double kappa, double mu, double sigma)
{
    const double exact_kappa = 1.3, exact_mu = 0.4, exact_sigma = 0.6, x0 = 0.9, h = 1.0 / 128.0;
    const double p[] = {kappa, mu, sigma};
    nsde_simulate_settings settings = nsde_simulate_settings_default();
    settings.paths = 1000000;
    settings.steps = 128;
    settings.save_every = 64;
    nsde_simulation *s = run("ou", p, x0, &settings);
    double mean[3], variance[3], error[3], covariance = 0.0, worst = 0.0;
    for (size_t k = 1; k <= 2; k++)
        nsde_simulation_moments(s, k, 0, &mean[k], &variance[k], &error[k]);
    const double n = (double)settings.paths;
    for (size_t i = 0; i < settings.paths; i++)
        covariance +=
            (nsde_simulation_row(s, 1, 0)[i] - mean[1]) * (nsde_simulation_row(s, 2, 0)[i] - mean[2]) / n;
    /* the scheme is an exact transition of slightly other numbers: decay (1 - kappa h)^n */
    const double decay = 1.0 - exact_kappa * h;
    double expected[3];
    for (int k = 1; k <= 2; k++) {
        const double kept = pow(decay, 64 * k);
        expected[k] = exact_sigma * exact_sigma * h * (1.0 - kept * kept) / (1.0 - decay * decay);
        worst = fmax(worst, fabs(mean[k] - (exact_mu + (x0 - exact_mu) * kept)) / error[k]);
        worst = fmax(worst, fabs(variance[k] - expected[k]) / (expected[k] * sqrt(2.0 / n)));
    }
    const double exact = expected[1] * pow(decay, 64);
    const double spread = sqrt((expected[1] * expected[2] + exact * exact) / n);
    nsde_simulation_destroy(s);
    return fmax(worst, fabs(covariance - exact) / spread);
}

START_TEST(ou_has_the_moments_of_its_transition)
{
    ck_assert(distance_from_exact(1.3, 0.4, 0.6) < 4.0);
}
END_TEST

START_TEST(wrong_coefficients_are_seen)
{
    ck_assert(distance_from_exact(1.32, 0.4, 0.6) > 4.0);
    ck_assert(distance_from_exact(1.3, 0.405, 0.6) > 4.0);
    ck_assert(distance_from_exact(1.3, 0.4, 0.603) > 4.0);
}
END_TEST

/* The variance of the continuous process at the times above: the weak error vanishes with h. */
START_TEST(the_bias_of_the_scheme_is_of_first_order)
{
    const double p[] = {1.3, 0.4, 0.6};
    double bias[2];
    for (int level = 0; level < 2; level++) {
        nsde_simulate_settings settings = nsde_simulate_settings_default();
        settings.paths = 1000000;
        settings.steps = level ? 8 : 4;
        nsde_simulation *s = run("ou", p, 0.9, &settings);
        double variance;
        nsde_simulation_moments(s, 1, 0, NULL, &variance, NULL);
        bias[level] = variance - 0.36 * (1.0 - exp(-2.6)) / 2.6;
        nsde_simulation_destroy(s);
    }
    check_absolute(bias[0] / bias[1], 2.0, 0.35);
}
END_TEST

/* The mean of the scheme itself, so that no bias hides in a tolerance: 0.5 (1 + 1.01 / 4)^4. */
START_TEST(euler_maruyama_on_gbm_has_its_discrete_mean)
{
    nsde_simulate_settings settings = nsde_simulate_settings_default();
    settings.paths = 1000000;
    settings.steps = 4;
    nsde_simulation *s = run("gbm", gbm0_parameters, gbm0_x0, &settings);
    double mean, error;
    nsde_simulation_moments(s, 1, 0, &mean, NULL, &error);
    check_absolute(mean, 1.230498086, 5.0 * error);
    ck_assert(fabs(mean - 1.372800508) > 5.0 * error); /* the mean of the continuous process is another */
    nsde_simulation_destroy(s);
}
END_TEST

void test_cases(TCase *cases)
{
    tcase_add_test(cases, ou_has_the_moments_of_its_transition);
    tcase_add_test(cases, wrong_coefficients_are_seen);
    tcase_add_test(cases, the_bias_of_the_scheme_is_of_first_order);
    tcase_add_test(cases, euler_maruyama_on_gbm_has_its_discrete_mean);
}
