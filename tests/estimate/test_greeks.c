/* The Black-Scholes model as a laboratory: every estimator of the registry against closed forms, and the
 * variances of those whose variances are known.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "estimate/setup.h"

/* Price, then derivatives by r, s and x0 of a call and of a digital option: S = K = 100, r = .05, s = .2, T
 * = 1. */
#define CALL    "exp(-r)*max(x - 100, 0)"
#define DIGITAL "exp(-r)*select(x - 100, 1, 0)"
static const double call[] = {10.45058357218557, 53.23248154537634, 37.52403469169379, .6368306511756191};
static const double digital[] = {.5323248154537634, 1.34387691933092636, -.6566706071046413,
                                 .0187620173458469};

/* Geometric Brownian motion, whose solution is a function of the noise. */
static nsde_var solution(const nsde_at *from, nsde_var h, nsde_var W)
{
    const nsde_var r = nsde_row(from->p, 0), s = nsde_row(from->p, 1);
    const nsde_var rate = nsde_sub(r, nsde_mul_real(nsde_square(s), 0.5));
    return nsde_mul(from->x, nsde_exp(nsde_add(nsde_mul(rate, h), nsde_mul(s, W))));
}

static nsde_var drift(const nsde_at *at)
{
    return nsde_mul(nsde_row(at->p, 0), at->x);
}

static nsde_var diffusion(const nsde_at *at)
{
    return nsde_mul(nsde_row(at->p, 1), at->x);
}

static setup black_scholes(const char *loss, size_t paths)
{
    static const nsde_parameter_definition parameters[] = {{"r", "", -INFINITY, INFINITY, 0.05, 1},
                                                           {"s", "", 0.0, INFINITY, 0.2, 1}};
    setup s = {.settings.run = nsde_gradient_settings_default(), .parameters = {0.05, 0.2}, .x0 = {100.0}};
    check_ok(nsde_model_create(&(nsde_model_definition){.name = "black_scholes",
                                                        .equation = "dS = r S dt + s S dW",
                                                        .doc = "",
                                                        .dim = 1,
                                                        .noise = NSDE_NOISE_DIAGONAL,
                                                        .parameters = parameters,
                                                        .n_parameters = 2,
                                                        .drift = drift,
                                                        .diffusion = diffusion,
                                                        .solution = solution},
                               &s.model));
    check_ok(nsde_loss_from_text(loss, s.model, &s.loss));
    check_ok(nsde_integrator_find("exact", &s.settings.run.integrator));
    s.settings.run.steps = 1;
    s.settings.run.paths = paths;
    s.settings.run.seed = 7;
    return s;
}

/* First derivatives, of the steps that are taken. */
static bool is_of_steps(const nsde_estimator *estimator)
{
    return !estimator->second && !estimator->of_equation;
}

/* What of the registry applies: all that take the scheme and the loss. */
static nsde_gradient_estimate *run_if_possible(const setup *s, const nsde_estimator *estimator)
{
    nsde_gradient_estimate *e;
    const nsde_status status = attempt(s, estimator->name, &e);
    ck_assert_msg(!status || status == NSDE_UNSUPPORTED, "%s: %s", estimator->name, nsde_error_message());
    return e;
}

START_TEST(every_estimator_on_a_call)
{
    int applied = 0;
    for (size_t m = 0; m < nsde_estimator_count(); m++)
        for (int pairs = 0; pairs < 2; pairs++) {
            const nsde_estimator *estimator = nsde_estimator_at(m);
            setup s = black_scholes(CALL, 40000);
            s.settings.antithetic = pairs;
            nsde_gradient_estimate *e = is_of_steps(estimator) ? run_if_possible(&s, estimator) : NULL;
            if (e) {
                check_estimate(e, "price", e->loss, e->loss_std_error, call[0], 3.0, 0.08);
                check_estimate(e, "rho", e->value[0], e->std_error[0], call[1], 3.0, 1.0);
                check_estimate(e, "vega", e->value[1], e->std_error[1], call[2], 3.0, 2.0);
                check_estimate(e, "delta", e->value[2], e->std_error[2], call[3], 3.0, 0.01);
                ck_assert(e->seconds > 0.0 && e->peak_bytes > 0 && !e->doubtful);
                /* the derivative of another volatility is refused */
                ck_assert(fabs(e->value[2] - 0.7) > 3.0 * e->std_error[2]);
                applied++;
            }
            nsde_estimate_destroy(e);
            destroy(&s);
        }
    ck_assert_int_ge(applied, 12);
}
END_TEST

