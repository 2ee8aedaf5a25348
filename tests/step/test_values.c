/* Every scheme on a given path: no random numbers, so that any slip in the algebra shows; and derivatives.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdlib.h>

#include "harness.h"
#include "nsde/gradient.h"
#include "nsde/simulate.h"
#include "problems/models.h"
#include "problems/problems.h"

static nsde_var end_value(const nsde_loss_at *at)
{
    return nsde_sum(nsde_loss_state(at, at->n_times - 1));
}

/* The four steps of problems.h with their space-time areas. */
static nsde_brownian *path0(void)
{
    double rows[4][2];
    nsde_brownian *noise;
    for (int k = 0; k < 4; k++) {
        rows[k][0] = path0_dW[k];
        rows[k][1] = path0_dZ[k] / (2.0 * sqrt(3.0));
    }
    check_ok(nsde_brownian_stored_detail(1, 4, 1, NSDE_SPACE_TIME, 0.25, &rows[0][0], &noise));
    return noise;
}

typedef struct derivatives {
    double value, x0[2], p[2];
} derivatives;

static derivatives along_path0(const nsde_model_definition *definition, const char *method)
{
    nsde_model *model;
    nsde_gradient *engine;
    nsde_brownian *noise = path0();
    derivatives d;
    const nsde_loss loss = {.record = end_value};
    nsde_gradient_settings settings = nsde_gradient_settings_default();
    settings.steps = 4;
    settings.paths = 1;
    settings.noise = noise;
    check_ok(nsde_integrator_find(method, &settings.integrator));
    if (definition)
        check_ok(nsde_model_create(definition, &model));
    else
        check_ok(nsde_model_open("gbm", &model));
    check_ok(nsde_gradient_create(model, &loss, &settings, &engine));
    check_ok(
        nsde_gradient_evaluate(engine, &(nsde_gradient_point){.parameters = gbm0_parameters, .x0 = &gbm0_x0},
                               &(nsde_gradient_result){.loss = &d.value, .parameters = d.p, .x0 = d.x0}));
    nsde_simulate_settings simulate = nsde_simulate_settings_default();
    simulate.steps = 4;
    simulate.noise = noise;
    simulate.integrator = settings.integrator;
    nsde_simulation *simulation;
    check_ok(nsde_simulate(model, gbm0_parameters, &gbm0_x0, &simulate, &simulation));
    ck_assert(*nsde_simulation_row(simulation, 1, 0) == d.value);
    nsde_simulation_destroy(simulation);
    nsde_gradient_destroy(engine);
    nsde_brownian_destroy(noise);
    nsde_model_destroy(model);
    return d;
}

/* Values of an independent implementation, to the last digits. */
static const struct {
    const char *method;
    bool stratonovich;
    double value;
} expected[] = {
    {"euler_maruyama", false, 1.749729747827531}, {"milstein", false, 1.419576001212797},
    {"euler_heun", true, 1.888175962523137},      {"heun", true, 2.213793415864423},
    {"sriw1", false, 1.622475880748387},
};

START_TEST(values_along_a_given_path)
{
    const nsde_model_definition *model = expected[_i].stratonovich ? &gbm_stratonovich : NULL;
    check_relative(along_path0(model, expected[_i].method).value, expected[_i].value, 1e-14);
}
END_TEST

/* On a linear equation a step is x times a polynomial of its noise: what schemes without published numbers
 * must give, written out by hand. */
