/* Gradients through every integrator on every class of noise it admits, by initial states and all parameters:
 * the sweep back (whatever is kept for it) and the sweep forward against central differences on the same
 * paths.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdlib.h>

#include "nsde/estimate.h"
#include "problems/classes.h"

enum { UNKNOWNS = CLASS_PARAMETERS + 2, PATHS = 5, STEPS = 4 };

/* Looks at both states at two times. */
static nsde_var loss_record(const nsde_loss_at *at)
{
    const nsde_var one = nsde_loss_state(at, 0), two = nsde_loss_state(at, 1);
    const nsde_var weights = nsde_constant(at->tape, 2, (double[]){0.7, 1.6});
    return nsde_add(nsde_dot(one, one), nsde_dot(nsde_mul(weights, two), two));
}

static nsde_gradient_settings settings_of(const nsde_integrator *m)
{
    static const size_t observe[] = {2, STEPS};
    nsde_gradient_settings settings = nsde_gradient_settings_default();
    settings.steps = STEPS;
    settings.paths = PATHS;
    settings.seed = 20240229;
    settings.threads = 1;
    settings.observe = observe;
    settings.n_observe = 2;
    settings.integrator = m;
    return settings;
}

static void check_keeps_agree(const nsde_estimate_problem *problem, const nsde_integrator *m,
                              double gradient[UNKNOWNS])
{
    const nsde_keep keeps[] = {NSDE_KEEP_ROWS, NSDE_KEEP_STATES, NSDE_KEEP_BINOMIAL};
    for (int k = 0; k < 3; k++) {
        nsde_gradient_settings settings = settings_of(m);
        nsde_gradient *engine;
        double g[UNKNOWNS];
        settings.keep = keeps[k];
        settings.snapshots = keeps[k] == NSDE_KEEP_BINOMIAL ? 2 : 0;
        check_ok(nsde_gradient_create(problem->model, problem->loss, &settings, &engine));
        check_ok(nsde_gradient_evaluate(
            engine, &(nsde_gradient_point){.parameters = problem->parameters, .x0 = problem->x0},
            &(nsde_gradient_result){.parameters = g, .x0 = g + CLASS_PARAMETERS}));
        nsde_gradient_destroy(engine);
        if (k)
            ck_assert_msg(memcmp(g, gradient, sizeof g) == 0, "%s: gradients differ with %s kept", m->name,
                          nsde_keep_name(keeps[k]));
        memcpy(gradient, g, sizeof g);
    }
}

static void check_forward_agrees(const nsde_estimate_problem *problem, const nsde_integrator *m,
                                 const double gradient[UNKNOWNS])
{
    const nsde_estimator *forward;
    const nsde_estimate_settings settings = {.run = settings_of(m)};
    nsde_gradient_estimate *estimate;
    double size = 0.0;
    check_ok(nsde_estimator_find("forward", &forward));
    check_ok(nsde_estimate_run(forward, problem, &settings, &estimate));
    ck_assert_uint_eq(estimate->n, UNKNOWNS);
    for (int k = 0; k < UNKNOWNS; k++)
        size = fmax(size, fabs(gradient[k]));
    for (int k = 0; k < UNKNOWNS; k++)
        ck_assert_msg(fabs(estimate->value[k] - gradient[k]) <= 1e-12 * size,
                      "%s on %s: derivative %d forward %.15g, back %.15g", m->name,
                      nsde_model_describe(problem->model)->name, k, estimate->value[k], gradient[k]);
    nsde_estimate_destroy(estimate);
}

START_TEST(gradients_through_every_integrator)
{
    const nsde_loss loss = {.record = loss_record};
    nsde_model *model = class_model(&class_problems[_i]);
    const nsde_estimate_problem problem = {
        .model = model, .loss = &loss, .parameters = class_values, .x0 = class_x0};
    for (size_t k = 0; k < nsde_integrator_count(); k++) {
        const nsde_integrator *m = nsde_integrator_at(k);
        double gradient[UNKNOWNS];
        if (nsde_integrator_check(m, model) != NSDE_OK)
            continue;
        const nsde_gradient_settings settings = settings_of(m);
        const nsde_status status = nsde_gradient_check(&problem, &settings, 1e-6, NULL);
        ck_assert_msg(status == NSDE_OK, "%s on %s noise: %s", m->name, class_problems[_i].model.name,
                      nsde_error_message());
        check_keeps_agree(&problem, m, gradient);
        check_forward_agrees(&problem, m, gradient);
        for (size_t j = 0; j < UNKNOWNS && class_problems[_i].model.diffusion; j++)
            ck_assert_msg(fabs(gradient[j]) > 1e-6,
                          "%s on %s noise: derivative %zu is %g: nothing to compare", m->name,
                          class_problems[_i].model.name, j, gradient[j]);
    }
    nsde_model_destroy(model);
}
END_TEST

/* Control: the differences of a scheme are not the derivatives of another. */
START_TEST(derivatives_of_another_scheme_do_not_agree)
{
    const nsde_loss loss = {.record = loss_record};
    nsde_model *model = class_model(&class_problems[CLASS_PROBLEMS - 1]);
    const nsde_estimate_problem problem = {
        .model = model, .loss = &loss, .parameters = class_values, .x0 = class_x0};
    const char *const names[] = {"heun", "midpoint"};
    double gradient[2][UNKNOWNS];
    for (int k = 0; k < 2; k++) {
        const nsde_integrator *m;
        check_ok(nsde_integrator_find(names[k], &m));
        check_keeps_agree(&problem, m, gradient[k]);
    }
    for (int j = 0; j < UNKNOWNS; j++)
        ck_assert(fabs(gradient[0][j] - gradient[1][j]) > 1e-4 * fabs(gradient[0][j]));
    nsde_model_destroy(model);
}
END_TEST

void test_cases(TCase *cases)
{
    tcase_add_loop_test(cases, gradients_through_every_integrator, 0, CLASS_PROBLEMS);
    tcase_add_test(cases, derivatives_of_another_scheme_do_not_agree);
}
