/* Weak errors without statistical error: on a linear equation one step maps moments linearly, and its
 * expectation over the normals of a step is a sum over the nodes of Gauss and Hermite, given as stored noise.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <gsl/gsl_linalg.h>
#include <stdlib.h>

#include "harness.h"
#include "nsde/simulate.h"
#include "problems/convergence.h"
#include "problems/models.h"
#include "problems/problems.h"

enum { NODES = 5, MOST = 2500 };

static const double nodes[NODES] = {-2.856970013872806, -1.355626179974266, 0.0, 1.355626179974266,
                                    2.856970013872806};
static const double weights[NODES] = {0.01125741132772069, 0.2220759220056126, 0.5333333333333333,
                                      0.2220759220056126, 0.01125741132772069};

/* The noise of one step as nodes: one component with space-time area, or two with areas of either sign. */
typedef struct quadrature {
    size_t n, components;
    nsde_noise_detail detail;
    double rows[MOST][5], weight[MOST];
} quadrature;

static void fill(quadrature *q, size_t components, double h)
{
    *q = (quadrature){.components = components, .detail = components == 1 ? NSDE_SPACE_TIME : NSDE_LEVY};
    double *to = &q->rows[0][0];
    for (int i = 0; i < NODES; i++)
        for (int j = 0; j < NODES; j++)
            for (int sign = -1; sign <= 1; sign += 2) {
                const bool one = components == 1;
                if (one && sign > 0)
                    continue;
                q->weight[q->n++] = weights[i] * weights[j] * (one ? 1.0 : 0.5);
                *to++ = nodes[i] * sqrt(h);
                *to++ = nodes[j] * sqrt(one ? h / 12.0 : h);
                if (!one) { /* areas of the right variance */
                    *to++ = 0.0;
                    *to++ = 0.0;
                    *to++ = 0.5 * h * sign;
                }
            }
}

typedef struct moments {
    double mean[2], second[3]; /* E X_i; E X_1^2, E X_1 X_2, E X_2^2 */
} moments;

static moments after_a_step(const nsde_model *model, const nsde_integrator *integrator,
                            const double *parameters, const quadrature *q, double h, const double *x0)
{
    nsde_brownian *noise;
    nsde_simulation *s;
    moments m = {{0}, {0}};
    nsde_simulate_settings settings = nsde_simulate_settings_default();
    check_ok(nsde_brownian_stored_detail(q->n, 1, q->components, q->detail, h, &q->rows[0][0], &noise));
    settings.noise = noise;
    settings.steps = 1;
    settings.t1 = h;
    settings.paths = q->n;
    settings.threads = 1;
    settings.integrator = integrator;
    check_ok(nsde_simulate(model, parameters, x0, &settings, &s));
    for (size_t i = 0; i < q->n; i++) {
        const double X = nsde_simulation_row(s, 1, 0)[i];
        const double Y = s->dim == 2 ? nsde_simulation_row(s, 1, 1)[i] : 0.0, w = q->weight[i];
        m.mean[0] += w * X;
        m.mean[1] += w * Y;
        m.second[0] += w * X * X;
        m.second[1] += w * X * Y;
        m.second[2] += w * Y * Y;
    }
    nsde_simulation_destroy(s);
    nsde_brownian_destroy(noise);
    return m;
}

/* Moments after `steps` steps of 1 / steps, from x0: of a basis of states and of their products one step is
 * simulated, the rest is linear. One state stands as the first of two. */
