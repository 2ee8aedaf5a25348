/* What differs from path to path: initial states, parameters, inputs; and single precision.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdlib.h>

#include "failing.h"
#include "nsde/neural.h"
#include "nsde/simulate.h"
#include "nsde/text.h"

enum { PATHS = 1501, STEPS = 25 };

/* Two states, two inputs; general noise, and a drift that needs both. */
static nsde_model *conditioned(void)
{
    nsde_model *model;
    check_ok(nsde_model_from_text(&(nsde_text_model){.name = "conditioned",
                                                     .drift = "a*(u1 - x1); u2*x1 - x2",
                                                     .diffusion = "0.3, 0.1*x2; 0.2*u2, b",
                                                     .parameters = "a=0.7:0:, b=0.25:0:",
                                                     .n_inputs = 2},
                                  &model));
    return model;
}

/* Numbers of each path: [rows][PATHS], around `centre`. */
static double *spread(size_t rows, const double *centre, double width)
{
    double *values = malloc(rows * PATHS * sizeof *values);
    for (size_t r = 0; r < rows; r++)
        for (size_t i = 0; i < PATHS; i++)
            values[r * PATHS + i] = centre[r] + width * sin(2.385 * (double)(i + 7 * r));
    return values;
}

typedef struct batch {
    nsde_model *model;
    double *x0, *parameters, *inputs;
    nsde_simulate_settings settings;
    nsde_simulation *whole;
} batch;

static batch batch_create(const char *method)
{
    batch b = {.model = conditioned(),
               .x0 = spread(2, (double[]){0.4, -0.2}, 0.3),
               .parameters = spread(2, (double[]){0.7, 0.25}, 0.2),
               .inputs = spread(2, (double[]){1.1, 0.5}, 0.6),
               .settings = nsde_simulate_settings_default()};
    b.settings.paths = PATHS;
    b.settings.steps = STEPS;
    b.settings.save_every = 5;
    b.settings.seed = 11;
    b.settings.x0_per_path = b.settings.parameters_per_path = true;
    b.settings.inputs = b.inputs;
    check_ok(nsde_integrator_find(method, &b.settings.integrator));
    check_ok(nsde_simulate(b.model, b.parameters, b.x0, &b.settings, &b.whole));
    return b;
}

static void batch_destroy(batch *b)
{
    nsde_simulation_destroy(b->whole);
    nsde_model_destroy(b->model);
    free(b->x0);
    free(b->parameters);
    free(b->inputs);
}

/* The path alone, with numbers of its own; `per_path` or as those of a plain run, which must be the same. */
static nsde_simulation *alone(const batch *b, size_t path, bool per_path)
{
    const double x0[] = {b->x0[path], b->x0[PATHS + path]};
    const double p[] = {b->parameters[path], b->parameters[PATHS + path]};
    const double u[] = {b->inputs[path], b->inputs[PATHS + path]};
    nsde_simulate_settings settings = b->settings;
    nsde_simulation *simulation;
    settings.first_path = path;
    settings.paths = 1;
    settings.inputs = u;
    settings.x0_per_path = settings.parameters_per_path = per_path;
    check_ok(nsde_simulate(b->model, p, x0, &settings, &simulation));
    return simulation;
}

static bool is_path(const batch *b, const nsde_simulation *one, size_t path)
{
    bool same = true;
    for (size_t k = 0; k < one->n_times; k++)
        for (size_t c = 0; c < 2; c++)
            same = same && nsde_simulation_row(b->whole, k, c)[path] == nsde_simulation_row(one, k, c)[0];
    return same;
}

