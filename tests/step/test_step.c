/* One step: its value and derivatives without random numbers, names, refusals, noise of any shape.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <float.h>
#include <stdint.h>

#include "harness.h"
#include "problems/problems.h"
#include "step/compile.h"

static const nsde_integrator *method(const char *name)
{
    const nsde_integrator *integrator;
    check_ok(nsde_integrator_find(name, &integrator));
    return integrator;
}

/* ---- four steps of GBM on given increments ---- */

enum { STEPS = 4 };

/* A program from the initial state and the parameters (mu, sigma) to what `outputs` are asked for. */
typedef struct unrolled {
    nsde_tape *tape;
    nsde_model *model;
    nsde_var x0, p, end;
    nsde_perturbation eps; /* along x0, mu, sigma, if seeded */
} unrolled;

static unrolled unroll(bool seeded)
{
    unrolled u;
    check_ok(nsde_model_open("gbm", &u.model));
    check_ok(nsde_tape_create(&u.tape));
    u.x0 = nsde_input(u.tape, 1);
    u.p = nsde_model_record_parameters(u.model, u.tape);
    nsde_step_at at = {.tape = u.tape, .model = u.model, .x = u.x0, .p = u.p};
    at.t = nsde_real(u.tape, 0.0);
    at.h = nsde_real(u.tape, 1.0 / STEPS);
    if (seeded) {
        const nsde_var none = {0}, one = nsde_real(u.tape, 1.0);
        const nsde_var mu = nsde_constant(u.tape, 2, (double[]){1.0, 0.0});
        const nsde_var sigma = nsde_constant(u.tape, 2, (double[]){0.0, 1.0});
        u.eps = nsde_perturb(u.tape, 3);
        at.x = nsde_seed(u.eps, u.x0, (nsde_var[]){one, none, none});
        at.p = nsde_seed(u.eps, u.p, (nsde_var[]){none, mu, sigma});
    }
    for (int k = 0; k < STEPS; k++) {
        at.dW = nsde_real(u.tape, path0_dW[k]);
        at.x = nsde_step_record(method("euler_maruyama"), &at);
        at.t = nsde_add(at.t, at.h);
    }
    u.end = at.x;
    return u;
}

static nsde_workspace *compile(unrolled *u, size_t n, const nsde_var outputs[], nsde_program **program)
{
    nsde_workspace *workspace;
    check_ok(nsde_program_create(u->tape, n, outputs, program));
    check_ok(nsde_workspace_create(*program, 1, NSDE_REVERSE, &workspace));
    nsde_tape_destroy(u->tape);
    nsde_model_destroy(u->model);
    return workspace;
}

static void run(nsde_workspace *workspace, double x0, double mu, double sigma)
{
    *nsde_workspace_input(workspace, 0) = x0;
    nsde_workspace_parameters(workspace)[0] = mu;
    nsde_workspace_parameters(workspace)[1] = sigma;
    nsde_workspace_prepare(workspace);
    nsde_forward(workspace, 1);
}

static const double expected[] = {3.499459495655062, 1.294487632125, 0.5902712119125};

START_TEST(derivatives_by_duals)
{
    nsde_program *program;
    unrolled u = unroll(true);
    nsde_var outputs[4] = {nsde_primal(u.eps, u.end)};
    for (size_t k = 0; k < 3; k++)
        outputs[k + 1] = nsde_tangent(u.eps, u.end, k);
    nsde_workspace *workspace = compile(&u, 4, outputs, &program);
    run(workspace, gbm0_x0, gbm0_parameters[0], gbm0_parameters[1]);
    check_relative(*nsde_workspace_output(workspace, 0), path0_euler_maruyama, 1e-14);
    for (size_t k = 0; k < 3; k++)
        check_relative(*nsde_workspace_output(workspace, k + 1), expected[k], 1e-13);
    nsde_workspace_destroy(workspace);
    nsde_program_destroy(program);
}
END_TEST

START_TEST(derivatives_by_the_sweep_back)
{
    nsde_program *program;
    unrolled u = unroll(false);
    nsde_workspace *workspace = compile(&u, 1, &u.end, &program);
    run(workspace, gbm0_x0, gbm0_parameters[0], gbm0_parameters[1]);
    check_relative(*nsde_workspace_output(workspace, 0), path0_euler_maruyama, 1e-14);
    *nsde_workspace_output_adjoint(workspace, 0) = 1.0;
    nsde_reverse(workspace, 1);
    check_relative(*nsde_workspace_input_adjoint(workspace, 0), expected[0], 1e-13);
    check_relative(nsde_workspace_parameter_adjoint(workspace)[0], expected[1], 1e-13);
    check_relative(nsde_workspace_parameter_adjoint(workspace)[1], expected[2], 1e-13);
    nsde_workspace_destroy(workspace);
    nsde_program_destroy(program);
}
END_TEST

