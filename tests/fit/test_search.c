/* Newton's steps on their own, from starts that are far from the maximum.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "fit/samples.h"
#include "fit/search.h"

static bool gains(void *context, size_t iteration, double log_likelihood)
{
    double *last = context;
    ck_assert_msg(log_likelihood > *last - 1e-9, "step %zu goes from %.9g to %.9g", iteration, *last,
                  log_likelihood);
    *last = log_likelihood;
    return true;
}

START_TEST(every_step_of_newton_gains)
{
    /* log kappa, mu, log sigma */
    static const double starts[][3] = {
        {-3.0, 0.5, -4.0}, {2.0, -0.1, 1.0}, {1.0, 0.9, -3.0}, {0.1, 0.07, -5.0}};
    static const bool is_fixed[3] = {false, false, false};
    static sample s;
    sample_read(&s, "fedfunds_monthly.csv", "percent", 0.01, 1.0 / 12.0);
    nsde_model *model = open_model("ou");
    nsde_likelihood *l = open_likelihood(model, "exact", &s);
    for (size_t i = 0; i < sizeof starts / sizeof *starts; i++) {
        double last = -INFINITY;
        nsde_search search;
        nsde_fit_settings settings = nsde_fit_settings_default();
        settings.progress = gains;
        settings.progress_context = &last;
        check_ok(nsde_search_create(l, model, &settings, is_fixed, (const double[]){1.0, 0.0, 1.0}, &search));
        memcpy(search.at.u, starts[i], sizeof starts[i]);
        ck_assert(nsde_search_evaluate(&search, &search.at, 2));
        last = -search.at.f;
        ck_assert_int_eq(nsde_search_newton(&search), NSDE_FIT_CONVERGED);
        check_relative(-search.at.f, 1483.42121, 1e-8);
        check_relative(exp(search.at.u[0]), 0.219000, 5e-6);
        ck_assert_uint_lt(search.iterations, 60);
        nsde_search_destroy(&search);
    }
    nsde_likelihood_destroy(l);
    nsde_model_destroy(model);
}
END_TEST

void test_cases(TCase *cases)
{
    tcase_add_test(cases, every_step_of_newton_gains);
}
