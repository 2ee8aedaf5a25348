/* Expectations that are known: of nonlinear functions, of many states with noise that does not commute, and
 * of stationary laws.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "nsde/text.h"
#include "problems/convergence.h"
#include "problems/one_step.h"
#include "problems/problems.h"

static nsde_model *from_text(const nsde_text_model *text)
{
    nsde_model *model;
    check_ok(nsde_model_from_text(text, &model));
    return model;
}

static const nsde_integrator *method(const char *name)
{
    const nsde_integrator *integrator;
    check_ok(nsde_integrator_find(name, &integrator));
    return integrator;
}

/* ---- X = sinh(t + W), a cubic function of arsinh X: E = t^3 - 3 t^2 + 2 t, 3/8 at t = 1/2 ---- */

enum { SINH_PATHS = 20000, SINH_FINE = 5 };

static double cubic_of(double z)
{
    return z * z * z - 6.0 * z * z + 8.0 * z;
}

/* The error of E h(arsinh X), the solution's being taken off on the same paths; with its standard error. */
static double sinh_error(const nsde_model *model, const nsde_integrator *m, const nsde_brownian *fine,
                         int level, double *error)
{
    static double W[SINH_PATHS];
    nsde_simulate_settings settings = nsde_simulate_settings_default();
    nsde_simulation *s;
    nsde_brownian *coarse, *whole;
    const double zero = 0.0;
    double sum = 0.0, squares = 0.0;
    check_ok(nsde_brownian_coarsen(fine, (size_t)1 << (SINH_FINE - level), &coarse));
    check_ok(nsde_brownian_coarsen(fine, (size_t)1 << SINH_FINE, &whole));
    check_ok(nsde_brownian_increments(whole, 0.5, 0, SINH_PATHS, 0, 1, SINH_PATHS, W));
    settings.t1 = 0.5;
    settings.steps = (size_t)1 << level;
    settings.paths = SINH_PATHS;
    settings.noise = coarse;
    settings.integrator = m;
    check_ok(nsde_simulate(model, NULL, &zero, &settings, &s));
    for (size_t i = 0; i < SINH_PATHS; i++) {
        const double gap = cubic_of(asinh(nsde_simulation_row(s, 1, 0)[i])) - cubic_of(0.5 + W[i]);
        sum += gap;
        squares += gap * gap;
    }
    const double mean = sum / SINH_PATHS;
    *error = sqrt((squares / SINH_PATHS - mean * mean) / SINH_PATHS);
    nsde_simulation_destroy(s);
    nsde_brownian_destroy(whole);
    nsde_brownian_destroy(coarse);
    return mean;
}

START_TEST(a_cubic_function_of_a_nonlinear_solution)
{
    nsde_model *model = from_text(
        &(nsde_text_model){.name = "sinh", .drift = "x/2 + sqrt(x^2 + 1)", .diffusion = "sqrt(x^2 + 1)"});
    const struct {
        const char *method;
        double order;
    } all[] = {{"euler_maruyama", 1.0}, {"milstein", 1.0}, {"sriw1", 1.5}};
    double mean[LEVELS], error;
    nsde_brownian *fine;
    check_ok(nsde_brownian_grid(2385, 1, &fine));
    for (int k = 0; k < 3; k++) {
        for (int level = 1; level <= 5; level++) {
            mean[level] = fabs(sinh_error(model, method(all[k].method), fine, level, &error));
            ck_assert_msg(mean[level] > 5.0 * error, "%s at 2^-%d: %g, statistical error %g", all[k].method,
                          level, mean[level], error);
        }
        check_absolute(slope_of(mean, 1, 5), all[k].order, 0.2);
    }
    ck_assert(fabs(sinh_error(model, method("platen_weak2"), fine, 4, &error)) < 0.003);
    nsde_brownian_destroy(fine);
    nsde_model_destroy(model);
}
END_TEST

/* ---- four states, E X = e^2 x0 at t = 1 whatever the noise ---- */

