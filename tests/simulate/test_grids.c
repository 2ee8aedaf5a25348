/* Steps of lengths of their own, and states at times between equal steps.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <gsl/gsl_rng.h>

#include "harness.h"
#include "nsde/estimate.h"
#include "nsde/simulate.h"
#include "problems/problems.h"

enum { STEPS = 9 };
static const double uneven[STEPS + 1] = {0.0, 0.013, 0.1, 0.11, 0.37, 0.52, 0.5201, 0.8, 0.93, 1.0};

static nsde_model *model_of(const char *name)
{
    nsde_model *model;
    check_ok(nsde_model_open(name, &model));
    return model;
}

static const nsde_integrator *method(const char *name)
{
    const nsde_integrator *integrator;
    check_ok(nsde_integrator_find(name, &integrator));
    return integrator;
}

static nsde_simulation *run_gbm(const nsde_simulate_settings *settings)
{
    nsde_model *model = model_of("gbm");
    nsde_simulation *simulation;
    check_ok(nsde_simulate(model, gbm0_parameters, &gbm0_x0, settings, &simulation));
    nsde_model_destroy(model);
    return simulation;
}

static nsde_simulate_settings on_uneven(const char *integrator, size_t paths)
{
    nsde_simulate_settings settings = nsde_simulate_settings_default();
    settings.steps = STEPS;
    settings.times = uneven;
    settings.save_every = 1;
    settings.paths = paths;
    settings.integrator = method(integrator);
    return settings;
}

START_TEST(equal_times_are_equal_steps)
{
    double times[65];
    nsde_brownian *tree;
    for (int k = 0; k <= 64; k++)
        times[k] = k / 64.0;
    check_ok(nsde_brownian_tree(7, 1, 0.0, 1.0, 1e-3, &tree));
    nsde_simulate_settings settings = nsde_simulate_settings_default();
    settings.steps = 64;
    settings.paths = 300;
    settings.save_every = 5;
    for (int i = 0; i < 2; i++, settings.noise = tree) {
        settings.times = NULL;
        nsde_simulation *equal = run_gbm(&settings);
        settings.times = times;
        nsde_simulation *given = run_gbm(&settings);
        ck_assert_uint_eq(given->n_times, equal->n_times);
        ck_assert_mem_eq(given->times, equal->times, equal->n_times * sizeof(double));
        ck_assert_mem_eq(given->states, equal->states, equal->n_times * 300 * sizeof(double));
        times[3] += 1e-3; /* the control: the times are used */
        nsde_simulation *other = run_gbm(&settings);
        ck_assert_mem_ne(other->states, equal->states, equal->n_times * 300 * sizeof(double));
        times[3] -= 1e-3;
        nsde_simulation_destroy(equal);
        nsde_simulation_destroy(given);
        nsde_simulation_destroy(other);
    }
    nsde_brownian_destroy(tree);
}
END_TEST

/* The exact scheme ends at the solution of the path, whatever the steps. */
START_TEST(a_tree_is_asked_for_the_intervals_of_the_steps)
{
    enum { PATHS = 100 };
    double W[PATHS];
    nsde_brownian *tree;
    check_ok(nsde_brownian_tree(7, 1, 0.0, 1.0, 1e-6, &tree));
    nsde_simulate_settings settings = on_uneven("exact", PATHS);
    settings.noise = tree;
    nsde_simulation *s = run_gbm(&settings);
    ck_assert_uint_eq(s->n_times, STEPS + 1);
    ck_assert_mem_eq(s->times, uneven, sizeof uneven);
    for (size_t k = 1; k <= STEPS; k++) {
        check_ok(nsde_brownian_interval(tree, NSDE_INCREMENTS, 0.0, uneven[k], 0, PATHS, PATHS, W));
        for (size_t i = 0; i < PATHS; i++) {
            const double rate = gbm0_parameters[0] - 0.5 * gbm0_parameters[1] * gbm0_parameters[1];
            check_relative(nsde_simulation_row(s, k, 0)[i],
                           gbm0_x0 * exp(rate * uneven[k] + gbm0_parameters[1] * W[i]), 1e-12);
        }
    }
    nsde_simulation_destroy(s);
    nsde_brownian_destroy(tree);
}
END_TEST

