/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdlib.h>

#include "harness.h"
#include "nsde/neural.h"
#include "nsde/simulate.h"
#include "nsde/text.h"

static nsde_model *model_of(const char *drift, const char *diffusion, const char *parameters)
{
    nsde_model *model;
    check_ok(nsde_model_from_text(
        &(nsde_text_model){.drift = drift, .diffusion = diffusion, .parameters = parameters}, &model));
    return model;
}

/* Losses and gradients by the engine: [n + dim]. */
static double gradient_of(const nsde_model *model, const nsde_loss *loss, const double *p, const double *x0,
                          double *gradient)
{
    static const size_t observe[] = {3, 5, 8};
    nsde_gradient *engine;
    nsde_gradient_settings settings = nsde_gradient_settings_default();
    const size_t n = nsde_model_describe(model)->n_parameters;
    double value;
    settings.steps = 8;
    settings.paths = 40;
    settings.seed = 17;
    settings.observe = observe;
    settings.n_observe = 3;
    check_ok(nsde_gradient_create(model, loss, &settings, &engine));
    check_ok(nsde_gradient_evaluate(
        engine, &(nsde_gradient_point){.parameters = p, .x0 = x0},
        &(nsde_gradient_result){.loss = &value, .parameters = gradient, .x0 = gradient + n}));
    nsde_gradient_destroy(engine);
    return value;
}

START_TEST(the_same_as_a_shipped_model)
{
    nsde_model *shipped, *text = model_of("kappa*(mu-x)", "sigma", "kappa=0.5:0:, mu=0.06, sigma=0.02:0:");
    const double p[] = {0.7, 0.2, 0.3}, x0 = 0.45;
    double a[4], b[4];
    nsde_loss loss;
    check_ok(nsde_model_open("ou", &shipped));
    const nsde_model_definition *d = nsde_model_describe(text);
    ck_assert(d->dim == 1 && d->n_parameters == 3 && d->noise == NSDE_NOISE_ADDITIVE);
    ck_assert_str_eq(d->equation, "dX = (kappa*(mu-x)) dt + (sigma) dW");
    ck_assert_str_eq(d->parameters[2].name, "sigma");
    ck_assert(d->parameters[0].lower == 0.0 && isinf(d->parameters[0].upper) &&
              d->parameters[1].start == 0.06);
    check_ok(nsde_loss_from_text("(x-0.3)^2 + kappa*x[0]*x[1]", text, &loss));
    const double u = gradient_of(text, &loss, p, &x0, a), v = gradient_of(shipped, &loss, p, &x0, b);
    check_relative(u, v, 1e-14);
    for (int k = 0; k < 4; k++)
        check_relative(a[k], b[k], 1e-13);
    const double other[] = {0.7, 0.2, 0.31};
    ck_assert(fabs(gradient_of(text, &loss, other, &x0, a) - v) > 1e-6 * fabs(v));
    nsde_loss_release_text(&loss);
    nsde_model_destroy(shipped);
    nsde_model_destroy(text);
}
END_TEST