static moments at_the_end(const nsde_model *model, const nsde_integrator *integrator,
                          const double *parameters, const double *x0, size_t steps)
{
    static quadrature q;
    const double h = 1.0 / (double)steps, X = x0[0], Y = x0[1];
    fill(&q, nsde_model_describe(model)->noise_dim, h);
    const moments e1 = after_a_step(model, integrator, parameters, &q, h, (double[]){1.0, 0.0});
    const moments e2 = after_a_step(model, integrator, parameters, &q, h, (double[]){0.0, 1.0});
    const moments both = after_a_step(model, integrator, parameters, &q, h, (double[]){1.0, 1.0});
    moments m = {{X, Y}, {X * X, X * Y, Y * Y}};
    for (size_t k = 0; k < steps; k++) {
        moments next;
        for (int i = 0; i < 2; i++)
            next.mean[i] = e1.mean[i] * m.mean[0] + e2.mean[i] * m.mean[1];
        for (int i = 0; i < 3; i++)
            next.second[i] = e1.second[i] * m.second[0] + e2.second[i] * m.second[2] +
                             (both.second[i] - e1.second[i] - e2.second[i]) * m.second[1];
        m = next;
    }
    return m;
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

static moments on_gbm(const char *method, bool stratonovich, size_t steps)
{
    const nsde_integrator *integrator;
    nsde_model *model = gbm_of(stratonovich);
    check_ok(nsde_integrator_find(method, &integrator));
    const moments m = at_the_end(model, integrator, gbm0_parameters, (double[]){gbm0_x0, 0.0}, steps);
    nsde_model_destroy(model);
    return m;
}

START_TEST(discrete_moments_of_geometric_brownian_motion)
{
    check_absolute(on_gbm("euler_maruyama", false, 4).mean[0], 1.230498086, 6e-10);
    check_absolute(on_gbm("milstein", false, 4).mean[0], 1.230498086, 6e-10);
    check_absolute(on_gbm("sriw1", false, 4).mean[0], 1.360634897, 6e-10);
    check_absolute(on_gbm("euler_heun", true, 4).mean[0], 1.646589981, 6e-10);
    check_absolute(on_gbm("heun", true, 4).mean[0], 1.808070078, 6e-10);
    check_absolute(on_gbm("euler_maruyama", false, 16).second[0], 3.416305502, 6e-10);
    check_absolute(on_gbm("milstein", false, 16).second[0], 3.468618004, 6e-10);
    check_absolute(on_gbm("sriw1", false, 16).second[0], 3.993912328, 6e-10);
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
        const moments m = on_gbm(w->method, w->stratonovich, (size_t)1 << level);
        mean[level] = fabs(m.mean[0] - 0.5 * exp(rate));
        second[level] = fabs(m.second[0] - 0.25 * exp(2.0 * rate + variance));
    }
    check_absolute(slope_of(mean, 4, 10), w->mean, w->tolerance);
    check_absolute(slope_of(second, 4, 10), w->second, w->tolerance);
}
END_TEST

/* dU = A U dt + B_1 U dW_1 + B_2 U dW_2, where B_1 and B_2 do not commute. */
static const double A[2][2] = {{-0.7, 0.4}, {0.3, -0.5}};
static const double B[2][2][2] = {{{0.5, 0.2}, {0.0, -0.3}}, {{0.1, -0.4}, {0.6, 0.2}}};

static nsde_var times(const double M[2][2], nsde_var x)
{
    nsde_var rows[2];
    for (int i = 0; i < 2; i++)
        rows[i] = nsde_add(nsde_mul_real(nsde_row(x, 0), M[i][0]), nsde_mul_real(nsde_row(x, 1), M[i][1]));
    return nsde_stack(2, rows);
}

static nsde_var linear_drift(const nsde_at *at)
{
    return times(A, at->x);
}

static nsde_var linear_diffusion(const nsde_at *at)
{
    const nsde_var one = times(B[0], at->x), two = times(B[1], at->x);
    return nsde_stack(4,
                      (nsde_var[]){nsde_row(one, 0), nsde_row(two, 0), nsde_row(one, 1), nsde_row(two, 1)});
}

static const nsde_model_definition linear = {.name = "linear",
                                             .dim = 2,
                                             .noise_dim = 2,
                                             .noise = NSDE_NOISE_GENERAL,
                                             .drift = linear_drift,
                                             .diffusion = linear_diffusion};

/* Exact moments at t = 1: d E U = A E U dt, d E UU' = (A M + M A' + sum B M B') dt on the three products. */
static moments exact_moments(const double *x0)
{
    double generator[9] = {0.0}, one[9], mean_generator[4], two[4];
    for (int column = 0; column < 3; column++) {
        double M[2][2] = {{0.0}}, R[2][2];
        M[column / 2][column ? 1 : 0] = 1.0;
        M[column ? 1 : 0][column / 2] = 1.0;
        for (int i = 0; i < 2; i++)
            for (int j = 0; j < 2; j++) {
                R[i][j] = 0.0;
                for (int k = 0; k < 2; k++) {
                    R[i][j] += A[i][k] * M[k][j] + M[i][k] * A[j][k];
                    for (int l = 0; l < 2; l++)
                        for (int n = 0; n < 2; n++)
                            R[i][j] += B[n][i][k] * M[k][l] * B[n][j][l];
                }
            }
        generator[column] = R[0][0];
        generator[3 + column] = R[0][1];
        generator[6 + column] = R[1][1];
    }
    memcpy(mean_generator, A, sizeof A);
    gsl_matrix_view from = gsl_matrix_view_array(generator, 3, 3), to = gsl_matrix_view_array(one, 3, 3);
    gsl_linalg_exponential_ss(&from.matrix, &to.matrix, GSL_PREC_DOUBLE);
    from = gsl_matrix_view_array(mean_generator, 2, 2);
    to = gsl_matrix_view_array(two, 2, 2);
    gsl_linalg_exponential_ss(&from.matrix, &to.matrix, GSL_PREC_DOUBLE);
    const double start[3] = {x0[0] * x0[0], x0[0] * x0[1], x0[1] * x0[1]};
    moments m = {{0}, {0}};
    for (int i = 0; i < 2; i++)
        m.mean[i] = two[2 * i] * x0[0] + two[2 * i + 1] * x0[1];
    for (int i = 0; i < 3; i++)
        for (int k = 0; k < 3; k++)
            m.second[i] += one[3 * i + k] * start[k];
    return m;
}

