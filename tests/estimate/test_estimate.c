/* Every estimator of a gradient against closed forms, and against each other.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "nsde/estimate.h"

#include <stdlib.h>

#include "estimate/setup.h"
#include "estimate/tangents.h"
#include "problems/problems.h"

enum { LIKELIHOOD_RATIO = 3, N_METHODS = 6 };
static const char *const methods[N_METHODS] = {"forward",          "reverse", "differences",
                                               "likelihood_ratio", "mixed",   "auto"};

/* ---- one path ---- */

START_TEST(derivatives_along_a_given_path)
{
    const struct {
        const char *scheme;
        double x0, mu, sigma;
    } rows[] = {{"euler_maruyama", 3.499459495655062, 1.294487632125, .5902712119125},
                {"milstein", 2.839152002425594, 1.110276152468299, -.2188476925831794},
                {"sriw1", 3.244951761496775, 1.629772758423196, -.3019334077080884}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        for (size_t m = 0; m < 3; m++) {
            setup s = create(
                &(nsde_text_model){.drift = "mu*x", .diffusion = "s*x", .parameters = "mu=1.01, s=0.87"},
                "x");
            const double tolerance = m == 2 ? 1e-8 : 1e-13;
            nsde_brownian *noise;
            double rows_of_noise[4][2];
            for (size_t k = 0; k < 4; k++) {
                rows_of_noise[k][0] = path0_dW[k];
                rows_of_noise[k][1] = path0_dZ[k] / (2.0 * sqrt(3.0));
            }
            check_ok(nsde_brownian_stored_detail(1, 4, 1, NSDE_SPACE_TIME, 0.25, rows_of_noise[0], &noise));
            check_ok(nsde_integrator_find(rows[i].scheme, &s.settings.run.integrator));
            s.x0[0] = gbm0_x0;
            s.settings.run.noise = noise;
            s.settings.run.paths = 1;
            s.settings.run.steps = 4;
            nsde_gradient_estimate *e = run(&s, methods[m]);
            ck_assert(e->n == 3 && isnan(e->std_error[0]));
            check_relative(e->value[0], rows[i].mu, tolerance);
            check_relative(e->value[1], rows[i].sigma, tolerance);
            check_relative(e->value[2], rows[i].x0, tolerance);
            nsde_estimate_destroy(e);
            nsde_brownian_destroy(noise);
            destroy(&s);
        }
}
END_TEST

/* Forward and reverse are the same numbers by other ways, whatever the scheme. */
START_TEST(pathwise_estimators_agree)
{
    const char *const schemes[] = {"euler_maruyama", "milstein", "heun", "sriw1", "reversible_heun"};
    static const size_t observe[] = {4, 9};
    for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++) {
        setup s = create(&(nsde_text_model){.drift = "k*(m-x) + 0.3*sin(t)",
                                            .diffusion = "s*sqrt(1 + x^2)",
                                            .parameters = "k=0.7, m=0.4, s=0.5"},
                         "x[0]^2*x + exp(-k*t)*max(x - m, 0)");
        s.x0[0] = 0.8;
        s.settings.run.paths = 150;
        s.settings.run.steps = 9;
        s.settings.run.observe = observe;
        s.settings.run.n_observe = 2;
        check_ok(nsde_integrator_find(schemes[i], &s.settings.run.integrator));
        s.settings.partials = i + 1; /* in chunks of every size */
        nsde_gradient_estimate *a = run(&s, "forward"), *b = run(&s, "reverse"), *c = run(&s, "differences");
        check_relative(a->loss, b->loss, 1e-12);
        for (size_t k = 0; k < a->n; k++) {
            check_relative(a->value[k], b->value[k], 1e-10);
            check_relative(a->value[k], c->value[k], 1e-6);
            ck_assert(b->std_error[k] > 0.4 * a->std_error[k] && b->std_error[k] < 2.0 * a->std_error[k]);
        }
        nsde_estimate_destroy(a);
        nsde_estimate_destroy(c);
        a = run(&s, "mixed");
        for (size_t k = 0; k < a->n; k++)
            check_relative(a->value[k], b->value[k], 1e-12);
        nsde_estimate_destroy(a);
        nsde_estimate_destroy(b);
        destroy(&s);
    }
}
END_TEST

