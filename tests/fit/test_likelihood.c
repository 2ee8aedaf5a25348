/* Values and derivatives of likelihoods against closed forms and differences.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "fit/samples.h"

#include <gsl/gsl_rng.h>

enum { MOST = 8 };

static const double ou_point[] = {0.8, 0.1, 0.6};

/* The exact OU likelihood of the eleven values, evaluated apart from this library with mpmath. */
START_TEST(ou_exact)
{
    static sample s;
    sample_eleven(&s);
    nsde_model *model = open_model("ou");
    nsde_likelihood *l = open_likelihood(model, "exact", &s);
    double value, gradient[3], hessian[9];
    check_ok(nsde_likelihood_evaluate(l, ou_point, &value, gradient, hessian));
    check_absolute(value, -1.494795871014, 1e-11);
    check_relative(gradient[0], 1.143940647259, 1e-11);
    check_relative(gradient[1], 0.2295363032461, 1e-11);
    check_relative(gradient[2], -7.510755603998, 1e-11);
    double alone, again[3];
    check_ok(nsde_likelihood_evaluate(l, ou_point, &alone, NULL, NULL));
    check_relative(alone, value, 1e-14);
    check_ok(nsde_likelihood_evaluate(l, ou_point, &alone, again, NULL));
    for (int i = 0; i < 3; i++)
        check_relative(again[i], gradient[i], 1e-12);
    nsde_likelihood_destroy(l);
    nsde_model_destroy(model);
}
END_TEST

START_TEST(ou_euler)
{
    static sample s;
    sample_eleven(&s);
    nsde_model *model = open_model("ou");
    nsde_likelihood *l = open_likelihood(model, "euler", &s);
    double value;
    check_ok(nsde_likelihood_evaluate(l, ou_point, &value, NULL, NULL));
    check_absolute(value, -2.497248747143, 1e-11);
    nsde_likelihood_destroy(l);
    nsde_model_destroy(model);
}
END_TEST

/* Negative control: the density with the variance of a step of Euler must not pass as the exact one. */
static nsde_var wrong_density(const nsde_transition *step)
{
    const nsde_at *at = &step->from;
    const nsde_var kappa = nsde_row(at->p, 0), mu = nsde_row(at->p, 1), sigma = nsde_row(at->p, 2);
    const nsde_var decay = nsde_exp(nsde_neg(nsde_mul(kappa, step->h)));
    const nsde_var mean = nsde_add(mu, nsde_mul(nsde_sub(at->x, mu), decay));
    return nsde_normal_log_density(step->x_next, mean, nsde_mul(nsde_square(sigma), step->h));
}

START_TEST(a_wrong_density_is_seen)
{
    static sample s;
    sample_eleven(&s);
    nsde_model *ou = open_model("ou"), *model;
    nsde_model_definition wrong = *nsde_model_describe(ou);
    wrong.log_density = wrong_density;
    check_ok(nsde_model_create(&wrong, &model));
    nsde_likelihood *l = open_likelihood(model, "exact", &s);
    double value, gradient[3];
    check_ok(nsde_likelihood_evaluate(l, ou_point, &value, gradient, NULL));
    ck_assert(fabs(value + 1.494795871014) > 1e-3);
    ck_assert(fabs(gradient[0] - 1.143940647259) > 1e-3);
    nsde_likelihood_destroy(l);
    nsde_model_destroy(model);
    nsde_model_destroy(ou);
}
END_TEST

/* A scaled noncentral chi-square: one transition from .04 to .05 over a unit of time. */
START_TEST(cir_score)
{
    static sample s;
    sample_fill(&s, 2, (const double[]){0.04, 0.05}, 1.0);
    nsde_model *model = open_model("cir");
    nsde_likelihood *l = open_likelihood(model, "exact", &s);
    double value, gradient[3];
    check_ok(nsde_likelihood_evaluate(l, (const double[]){1.2, 0.06, 0.3}, &value, gradient, NULL));
    check_absolute(value, 2.274202653831, 1e-10);
    check_relative(gradient[0], 0.3935642586468, 1e-8);
    check_relative(gradient[1], 6.648753949312, 1e-8);
    check_relative(gradient[2], -3.665404559713, 1e-8);
    nsde_likelihood_destroy(l);
    nsde_model_destroy(model);
}
END_TEST

