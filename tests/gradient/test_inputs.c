/* Gradients of models with inputs of each path.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdlib.h>

#include "failing.h"
#include "nsde/gradient.h"
#include "nsde/neural.h"
#include "nsde/text.h"

enum { PATHS = 70, STEPS = 17, TIMES = 2, INPUTS = 3 };
static const size_t observe[TIMES] = {6, STEPS};

/* The distance from the path's own target, its last input, which the networks see too. */
static nsde_var distance(const nsde_loss_at *at)
{
    const nsde_var target = nsde_row(at->u, INPUTS - 1);
    nsde_var sum = nsde_real(at->tape, 0.0);
    for (size_t k = 0; k < at->n_times; k++)
        sum = nsde_add(sum, nsde_sum(nsde_square(nsde_sub(nsde_loss_state(at, k), target))));
    return sum;
}

static nsde_status mean_square(void *context, const nsde_ensemble *ensemble, double *loss, double *adjoint)
{
    const size_t n = ensemble->n_times * ensemble->dim * ensemble->n_paths;
    (void)context;
    *loss = 0.0;
    for (size_t i = 0; i < n; i++) {
        *loss += ensemble->states[i] * ensemble->states[i] / (double)ensemble->n_paths;
        adjoint[i] = 2.0 * ensemble->states[i] / (double)ensemble->n_paths;
    }
    return NSDE_OK;
}

typedef struct problem {
    nsde_model *model;
    double *weights, *inputs, *x0;
    size_t n;
} problem;

static problem create(void)
{
    const nsde_neural_settings settings = {
        .dim = 2, .drift = "mlp:9,5", .diffusion = "mlp:4", .n_inputs = INPUTS};
    problem p = {.inputs = malloc(INPUTS * PATHS * sizeof(double)), .x0 = malloc(2 * PATHS * sizeof(double))};
    gsl_rng *rng = gsl_rng_alloc(nsde_rng_philox);
    check_ok(nsde_neural_create(&settings, &p.model));
    p.n = nsde_model_describe(p.model)->n_parameters;
    p.weights = malloc(p.n * sizeof(double));
    check_ok(nsde_neural_initialise(p.model, NSDE_INIT_GLOROT, rng, p.weights));
    for (size_t i = 0; i < INPUTS * PATHS; i++)
        p.inputs[i] = gsl_rng_uniform(rng) - 0.4;
    for (size_t i = 0; i < 2 * PATHS; i++)
        p.x0[i] = gsl_rng_uniform(rng) - 0.5;
    gsl_rng_free(rng);
    return p;
}

static void destroy(problem *p)
{
    nsde_model_destroy(p->model);
    free(p->weights);
    free(p->inputs);
    free(p->x0);
}

static nsde_gradient_settings standard(void)
{
    nsde_gradient_settings settings = nsde_gradient_settings_default();
    settings.paths = PATHS;
    settings.steps = STEPS;
    settings.observe = observe;
    settings.n_observe = TIMES;
    settings.seed = 7;
    return settings;
}

static nsde_gradient_point point_of(const problem *p)
{
    return (nsde_gradient_point){
        .parameters = p->weights, .x0 = p->x0, .x0_per_path = true, .inputs = p->inputs};
}

static double evaluate(const problem *p, const nsde_loss *loss, const nsde_gradient_settings *settings,
                       double *weights, double *inputs)
{
    nsde_gradient *engine;
    double value;
    const nsde_gradient_point point = point_of(p);
    check_ok(nsde_gradient_create(p->model, loss, settings, &engine));
    check_ok(nsde_gradient_evaluate(
        engine, &point, &(nsde_gradient_result){.loss = &value, .parameters = weights, .inputs = inputs}));
    nsde_gradient_destroy(engine);
    return value;
}

static double difference(const problem *p, const nsde_loss *loss, double *at)
{
    const nsde_gradient_settings settings = standard();
    const double h = 1e-5, kept = *at;
    *at = kept + h;
    const double above = evaluate(p, loss, &settings, NULL, NULL);
    *at = kept - h;
    const double below = evaluate(p, loss, &settings, NULL, NULL);
    *at = kept;
    return (above - below) / (2.0 * h);
}

/* Of losses that look at the inputs themselves, and of the ensemble. */
START_TEST(derivatives_by_inputs_and_weights_agree_with_differences)
{
    problem p = create();
    const nsde_loss losses[] = {{.record = distance}, {.ensemble = mean_square}};
    const nsde_gradient_settings settings = standard();
    double weights[512], inputs[INPUTS * PATHS];
    ck_assert_uint_le(p.n, 512);
    for (int l = 0; l < 2; l++) {
        evaluate(&p, &losses[l], &settings, weights, inputs);
        for (size_t i = 0; i < INPUTS * PATHS; i += 23)
            check_close_floor(inputs[i], difference(&p, &losses[l], &p.inputs[i]), 1e-6, 1e-3);
        for (size_t i = 0; i < p.n; i += 19)
            check_close_floor(weights[i], difference(&p, &losses[l], &p.weights[i]), 1e-6, 1e-2);
    }
    destroy(&p);
}
END_TEST

