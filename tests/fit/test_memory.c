/* Nothing is allocated while a likelihood is evaluated, and every allocation of a fit may fail.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "fit/samples.h"

START_TEST(evaluation_allocates_nothing)
{
    static sample s;
    sample_read(&s, "fedfunds_monthly.csv", "percent", 0.01, 1.0 / 12.0);
    nsde_model *model = open_model("cir");
    nsde_likelihood *l = open_likelihood(model, "exact", &s);
    const double p[] = {0.2, 0.07, 0.071};
    double value, gradient[3], hessian[9], terms[412];
    nsde_status status[4]; /* looked at afterwards, for a check allocates */
    const size_t before = test_allocations();
    status[0] = nsde_likelihood_evaluate(l, p, &value, NULL, NULL);
    status[1] = nsde_likelihood_evaluate(l, p, &value, gradient, NULL);
    status[2] = nsde_likelihood_evaluate(l, p, &value, gradient, hessian);
    status[3] = nsde_likelihood_densities(l, p, terms);
    const size_t after = test_allocations();
    ck_assert_uint_eq(after, before);
    for (int i = 0; i < 4; i++)
        check_ok(status[i]);
    nsde_likelihood_destroy(l);
    nsde_model_destroy(model);
    ck_assert_uint_gt(before, 0);
}
END_TEST

/* The k-th allocation fails, for every k: the call says so and leaves nothing behind. */
START_TEST(every_allocation_may_fail)
{
    static sample s;
    sample_eleven(&s);
    nsde_model *model = open_model("ou");
    nsde_fit_settings settings = nsde_fit_settings_default();
    settings.likelihood.initial = NSDE_INITIAL_STATIONARY;
    nsde_fit *fit;
    size_t failed = 0;
    for (size_t k = 1;; k++) {
        test_fail_allocation(k);
        const nsde_status status = nsde_fit_run(model, &s.series, &settings, &fit);
        if (!test_allocation_failed()) {
            test_fail_allocation(0);
            check_ok(status);
            nsde_fit_destroy(fit);
            break;
        }
        ck_assert_int_eq(status, NSDE_NO_MEMORY);
        ck_assert_ptr_null(fit);
        failed++;
    }
    ck_assert_uint_gt(failed, 20);
    nsde_model_destroy(model);
}
END_TEST

void test_cases(TCase *cases)
{
    tcase_add_test(cases, evaluation_allocates_nothing);
    tcase_add_test(cases, every_allocation_may_fail);
}
