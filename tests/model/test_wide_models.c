/* Shipped models of several states, and those without a density: coefficients at points written out by hand,
 * and what is known of their solutions.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "harness.h"
#include "nsde/simulate.h"

typedef struct point {
    const char *name;
    double p[9], x[4], drift[4], diffusion[8];
} point;

static const point points[] = {
    {"ou_2d",
     {1.2, 0.3, -0.4, 0.9, 0.5, -0.2, 0.7, 0.25, 0.6},
     {1.1, 0.4},
     {1.2 * -0.6 + 0.3 * -0.6, -0.4 * -0.6 + 0.9 * -0.6},
     {0.7, 0.0, 0.25, 0.6}},
    {"gbm_2d", {0.1, -0.2, 0.3, 0.5, 0.6}, {2.0, 3.0}, {0.2, -0.6}, {0.6, 0.0, 0.9, 1.2}},
    {"gbm_stratonovich", {0.3, 0.4}, {2.0}, {0.6}, {0.8}},
    {"cev", {0.1, 0.4, 1.5}, {4.0}, {0.4}, {3.2}},
    {"cev", {0.1, 0.4, 1.5}, {-4.0}, {-0.4}, {0.0}},
    {"heston", {0.05, 2.0, 0.09, 0.3, -0.6}, {2.0, 0.16}, {0.1, -0.14}, {0.8, 0.0, -0.072, 0.096}},
    {"heston", {0.05, 2.0, 0.09, 0.3, -0.6}, {2.0, -0.16}, {0.1, 0.18}, {0.0, 0.0, 0.0, 0.0}},
    {"sabr", {0.5, 0.4, -0.6}, {4.0, 0.25}, {0.0, 0.0}, {0.5, 0.0, -0.06, 0.08}},
    {"double_well", {1.5, 0.5, 0.7}, {2.0}, {-1.0}, {0.7}},
    {"langevin", {1.5, 0.5, 0.4, 0.2}, {2.0, 3.0}, {3.0, -1.0 - 1.2}, {0.0, 0.4}},
    {"lorenz", {10.0, 28.0, 2.5, 0.3}, {1.0, 2.0, 3.0}, {10.0, 23.0, 2.0 - 7.5}, {0.3, 0.3, 0.3}},
    {"lotka_volterra", {1.1, 0.4, 0.7, 0.2, 0.3, 0.5}, {2.0, 3.0}, {-0.2, -0.9}, {0.6, 1.5}},
    {"fitzhugh_nagumo",
     {0.5, 0.08, 0.7, 0.8, 0.25},
     {1.5, 0.4},
     {1.5 - 1.125 - 0.4 + 0.5, 0.08 * (1.5 + 0.7 - 0.32)},
     {0.25, 0.0}},
    {"sir",
     {0.5, 0.25, 100.0},
     {0.64, 0.16},
     {-0.0512, 0.0512 - 0.04},
     {-0.022627416997969522, 0.0, 0.022627416997969522, -0.02}},
};

START_TEST(coefficients_at_points)
{
    for (size_t k = 0; k < sizeof points / sizeof *points; k++) {
        const point *known = &points[k];
        double f[4], g[16];
        nsde_model *model;
        check_ok(nsde_model_open(known->name, &model));
        const nsde_model_definition *d = nsde_model_describe(model);
        const size_t entries = nsde_model_is_diagonal(model) ? d->dim : d->dim * d->noise_dim;
        check_ok(nsde_model_evaluate(model, known->p, 1, known->x, 0.0, NULL, f, g));
        for (size_t i = 0; i < d->dim; i++)
            check_absolute(f[i], known->drift[i], 1e-14);
        for (size_t i = 0; i < entries; i++)
            check_absolute(g[i], known->diffusion[i], 1e-14);
        nsde_model_destroy(model);
    }
}
END_TEST

/* Published minima and saddles: there the potential is flat; and a control beside them. */
START_TEST(stationary_points_of_mueller_and_brown)
{
    const double p[] = {1.0, 0.5},
                 at[][2] = {
                     {-0.558, 1.442}, {-0.050, 0.467}, {0.623, 0.028}, {-0.822, 0.624}, {0.212, 0.293}};
    double f[2], g[2];
    nsde_model *model;
    check_ok(nsde_model_open("muller_brown", &model));
    for (int k = 0; k < 5; k++) {
        check_ok(nsde_model_evaluate(model, p, 1, at[k], 0.0, NULL, f, g));
        ck_assert(hypot(f[0], f[1]) < 2.0); /* three digits of the points, slopes of hundreds around */
        ck_assert(g[0] == 1.0 && g[1] == 1.0);
    }
    check_ok(nsde_model_evaluate(model, p, 1, (double[]){-0.5, 1.3}, 0.0, NULL, f, g));
    ck_assert(hypot(f[0], f[1]) > 20.0);
    nsde_model_destroy(model);
}
END_TEST

START_TEST(oscillators_of_kuramoto)
{
    const double p[] = {1.0, 2.0, -0.5, 0.3, 0.8, 0.2}, x[] = {0.1, 0.5, -0.4, 1.2};
    double f[4], g[4];
    nsde_model *model;
    check_ok(nsde_model_open("kuramoto", &model));
    check_ok(nsde_model_evaluate(model, p, 1, x, 0.0, NULL, f, g));
    for (int i = 0; i < 4; i++) {
        double pull = 0.0;
        for (int j = 0; j < 4; j++)
            pull += sin(x[j] - x[i]);
        check_absolute(f[i], p[i] + 0.2 * pull, 1e-14);
        ck_assert(g[i] == 0.2);
    }
    nsde_model_destroy(model);
}
END_TEST