/* The first observation under the stationary law: log phi((x - mu) / s) - log s with s^2 = sigma^2 / (2
 * kappa). */
START_TEST(stationary_start)
{
    static sample s;
    sample_eleven(&s);
    nsde_model *model = open_model("ou"), *cir = open_model("cir");
    nsde_likelihood *fixed = open_likelihood(model, "exact", &s), *l, *none;
    nsde_likelihood_settings settings = nsde_likelihood_settings_default();
    settings.initial = NSDE_INITIAL_STATIONARY;
    const nsde_objective *exact;
    check_ok(nsde_objective_find("exact", &exact));
    check_ok(nsde_likelihood_create(model, exact, &s.series, &settings, &l));
    double with, without, g_with[3], g_without[3], h_with[9], h_without[9], terms[11];
    check_ok(nsde_likelihood_evaluate(l, ou_point, &with, g_with, h_with));
    check_ok(nsde_likelihood_evaluate(fixed, ou_point, &without, g_without, h_without));
    const double variance = 0.225, x = 0.0 - 0.1, pi = 3.14159265358979323846;
    check_absolute(with - without, -0.5 * (log(2.0 * pi * variance) + x * x / variance), 1e-13);
    check_absolute(g_with[1] - g_without[1], x / variance, 1e-12);
    check_absolute(h_with[4] - h_without[4], -1.0 / variance, 1e-12);
    ck_assert_uint_eq(nsde_likelihood_terms(l), 11);
    check_ok(nsde_likelihood_densities(l, ou_point, terms));
    double sum = 0.0;
    for (int i = 0; i < 11; i++)
        sum += terms[i];
    check_absolute(sum, with, 1e-13);
    check_refused(nsde_likelihood_create(cir, exact, &s.series, &settings, &none), NSDE_UNSUPPORTED,
                  "log_stationary");
    ck_assert_ptr_null(none);
    nsde_likelihood_destroy(l);
    nsde_likelihood_destroy(fixed);
    nsde_model_destroy(cir);
    nsde_model_destroy(model);
}
END_TEST

/* Central differences with one Richardson step; index n is the value, else component i of the gradient. */
static double evaluate(nsde_likelihood *l, const double *p, size_t n, size_t i)
{
    double value, gradient[MOST];
    check_ok(nsde_likelihood_evaluate(l, p, &value, gradient, NULL));
    return i == n ? value : gradient[i];
}

static double difference(nsde_likelihood *l, const double *p, size_t n, size_t along, size_t of)
{
    double moved[MOST], slope[2];
    memcpy(moved, p, n * sizeof(double));
    for (int k = 0; k < 2; k++) {
        const double h = 2e-3 * fmax(fabs(p[along]), 0.01) / (k + 1);
        moved[along] = p[along] + h;
        slope[k] = evaluate(l, moved, n, of);
        moved[along] = p[along] - h;
        slope[k] = (slope[k] - evaluate(l, moved, n, of)) / (2.0 * h);
    }
    return (4.0 * slope[1] - slope[0]) / 3.0;
}