START_TEST(linear_equations_by_hand)
{
    const double mu = 1.01, sigma = 0.87, h = 0.25;
    double milstein = 0.5, free_of_derivatives = 0.5, strat_milstein = 0.5, midpoint = 0.5, tamed = 0.5;
    double implicit = 0.5, trapezoidal = 0.5, converted = 0.5, platen = 0.5;
    for (int k = 0; k < 4; k++) {
        const double dW = path0_dW[k], area = 0.5 * (dW * dW - h), a = mu * h, b = sigma * dW;
        milstein *= 1.0 + a + b + sigma * sigma * area;
        free_of_derivatives *= 1.0 + a + b + (sigma * (a + sigma * sqrt(h))) / sqrt(h) * area;
        strat_milstein *= 1.0 + a + b + 0.5 * b * b;
        midpoint *= 1.0 + (a + b) * (1.0 + 0.5 * (a + b));
        tamed += tamed * b + tamed * a / (1.0 + fabs(mu * tamed) * h);
        implicit *= (1.0 + b) / (1.0 - a);
        trapezoidal *= (1.0 + 0.5 * a + b) / (1.0 - 0.5 * a);
        converted *= 1.0 + (mu + 0.5 * sigma * sigma) * h + b;
        const double up = 1.0 + a + sigma * sqrt(h), down = 1.0 + a - sigma * sqrt(h);
        platen *= 1.0 + 0.5 * a * (1.0 + 1.0 + a + b) + 0.25 * sigma * (up + down + 2.0) * dW +
                  0.25 * sigma * (up - down) * (dW * dW - h) / sqrt(h);
    }
    check_relative(along_path0(NULL, "milstein").value, milstein, 1e-14);
    check_relative(along_path0(NULL, "milstein_derivative_free").value, free_of_derivatives, 1e-14);
    check_relative(along_path0(&gbm_stratonovich, "milstein_stratonovich").value, strat_milstein, 1e-14);
    check_relative(along_path0(&gbm_stratonovich, "midpoint").value, midpoint, 1e-14);
    check_relative(along_path0(NULL, "tamed_euler").value, tamed, 1e-14);
    check_relative(along_path0(NULL, "implicit_euler").value, implicit, 1e-14);
    check_relative(along_path0(NULL, "theta").value, trapezoidal, 1e-14);
    check_relative(along_path0(NULL, "platen_weak2").value, platen, 1e-14);
    const double W = 0.3 - 0.2 + 0.1 + 0.4;
    check_relative(along_path0(NULL, "exact").value, 0.5 * exp(mu - 0.5 * sigma * sigma + sigma * W), 1e-14);
    /* calculus is converted: Milstein is the same in both forms, Euler-Maruyama gains a drift */
    check_relative(along_path0(NULL, "milstein_stratonovich").value, milstein, 1e-14);
    check_relative(along_path0(&gbm_stratonovich, "milstein").value, strat_milstein, 1e-14);
    check_relative(along_path0(&gbm_stratonovich, "euler_maruyama").value, converted, 1e-14);
}
END_TEST

START_TEST(derivatives_along_a_given_path)
{
    const struct {
        const char *method;
        double x0, p[2];
    } known[] = {
        {"euler_maruyama", 3.499459495655062, {1.294487632125, 0.5902712119125}},
        {"milstein", 2.839152002425594, {1.110276152468299, -0.2188476925831794}},
        {"sriw1", 3.244951761496775, {1.629772758423196, -0.3019334077080884}},
    };
    for (int k = 0; k < 3; k++) {
        const derivatives d = along_path0(NULL, known[k].method);
        check_relative(d.x0[0], known[k].x0, 1e-13);
        check_relative(d.p[0], known[k].p[0], 1e-13);
        check_relative(d.p[1], known[k].p[1], 1e-13);
    }
}
END_TEST

