/* Fits of small and simulated series: estimates, standard errors, intervals, outcomes, refusals.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "fit/samples.h"

#include <gsl/gsl_randist.h>

static nsde_fit *fit_with(const char *name, const char *objective, const sample *s,
                          nsde_fit_settings settings)
{
    nsde_model *model = open_model(name);
    nsde_fit *fit;
    if (objective)
        check_ok(nsde_objective_find(objective, &settings.objective));
    check_ok(nsde_fit_run(model, &s->series, &settings, &fit));
    nsde_model_destroy(model);
    return fit;
}

static nsde_fit *fit_plainly(const char *name, const char *objective, const sample *s)
{
    return fit_with(name, objective, s, nsde_fit_settings_default());
}

/* An exact path of OU from its stationary law. */
static void simulate_ou(gsl_rng *rng, size_t n, double dt, double kappa, double mu, double sigma, sample *s)
{
    const double decay = exp(-kappa * dt), stationary = sigma / sqrt(2.0 * kappa);
    double x = mu + gsl_ran_gaussian_ziggurat(rng, stationary);
    for (size_t i = 0; i < n; i++) {
        s->values[i] = x;
        x = mu + (x - mu) * decay + gsl_ran_gaussian_ziggurat(rng, stationary * sqrt(1.0 - decay * decay));
    }
    sample_finish(s, n, dt, "x", "");
}

START_TEST(eleven_values)
{
    static sample s;
    static const double estimates[] = {0.976710253541, 0.1239411278879, 0.4603537595931};
    static const double std_errors[] = {0.8085347765, 0.2130238123, 0.1292372771};
    sample_eleven(&s);
    nsde_fit *fit = fit_plainly("ou", "exact", &s);
    ck_assert_int_eq(fit->outcome, NSDE_FIT_CONVERGED);
    for (int i = 0; i < 3; i++) {
        check_absolute(fit->estimates[i].value, estimates[i], 1e-6);
        check_absolute(fit->estimates[i].std_error, std_errors[i], 1e-6);
        check_absolute(fit->covariance[4 * i], std_errors[i] * std_errors[i], 1e-6);
        check_absolute(fit->gradient[i], 0.0, 1e-5);
    }
    check_absolute(fit->log_likelihood, -0.7214592099546, 1e-11);
    check_absolute(fit->aic, 6.0 + 2.0 * 0.7214592099546, 1e-10);
    check_absolute(fit->bic, 3.0 * log(10.0) + 2.0 * 0.7214592099546, 1e-10);
    /* mu has no bounds; kappa - 1.96 std. errors would be negative, so its interval is that of log kappa */
    check_absolute(fit->estimates[1].upper, 0.1239411278879 + 1.959963984540 * 0.2130238123, 1e-6);
    const double ratio = exp(1.959963984540 * 0.8085347765 / 0.976710253541);
    check_relative(fit->estimates[0].upper, 0.976710253541 * ratio, 1e-5);
    check_relative(fit->estimates[0].lower, 0.976710253541 / ratio, 1e-5);
    nsde_fit_destroy(fit);
    fit = fit_plainly("ou", "euler", &s);
    check_absolute(fit->estimates[0].value, 0.7727301677, 1e-6);
    check_absolute(fit->estimates[2].value, 0.3677988763, 1e-6);
    nsde_fit_destroy(fit);
}
END_TEST

/* 300 exact paths of OU(1, .5, .5), 2000 steps of .1: the spread of the estimates is that of Fisher's
 * information, the intervals cover, the bias of kappa is that of Tang and Chen (2009), and Euler's estimates
 * are those of its own limit: kappa_E = (1 - exp(-kappa h)) / h at every sample. */