START_TEST(means_of_four_states)
{
    nsde_model *model = from_text(&(nsde_text_model){
        .name = "four",
        .drift = "(243*x1 - 54*x2 + 23*x3 - 65*x4)/154; (54*x1 - 243*x2 + 65*x3 - 23*x4)/154;"
                 "(5*x1 - 61*x2 + 324*x3 - 72*x4)/154; (61*x1 - 5*x2 + 72*x3 - 324*x4)/154",
        .diffusion = "x1/4, x2/9; x3/9, x2/4; x3/9, x1/5; x4/5, x3/9"});
    const double x0[4] = {0.125, 0.125, 1.0, 0.125};
    nsde_simulate_settings settings = nsde_simulate_settings_default();
    nsde_simulation *s;
    settings.integrator = method("platen_weak2");
    settings.steps = 64;
    settings.paths = 4000;
    check_ok(nsde_simulate(model, NULL, x0, &settings, &s));
    for (size_t i = 0; i < 4; i++) {
        double mean, error;
        nsde_simulation_moments(s, 1, i, &mean, NULL, &error);
        check_absolute(mean, i == 2 ? 7.3890560989 : 0.9236320124, 5.0 * error);
        ck_assert(error < (i == 2 ? 0.05 : 0.02));
    }
    nsde_simulation_destroy(s);
    nsde_model_destroy(model);
}
END_TEST

/* ---- Ornstein-Uhlenbeck: the law at a time, and what Euler-Maruyama makes of the stationary variance ----
 */

/* X' = a X + b + noise of variance v, by the nodes of one step. */
static void affine_of(const nsde_integrator *m, const double *parameters, double h, double *a, double *b,
                      double *v)
{
    static quadrature q;
    nsde_model *model;
    double means[2] = {0.0, 0.0}, second = 0.0;
    check_ok(nsde_model_open("ou", &model));
    quadrature_fill(&q, 1);
    for (int k = 0; k < 2; k++) {
        one_step s;
        const double start = k;
        one_step_create(&s, m, model, parameters, q.n);
        one_step_put(&s, &q, h, &start, 0);
        const double *x = one_step_run(&s, 0.0, h, q.n);
        for (size_t i = 0; i < q.n; i++) {
            means[k] += q.weight[i] * x[i];
            second += k ? 0.0 : q.weight[i] * x[i] * x[i];
        }
        one_step_destroy(&s);
    }
    *b = means[0];
    *a = means[1] - means[0];
    *v = second - means[0] * means[0];
    nsde_model_destroy(model);
}

START_TEST(laws_of_ornstein_and_uhlenbeck)
{
    const double p[] = {1.0, 1.2, 0.3}, still[] = {1.0, 0.0, 0.5};
    double a, b, v, mean = 2.0, variance = 0.0;
    affine_of(method("sra3"), p, 1.0 / 512.0, &a, &b, &v);
    for (int k = 0; k < 512; k++) {
        mean = a * mean + b;
        variance = a * a * variance + v;
    }
    check_absolute(mean, 1.494303552937, 1e-9);
    check_absolute(variance, 0.03890991225, 1e-7);
    affine_of(method("euler_maruyama"), still, 0.1, &a, &b, &v);
    check_absolute(v / (1.0 - a * a), 0.1315789474, 1e-10);
    affine_of(method("sra1"), still, 0.1, &a, &b, &v);
    check_absolute(v / (1.0 - a * a), 0.125, 1e-3);
    affine_of(method("theta"), still, 0.1, &a, &b, &v);
    check_absolute(v / (1.0 - a * a), 0.125, 1e-12); /* the trapezoidal rule's is right */
}
END_TEST

/* ---- (X - X^3) dt + 0.7 dW: averages over a long time ---- */

START_TEST(the_stationary_law_of_a_double_well)
{
    nsde_model *model =
        from_text(&(nsde_text_model){.name = "wells", .drift = "x - x^3", .diffusion = "0.7"});
    nsde_simulate_settings settings = nsde_simulate_settings_default();
    nsde_simulation *s;
    const double one = 1.0;
    double second = 0.0, fourth = 0.0, middle = 0.0, n = 0.0;
    settings.integrator = method("sra1");
    settings.paths = 1000;
    settings.t1 = 300.0;
    settings.steps = 6000;
    settings.save_every = 10;
    check_ok(nsde_simulate(model, NULL, &one, &settings, &s));
    for (size_t k = 20; k < s->n_times; k++)
        for (size_t i = 0; i < settings.paths; i++, n += 1.0) {
            const double x = nsde_simulation_row(s, k, 0)[i], square = x * x;
            second += square;
            fourth += square * square;
            middle += square < 0.25;
        }
    check_relative(second / n, 0.8322329813, 0.01);
    check_relative(fourth / n, 1.0772329813, 0.01);
    check_relative(middle / n, 0.2175985493, 0.01);
    nsde_simulation_destroy(s);
    nsde_model_destroy(model);
}
END_TEST

void test_cases(TCase *cases)
{
    tcase_add_test(cases, a_cubic_function_of_a_nonlinear_solution);
    tcase_add_test(cases, means_of_four_states);
    tcase_add_test(cases, laws_of_ornstein_and_uhlenbeck);
    tcase_add_test(cases, the_stationary_law_of_a_double_well);
}
