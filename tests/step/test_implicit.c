/* Implicit schemes: growth of second moments, stiff and many states, gradients by the implicit function
 * theorem, and paths that do not converge.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdlib.h>

#include "harness.h"
#include "nsde/gradient.h"
#include "nsde/simulate.h"
#include "nsde/text.h"

static const nsde_integrator *find(const char *name)
{
    const nsde_integrator *found;
    check_ok(nsde_integrator_find(name, &found));
    return found;
}

/* One step of length h from x0 along dW (noise_dim increments). */
static nsde_status one_step(const nsde_model_definition *definition, const char *method, double h,
                            const double *x0, const double *dW, double *x)
{
    nsde_model *model;
    nsde_brownian *noise;
    nsde_simulation *simulation;
    nsde_simulate_settings settings = nsde_simulate_settings_default();
    check_ok(nsde_model_create(definition, &model));
    check_ok(nsde_brownian_stored(1, 1, nsde_model_describe(model)->noise_dim, h, dW, &noise));
    settings.integrator = find(method);
    settings.steps = 1;
    settings.t1 = h;
    settings.noise = noise;
    const nsde_status status = nsde_simulate(model, NULL, x0, &settings, &simulation);
    for (size_t i = 0; i < definition->dim && !status; i++)
        x[i] = *nsde_simulation_row(simulation, 1, i);
    nsde_simulation_destroy(simulation);
    nsde_brownian_destroy(noise);
    nsde_model_destroy(model);
    return status;
}

/* dX = -3 X dt + sqrt(3) X dW: what a step makes of E X^2, by the two values +-sqrt(h) that dW has the
 * moments of. */
static nsde_var falling(const nsde_at *at)
{
    return nsde_mul_real(at->x, -3.0);
}

static nsde_var shaken(const nsde_at *at)
{
    return nsde_mul_real(at->x, sqrt(3.0));
}

static const nsde_model_definition linear = {
    .name = "linear", .dim = 1, .noise = NSDE_NOISE_DIAGONAL, .drift = falling, .diffusion = shaken};

START_TEST(second_moments_of_a_step)
{
    const struct {
        double h, explicit, implicit;
    } known[] = {{1.0, 7.0, 0.25}, {0.5, 1.75, 0.4}, {0.25, 0.8125, 0.5714285714285714}};
    for (int k = 0; k < 3; k++)
        for (int implicit = 0; implicit < 2; implicit++) {
            const double one = 1.0;
            double factor = 0.0;
            for (int side = -1; side <= 1; side += 2) {
                double x;
                const double dW = side * sqrt(known[k].h);
                check_ok(one_step(&linear, implicit ? "implicit_euler" : "euler_maruyama", known[k].h, &one,
                                  &dW, &x));
                factor += 0.5 * x * x;
            }
            check_relative(factor, implicit ? known[k].implicit : known[k].explicit, 1e-14);
        }
}
END_TEST

/* ---- nonlinear drifts ---- */

static nsde_var plunging(const nsde_at *at)
{
    return nsde_neg(nsde_mul(nsde_square(at->x), at->x));
}

static nsde_var steady(const nsde_at *at)
{
    return nsde_broadcast(nsde_real(at->tape, 1.0), at->dim);
}

static const nsde_model_definition cubic = {
    .name = "cubic", .dim = 1, .noise = NSDE_NOISE_ADDITIVE, .drift = plunging, .diffusion = steady};

/* y + h y^3 = x + dW, from far away and stiff. */
START_TEST(the_equation_is_solved)
{
    for (double x0 = 0.01; x0 < 10.0; x0 *= 1.7)
        for (double h = 0.01; h < 0.5; h *= 3.0) {
            const double dW = -0.3;
            double y;
            check_ok(one_step(&cubic, "implicit_euler", h, &x0, &dW, &y));
            check_absolute(y + h * y * y * y, x0 + dW, 1e-14 * (1.0 + x0));
        }
}
END_TEST

/* No solution near, or none at all: y - h (1 + y^2) = x has none where 1 < 4 h (x + h). */
static nsde_var exploding(const nsde_at *at)
{
    return nsde_add_real(nsde_square(at->x), 1.0);
}

