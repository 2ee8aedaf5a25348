/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>
#include <stdlib.h>

#include "gradient/schedule.h"
#include "harness.h"
#include "nsde/gradient.h"
#include "nsde/neural.h"
#include "problems/problems.h"

static nsde_var end_value(const nsde_loss_at *at)
{
    return nsde_row(nsde_loss_state(at, at->n_times - 1), 0);
}

static nsde_var squared_distance(const nsde_loss_at *at)
{
    nsde_var sum = nsde_real(at->tape, 0.0);
    for (size_t k = 0; k < at->n_times; k++)
        sum = nsde_add(sum, nsde_sum(nsde_square(nsde_sub(nsde_loss_state(at, k), nsde_row(at->data, k)))));
    return sum;
}

/* No random numbers: derivatives of the last state on the four given increments. */
START_TEST(derivatives_along_a_given_path)
{
    nsde_model *model;
    nsde_brownian *noise;
    nsde_gradient *engine;
    const nsde_loss loss = {.record = end_value};
    nsde_gradient_settings settings = nsde_gradient_settings_default();
    check_ok(nsde_model_open("gbm", &model));
    check_ok(nsde_brownian_stored(1, 4, 1, 0.25, path0_dW, &noise));
    settings.steps = 4;
    settings.paths = 1;
    settings.noise = noise;
    check_ok(nsde_gradient_create(model, &loss, &settings, &engine));
    double value, p[2], x0;
    check_ok(nsde_gradient_evaluate(engine,
                                    &(nsde_gradient_point){.parameters = gbm0_parameters, .x0 = &gbm0_x0},
                                    &(nsde_gradient_result){.loss = &value, .parameters = p, .x0 = &x0}));
    check_relative(value, path0_euler_maruyama, 1e-14);
    check_relative(x0, 3.499459495655062, 1e-13);
    check_relative(p[0], 1.294487632125, 1e-13);
    check_relative(p[1], 0.5902712119125, 1e-13);
    nsde_gradient_destroy(engine);
    nsde_brownian_destroy(noise);
    nsde_model_destroy(model);
}
END_TEST

/* ---- a neural model of two states ---- */

enum { PATHS = 150, STEPS = 23, TIMES = 3 };
static const size_t observe[TIMES] = {5, 6, STEPS};
static const double targets[TIMES] = {0.2, -0.3, 0.1}, x0[2] = {0.4, -0.2};

typedef struct neural {
    nsde_model *model;
    double *weights;
    size_t n;
} neural;

static neural create(const char *drift, bool full, nsde_output_map map)
{
    const nsde_neural_settings settings = {
        .dim = 2, .drift = drift, .diffusion = "mlp:5", .full = full, .map = map, .floor = 0.01};
    neural m;
    gsl_rng *rng = gsl_rng_alloc(nsde_rng_philox);
    gsl_rng_set(rng, 2385);
    check_ok(nsde_neural_create(&settings, &m.model));
    m.n = nsde_model_describe(m.model)->n_parameters;
    m.weights = malloc(m.n * sizeof *m.weights);
    check_ok(nsde_neural_initialise(m.model, NSDE_INIT_GLOROT, rng, m.weights));
    for (size_t i = 0; i < m.n; i++) /* biases too */
        m.weights[i] += 0.2 * (gsl_rng_uniform(rng) - 0.5);
    gsl_rng_free(rng);
    return m;
}

static void destroy(neural *m)
{
    nsde_model_destroy(m->model);
    free(m->weights);
}

static nsde_gradient_settings standard(void)
{
    nsde_gradient_settings settings = nsde_gradient_settings_default();
    settings.steps = STEPS;
    settings.paths = PATHS;
    settings.observe = observe;
    settings.n_observe = TIMES;
    settings.seed = 99;
    return settings;
}

static const nsde_loss distance = {.record = squared_distance, .data = targets, .n_data = TIMES};

