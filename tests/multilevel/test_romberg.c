/* Extrapolation in the step: the weak order rises by one.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "multilevel/market.h"
#include "nsde/text.h"
#include "problems/problems.h"

typedef struct setup {
    nsde_model *model;
    nsde_loss loss;
    nsde_functional functional;
    nsde_multilevel *multilevel;
    nsde_multilevel_problem problem;
    size_t derivative[1];
} setup;

static void create(setup *s, const char *scheme, const char *diffusion, const char *loss, size_t refinement)
{
    static const double parameters[] = {1.01, 0.87};
    nsde_multilevel_settings settings = nsde_multilevel_settings_default();
    *s = (setup){.derivative = {2}};
    check_ok(nsde_model_from_text(
        &(nsde_text_model){.drift = "m*x", .diffusion = diffusion, .parameters = "m=1.01, s=0.87"},
        &s->model));
    check_ok(nsde_loss_from_text(loss, s->model, &s->loss));
    check_ok(nsde_functional_of_loss(&s->loss, &s->functional));
    s->problem = (nsde_multilevel_problem){s->model, &s->functional, parameters, &gbm0_x0, s->derivative, 1};
    settings.refinement = refinement;
    settings.max_levels = 8;
    check_ok(nsde_integrator_find(scheme, &settings.integrator));
    check_ok(nsde_multilevel_create(&s->problem, &settings, &s->multilevel));
}

static void destroy(setup *s)
{
    nsde_multilevel_destroy(s->multilevel);
    nsde_loss_release_text(&s->loss);
    nsde_model_destroy(s->model);
}

/* Discrete moments of Euler-Maruyama on geometric Brownian motion. */
static double euler_moment(int power, double steps)
{
    const double h = 1.0 / steps, growth = 1.0 + gbm0_parameters[0] * h, s = gbm0_parameters[1];
    return power == 1 ? gbm0_x0 * pow(growth, steps)
                      : gbm0_x0 * gbm0_x0 * pow(growth * growth + s * s * h, steps);
}

/* Sums of moments known in closed form: within 4.5 standard errors, small enough to tell the extrapolated
 * value from the plain one, and falling with order 2. */
START_TEST(moments_are_the_extrapolated_ones)
{
    for (int power = 1; power <= 2; power++)
        for (size_t refinement = 2; refinement <= 4; refinement += 2) {
            setup s;
            nsde_romberg r[2];
            double error[2];
            const double exact = power == 1 ? gbm0_x0 * exp(1.01) : 0.25 * exp(2.02 + 0.87 * 0.87),
                         ratio = (double)refinement;
            create(&s, "euler_maruyama", "s*x", power == 1 ? "x" : "x^2", refinement);
            for (size_t level = 2; level < 4; level++) {
                check_ok(nsde_multilevel_romberg(s.multilevel, level, 0.0, 200000, r));
                const double steps = pow(ratio, (double)level), fine = euler_moment(power, steps);
                const double both = (ratio * fine - euler_moment(power, steps / ratio)) / (ratio - 1.0);
                check_absolute(r[0].value, both, 4.5 * r[0].std_error);
                check_absolute(r[0].fine_bias, fine - both, 4.5 * r[0].bias_std_error);
                check_relative(r[0].fine - r[0].fine_bias, r[0].value, 1e-12);
                check_relative((ratio * r[0].fine - r[0].coarse) / (ratio - 1.0), r[0].value, 1e-12);
                if (level == 2)
                    ck_assert(9.0 * r[0].std_error < fabs(fine - both));
                if (power == 1) /* linear in the start */
                    check_relative(r[1].value * gbm0_x0, r[0].value, 1e-12);
            }
            for (int i = 0; i < 2; i++) {
                const double fine = euler_moment(power, 256.0 * pow(ratio, i));
                const double coarse = euler_moment(power, 256.0 * pow(ratio, i - 1));
                error[i] = fabs((ratio * fine - coarse) / (ratio - 1.0) - exact);
            }
            check_absolute(log(error[0] / error[1]) / log(ratio), 2.0, 0.1);
            destroy(&s);
        }
}
END_TEST

/* The slope of the error of the mean at steps 1/16 … 1/128, with little noise. */
static double slope(const char *scheme, const char *diffusion, double order, bool extrapolated, size_t paths)
{
    setup s;
    double n = 0.0, x = 0.0, y = 0.0, xx = 0.0, xy = 0.0;
    create(&s, scheme, diffusion, "x", 2);
    for (size_t level = 4; level <= 7; level++) {
        nsde_romberg r[2];
        check_ok(nsde_multilevel_romberg(s.multilevel, level, order, paths, r));
        const double value = extrapolated ? r[0].value : r[0].fine;
        const double a = (double)level * log(0.5), b = log(fabs(value - gbm0_x0 * exp(1.01)));
        n += 1.0, x += a, y += b, xx += a * a, xy += a * b;
    }
    destroy(&s);
    return (n * xy - x * y) / (n * xx - x * x);
}

START_TEST(orders_rise_by_one)
{
    static const struct row {
        const char *scheme;
        double order;
    } rows[] = {{"euler_maruyama", 1.0}, {"milstein", 1.0}, {"platen_weak2", 2.0}, {"sra1", 2.0}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct row *r = &rows[i]; /* noise that means do not feel: errors are those of the drift */
        const double plain = slope(r->scheme, "1e-9*s", 0.0, false, 16);
        const double extrapolated = slope(r->scheme, "1e-9*s", 0.0, true, 16);
        ck_assert_msg(fabs(plain - r->order) < 0.15, "%s: %g", r->scheme, plain);
        ck_assert_msg(fabs(extrapolated - r->order - 1.0) < 0.2, "%s, extrapolated: %g", r->scheme,
                      extrapolated);
        const double wrong = slope(r->scheme, "1e-9*s", r->order + 1.0, true, 16); /* negative control */
        ck_assert_msg(wrong < r->order + 0.25, "%s, with the wrong order: %g", r->scheme, wrong);
    }
}
END_TEST

START_TEST(mistakes_are_named)
{
    setup s;
    nsde_romberg r[2];
    create(&s, "euler_maruyama", "s*x", "x", 2);
    check_refused(nsde_multilevel_romberg(s.multilevel, 0, 0.0, 100, r), NSDE_INVALID, "level 0");
    check_refused(nsde_multilevel_romberg(s.multilevel, 1, 0.0, 1, r), NSDE_INVALID, "1 samples");
    check_refused(nsde_multilevel_romberg(s.multilevel, 1, -1.0, 10, r), NSDE_INVALID, "order -1");
    destroy(&s);
}
END_TEST

void test_cases(TCase *cases)
{
    tcase_add_test(cases, moments_are_the_extrapolated_ones);
    tcase_add_test(cases, orders_rise_by_one);
    tcase_add_test(cases, mistakes_are_named);
}
