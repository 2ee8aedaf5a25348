/* Derivatives by adjoints, by tangents and by differences on the same paths, for every shipped model that a
 * scheme admits: by the parameters and by the states.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "harness.h"
#include "nsde/estimate.h"

static const char *const methods[] = {"shark", "log_ode", "ubu", "implicit_euler", "theta", "exact"};

static nsde_var squares(const nsde_loss_at *at)
{
    const nsde_var x = nsde_loss_state(at, at->n_times - 1);
    return nsde_dot(x, nsde_add_real(x, 0.3));
}

static nsde_gradient_estimate *estimated(const char *name, const nsde_estimate_problem *problem,
                                         const nsde_estimate_settings *settings)
{
    const nsde_estimator *estimator;
    nsde_gradient_estimate *estimate;
    check_ok(nsde_estimator_find(name, &estimator));
    check_ok(nsde_estimate_run(estimator, problem, settings, &estimate));
    return estimate;
}

static void compare(const nsde_integrator *integrator, const nsde_model *model)
{
    enum { MOST = 64 };
    const nsde_model_definition *d = nsde_model_describe(model);
    const nsde_loss loss = {.record = squares};
    double parameters[MOST], x0[MOST];
    for (size_t k = 0; k < d->n_parameters; k++)
        parameters[k] = d->parameters[k].start;
    for (size_t i = 0; i < d->dim; i++)
        x0[i] = 0.4 - 0.1 * (double)(i % 3);
    const nsde_estimate_problem problem = {model, &loss, parameters, x0};
    nsde_estimate_settings settings = {.run = nsde_gradient_settings_default()};
    settings.run.steps = 2;
    settings.run.t1 = 0.02;
    settings.run.paths = 4;
    settings.run.integrator = integrator;
    const nsde_status status = nsde_gradient_check(&problem, &settings.run, 1e-6, NULL);
    ck_assert_msg(status == NSDE_OK, "%s on %s: %s", integrator->name, d->name, nsde_error_message());
    nsde_gradient_estimate *forward = estimated("forward", &problem, &settings);
    nsde_gradient_estimate *reverse = estimated("reverse", &problem, &settings);
    for (size_t k = 0; k < forward->n; k++)
        check_close_floor(forward->value[k], reverse->value[k], 1e-9, 1e-9);
    nsde_estimate_destroy(reverse);
    nsde_estimate_destroy(forward);
}

START_TEST(shipped_models)
{
    const nsde_integrator *integrator;
    size_t compared = 0;
    check_ok(nsde_integrator_find(methods[_i], &integrator));
    for (size_t k = 0; k < nsde_shipped_count(); k++) {
        nsde_model *model;
        check_ok(nsde_model_create(nsde_shipped(k), &model));
        if (nsde_integrator_check(integrator, model) == NSDE_OK) {
            compare(integrator, model);
            compared++;
        }
        nsde_model_destroy(model);
    }
    ck_assert_uint_ge(compared, 1);
}
END_TEST

/* The control: a step that is held altogether has no derivatives, and differences tell. */
static nsde_var held(const nsde_step_at *at)
{
    const nsde_integrator *euler;
    if (nsde_integrator_find("implicit_euler", &euler))
        return nsde_tape_fail(at->tape, "no implicit_euler");
    return nsde_hold(euler->record(at));
}

START_TEST(a_held_step_is_seen)
{
    const nsde_integrator wrong = {.name = "held", .noise = NSDE_NOISE_GENERAL, .record = held};
    const nsde_loss loss = {.record = squares};
    const double parameters[] = {1.0, 1.0, 0.7}, x0 = 0.4;
    nsde_model *model;
    nsde_gradient_settings settings = nsde_gradient_settings_default();
    check_ok(nsde_model_open("double_well", &model));
    settings.steps = 2;
    settings.paths = 4;
    settings.integrator = &wrong;
    const nsde_estimate_problem problem = {model, &loss, parameters, &x0};
    check_refused(nsde_gradient_check(&problem, &settings, 1e-6, NULL), NSDE_DIVERGED, "differ");
    nsde_model_destroy(model);
}
END_TEST

void test_cases(TCase *cases)
{
    tcase_add_loop_test(cases, shipped_models, 0, (int)(sizeof methods / sizeof *methods));
    tcase_add_test(cases, a_held_step_is_seen);
}