/* Loss and gradient [n + 2]: weights, then initial states. */
static double evaluate(const neural *m, const nsde_loss *loss, const nsde_gradient_settings *settings,
                       double *gradient)
{
    nsde_gradient *engine;
    double value;
    check_ok(nsde_gradient_create(m->model, loss, settings, &engine));
    check_ok(nsde_gradient_evaluate(engine, &(nsde_gradient_point){.parameters = m->weights, .x0 = x0},
                                    &(nsde_gradient_result){.loss = &value,
                                                            .parameters = gradient,
                                                            .x0 = gradient ? gradient + m->n : NULL}));
    nsde_gradient_destroy(engine);
    return value;
}

static void check_against_differences(neural *m, double h, double tolerance)
{
    const nsde_gradient_settings settings = standard();
    double *gradient = malloc((m->n + 2) * sizeof *gradient), norm = 0.0;
    evaluate(m, &distance, &settings, gradient);
    nsde_gradient *engine;
    check_ok(nsde_gradient_create(m->model, &distance, &settings, &engine));
    for (size_t i = 0; i < m->n; i++)
        norm = fmax(norm, fabs(gradient[i]));
    for (size_t i = 0; i < m->n; i++) {
        const double before = m->weights[i];
        double difference = 0.0;
        /* fourth-order central differences */
        const double at[] = {-2.0, -1.0, 1.0, 2.0}, by[] = {1.0, -8.0, 8.0, -1.0};
        for (int k = 0; k < 4; k++) {
            double value;
            m->weights[i] = before + at[k] * h;
            check_ok(nsde_gradient_evaluate(engine,
                                            &(nsde_gradient_point){.parameters = m->weights, .x0 = x0},
                                            &(nsde_gradient_result){.loss = &value}));
            difference += by[k] * value / (12.0 * h);
        }
        m->weights[i] = before;
        check_close_floor(gradient[i], difference, tolerance, 1e-2 * norm);
    }
    nsde_gradient_destroy(engine);
    free(gradient);
}

START_TEST(all_weights_against_differences_on_frozen_noise)
{
    const char *const drifts[] = {"mlp:6,4",          "mlp:6,4:silu",    "mlp:6,4:lipswish",
                                  "mlp:6,4:softplus", "mlp:6,4:sigmoid", "mlp:6:identity"};
    for (size_t k = 0; k < sizeof drifts / sizeof *drifts; k++) {
        neural m = create(drifts[k], k == 1, k == 2 ? NSDE_OUTPUT_EXP : NSDE_OUTPUT_SOFTPLUS);
        check_against_differences(&m, 1e-3, 1e-8);
        destroy(&m);
    }
    neural m = create("mlp:6,4:relu", false,
                      NSDE_OUTPUT_SOFTPLUS); /* few units cross their kink on so small a step */
    check_against_differences(&m, 1e-6, 1e-6);
    destroy(&m);
}
END_TEST

/* Single precision against double, which the differences above vouch for. */
START_TEST(single_precision_is_near_double)
{
    const char *const drifts[] = {"mlp:6,4",      "mlp:6,4:silu",    "mlp:6,4:lipswish", "mlp:6,4:softplus",
                                  "mlp:6,4:relu", "mlp:6,4:sigmoid", "mlp:6:identity"};
    for (size_t k = 0; k < sizeof drifts / sizeof *drifts; k++) {
        neural m = create(drifts[k], k == 1, k == 2 ? NSDE_OUTPUT_EXP : NSDE_OUTPUT_SOFTPLUS);
        double *exact = malloc((m.n + 2) * sizeof *exact), *single = malloc((m.n + 2) * sizeof *single);
        double *other = malloc((m.n + 2) * sizeof *other), gap = 0.0, norm = 0.0;
        nsde_gradient_settings settings = standard();
        const double value = evaluate(&m, &distance, &settings, exact);
        settings.precision = NSDE_SINGLE;
        settings.keep = NSDE_KEEP_ROWS;
        settings.threads = 1;
        const double near = evaluate(&m, &distance, &settings, single);
        check_relative(near, value, 1e-5);
        ck_assert(near != value); /* it is another computation */
        for (size_t i = 0; i < m.n + 2; i++) {
            gap += (single[i] - exact[i]) * (single[i] - exact[i]);
            norm += exact[i] * exact[i];
        }
        ck_assert_msg(sqrt(gap / norm) < 1e-5, "%s: %g", drifts[k], sqrt(gap / norm));
        for (int keep = NSDE_KEEP_STATES; keep <= NSDE_KEEP_BINOMIAL; keep++) {
            settings.keep = (nsde_keep)keep;
            settings.threads = keep;
            ck_assert(evaluate(&m, &distance, &settings, other) == near);
            ck_assert_mem_eq(single, other, (m.n + 2) * sizeof *single);
        }
        free(exact);
        free(single);
        free(other);
        destroy(&m);
    }
}
END_TEST