/* Of a grid, every step has the variance of its own length: log X is normal, with known moments. */
START_TEST(a_grid_scales_each_step)
{
    enum { PATHS = 20000 };
    nsde_simulate_settings settings = on_uneven("exact", PATHS);
    nsde_simulation *s = run_gbm(&settings);
    for (size_t k = 1; k <= STEPS; k++) {
        const double h = uneven[k] - uneven[k - 1], sigma = gbm0_parameters[1];
        double sum = 0.0, squares = 0.0;
        for (size_t i = 0; i < PATHS; i++) {
            const double ratio = nsde_simulation_row(s, k, 0)[i] / nsde_simulation_row(s, k - 1, 0)[i];
            const double z =
                (log(ratio) - (gbm0_parameters[0] - 0.5 * sigma * sigma) * h) / (sigma * sqrt(h));
            sum += z;
            squares += z * z;
        }
        check_absolute(sum / PATHS, 0.0, 5.0 / sqrt(PATHS));
        check_absolute(squares / PATHS, 1.0, 5.0 * sqrt(2.0 / PATHS));
    }
    nsde_simulation_destroy(s);
}
END_TEST

START_TEST(pairs_and_correlations_of_a_tree_keep_its_intervals)
{
    enum { PATHS = 38 };
    const double matrix[] = {4.0};
    nsde_brownian *tree, *pairs, *twice;
    double W[PATHS], V[PATHS], U[PATHS];
    check_ok(nsde_brownian_tree(7, 1, 0.0, 1.0, 1e-6, &tree));
    check_ok(nsde_brownian_antithetic(tree, &pairs));
    check_ok(nsde_brownian_correlate(tree, matrix, &twice));
    check_ok(nsde_brownian_interval(tree, NSDE_INCREMENTS, 0.3, 0.31, 0, PATHS, PATHS, W));
    check_ok(nsde_brownian_interval(pairs, NSDE_INCREMENTS, 0.3, 0.31, 3, PATHS - 3, PATHS, V));
    check_ok(nsde_brownian_interval(twice, NSDE_INCREMENTS, 0.3, 0.31, 0, PATHS, PATHS, U));
    for (size_t i = 0; i < PATHS; i++)
        ck_assert(U[i] == 2.0 * W[i]);
    for (size_t i = 3; i < PATHS; i++)
        ck_assert(V[i - 3] == (i % 2 ? -W[i / 2] : W[i / 2]));
    nsde_brownian_destroy(twice);
    nsde_brownian_destroy(pairs);
    nsde_brownian_destroy(tree);
}
END_TEST

START_TEST(noise_of_equal_steps_is_refused)
{
    double dW[STEPS] = {0.0};
    nsde_brownian *stored, *grid, *coarse;
    nsde_model *model = model_of("gbm");
    nsde_simulation *s;
    check_ok(nsde_brownian_stored(1, STEPS, 1, 0.1, dW, &stored));
    check_ok(nsde_brownian_grid(3, 1, &grid));
    check_ok(nsde_brownian_coarsen(grid, 2, &coarse));
    nsde_simulate_settings settings = on_uneven("milstein", 1);
    settings.noise = stored;
    check_refused(nsde_simulate(model, gbm0_parameters, &gbm0_x0, &settings, &s), NSDE_UNSUPPORTED,
                  "not stored or coarse");
    settings.noise = coarse;
    check_refused(nsde_simulate(model, gbm0_parameters, &gbm0_x0, &settings, &s), NSDE_UNSUPPORTED,
                  "not stored or coarse");
    ck_assert_ptr_null(s);
    double wrong[STEPS + 1];
    memcpy(wrong, uneven, sizeof wrong);
    settings.noise = grid;
    settings.times = wrong;
    wrong[4] = wrong[3];
    check_refused(nsde_simulate(model, gbm0_parameters, &gbm0_x0, &settings, &s), NSDE_INVALID,
                  "time 4 of the 9 steps is 0.11");
    wrong[4] = NAN;
    check_refused(nsde_simulate(model, gbm0_parameters, &gbm0_x0, &settings, &s), NSDE_INVALID, "nan");
    nsde_model_destroy(model);
    nsde_brownian_destroy(coarse);
    nsde_brownian_destroy(grid);
    nsde_brownian_destroy(stored);
}
END_TEST