START_TEST(what_does_not_converge_is_seen)
{
    const nsde_model_definition wild = {
        .name = "wild", .dim = 1, .noise = NSDE_NOISE_ADDITIVE, .drift = exploding, .diffusion = steady};
    const double x0 = 1.0, dW = 0.1;
    double x;
    check_refused(one_step(&wild, "implicit_euler", 0.5, &x0, &dW, &x), NSDE_DIVERGED, "step");
    check_refused(one_step(&wild, "theta", 0.9, &x0, &dW, &x), NSDE_DIVERGED, "path");
    check_ok(one_step(&wild, "implicit_euler", 0.1, &x0, &dW, &x));
    check_absolute(x - 0.1 * (1.0 + x * x), 1.1, 1e-14);
}
END_TEST

/* States of very different sizes do not stand for each other: the explosion again, a million times smaller.
 */
static nsde_var two_sizes(const nsde_at *at)
{
    const nsde_var a = nsde_row(at->x, 0), b = nsde_row(at->x, 1);
    return nsde_stack(2, (nsde_var[]){nsde_neg(a), nsde_add_real(nsde_mul_real(nsde_square(b), 1e6), 1e-6)});
}

START_TEST(a_small_state_is_checked_beside_a_large_one)
{
    const nsde_model_definition model = {
        .name = "two sizes", .dim = 2, .noise = NSDE_NOISE_ADDITIVE, .drift = two_sizes, .diffusion = steady};
    const double x0[] = {1e3, 1e-6}, dW[] = {0.0, 0.0};
    double x[2];
    check_refused(one_step(&model, "implicit_euler", 0.5, x0, dW, x), NSDE_DIVERGED, "step");
    check_ok(one_step(&model, "implicit_euler", 0.05, x0, dW, x));
}
END_TEST

/* ---- many states: a line of springs without a diagonal in the drift's own part ---- */

static const nsde_parameter_definition chain_parameters[] = {{"stiffness", "", 0.0, INFINITY, 40.0, 1},
                                                             {"noise", "", 0.0, INFINITY, 0.3, 1}};

/* Neighbours pull at each other, stiffly and a little nonlinearly; the rows of the Jacobian are mixed, so
 * that elimination must pivot. */
static nsde_var pulling(const nsde_at *at)
{
    nsde_var parts[NSDE_SOLVE_MOST];
    for (size_t i = 0; i < at->dim; i++) {
        const nsde_var left = nsde_row(at->x, (i + at->dim - 1) % at->dim);
        const nsde_var right = nsde_row(at->x, (i + 1) % at->dim), here = nsde_row(at->x, i);
        const nsde_var turned = nsde_sub(left, right), bent = nsde_sin(nsde_mul(here, left));
        const nsde_var back = nsde_mul_real(here, i ? -0.5 : -1.0);
        parts[i] = nsde_add(nsde_mul(nsde_row(at->p, 0), nsde_add(turned, back)), bent);
    }
    return nsde_stack(at->dim, parts);
}

static nsde_var pulled_noise(const nsde_at *at)
{
    return nsde_broadcast(nsde_row(at->p, 1), at->dim);
}

static nsde_var sum_of_squares(const nsde_loss_at *at)
{
    const nsde_var x = nsde_loss_state(at, at->n_times - 1);
    return nsde_dot(x, nsde_add_real(x, 0.3));
}

static void check_gradient(const char *method, size_t dim)
{
    const nsde_model_definition chain = {.name = "chain",
                                         .dim = dim,
                                         .noise = NSDE_NOISE_ADDITIVE,
                                         .parameters = chain_parameters,
                                         .n_parameters = 2,
                                         .drift = pulling,
                                         .diffusion = pulled_noise};
    nsde_model *model;
    nsde_gradient *engine;
    const nsde_loss loss = {.record = sum_of_squares};
    nsde_gradient_settings settings = nsde_gradient_settings_default();
    settings.steps = 4;
    settings.paths = 8;
    settings.integrator = find(method);
    check_ok(nsde_model_create(&chain, &model));
    check_ok(nsde_gradient_create(model, &loss, &settings, &engine));
    double at[2 + NSDE_SOLVE_MOST] = {40.0, 0.3}, by[2 + NSDE_SOLVE_MOST], value;
    for (size_t i = 0; i < dim; i++)
        at[2 + i] = cos(3.0 * (double)i);
    const nsde_gradient_point point = {.parameters = at, .x0 = at + 2};
    check_ok(nsde_gradient_evaluate(engine, &point,
                                    &(nsde_gradient_result){.loss = &value, .parameters = by, .x0 = by + 2}));
    for (size_t k = 0; k < 2 + dim; k += k < 4 ? 1 : 5) {
        const double steps[] = {-2.0, -1.0, 1.0, 2.0}, weights[] = {1.0, -8.0, 8.0, -1.0}, before = at[k];
        double difference = 0.0;
        for (int j = 0; j < 4; j++) {
            const double h = 1e-3 * fabs(before);
            at[k] = before + steps[j] * h;
            check_ok(nsde_gradient_evaluate(engine, &point, &(nsde_gradient_result){.loss = &value}));
            difference += weights[j] * value / (12.0 * h);
        }
        at[k] = before;
        check_close_floor(by[k], difference, 1e-6, 1e-3);
    }
    nsde_gradient_destroy(engine);
    nsde_model_destroy(model);
}