/* The end is a polynomial of degree 4 in each argument: differences of fourth order are exact but for
 * rounding, so the step may be large. */
START_TEST(derivatives_by_differences)
{
    const double at[] = {-2.0, -1.0, 1.0, 2.0}, by[] = {1.0, -8.0, 8.0, -1.0}, h = 0.25;
    nsde_program *program;
    unrolled u = unroll(false);
    nsde_workspace *workspace = compile(&u, 1, &u.end, &program);
    for (int k = 0; k < 3; k++) {
        double sum = 0.0;
        for (int j = 0; j < 4; j++) {
            double point[] = {gbm0_x0, gbm0_parameters[0], gbm0_parameters[1]};
            point[k] += at[j] * h;
            run(workspace, point[0], point[1], point[2]);
            sum += by[j] * *nsde_workspace_output(workspace, 0) / (12.0 * h);
        }
        check_relative(sum, expected[k], 1e-13);
    }
    nsde_workspace_destroy(workspace);
    nsde_program_destroy(program);
}
END_TEST

/* ---- two states, three noises, everything depending on time ---- */

static nsde_var wide_drift(const nsde_at *at)
{
    return nsde_mul(at->x, nsde_stack(2, (nsde_var[]){at->t, nsde_row(at->x, 0)}));
}

/* ((x0, 0.5, t), (x1, x0 x1, 2)) */
static nsde_var wide_diffusion(const nsde_at *at)
{
    const nsde_var x0 = nsde_row(at->x, 0), x1 = nsde_row(at->x, 1);
    return nsde_stack(
        6, (nsde_var[]){x0, nsde_real(at->tape, 0.5), at->t, x1, nsde_mul(x0, x1), nsde_real(at->tape, 2.0)});
}

static nsde_model_definition wide(void)
{
    return (nsde_model_definition){.name = "wide",
                                   .dim = 2,
                                   .noise_dim = 3,
                                   .noise = NSDE_NOISE_GENERAL,
                                   .drift = wide_drift,
                                   .diffusion = wide_diffusion};
}

START_TEST(a_full_matrix_of_noise)
{
    enum { PATHS = 2 };
    const double x[PATHS][2] = {{1.3, -0.7}, {-2.385, 0.4}},
                 dW[PATHS][3] = {{0.3, -0.2, 0.1}, {0.4, 0.5, -0.6}};
    const double t = 0.75, h = 0.125;
    const nsde_model_definition definition = wide();
    nsde_model *model;
    nsde_program *program;
    nsde_workspace *workspace;
    check_ok(nsde_model_create(&definition, &model));
    check_ok(nsde_step_compile(method("em"), model, &(nsde_step_options){0}, &program));
    check_ok(nsde_workspace_create(program, PATHS, NSDE_FORWARD, &workspace));
    const size_t stride = nsde_workspace_stride(workspace);
    *nsde_workspace_uniform(workspace, NSDE_STEP_TIME) = t;
    *nsde_workspace_uniform(workspace, NSDE_STEP_LENGTH) = h;
    for (size_t i = 0; i < PATHS; i++) {
        for (size_t c = 0; c < 2; c++)
            nsde_workspace_input(workspace, NSDE_STEP_STATE)[c * stride + i] = x[i][c];
        for (size_t c = 0; c < 3; c++)
            nsde_workspace_input(workspace, NSDE_STEP_NOISE)[c * stride + i] = dW[i][c];
    }
    nsde_workspace_prepare(workspace);
    nsde_forward(workspace, PATHS);
    for (size_t i = 0; i < PATHS; i++) {
        const double a = x[i][0], b = x[i][1], *w = dW[i];
        check_relative(nsde_workspace_output(workspace, 0)[i],
                       a + a * t * h + a * w[0] + 0.5 * w[1] + t * w[2], 1e-15);
        check_relative(nsde_workspace_output(workspace, 0)[stride + i],
                       b + b * a * h + b * w[0] + a * b * w[1] + 2.0 * w[2], 1e-15);
    }
    nsde_workspace_destroy(workspace);
    nsde_program_destroy(program);
    nsde_model_destroy(model);
}
END_TEST

/* ---- names and refusals ---- */

START_TEST(integrators_are_found_by_name_and_alias)
{
    const char *const names[] = {
        "euler_maruyama", "euler-maruyama", "Euler-Maruyama", "EULER MARUYAMA", "euler", "em", "EM"};
    for (size_t k = 0; k < sizeof names / sizeof *names; k++)
        ck_assert_str_eq(method(names[k])->name, "euler_maruyama");
    const nsde_integrator *none = method("em");
    const char *const wrong[] = {"", "e", "eulerr", "euler em", "euler_maruyama_"};
    for (size_t k = 0; k < sizeof wrong / sizeof *wrong; k++)
        check_refused(nsde_integrator_find(wrong[k], &none), NSDE_NOT_FOUND, "there are euler_maruyama");
    ck_assert_ptr_null(none);
    check_refused(nsde_integrator_find(NULL, &none), NSDE_INVALID, "name");
    check_refused(nsde_integrator_find("em", NULL), NSDE_INVALID, "place");
    for (size_t i = 0; i < nsde_integrator_count(); i++) {
        const nsde_integrator *m = nsde_integrator_at(i);
        ck_assert(*m->title && *m->source && m->aliases && m->record && m->strong_order > 0.0);
        ck_assert_ptr_eq(method(m->name), m); /* no name hides another */
    }
    ck_assert_ptr_null(nsde_integrator_at(nsde_integrator_count()));
}
END_TEST

