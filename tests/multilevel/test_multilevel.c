/* The estimator: allocation, orders, targets, threads, memory.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdint.h>
#include <stdlib.h>

#include "multilevel/market.h"
#include "nsde/text.h"

/* ---- allocation ---- */

START_TEST(samples_are_allocated_at_the_least_cost)
{
    const double variance[] = {400.0, 4.0, 1.0, 0.25}, cost[] = {1.0, 2.0, 4.0, 8.0};
    const size_t expected[] = {104971, 7423, 2625, 928};
    size_t n[4];
    double sum = 0.0, spent = 0.0, other = 0.0;
    check_ok(nsde_multilevel_allocate(4, variance, cost, 0.1, 0.5, n));
    for (size_t l = 0; l < 4; l++) {
        ck_assert_uint_eq(n[l], expected[l]);
        sum += variance[l] / (double)n[l];
        spent += cost[l] * (double)n[l];
    }
    check_relative(sum, 0.005, 1e-3);
    for (size_t l = 0; l < 4; l++) /* the same variance by numbers in proportion to variances alone */
        other += cost[l] * variance[l] * 4.0 / 0.005;
    ck_assert(spent < 0.9 * other);
    check_ok(nsde_multilevel_allocate(4, variance, cost, 0.1, 0.75, n)); /* negative control */
    ck_assert_uint_eq(n[0], 209942);
    check_refused(nsde_multilevel_allocate(4, variance, cost, 0.0, 0.5, n), NSDE_INVALID, "target of 0");
    check_refused(nsde_multilevel_allocate(4, variance, cost, 0.1, 1.0, n), NSDE_INVALID, "share of 1");
    check_refused(nsde_multilevel_allocate(4, variance, cost, 1e-30, 0.5, n), NSDE_OVERFLOW, "level 0");
    check_refused(nsde_multilevel_allocate(2, variance, (double[]){1.0, 0.0}, 1.0, 0.5, n), NSDE_INVALID,
                  "level 1: variance 4, cost 0");
    check_refused(nsde_multilevel_allocate(1, (double[]){NAN}, cost, 1.0, 0.5, n), NSDE_INVALID, "nan");
}
END_TEST

/* ---- orders ---- */

/* A rate at which the error of the mean shows. */
START_TEST(means_fall_with_the_weak_order)
{
    const char *const schemes[] = {"euler_maruyama", "milstein"};
    for (size_t i = 0; i < 2; i++)
        for (size_t refinement = 2; refinement <= 4; refinement += 2) {
            market m;
            market_open(&m, "call", schemes[i]);
            m.parameters[MU] = 0.3;
            m.settings.coarsest = 4;
            m.settings.refinement = refinement;
            const nsde_multilevel_result *r = market_study(&m, refinement == 2 ? 4 : 3, 50000);
            check_absolute(r->alpha[0], 1.0, 0.15);
            check_absolute(r->gamma, 1.0, 1e-12);
            check_absolute(r->cost, 50000.0 * (refinement == 2 ? 4 + 12 + 24 + 48 : 4 + 20 + 80), 0.0);
            market_close(&m);
        }
}
END_TEST

