/* Models with inputs of each path: coefficients, the class of the noise, files, and who does not take them.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "harness.h"
#include "nsde/estimate.h"
#include "nsde/fit.h"
#include "nsde/model_file.h"
#include "nsde/neural.h"
#include "nsde/text.h"
#include "nsde/train.h"

static nsde_model *of_text(void)
{
    nsde_model *model;
    check_ok(nsde_model_from_text(
        &(nsde_text_model){
            .drift = "a*(u - x) + t", .diffusion = "0.5 + u1^2", .parameters = "a=2:0:", .n_inputs = 1},
        &model));
    return model;
}

static nsde_model *neural(double **weights)
{
    nsde_model *model;
    gsl_rng *rng = gsl_rng_alloc(nsde_rng_philox);
    check_ok(nsde_neural_create(
        &(nsde_neural_settings){
            .dim = 1, .drift = "mlp:5", .diffusion = "mlp:4", .n_inputs = 2, .autonomous = true},
        &model));
    *weights = malloc(nsde_model_describe(model)->n_parameters * sizeof **weights);
    check_ok(nsde_neural_initialise(model, NSDE_INIT_GLOROT, rng, *weights));
    gsl_rng_free(rng);
    return model;
}

START_TEST(coefficients_are_those_of_the_point)
{
    enum { N = 40 };
    double x[N], u[N], f[N], g[N];
    nsde_model *model = of_text();
    for (int i = 0; i < N; i++) {
        x[i] = 0.1 * i;
        u[i] = cos(i);
    }
    check_ok(nsde_model_evaluate(model, (double[]){1.7}, N, x, 0.25, u, f, g));
    for (int i = 0; i < N; i++) {
        check_absolute(f[i], 1.7 * (u[i] - x[i]) + 0.25, 1e-14);
        check_absolute(g[i], 0.5 + u[i] * u[i], 1e-14);
    }
    check_refused(nsde_model_evaluate(model, (double[]){1.7}, N, x, 0.25, NULL, f, g), NSDE_INVALID,
                  "1 inputs of each point are needed");
    nsde_model_destroy(model);
}
END_TEST

START_TEST(networks_see_each_input)
{
    double *weights, f[3], g[3];
    nsde_model *model = neural(&weights);
    const double x[] = {0.3, 0.3, 0.3}, u[] = {0.1, 0.2, 0.4, 0.2, 0.1, 0.5};
    ck_assert_uint_eq(nsde_net_describe(nsde_neural_net(model, 0))->inputs, 3);
    check_ok(nsde_model_evaluate(model, weights, 3, x, 0.0, u, f, g));
    ck_assert(f[0] != f[1] && f[0] != f[2] && g[0] != g[1] && g[0] != g[2]);
    nsde_model_destroy(model);
    free(weights);
}
END_TEST

/* ---- the class of the noise ---- */

static nsde_var still(const nsde_at *at)
{
    return nsde_mul_real(at->x, 0.0);
}

static nsde_var of_input(const nsde_at *at)
{
    return nsde_add(nsde_exp(at->u), nsde_mul_real(at->x, *(double *)at->context));
}

START_TEST(noise_that_depends_on_inputs_alone_is_additive)
{
    nsde_model *model;
    double slope = 0.0;
    nsde_model_definition d = {.name = "inputs",
                               .dim = 2,
                               .n_inputs = 2,
                               .noise = NSDE_NOISE_ADDITIVE,
                               .drift = still,
                               .diffusion = of_input,
                               .context = &slope};
    check_ok(nsde_model_create(&d, &model));
    nsde_model_destroy(model);
    slope = 1e-3;
    check_refused(nsde_model_create(&d, &model), NSDE_INVALID, "additive");
    d.noise = NSDE_NOISE_COMMUTATIVE;
    check_ok(nsde_model_create(&d, &model));
    nsde_model_destroy(model);
    d.n_inputs = SIZE_MAX;
    check_refused(nsde_model_create(&d, &model), NSDE_INVALID, "inputs are not possible");
}
END_TEST

/* ---- files ---- */