static void check_differences(const char *name, const char *objective, const double *centre, const sample *s)
{
    nsde_model *model = open_model(name);
    nsde_likelihood *l = open_likelihood(model, objective, s);
    const size_t n = nsde_model_describe(model)->n_parameters;
    gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
    gsl_rng_set(rng, 2385);
    for (int repeat = 0; repeat < 5; repeat++) {
        double p[MOST], value, gradient[MOST], hessian[MOST * MOST], largest = 0.0;
        for (size_t i = 0; i < n; i++)
            p[i] = centre[i] * (0.8 + 0.4 * gsl_rng_uniform(rng));
        check_ok(nsde_likelihood_evaluate(l, p, &value, gradient, hessian));
        for (size_t i = 0; i < n; i++)
            largest = fmax(largest, fabs(gradient[i] * p[i]));
        for (size_t i = 0; i < n; i++) {
            check_close_floor(gradient[i], difference(l, p, n, i, n), 1e-8, largest / fabs(p[i]));
            for (size_t j = 0; j < n; j++) {
                const double scale = sqrt(fabs(hessian[i * n + i] * hessian[j * n + j]));
                check_close_floor(hessian[i * n + j], difference(l, p, n, i, j), 1e-8, scale);
                ck_assert(hessian[i * n + j] == hessian[j * n + i]);
            }
        }
    }
    gsl_rng_free(rng);
    nsde_likelihood_destroy(l);
    nsde_model_destroy(model);
}

START_TEST(derivatives_agree_with_differences)
{
    static sample s, rates;
    sample_eleven(&s);
    sample_read(&rates, "fedfunds_monthly.csv", "percent", 0.01, 1.0 / 12.0);
    check_differences("ou", "exact", ou_point, &s);
    check_differences("ou", "euler", ou_point, &s);
    check_differences("ou", "exact", (const double[]){0.22, 0.067, 0.023}, &rates);
    check_differences("cir", "exact", (const double[]){0.2, 0.067, 0.07}, &rates);
    check_differences("cir", "euler", (const double[]){0.2, 0.067, 0.07}, &rates);
    check_differences("ckls", "euler", (const double[]){0.012, -0.18, 0.12, 0.7}, &rates);
    check_differences("gbm", "exact", (const double[]){0.05, 0.4}, &rates);
}
END_TEST

/* What remains of f(p + e d) after the terms of first and second order falls as e^2 and e^3. */
START_TEST(taylor_remainders)
{
    static sample s;
    sample_read(&s, "fedfunds_monthly.csv", "percent", 0.01, 1.0 / 12.0);
    nsde_model *model = open_model("cir");
    nsde_likelihood *l = open_likelihood(model, "exact", &s);
    const double p[] = {0.2, 0.07, 0.071}, d[] = {0.13, 0.021, -0.017};
    double f0, g[3], h[9], slope = 0.0, curve = 0.0, left[2][6];
    check_ok(nsde_likelihood_evaluate(l, p, &f0, g, h));
    for (int i = 0; i < 3; i++) {
        slope += g[i] * d[i];
        for (int j = 0; j < 3; j++)
            curve += d[i] * h[3 * i + j] * d[j];
    }
    for (int k = 0; k < 6; k++) {
        const double e = ldexp(1.0, -4 - k);
        double f, moved[3];
        for (int i = 0; i < 3; i++)
            moved[i] = p[i] + e * d[i];
        check_ok(nsde_likelihood_evaluate(l, moved, &f, NULL, NULL));
        left[0][k] = fabs(f - f0 - e * slope);
        left[1][k] = fabs(f - f0 - e * slope - 0.5 * e * e * curve);
    }
    check_absolute(log2(left[0][4] / left[0][5]), 2.0, 0.05);
    check_absolute(log2(left[1][4] / left[1][5]), 3.0, 0.05);
    nsde_likelihood_destroy(l);
    nsde_model_destroy(model);
}
END_TEST

/* Leaving out missing rows is the same as a series that never had them; many panels are the same as one. */
START_TEST(missing_values_lengthen_gaps)
{
    static sample holes, short_one;
    sample_eleven(&holes);
    holes.values[0] = holes.values[4] = holes.values[5] = holes.values[10] = NAN;
    sample_finish(&short_one, 7, 1.0, "x", "");
    const size_t kept[] = {1, 2, 3, 6, 7, 8, 9};
    for (size_t i = 0; i < 7; i++) {
        short_one.values[i] = eleven[kept[i]];
        short_one.times[i] = 0.5 * (double)kept[i];
    }
    nsde_model *model = open_model("ou");
    nsde_likelihood *a = open_likelihood(model, "exact", &holes);
    nsde_likelihood *b = open_likelihood(model, "exact", &short_one);
    double with, without;
    check_ok(nsde_likelihood_evaluate(a, ou_point, &with, NULL, NULL));
    check_ok(nsde_likelihood_evaluate(b, ou_point, &without, NULL, NULL));
    ck_assert(with == without);
    ck_assert_uint_eq(nsde_likelihood_terms(a), 6);
    ck_assert_uint_eq(nsde_likelihood_row(a, 3), 6);
    check_relative(nsde_likelihood_observations(a)->gaps[2], 1.5, 1e-15);
    nsde_likelihood_destroy(a);
    nsde_likelihood_destroy(b);
    nsde_model_destroy(model);
}
END_TEST