/* Networks in drift and diffusion, a full matrix, more noises than states, more paths than a panel takes. */
START_TEST(mixed_mode_step_by_step)
{
    static const size_t observe[] = {3, 10};
    const nsde_text_model text = {.drift = "mlp(3); x1 - k*x2",
                                  .diffusion = "softplus(mlp(2)), 0.1*x2, 0; 0.3, x1, k",
                                  .parameters = "k=0.8"};
    setup s = create(&text, "x1^2*x2[0] + k*x2");
    const size_t n = nsde_model_describe(s.model)->n_parameters;
    double *weights = malloc(n * sizeof *weights), most = 0.0;
    const double start[] = {1.0, 0.2};
    gsl_rng *rng = gsl_rng_alloc(nsde_rng_philox);
    check_ok(nsde_text_initialise(s.model, NSDE_INIT_GLOROT, rng, weights));
    s.settings.run.steps = 10;
    s.settings.run.paths = 700;
    s.settings.run.observe = observe;
    s.settings.run.n_observe = 2;
    const nsde_estimate_problem problem = {s.model, &s.loss, weights, start};
    const nsde_estimator *mixed, *reverse;
    nsde_gradient_estimate *a, *b;
    check_ok(nsde_estimator_find("mixed", &mixed));
    check_ok(nsde_estimator_find("reverse", &reverse));
    check_ok(nsde_estimate_run(mixed, &problem, &s.settings, &a));
    check_ok(nsde_estimate_run(reverse, &problem, &s.settings, &b));
    check_relative(a->loss, b->loss, 1e-13);
    for (size_t k = 0; k < a->n; k++)
        most = fmax(most, fabs(b->value[k]));
    for (size_t k = 0; k < a->n; k++)
        check_absolute(a->value[k], b->value[k], 1e-13 * most);
    ck_assert(a->n == n + 2 && most > 0.1);
    nsde_estimate_destroy(a);
    nsde_estimate_destroy(b);
    gsl_rng_free(rng);
    free(weights);
    destroy(&s);
}
END_TEST

/* ---- closed forms ---- */

/* The logarithm of geometric Brownian motion, on which Euler-Maruyama is exact. */
static setup black_scholes(const char *loss, size_t paths)
{
    setup s = create(
        &(nsde_text_model){.drift = "r - s^2/2", .diffusion = "s", .parameters = "r=0.05, s=0.2"}, loss);
    s.x0[0] = log(100.0);
    s.settings.run.paths = paths;
    s.settings.run.seed = 7;
    return s;
}

/* Linear equations: the moments of Euler-Maruyama itself are known. */
static const nsde_text_model growth = {.drift = "mu*x", .diffusion = "s*x", .parameters = "mu=1.01, s=0.87"};
static const nsde_text_model reversion = {
    .drift = "th*(mu-x)", .diffusion = "s", .parameters = "th=1, mu=1.2, s=0.3"};
enum { N = 32 };

/* An estimator of the registry, where it is one of first derivatives of the steps that applies. */
static nsde_gradient_estimate *moment(const nsde_text_model *text, const char *loss, double x0, size_t method)
{
    nsde_gradient_estimate *e = NULL;
    setup s = create(text, loss);
    s.x0[0] = x0;
    s.settings.run.steps = N;
    s.settings.run.paths = 60000;
    if (!nsde_estimator_at(method)->second && !nsde_estimator_at(method)->of_equation) {
        const nsde_status status = attempt(&s, nsde_estimator_at(method)->name, &e);
        ck_assert_msg(!status || status == NSDE_UNSUPPORTED, "%s", nsde_error_message());
    }
    destroy(&s);
    return e;
}

