/* The shipped models against closed forms: coefficients at points, and transition densities by quadrature.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <gsl/gsl_integration.h>
#include <gsl/gsl_randist.h>

#include "harness.h"
#include "nsde/model.h"

/* A function of (x, x_next) as a program, at fixed parameters and a fixed time step. */
typedef struct function {
    nsde_model *model;
    nsde_program *program;
    nsde_workspace *workspace;
    double x;
} function;

enum { DRIFT, DIFFUSION, DENSITY, STATIONARY };

static nsde_var record(const function *f, int what, const nsde_transition *at)
{
    const nsde_model_definition *d = nsde_model_describe(f->model);
    switch (what) {
    case DRIFT:
        return nsde_model_drift(f->model, at->from.x, at->from.t, at->from.p, at->from.u);
    case DIFFUSION:
        return nsde_model_diffusion(f->model, at->from.x, at->from.t, at->from.p, at->from.u);
    case DENSITY:
        return d->log_density(at);
    default:
        return d->log_stationary(&at->from);
    }
}

static function open_function(const char *name, int what, const double *p, double h, double x)
{
    function f = {.x = x};
    nsde_tape *tape;
    check_ok(nsde_model_open(name, &f.model));
    check_ok(nsde_tape_create(&tape));
    const nsde_var state = nsde_input(tape, 1), next = nsde_input(tape, 1);
    nsde_transition at = {.from = {.tape = tape, .x = state, .t = nsde_uniform(tape, 1), .dim = 1},
                          .x_next = next,
                          .h = nsde_uniform(tape, 1)};
    at.from.noise_dim = 1;
    at.from.p = nsde_model_record_parameters(f.model, tape);
    const nsde_var y = nsde_add(record(&f, what, &at), nsde_mul_real(nsde_add(state, next), 0.0));
    check_ok(nsde_program_create(tape, 1, &y, &f.program));
    nsde_tape_destroy(tape);
    check_ok(nsde_workspace_create(f.program, 1, NSDE_FORWARD, &f.workspace));
    memcpy(nsde_workspace_parameters(f.workspace), p, nsde_program_parameters(f.program) * sizeof *p);
    nsde_workspace_prepare(f.workspace);
    *nsde_workspace_uniform(f.workspace, 1) = h;
    return f;
}

static void close_function(function *f)
{
    nsde_workspace_destroy(f->workspace);
    nsde_program_destroy(f->program);
    nsde_model_destroy(f->model);
}

static double value_at(const function *f, double x, double x_next)
{
    *nsde_workspace_input(f->workspace, 0) = x;
    *nsde_workspace_input(f->workspace, 1) = x_next;
    nsde_forward(f->workspace, 1);
    return *nsde_workspace_output(f->workspace, 0);
}

START_TEST(coefficients_at_points)
{
    const double x = 2.385;
    const struct {
        const char *name;
        double p[4], x, drift, diffusion;
    } known[] = {
        {"ou", {1.2, 0.3, 0.4}, x, 1.2 * (0.3 - x), 0.4},
        {"ou", {1.2, 0.3, 0.4}, -x, 1.2 * (0.3 + x), 0.4},
        {"cir", {1.2, 0.3, 0.4}, x, 1.2 * (0.3 - x), 0.4 * sqrt(x)},
        {"cir", {1.2, 0.3, 0.4}, -x, 1.2 * (0.3 + x), 0.0},
        {"gbm", {-0.7, 0.4}, x, -0.7 * x, 0.4 * x},
        {"ckls", {0.6, -0.5, 0.4, 0.7}, x, 0.6 - 0.5 * x, 0.4 * pow(x, 0.7)},
        {"ckls", {0.6, -0.5, 0.4, 1.5}, -x, 0.6 + 0.5 * x, 0.0},
    };
    for (size_t k = 0; k < sizeof known / sizeof *known; k++) {
        function f = open_function(known[k].name, DRIFT, known[k].p, 1.0, x);
        check_relative(value_at(&f, known[k].x, 0.0), known[k].drift, 1e-14);
        close_function(&f);
        f = open_function(known[k].name, DIFFUSION, known[k].p, 1.0, x);
        check_relative(value_at(&f, known[k].x, 0.0), known[k].diffusion, 1e-14);
        close_function(&f);
    }
}
END_TEST

/* ---- densities ---- */

typedef struct integrand {
    const function *f;
    double center;
    int power;
    bool stationary;
} integrand;

static double weigh(double y, void *context)
{
    const integrand *i = context;
    const double log_density = i->stationary ? value_at(i->f, y, 0.0) : value_at(i->f, i->f->x, y);
    return exp(log_density) * pow(y - i->center, i->power);
}