START_TEST(sampling_distribution)
{
    enum { REPEATS = 300 };
    static const double truth[] = {1.0, 0.5, 0.5}, spread[] = {0.1052147, 0.0353701, 0.0083045};
    static sample s;
    double sum[3] = {0.0}, squares[3] = {0.0}, product = 0.0, sigma_euler = 0.0;
    int covered[3] = {0};
    gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
    gsl_rng_set(rng, 20240);
    for (int r = 0; r < REPEATS; r++) {
        simulate_ou(rng, 2001, 0.1, truth[0], truth[1], truth[2], &s);
        nsde_fit *fit = fit_plainly("ou", "exact", &s), *euler = fit_plainly("ou", "euler", &s);
        double off[3];
        for (int i = 0; i < 3; i++) {
            const nsde_estimate *e = &fit->estimates[i];
            off[i] = e->value - truth[i];
            sum[i] += off[i];
            squares[i] += off[i] * off[i];
            covered[i] += e->lower < truth[i] && truth[i] < e->upper;
        }
        product += off[0] * off[2];
        check_relative(euler->estimates[0].value, (1.0 - exp(-0.1 * fit->estimates[0].value)) / 0.1, 1e-5);
        sigma_euler += euler->estimates[2].value / REPEATS;
        nsde_fit_destroy(fit);
        nsde_fit_destroy(euler);
    }
    gsl_rng_free(rng);
    const double root = sqrt((double)REPEATS), theory = (5.0 + 2.0 * exp(0.1) + exp(0.2)) / 400.0;
    for (int i = 0; i < 3; i++) {
        const double mean = sum[i] / REPEATS, variance = squares[i] / REPEATS - mean * mean;
        check_relative(sqrt(variance), spread[i], 4.0 / sqrt(2.0 * REPEATS));
        check_absolute(mean, i ? 0.0 : theory, 4.0 * spread[i] / root);
        check_absolute((double)covered[i] / REPEATS, 0.95, 4.0 * sqrt(0.95 * 0.05) / root);
    }
    const double cov = product / REPEATS - sum[0] * sum[2] / REPEATS / REPEATS;
    const double cov_error = sqrt(spread[0] * spread[0] * spread[2] * spread[2] + cov * cov) / root;
    check_absolute(cov, 0.5350690 / 2000.0, 4.0 * cov_error);
    check_absolute(sigma_euler, 0.4760111, 4.0 * spread[2] / root);
}
END_TEST

START_TEST(a_parameter_can_be_fixed)
{
    static sample s;
    sample_eleven(&s);
    nsde_fit *all = fit_plainly("ou", "exact", &s);
    nsde_fit_settings settings = nsde_fit_settings_default();
    const nsde_assignment mu = {"mu", all->estimates[1].value}, start = {"kappa", 3.7};
    settings.fixed = &mu;
    settings.n_fixed = 1;
    settings.start = &start;
    settings.n_start = 1;
    nsde_fit *fit = fit_with("ou", "exact", &s, settings);
    ck_assert_uint_eq(fit->n_free, 2);
    ck_assert(fit->estimates[1].fixed && fit->estimates[1].value == mu.value);
    ck_assert(fit->estimates[1].std_error == 0.0 && fit->covariance[1] == 0.0);
    for (int i = 0; i < 3; i += 2) {
        check_relative(fit->estimates[i].value, all->estimates[i].value, 1e-5);
        ck_assert(fit->estimates[i].std_error < all->estimates[i].std_error);
    }
    const double a = -fit->hessian[0], b = -fit->hessian[2], c = -fit->hessian[8];
    check_relative(fit->covariance[0], c / (a * c - b * b), 1e-9);
    check_absolute(fit->aic, all->aic - 2.0, 1e-9);
    nsde_fit_destroy(fit);
    const nsde_assignment every[] = {{"kappa", 0.8}, {"mu", 0.1}, {"sigma", 0.6}};
    settings.fixed = every;
    settings.n_fixed = 3;
    settings.n_start = 0;
    fit = fit_with("ou", "exact", &s, settings);
    check_absolute(fit->log_likelihood, -1.494795871014, 1e-11);
    ck_assert_int_eq(fit->outcome, NSDE_FIT_CONVERGED);
    ck_assert_uint_eq(fit->n_warnings, 0);
    nsde_fit_destroy(fit);
    nsde_fit_destroy(all);
}
END_TEST

