/* A model and a loss from text, at a point, for the tests of estimators.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef NSDE_TESTS_ESTIMATE_SETUP_H
#define NSDE_TESTS_ESTIMATE_SETUP_H

#include "harness.h"
#include "nsde/estimate.h"
#include "nsde/text.h"

typedef struct setup {
    nsde_model *model;
    nsde_loss loss;
    double parameters[40], x0[2];
    nsde_estimate_settings settings;
} setup;

static inline setup create(const nsde_text_model *text, const char *loss)
{
    setup s = {.settings.run = nsde_gradient_settings_default()};
    check_ok(nsde_model_from_text(text, &s.model));
    check_ok(nsde_loss_from_text(loss, s.model, &s.loss));
    for (size_t k = 0; k < nsde_model_describe(s.model)->n_parameters; k++)
        s.parameters[k] = nsde_model_describe(s.model)->parameters[k].start;
    s.settings.run.steps = 1;
    return s;
}

static inline void destroy(setup *s)
{
    nsde_loss_release_text(&s->loss);
    nsde_model_destroy(s->model);
}

static inline nsde_status attempt(const setup *s, const char *method, nsde_gradient_estimate **estimate)
{
    const nsde_estimator *estimator;
    check_ok(nsde_estimator_find(method, &estimator));
    return nsde_estimate_run(estimator, &(nsde_estimate_problem){s->model, &s->loss, s->parameters, s->x0},
                             &s->settings, estimate);
}

static inline nsde_gradient_estimate *run(const setup *s, const char *method)
{
    nsde_gradient_estimate *estimate;
    check_ok(attempt(s, method, &estimate));
    return estimate;
}

/* Within `errors` standard errors, which are not so wide that anything would do. */
static inline void check_estimate(const nsde_gradient_estimate *e, const char *what, double value,
                                  double error, double exact, double errors, double widest)
{
    ck_assert_msg(fabs(value - exact) <= errors * error + 1e-8 * fabs(exact), "%s, %s: %g +- %g, exactly %g",
                  e->method->name, what, value, error, exact);
    ck_assert_msg(error <= widest, "%s, %s: standard error %g", e->method->name, what, error);
}

static inline void check_component(const nsde_gradient_estimate *e, size_t k, double exact, double widest)
{
    char what[32];
    snprintf(what, sizeof what, "component %zu", k);
    check_estimate(e, what, e->value[k], e->std_error[k], exact, 4.0, widest);
}

static inline double variance_of(const nsde_gradient_estimate *e, size_t k)
{
    return e->std_error[k] * e->std_error[k] * (double)e->n_samples;
}

#endif
