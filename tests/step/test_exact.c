/* Transitions exact in law: means and variances without statistical error where the law is normal, by
 * counting where it is not; any number of steps gives the same law; and derivatives.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdlib.h>

#include "harness.h"
#include "nsde/gradient.h"
#include "nsde/simulate.h"

static const nsde_integrator *exact(void)
{
    const nsde_integrator *found;
    check_ok(nsde_integrator_find("exact", &found));
    return found;
}

static nsde_model *opened(const char *name)
{
    nsde_model *model;
    check_ok(nsde_model_open(name, &model));
    return model;
}

/* One step of length h along given noise rows (increments, and areas where there are as many again). */
static void one_step(const nsde_model *model, const double *parameters, double h, const double *x0,
                     const double *rows, double *x)
{
    nsde_brownian *noise;
    nsde_simulation *simulation;
    nsde_simulate_settings settings = nsde_simulate_settings_default();
    settings.integrator = exact();
    settings.steps = 1;
    settings.t1 = h;
    check_ok(nsde_brownian_stored_detail(1, 1, nsde_model_describe(model)->noise_dim,
                                         nsde_step_detail(settings.integrator, model), h, rows, &noise));
    settings.noise = noise;
    check_ok(nsde_simulate(model, parameters, x0, &settings, &simulation));
    for (size_t i = 0; i < nsde_model_describe(model)->dim; i++)
        x[i] = *nsde_simulation_row(simulation, 1, i);
    nsde_simulation_destroy(simulation);
    nsde_brownian_destroy(noise);
}

enum { MOST = 4 };

typedef struct law {
    double mean[MOST], covariance[MOST][MOST];
} law;

/* A step is x to mean + L z: its columns are the steps along one normal number each. */
static law law_of(const nsde_model *model, const double *parameters, double h, const double *x0)
{
    const size_t n = nsde_model_describe(model)->dim, m = nsde_model_describe(model)->noise_dim;
    const size_t rows = nsde_noise_rows(m, nsde_step_detail(exact(), model));
    law l = {{0.0}, {{0.0}}};
    double noise[2 * MOST] = {0.0}, moved[MOST];
    one_step(model, parameters, h, x0, noise, l.mean);
    for (size_t k = 0; k < rows; k++) {
        noise[k] = k < m ? sqrt(h) : sqrt(h / 12.0);
        one_step(model, parameters, h, x0, noise, moved);
        noise[k] = 0.0;
        for (size_t i = 0; i < n; i++)
            for (size_t j = 0; j < n; j++)
                l.covariance[i][j] += (moved[i] - l.mean[i]) * (moved[j] - l.mean[j]);
    }
    return l;
}

START_TEST(ornstein_uhlenbeck)
{
    nsde_model *model = opened("ou");
    const double p[] = {1.0, 1.2, 0.3}, x0 = 2.0;
    const law l = law_of(model, p, 1.0, &x0);
    check_relative(l.mean[0], 1.494303552937, 1e-12);
    check_relative(l.covariance[0][0], 0.03890991225, 1e-9);
    check_relative(l.covariance[0][0], 0.09 * -expm1(-2.0) / 2.0, 1e-13);
    const double rates[] = {1e-8, 0.01, 3.0, 40.0, 300.0};
    for (size_t k = 0; k < 5; k++) {
        const double q[] = {rates[k], 1.2, 0.3};
        const law other = law_of(model, q, 0.7, &x0);
        check_relative(other.mean[0], 1.2 + 0.8 * exp(-0.7 * rates[k]), 1e-11);
        check_relative(other.covariance[0][0], 0.09 * -expm1(-1.4 * rates[k]) / (2.0 * rates[k]), 1e-11);
    }
    nsde_model_destroy(model);
}
END_TEST

/* Two steps have the law of one: with E from the means at unit states, C(2 h) = C + E C E'. */
static void check_two_steps(const nsde_model *model, const double *p, double h)
{
    const size_t n = nsde_model_describe(model)->dim;
    double x0[MOST] = {0.0}, E[MOST][MOST];
    const law one = law_of(model, p, h, x0), two = law_of(model, p, 2.0 * h, x0);
    for (size_t j = 0; j < n; j++) {
        x0[j] = 1.0;
        const law moved = law_of(model, p, h, x0);
        x0[j] = 0.0;
        for (size_t i = 0; i < n; i++)
            E[i][j] = moved.mean[i] - one.mean[i];
    }
    for (size_t i = 0; i < n; i++) {
        double mean = one.mean[i];
        for (size_t j = 0; j < n; j++) {
            mean += E[i][j] * one.mean[j];
            double covariance = one.covariance[i][j];
            for (size_t k = 0; k < n; k++)
                for (size_t l = 0; l < n; l++)
                    covariance += E[i][k] * one.covariance[k][l] * E[j][l];
            check_absolute(two.covariance[i][j], covariance, 1e-12);
        }
        check_absolute(two.mean[i], mean, 1e-12);
    }
}