/* Giles, Debrabant and Roessler 2013, table 1. The barrier is near, so that crossings decide. */
START_TEST(variances_fall_with_the_orders_of_the_theory)
{
    static const struct row {
        const char *functional;
        double euler_maruyama, milstein;
        size_t coarsest, samples;
    } rows[] = {{"call", 1.0, 2.0, 4, 20000},
                {"asian", 1.0, 2.0, 8, 20000},
                {"geometric_asian", 1.0, 2.0, 4, 20000},
                {"lookback", 1.0, 2.0, 8, 20000},
                {"barrier", 0.5, 1.5, 16, 60000},
                {"digital", 0.5, 1.5, 16, 20000}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        for (int milstein = 0; milstein < 2; milstein++) {
            market m;
            market_open(&m, rows[i].functional, milstein ? "milstein" : "euler_maruyama");
            m.settings.coarsest = rows[i].coarsest;
            m.payoff.barrier = milstein ? 85.0 : 95.0;
            m.settings.seed = 4;
            const nsde_multilevel_result *r = market_study(&m, 4, rows[i].samples);
            const double beta = milstein ? rows[i].milstein : rows[i].euler_maruyama;
            ck_assert_msg(fabs(r->beta[0] - beta) < 0.2, "%s, %s: beta %g, not %g", rows[i].functional,
                          m.settings.integrator->name, r->beta[0], beta);
            market_close(&m);
        }
}
END_TEST

/* A functional whose coarse path takes other random numbers falls with no order at all. */
static nsde_var uncoupled_step(const nsde_functional_at *at)
{
    return nsde_add(at->accumulators, nsde_row(at->z, 0));
}

static nsde_var uncoupled_value(const nsde_functional_at *at)
{
    return nsde_mul(at->x, nsde_add_real(nsde_square(at->accumulators), 1.0));
}

START_TEST(orders_see_what_is_not_coupled)
{
    market m;
    market_open(&m, NULL, "milstein");
    m.functional = (nsde_functional){.name = "uncoupled",
                                     .accumulators = 1,
                                     .normals = 1,
                                     .whole_steps = true, /* sums half as many numbers on the coarse path */
                                     .step = uncoupled_step,
                                     .value = uncoupled_value};
    const nsde_multilevel_result *r = market_study(&m, 5, 4000);
    ck_assert(r->beta[0] < 0.1 && worst_consistency(r, 0) < 1.0);
    market_close(&m);
}
END_TEST

/* ---- derivatives ---- */

/* Along fixed paths the derivative of the mean is the mean of derivatives. */
START_TEST(derivatives_are_those_of_the_sums)
{
    const char *const names[] = {"call", "asian", "geometric_asian", "lookback", "barrier", "digital"};
    for (size_t i = 0; i < 6; i++)
        for (size_t k = 0; k < 3; k++) {
            double by_hand[2], derivative = 0.0;
            const double steps[] = {1e-5, 1e-5, 1e-3};
            for (int side = 0; side < 3; side++) {
                market m;
                market_open(&m, names[i], "milstein");
                double *at = k == SPOT ? m.x0 : &m.parameters[k];
                *at += side == 0 ? -steps[k] : side == 1 ? steps[k] : 0.0;
                m.problem.n_derivatives = side == 2 ? 1 : 0;
                m.derivatives[0] = k;
                m.payoff.strike = i == 5 ? 100.0 : 60.0; /* no path near the kink */
                m.payoff.barrier = 40.0;
                const nsde_multilevel_result *r = market_study(&m, 4, 100);
                if (side < 2)
                    by_hand[side] = r->value[0];
                else
                    derivative = r->value[1];
                market_close(&m);
            }
            const double difference = (by_hand[1] - by_hand[0]) / (2.0 * steps[k]);
            check_relative(derivative, difference, 2e-5);
        }
}
END_TEST

START_TEST(greeks_of_the_call)
{
    const double exact[] = {10.450583572, 0.636830651, 37.5240346917, 53.2324815454 + 10.450583572};
    market m;
    market_open(&m, "call", "milstein");
    m.problem.n_derivatives = 3;
    m.derivatives[0] = SPOT;
    m.derivatives[1] = SIGMA;
    m.derivatives[2] = MU; /* the discount factor does not follow it */
    m.settings.target = SIZE_MAX;
    m.settings.coarsest = 2;
    market_create(&m);
    const nsde_multilevel_result *r;
    check_ok(nsde_multilevel_run(m.multilevel, 0.5, &r));
    ck_assert(r->n == 4 && r->end == NSDE_MULTILEVEL_REACHED);
    for (size_t k = 0; k < r->n; k++) {
        check_absolute(r->value[k], exact[k], 4.0 * r->std_error[k] + 2.0 * r->bias[k]);
        ck_assert(r->std_error[k] <= 0.5 * sqrt(0.5) * 1.02);
    }
    const double all = r->cost;
    market_close(&m);
    market_open(&m, "call", "milstein");
    m.problem.n_derivatives = 1;
    m.derivatives[0] = SPOT;
    m.settings.target = 1;
    market_create(&m);
    check_ok(nsde_multilevel_run(m.multilevel, 0.005, &r));
    check_absolute(r->value[1], exact[1], 4.0 * 0.005);
    ck_assert(r->std_error[1] <= 0.005 * sqrt(0.5) * 1.02 && r->std_error[0] > 0.02 && r->cost < all);
    market_close(&m);
}
END_TEST

/* Delta loses an order in the variance against the price: its integrand jumps. */
START_TEST(variances_of_derivatives_fall_more_slowly)
{
    const struct row {
        const char *scheme;
        double delta, vega;
    } rows[] = {{"euler_maruyama", 0.5, 0.8}, {"milstein", 1.1, 1.2}};
    for (size_t i = 0; i < 2; i++) {
        market m;
        market_open(&m, "call", rows[i].scheme);
        m.problem.n_derivatives = 2;
        m.derivatives[0] = SPOT;
        m.derivatives[1] = SIGMA;
        m.settings.coarsest = 16; /* levels 5 to 7 of those that begin with one step */
        const nsde_multilevel_result *r = market_study(&m, 4, i ? 100000 : 20000);
        check_absolute(r->beta[1], rows[i].delta, 0.3);
        check_absolute(r->beta[2], rows[i].vega, 0.3);
        market_close(&m);
    }
}
END_TEST

/* ---- targets ---- */

START_TEST(errors_over_repeats_are_within_the_target)
{
    enum { REPEATS = 100 };
    for (size_t i = 0; i < N_PRICES; i++) {
        market m;
        market_open(&m, prices[i].name, "milstein");
        market_create(&m);
        double squares = 0.0;
        const double epsilon = 0.1;
        for (uint64_t seed = 1000; seed < 1000 + REPEATS; seed++) {
            const nsde_multilevel_result *r;
            nsde_multilevel_set_seed(m.multilevel, seed);
            check_ok(nsde_multilevel_run(m.multilevel, epsilon, &r));
            ck_assert_int_eq(r->end, NSDE_MULTILEVEL_REACHED);
            squares += pow(r->value[0] - prices[i].value, 2.0);
        }
        const double error = sqrt(squares / REPEATS);
        ck_assert_msg(error < epsilon && error > 0.3 * epsilon, "%s: root mean square error %g",
                      prices[i].name, error);
        market_close(&m);
    }
}
END_TEST

START_TEST(cost_grows_with_the_square_of_accuracy)
{
    double cost[2], standard[2];
    market m;
    market_open(&m, "call", "milstein");
    market_create(&m);
    for (int i = 0; i < 2; i++) {
        const nsde_multilevel_result *r;
        check_ok(nsde_multilevel_run(m.multilevel, i ? 0.01 : 0.04, &r));
        cost[i] = r->cost;
        standard[i] = r->standard_cost[0];
        check_absolute(r->value[0], 10.450583572, 3.0 * (i ? 0.01 : 0.04));
    }
    ck_assert_msg(cost[1] / cost[0] < 20.0, "cost grows by %g", cost[1] / cost[0]);
    ck_assert_msg(standard[1] / standard[0] > 40.0 && standard[1] / cost[1] > 20.0,
                  "that of one level by %g, to %g times", standard[1] / standard[0], standard[1] / cost[1]);
    market_close(&m);
}
END_TEST

START_TEST(ends_are_told)
{
    market m;
    const nsde_multilevel_result *r;
    market_open(&m, "lookback", "euler_maruyama");
    m.settings.max_levels = 3;
    market_create(&m);
    check_ok(nsde_multilevel_run(m.multilevel, 0.05, &r));
    ck_assert(r->end == NSDE_MULTILEVEL_LEVELS && r->n_levels == 3 && r->bias[0] > 0.05 * sqrt(0.5));
    market_close(&m);
    market_open(&m, "call", "milstein");
    m.settings.max_samples = 2000;
    market_create(&m);
    check_ok(nsde_multilevel_run(m.multilevel, 0.05, &r));
    ck_assert(r->end == NSDE_MULTILEVEL_SAMPLES && r->levels[0].n_samples == 2000 && r->std_error[0] > 0.2);
    market_close(&m);
}
END_TEST

/* ---- threads, memory, mistakes ---- */

START_TEST(results_do_not_depend_on_threads)
{
    double expected[4] = {0.0};
    const int threads[] = {1, 2, 3, 7};
    for (size_t i = 0; i < 4; i++) {
        market m;
        const nsde_multilevel_result *r;
        market_open(&m, "lookback", "milstein");
        m.problem.n_derivatives = 1;
        m.derivatives[0] = SIGMA;
        m.settings.threads = threads[i];
        m.settings.first_samples = 3000;
        market_create(&m);
        check_ok(nsde_multilevel_run(m.multilevel, 0.2, &r));
        const double found[4] = {r->value[0], r->value[1], r->std_error[1], r->cost};
        if (i == 0)
            memcpy(expected, found, sizeof found);
        ck_assert(memcmp(expected, found, sizeof found) == 0);
        nsde_multilevel_set_seed(m.multilevel, 2);
        check_ok(nsde_multilevel_run(m.multilevel, 0.2, &r));
        ck_assert(r->value[0] != expected[0]);
        nsde_multilevel_set_seed(m.multilevel, 1); /* and back */
        check_ok(nsde_multilevel_run(m.multilevel, 0.2, &r));
        ck_assert(r->value[0] == expected[0]);
        market_close(&m);
    }
}
END_TEST

static void count_calls(void *context, double done, double all)
{
    ck_assert(done > 0.0 && done <= all);
    ++*(int *)context;
}

START_TEST(nothing_is_allocated_by_runs)
{
    market m;
    int calls = 0;
    const nsde_multilevel_result *r;
    nsde_romberg romberg[2];
    market_open(&m, "digital", "milstein");
    m.problem.n_derivatives = 1;
    m.derivatives[0] = SPOT;
    m.settings.progress = count_calls;
    m.settings.progress_context = &calls;
    market_create(&m);
    const size_t before = test_allocations();
    check_ok(nsde_multilevel_run(m.multilevel, 0.5, &r));
    check_ok(nsde_multilevel_study(m.multilevel, 4, 100, &r));
    check_ok(nsde_multilevel_romberg(m.multilevel, 2, 0.0, 100, romberg));
    ck_assert_uint_eq(test_allocations(), before);
    ck_assert(calls > 4);
    market_close(&m);
}
END_TEST

START_TEST(every_allocation_may_fail)
{
    for (size_t k = 1;; k++) {
        market m;
        market_open(&m, "lookback", "milstein");
        m.problem.n_derivatives = 1;
        m.settings.threads = 2;
        test_fail_allocation(k);
        const nsde_status status = nsde_multilevel_create(&m.problem, &m.settings, &m.multilevel);
        const bool failed = test_allocation_failed();
        test_fail_allocation(0);
        ck_assert(!failed || (status && !m.multilevel));
        market_close(&m);
        if (!failed) {
            ck_assert_int_eq(status, NSDE_OK);
            ck_assert_uint_gt(k, 20);
            break;
        }
    }
}
END_TEST

static nsde_status attempt(market *m)
{
    const nsde_status status = nsde_multilevel_create(&m->problem, &m->settings, &m->multilevel);
    ck_assert(!status || !m->multilevel);
    return status;
}

START_TEST(mistakes_are_named)
{
    market m;
    const nsde_multilevel_result *r;
    market_open(&m, "call", "milstein");
    check_refused(nsde_functional_find("put", &m.payoff, &m.functional), NSDE_NOT_FOUND, "geometric_asian");
#define REFUSED(field, value, part)                                                                          \
    do {                                                                                                     \
        market wrong = m;                                                                                    \
        wrong.problem.functional = &m.functional;                                                            \
        wrong.field = (value);                                                                               \
        check_refused(attempt(&wrong), NSDE_INVALID, part);                                                  \
    } while (0)
    REFUSED(settings.refinement, 1, "refinement = 1");
    REFUSED(settings.bias_share, NAN, "bias_share");
    REFUSED(settings.t1, -1.0, "t1 = -1");
    REFUSED(settings.refinement, 64, "max_levels = 16");
    REFUSED(settings.min_levels, 17, "min_levels = 17");
    REFUSED(settings.max_samples, 10, "first_samples = 1000");
    REFUSED(settings.target, 1, "target = 1 of 0");
    m.derivatives[0] = 3;
    REFUSED(problem.n_derivatives, 1, "number 3 of 2 parameters and 1 states");
    m.payoff.component = 1;
    check_refused(attempt(&m), NSDE_INVALID, "component 1 of a model with 1 states");
    m.payoff.component = 0;
    m.payoff.strike = NAN;
    check_refused(attempt(&m), NSDE_INVALID, "strike = nan");
    m.payoff.strike = 100.0;
    m.x0[0] = INFINITY;
    check_refused(attempt(&m), NSDE_INVALID, "x0[0] is inf");
    m.x0[0] = 100.0;
    market_create(&m);
    check_refused(nsde_multilevel_run(m.multilevel, 0.0, &r), NSDE_INVALID, "error of 0");
    check_refused(nsde_multilevel_study(m.multilevel, 17, 10, &r), NSDE_INVALID, "17 levels");
    market_close(&m);
}
END_TEST

START_TEST(what_leaves_the_finite_numbers_is_named)
{
    market m;
    const nsde_multilevel_result *r;
    nsde_loss loss;
    market_open(&m, NULL, "euler_maruyama");
    check_ok(nsde_loss_from_text("log(x - 100)", m.model, &loss));
    check_ok(nsde_functional_of_loss(&loss, &m.functional));
    market_create(&m);
    check_refused(nsde_multilevel_run(m.multilevel, 0.1, &r), NSDE_DIVERGED,
                  "model gbm, euler_maruyama: level 0 (1 steps), sample ");
    market_close(&m);
    nsde_loss_release_text(&loss);
}
END_TEST

void test_cases(TCase *cases)
{
    tcase_add_test(cases, samples_are_allocated_at_the_least_cost);
    tcase_add_test(cases, means_fall_with_the_weak_order);
    tcase_add_test(cases, variances_fall_with_the_orders_of_the_theory);
    tcase_add_test(cases, orders_see_what_is_not_coupled);
    tcase_add_test(cases, derivatives_are_those_of_the_sums);
    tcase_add_test(cases, greeks_of_the_call);
    tcase_add_test(cases, variances_of_derivatives_fall_more_slowly);
    tcase_add_test(cases, errors_over_repeats_are_within_the_target);
    tcase_add_test(cases, cost_grows_with_the_square_of_accuracy);
    tcase_add_test(cases, ends_are_told);
    tcase_add_test(cases, results_do_not_depend_on_threads);
    tcase_add_test(cases, nothing_is_allocated_by_runs);
    tcase_add_test(cases, every_allocation_may_fail);
    tcase_add_test(cases, mistakes_are_named);
    tcase_add_test(cases, what_leaves_the_finite_numbers_is_named);
}