/* ---- observation times ---- */

static const double observe[] = {0.1, 0.25, 0.2503, 1.0};
enum { OBSERVED = sizeof observe / sizeof *observe };

START_TEST(steps_land_on_observation_times)
{
    nsde_step_times *t;
    check_ok(nsde_step_times_create(0.0, 0.01, OBSERVED, observe, &t));
    ck_assert_uint_eq(t->steps, 10 + 15 + 1 + 75);
    ck_assert(t->times[0] == 0.0 && t->n_observed == OBSERVED);
    for (size_t k = 0; k < t->steps; k++)
        ck_assert(t->times[k + 1] > t->times[k] && t->times[k + 1] - t->times[k] <= 0.01 * (1.0 + 1e-9));
    for (size_t i = 0; i < OBSERVED; i++)
        ck_assert(t->times[t->observed[i]] == observe[i]);
    nsde_step_times_destroy(t);
    check_ok(nsde_step_times_create(0.1, 0.4, OBSERVED, observe, &t)); /* from the first on */
    ck_assert_uint_eq(t->steps, 1 + 1 + 2);
    ck_assert_uint_eq(t->observed[0], 0);
    nsde_step_times_destroy(t);
    check_refused(nsde_step_times_create(0.2, 0.4, OBSERVED, observe, &t), NSDE_INVALID, "from t0 = 0.2 on");
    check_refused(nsde_step_times_create(0.1, 0.4, 1, observe, &t), NSDE_INVALID, "not after t0");
    check_refused(nsde_step_times_create(0.0, 0.0, 1, observe, &t), NSDE_INVALID, "no longer than 0");
    check_refused(nsde_step_times_create(0.0, 1e-300, 1, observe, &t), NSDE_OVERFLOW, "too many");
    ck_assert_ptr_null(t);
    check_refused(nsde_step_times_create(0.0, 0.1, 0, NULL, &t), NSDE_INVALID, "observation times");
}
END_TEST

START_TEST(states_are_those_of_the_steps_that_land)
{
    nsde_step_times *t;
    nsde_simulate_settings settings = nsde_simulate_settings_default();
    settings.paths = 200;
    settings.integrator = method("milstein");
    settings.observe_times = observe;
    settings.n_observe = OBSERVED;
    nsde_simulation *s = run_gbm(&settings);
    ck_assert_uint_eq(s->n_times, OBSERVED);
    ck_assert_mem_eq(s->times, observe, sizeof observe);
    check_ok(nsde_step_times_create(0.0, 0.01, OBSERVED, observe, &t));
    settings.times = t->times;
    settings.steps = t->steps;
    nsde_simulation *among = run_gbm(&settings); /* among given times */
    ck_assert_mem_eq(among->times, observe, sizeof observe);
    ck_assert_mem_eq(among->states, s->states, OBSERVED * 200 * sizeof(double));
    settings.observe_times = NULL;
    settings.n_observe = 0;
    settings.save_every = 1;
    nsde_simulation *all = run_gbm(&settings);
    for (size_t i = 0; i < OBSERVED; i++)
        ck_assert_mem_eq(nsde_simulation_row(all, t->observed[i], 0), nsde_simulation_row(s, i, 0),
                         200 * sizeof(double));
    nsde_simulation_destroy(all);
    nsde_simulation_destroy(among);
    nsde_simulation_destroy(s);
    nsde_step_times_destroy(t);
}
END_TEST