static double integrate(const function *f, bool stationary, double center, int power, double low, double high)
{
    integrand i = {f, center, power, stationary};
    const gsl_function g = {weigh, &i};
    double result, error;
    gsl_integration_workspace *workspace = gsl_integration_workspace_alloc(1000);
    ck_assert_int_eq(gsl_integration_qags(&g, low, high, 1e-13, 1e-11, 1000, workspace, &result, &error), 0);
    gsl_integration_workspace_free(workspace);
    return result;
}

/* The density integrates to 1 with this mean and this variance. */
static void check_moments(const function *f, bool stationary, double mean, double variance, double low,
                          double high)
{
    check_relative(integrate(f, stationary, 0.0, 0, low, high), 1.0, 1e-10);
    check_relative(integrate(f, stationary, 0.0, 1, low, high), mean, 1e-10);
    check_relative(integrate(f, stationary, mean, 2, low, high), variance, 1e-10);
}

START_TEST(density_of_ornstein_uhlenbeck)
{
    const double p[] = {1.0, 1.2, 0.3}, mean = 1.2 + 0.8 * exp(-1.0), variance = -0.045 * expm1(-2.0);
    function f = open_function("ou", DENSITY, p, 1.0, 2.0);
    check_moments(&f, false, mean, variance, mean - 2.385, mean + 2.385);
    check_relative(value_at(&f, 2.0, 1.7), log(gsl_ran_gaussian_pdf(1.7 - mean, sqrt(variance))), 1e-10);
    close_function(&f);
    f = open_function("ou", STATIONARY, p, 1.0, 2.0);
    check_moments(&f, true, 1.2, 0.045, 1.2 - 2.385, 1.2 + 2.385);
    close_function(&f);
}
END_TEST

START_TEST(density_of_cox_ingersoll_ross)
{
    const double p[] = {1.2, 0.06, 0.3}, median = 0.04384247332;
    function f = open_function("cir", DENSITY, p, 1.0, 0.04);
    check_moments(&f, false, 0.0539761157618, 0.00173017021716, 0.0, 1.5);
    check_relative(value_at(&f, 0.04, 0.05), 2.274202653831, 1e-12);
    check_absolute(integrate(&f, false, 0.0, 0, 0.0, median), 0.5, 1e-9);
    close_function(&f);
    /* after a long time the start is forgotten: gamma of shape 1.6 and scale 0.0375 */
    f = open_function("cir", DENSITY, p, 30.0, 0.04);
    for (double y = 0.01; y < 0.5; y *= 2.385)
        check_close_floor(value_at(&f, 0.04, y), log(gsl_ran_gamma_pdf(y, 1.6, 0.0375)), 1e-10, 1.0);
    close_function(&f);
    /* far from the origin of the Bessel function, where it overflows by itself */
    const double small[] = {0.5, 0.05, 0.01};
    f = open_function("cir", DENSITY, small, 1.0 / 252.0, 0.05);
    const double sd = 0.01 * sqrt(0.05 / 252.0);
    check_relative(integrate(&f, false, 0.0, 0, 0.05 - 12.0 * sd, 0.05 + 12.0 * sd), 1.0, 1e-9);
    close_function(&f);
}
END_TEST

START_TEST(density_of_geometric_brownian_motion)
{
    const double p[] = {0.3, 0.4}, x = 2.385, h = 0.7, mean = x * exp(0.3 * h);
    function f = open_function("gbm", DENSITY, p, h, x);
    check_moments(&f, false, mean, mean * mean * expm1(0.16 * h), 0.0, 60.0);
    const double zeta = log(x) + (0.3 - 0.08) * h;
    check_relative(value_at(&f, x, 3.1), log(gsl_ran_lognormal_pdf(3.1, zeta, 0.4 * sqrt(h))), 1e-12);
    close_function(&f);
}
END_TEST

/* The control: with another volatility the quadrature does not give these moments. */
START_TEST(a_wrong_density_has_other_moments)
{
    const double p[] = {1.0, 1.2, 0.31};
    function f = open_function("ou", DENSITY, p, 1.0, 2.0);
    check_relative(integrate(&f, false, 0.0, 0, -1.0, 4.0), 1.0, 1e-10);
    const double variance = integrate(&f, false, 1.494303552937, 2, -1.0, 4.0);
    ck_assert(fabs(variance / 0.03890991225 - 1.0) > 1e-2);
    close_function(&f);
}
END_TEST

void test_cases(TCase *cases)
{
    tcase_add_test(cases, coefficients_at_points);
    tcase_add_test(cases, density_of_ornstein_uhlenbeck);
    tcase_add_test(cases, density_of_cox_ingersoll_ross);
    tcase_add_test(cases, density_of_geometric_brownian_motion);
    tcase_add_test(cases, a_wrong_density_has_other_moments);
}