START_TEST(moments_of_linear_equations)
{
    const double h = 1.0 / N, a = 1.0 + 1.01 * h, c = a * a + 0.87 * 0.87 * h, b = 1.0 - h;
    const double mean = 1.2 + 0.8 * pow(b, N), by_mu = 1.0 - pow(b, N), by_th = -0.8 * N * h * pow(b, N - 1);
    const double variance = 0.09 * h * (1.0 - pow(b, 2 * N)) / (1.0 - b * b);
    size_t applied = 0;
    for (size_t m = 0; m < nsde_estimator_count(); m++) {
        nsde_gradient_estimate *e = moment(&growth, "x", 0.5, m);
        if (!e)
            continue;
        check_component(e, 0, 0.5 * N * h * pow(a, N - 1), 0.05);
        check_component(e, 1, 0.0, 0.1);
        check_component(e, 2, pow(a, N), 0.1);
        nsde_estimate_destroy(e);
        e = moment(&growth, "x^2", 0.5, m);
        check_component(e, 0, 0.25 * N * pow(c, N - 1) * 2.0 * a * h, 1.0);
        check_component(e, 1, 0.25 * N * pow(c, N - 1) * 2.0 * 0.87 * h, 2.0);
        check_component(e, 2, 2.0 * 0.5 * pow(c, N), 1.5);
        nsde_estimate_destroy(e);
        e = moment(&reversion, "x", 2.0, m);
        check_component(e, 0, by_th, 0.02);
        check_component(e, 1, by_mu, 0.02);
        check_component(e, 3, pow(b, N), 0.02);
        nsde_estimate_destroy(e);
        e = moment(&reversion, "x^2", 2.0, m);
        check_component(e, 1, 2.0 * mean * by_mu, 0.05);
        check_component(e, 2, 2.0 * variance / 0.3, 0.2);
        check_component(e, 3, 2.0 * mean * pow(b, N), 0.05);
        ck_assert(fabs(e->value[1] - 2.1 * mean * by_mu) > 3.0 * e->std_error[1]);
        nsde_estimate_destroy(e);
        applied++;
    }
    ck_assert(applied >= 7);
}
END_TEST

/* Correlated noise: a full matrix, with derivatives of every entry. */
START_TEST(score_of_a_full_diffusion)
{
    const nsde_text_model text = {.drift = "-k*x1 + x2; m - x2",
                                  .diffusion = "a, 0.1*x2, 0.2; b*x1, c, 0",
                                  .parameters = "k=0.6, m=0.3, a=0.4, b=0.2, c=0.5"};
    setup s = create(&text, "x1*x2 + c*x1^2");
    s.x0[0] = 0.7;
    s.x0[1] = -0.4;
    s.settings.run.steps = 6;
    s.settings.run.paths = 200000;
    s.settings.run.seed = 3;
    nsde_gradient_estimate *a = run(&s, "forward"), *b = run(&s, "likelihood_ratio");
    for (size_t k = 0; k < a->n; k++) {
        const double error = hypot(a->std_error[k], b->std_error[k]);
        ck_assert_msg(fabs(a->value[k] - b->value[k]) <= 4.0 * error, "%zu: %g and %g +- %g", k, a->value[k],
                      b->value[k], error);
        ck_assert(error < 0.02);
    }
    nsde_estimate_destroy(a);
    nsde_estimate_destroy(b);
    destroy(&s);
}
END_TEST

/* ---- what does not matter, and what is refused ---- */

START_TEST(threads_do_not_matter)
{
    for (size_t m = 0; m < N_METHODS; m++) {
        setup s = black_scholes("max(exp(x) - 100, 0)", 5000);
        s.settings.run.threads = 1;
        nsde_gradient_estimate *a = run(&s, methods[m]);
        s.settings.run.threads = 3;
        nsde_gradient_estimate *b = run(&s, methods[m]);
        ck_assert(a->loss == b->loss && memcmp(a->value, b->value, a->n * sizeof *a->value) == 0);
        ck_assert(memcmp(a->std_error, b->std_error, a->n * sizeof *a->value) == 0);
        s.settings.run.seed++;
        nsde_gradient_estimate *c = run(&s, methods[m]);
        ck_assert(a->loss != c->loss);
        nsde_estimate_destroy(a);
        nsde_estimate_destroy(b);
        nsde_estimate_destroy(c);
        destroy(&s);
    }
}
END_TEST

/* A mean that is odd in the noise is exact with pairs. */
START_TEST(antithetic_pairs)
{
    setup s = create(&(nsde_text_model){.drift = "-k*x", .diffusion = "1", .parameters = "k=0.5"}, "x");
    s.x0[0] = 1.5;
    s.settings.run.paths = 200;
    s.settings.run.steps = 4;
    s.settings.antithetic = true;
    for (size_t m = 0; m < 3; m++) {
        nsde_gradient_estimate *e = run(&s, methods[m]);
        check_absolute(e->value[1], pow(1.0 - 0.125, 4), m == 2 ? 1e-8 : 1e-14);
        check_absolute(e->value[0], -1.5 * pow(1.0 - 0.125, 3), m == 2 ? 1e-8 : 1e-14);
        check_absolute(e->loss_std_error, 0.0, 1e-14);
        nsde_estimate_destroy(e);
    }
    s.settings.run.paths = 201;
    nsde_gradient_estimate *e;
    check_refused(attempt(&s, "forward", &e), NSDE_INVALID, "201 is odd");
    destroy(&s);
}
END_TEST

