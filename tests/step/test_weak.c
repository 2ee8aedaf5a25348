/* Weak errors by their known numbers, without statistical error: on geometric Brownian motion a step is x
 * times a factor, whose moments are sums over the nodes of Gauss and Hermite. Then what has no noise, or too
 * much drift. (test_weak_orders.c measures every scheme on every class of noise.)
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdlib.h>

#include "harness.h"
#include "nsde/simulate.h"
#include "problems/convergence.h"
#include "problems/models.h"
#include "problems/one_step.h"
#include "problems/problems.h"

/* E F and E F^2, F the factor by which a step from 1 multiplies. */
typedef struct factors {
    double mean, second;
} factors;

static factors factors_of(const nsde_model *model, const nsde_integrator *integrator,
                          const double *parameters, double h)
{
    static quadrature q;
    one_step s;
    factors f = {0.0, 0.0};
    const double one = 1.0;
    quadrature_fine(&q);
    one_step_create(&s, integrator, model, parameters, q.n);
    one_step_put(&s, &q, h, &one, 0);
    const double *F = one_step_run(&s, 0.0, h, q.n);
    for (size_t i = 0; i < q.n; i++) {
        f.mean += q.weight[i] * F[i];
        f.second += q.weight[i] * F[i] * F[i];
    }
    one_step_destroy(&s);
    return f;
}

static nsde_model *gbm_of(bool stratonovich)
{
    nsde_model *model;
    if (stratonovich)
        check_ok(nsde_model_create(&gbm_stratonovich, &model));
    else
        check_ok(nsde_model_open("gbm", &model));
    return model;
}

/* E X and E X^2 at t = 1. */
static factors on_gbm(const char *method, bool stratonovich, size_t steps)
{
    const nsde_integrator *integrator;
    nsde_model *model = gbm_of(stratonovich);
    check_ok(nsde_integrator_find(method, &integrator));
    const factors f = factors_of(model, integrator, gbm0_parameters, 1.0 / (double)steps);
    nsde_model_destroy(model);
    return (factors){gbm0_x0 * pow(f.mean, (double)steps), gbm0_x0 * gbm0_x0 * pow(f.second, (double)steps)};
}

START_TEST(discrete_moments_of_geometric_brownian_motion)
{
    check_absolute(on_gbm("euler_maruyama", false, 4).mean, 1.230498086, 6e-10);
    check_absolute(on_gbm("milstein", false, 4).mean, 1.230498086, 6e-10);
    check_absolute(on_gbm("sriw1", false, 4).mean, 1.360634897, 6e-10);
    check_absolute(on_gbm("euler_heun", true, 4).mean, 1.646589981, 6e-10);
    check_absolute(on_gbm("heun", true, 4).mean, 1.808070078, 6e-10);
    check_absolute(on_gbm("euler_maruyama", false, 16).second, 3.416305502, 6e-10);
    check_absolute(on_gbm("milstein", false, 16).second, 3.468618004, 6e-10);
    check_absolute(on_gbm("sriw1", false, 16).second, 3.993912328, 6e-10);
}
END_TEST

typedef struct weak {
    const char *method;
    bool stratonovich;
    double mean, second, tolerance; /* slopes */
} weak;

static const weak weak_orders[] = {
    {"euler_maruyama", false, 0.988, 0.964, 0.002},
    {"milstein", false, 0.988, 0.967, 0.002},
    {"sriw1", false, 1.990, 1.973, 0.002},
    {"platen_weak2", false, 2.0, 2.0, 0.1},
    {"milstein_derivative_free", false, 1.0, 1.0, 0.1},
    {"implicit_euler", false, 1.0, 1.0, 0.1},
    {"milstein_stratonovich", true, 1.0, 1.0, 0.1},
    {"heun", true, 1.0, 1.0, 0.2},
    {"euler_heun", true, 1.0, 1.0, 0.1},
    {"midpoint", true, 1.0, 1.0, 0.2},
};