START_TEST(what_is_kept_and_threads_change_nothing)
{
    problem p = create();
    const nsde_loss loss = {.record = distance};
    nsde_gradient_settings settings = standard();
    double first[INPUTS * PATHS], inputs[INPUTS * PATHS], weights[2][512];
    settings.threads = 1;
    evaluate(&p, &loss, &settings, weights[0], first);
    for (settings.keep = NSDE_KEEP_ROWS; settings.keep <= NSDE_KEEP_BINOMIAL; settings.keep++)
        for (settings.threads = 1; settings.threads <= 3; settings.threads++) {
            settings.snapshots = settings.keep == NSDE_KEEP_BINOMIAL ? 3 : 0;
            evaluate(&p, &loss, &settings, weights[1], inputs);
            ck_assert_mem_eq(inputs, first, sizeof first);
            ck_assert_mem_eq(weights[1], weights[0], p.n * sizeof(double));
        }
    settings = standard();
    p.inputs[PATHS + 2] += 1e-9; /* the control */
    evaluate(&p, &loss, &settings, weights[1], inputs);
    ck_assert_mem_ne(inputs, first, sizeof first);
    destroy(&p);
}
END_TEST

START_TEST(steps_undone_have_the_same_inputs)
{
    problem p = create();
    const nsde_loss losses[] = {{.record = distance}, {.ensemble = mean_square}};
    nsde_gradient_settings settings = standard();
    double inputs[2][INPUTS * PATHS], weights[2][512];
    check_ok(nsde_integrator_find("reversible_heun", &settings.integrator));
    for (int l = 0; l < 2; l++) {
        settings.keep = NSDE_KEEP_ROWS;
        evaluate(&p, &losses[l], &settings, weights[0], inputs[0]);
        settings.keep = NSDE_KEEP_UNDO;
        evaluate(&p, &losses[l], &settings, weights[1], inputs[1]);
        for (size_t i = 0; i < INPUTS * PATHS; i++)
            check_close_floor(inputs[1][i], inputs[0][i], 1e-10, 1e-3);
        for (size_t i = 0; i < p.n; i++)
            check_close_floor(weights[1][i], weights[0][i], 1e-10, 1e-2);
    }
    destroy(&p);
}
END_TEST

/* dX = u dt: dX_T/du = T, and the loss u X adds X itself. */
START_TEST(a_closed_form)
{
    nsde_model *model;
    nsde_loss loss;
    nsde_gradient *engine;
    nsde_gradient_settings settings = nsde_gradient_settings_default();
    double inputs[2];
    settings.paths = 2;
    settings.t1 = 2.5;
    check_ok(nsde_model_from_text(&(nsde_text_model){.drift = "u", .diffusion = "0", .n_inputs = 1}, &model));
    check_ok(nsde_loss_from_text("u*x", model, &loss));
    check_ok(nsde_integrator_find("reversible_heun", &settings.integrator));
    const nsde_gradient_point point = {.x0 = (double[]){1.5}, .inputs = (double[]){0.3, -2.0}};
    const nsde_keep all[] = {NSDE_KEEP_AUTO, NSDE_KEEP_UNDO, NSDE_KEEP_ADJOINT};
    for (int k = 0; k < 3; k++) {
        settings.keep = all[k];
        check_ok(nsde_gradient_create(model, &loss, &settings, &engine));
        check_ok(nsde_gradient_evaluate(engine, &point, &(nsde_gradient_result){.inputs = inputs}));
        for (int i = 0; i < 2; i++)
            check_relative(2.0 * inputs[i], 1.5 + 2.0 * 2.5 * point.inputs[i], 1e-13);
        nsde_gradient_destroy(engine);
    }
    nsde_loss_release_text(&loss);
    nsde_model_destroy(model);
}
END_TEST

START_TEST(inputs_that_are_missing_or_not_finite_are_refused)
{
    problem p = create();
    nsde_gradient *engine;
    const nsde_loss loss = {.record = distance};
    const nsde_gradient_settings settings = standard();
    nsde_gradient_point point = point_of(&p);
    const nsde_gradient_result result = {0};
    check_ok(nsde_gradient_create(p.model, &loss, &settings, &engine));
    p.inputs[2 * PATHS + 5] = NAN;
    check_refused(nsde_gradient_evaluate(engine, &point, &result), NSDE_INVALID, "input 2 of path 5 is nan");
    point.inputs = NULL;
    check_refused(nsde_gradient_evaluate(engine, &point, &result), NSDE_INVALID, "has 3 inputs of each path");
    nsde_gradient_destroy(engine);
    destroy(&p);
}
END_TEST

static nsde_status create_and_evaluate(void *context)
{
    const problem *p = context;
    const nsde_loss loss = {.record = distance};
    const nsde_gradient_settings settings = standard();
    const nsde_gradient_point point = point_of(p);
    nsde_gradient *engine;
    nsde_status status = nsde_gradient_create(p->model, &loss, &settings, &engine);
    const size_t made = test_allocations();
    if (!status)
        status = nsde_gradient_evaluate(engine, &point, &(nsde_gradient_result){0});
    ck_assert_uint_eq(test_allocations(), made); /* nothing while it runs */
    nsde_gradient_destroy(engine);
    return status;
}

START_TEST(an_engine_may_fail_anywhere)
{
    problem p = create();
    check_failing_allocations(create_and_evaluate, &p, 12);
    destroy(&p);
}
END_TEST

void test_cases(TCase *cases)
{
    tcase_add_test(cases, derivatives_by_inputs_and_weights_agree_with_differences);
    tcase_add_test(cases, what_is_kept_and_threads_change_nothing);
    tcase_add_test(cases, steps_undone_have_the_same_inputs);
    tcase_add_test(cases, a_closed_form);
    tcase_add_test(cases, inputs_that_are_missing_or_not_finite_are_refused);
    tcase_add_test(cases, an_engine_may_fail_anywhere);
}