/* The logarithm, on which Euler-Maruyama is exact and mixed mode applies too. */
START_TEST(every_estimator_on_the_logarithm)
{
    int applied = 0;
    for (size_t m = 0; m < nsde_estimator_count(); m++) {
        const nsde_estimator *estimator = nsde_estimator_at(m);
        setup s =
            create(&(nsde_text_model){.drift = "r - s^2/2", .diffusion = "s", .parameters = "r=0.05, s=0.2"},
                   "exp(-r)*max(exp(x) - 100, 0)");
        s.x0[0] = log(100.0);
        s.settings.run.paths = 40000;
        s.settings.run.steps = 2;
        nsde_gradient_estimate *e = is_of_steps(estimator) ? run_if_possible(&s, estimator) : NULL;
        if (e) {
            check_estimate(e, "price", e->loss, e->loss_std_error, call[0], 3.0, 0.08);
            check_estimate(e, "rho", e->value[0], e->std_error[0], call[1], 3.0, 1.0);
            check_estimate(e, "vega", e->value[1], e->std_error[1], call[2], 3.0, 2.5);
            check_estimate(e, "delta S", e->value[2], e->std_error[2], 100.0 * call[3], 3.0, 1.0);
            applied++;
        }
        nsde_estimate_destroy(e);
        destroy(&s);
    }
    ck_assert_int_ge(applied, 7);
}
END_TEST

/* An estimator may be without bias and wrong all the same: its variance is known too. */
START_TEST(variances)
{
    setup s = black_scholes(CALL, 200000);
    s.settings.no_baseline = true;
    nsde_gradient_estimate *e = run(&s, "forward");
    check_relative(variance_of(e, 2), .3322153569, 0.02);
    check_relative(variance_of(e, 1), 5729.331137, 0.06);
    nsde_estimate_destroy(e);
    e = run(&s, "likelihood_ratio");
    check_relative(variance_of(e, 2), 2.148666039, 0.05);
    check_relative(variance_of(e, 1), 75770.46035, 0.1);
    nsde_estimate_destroy(e);
    e = run(&s, "gamma");
    check_relative(variance_of(e, 2), 7.8004190e-4, 0.03);
    check_component(e, 2, .0187620173458469, 1e-4);
    nsde_estimate_destroy(e);
    e = run(&s, "gamma_likelihood_ratio");
    check_relative(variance_of(e, 2), .01894261509, 0.06);
    check_component(e, 2, .0187620173458469, 5e-4);
    nsde_estimate_destroy(e);
    s.settings.no_baseline = false;
    e = run(&s, "likelihood_ratio");
    ck_assert(variance_of(e, 2) < 0.9 * 2.148666039);
    nsde_estimate_destroy(e);
    destroy(&s);
}
END_TEST

/* d^2 by r, s and S of the call; over several steps too, and on pairs. */
START_TEST(second_derivatives_of_a_call)
{
    const double d1 = 0.35, d2 = 0.15, vega = call[2], phi = exp(-0.5 * d2 * d2) / sqrt(8.0 * atan(1.0));
    const double by_r = -call[1] + 100.0 * exp(-0.05) * phi / 0.2, by_s = vega * d1 * d2 / 0.2;
    for (size_t steps = 1; steps <= 3; steps += 2)
        for (int pairs = 0; pairs < 2; pairs++) {
            setup s = black_scholes(CALL, 60000);
            s.settings.run.steps = steps;
            s.settings.antithetic = pairs;
            nsde_gradient_estimate *e = run(&s, "gamma");
            check_component(e, 0, by_r, 2.5);
            check_component(e, 1, by_s, 4.0);
            check_component(e, 2, .0187620173458469, 4e-4);
            ck_assert(fabs(e->value[0] - by_r - call[1]) > 8.0 * e->std_error[0]);
            nsde_estimate_destroy(e);
            if (!pairs && steps == 1) {
                e = run(&s, "gamma_likelihood_ratio");
                check_component(e, 0, by_r, 8.0);
                check_component(e, 1, by_s, 40.0);
                nsde_estimate_destroy(e);
            }
            destroy(&s);
        }
}
END_TEST