/* Data that run away from a fixed mean: the rate of reversion goes to 0, and the fit says so. */
START_TEST(an_estimate_at_its_bound)
{
    static sample s;
    for (int i = 0; i < 40; i++)
        s.values[i] = 0.3 * exp(0.08 * i) + (i % 3 ? 0.02 : -0.03);
    sample_finish(&s, 40, 0.25, "x", "");
    nsde_fit_settings settings = nsde_fit_settings_default();
    const nsde_assignment mu = {"mu", 0.05};
    settings.fixed = &mu;
    settings.n_fixed = 1;
    nsde_fit *fit = fit_with("ou", "exact", &s, settings);
    ck_assert_int_eq(fit->outcome, NSDE_FIT_AT_BOUND);
    ck_assert(fit->estimates[0].at_bound && fit->estimates[0].value < 1e-6);
    ck_assert(isnan(fit->estimates[0].std_error) && fit->estimates[2].std_error > 0.0);
    ck_assert_ptr_nonnull(strstr(fit->warnings[0], "kappa runs to its bound 0"));
    double squares = 0.0; /* at kappa = 0 the increments are those of sigma W */
    for (int i = 1; i < 40; i++)
        squares += (s.values[i] - s.values[i - 1]) * (s.values[i] - s.values[i - 1]) / 0.25;
    check_relative(fit->estimates[2].value, sqrt(squares / 39.0), 1e-4);
    nsde_fit_destroy(fit);
}
END_TEST

/* White noise has no correlation to tell a rate of reversion by; neither has a straight trend a mean. */
START_TEST(a_flat_likelihood)
{
    static sample s;
    gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
    gsl_rng_set(rng, 99);
    for (int i = 0; i < 200; i++)
        s.values[i] = (i % 2 ? 1.0 : -1.0) * (0.3 + gsl_rng_uniform(rng));
    sample_finish(&s, 200, 0.25, "x", "");
    nsde_fit *fit = fit_plainly("ou", "exact", &s);
    ck_assert_int_eq(fit->outcome, NSDE_FIT_FLAT);
    ck_assert(fit->n_warnings > 0 && strstr(fit->warnings[0], "flat") != NULL);
    nsde_fit_destroy(fit);
    for (int i = 0; i < 200; i++)
        s.values[i] = 0.1 * i + 0.05 * gsl_ran_gaussian_ziggurat(rng, 1.0);
    fit = fit_plainly("ou", "exact", &s);
    ck_assert_int_ne(fit->outcome, NSDE_FIT_CONVERGED);
    ck_assert(fit->n_warnings > 0);
    nsde_fit_destroy(fit);
    gsl_rng_free(rng);
}
END_TEST

START_TEST(missing_values_and_stationary_start)
{
    static sample s;
    gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
    gsl_rng_set(rng, 7);
    simulate_ou(rng, 1500, 0.2, 1.3, 0.4, 0.7, &s);
    gsl_rng_free(rng);
    for (size_t i = 3; i < 1500; i += 7)
        s.values[i] = NAN;
    nsde_fit_settings settings = nsde_fit_settings_default();
    settings.likelihood.initial = NSDE_INITIAL_STATIONARY;
    settings.level = 0.99;
    nsde_fit *fit = fit_with("ou", NULL, &s, settings);
    ck_assert_uint_eq(fit->n_missing, 214);
    ck_assert_uint_eq(fit->n_terms, 1500 - 214);
    static const double truth[] = {1.3, 0.4, 0.7};
    for (int i = 0; i < 3; i++)
        check_absolute(fit->estimates[i].value, truth[i], 4.0 * fit->estimates[i].std_error);
    check_relative(fit->estimates[1].upper - fit->estimates[1].value,
                   2.5758293035 * fit->estimates[1].std_error, 1e-9);
    ck_assert_uint_eq(fit->n_warnings, 0);
    nsde_fit_destroy(fit);
}
END_TEST