static const double plane[] = {1.3, -2.0, 0.7, 0.4, 0.2, -0.5, 0.6, 0.3, 0.2};

START_TEST(two_dimensions)
{
    nsde_model *model = opened("ou_2d");
    check_two_steps(model, plane, 0.4);
    /* one component alone is the process of one dimension */
    const double apart[] = {1.0, 0.0, 0.0, 3.0, 1.2, 0.0, 0.3, 0.0, 0.7}, x0[] = {2.0, 1.0};
    const law l = law_of(model, apart, 1.0, x0);
    check_relative(l.mean[0], 1.494303552937, 1e-12);
    check_relative(l.mean[1], exp(-3.0), 1e-11);
    check_relative(l.covariance[1][1], 0.49 * -expm1(-6.0) / 6.0, 1e-12);
    check_absolute(l.covariance[0][1], 0.0, 1e-15);
    nsde_model_destroy(model);
}
END_TEST

/* ---- fewer noises than states ---- */

static nsde_var spring(const nsde_at *at)
{
    const nsde_var q = nsde_row(at->x, 0), v = nsde_row(at->x, 1);
    return nsde_stack(2, (nsde_var[]){v, nsde_sub(nsde_mul_real(q, -2.0), nsde_mul_real(v, 0.7))});
}

static nsde_var heat(const nsde_at *at)
{
    return nsde_stack(2, (nsde_var[]){nsde_real(at->tape, 0.0), nsde_real(at->tape, sqrt(2.0 * 0.7 * 0.3))});
}

static const nsde_model_definition harmonic = {
    .name = "harmonic", .dim = 2, .noise_dim = 1, .drift = spring, .diffusion = heat};

START_TEST(a_spring_takes_its_position_s_noise_from_areas)
{
    nsde_model *model;
    check_ok(nsde_model_create(&harmonic, &model));
    ck_assert(nsde_model_is_linear(model));
    check_two_steps(model, NULL, 0.3);
    const double x0[] = {0.0, 0.0};
    const law rest = law_of(model, NULL, 60.0, x0), start = law_of(model, NULL, 1e-3, x0);
    check_relative(rest.covariance[0][0], 0.15, 1e-10); /* temperature / stiffness */
    check_relative(rest.covariance[1][1], 0.3, 1e-10);
    check_relative(start.covariance[0][0], 0.42e-9 / 3.0, 1e-3); /* g^2 h^3 / 3 */
    /* and its path is that of W and H: over a short step q moves by g h (H + dW / 2) */
    double moved[2];
    one_step(model, NULL, 1e-3, x0, (double[]){0.02, 0.01}, moved);
    check_relative(moved[0], sqrt(0.42) * 1e-3 * 0.02, 1e-3);
    check_relative(moved[1], sqrt(0.42) * 0.02, 1e-3);
    nsde_model_destroy(model);
}
END_TEST

static nsde_var heat_on_none(const nsde_at *at)
{
    return nsde_stack(2, (nsde_var[]){nsde_real(at->tape, 0.0), nsde_real(at->tape, 0.5)});
}

static nsde_var falling(const nsde_at *at)
{
    return nsde_neg(at->x);
}

/* A state that no noise reaches stays without any. */
START_TEST(a_state_without_noise)
{
    const nsde_model_definition d = {
        .name = "half at rest", .dim = 2, .noise_dim = 1, .drift = falling, .diffusion = heat_on_none};
    nsde_model *model;
    check_ok(nsde_model_create(&d, &model));
    const law l = law_of(model, NULL, 0.5, (double[]){2.0, 1.0});
    ck_assert(l.covariance[0][0] == 0.0);
    check_relative(l.mean[0], 2.0 * exp(-0.5), 1e-12);
    check_relative(l.covariance[1][1], 0.25 * -expm1(-1.0) / 2.0, 1e-12);
    nsde_model_destroy(model);
}
END_TEST

/* ---- what is linear ---- */

static nsde_var in_time(const nsde_at *at)
{
    return nsde_sub(at->t, at->x);
}

static nsde_var bent(const nsde_at *at)
{
    return nsde_neg(nsde_sin(at->x));
}

static nsde_var half(const nsde_at *at)
{
    return nsde_real(at->tape, 0.5);
}

static nsde_var half_root(const nsde_at *at)
{
    return nsde_sqrt(at->t);
}