START_TEST(a_path_alone_is_that_of_the_batch)
{
    const char *const methods[] = {"euler_maruyama", "milstein", "reversible_heun"};
    const size_t paths[] = {0, 17, 1024, PATHS - 1};
    for (int m = 0; m < 3; m++) {
        batch b = batch_create(methods[m]);
        for (int i = 0; i < 4; i++)
            for (int per_path = 0; per_path < 2; per_path++) {
                nsde_simulation *one = alone(&b, paths[i], per_path);
                ck_assert_msg(is_path(&b, one, paths[i]), "%s, path %zu", methods[m], paths[i]);
                ck_assert(!is_path(&b, one, paths[i] + (i == 3 ? -1 : 1)));
                nsde_simulation_destroy(one);
            }
        for (int what = 0; what < 3; what++) { /* controls: each of the three is seen */
            double *const of[] = {b.x0, b.parameters, b.inputs};
            nsde_simulation *one;
            of[what][17] += 1e-3;
            one = alone(&b, 17, true);
            ck_assert(!is_path(&b, one, 17));
            of[what][17] -= 1e-3;
            nsde_simulation_destroy(one);
        }
        batch_destroy(&b);
    }
}
END_TEST

START_TEST(threads_change_nothing)
{
    batch b = batch_create("euler_maruyama");
    nsde_simulation *again;
    for (b.settings.threads = 1; b.settings.threads <= 3; b.settings.threads++) {
        check_ok(nsde_simulate(b.model, b.parameters, b.x0, &b.settings, &again));
        ck_assert_mem_eq(again->states, b.whole->states,
                         again->n_times * again->dim * again->n_paths * sizeof(double));
        nsde_simulation_destroy(again);
    }
    batch_destroy(&b);
}
END_TEST

/* dX = u (1 - X) dt: a dropped path goes on from its own start, and is left out. */
START_TEST(a_path_with_an_input_that_explodes_is_named)
{
    nsde_model *model;
    check_ok(nsde_model_from_text(&(nsde_text_model){.drift = "u*x^3", .diffusion = "0.1", .n_inputs = 1},
                                  &model));
    nsde_simulate_settings settings = nsde_simulate_settings_default();
    nsde_simulation *simulation;
    const double u[3] = {-1.0, 30.0, -2.0}, x0[3] = {0.5, 2.0, 0.7};
    settings.inputs = u;
    settings.x0_per_path = true;
    settings.paths = 3;
    check_refused(nsde_simulate(model, NULL, x0, &settings, &simulation), NSDE_DIVERGED, "path 1 left");
    ck_assert(strstr(nsde_error_message(), "x0, parameters and inputs of its own"));
    settings.on_failure = NSDE_DROP;
    check_ok(nsde_simulate(model, NULL, x0, &settings, &simulation));
    ck_assert_uint_eq(simulation->n_failed, 1);
    const double *end = nsde_simulation_row(simulation, 1, 0);
    ck_assert(isfinite(end[0]) && isnan(end[1]) && isfinite(end[2]));
    nsde_simulation_destroy(simulation);
    nsde_model_destroy(model);
}
END_TEST

/* ---- networks ---- */

static nsde_model *network(size_t n_inputs, double **weights)
{
    const nsde_neural_settings settings = {
        .dim = 2, .drift = "mlp:16,16", .diffusion = "mlp:8", .n_inputs = n_inputs};
    nsde_model *model;
    gsl_rng *rng = gsl_rng_alloc(nsde_rng_philox);
    check_ok(nsde_neural_create(&settings, &model));
    *weights = malloc(nsde_model_describe(model)->n_parameters * sizeof **weights);
    check_ok(nsde_neural_initialise(model, NSDE_INIT_GLOROT, rng, *weights));
    gsl_rng_free(rng);
    return model;
}