/* Reversible Heun, 19 steps of 0.1 forward and then back over the same increments. */
START_TEST(reversible_heun_goes_back_to_where_it_began)
{
    enum { FORWARD = 19 };
    const nsde_integrator *integrator;
    const double start[2] = {0.3, 0.45};
    nsde_model *model;
    nsde_tape *tape;
    nsde_program *program;
    nsde_workspace *workspace;
    check_ok(nsde_integrator_find("reversible_heun", &integrator));
    check_ok(nsde_model_create(&crossed_stratonovich, &model));
    check_ok(nsde_tape_create(&tape));
    const nsde_var x0 = nsde_input(tape, 2), dW = nsde_input_passive(tape, 2 * FORWARD);
    nsde_step_at at = {.tape = tape, .model = model, .x = x0, .carried = x0};
    at.p = nsde_model_record_parameters(model, tape);
    nsde_var middle = x0;
    for (int k = 0; k < 2 * FORWARD; k++) {
        const bool back = k >= FORWARD;
        const size_t step = (size_t)(back ? 2 * FORWARD - 1 - k : k);
        const nsde_var increments = nsde_slice(dW, 2 * step, 2);
        at.h = nsde_real(tape, back ? -0.1 : 0.1);
        at.t = nsde_real(tape, 0.1 * (double)(back ? step + 1 : step));
        at.dW = back ? nsde_neg(increments) : increments;
        const nsde_var next = nsde_step_record(integrator, &at);
        at.x = nsde_slice(next, 0, 2);
        at.carried = nsde_slice(next, 2, 2);
        if (k == FORWARD - 1)
            middle = at.x;
    }
    check_ok(nsde_program_create(tape, 2, (nsde_var[]){at.x, middle}, &program));
    check_ok(nsde_workspace_create(program, 16, NSDE_FORWARD, &workspace));
    for (size_t i = 0; i < 16; i++)
        for (int c = 0; c < 2; c++)
            nsde_workspace_input(workspace, 0)[(size_t)c * 16 + i] = start[c];
    nsde_brownian *grid;
    check_ok(nsde_brownian_grid(3, 2, &grid));
    check_ok(nsde_brownian_increments(grid, 0.1, 0, 16, 0, FORWARD, 16, nsde_workspace_input(workspace, 1)));
    nsde_workspace_prepare(workspace);
    nsde_forward(workspace, 16);
    for (size_t i = 0; i < 16; i++)
        for (int c = 0; c < 2; c++) {
            check_absolute(nsde_workspace_output(workspace, 0)[(size_t)c * 16 + i], start[c], 1e-9);
            ck_assert(fabs(nsde_workspace_output(workspace, 1)[(size_t)c * 16 + i] - start[c]) > 1e-4);
        }
    nsde_brownian_destroy(grid);
    nsde_workspace_destroy(workspace);
    nsde_program_destroy(program);
    nsde_tape_destroy(tape);
    nsde_model_destroy(model);
}
END_TEST

/* ---- what cannot be right is refused ---- */

START_TEST(refusals_name_what_would_do)
{
    const double x0[] = {0.3, 0.45};
    nsde_model *model, *gbm;
    nsde_simulation *simulation;
    nsde_brownian *grid, *correlated, *stored;
    nsde_simulate_settings settings = nsde_simulate_settings_default();
    check_ok(nsde_model_create(&crossed, &model));
    check_ok(nsde_model_open("gbm", &gbm));
    check_ok(nsde_integrator_find("sriw1", &settings.integrator));
    check_refused(nsde_simulate(model, NULL, x0, &settings, &simulation), NSDE_UNSUPPORTED, "milstein");
    check_ok(nsde_integrator_find("exact", &settings.integrator));
    check_refused(nsde_simulate(model, NULL, x0, &settings, &simulation), NSDE_UNSUPPORTED, "solution");
    check_ok(nsde_integrator_find("rk4", &settings.integrator));
    check_refused(nsde_simulate(model, NULL, x0, &settings, &simulation), NSDE_UNSUPPORTED, "without noise");
    check_ok(nsde_integrator_find("milstein", &settings.integrator));
    check_ok(nsde_brownian_grid(1, 2, &grid));
    check_ok(nsde_brownian_correlate(grid, (double[]){1.0, 0.5, 0.5, 1.0}, &correlated));
    settings.noise = correlated;
    check_refused(nsde_simulate(model, NULL, x0, &settings, &simulation), NSDE_UNSUPPORTED, "quadratic");
    check_ok(nsde_brownian_stored(1, 4, 1, 0.25, path0_dW, &stored));
    settings.noise = stored;
    settings.steps = 4;
    check_ok(nsde_integrator_find("sriw1", &settings.integrator));
    check_refused(nsde_simulate(gbm, gbm0_parameters, x0, &settings, &simulation), NSDE_UNSUPPORTED,
                  "space-time areas");
    nsde_brownian_destroy(stored);
    nsde_brownian_destroy(correlated);
    nsde_brownian_destroy(grid);
    nsde_model_destroy(gbm);
    nsde_model_destroy(model);
}
END_TEST

void test_cases(TCase *cases)
{
    tcase_add_loop_test(cases, values_along_a_given_path, 0, 5);
    tcase_add_test(cases, linear_equations_by_hand);
    tcase_add_test(cases, derivatives_along_a_given_path);
    tcase_add_test(cases, reversible_heun_goes_back_to_where_it_began);
    tcase_add_test(cases, refusals_name_what_would_do);
}