/* A model like OU, but with other parameters: more of them, or other bounds. */
static nsde_model *like_ou(const nsde_parameter_definition *parameters, size_t n)
{
    nsde_model *ou = open_model("ou"), *model;
    nsde_model_definition definition = *nsde_model_describe(ou);
    definition.parameters = parameters;
    definition.n_parameters = n;
    definition.start = NULL;
    check_ok(nsde_model_create(&definition, &model));
    nsde_model_destroy(ou);
    return model;
}

/* Bounds that the maximum lies between do not move it, whatever transform they ask for; intervals keep to
 * them. */
START_TEST(every_kind_of_bound)
{
    static const nsde_parameter_definition parameters[] = {{"kappa", "", 0.2, 1.5, 0.3, 1},
                                                           {"mu", "", -INFINITY, 0.3, -1.0, 1},
                                                           {"sigma", "", 0.1, 2.0, 1.9, 1}};
    static sample s;
    sample_eleven(&s);
    nsde_model *model = like_ou(parameters, 3);
    nsde_fit *fit;
    check_ok(nsde_fit_run(model, &s.series, NULL, &fit));
    ck_assert_int_eq(fit->outcome, NSDE_FIT_CONVERGED);
    check_absolute(fit->estimates[0].value, 0.976710253541, 1e-6);
    check_absolute(fit->estimates[1].value, 0.1239411278879, 1e-6);
    check_absolute(fit->estimates[2].value, 0.4603537595931, 1e-6);
    for (int i = 0; i < 3; i++) {
        const nsde_estimate *e = &fit->estimates[i];
        ck_assert(e->lower > parameters[i].lower && e->upper < parameters[i].upper);
        ck_assert(e->lower < e->value && e->value < e->upper);
    }
    /* logit of kappa, whose slope is (kappa - .2) (1.5 - kappa) / 1.3 */
    const double above = 0.976710253541 - 0.2, below = 1.5 - 0.976710253541;
    const double odds = above / below * exp(1.959963984540 * 0.8085347765 * 1.3 / (above * below));
    check_absolute(fit->estimates[0].upper, 0.2 + 1.3 * odds / (1.0 + odds), 1e-5);
    nsde_fit_destroy(fit);
    nsde_model_destroy(model);
}
END_TEST

START_TEST(a_maximum_beyond_the_bounds)
{
    static const nsde_parameter_definition parameters[] = {{"kappa", "", 1.7, 2.6, 2.0, 1},
                                                           {"mu", "", -INFINITY, -0.4, -1.0, 1},
                                                           {"sigma", "", 0.0, INFINITY, 1.9, 1}};
    static sample s;
    sample_eleven(&s);
    nsde_model *model = like_ou(parameters, 3);
    nsde_fit *fit;
    check_ok(nsde_fit_run(model, &s.series, NULL, &fit));
    ck_assert_int_eq(fit->outcome, NSDE_FIT_AT_BOUND);
    ck_assert(fit->estimates[0].at_bound && fit->estimates[1].at_bound && !fit->estimates[2].at_bound);
    check_absolute(fit->estimates[0].value, 1.7, 1e-5);
    check_absolute(fit->estimates[1].value, -0.4, 1e-5);
    check_absolute(fit->gradient[2], 0.0, 1e-4);
    check_relative(fit->estimates[2].std_error, 1.0 / sqrt(-fit->hessian[8]), 1e-9);
    ck_assert_ptr_nonnull(strstr(fit->warnings[1], "mu runs to its bound -0.4"));
    nsde_fit_destroy(fit);
    nsde_model_destroy(model);
}
END_TEST