START_TEST(bad_input_is_refused)
{
    static sample s;
    nsde_model *ou = open_model("ou"), *cir = open_model("cir"), *ckls = open_model("ckls");
    const nsde_objective *exact, *euler;
    nsde_likelihood_settings settings = nsde_likelihood_settings_default();
    nsde_likelihood *l;
    check_ok(nsde_objective_find("MLE", &exact));
    check_ok(nsde_objective_find("euler-maruyama", &euler));
    check_refused(nsde_objective_find("milestone", &exact), NSDE_NOT_FOUND, "exact, euler");
    check_ok(nsde_objective_find("exact", &exact));
    sample_eleven(&s);
    s.series.origin = "rates.csv";
    check_refused(nsde_likelihood_create(cir, exact, &s.series, &settings, &l), NSDE_DOMAIN,
                  "rates.csv: row 1 (time 0): x = 0 is outside the states (0, inf) of model cir");
    ck_assert_ptr_null(l);
    check_refused(nsde_likelihood_create(ckls, exact, &s.series, &settings, &l), NSDE_UNSUPPORTED,
                  "euler would do");
    settings.column = 3;
    check_refused(nsde_likelihood_create(ou, exact, &s.series, &settings, &l), NSDE_INVALID, "column 3");
    settings.column = 0;
    check_refused(nsde_likelihood_create(ou, exact, NULL, &settings, &l), NSDE_INVALID, "series");
    s.values[5] = INFINITY;
    check_refused(nsde_likelihood_create(ou, exact, &s.series, &settings, &l), NSDE_INVALID, "row 6");
    s.values[5] = 0.1;
    s.times[7] = s.times[6];
    check_refused(nsde_likelihood_create(ou, exact, &s.series, &settings, &l), NSDE_INVALID, "row 8");
    sample_eleven(&s);
    for (int i = 1; i < 11; i++)
        s.values[i] = NAN;
    check_refused(nsde_likelihood_create(ou, exact, &s.series, &settings, &l), NSDE_INVALID, "two at least");
    sample_eleven(&s);
    check_ok(nsde_likelihood_create(ou, exact, &s.series, &settings, &l));
    double value = 2.385;
    check_refused(nsde_likelihood_evaluate(l, (const double[]){-0.8, 0.1, 0.6}, &value, NULL, NULL),
                  NSDE_INVALID, "kappa");
    check_refused(nsde_likelihood_evaluate(l, (const double[]){0.8, 0.1, 1e-200}, &value, NULL, NULL),
                  NSDE_DIVERGED, "row 2");
    ck_assert(value == 2.385);
    nsde_likelihood_destroy(l);
    nsde_likelihood_destroy(NULL);
    nsde_model_destroy(ckls);
    nsde_model_destroy(cir);
    nsde_model_destroy(ou);
}
END_TEST

void test_cases(TCase *cases)
{
    tcase_add_test(cases, ou_exact);
    tcase_add_test(cases, ou_euler);
    tcase_add_test(cases, a_wrong_density_is_seen);
    tcase_add_test(cases, cir_score);
    tcase_add_test(cases, stationary_start);
    tcase_add_test(cases, derivatives_agree_with_differences);
    tcase_add_test(cases, taylor_remainders);
    tcase_add_test(cases, missing_values_lengthen_gaps);
    tcase_add_test(cases, bad_input_is_refused);
}
