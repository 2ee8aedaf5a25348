/* Estimates on quasi-random paths.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "estimate/setup.h"

enum { STEPS = 64, PATHS = 2048, SCRAMBLINGS = 24 };

static setup black_scholes(void)
{
    setup s = create(&(nsde_text_model){.drift = "r*x", .diffusion = "s*x", .parameters = "r=0.05, s=0.2"},
                     "exp(-r)*max(x - 100, 0)");
    s.x0[0] = 100.0;
    s.settings.run.steps = STEPS;
    s.settings.run.paths = PATHS;
    s.settings.scramblings = SCRAMBLINGS;
    return s;
}

/* How many times as many independent paths would be needed. */
static double gain(double plain, double quasi)
{
    return plain * plain / (quasi * quasi * SCRAMBLINGS);
}

START_TEST(errors_are_told_and_small)
{
    setup s = black_scholes();
    nsde_gradient_estimate *plain = run(&s, "forward");
    s.settings.sobol = true;
    s.settings.keep_samples = true;
    nsde_gradient_estimate *e = run(&s, "forward"), *reverse = run(&s, "reverse");
    /* of 64 Euler-Maruyama steps, near the closed form */
    ck_assert_msg(gain(plain->loss_std_error, e->loss_std_error) > 300.0, "price: %g",
                  gain(plain->loss_std_error, e->loss_std_error));
    ck_assert_msg(gain(plain->std_error[2], e->std_error[2]) > 20.0, "delta: %g",
                  gain(plain->std_error[2], e->std_error[2]));
    check_absolute(e->loss, 10.45058357218557, 0.02);
    check_absolute(e->value[2], .6368306511756191, 0.002);
    ck_assert(e->n_samples == SCRAMBLINGS && strstr(e->note, "24 scramblings"));
    double sum = 0.0;
    for (size_t i = 0; i < SCRAMBLINGS; i++)
        sum += e->samples[2 * SCRAMBLINGS + i] / SCRAMBLINGS;
    check_relative(sum, e->value[2], 1e-12);
    ck_assert(e->samples[0] != e->samples[1]);
    check_relative(reverse->value[2], e->value[2], 1e-10);
    check_relative(reverse->std_error[2], e->std_error[2], 1e-8);
    nsde_estimate_destroy(reverse);
    nsde_estimate_destroy(e);
    nsde_estimate_destroy(plain);
    destroy(&s);
}
END_TEST

/* The standard error of few scramblings is what they scatter by: others agree within it. */
START_TEST(scramblings_agree)
{
    setup s = black_scholes();
    s.settings.sobol = true;
    s.settings.run.paths = 256;
    for (size_t m = 0; m < nsde_estimator_count(); m++) {
        const char *name = nsde_estimator_at(m)->name;
        nsde_gradient_estimate *a, *b;
        s.settings.run.seed = 1;
        if (attempt(&s, name, &a))
            continue;
        s.settings.run.seed = 2;
        check_ok(attempt(&s, name, &b));
        for (size_t k = 0; k < a->n; k++)
            ck_assert_msg(fabs(a->value[k] - b->value[k]) < 4.0 * hypot(a->std_error[k], b->std_error[k]) &&
                              a->value[k] != b->value[k],
                          "%s, %zu: %g and %g", name, k, a->value[k], b->value[k]);
        nsde_estimate_destroy(a);
        nsde_estimate_destroy(b);
    }
    destroy(&s);
}
END_TEST

START_TEST(refusals)
{
    setup s = black_scholes();
    nsde_gradient_estimate *e;
    nsde_brownian *grid;
    s.settings.sobol = true;
    s.settings.scramblings = 1;
    check_refused(attempt(&s, "forward", &e), NSDE_INVALID, "not from 2");
    s.settings.scramblings = 0;
    check_ok(nsde_brownian_grid(1, 1, &grid));
    s.settings.run.noise = grid;
    check_refused(attempt(&s, "forward", &e), NSDE_INVALID, "exclude each other");
    s.settings.run.noise = NULL;
    s.settings.run.steps = 5000;
    check_refused(attempt(&s, "forward", &e), NSDE_INVALID, "");
    ck_assert(e == NULL);
    s.settings.run.steps = 2;
    s.settings.run.paths = 16;
    s.settings.run.threads = 1;
    s.settings.scramblings = 2;
    s.settings.keep_samples = true;
    size_t k = 1;
    for (bool failed = true; failed; k++) {
        test_fail_allocation(k);
        const nsde_status status = attempt(&s, "forward", &e);
        failed = test_allocation_failed();
        test_fail_allocation(0);
        ck_assert_msg(failed ? status == NSDE_NO_MEMORY && !e : status == NSDE_OK, "allocation %zu: %s", k,
                      nsde_error_message());
        nsde_estimate_destroy(e);
    }
    nsde_brownian_destroy(grid);
    destroy(&s);
}
END_TEST

void test_cases(TCase *cases)
{
    tcase_add_test(cases, errors_are_told_and_small);
    tcase_add_test(cases, scramblings_agree);
    tcase_add_test(cases, refusals);
}