START_TEST(jumps)
{
    setup s = black_scholes(DIGITAL, 100000);
    const char *const seeing[] = {"likelihood_ratio", "smoothed"}, *const blind[] = {"forward", "reverse"};
    for (int m = 0; m < 2; m++) {
        nsde_gradient_estimate *e = run(&s, seeing[m]);
        check_estimate(e, "price", e->loss, e->loss_std_error, digital[0], 3.0, 0.002);
        check_estimate(e, "rho", e->value[0], e->std_error[0], digital[1], 3.0, 0.03);
        check_estimate(e, "vega", e->value[1], e->std_error[1], digital[2], 3.0, 0.03);
        check_estimate(e, "delta", e->value[2], e->std_error[2], digital[3], 3.0, 0.0003);
        ck_assert(!e->doubtful);
        nsde_estimate_destroy(e);
        e = run(&s, blind[m]);
        ck_assert(e->value[2] == 0.0 && e->doubtful);
        ck_assert(strstr(e->note, "does not apply where the loss jumps") != NULL);
        nsde_estimate_destroy(e);
    }
    nsde_gradient_estimate *e = run(&s, "gamma_likelihood_ratio");
    check_component(e, 2, -digital[3] * 0.35 / 0.2 / 100.0, 3e-5);
    nsde_estimate_destroy(e);
    e = run(&s, "gamma");
    ck_assert(e->doubtful && strstr(e->note, "gamma_likelihood_ratio sees it"));
    nsde_estimate_destroy(e);
    destroy(&s);
}
END_TEST

/* Wide smoothing is biased, and by the square of its width; its standard error grows as it narrows. */
START_TEST(width_of_smoothing)
{
    double bias[3], error[3];
    for (int i = 0; i < 3; i++) {
        setup s = black_scholes(DIGITAL, 100000);
        s.settings.smoothing = i == 0 ? 0.02 : 0.4 * i;
        nsde_gradient_estimate *e = run(&s, "smoothed");
        bias[i] = e->value[2] - digital[3];
        error[i] = e->std_error[2];
        ck_assert(!e->doubtful && strstr(e->note, "1 jump smoothed"));
        nsde_estimate_destroy(e);
        destroy(&s);
    }
    ck_assert(fabs(bias[0]) < 3.0 * error[0] && error[0] > 3.0 * error[1]);
    ck_assert(bias[1] < -10.0 * error[1] && bias[2] > 2.5 * bias[1] * 1.8 && bias[2] < 2.5 * bias[1]);
    setup s = black_scholes(CALL, 1000);
    s.settings.smoothing = -1.0;
    nsde_gradient_estimate *e;
    check_refused(attempt(&s, "smoothed", &e), NSDE_INVALID, "smoothed over -1");
    s.settings.smoothing = 1.0;
    nsde_gradient_estimate *a = run(&s, "smoothed"), *b = run(&s, "forward");
    ck_assert(a->value[2] == b->value[2] && strstr(a->note, "no jump to smooth")); /* corners stay */
    nsde_estimate_destroy(a);
    nsde_estimate_destroy(b);
    destroy(&s);
}
END_TEST

/* A call that is knocked out by the largest of its states at three times: a loss of the path, with a jump. */
START_TEST(barrier_at_steps)
{
    static const size_t observe[] = {1, 2, 3};
    setup s = black_scholes("exp(-r)*select(largest(x) - 125, 0, max(x - 95, 0))", 100000);
    s.settings.run.steps = 3;
    s.settings.run.observe = observe;
    s.settings.run.n_observe = 3;
    nsde_gradient_estimate *lr = run(&s, "likelihood_ratio"), *smoothed = run(&s, "smoothed"),
                           *blind = run(&s, "forward");
    for (size_t k = 0; k < 3; k++) {
        const double error = hypot(lr->std_error[k], smoothed->std_error[k]);
        ck_assert_msg(fabs(lr->value[k] - smoothed->value[k]) <= 3.5 * error, "%zu: %g and %g +- %g", k,
                      lr->value[k], smoothed->value[k], error);
        ck_assert(fabs(lr->value[k] - blind->value[k]) > 8.0 * error);
    }
    nsde_estimate_destroy(lr);
    nsde_estimate_destroy(smoothed);
    nsde_estimate_destroy(blind);
    destroy(&s);
}
END_TEST