START_TEST(policies_and_threads_give_the_same_bits)
{
    neural m = create("mlp:7,7", false, NSDE_OUTPUT_SOFTPLUS);
    double *first = malloc((m.n + 2) * sizeof *first), *other = malloc((m.n + 2) * sizeof *other);
    nsde_gradient_settings settings = standard();
    settings.paths = 2000;
    settings.keep = NSDE_KEEP_ROWS;
    settings.threads = 1;
    const double value = evaluate(&m, &distance, &settings, first);
    const struct {
        nsde_keep keep;
        size_t snapshots;
        int threads;
    } others[] = {{NSDE_KEEP_STATES, 0, 1},    {NSDE_KEEP_BINOMIAL, 1, 1}, {NSDE_KEEP_BINOMIAL, 3, 2},
                  {NSDE_KEEP_BINOMIAL, 20, 1}, {NSDE_KEEP_BINOMIAL, 0, 3}, {NSDE_KEEP_BINOMIAL, STEPS, 1},
                  {NSDE_KEEP_ROWS, 0, 2},      {NSDE_KEEP_ROWS, 0, 3},     {NSDE_KEEP_STATES, 0, 7}};
    for (size_t k = 0; k < sizeof others / sizeof *others; k++) {
        settings.keep = others[k].keep;
        settings.snapshots = others[k].snapshots;
        settings.threads = others[k].threads;
        ck_assert(evaluate(&m, &distance, &settings, other) == value);
        ck_assert_mem_eq(first, other, (m.n + 2) * sizeof *first);
    }
    settings.seed = 100;
    ck_assert(evaluate(&m, &distance, &settings, other) != value);
    free(first);
    free(other);
    destroy(&m);
}
END_TEST

/* The same loss as a callback on the ensemble. */
static nsde_status ensemble_distance(void *context, const nsde_ensemble *e, double *loss, double *adjoint)
{
    (void)context;
    *loss = 0.0;
    for (size_t k = 0; k < e->n_times; k++)
        for (size_t c = 0; c < e->dim; c++)
            for (size_t i = 0; i < e->n_paths; i++) {
                const size_t at = (k * e->dim + c) * e->n_paths + i;
                const double gap = e->states[at] - targets[k];
                *loss += gap * gap / (double)e->n_paths;
                adjoint[at] = 2.0 * gap / (double)e->n_paths;
            }
    return NSDE_OK;
}

START_TEST(a_loss_on_the_ensemble_agrees)
{
    neural m = create("mlp:7,7", false, NSDE_OUTPUT_SOFTPLUS);
    const nsde_loss ensemble = {.ensemble = ensemble_distance};
    double *recorded = malloc((m.n + 2) * sizeof *recorded), *called = malloc((m.n + 2) * sizeof *called);
    nsde_gradient_settings settings = standard();
    for (int keep = NSDE_KEEP_ROWS; keep <= NSDE_KEEP_BINOMIAL; keep++) {
        settings.keep = (nsde_keep)keep;
        const double value = evaluate(&m, &distance, &settings, recorded);
        check_relative(evaluate(&m, &ensemble, &settings, called), value, 1e-13);
        for (size_t i = 0; i < m.n + 2; i++)
            check_close_floor(called[i], recorded[i], 1e-12, 1e-2);
    }
    free(recorded);
    free(called);
    destroy(&m);
}
END_TEST