START_TEST(what_is_not_linear_is_refused)
{
    const nsde_model_definition all[] = {
        {.name = "in time", .dim = 1, .drift = in_time, .diffusion = half},
        {.name = "bent", .dim = 1, .drift = bent, .diffusion = half},
        {.name = "noise in time", .dim = 1, .drift = falling, .diffusion = half_root},
        {.name = "proportional", .dim = 1, .noise = NSDE_NOISE_DIAGONAL, .drift = falling, .diffusion = bent},
        {.name = "no noise", .dim = 1, .drift = falling},
    };
    for (size_t k = 0; k < sizeof all / sizeof *all; k++) {
        nsde_model *model;
        check_ok(nsde_model_create(&all[k], &model));
        ck_assert_msg(!nsde_model_is_linear(model), "%s", all[k].name);
        check_refused(nsde_integrator_check(exact(), model), NSDE_UNSUPPORTED, "transition");
        nsde_model_destroy(model);
    }
}
END_TEST

/* What a path is pulled to, and how fast, are its inputs: linear still, each path with a transition of its
 * own. */
static nsde_var led(const nsde_at *at)
{
    return nsde_mul(nsde_row(at->u, 1), nsde_sub(nsde_row(at->u, 0), at->x));
}

START_TEST(inputs_of_each_path)
{
    const nsde_model_definition d = {.name = "led", .dim = 1, .n_inputs = 2, .drift = led, .diffusion = half};
    const double inputs[2][3] = {{1.2, -0.4, 3.0}, {1.0, 0.5, 2.0}}, x0 = 2.0, none[3] = {0.0};
    nsde_model *model;
    nsde_brownian *noise;
    nsde_simulation *simulation;
    nsde_simulate_settings settings = nsde_simulate_settings_default();
    check_ok(nsde_model_create(&d, &model));
    ck_assert(nsde_model_is_linear(model));
    check_ok(nsde_brownian_stored(3, 1, 1, 1.0, none, &noise));
    settings.integrator = exact();
    settings.steps = 1;
    settings.paths = 3;
    settings.noise = noise;
    settings.inputs = &inputs[0][0];
    check_ok(nsde_simulate(model, NULL, &x0, &settings, &simulation));
    for (size_t i = 0; i < 3; i++)
        check_relative(nsde_simulation_row(simulation, 1, 0)[i],
                       inputs[0][i] + (x0 - inputs[0][i]) * exp(-inputs[1][i]), 1e-12);
    nsde_simulation_destroy(simulation);
    nsde_brownian_destroy(noise);
    nsde_model_destroy(model);
}
END_TEST

START_TEST(correlated_noise_is_refused)
{
    nsde_model *model = opened("ou_2d");
    nsde_brownian *grid, *correlated;
    nsde_simulation *simulation;
    nsde_simulate_settings settings = nsde_simulate_settings_default();
    check_ok(nsde_brownian_grid(1, 2, &grid));
    check_ok(nsde_brownian_correlate(grid, (double[]){1.0, 0.5, 0.5, 1.0}, &correlated));
    settings.integrator = exact();
    settings.noise = correlated;
    check_refused(nsde_simulate(model, plane, (double[]){0.0, 0.0}, &settings, &simulation), NSDE_UNSUPPORTED,
                  "independent");
    nsde_brownian_destroy(correlated);
    nsde_brownian_destroy(grid);
    nsde_model_destroy(model);
}
END_TEST

/* ---- CIR: the law over normal numbers z, by the trapezoidal rule, which is exact to rounding here ---- */

enum { NODES = 361 };

typedef struct moments {
    double total, mean, variance, median;
} moments;

/* One path for each z from -9 to 9. */
static moments moments_of(const double *p, double x0)
{
    nsde_model *model = opened("cir");
    nsde_brownian *noise;
    nsde_simulation *simulation;
    nsde_simulate_settings settings = nsde_simulate_settings_default();
    double z[NODES];
    for (int k = 0; k < NODES; k++)
        z[k] = -9.0 + 0.05 * k;
    check_ok(nsde_brownian_stored(NODES, 1, 1, 1.0, z, &noise));
    settings.integrator = exact();
    settings.steps = 1;
    settings.paths = NODES;
    settings.noise = noise;
    check_ok(nsde_simulate(model, p, &x0, &settings, &simulation));
    const double *x = nsde_simulation_row(simulation, 1, 0);
    moments m = {0.0, 0.0, 0.0, x[NODES / 2]};
    for (int power = 0; power < 3; power++)
        for (int k = 0; k < NODES; k++) {
            const double w = 0.05 * exp(-0.5 * z[k] * z[k]) / sqrt(2.0 * 3.14159265358979323846);
            if (power == 0)
                m.total += w;
            else if (power == 1)
                m.mean += w * x[k];
            else
                m.variance += w * (x[k] - m.mean) * (x[k] - m.mean);
        }
    nsde_simulation_destroy(simulation);
    nsde_brownian_destroy(noise);
    nsde_model_destroy(model);
    return m;
}