/* A parameter that nothing depends on: its derivatives are zeros, the same for every transition. */
START_TEST(a_parameter_without_influence)
{
    static const nsde_parameter_definition parameters[] = {{"kappa", "", 0.0, INFINITY, 1.0, 1},
                                                           {"mu", "", -INFINITY, INFINITY, 0.0, 1},
                                                           {"sigma", "", 0.0, INFINITY, 1.0, 1},
                                                           {"idle", "", -INFINITY, INFINITY, 2.385, 1}};
    static sample s;
    sample_eleven(&s);
    nsde_model *model = like_ou(parameters, 4);
    nsde_fit *fit;
    check_ok(nsde_fit_run(model, &s.series, NULL, &fit));
    ck_assert_int_eq(fit->outcome, NSDE_FIT_FLAT);
    check_absolute(fit->estimates[0].value, 0.976710253541, 1e-5);
    ck_assert(fit->gradient[3] == 0.0 && fit->hessian[15] == 0.0 && fit->hessian[3] == 0.0);
    ck_assert(isnan(fit->estimates[3].std_error));
    ck_assert_uint_ge(fit->n_warnings, 2);
    nsde_fit_destroy(fit);
    nsde_fit_settings settings = nsde_fit_settings_default();
    const nsde_assignment idle = {"idle", 5.0};
    settings.fixed = &idle;
    settings.n_fixed = 1;
    check_ok(nsde_fit_run(model, &s.series, &settings, &fit));
    ck_assert_int_eq(fit->outcome, NSDE_FIT_CONVERGED);
    check_absolute(fit->estimates[0].std_error, 0.8085347765, 1e-6);
    nsde_fit_destroy(fit);
    nsde_model_destroy(model);
}
END_TEST

START_TEST(a_column_of_several)
{
    static double values[22];
    static sample s;
    sample_eleven(&s);
    for (int i = 0; i < 11; i++) {
        values[2 * i] = 7.0 - i * i;
        values[2 * i + 1] = eleven[i];
    }
    char *names[] = {"first", "second"};
    s.series.dim = 2;
    s.series.values = values;
    s.series.names = names;
    nsde_fit_settings settings = nsde_fit_settings_default();
    settings.likelihood.column = 1;
    nsde_fit *fit = fit_with("ou", "exact", &s, settings);
    check_absolute(fit->log_likelihood, -0.7214592099546, 1e-11);
    ck_assert_str_eq(fit->column, "second");
    nsde_fit_destroy(fit);
}
END_TEST

static bool stop_at(void *context, size_t iteration, double log_likelihood)
{
    ck_assert(isfinite(log_likelihood));
    return iteration < *(size_t *)context;
}

START_TEST(progress_can_end_a_fit)
{
    static sample s;
    sample_eleven(&s);
    size_t last = 1;
    nsde_fit_settings settings = nsde_fit_settings_default();
    const nsde_assignment start = {"kappa", 40.0};
    settings.start = &start;
    settings.n_start = 1;
    settings.progress = stop_at;
    settings.progress_context = &last;
    nsde_fit *fit = fit_with("ou", "exact", &s, settings);
    ck_assert_int_eq(fit->outcome, NSDE_FIT_CANCELLED);
    ck_assert_uint_eq(fit->iterations, 1);
    nsde_fit_destroy(fit);
    settings.progress = NULL;
    settings.iterations = 1;
    settings.restarts = 0;
    fit = fit_with("ou", "exact", &s, settings);
    ck_assert_int_eq(fit->outcome, NSDE_FIT_ITERATIONS);
    ck_assert_ptr_nonnull(strstr(fit->warnings[0], "limit of iterations"));
    nsde_fit_destroy(fit);
}
END_TEST

START_TEST(a_fit_can_be_printed)
{
    static sample s;
    sample_read(&s, "fedfunds_monthly.csv", "percent", 0.01, 1.0 / 12.0);
    nsde_fit *fit = fit_plainly("ou", NULL, &s);
    char *text = NULL;
    size_t size;
    FILE *stream = open_memstream(&text, &size);
    check_ok(nsde_fit_print(fit, stream));
    fclose(stream);
    static const char *const parts[] = {"dX = kappa (mu - X) dt",
                                        "413 observations",
                                        "0.0674803",
                                        "0.01801",
                                        "1483.42121",
                                        "converged",
                                        "warning: mean reversion is weak"};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        ck_assert_msg(strstr(text, parts[i]) != NULL, "\"%s\" is not in\n%s", parts[i], text);
    free(text);
    FILE *full = fopen("/dev/full", "w");
    if (full) {
        setvbuf(full, NULL, _IONBF, 0);
        check_refused(nsde_fit_print(fit, full), NSDE_IO, "writing failed");
        fclose(full);
    }
    nsde_fit_destroy(fit);
}
END_TEST