/* ---- averages over long times ---- */

/* Averages over paths and times (from a third of the way on) of functions of the state, with standard errors
 * from the averages of paths. */
static void averages(const char *name, const double *p, const double *x0, double t1, size_t steps, size_t n,
                     void (*functions)(const double *x, double *values), double *mean, double *error)
{
    nsde_model *model;
    nsde_simulation *s;
    nsde_simulate_settings settings = nsde_simulate_settings_default();
    double sums[8] = {0.0}, squares[8] = {0.0};
    settings.t1 = t1;
    settings.steps = steps;
    settings.paths = 400;
    settings.save_every = 10;
    settings.seed = 19;
    check_ok(nsde_integrator_find("sra1", &settings.integrator));
    check_ok(nsde_model_open(name, &model));
    check_ok(nsde_simulate(model, p, x0, &settings, &s));
    const size_t first = s->n_times / 3;
    for (size_t path = 0; path < s->n_paths; path++) {
        double own[8] = {0.0}, values[8], x[3];
        for (size_t k = first; k < s->n_times; k++) {
            for (size_t c = 0; c < s->dim; c++)
                x[c] = nsde_simulation_row(s, k, c)[path];
            functions(x, values);
            for (size_t i = 0; i < n; i++)
                own[i] += values[i] / (double)(s->n_times - first);
        }
        for (size_t i = 0; i < n; i++) {
            sums[i] += own[i];
            squares[i] += own[i] * own[i];
        }
    }
    const double paths = (double)s->n_paths;
    for (size_t i = 0; i < n; i++) {
        mean[i] = sums[i] / paths;
        error[i] = sqrt((squares[i] / paths - mean[i] * mean[i]) / (paths - 1.0));
    }
    nsde_simulation_destroy(s);
    nsde_model_destroy(model);
}

/* Stationarity of x^2 / 2, z and z^2 / 2 under the generator. */
static void lorenz_functions(const double *v, double *values)
{
    const double x = v[0], y = v[1], z = v[2];
    values[0] = x * x - x * y;
    values[1] = x * y - 8.0 / 3.0 * z;
    values[2] = x * y * z - 8.0 / 3.0 * z * z;
    values[3] = z;
}

START_TEST(identities_of_lorenz)
{
    const double p[] = {10.0, 28.0, 8.0 / 3.0, 3.0}, x0[] = {1.0, 1.0, 25.0};
    const double expected[] = {0.45, 0.0, -4.5, 24.28};
    double mean[4], error[4];
    averages("lorenz", p, x0, 30.0, 12000, 4, lorenz_functions, mean, error);
    for (int i = 0; i < 3; i++) /* and what three steps of 0.0025 leave of bias */
        check_absolute(mean[i], expected[i], 4.0 * error[i] + 0.05);
    check_absolute(mean[3], expected[3], 0.05 + 4.0 * error[3]);
}
END_TEST

static void fitzhugh_functions(const double *x, double *values)
{
    const double v = x[0], w = x[1];
    values[0] = w - (v + 0.7) / 0.8;
    values[1] = v - v * v * v / 3.0 + 0.5 - w;
    values[2] = v;
    values[3] = v * v;
}

START_TEST(identities_of_fitzhugh_and_nagumo)
{
    const double p[] = {0.5, 0.08, 0.7, 0.8, 0.25}, x0[] = {0.0, 0.0}, expected[] = {0.0, 0.0, -0.339, 1.985};
    double mean[4], error[4];
    averages("fitzhugh_nagumo", p, x0, 1500.0, 30000, 4, fitzhugh_functions, mean, error);
    for (int i = 0; i < 4; i++)
        check_absolute(mean[i], expected[i], 4.0 * error[i] + 0.006);
}
END_TEST

static void well_functions(const double *x, double *values)
{
    values[0] = x[0] * x[0];
    values[1] = values[0] * values[0];
    values[2] = values[1] - values[0];
    values[3] = fabs(x[0]) < 0.5;
}

START_TEST(long_run_of_the_double_well)
{
    const double p[] = {1.0, 1.0, 0.7}, x0 = 1.0,
                 expected[] = {0.8322329813, 1.0772329813, 0.245, 0.2175985493};
    double mean[4], error[4];
    averages("double_well", p, &x0, 300.0, 15000, 4, well_functions, mean, error);
    for (int i = 0; i < 4; i++)
        check_absolute(mean[i], expected[i], 4.0 * error[i] + 0.002);
}
END_TEST

void test_cases(TCase *cases)
{
    tcase_add_test(cases, coefficients_at_points);
    tcase_add_test(cases, stationary_points_of_mueller_and_brown);
    tcase_add_test(cases, oscillators_of_kuramoto);
    tcase_add_test(cases, identities_of_lorenz);
    tcase_add_test(cases, identities_of_fitzhugh_and_nagumo);
    tcase_add_test(cases, long_run_of_the_double_well);
}