START_TEST(initial_states_of_each_path)
{
    neural m = create("mlp:4", false, NSDE_OUTPUT_SOFTPLUS);
    nsde_gradient_settings settings = standard();
    nsde_gradient *engine;
    double start[2 * PATHS], adjoint[2 * PATHS], value, shifted, losses[PATHS];
    for (size_t i = 0; i < 2 * PATHS; i++)
        start[i] = 0.3 * sin((double)i);
    check_ok(nsde_gradient_create(m.model, &distance, &settings, &engine));
    nsde_gradient_result result = {.loss = &value, .x0 = adjoint, .loss_per_path = losses};
    check_ok(nsde_gradient_evaluate(
        engine, &(nsde_gradient_point){.parameters = m.weights, .x0 = start, .x0_per_path = true}, &result));
    double mean = 0.0;
    for (size_t i = 0; i < PATHS; i++)
        mean += losses[i] / PATHS;
    check_relative(value, mean, 1e-13);
    result = (nsde_gradient_result){.loss = &shifted};
    for (size_t i = 0; i < 2 * PATHS; i += 41) {
        double difference = 0.0;
        for (int side = -1; side <= 1; side += 2) {
            start[i] += side * 1e-4;
            check_ok(nsde_gradient_evaluate(
                engine, &(nsde_gradient_point){.parameters = m.weights, .x0 = start, .x0_per_path = true},
                &result));
            start[i] -= side * 1e-4;
            difference += side * shifted / 2e-4;
        }
        check_close_floor(adjoint[i], difference, 1e-6, 1e-3);
    }
    nsde_gradient_destroy(engine);
    destroy(&m);
}
END_TEST

/* The remainder of the Taylor series to first order falls with the square of the step. */
START_TEST(taylor_remainder_falls_at_slope_two)
{
    neural m = create("mlp:6,6", false, NSDE_OUTPUT_SOFTPLUS);
    const nsde_gradient_settings settings = standard();
    double *gradient = malloc((m.n + 2) * sizeof *gradient), *base = malloc(m.n * sizeof *base);
    const double value = evaluate(&m, &distance, &settings, gradient);
    memcpy(base, m.weights, m.n * sizeof *base);
    double previous = 0.0;
    for (int level = 5; level <= 9; level++) {
        const double h = ldexp(1.0, -level);
        double slope = 0.0;
        for (size_t i = 0; i < m.n; i++) {
            m.weights[i] = base[i] + h * cos(3.0 * (double)i);
            slope += gradient[i] * cos(3.0 * (double)i);
        }
        const double remainder = fabs(evaluate(&m, &distance, &settings, NULL) - value - h * slope);
        if (previous > 0.0)
            check_absolute(log2(previous / remainder), 2.0, 0.1);
        previous = remainder;
    }
    free(gradient);
    free(base);
    destroy(&m);
}
END_TEST

/* Numbers of steps run forward beside the recorded ones: the published optimum of revolve. */
START_TEST(binomial_schedules_are_optimal)
{
    const size_t known[][3] = {{10, 3, 15},    {11, 3, 18},    {56, 3, 210},     {100, 5, 316},
                               {100, 10, 222}, {252, 5, 1050}, {1000, 10, 3636}, {10000, 20, 37976},
                               {7, 1, 21},     {5, 5, 4}};
    nsde_model *model;
    check_ok(nsde_model_open("ou", &model));
    for (size_t k = 0; k < sizeof known / sizeof *known; k++) {
        nsde_gradient_settings settings = nsde_gradient_settings_default();
        nsde_gradient *engine;
        const nsde_loss loss = {.record = end_value};
        settings.steps = known[k][0];
        settings.keep = NSDE_KEEP_BINOMIAL;
        settings.snapshots = known[k][1];
        settings.paths = 1;
        check_ok(nsde_gradient_create(model, &loss, &settings, &engine));
        check_ok(nsde_gradient_evaluate(engine,
                                        &(nsde_gradient_point){.parameters = ou0_parameters, .x0 = &ou0_x0},
                                        &(nsde_gradient_result){0}));
        ck_assert_uint_eq(nsde_gradient_describe(engine).steps_forward, known[k][2]);
        ck_assert_uint_eq(nsde_schedule_cost(known[k][0], known[k][1]), known[k][2]);
        nsde_gradient_destroy(engine);
    }
    nsde_model_destroy(model);
}
END_TEST