static nsde_model *create(nsde_model_definition d)
{
    nsde_model *model;
    check_ok(nsde_model_create(&d, &model));
    return model;
}

/* The step is refused with these words, also while recording and compiling. */
static void check_unfit(const nsde_integrator *integrator, const nsde_model *model, const char *part)
{
    nsde_program *program = (nsde_program *)&program;
    nsde_tape *tape;
    check_refused(nsde_integrator_check(integrator, model), NSDE_UNSUPPORTED, part);
    ck_assert_ptr_nonnull(strstr(nsde_error_message(), " would do"));
    check_refused(nsde_step_compile(integrator, model, &(nsde_step_options){0}, &program), NSDE_UNSUPPORTED,
                  part);
    ck_assert_ptr_null(program);
    check_ok(nsde_tape_create(&tape));
    const nsde_step_at at = {.tape = tape,
                             .model = model,
                             .x = nsde_input(tape, 2),
                             .dW = nsde_input(tape, 3),
                             .t = nsde_uniform(tape, 1),
                             .h = nsde_uniform(tape, 1)};
    ck_assert_uint_eq(nsde_rows(nsde_step_record(integrator, &at)), 0);
    check_refused(nsde_tape_status(tape), NSDE_RECORDING, part);
    nsde_tape_destroy(tape);
}

START_TEST(an_integrator_that_does_not_fit_is_refused)
{
    const nsde_integrator *euler = method("euler_maruyama");
    nsde_model_definition d = wide();
    nsde_model *model = create(d);
    check_ok(nsde_integrator_check(euler, model)); /* the control */
    nsde_integrator narrow = *euler;
    narrow.name = "narrow";
    narrow.noise = NSDE_NOISE_DIAGONAL;
    check_unfit(&narrow, model, "narrow admits diagonal noise at most and model wide has general noise");
    ck_assert_ptr_nonnull(strstr(nsde_error_message(), "euler_maruyama"));
    nsde_model_destroy(model);

    d.calculus = NSDE_STRATONOVICH; /* the drift is converted as the step is recorded */
    model = create(d);
    check_ok(nsde_integrator_check(euler, model));
    nsde_model_destroy(model);
}
END_TEST

/* ---- grids ---- */

START_TEST(a_grid_ends_at_its_end)
{
    const struct {
        double t1;
        size_t steps;
    } grids[] = {{2.3, 230}, {1.0, 3}, {1.0, 10000}, {1e-3, 7}, {1e6, 49}};
    for (size_t k = 0; k < sizeof grids / sizeof *grids; k++) {
        const nsde_grid grid = {0.0, grids[k].t1, grids[k].steps};
        check_ok(nsde_grid_check(&grid));
        ck_assert(nsde_grid_time(&grid, 0) == 0.0 && nsde_grid_time(&grid, grid.steps) == grids[k].t1);
        for (size_t i = 0; i < grid.steps; i++)
            ck_assert(nsde_grid_time(&grid, i) < nsde_grid_time(&grid, i + 1));
    }
    check_refused(nsde_grid_check(&(nsde_grid){1.0, 1.0, 5}), NSDE_INVALID, "t1 = 1 is not after t0 = 1");
    check_refused(nsde_grid_check(&(nsde_grid){NAN, 1.0, 5}), NSDE_INVALID, "t0 = nan");
    check_refused(nsde_grid_check(&(nsde_grid){0.0, INFINITY, 5}), NSDE_INVALID, "inf");
    check_refused(nsde_grid_check(&(nsde_grid){-DBL_MAX, DBL_MAX, 5}), NSDE_INVALID, "steps");
    check_refused(nsde_grid_check(&(nsde_grid){0.0, 1.0, SIZE_MAX}), NSDE_INVALID, "no time for a step");
}
END_TEST

void test_cases(TCase *cases)
{
    tcase_add_test(cases, derivatives_by_duals);
    tcase_add_test(cases, derivatives_by_the_sweep_back);
    tcase_add_test(cases, derivatives_by_differences);
    tcase_add_test(cases, a_full_matrix_of_noise);
    tcase_add_test(cases, integrators_are_found_by_name_and_alias);
    tcase_add_test(cases, an_integrator_that_does_not_fit_is_refused);
    tcase_add_test(cases, a_grid_ends_at_its_end);
}