START_TEST(gradients_of_stiff_systems)
{
    check_gradient("implicit_euler", 3);
    check_gradient("theta", 3);
    check_gradient("implicit_euler", 12);
    check_gradient("implicit_euler", NSDE_SOLVE_MOST);
}
END_TEST

/* A network's drift, whose values in single precision are steps of 1e-7: that is no divergence. */
START_TEST(networks_in_either_precision)
{
    enum { MOST = 200 };
    const nsde_text_model text = {.drift = "mlp(8,8) - 2*x1; 3*mlp(8) - x2", .diffusion = "0.5; 0.5"};
    const nsde_loss loss = {.record = sum_of_squares};
    const double x0[] = {1.0, -2.0};
    double parameters[MOST], by[2][MOST], value[2];
    nsde_model *model;
    gsl_rng *rng = gsl_rng_alloc(nsde_rng_philox);
    check_ok(nsde_model_from_text(&text, &model));
    const size_t n = nsde_model_describe(model)->n_parameters;
    ck_assert_uint_le(n, MOST);
    check_ok(nsde_text_initialise(model, NSDE_INIT_GLOROT, rng, parameters));
    for (int single = 0; single < 2; single++) {
        nsde_gradient *engine;
        nsde_gradient_settings settings = nsde_gradient_settings_default();
        settings.steps = 20;
        settings.t1 = 10.0;
        settings.paths = 500;
        settings.integrator = find("implicit_euler");
        settings.precision = single ? NSDE_SINGLE : NSDE_DOUBLE;
        check_ok(nsde_gradient_create(model, &loss, &settings, &engine));
        check_ok(nsde_gradient_evaluate(
            engine, &(nsde_gradient_point){.parameters = parameters, .x0 = x0},
            &(nsde_gradient_result){.loss = &value[single], .parameters = by[single]}));
        nsde_gradient_destroy(engine);
    }
    check_relative(value[1], value[0], 1e-5);
    ck_assert(value[1] != value[0]);
    double norm = 0.0;
    for (size_t k = 0; k < n; k++)
        norm = fmax(norm, fabs(by[0][k]));
    for (size_t k = 0; k < n; k++)
        check_absolute(by[1][k], by[0][k], 1e-4 * norm);
    gsl_rng_free(rng);
    nsde_model_destroy(model);
}
END_TEST

START_TEST(too_many_states_are_refused)
{
    const nsde_model_definition wide = {.name = "wide",
                                        .dim = NSDE_SOLVE_MOST + 1,
                                        .noise = NSDE_NOISE_ADDITIVE,
                                        .drift = plunging,
                                        .diffusion = steady};
    double x[NSDE_SOLVE_MOST + 1] = {0.0};
    check_refused(one_step(&wide, "theta", 0.1, x, x, x), NSDE_RECORDING, "32 states");
}
END_TEST

void test_cases(TCase *cases)
{
    tcase_add_test(cases, second_moments_of_a_step);
    tcase_add_test(cases, the_equation_is_solved);
    tcase_add_test(cases, what_does_not_converge_is_seen);
    tcase_add_test(cases, a_small_state_is_checked_beside_a_large_one);
    tcase_add_test(cases, gradients_of_stiff_systems);
    tcase_add_test(cases, networks_in_either_precision);
    tcase_add_test(cases, too_many_states_are_refused);
}