START_TEST(bad_input_is_refused_with_its_name)
{
    nsde_model *model;
    nsde_gradient *engine;
    const nsde_loss loss = {.record = end_value}, none = {0};
    nsde_gradient_settings settings = nsde_gradient_settings_default();
    check_ok(nsde_model_open("ou", &model));
    check_refused(nsde_gradient_create(NULL, &loss, &settings, &engine), NSDE_INVALID, "model");
    ck_assert_ptr_null(engine);
    check_refused(nsde_gradient_create(model, &none, &settings, &engine), NSDE_INVALID, "loss");
    settings.observe = (size_t[]){3, 2};
    settings.n_observe = 2;
    check_refused(nsde_gradient_create(model, &loss, &settings, &engine), NSDE_INVALID, "observation 1");
    settings.n_observe = 0;
    settings.steps = 0;
    check_refused(nsde_gradient_create(model, &loss, &settings, &engine), NSDE_INVALID, "steps = 0");
    settings.steps = SIZE_MAX / 4;
    settings.keep = NSDE_KEEP_STATES;
    check_refused(nsde_gradient_create(model, &loss, &settings, &engine), NSDE_INVALID, "no time for a step");
    settings.steps = 10;
    check_ok(nsde_gradient_create(model, &loss, &settings, &engine));
    const double p[] = {1.0, 0.0, -1.0}, good[] = {1.0, 0.0, 1.0}, nan_state = NAN;
    double value = 2.385;
    check_refused(nsde_gradient_evaluate(engine, &(nsde_gradient_point){.parameters = p, .x0 = &ou0_x0},
                                         &(nsde_gradient_result){.loss = &value}),
                  NSDE_INVALID, "sigma");
    check_refused(nsde_gradient_evaluate(engine, &(nsde_gradient_point){.parameters = good, .x0 = &nan_state},
                                         &(nsde_gradient_result){.loss = &value}),
                  NSDE_INVALID, "state 0 is nan");
    ck_assert(value == 2.385);
    nsde_gradient_destroy(engine);
    nsde_model_destroy(model);
}
END_TEST

static nsde_var explosive_drift(const nsde_at *at)
{
    return nsde_mul_real(nsde_mul(at->x, nsde_square(at->x)), 4.0);
}

static nsde_var constant_diffusion(const nsde_at *at)
{
    return nsde_real(at->tape, 0.5);
}

START_TEST(a_path_that_explodes_is_named)
{
    const nsde_model_definition definition = {.name = "explosive",
                                              .dim = 1,
                                              .noise = NSDE_NOISE_ADDITIVE,
                                              .drift = explosive_drift,
                                              .diffusion = constant_diffusion};
    nsde_model *model;
    nsde_gradient *engine;
    const nsde_loss loss = {.record = end_value};
    nsde_gradient_settings settings = nsde_gradient_settings_default();
    settings.t1 = 5.0;
    settings.seed = 31;
    double value = 2.385;
    check_ok(nsde_model_create(&definition, &model));
    check_ok(nsde_gradient_create(model, &loss, &settings, &engine));
    check_refused(nsde_gradient_evaluate(engine, &(nsde_gradient_point){.parameters = NULL, .x0 = &ou0_x0},
                                         &(nsde_gradient_result){.loss = &value}),
                  NSDE_DIVERGED, "seed 31");
    ck_assert(value == 2.385);
    nsde_gradient_destroy(engine);
    nsde_model_destroy(model);
}
END_TEST

void test_cases(TCase *cases)
{
    tcase_add_test(cases, derivatives_along_a_given_path);
    tcase_add_test(cases, all_weights_against_differences_on_frozen_noise);
    tcase_add_test(cases, single_precision_is_near_double);
    tcase_add_test(cases, policies_and_threads_give_the_same_bits);
    tcase_add_test(cases, a_loss_on_the_ensemble_agrees);
    tcase_add_test(cases, initial_states_of_each_path);
    tcase_add_test(cases, taylor_remainder_falls_at_slope_two);
    tcase_add_test(cases, binomial_schedules_are_optimal);
    tcase_add_test(cases, bad_input_is_refused_with_its_name);
    tcase_add_test(cases, a_path_that_explodes_is_named);
}
