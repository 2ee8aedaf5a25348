/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdlib.h>

#include "harness.h"
#include "nsde/simulate.h"
#include "problems/problems.h"

static nsde_model *model_of(const char *name)
{
    nsde_model *model;
    check_ok(nsde_model_open(name, &model));
    return model;
}

static nsde_simulation *run(const char *name, const double *p, double x0,
                            const nsde_simulate_settings *settings)
{
    nsde_model *model = model_of(name);
    nsde_simulation *simulation;
    check_ok(nsde_simulate(model, p, &x0, settings, &simulation));
    nsde_model_destroy(model);
    return simulation;
}

/* No random numbers: any slip in the algebra shows. */
START_TEST(euler_maruyama_on_a_given_path)
{
    nsde_brownian *noise;
    check_ok(nsde_brownian_stored(1, 4, 1, 0.25, path0_dW, &noise));
    nsde_simulate_settings settings = nsde_simulate_settings_default();
    settings.steps = 4;
    settings.noise = noise;
    nsde_simulation *simulation = run("gbm", gbm0_parameters, gbm0_x0, &settings);
    check_relative(*nsde_simulation_row(simulation, 1, 0), path0_euler_maruyama, 1e-14);
    nsde_simulation_destroy(simulation);
    nsde_brownian_destroy(noise);
}
END_TEST

START_TEST(results_do_not_depend_on_threads_or_batches)
{
    const double p[] = {0.7, 0.3, 0.2};
    nsde_simulate_settings settings = nsde_simulate_settings_default();
    settings.paths = 2385;
    settings.steps = 37;
    settings.save_every = 10;
    settings.threads = 1;
    settings.seed = 5;
    nsde_simulation *whole = run("cir", p, 0.25, &settings);
    ck_assert_uint_eq(whole->n_times, 5);
    const size_t bytes = whole->n_times * whole->n_paths * sizeof(double);
    for (int threads = 2; threads <= 7; threads += threads == 2 ? 1 : 4) {
        settings.threads = threads;
        nsde_simulation *again = run("cir", p, 0.25, &settings);
        ck_assert_mem_eq(again->states, whole->states, bytes);
        nsde_simulation_destroy(again);
    }
    const size_t widths[] = {1, 64, 1000};
    for (int w = 0; w < 3; w++) {
        settings.paths = widths[w];
        settings.first_path = 1201;
        nsde_simulation *part = run("cir", p, 0.25, &settings);
        for (size_t time = 0; time < part->n_times; time++)
            ck_assert_mem_eq(nsde_simulation_row(part, time, 0), nsde_simulation_row(whole, time, 0) + 1201,
                             widths[w] * sizeof(double));
        nsde_simulation_destroy(part);
    }
    settings.paths = 2385;
    settings.first_path = 0;
    settings.seed = 6;
    nsde_simulation *other = run("cir", p, 0.25, &settings);
    ck_assert_mem_ne(other->states, whole->states, bytes);
    nsde_simulation_destroy(other);
    nsde_simulation_destroy(whole);
}
END_TEST

START_TEST(the_last_time_is_the_end_and_saving_changes_nothing)
{
    const double p[] = {0.5, 0.2, 0.1};
    nsde_simulate_settings settings = nsde_simulate_settings_default();
    settings.t1 = 2.3;
    settings.steps = 230;
    settings.paths = 3;
    nsde_simulation *ends = run("ou", p, 1.0, &settings);
    settings.save_every = 7;
    nsde_simulation *many = run("ou", p, 1.0, &settings);
    ck_assert(ends->n_times == 2 && ends->times[1] == 2.3 && many->times[many->n_times - 1] == 2.3);
    for (size_t i = 1; i < many->n_times; i++)
        ck_assert(many->times[i] > many->times[i - 1]);
    ck_assert_mem_eq(nsde_simulation_row(ends, 1, 0), nsde_simulation_row(many, many->n_times - 1, 0),
                     3 * sizeof(double));
    nsde_simulation_destroy(ends);
    nsde_simulation_destroy(many);
}
END_TEST

/* dX = -(1 + X)(1 - X^2) dt + (1 - X^2) dW: solutions stay within (-1, 1), but the scheme leaves and
 * explodes. */
static nsde_var explosive_drift(const nsde_at *at)
{
    const nsde_var one = nsde_real(at->tape, 1.0), well = nsde_sub(one, nsde_square(at->x));
    return nsde_neg(nsde_mul(nsde_add(one, at->x), well));
}

static nsde_var explosive_diffusion(const nsde_at *at)
{
    return nsde_sub(nsde_real(at->tape, 1.0), nsde_square(at->x));
}

static const nsde_model_definition explosive = {.name = "explosive",
                                                .dim = 1,
                                                .noise = NSDE_NOISE_DIAGONAL,
                                                .drift = explosive_drift,
                                                .diffusion = explosive_diffusion};