START_TEST(classes_of_noise)
{
    const struct {
        const char *drift, *diffusion;
        bool column;
        size_t noises;
        nsde_noise_class noise;
    } rows[] = {
        {"-x", "2*t", false, 1, NSDE_NOISE_ADDITIVE},
        {"-x", "a*x", false, 1, NSDE_NOISE_DIAGONAL},
        {"-x", "a, x1", false, 2, NSDE_NOISE_GENERAL},
        {"-x1; -x2", "x1; a*x2", false, 2, NSDE_NOISE_DIAGONAL},
        {"-x1; -x2", "x1; a*x1", false, 2, NSDE_NOISE_GENERAL},
        {"-x1; -x2", "x1; a*x2", true, 1, NSDE_NOISE_SCALAR},
        {"-x1; -x2", "1, 0, a; 0, 1, t", false, 3, NSDE_NOISE_ADDITIVE},
        {"-x1; -x2", "x1, 0; a, x2", false, 2, NSDE_NOISE_GENERAL},
        {"-x1; -x2", "softplus(mlp(3)); a", false, 2, NSDE_NOISE_GENERAL},
        {"-x", "softplus(mlp(3))", false, 1, NSDE_NOISE_DIAGONAL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        nsde_model *model;
        check_ok(nsde_model_from_text(&(nsde_text_model){.drift = rows[i].drift,
                                                         .diffusion = rows[i].diffusion,
                                                         .column = rows[i].column,
                                                         .parameters = "a=0.3"},
                                      &model));
        const nsde_model_definition *d = nsde_model_describe(model);
        ck_assert_msg(d->noise == rows[i].noise && d->noise_dim == rows[i].noises, "%s: %s noise, %zu",
                      rows[i].diffusion, nsde_noise_class_name(d->noise), d->noise_dim);
        nsde_model_destroy(model);
    }
}
END_TEST

/* A network in the text is that of nsde/net.h: one state with networks for both coefficients is the neural
 * model of the same weights. */
START_TEST(networks_in_text)
{
    nsde_model *neural, *text = model_of("mlp(5,4)", "softplus(mlp(3,silu))", NULL);
    check_ok(nsde_neural_create(
        &(nsde_neural_settings){.dim = 1, .drift = "mlp:5,4", .diffusion = "mlp:3:silu"}, &neural));
    const size_t n = nsde_model_describe(text)->n_parameters;
    ck_assert(n == nsde_model_describe(neural)->n_parameters);
    ck_assert_str_eq(nsde_model_describe(text)->parameters[0].name, "net1.W1[0]");
    double *p = malloc(n * sizeof *p), *a = malloc((n + 1) * sizeof *a), *b = malloc((n + 1) * sizeof *b);
    gsl_rng *rng = gsl_rng_alloc(nsde_rng_philox);
    check_ok(nsde_text_initialise(text, NSDE_INIT_GLOROT, rng, p));
    const double x0 = 0.3;
    nsde_loss loss;
    check_ok(nsde_loss_from_text("x^2", text, &loss));
    check_relative(gradient_of(text, &loss, p, &x0, a), gradient_of(neural, &loss, p, &x0, b), 1e-14);
    double most = 0.0;
    for (size_t k = 0; k <= n; k++)
        most = fmax(most, fabs(b[k]));
    for (size_t k = 0; k <= n; k++)
        check_absolute(a[k], b[k], 1e-13 * most);
    ck_assert(most > 1e-3);
    nsde_loss_release_text(&loss);
    nsde_model_destroy(neural);
    nsde_model_destroy(text);
    gsl_rng_free(rng);
    free(p);
    free(a);
    free(b);
}
END_TEST

/* Two states, a full matrix, networks in several places: the noise goes where the text puts it. */
START_TEST(two_states)
{
    nsde_model *model = model_of("a*x2; -x1 + 0*mlp(2)", "0, 0.5; 0*mlp(2), 0", "a=1.25");
    nsde_brownian *noise;
    nsde_simulation *s;
    const size_t n = nsde_model_describe(model)->n_parameters;
    double *p = calloc(n, sizeof *p);
    p[0] = 1.25;
    check_ok(nsde_brownian_stored(1, 1, 2, 0.5, (double[]){0.3, -0.4}, &noise));
    nsde_simulate_settings settings = nsde_simulate_settings_default();
    settings.steps = 1;
    settings.t1 = 0.5;
    settings.noise = noise;
    check_ok(nsde_simulate(model, p, (double[]){0.2, 0.7}, &settings, &s));
    check_relative(nsde_simulation_row(s, 1, 0)[0], 0.2 + 1.25 * 0.7 * 0.5 - 0.2, 1e-14);
    check_relative(nsde_simulation_row(s, 1, 1)[0], 0.7 - 0.1, 1e-14);
    nsde_simulation_destroy(s);
    nsde_brownian_destroy(noise);
    nsde_model_destroy(model);
    free(p);
}
END_TEST

START_TEST(mistakes_are_named)
{
    const struct {
        nsde_text_model text;
        const char *part;
    } rows[] = {
        {{.drift = "k*x", .diffusion = "1"},
         "drift: column 1: there is no name \"k\" here; there are x1, x, t"},
        {{.drift = "-x", .diffusion = "1 +"}, "diffusion: column 4: the text ends"},
        {{.drift = "-x", .diffusion = "1; 2"}, "diffusion: column 2: an operator is expected, or the end"},
        {{.drift = "-x1; -x2", .diffusion = "1"},
         "diffusion: column 2: an operator, or ';' and the next of 2"},
        {{.drift = "-x1, 2; -x2", .diffusion = "1;1"}, "drift: column 5: a state has 1 entry"},
        {{.drift = "-x1; -x2", .diffusion = "1,2;1"}, "diffusion: column 6: this row has 1 entries"},
        {{.drift = "-x1; -x2;", .diffusion = "1"}, "drift: column 10: the text ends"},
        {{.drift = "-x", .diffusion = "x2"}, "there is no name \"x2\""},
        {{.drift = "mlp()", .diffusion = "1"}, "drift: column 5: a whole number from 1 to 4096"},
        {{.drift = "mlp(5,gelu)", .diffusion = "1"}, "drift: column 7: "},
        {{.drift = "mlp(1,1,1,1,1,1,1,1,1)", .diffusion = "1"}, "more than 8 layers"},
        {{.drift = "mlp(4096,4096)", .diffusion = "1"}, "weights"},
        {{.drift = "-x", .diffusion = "1", .parameters = "a"}, "parameters: column 2: '=' is missing"},
        {{.drift = "-x", .diffusion = "1", .parameters = "a=1,"}, "parameters: column 5: the name"},
        {{.drift = "-x", .diffusion = "1", .parameters = "a=1, a=2"}, "parameters: column 5: there are two"},
        {{.drift = "-x", .diffusion = "1", .parameters = "x1=1"}, "column 1: \"x1\" has a meaning already"},
        {{.drift = "-x", .diffusion = "1", .parameters = "exp=1"}, "column 1: \"exp\" has a meaning"},
        {{.drift = "-x", .diffusion = "1", .parameters = "a=1:2:"}, "a starts at 1, which is not between 2"},
        {{.drift = "-x", .diffusion = "1", .parameters = "a=1:0:3:4"}, "column 8: a parameter is name="},
        {{.drift = "-x", .diffusion = "1", .parameters = "a=b"}, "column 3: a number is missing"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        nsde_model *model = (nsde_model *)&i;
        check_refused(nsde_model_from_text(&rows[i].text, &model), NSDE_PARSE, rows[i].part);
        ck_assert(model == NULL);
    }
    nsde_model *model;
    check_refused(nsde_model_from_text(&(nsde_text_model){.drift = "x"}, &model), NSDE_INVALID, "diffusion");
    check_ok(
        nsde_model_from_text(&(nsde_text_model){.drift = "-x", .diffusion = "1", .parameters = " "}, &model));
    nsde_loss loss;
    check_refused(nsde_loss_from_text("x +", model, &loss), NSDE_PARSE, "loss: column 4");
    check_refused(nsde_loss_from_text("mlp(2)", model, &loss), NSDE_PARSE, "no networks");
    check_ok(nsde_loss_from_text("x[3]", model, &loss));
    nsde_gradient *engine;
    nsde_gradient_settings settings = nsde_gradient_settings_default();
    check_refused(nsde_gradient_create(model, &loss, &settings, &engine), NSDE_RECORDING,
                  "observation [3]: there are 1");
    nsde_loss_release_text(&loss);
    nsde_model_destroy(model);
}
END_TEST

/* Whatever allocation fails, there is a status, and nothing is lost. */
START_TEST(memory_that_is_short_is_reported)
{
    const nsde_text_model text = {
        .drift = "a*x2; mlp(3)", .diffusion = "1, a; 0, 1", .parameters = "a=1, b=2"};
    size_t k = 1;
    for (;; k++) {
        nsde_model *model;
        nsde_loss loss = {0};
        test_fail_allocation(k);
        nsde_status status = nsde_model_from_text(&text, &model);
        if (!status)
            status = nsde_loss_from_text("x1 + a*x2[0]", model, &loss);
        const bool failed = test_allocation_failed();
        test_fail_allocation(0);
        ck_assert_msg(failed ? status == NSDE_NO_MEMORY : status == NSDE_OK, "allocation %zu: %s", k,
                      nsde_error_message());
        nsde_loss_release_text(&loss);
        nsde_model_destroy(model);
        if (!failed)
            break;
    }
    ck_assert(k > 10);
}
END_TEST

void test_cases(TCase *cases)
{
    tcase_add_test(cases, the_same_as_a_shipped_model);
    tcase_add_test(cases, classes_of_noise);
    tcase_add_test(cases, networks_in_text);
    tcase_add_test(cases, two_states);
    tcase_add_test(cases, mistakes_are_named);
    tcase_add_test(cases, memory_that_is_short_is_reported);
}