START_TEST(bad_input_is_refused)
{
    static sample s;
    sample_eleven(&s);
    nsde_model *model = open_model("ou");
    nsde_fit *fit;
    nsde_fit_settings settings = nsde_fit_settings_default();
    const nsde_assignment unknown = {"theta", 1.0}, outside = {"sigma", -0.2}, mu = {"mu", 0.1};
    check_refused(nsde_fit_run(NULL, &s.series, NULL, &fit), NSDE_INVALID, "model");
    ck_assert_ptr_null(fit);
    settings.tolerance = NAN;
    check_refused(nsde_fit_run(model, &s.series, &settings, &fit), NSDE_INVALID, "tolerance");
    settings = nsde_fit_settings_default();
    settings.fixed = &unknown;
    settings.n_fixed = 1;
    check_refused(nsde_fit_run(model, &s.series, &settings, &fit), NSDE_NOT_FOUND,
                  "fixed: model ou has no parameter \"theta\"");
    settings.fixed = NULL;
    check_refused(nsde_fit_run(model, &s.series, &settings, &fit), NSDE_INVALID, "NULL");
    settings.n_fixed = 0;
    settings.start = &outside;
    settings.n_start = 1;
    check_refused(nsde_fit_run(model, &s.series, &settings, &fit), NSDE_INVALID, "sigma = -0.2");
    settings.start = settings.fixed = &mu;
    settings.n_fixed = 1;
    check_refused(nsde_fit_run(model, &s.series, &settings, &fit), NSDE_INVALID,
                  "both fixed and given a start");
    const nsde_assignment tiny = {"sigma", 1e-200};
    settings = nsde_fit_settings_default();
    settings.fixed = &tiny;
    settings.n_fixed = 1;
    check_refused(nsde_fit_run(model, &s.series, &settings, &fit), NSDE_DIVERGED,
                  "none of 6 starts has a finite likelihood: model ou: the log density of row 2");
    s.series.n = 3;
    check_refused(nsde_fit_run(model, &s.series, NULL, &fit), NSDE_INVALID,
                  "2 transitions cannot determine 3 parameters");
    s.series.n = 11;
    for (int i = 0; i < 11; i++)
        s.values[i] = 2.385;
    check_refused(nsde_fit_run(model, &s.series, NULL, &fit), NSDE_INVALID, "no maximum");
    s.values[4] = INFINITY;
    check_refused(nsde_fit_run(model, &s.series, NULL, &fit), NSDE_INVALID, "row 5");
    ck_assert_ptr_null(fit);
    nsde_fit_destroy(NULL);
    nsde_model_destroy(model);
}
END_TEST

void test_cases(TCase *cases)
{
    tcase_add_test(cases, eleven_values);
    tcase_add_test(cases, sampling_distribution);
    tcase_add_test(cases, a_parameter_can_be_fixed);
    tcase_add_test(cases, an_estimate_at_its_bound);
    tcase_add_test(cases, a_flat_likelihood);
    tcase_add_test(cases, missing_values_and_stationary_start);
    tcase_add_test(cases, every_kind_of_bound);
    tcase_add_test(cases, a_maximum_beyond_the_bounds);
    tcase_add_test(cases, a_parameter_without_influence);
    tcase_add_test(cases, a_column_of_several);
    tcase_add_test(cases, progress_can_end_a_fit);
    tcase_add_test(cases, a_fit_can_be_printed);
    tcase_add_test(cases, bad_input_is_refused);
}