START_TEST(weak_orders_on_geometric_brownian_motion)
{
    const weak *w = &weak_orders[_i];
    const double variance = 0.87 * 0.87, rate = 1.01 + (w->stratonovich ? 0.5 * variance : 0.0);
    double mean[LEVELS], second[LEVELS];
    for (int level = 4; level <= 10; level++) {
        const factors m = on_gbm(w->method, w->stratonovich, (size_t)1 << level);
        mean[level] = fabs(m.mean - 0.5 * exp(rate));
        second[level] = fabs(m.second - 0.25 * exp(2.0 * rate + variance));
    }
    check_absolute(slope_of(mean, 4, 10), w->mean, w->tolerance);
    check_absolute(slope_of(second, 4, 10), w->second, w->tolerance);
}
END_TEST

/* ---- stiff drifts, drifts that grow, no noise ---- */

static nsde_var stiff_drift(const nsde_at *at)
{
    return nsde_mul_real(at->x, -3.0);
}

static nsde_var stiff_diffusion(const nsde_at *at)
{
    return nsde_mul_real(at->x, sqrt(3.0));
}

START_TEST(second_moments_of_a_stiff_equation)
{
    const nsde_model_definition stiff = {.name = "stiff",
                                         .dim = 1,
                                         .noise = NSDE_NOISE_DIAGONAL,
                                         .drift = stiff_drift,
                                         .diffusion = stiff_diffusion};
    const double h[] = {1.0, 0.5, 0.25}, euler[] = {7.0, 1.75, 0.8125},
                 implicit[] = {0.25, 0.4, 0.5714285714};
    const nsde_integrator *explicit_one, *implicit_one;
    nsde_model *model;
    check_ok(nsde_model_create(&stiff, &model));
    check_ok(nsde_integrator_find("euler_maruyama", &explicit_one));
    check_ok(nsde_integrator_find("implicit_euler", &implicit_one));
    for (int k = 0; k < 3; k++) {
        check_absolute(factors_of(model, explicit_one, NULL, h[k]).second, euler[k], 1e-10);
        check_absolute(factors_of(model, implicit_one, NULL, h[k]).second, implicit[k], 1e-10);
    }
    nsde_model_destroy(model);
}
END_TEST

static nsde_var steep_drift(const nsde_at *at)
{
    return nsde_neg(nsde_mul(nsde_square(at->x), at->x));
}

static nsde_var one_diffusion(const nsde_at *at)
{
    return nsde_real(at->tape, 1.0);
}

START_TEST(a_steep_drift_overflows_or_is_tamed)
{
    const nsde_model_definition steep = {.name = "steep",
                                         .dim = 1,
                                         .noise = NSDE_NOISE_ADDITIVE,
                                         .drift = steep_drift,
                                         .diffusion = one_diffusion};
    const char *const methods[] = {"tamed_euler", "implicit_euler"};
    const double x0 = 10.0;
    nsde_model *model;
    nsde_simulation *s;
    nsde_simulate_settings settings = nsde_simulate_settings_default();
    settings.steps = 10;
    settings.paths = 1000;
    check_ok(nsde_model_create(&steep, &model));
    check_refused(nsde_simulate(model, NULL, &x0, &settings, &s), NSDE_DIVERGED, "path 0");
    for (int k = 0; k < 2; k++) {
        check_ok(nsde_integrator_find(methods[k], &settings.integrator));
        check_ok(nsde_simulate(model, NULL, &x0, &settings, &s));
        for (size_t i = 0; i < settings.paths; i++)
            ck_assert(fabs(nsde_simulation_row(s, 1, 0)[i]) < 12.0);
        nsde_simulation_destroy(s);
    }
    nsde_model_destroy(model);
}
END_TEST

static nsde_var wavy_drift(const nsde_at *at)
{
    return nsde_mul(nsde_cos(at->t), nsde_sub(nsde_real(at->tape, 2.0), at->x));
}