START_TEST(single_precision_is_close_to_double)
{
    double *weights, *inputs = spread(3, (double[]){0.2, 0.4, -0.3}, 0.5), largest = 0.0;
    nsde_model *model = network(3, &weights);
    nsde_simulate_settings settings = nsde_simulate_settings_default();
    nsde_simulation *of[2];
    settings.paths = PATHS;
    settings.inputs = inputs;
    for (int precision = NSDE_DOUBLE; precision <= NSDE_SINGLE; precision++) {
        settings.precision = (nsde_precision)precision;
        check_ok(nsde_simulate(model, weights, (double[]){0.3, -0.4}, &settings, &of[precision]));
    }
    for (size_t i = 0; i < 2 * PATHS; i++)
        largest =
            fmax(largest, fabs(nsde_simulation_row(of[0], 1, 0)[i] - nsde_simulation_row(of[1], 1, 0)[i]));
    ck_assert_msg(largest > 1e-9 && largest < 1e-5, "%g", largest); /* not the same program */
    nsde_simulation_destroy(of[0]);
    nsde_simulation_destroy(of[1]);
    nsde_model_destroy(model);
    free(weights);
    free(inputs);
}
END_TEST

START_TEST(what_does_not_fit_is_refused)
{
    batch b = batch_create("euler_maruyama");
    nsde_simulation *s;
    nsde_simulate_settings wrong = b.settings;
    wrong.inputs = NULL;
    check_refused(nsde_simulate(b.model, b.parameters, b.x0, &wrong, &s), NSDE_INVALID,
                  "model conditioned has 2 inputs of each path, and none are given");
    ck_assert_ptr_null(s);
    b.inputs[PATHS + 3] = NAN;
    check_refused(nsde_simulate(b.model, b.parameters, b.x0, &b.settings, &s), NSDE_INVALID,
                  "input 1 of path 3 is nan");
    b.inputs[PATHS + 3] = 0.0;
    b.x0[PATHS + 4] = INFINITY;
    check_refused(nsde_simulate(b.model, b.parameters, b.x0, &b.settings, &s), NSDE_INVALID,
                  "x0[1] of path 4 is inf");
    b.x0[PATHS + 4] = 0.0;
    b.parameters[5] = -0.1;
    check_refused(nsde_simulate(b.model, b.parameters, b.x0, &b.settings, &s), NSDE_INVALID,
                  "path 5: model conditioned: parameter a = -0.1");
    check_refused(nsde_simulate(b.model, NULL, b.x0, &b.settings, &s), NSDE_INVALID, "parameters are needed");
    b.settings.precision = (nsde_precision)7;
    check_refused(nsde_simulate(b.model, b.parameters, b.x0, &b.settings, &s), NSDE_INVALID, "precision");
    batch_destroy(&b);
    double *weights;
    nsde_model *model = network(0, &weights);
    nsde_simulate_settings settings = nsde_simulate_settings_default();
    settings.inputs = weights;
    check_refused(nsde_simulate(model, weights, (double[]){0.0, 0.0}, &settings, &s), NSDE_INVALID,
                  "has 0 inputs of each path, and some are given");
    settings.inputs = NULL;
    settings.parameters_per_path = true; /* one path: the layout is the same */
    check_refused(nsde_simulate(model, weights, (double[]){0.0, 0.0}, &settings, &s), NSDE_RECORDING,
                  "must be the same for every path");
    nsde_model_destroy(model);
    free(weights);
}
END_TEST

static nsde_status simulate(void *context)
{
    const batch *b = context;
    nsde_simulation *simulation;
    const nsde_status status = nsde_simulate(b->model, b->parameters, b->x0, &b->settings, &simulation);
    ck_assert((simulation == NULL) == (status != NSDE_OK));
    nsde_simulation_destroy(simulation);
    return status;
}

START_TEST(a_batch_may_fail_anywhere)
{
    batch b = batch_create("euler_maruyama");
    b.settings.threads = 2;
    check_failing_allocations(simulate, &b, 8);
    batch_destroy(&b);
}
END_TEST

void test_cases(TCase *cases)
{
    tcase_add_test(cases, a_path_alone_is_that_of_the_batch);
    tcase_add_test(cases, threads_change_nothing);
    tcase_add_test(cases, a_path_with_an_input_that_explodes_is_named);
    tcase_add_test(cases, single_precision_is_close_to_double);
    tcase_add_test(cases, what_does_not_fit_is_refused);
    tcase_add_test(cases, a_batch_may_fail_anywhere);
}
