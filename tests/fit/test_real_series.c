/* Fits of real series that are known to be right: found with R, confirmed with SciPy; the standard errors of
 * CIR with mpmath, from differences in 50 digits.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "fit/samples.h"

typedef struct known {
    const char *model, *objective;
    double estimates[4], std_errors[4], log_likelihood;
} known;

static const known fedfunds[] = {
    {"ou", "exact", {0.219000, 0.0674803, 0.0230999}, {0.1152, 0.01801, 0.0008122}, 1483.42121},
    {"cir", "exact", {0.164607, 0.0672430, 0.0728479}, {0.100534, 0.0194547, 0.00255722}, 1588.50630},
    {"ckls",
     "euler",
     {0.0119458, -0.181386, 0.122339, 0.699257},
     {0.005356, 0.09905, 0.01416, 0.03929},
     1602.56100},
};

static const known treasury[] = {
    {"ou", "exact", {0.164854, 6.43157, 1.62324}, {0.08063, 1.457, 0.04894}, -364.30890},
    {"cir", "exact", {0.115737, 6.59185, 0.563005}, {0.0675906, 1.93224, 0.0169481}, -241.69789},
    {"ckls",
     "euler",
     {0.53778, -0.0742591, 0.332115, 0.784355},
     {0.2683, 0.06152, 0.02456, 0.0404},
     -215.44011},
};

static nsde_fit *fit_by_default(const char *name, const sample *s)
{
    nsde_model *model = open_model(name);
    nsde_fit *fit;
    check_ok(nsde_fit_run(model, &s->series, NULL, &fit));
    nsde_model_destroy(model);
    return fit;
}

static void check_known(const known *k, const sample *s)
{
    nsde_fit *fit = fit_by_default(k->model, s);
    ck_assert_str_eq(fit->objective, k->objective);
    ck_assert_int_eq(fit->outcome, NSDE_FIT_CONVERGED);
    ck_assert(fit->decrement <= 1e-12);
    for (size_t i = 0; i < fit->n_parameters; i++) {
        check_relative(fit->estimates[i].value, k->estimates[i], 5e-6);
        check_relative(fit->estimates[i].std_error, k->std_errors[i], 5e-4);
    }
    check_absolute(fit->log_likelihood, k->log_likelihood, 1e-5);
    ck_assert_uint_eq(fit->attempts, 1);
    nsde_fit_destroy(fit);
}

START_TEST(federal_funds)
{
    static sample s;
    sample_read(&s, "fedfunds_monthly.csv", "percent", 0.01, 1.0 / 12.0);
    ck_assert_uint_eq(s.series.n, 413);
    for (int i = 0; i < 3; i++)
        check_known(&fedfunds[i], &s);
}
END_TEST

START_TEST(treasury_one_year)
{
    static sample s;
    sample_read(&s, "treasury_monthly.csv", "tcm1y", 1.0, 1.0 / 12.0);
    ck_assert_uint_eq(s.series.n, 558);
    for (int i = 0; i < 3; i++)
        check_known(&treasury[i], &s);
}
END_TEST

START_TEST(stock_indices)
{
    static const char *const indices[] = {"DAX", "SMI", "CAC", "FTSE"};
    static const double volatility[] = {0.166051, 0.149112, 0.177820, 0.128280};
    static sample s;
    for (int i = 0; i < 4; i++) {
        sample_read(&s, "eustockmarkets_daily.csv", indices[i], 1.0, 1.0 / 260.0);
        nsde_fit *fit = fit_by_default("gbm", &s);
        check_relative(fit->estimates[1].value, volatility[i], 5e-6);
        /* the mean of log returns over h = 1/260, plus half the variance, in closed form */
        const double growth = log(s.values[1859] / s.values[0]) / (1859.0 / 260.0);
        const double sigma = fit->estimates[1].value;
        check_relative(fit->estimates[0].value, growth + 0.5 * sigma * sigma, 1e-6);
        check_relative(fit->estimates[1].std_error, sigma / sqrt(2.0 * 1859.0), 1e-4);
        nsde_fit_destroy(fit);
    }
}
END_TEST

