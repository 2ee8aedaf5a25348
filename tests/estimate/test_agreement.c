/* Ways to differentiate the same steps: forward, mixed, reverse, and reverse with steps undone. For every
 * integrator there is, on every kind of noise, for formulas and networks.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "estimate/setup.h"

enum { TIMES = 2 };
static const size_t observe[TIMES] = {4, 9};

/* A network's weights; parameters of formulas start where the text says. */
static setup create_model(const nsde_text_model *text, const char *loss, bool network)
{
    setup s = create(text, loss);
    gsl_rng *rng = gsl_rng_alloc(nsde_rng_philox);
    ck_assert(nsde_model_describe(s.model)->n_parameters <= 40);
    if (network)
        check_ok(nsde_text_initialise(s.model, NSDE_INIT_GLOROT, rng, s.parameters));
    gsl_rng_free(rng);
    s.x0[0] = 0.8;
    s.x0[1] = -0.3;
    s.settings.run.paths = 70;
    s.settings.run.steps = 9;
    s.settings.run.observe = observe;
    s.settings.run.n_observe = TIMES;
    s.settings.partials = 3;
    return s;
}

static void check_equal(const nsde_gradient_estimate *a, const nsde_gradient_estimate *b, const char *scheme)
{
    double most = 0.0;
    for (size_t k = 0; k < b->n; k++)
        most = fmax(most, fabs(b->value[k]));
    ck_assert(most > 1e-3);
    check_relative(a->loss, b->loss, 1e-12);
    for (size_t k = 0; k < a->n; k++)
        ck_assert_msg(fabs(a->value[k] - b->value[k]) <= 1e-10 * most,
                      "%s, %s, component %zu: %.17g and %.17g", scheme, a->method->name, k, a->value[k],
                      b->value[k]);
}

/* The number of integrators the model was tried with. */
static size_t check_model(const nsde_text_model *text, const char *loss, bool network)
{
    size_t tried = 0;
    const char *const methods[] = {"forward", "mixed", "reversible_heun_adjoint"};
    for (size_t i = 0; i < nsde_integrator_count(); i++) {
        const nsde_integrator *scheme = nsde_integrator_at(i);
        setup s = create_model(text, loss, network);
        s.settings.run.integrator = scheme;
        if (!nsde_integrator_check(scheme, s.model)) {
            nsde_gradient_estimate *b = run(&s, "reverse");
            for (int m = 0; m < 2 + scheme->reversible; m++) {
                nsde_gradient_estimate *a;
                const nsde_status status = attempt(&s, methods[m], &a);
                if (status) { /* second derivatives: a Jacobian of a drift that is converted */
                    ck_assert(m == 1 && status == NSDE_UNSUPPORTED && text->calculus == NSDE_STRATONOVICH);
                    ck_assert(strstr(scheme->name, "implicit") || strcmp(scheme->name, "theta") == 0);
                    continue;
                }
                check_equal(a, b, scheme->name);
                nsde_estimate_destroy(a);
            }
            nsde_estimate_destroy(b);
            tried++;
        }
        destroy(&s);
    }
    return tried;
}

START_TEST(of_a_formula)
{
    nsde_text_model text = {
        .drift = "k*(m-x) + 0.3*sin(t)", .diffusion = "s*sqrt(1 + x^2)", .parameters = "k=0.7, m=0.4, s=0.5"};
    ck_assert(check_model(&text, "x[0]^2*x + exp(-k*t)*max(x - m, 0)", false) >= 12);
    text.calculus = NSDE_STRATONOVICH; /* what converts the drift looks at derivatives */
    ck_assert(check_model(&text, "x[0]^2*x + exp(-k*t)*max(x - m, 0)", false) >= 12);
}
END_TEST

START_TEST(of_networks)
{
    ck_assert(check_model(&(nsde_text_model){.drift = "mlp(3)", .diffusion = "softplus(mlp(2))"}, "x^2*x[0]",
                          true) >= 12);
}
END_TEST

START_TEST(of_noise_that_does_not_commute)
{
    ck_assert(check_model(&(nsde_text_model){.drift = "x2 - k*x1; -sin(x1)",
                                             .diffusion = "s, 0.3*x2, 0.1; 0.4*x1, s*cos(x1), x2",
                                             .parameters = "k=0.8, s=0.5"},
                          "x1[0]*x2 + k*x1^2", false) >= 5);
}
END_TEST

/* A flaw of one part in 1e8 in a parameter would be seen. */
START_TEST(a_flaw_would_show)
{
    const nsde_text_model text = {
        .drift = "k*(m-x)", .diffusion = "s*x", .parameters = "k=0.7, m=0.4, s=0.5"};
    setup s = create_model(&text, "x^2", false);
    nsde_gradient_estimate *a = run(&s, "reverse");
    s.parameters[0] *= 1.0 + 1e-8;
    nsde_gradient_estimate *b = run(&s, "mixed");
    ck_assert(fabs(a->value[0] - b->value[0]) > 1e-10 * fabs(a->value[0]));
    nsde_estimate_destroy(a);
    nsde_estimate_destroy(b);
    destroy(&s);
}
END_TEST

START_TEST(a_solution_has_no_stages)
{
    nsde_gradient_estimate *e;
    setup s = create_model(&(nsde_text_model){.drift = "x", .diffusion = "x"}, "x", false);
    nsde_model_destroy(s.model);
    check_ok(nsde_model_open("gbm", &s.model));
    s.parameters[0] = s.parameters[1] = 0.3;
    check_ok(nsde_integrator_find("exact", &s.settings.run.integrator));
    check_refused(attempt(&s, "mixed", &e), NSDE_UNSUPPORTED, "does not ask for coefficients");
    destroy(&s);
}
END_TEST

void test_cases(TCase *cases)
{
    tcase_add_test(cases, of_a_formula);
    tcase_add_test(cases, of_networks);
    tcase_add_test(cases, of_noise_that_does_not_commute);
    tcase_add_test(cases, a_flaw_would_show);
    tcase_add_test(cases, a_solution_has_no_stages);
}