START_TEST(observation_times_that_will_not_do_are_named)
{
    const double falling[] = {0.5, 0.4}, late[] = {0.5, 1.5}, beside[] = {0.1, 0.2};
    nsde_model *model = model_of("gbm");
    nsde_simulation *s;
    nsde_simulate_settings settings = nsde_simulate_settings_default();
    const struct {
        const double *at, *times;
        size_t n;
        const char *part;
    } wrong[] = {{falling, NULL, 2, "observation time 1 is 0.4"},
                 {late, NULL, 2, "after t1 = 1"},
                 {beside, uneven, 2, "observation time 1, 0.2"},
                 {NULL, NULL, 3, "observe_times is NULL"},
                 {late, NULL, 0, "n_observe = 0"}};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        settings.observe_times = wrong[i].at;
        settings.n_observe = wrong[i].n;
        settings.times = wrong[i].times;
        settings.steps = STEPS;
        check_refused(nsde_simulate(model, gbm0_parameters, &gbm0_x0, &settings, &s), NSDE_INVALID,
                      wrong[i].part);
        ck_assert_ptr_null(s);
    }
    nsde_model_destroy(model);
}
END_TEST

/* ---- gradients ---- */

static nsde_var end_squared(const nsde_loss_at *at)
{
    nsde_var sum = nsde_real(at->tape, 0.0);
    for (size_t k = 0; k < at->n_times; k++)
        sum = nsde_add(sum, nsde_square(nsde_loss_state(at, k)));
    return sum;
}

static const size_t looks[] = {4, STEPS};

START_TEST(gradients_on_uneven_steps_agree_with_differences)
{
    static const char *const estimators[] = {"forward", "differences", "mixed"};
    nsde_model *model = model_of("cir");
    nsde_brownian *tree;
    const double p[] = {0.7, 0.3, 0.2}, x0 = 0.25;
    const nsde_loss loss = {.record = end_squared};
    const nsde_estimate_problem problem = {model, &loss, p, &x0};
    check_ok(nsde_brownian_tree(7, 1, 0.0, 1.0, 1e-6, &tree));
    nsde_gradient_settings settings = nsde_gradient_settings_default();
    settings.steps = STEPS;
    settings.times = uneven;
    settings.paths = 90;
    settings.observe = looks;
    settings.n_observe = 2;
    for (int i = 0; i < 2; i++, settings.noise = tree)
        for (settings.keep = NSDE_KEEP_ROWS; settings.keep <= NSDE_KEEP_BINOMIAL; settings.keep++)
            check_ok(nsde_gradient_check(&problem, &settings, 0.0, NULL));
    double gradient[3];
    nsde_gradient *engine;
    double copied[STEPS + 1];
    memcpy(copied, uneven, sizeof copied);
    settings.times = copied;
    settings.keep = NSDE_KEEP_AUTO;
    check_ok(nsde_gradient_create(model, &loss, &settings, &engine));
    memset(copied, 0, sizeof copied);
    check_ok(nsde_gradient_evaluate(engine, &(nsde_gradient_point){.parameters = p, .x0 = &x0},
                                    &(nsde_gradient_result){.parameters = gradient}));
    nsde_gradient_destroy(engine);
    settings.times = uneven;
    for (int i = 0; i < 3; i++) {
        const nsde_estimator *estimator;
        nsde_gradient_estimate *estimate;
        check_ok(nsde_estimator_find(estimators[i], &estimator));
        check_ok(
            nsde_estimate_run(estimator, &problem, &(nsde_estimate_settings){.run = settings}, &estimate));
        for (int k = 0; k < 3; k++)
            check_relative(estimate->value[k], gradient[k], i == 1 ? 1e-6 : 1e-10);
        nsde_estimate_destroy(estimate);
    }
    nsde_brownian_destroy(tree);
    nsde_model_destroy(model);
}
END_TEST

void test_cases(TCase *cases)
{
    tcase_add_test(cases, equal_times_are_equal_steps);
    tcase_add_test(cases, a_tree_is_asked_for_the_intervals_of_the_steps);
    tcase_add_test(cases, a_grid_scales_each_step);
    tcase_add_test(cases, pairs_and_correlations_of_a_tree_keep_its_intervals);
    tcase_add_test(cases, noise_of_equal_steps_is_refused);
    tcase_add_test(cases, steps_land_on_observation_times);
    tcase_add_test(cases, states_are_those_of_the_steps_that_land);
    tcase_add_test(cases, observation_times_that_will_not_do_are_named);
    tcase_add_test(cases, gradients_on_uneven_steps_agree_with_differences);
}