/* sum (Z^2 - 1) / s over n steps. */
START_TEST(variance_of_the_score)
{
    setup s = create(&(nsde_text_model){.drift = "-x", .diffusion = "s", .parameters = "s=0.4"}, "1 + 0*x");
    s.settings.run.paths = 20000;
    s.settings.run.steps = 50;
    s.settings.no_baseline = true;
    s.settings.keep_samples = true;
    nsde_gradient_estimate *e = run(&s, "likelihood_ratio");
    check_component(e, 0, 0.0, 0.3);
    check_relative(variance_of(e, 0), 2.0 * 50 / 0.16, 0.03);
    double sum = 0.0;
    for (size_t i = 0; i < e->n_samples; i++)
        sum += e->samples[i] / (double)e->n_samples;
    check_absolute(sum, e->value[0], 1e-12);
    nsde_estimate_destroy(e);
    destroy(&s);
}
END_TEST

/* dX = mu X dt + s X dW from 1/2, mu = 1.01, s = .87, at 1, by its solution: every estimator that applies. */
START_TEST(moments_of_geometric_brownian_motion)
{
    setup s = black_scholes("x", 60000), square = black_scholes("x^2", 60000);
    setup *const both[] = {&s, &square};
    for (int i = 0; i < 2; i++) {
        both[i]->x0[0] = 0.5;
        both[i]->parameters[0] = 1.01;
        both[i]->parameters[1] = 0.87;
        both[i]->settings.run.steps = 2;
    }
    for (size_t m = 0; m < nsde_estimator_count(); m++) {
        const nsde_estimator *estimator = nsde_estimator_at(m);
        if (!is_of_steps(estimator))
            continue;
        nsde_gradient_estimate *e = run_if_possible(&s, estimator);
        if (e)
            check_component(e, 0, 1.372800508, 0.03);
        nsde_estimate_destroy(e);
        e = run_if_possible(&square, estimator);
        if (e)
            check_component(e, 1, 6.990071269, 1.5);
        nsde_estimate_destroy(e);
    }
    destroy(&s);
    destroy(&square);
}
END_TEST

/* The score of other schemes whose step is affine in the noise, against the path's derivative. */
START_TEST(scores_of_other_schemes)
{
    const struct {
        const char *scheme;
        nsde_text_model text;
    } rows[] = {
        {"tamed_euler", {.drift = "k*x - x^3", .diffusion = "s*(1 + x^2)^0.5", .parameters = "k=0.8, s=0.4"}},
        {"tamed_euler",
         {.drift = "k*x2 - x1^3; x1 - x2",
          .diffusion = "s*(1 + x1^2)^0.5; 0.3",
          .parameters = "k=0.8, s=0.4"}},
        {"implicit_euler",
         {.drift = "-k*x1 + x2; x1 - 2*x2", .diffusion = "s; 0.3 + s", .parameters = "k=0.8, s=0.4"}},
        {"exact",
         {.drift = "-k*x1 + x2; x1 - 2*x2", .diffusion = "s; 0.3 + s", .parameters = "k=0.8, s=0.4"}},
        {"exact", {.drift = "-k*x", .diffusion = "s", .parameters = "k=0.8, s=0.4"}},
        {"heun", {.drift = "-k*x", .diffusion = "s", .parameters = "k=0.8, s=0.4"}},
        {"sra1", {.drift = "-k*x", .diffusion = "s", .parameters = "k=0.8, s=0.4"}},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        setup s = create(&rows[i].text, "1");
        nsde_loss_release_text(&s.loss);
        check_ok(nsde_loss_from_text(nsde_model_describe(s.model)->dim == 1 ? "x^2 + s*x" : "x1*x2 + x1^2",
                                     s.model, &s.loss));
        check_ok(nsde_integrator_find(rows[i].scheme, &s.settings.run.integrator));
        s.x0[0] = 0.7;
        s.x0[1] = -0.4;
        s.settings.run.steps = 4;
        s.settings.run.paths = 50000;
        nsde_gradient_estimate *a = run(&s, "forward"), *b = run(&s, "likelihood_ratio");
        for (size_t k = 0; k < a->n; k++) {
            const double error = hypot(a->std_error[k], b->std_error[k]);
            ck_assert_msg(fabs(a->value[k] - b->value[k]) <= 4.0 * error, "%s, %zu: %g and %g +- %g",
                          rows[i].scheme, k, a->value[k], b->value[k], error);
            ck_assert_msg(error < 0.06, "%s, %zu: %g", rows[i].scheme, k, error);
        }
        nsde_estimate_destroy(a);
        nsde_estimate_destroy(b);
        destroy(&s);
    }
}
END_TEST