START_TEST(a_path_that_explodes_is_named_or_dropped)
{
    const double x0 = 0.5;
    nsde_model *model;
    check_ok(nsde_model_create(&explosive, &model));
    nsde_simulate_settings settings = nsde_simulate_settings_default();
    settings.t1 = 64.0;
    settings.steps = 1024;
    settings.paths = 4000;
    settings.seed = 77;
    nsde_simulation *simulation;
    check_refused(nsde_simulate(model, NULL, &x0, &settings, &simulation), NSDE_DIVERGED, "seed 77");
    ck_assert_ptr_null(simulation);
    size_t path = 0, step = 0;
    ck_assert_int_eq(sscanf(strstr(nsde_error_message(), "path "),
                            "path %zu left the finite numbers at step %zu", &path, &step),
                     2);
    char message[1024];
    snprintf(message, sizeof message, "%s", nsde_error_message());
    settings.threads = 1;
    check_refused(nsde_simulate(model, NULL, &x0, &settings, &simulation), NSDE_DIVERGED, message);

    settings.on_failure = NSDE_DROP;
    check_ok(nsde_simulate(model, NULL, &x0, &settings, &simulation));
    ck_assert(simulation->n_failed > 0 && simulation->n_failed < settings.paths);
    ck_assert_uint_eq(simulation->failed_step[path], step);
    size_t failed = 0;
    for (size_t i = 0; i < settings.paths; i++) {
        failed += simulation->failed_step[i] != 0;
        ck_assert(!isfinite(nsde_simulation_row(simulation, 1, 0)[i]) == (simulation->failed_step[i] != 0));
    }
    ck_assert_uint_eq(failed, simulation->n_failed);
    double mean;
    nsde_simulation_moments(simulation, 1, 0, &mean, NULL, NULL);
    ck_assert(isfinite(mean));

    settings.first_path = path; /* the replay the message speaks of */
    settings.paths = 1;
    settings.on_failure = NSDE_STOP;
    nsde_simulation *replay;
    check_refused(nsde_simulate(model, NULL, &x0, &settings, &replay), NSDE_DIVERGED, "at step");
    size_t replayed = 0;
    sscanf(strstr(nsde_error_message(), "at step "), "at step %zu", &replayed);
    ck_assert_uint_eq(replayed, step);
    nsde_simulation_destroy(simulation);
    nsde_model_destroy(model);
}
END_TEST

START_TEST(bad_input_is_refused_with_its_name)
{
    const double good[] = {0.5, 0.2, 0.1}, negative[] = {0.5, 0.2, -0.1}, nan_p[] = {NAN, 0.2, 0.1};
    double x0 = 1.0, infinite = INFINITY;
    nsde_model *model = model_of("ou");
    nsde_simulate_settings settings = nsde_simulate_settings_default();
    nsde_simulation *s = (nsde_simulation *)&x0;
    check_refused(nsde_simulate(model, negative, &x0, &settings, &s), NSDE_INVALID, "sigma = -0.1");
    ck_assert_ptr_null(s);
    check_refused(nsde_simulate(model, nan_p, &x0, &settings, &s), NSDE_INVALID, "kappa");
    check_refused(nsde_simulate(model, NULL, &x0, &settings, &s), NSDE_INVALID, "parameters");
    check_refused(nsde_simulate(model, good, NULL, &settings, &s), NSDE_INVALID, "initial");
    check_refused(nsde_simulate(NULL, good, &x0, &settings, &s), NSDE_INVALID, "model");
    check_refused(nsde_simulate(model, good, &infinite, &settings, &s), NSDE_INVALID, "x0[0] is inf");
    check_refused(nsde_simulate(model, good, &x0, &settings, NULL), NSDE_INVALID, "NULL");
#define REFUSED(field, value, part)                                                                          \
    do {                                                                                                     \
        nsde_simulate_settings wrong = settings;                                                             \
        wrong.field = value;                                                                                 \
        check_refused(nsde_simulate(model, good, &x0, &wrong, &s), NSDE_INVALID, part);                      \
    } while (0)
    REFUSED(paths, 0, "paths = 0");
    REFUSED(steps, 0, "steps = 0");
    REFUSED(t1, 0.0, "t1 = 0");
    REFUSED(t1, NAN, "t1 = nan");
    REFUSED(t0, 2.0, "t1 = 1 is not after t0 = 2");
    REFUSED(threads, -1, "threads = -1");
#undef REFUSED
    settings.paths = SIZE_MAX / 8;
    check_refused(nsde_simulate(model, good, &x0, &settings, &s), NSDE_OVERFLOW, "overflow");
    nsde_model *unknown;
    check_refused(nsde_model_open("ouu", &unknown), NSDE_NOT_FOUND, "ou, cir, gbm, ckls, ou_2d");
    nsde_model_destroy(model);
}
END_TEST

START_TEST(quantiles_of_known_numbers)
{
    double states[2][5] = {{0}, {5.0, 1.0, NAN, 3.0, 2.0}}, times[2] = {0.0, 1.0}, q[3];
    size_t failed[5] = {0, 0, 1, 0, 0};
    const nsde_simulation simulation = {.n_times = 2,
                                        .dim = 1,
                                        .n_paths = 5,
                                        .times = times,
                                        .states = &states[0][0],
                                        .n_failed = 1,
                                        .failed_step = failed};
    check_ok(nsde_simulation_quantiles(&simulation, 1, 0, 3, (double[]){0.0, 0.5, 1.0}, q));
    ck_assert(q[0] == 1.0 && q[1] == 2.5 && q[2] == 5.0);
    check_refused(nsde_simulation_quantiles(&simulation, 1, 0, 1, (double[]){1.5}, q), NSDE_INVALID, "1.5");
}
END_TEST

void test_cases(TCase *cases)
{
    tcase_add_test(cases, euler_maruyama_on_a_given_path);
    tcase_add_test(cases, results_do_not_depend_on_threads_or_batches);
    tcase_add_test(cases, the_last_time_is_the_end_and_saving_changes_nothing);
    tcase_add_test(cases, a_path_that_explodes_is_named_or_dropped);
    tcase_add_test(cases, bad_input_is_refused_with_its_name);
    tcase_add_test(cases, quantiles_of_known_numbers);
}