/* X = 2 - (2 - x0) exp(-sin t). */
START_TEST(orders_where_there_is_no_noise)
{
    const struct {
        const char *method;
        double order;
    } all[] = {{"euler_maruyama", 1.0}, {"tamed_euler", 1.0}, {"milstein", 1.0},     {"implicit_euler", 1.0},
               {"heun", 2.0},           {"midpoint", 2.0},    {"sriw1", 2.0},        {"sra1", 2.0},
               {"sra3", 3.0},           {"theta", 2.0},       {"platen_weak2", 2.0}, {"rk4", 4.0},
               {"dormand_prince", 5.0}};
    const nsde_model_definition wavy = {.name = "wavy", .dim = 1, .drift = wavy_drift};
    const double x0 = 0.7, exact = 2.0 - 1.3 * exp(-sin(1.0));
    nsde_model *model;
    check_ok(nsde_model_create(&wavy, &model));
    for (size_t k = 0; k < sizeof all / sizeof *all; k++) {
        double error[LEVELS];
        nsde_simulate_settings settings = nsde_simulate_settings_default();
        check_ok(nsde_integrator_find(all[k].method, &settings.integrator));
        const int first = all[k].order > 3.5 ? 2 : 4, last = first + (all[k].order > 3.5 ? 3 : 4);
        for (int level = first; level <= last; level++) {
            nsde_simulation *s;
            settings.steps = (size_t)1 << level;
            check_ok(nsde_simulate(model, NULL, &x0, &settings, &s));
            error[level] = fabs(*nsde_simulation_row(s, 1, 0) - exact);
            nsde_simulation_destroy(s);
        }
        const double slope = slope_of(error, first, last);
        ck_assert_msg(fabs(slope - all[k].order) < fmax(0.12, 0.07 * all[k].order), "%s: order %g",
                      all[k].method, slope);
    }
    nsde_model_destroy(model);
}
END_TEST

static nsde_var no_drift(const nsde_at *at)
{
    return nsde_real(at->tape, 0.0);
}

/* Without drift and with g = 1, X is W. */
START_TEST(pure_noise_comes_back)
{
    const nsde_model_definition pure = {.name = "pure",
                                        .dim = 1,
                                        .noise = NSDE_NOISE_ADDITIVE,
                                        .drift = no_drift,
                                        .diffusion = one_diffusion};
    const double x0 = 0.0;
    nsde_model *model;
    nsde_brownian *noise;
    double rows[4][2];
    for (int k = 0; k < 4; k++) {
        rows[k][0] = path0_dW[k];
        rows[k][1] = path0_dZ[k];
    }
    check_ok(nsde_model_create(&pure, &model));
    check_ok(nsde_brownian_stored_detail(1, 4, 1, NSDE_SPACE_TIME, 0.25, &rows[0][0], &noise));
    for (size_t k = 0; k < nsde_integrator_count(); k++) {
        nsde_simulate_settings settings = nsde_simulate_settings_default();
        nsde_simulation *s;
        settings.integrator = nsde_integrator_at(k);
        settings.noise = noise;
        settings.steps = 4;
        if (settings.integrator->deterministic || settings.integrator->solution ||
            settings.integrator->second_order)
            continue;
        check_ok(nsde_simulate(model, NULL, &x0, &settings, &s));
        check_absolute(*nsde_simulation_row(s, 1, 0), 0.6, 1e-14);
        nsde_simulation_destroy(s);
    }
    nsde_brownian_destroy(noise);
    nsde_model_destroy(model);
}
END_TEST

void test_cases(TCase *cases)
{
    tcase_add_test(cases, discrete_moments_of_geometric_brownian_motion);
    tcase_add_loop_test(cases, weak_orders_on_geometric_brownian_motion, 0,
                        (int)(sizeof weak_orders / sizeof *weak_orders));
    tcase_add_test(cases, second_moments_of_a_stiff_equation);
    tcase_add_test(cases, a_steep_drift_overflows_or_is_tamed);
    tcase_add_test(cases, orders_where_there_is_no_noise);
    tcase_add_test(cases, pure_noise_comes_back);
}