/* The federal funds rate has returned to its mean a few times only: the fit must say so. */
START_TEST(weak_reversion_is_reported)
{
    static sample s;
    sample_read(&s, "fedfunds_monthly.csv", "percent", 0.01, 1.0 / 12.0);
    nsde_fit *fit = fit_by_default("ou", &s);
    check_relative(fit->reversion.rate, fit->estimates[0].value, 1e-15);
    check_relative(fit->reversion.std_error, fit->estimates[0].std_error, 1e-6);
    check_relative(fit->reversion.bias, 0.117583, 1e-5); /* (5 + 2 e^.01825 + e^.0365) / (2 * 34.3333) */
    check_relative(fit->reversion.corrected, 0.219000 - 0.117583, 1e-4);
    ck_assert_uint_eq(fit->n_warnings, 1);
    ck_assert_ptr_nonnull(strstr(fit->warnings[0], "expected to be too large by 0.1176"));
    ck_assert_ptr_nonnull(strstr(fit->warnings[0], "leaves 0.1014"));
    nsde_fit_destroy(fit);
}
END_TEST

/* Percent instead of decimals, months instead of years: the same fit in other units. */
START_TEST(units_do_not_matter)
{
    static sample decimals, percent;
    sample_read(&decimals, "fedfunds_monthly.csv", "percent", 0.01, 1.0 / 12.0);
    sample_read(&percent, "fedfunds_monthly.csv", "percent", 1.0, 1.0);
    static const char *const names[] = {"ou", "cir", "ckls"};
    for (int i = 0; i < 3; i++) {
        nsde_fit *a = fit_by_default(names[i], &decimals), *b = fit_by_default(names[i], &percent);
        const nsde_estimate *p = a->estimates, *q = b->estimates;
        const double gamma = i == 0 ? 0.0 : i == 1 ? 0.5 : p[3].value, size = pow(100.0, 1.0 - gamma);
        const double first[] = {1.0 / 12.0, 100.0 / 12.0}, second[] = {100.0, 1.0 / 12.0};
        check_relative(q[0].value, p[0].value * first[i == 2], 1e-5);
        check_relative(q[1].value, p[1].value * second[i == 2], 1e-5);
        check_relative(q[2].value, p[2].value * size / sqrt(12.0), 1e-5);
        check_relative(q[0].std_error, p[0].std_error * first[i == 2], 1e-5);
        check_absolute(b->log_likelihood, a->log_likelihood - 412.0 * log(100.0), 1e-7);
        nsde_fit_destroy(a);
        nsde_fit_destroy(b);
    }
}
END_TEST

/* From a grid of starts (for the dear CIR, some of it), most of them absurd, to the same maximum. */
START_TEST(bad_starts_end_in_the_same_place)
{
    static const double kappa[] = {1e-3, 0.05, 1.0, 50.0}, mu[] = {1e-3, 0.05, 0.9},
                        sigma[] = {1e-3, 0.02, 2.0};
    static sample s;
    sample_read(&s, "fedfunds_monthly.csv", "percent", 0.01, 1.0 / 12.0);
    for (int which = 0; which < 2; which++) {
        nsde_model *model = open_model(fedfunds[which].model);
        for (int i = 0; i < 36; i += which ? 5 : 1) {
            const nsde_assignment start[] = {
                {"kappa", kappa[i % 4]}, {"mu", mu[i / 4 % 3]}, {"sigma", sigma[i / 12]}};
            nsde_fit_settings settings = nsde_fit_settings_default();
            settings.start = start;
            settings.n_start = 3;
            nsde_fit *fit;
            check_ok(nsde_fit_run(model, &s.series, &settings, &fit));
            ck_assert_int_eq(fit->outcome, NSDE_FIT_CONVERGED);
            for (int k = 0; k < 3; k++)
                check_relative(fit->estimates[k].value, fedfunds[which].estimates[k], 5e-6);
            nsde_fit_destroy(fit);
        }
        nsde_model_destroy(model);
    }
}
END_TEST

void test_cases(TCase *cases)
{
    tcase_add_test(cases, federal_funds);
    tcase_add_test(cases, treasury_one_year);
    tcase_add_test(cases, stock_indices);
    tcase_add_test(cases, weak_reversion_is_reported);
    tcase_add_test(cases, units_do_not_matter);
    tcase_add_test(cases, bad_starts_end_in_the_same_place);
}