static const double feller[] = {1.2, 0.06, 0.3},
                    touching[] = {0.5, 0.04, 0.4}; /* 0 is reached in the second */

START_TEST(cox_ingersoll_ross)
{
    const moments m = moments_of(feller, 0.04), at_0 = moments_of(touching, 0.04);
    check_relative(m.total, 1.0, 1e-12);
    check_relative(m.mean, 0.0539761157618, 1e-10);
    check_relative(m.variance, 0.00173017021716, 1e-10);
    check_relative(m.median, 0.04384247332, 1e-9);
    check_relative(at_0.mean, 0.04, 1e-9);
    check_relative(at_0.variance, 0.0040455716, 1e-7);
    const moments wrong = moments_of((double[]){1.2, 0.06, 0.301}, 0.04);
    ck_assert(fabs(wrong.variance / 0.00173017021716 - 1.0) > 1e-3);
}
END_TEST

/* Steps make the law of one step, mass near 0 and all, and never leave the numbers that are not negative. */
START_TEST(cox_ingersoll_ross_near_0)
{
    enum { PATHS = 4000 };
    nsde_model *model = opened("cir");
    nsde_simulation *simulation;
    nsde_simulate_settings settings = nsde_simulate_settings_default();
    const double x0 = 0.04, p = 0.1498408;
    settings.integrator = exact();
    settings.steps = 10;
    settings.paths = PATHS;
    settings.seed = 22;
    check_ok(nsde_simulate(model, touching, &x0, &settings, &simulation));
    const double *x = nsde_simulation_row(simulation, 1, 0);
    double mean = 0.0, near_0 = 0.0;
    for (int i = 0; i < PATHS; i++) {
        ck_assert(x[i] >= 0.0);
        mean += x[i] / PATHS;
        near_0 += x[i] < 1e-4;
    }
    check_absolute(mean, 0.04, 4.0 * sqrt(0.0040455716 / PATHS));
    check_absolute(near_0 / PATHS, p, 4.0 * sqrt(p * (1.0 - p) / PATHS));
    nsde_simulation_destroy(simulation);
    nsde_model_destroy(model);
}
END_TEST

/* ---- derivatives by states and parameters against differences on the same noise ---- */

static nsde_var end_value(const nsde_loss_at *at)
{
    const nsde_var x = nsde_loss_state(at, at->n_times - 1);
    return nsde_dot(x, nsde_add_real(x, 0.3));
}

static void check_gradient(const char *name, size_t n_parameters, const double *parameters, size_t dim,
                           const double *x0)
{
    enum { ALL = 12 };
    nsde_model *model = opened(name);
    nsde_gradient *engine;
    const nsde_loss loss = {.record = end_value};
    nsde_gradient_settings settings = nsde_gradient_settings_default();
    settings.steps = 3;
    settings.paths = 16;
    settings.integrator = exact();
    check_ok(nsde_gradient_create(model, &loss, &settings, &engine));
    double at[ALL], by[ALL], value;
    memcpy(at, parameters, n_parameters * sizeof *at);
    memcpy(at + n_parameters, x0, dim * sizeof *at);
    const nsde_gradient_point point = {.parameters = at, .x0 = at + n_parameters};
    check_ok(nsde_gradient_evaluate(
        engine, &point, &(nsde_gradient_result){.loss = &value, .parameters = by, .x0 = by + n_parameters}));
    for (size_t k = 0; k < n_parameters + dim; k++) {
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

START_TEST(gradients)
{
    check_gradient("ou", 3, (double[]){1.0, 1.2, 0.3}, 1, (double[]){2.0});
    check_gradient("ou_2d", 9, plane, 2, (double[]){0.4, -0.3});
    check_gradient("cir", 3, feller, 1, (double[]){0.04});
    check_gradient("cir", 3, touching, 1, (double[]){0.04});
}
END_TEST

void test_cases(TCase *cases)
{
    tcase_add_test(cases, ornstein_uhlenbeck);
    tcase_add_test(cases, two_dimensions);
    tcase_add_test(cases, a_spring_takes_its_position_s_noise_from_areas);
    tcase_add_test(cases, a_state_without_noise);
    tcase_add_test(cases, what_is_not_linear_is_refused);
    tcase_add_test(cases, inputs_of_each_path);
    tcase_add_test(cases, correlated_noise_is_refused);
    tcase_add_test(cases, cox_ingersoll_ross);
    tcase_add_test(cases, cox_ingersoll_ross_near_0);
    tcase_add_test(cases, gradients);
}