/* Slopes of the errors in E U_2 and E U_2^2. */
static void slopes_on_linear(const nsde_integrator *integrator, double *mean, double *second)
{
    const double x0[] = {1.0, 0.6};
    const moments exact = exact_moments(x0);
    double mean_error[LEVELS], second_error[LEVELS];
    nsde_model *model;
    check_ok(nsde_model_create(&linear, &model));
    for (int level = 3; level <= 8; level++) {
        const moments m = at_the_end(model, integrator, NULL, x0, (size_t)1 << level);
        mean_error[level] = fabs(m.mean[1] - exact.mean[1]);
        second_error[level] = fabs(m.second[2] - exact.second[2]);
    }
    *mean = slope_of(mean_error, 3, 8);
    *second = slope_of(second_error, 3, 8);
    nsde_model_destroy(model);
}

static nsde_var platen_without_signs(const nsde_step_at *at)
{
    const nsde_integrator *platen;
    if (nsde_integrator_find("platen_weak2", &platen))
        return nsde_tape_fail(at->tape, "no platen_weak2");
    nsde_step_at as = *at;
    as.A.tape = NULL;
    return platen->record(&as);
}

START_TEST(weak_orders_where_noise_does_not_commute)
{
    const char *const methods[] = {"euler_maruyama", "milstein", "implicit_euler", "tamed_euler",
                                   "milstein_derivative_free"};
    const nsde_integrator *integrator;
    double mean, second;
    check_ok(nsde_integrator_find("platen_weak2", &integrator));
    slopes_on_linear(integrator, &mean, &second);
    check_absolute(mean, 2.0, 0.1);
    check_absolute(second, 2.0, 0.1);
    const nsde_integrator wrong = {
        .name = "no signs", .noise = NSDE_NOISE_GENERAL, .detail = NSDE_LEVY, .record = platen_without_signs};
    slopes_on_linear(&wrong, &mean, &second);
    check_absolute(second, 1.0, 0.2);
    for (int k = 0; k < 5; k++) {
        if (k == 3) /* not linear */
            continue;
        check_ok(nsde_integrator_find(methods[k], &integrator));
        slopes_on_linear(integrator, &mean, &second);
        check_absolute(mean, 1.0, 0.2);
        check_absolute(second, 1.0, 0.2);
    }
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
    static quadrature q;
    const nsde_integrator *explicit_one, *implicit_one;
    const double one = 1.0;
    nsde_model *model;
    check_ok(nsde_model_create(&stiff, &model));
    check_ok(nsde_integrator_find("euler_maruyama", &explicit_one));
    check_ok(nsde_integrator_find("implicit_euler", &implicit_one));
    for (int k = 0; k < 3; k++) {
        fill(&q, 1, h[k]);
        check_absolute(after_a_step(model, explicit_one, NULL, &q, h[k], &one).second[0], euler[k], 1e-10);
        check_absolute(after_a_step(model, implicit_one, NULL, &q, h[k], &one).second[0], implicit[k], 1e-10);
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
        if (settings.integrator->deterministic || settings.integrator->solution)
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
    tcase_add_test(cases, weak_orders_where_noise_does_not_commute);
    tcase_add_test(cases, second_moments_of_a_stiff_equation);
    tcase_add_test(cases, a_steep_drift_overflows_or_is_tamed);
    tcase_add_test(cases, orders_where_there_is_no_noise);
    tcase_add_test(cases, pure_noise_comes_back);
}