START_TEST(a_file_keeps_the_inputs)
{
    char path[] = "/tmp/nsde_inputs_XXXXXX";
    double *weights, *again, f[2], g[2];
    nsde_model *model = neural(&weights), *read;
    const int file = mkstemp(path);
    ck_assert_int_ge(file, 0);
    close(file);
    check_ok(nsde_model_write(model, weights, path));
    check_ok(nsde_model_read(path, &read, &again));
    ck_assert_uint_eq(nsde_model_describe(read)->n_inputs, 2);
    check_ok(nsde_model_evaluate(model, weights, 1, (double[]){0.3}, 0.0, (double[]){1.0, 2.0}, f, g));
    check_ok(nsde_model_evaluate(read, again, 1, (double[]){0.3}, 0.0, (double[]){1.0, 2.0}, f + 1, g + 1));
    ck_assert(f[0] == f[1] && g[0] == g[1]);
    remove(path);
    nsde_parameters_destroy(again);
    nsde_model_destroy(read);
    nsde_model_destroy(model);
    free(weights);
}
END_TEST

/* ---- refusals ---- */

static nsde_var end(const nsde_loss_at *at)
{
    return nsde_loss_state(at, 0);
}

START_TEST(what_does_not_take_inputs_says_so)
{
    const char *const says = "has 1 inputs of each path, which";
    const nsde_loss loss = {.record = end};
    const double p = 1.7, x0 = 0.2, times[] = {0.0, 0.1, 0.2}, values[] = {0.1, 0.3, 0.2};
    nsde_model *model = of_text();
    nsde_series *series;
    nsde_fit *fit;
    nsde_training training;
    nsde_gradient_estimate *estimate;
    nsde_gradient_agreement agreement;
    const nsde_estimator *estimator;
    const nsde_fit_settings fit_settings = nsde_fit_settings_default();
    const nsde_gradient_settings run = nsde_gradient_settings_default();
    const nsde_estimate_problem problem = {.model = model, .loss = &loss, .parameters = &p, .x0 = &x0};
    check_ok(nsde_series_create(3, 1, times, values, NULL, &series));
    check_ok(nsde_estimator_find("reverse", &estimator));
    check_refused(nsde_estimate_run(estimator, &problem, &(nsde_estimate_settings){.run = run}, &estimate),
                  NSDE_UNSUPPORTED, says);
    check_refused(nsde_gradient_check(&problem, &run, 1e-6, &agreement), NSDE_UNSUPPORTED, says);
    check_refused(nsde_training_paths(model, &loss, &run, &x0, &training), NSDE_UNSUPPORTED, says);
    check_refused(nsde_fit_run(model, series, &fit_settings, &fit), NSDE_UNSUPPORTED, says);
    nsde_series_destroy(series);
    nsde_model_destroy(model);
}
END_TEST

/* What does not know of inputs records coefficients without them. */
START_TEST(a_recording_without_inputs_is_a_mistake)
{
    nsde_model *model = of_text();
    nsde_tape *tape;
    check_ok(nsde_tape_create(&tape));
    const nsde_var x = nsde_input(tape, 1), t = nsde_uniform(tape, 1);
    const nsde_var p = nsde_model_record_parameters(model, tape);
    ck_assert_uint_eq(nsde_rows(nsde_model_drift(model, x, t, p, (nsde_var){0})), 0);
    check_refused(nsde_tape_status(tape), NSDE_RECORDING,
                  "model text has 1 inputs of each path, and 0 are given here");
    nsde_tape_destroy(tape);
    nsde_model_destroy(model);
}
END_TEST

void test_cases(TCase *cases)
{
    tcase_add_test(cases, coefficients_are_those_of_the_point);
    tcase_add_test(cases, networks_see_each_input);
    tcase_add_test(cases, noise_that_depends_on_inputs_alone_is_additive);
    tcase_add_test(cases, a_file_keeps_the_inputs);
    tcase_add_test(cases, what_does_not_take_inputs_says_so);
    tcase_add_test(cases, a_recording_without_inputs_is_a_mistake);
}