START_TEST(refusals_of_scores)
{
    setup s = create(&(nsde_text_model){.drift = "-k*x^3", .diffusion = "0.3", .parameters = "k=0.5"}, "x");
    nsde_gradient_estimate *e;
    const double correlation[] = {2.0};
    nsde_brownian *grid, *wide;
    check_ok(nsde_integrator_find("heun", &s.settings.run.integrator));
    check_refused(attempt(&s, "likelihood_ratio", &e), NSDE_UNSUPPORTED, "heun is not affine on model");
    check_refused(attempt(&s, "gamma", &e), NSDE_UNSUPPORTED, "heun is not affine on model");
    check_ok(nsde_integrator_find("reversible_heun", &s.settings.run.integrator));
    check_refused(attempt(&s, "likelihood_ratio", &e), NSDE_UNSUPPORTED, "carries more");
    check_ok(nsde_integrator_find("euler_maruyama", &s.settings.run.integrator));
    check_ok(nsde_brownian_grid(3, 1, &grid));
    check_ok(nsde_brownian_correlate(grid, correlation, &wide));
    s.settings.run.noise = wide;
    check_refused(attempt(&s, "likelihood_ratio", &e), NSDE_UNSUPPORTED, "independent noise");
    nsde_brownian_destroy(wide);
    nsde_brownian_destroy(grid);
    destroy(&s);
    s = create(&(nsde_text_model){.drift = "x2; -x1", .diffusion = "1, 0.2; x1, 1"}, "x1");
    check_refused(attempt(&s, "gamma_likelihood_ratio", &e), NSDE_UNSUPPORTED, "a noise for each state");
    destroy(&s);
}
END_TEST

START_TEST(bits_and_memory)
{
    const char *const names[] = {"smoothed", "gamma", "gamma_likelihood_ratio"};
    for (int m = 0; m < 3; m++) {
        setup s = black_scholes(DIGITAL, 3000);
        s.settings.run.threads = 1;
        nsde_gradient_estimate *a = run(&s, names[m]);
        s.settings.run.threads = 3;
        nsde_gradient_estimate *b = run(&s, names[m]);
        ck_assert(memcmp(a->value, b->value, a->n * sizeof *a->value) == 0);
        nsde_estimate_destroy(a);
        nsde_estimate_destroy(b);
        s.settings.run.threads = 1;
        s.settings.run.paths = 30;
        size_t k = 1;
        for (bool failed = true; failed; k++) {
            test_fail_allocation(k);
            const nsde_status status = attempt(&s, names[m], &a);
            failed = test_allocation_failed();
            test_fail_allocation(0);
            ck_assert_msg(failed ? status == NSDE_NO_MEMORY && !a : status == NSDE_OK,
                          "%s, allocation %zu: %s", names[m], k, nsde_error_message());
            nsde_estimate_destroy(a);
        }
        ck_assert(k > 20);
        destroy(&s);
    }
}
END_TEST

void test_cases(TCase *cases)
{
    tcase_add_test(cases, every_estimator_on_a_call);
    tcase_add_test(cases, every_estimator_on_the_logarithm);
    tcase_add_test(cases, variances);
    tcase_add_test(cases, second_derivatives_of_a_call);
    tcase_add_test(cases, jumps);
    tcase_add_test(cases, width_of_smoothing);
    tcase_add_test(cases, barrier_at_steps);
    tcase_add_test(cases, variance_of_the_score);
    tcase_add_test(cases, moments_of_geometric_brownian_motion);
    tcase_add_test(cases, scores_of_other_schemes);
    tcase_add_test(cases, refusals_of_scores);
    tcase_add_test(cases, bits_and_memory);
}