START_TEST(refusals)
{
    nsde_gradient_estimate *e;
    const nsde_estimator *estimator;
    check_refused(nsde_estimator_find("nonsense", &estimator), NSDE_NOT_FOUND, "forward");
    check_ok(nsde_estimator_find("score-function", &estimator));
    ck_assert_str_eq(estimator->name, "likelihood_ratio");
    setup s =
        create(&(nsde_text_model){.drift = "-k*x", .diffusion = "k", .parameters = "k=0.5:0:"}, "log(x)");
    check_refused(attempt(&s, "forward", &e), NSDE_DIVERGED, "the loss of path");
    ck_assert(e == NULL);
    s.parameters[0] = -1.0;
    check_refused(attempt(&s, "forward", &e), NSDE_INVALID, "k = -1 is outside");
    s.parameters[0] = 0.5;
    check_ok(nsde_integrator_find("milstein", &s.settings.run.integrator));
    destroy(&s);
    s = create(&(nsde_text_model){.drift = "-k*x", .diffusion = "k*x", .parameters = "k=0.5:0:"}, "x");
    check_ok(nsde_integrator_find("milstein", &s.settings.run.integrator));
    check_refused(attempt(&s, "likelihood_ratio", &e), NSDE_UNSUPPORTED, "milstein is not affine");
    destroy(&s);
    s = create(&(nsde_text_model){.drift = "x2; -x1", .diffusion = "1; x1", .column = true}, "x1");
    check_refused(attempt(&s, "likelihood_ratio", &e), NSDE_UNSUPPORTED, "2 states but 1 noises");
    destroy(&s);
}
END_TEST

START_TEST(memory_that_is_short_is_reported)
{
    for (size_t m = 0; m < N_METHODS; m++) {
        setup s = black_scholes("max(exp(x) - 100, 0)", 30);
        s.settings.run.threads = 1;
        s.settings.antithetic = true;
        size_t k = 1;
        for (bool failed = true; failed; k++) {
            nsde_gradient_estimate *e;
            test_fail_allocation(k);
            const nsde_status status = attempt(&s, methods[m], &e);
            failed = test_allocation_failed();
            test_fail_allocation(0);
            ck_assert_msg(failed ? status == NSDE_NO_MEMORY && !e : status == NSDE_OK,
                          "%s, allocation %zu: %s", methods[m], k, nsde_error_message());
            nsde_estimate_destroy(e);
        }
        ck_assert(k > 20);
        destroy(&s);
    }
}
END_TEST

/* ---- the self-check ---- */

START_TEST(self_check)
{
    setup s = create(
        &(nsde_text_model){.drift = "k*(m-x)", .diffusion = "s*x", .parameters = "k=0.7, m=0.4, s=0.5"},
        "x^2 + max(m - 0.4, 0)");
    nsde_gradient_settings run_settings = s.settings.run;
    nsde_gradient_agreement found = {0};
    s.x0[0] = 0.8;
    run_settings.paths = 30;
    run_settings.steps = 5;
    const nsde_estimate_problem problem = {s.model, &s.loss, s.parameters, s.x0};
    /* On the kink of the loss in m: 1 by the rule for ties, 1/2 by differences. */
    check_refused(nsde_gradient_check(&problem, &run_settings, 0.0, &found), NSDE_DIVERGED, "by m is");
    ck_assert(found.worst == 1 && found.n_disagree == 1);
    check_absolute(found.gradient - found.difference, 0.5, 1e-8);
    s.parameters[1] = 0.41;
    check_ok(nsde_gradient_check(&problem, &run_settings, 0.0, &found));
    ck_assert(found.disagreement < 0.1 && found.n_disagree == 0);
    check_refused(nsde_gradient_check(&problem, &run_settings, 1e-17, &found), NSDE_DIVERGED, "disagree");
    destroy(&s);
}
END_TEST

void test_cases(TCase *cases)
{
    tcase_add_test(cases, derivatives_along_a_given_path);
    tcase_add_test(cases, pathwise_estimators_agree);
    tcase_add_test(cases, mixed_mode_step_by_step);
    tcase_add_test(cases, moments_of_linear_equations);
    tcase_add_test(cases, score_of_a_full_diffusion);
    tcase_add_test(cases, threads_do_not_matter);
    tcase_add_test(cases, antithetic_pairs);
    tcase_add_test(cases, refusals);
    tcase_add_test(cases, memory_that_is_short_is_reported);
    tcase_add_test(cases, self_check);
}
