/* Control variates.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "estimate/setup.h"

static setup black_scholes(const char *loss, size_t paths)
{
    setup s = create(
        &(nsde_text_model){.drift = "r - s^2/2", .diffusion = "s", .parameters = "r=0.05, s=0.2"}, loss);
    s.x0[0] = log(100.0);
    s.settings.run.paths = paths;
    s.settings.run.seed = 11;
    return s;
}

/* The price of the share, and its square, whose expectations are known. */
typedef struct controls {
    nsde_loss losses[2];
    nsde_control controls[2];
} controls;

static void add_controls(setup *s, controls *c, size_t n)
{
    check_ok(nsde_loss_from_text("exp(x)", s->model, &c->losses[0]));
    check_ok(nsde_loss_from_text("exp(2*x)", s->model, &c->losses[1]));
    c->controls[0] = (nsde_control){&c->losses[0], 100.0 * exp(0.05)};
    c->controls[1] = (nsde_control){&c->losses[1], 1e4 * exp(0.1 + 0.04)};
    s->settings.controls = c->controls;
    s->settings.n_controls = n;
}

static void remove_controls(controls *c)
{
    nsde_loss_release_text(&c->losses[0]);
    nsde_loss_release_text(&c->losses[1]);
}

START_TEST(every_estimator_gains)
{
    for (size_t m = 0; m < nsde_estimator_count(); m++)
        for (int pairs = 0; pairs < 2; pairs++) {
            setup s = black_scholes("exp(-r)*max(exp(x) - 100, 0)", 20000);
            const char *name = nsde_estimator_at(m)->name;
            controls c;
            nsde_gradient_estimate *plain, *e;
            s.settings.antithetic = pairs;
            if (attempt(&s, name, &plain)) {
                destroy(&s);
                continue;
            }
            add_controls(&s, &c, 2);
            const nsde_status status = attempt(&s, name, &e);
            ck_assert_msg(!status || strstr(nsde_error_message(), "takes no control"), "%s: %s", name,
                          nsde_error_message());
            if (!status) {
                check_estimate(e, "price", e->loss, e->loss_std_error, 10.45058357218557, 3.5, 0.05);
                ck_assert(e->loss_std_error < 0.8 * plain->loss_std_error);
                if (!e->method->second) {
                    check_estimate(e, "delta S", e->value[2], e->std_error[2], 63.68306511756191, 3.5, 1.0);
                    check_estimate(e, "vega", e->value[1], e->std_error[1], 37.52403469169379, 3.5, 3.0);
                    ck_assert_msg(e->std_error[2] < plain->std_error[2], "%s: %g", name, e->std_error[2]);
                }
            }
            nsde_estimate_destroy(e);
            nsde_estimate_destroy(plain);
            remove_controls(&c);
            destroy(&s);
        }
}
END_TEST

/* corr(S, payoff)^2 of the call is known: the variance left is 1 minus that. */
START_TEST(variance_that_is_left)
{
    setup s = black_scholes("exp(-r)*max(exp(x) - 100, 0)", 100000);
    controls c;
    nsde_gradient_estimate *plain = run(&s, "forward");
    add_controls(&s, &c, 1);
    nsde_gradient_estimate *e = run(&s, "forward");
    /* E S (S - K)+ and E (S - K)+^2 in closed form: N(d + s) with d1 = .35, and one more s for S^2 */
    const double n0 = 0.5 * erfc(-.15 * sqrt(0.5)), n1 = 0.5 * erfc(-.35 * sqrt(0.5)),
                 n2 = 0.5 * erfc(-.55 * sqrt(0.5));
    const double m1 = 100.0 * exp(.05), m2 = 1e4 * exp(.14), payoff = m1 * n1 - 100.0 * n0;
    const double square = m2 * n2 - 200.0 * m1 * n1 + 1e4 * n0, cross = m2 * n2 - 100.0 * m1 * n1;
    const double cov = cross - m1 * payoff, var_s = m2 - m1 * m1, var = square - payoff * payoff;
    const double left =
        e->loss_std_error * e->loss_std_error / (plain->loss_std_error * plain->loss_std_error);
    check_relative(left, 1.0 - cov * cov / (var_s * var), 0.03);
    nsde_estimate_destroy(e);
    /* what is linear in the control is exact, samples and all */
    nsde_loss_release_text(&s.loss);
    check_ok(nsde_loss_from_text("3*exp(x) - 1", s.model, &s.loss));
    s.settings.keep_samples = true;
    e = run(&s, "forward");
    check_relative(e->loss, 3.0 * m1 - 1.0, 1e-11);
    check_relative(e->value[2], 3.0 * m1, 1e-11);
    check_relative(e->samples[2 * e->n_samples + 17], 3.0 * m1, 1e-10);
    ck_assert(e->loss_std_error < 1e-10);
    /* a wrong expectation shows */
    c.controls[0].mean += 0.5;
    nsde_gradient_estimate *wrong = run(&s, "forward");
    check_relative(wrong->loss, 3.0 * m1 - 1.0 + 1.5, 1e-11);
    nsde_estimate_destroy(wrong);
    nsde_estimate_destroy(e);
    nsde_estimate_destroy(plain);
    remove_controls(&c);
    destroy(&s);
}
END_TEST

/* A control twice is a control once; batches of paths, one of them shorter. */
START_TEST(collinear_controls_and_batches)
{
    setup s = black_scholes("2*exp(x) + 1", 1000);
    controls c;
    add_controls(&s, &c, 2);
    c.controls[1] = c.controls[0];
    const char *const names[] = {"forward", "reverse", "mixed"};
    for (int m = 0; m < 3; m++) {
        nsde_gradient_estimate *e = run(&s, names[m]);
        check_relative(e->loss, 200.0 * exp(0.05) + 1.0, 1e-12);
        check_relative(e->value[2], 200.0 * exp(0.05), 1e-12);
        nsde_estimate_destroy(e);
    }
    nsde_gradient_estimate *e;
    c.controls[1].mean = NAN;
    check_refused(attempt(&s, "forward", &e), NSDE_INVALID, "control variate 1 needs");
    c.controls[1].mean = c.controls[0].mean;
    s.settings.run.paths = 20;
    check_refused(attempt(&s, "forward", &e), NSDE_INVALID, "need at least 30 samples");
    s.settings.n_controls = 9;
    check_refused(attempt(&s, "forward", &e), NSDE_INVALID, "more than 8");
    s.settings.controls = NULL;
    check_refused(attempt(&s, "forward", &e), NSDE_INVALID, "needed");
    remove_controls(&c);
    destroy(&s);
}
END_TEST

void test_cases(TCase *cases)
{
    tcase_add_test(cases, every_estimator_gains);
    tcase_add_test(cases, variance_that_is_left);
    tcase_add_test(cases, collinear_controls_and_batches);
}
