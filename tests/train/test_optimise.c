/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "harness.h"
#include "nsde/optimise.h"
#include "train/line_search.h"

static nsde_optimiser *open(const char *name, const nsde_optimiser_settings *settings, size_t n)
{
    const nsde_optimiser_method *method;
    nsde_optimiser *optimiser;
    check_ok(nsde_optimiser_find(name, &method));
    check_ok(nsde_optimiser_create(method, settings, n, &optimiser));
    return optimiser;
}

/* Three steps on w^2 from 1. */
static void descend(const char *name, const nsde_optimiser_settings *settings, double w[3])
{
    nsde_optimiser *optimiser = open(name, settings, 1);
    double at = 1.0;
    for (int i = 0; i < 3; i++) {
        double gradient = 2.0 * at;
        check_ok(nsde_optimiser_advance(optimiser, &gradient, &at));
        w[i] = at;
    }
    nsde_optimiser_destroy(optimiser);
}

START_TEST(adam_makes_the_published_steps)
{
    nsde_optimiser_settings s = nsde_optimiser_settings_default();
    double w[3];
    s.rate = 0.1;
    descend("adam", &s, w);
    check_absolute(w[0], 0.9000000005, 1e-13);
    check_absolute(w[1], 0.8004122286917921, 1e-13);
    check_absolute(w[2], 0.7015862729460295, 1e-13);
    s.weight_decay = 0.0;
    double same[3];
    descend("AdamW", &s, same);
    ck_assert_mem_eq(w, same, sizeof w);
    s.epsilon = 1e-3; /* inside or outside of the root makes a difference that is seen */
    descend("adam", &s, same);
    check_absolute(same[0], 1.0 - 0.1 * 2.0 / 2.001, 1e-15);
}
END_TEST

START_TEST(decay_is_not_scaled_by_the_moments)
{
    nsde_optimiser_settings s = nsde_optimiser_settings_default();
    double w[3];
    s.rate = 0.1;
    s.weight_decay = 0.25;
    descend("adamw", &s, w);
    check_absolute(w[0], 1.0 - 0.1 * 0.25 - 0.1 * 2.0 / (2.0 + 1e-8), 1e-15);
}
END_TEST

START_TEST(momentum_by_hand)
{
    nsde_optimiser_settings s = nsde_optimiser_settings_default();
    double w[3];
    s.rate = 0.1;
    s.momentum = 0.5;
    descend("sgd", &s, w);
    check_absolute(w[0], 0.8, 1e-15);             /* v = 2 */
    check_absolute(w[1], 0.8 - 0.1 * 2.6, 1e-15); /* v = 1 + 1.6 */
    check_absolute(w[2], 0.54 - 0.1 * (0.5 * 2.6 + 1.08), 1e-15);
}
END_TEST

START_TEST(schedules)
{
    nsde_optimiser_settings s = nsde_optimiser_settings_default();
    const struct {
        nsde_schedule schedule;
        double rates[5]; /* after 0, 25, 50, 100, 120 of 100 steps */
    } known[] = {{NSDE_SCHEDULE_CONSTANT, {0.2, 0.2, 0.2, 0.2, 0.2}},
                 {NSDE_SCHEDULE_COSINE, {0.2, 0.17363961030678927, 0.11, 0.02, 0.02}},
                 {NSDE_SCHEDULE_EXPONENTIAL,
                  {0.2, 0.11246826503806982, 0.0632455532033676, 0.02, 0.012619146889603865}}};
    s.rate = 0.2;
    s.final_rate = 0.1;
    s.horizon = 100;
    for (size_t k = 0; k < 3; k++) {
        s.schedule = known[k].schedule;
        nsde_optimiser *optimiser = open("sgd", &s, 1);
        const int looks[] = {0, 25, 50, 100, 120};
        for (int look = 0, step = 0; look < 5; step++) {
            double w = 0.0, g = 0.0;
            if (step == looks[look])
                check_relative(nsde_optimiser_rate(optimiser), known[k].rates[look++], 1e-14);
            check_ok(nsde_optimiser_advance(optimiser, &g, &w));
        }
        nsde_optimiser_destroy(optimiser);
    }
    nsde_schedule found;
    check_ok(nsde_schedule_find("Cosine", &found));
    ck_assert_int_eq(found, NSDE_SCHEDULE_COSINE);
    check_refused(nsde_schedule_find("linear", &found), NSDE_NOT_FOUND, "constant, cosine, exponential");
}
END_TEST

START_TEST(long_gradients_are_clipped)
{
    double g[] = {3.0, 4.0}, huge[] = {3e300, 4e300};
    check_relative(nsde_clip_norm(2, g, 10.0), 5.0, 1e-15);
    ck_assert(g[0] == 3.0 && g[1] == 4.0);
    check_relative(nsde_clip_norm(2, g, 1.0), 5.0, 1e-15);
    check_absolute(g[0], 0.6, 1e-15);
    check_absolute(g[1], 0.8, 1e-15);
    check_relative(nsde_clip_norm(2, huge, 1.0), 5e300, 1e-14);
    check_absolute(huge[1], 0.8, 1e-15);
    nsde_optimiser_settings s = nsde_optimiser_settings_default();
    s.rate = 0.1;
    s.clip_norm = 0.5;
    double w[3];
    descend("sgd", &s, w);
    check_absolute(w[0], 0.95, 1e-15);
}
END_TEST

START_TEST(what_is_not_finite_moves_nothing)
{
    const nsde_optimiser_settings s = nsde_optimiser_settings_default();
    nsde_optimiser *optimiser = open("adam", &s, 2);
    double w[] = {2.385, -1.0}, g[] = {1.0, NAN};
    check_refused(nsde_optimiser_advance(optimiser, g, w), NSDE_DIVERGED, "derivative 1 is nan");
    ck_assert(w[0] == 2.385 && w[1] == -1.0);
    nsde_optimiser_destroy(optimiser);
}
END_TEST

START_TEST(bad_settings_are_refused)
{
    nsde_optimiser_settings s = nsde_optimiser_settings_default();
    nsde_optimiser *optimiser;
    const nsde_optimiser_method *method;
    s.beta2 = 1.0;
    check_refused(nsde_optimiser_create(NULL, &s, 1, &optimiser), NSDE_INVALID, "beta2");
    ck_assert_ptr_null(optimiser);
    s = nsde_optimiser_settings_default();
    s.rate = NAN;
    check_refused(nsde_optimiser_create(NULL, &s, 1, &optimiser), NSDE_INVALID, "rate");
    s.rate = 1.0;
    s.schedule = NSDE_SCHEDULE_COSINE;
    check_refused(nsde_optimiser_create(NULL, &s, 1, &optimiser), NSDE_INVALID, "horizon");
    s.schedule = NSDE_SCHEDULE_CONSTANT;
    check_refused(nsde_optimiser_create(NULL, &s, SIZE_MAX / 4, &optimiser), NSDE_OVERFLOW, "bytes");
    check_refused(nsde_optimiser_find("newton", &method), NSDE_NOT_FOUND, "sgd, adam, adamw");
}
END_TEST

/* ---- L-BFGS ---- */

typedef struct problem {
    size_t n;
    double sign; /* -1 for a wrong gradient */
} problem;

/* The chained function of Rosenbrock: 0 at (1, …, 1). */
static nsde_status rosenbrock(void *context, const double *x, double *value, double *gradient)
{
    const problem *p = context;
    *value = 0.0;
    memset(gradient, 0, p->n * sizeof *gradient);
    for (size_t i = 0; i + 1 < p->n; i++) {
        const double a = x[i + 1] - x[i] * x[i], b = 1.0 - x[i];
        *value += 100.0 * a * a + b * b;
        gradient[i] += p->sign * (-400.0 * a * x[i] - 2.0 * b);
        gradient[i + 1] += p->sign * 200.0 * a;
    }
    return NSDE_OK;
}

/* A quadratic of condition 1e6 with its minimum at (1, …, 1), its axes turned. */
static nsde_status quadratic(void *context, const double *x, double *value, double *gradient)
{
    const problem *p = context;
    double v[64], product = 0.0;
    *value = 0.0;
    for (size_t i = 0; i < p->n; i++) /* a reflection in the plane across (1, …, 1) */
        product += 2.0 * (x[i] - 1.0) / (double)p->n;
    double back = 0.0;
    for (size_t i = 0; i < p->n; i++) {
        const double y = x[i] - 1.0 - product, scale = pow(10.0, 6.0 * (double)i / ((double)p->n - 1.0));
        *value += 0.5 * scale * y * y;
        v[i] = scale * y;
        back += 2.0 * v[i] / (double)p->n;
    }
    for (size_t i = 0; i < p->n; i++)
        gradient[i] = v[i] - back;
    return NSDE_OK;
}

static nsde_lbfgs_result minimise(nsde_function function, size_t n, size_t memory, double tolerance,
                                  double *x)
{
    nsde_lbfgs_settings settings = nsde_lbfgs_settings_default();
    nsde_lbfgs_result result;
    problem p = {n, 1.0};
    settings.iterations = 5000;
    settings.memory = memory;
    settings.tolerance = tolerance;
    for (size_t i = 0; i < n; i++)
        x[i] = i % 2 ? 1.0 : -1.2;
    check_ok(nsde_lbfgs_minimise(n, function, &p, &settings, x, &result));
    ck_assert_int_eq(result.outcome, NSDE_LBFGS_CONVERGED);
    ck_assert(result.largest <= tolerance);
    for (size_t i = 0; i < n; i++)
        check_absolute(x[i], 1.0, 1e-6);
    return result;
}

START_TEST(valleys_are_followed_to_their_end)
{
    double x[20];
    ck_assert_uint_le(minimise(rosenbrock, 2, 10, 1e-9, x).evaluations, 80);
    ck_assert_uint_le(minimise(rosenbrock, 20, 10, 1e-9, x).evaluations, 300);
    ck_assert_uint_le(minimise(rosenbrock, 20, 3, 1e-9, x).evaluations, 300);
}
END_TEST

START_TEST(ill_conditioned_quadratics_are_solved)
{
    double x[20];
    const nsde_lbfgs_result limited = minimise(quadratic, 20, 10, 1e-6, x);
    ck_assert_uint_le(limited.evaluations, 2000);
    /* with as many pairs as there are dimensions it is no longer limited, and needs fewer steps */
    const nsde_lbfgs_result full = minimise(quadratic, 20, 40, 1e-6, x);
    ck_assert_uint_lt(full.iterations, limited.iterations);
}
END_TEST

/* Whatever step the search begins with, it ends where the strong Wolfe conditions hold. */
START_TEST(line_searches_end_at_wolfe_points)
{
    for (int k = -6; k <= 4; k++)
        for (int start = 0; start < 5; start++) {
            double x[2], g[2], d[2], xt[2], gt[2];
            problem p = {2, 1.0};
            bool found;
            nsde_line line = {.n = 2,
                              .function = rosenbrock,
                              .context = &p,
                              .x = x,
                              .gradient = g,
                              .direction = d,
                              .x_trial = xt,
                              .gradient_trial = gt};
            x[0] = -1.2 + 0.5 * start;
            x[1] = 1.0 - 0.3 * start;
            check_ok(rosenbrock(&p, x, &line.value, g));
            d[0] = -g[0];
            d[1] = -0.5 * g[1];
            line.slope = g[0] * d[0] + g[1] * d[1];
            check_ok(nsde_line_search(&line, pow(10.0, k), 1e-4, 0.1, &found));
            ck_assert(found);
            const double step = (xt[0] - x[0]) / d[0];
            ck_assert(line.value_trial <= line.value + 1e-4 * step * line.slope);
            ck_assert(fabs(gt[0] * d[0] + gt[1] * d[1]) <= -0.1 * line.slope);
            ck_assert_uint_le(line.evaluations, 40);
        }
}
END_TEST

static nsde_status steep(void *context, const double *x, double *value, double *gradient)
{
    (void)context;
    *value = x[0] < 0.5 ? -log(0.5 - x[0]) - 3.0 * x[0] : NAN; /* a wall at 1/2 */
    *gradient = 1.0 / (0.5 - x[0]) - 3.0;
    return NSDE_OK;
}

START_TEST(walls_are_backed_away_from)
{
    const nsde_lbfgs_settings settings = nsde_lbfgs_settings_default();
    nsde_lbfgs_result result;
    double x = -20.0;
    check_ok(nsde_lbfgs_minimise(1, steep, NULL, &settings, &x, &result));
    check_absolute(x, 0.5 - 1.0 / 3.0, 1e-8);
    x = 0.75;
    check_refused(nsde_lbfgs_minimise(1, steep, NULL, &settings, &x, &result), NSDE_DIVERGED, "nan");
    ck_assert(x == 0.75);
}
END_TEST

START_TEST(a_wrong_gradient_is_noticed)
{
    const nsde_lbfgs_settings settings = nsde_lbfgs_settings_default();
    nsde_lbfgs_result result;
    problem p = {2, -1.0};
    double x[] = {-1.2, 1.0};
    check_ok(nsde_lbfgs_minimise(2, rosenbrock, &p, &settings, x, &result));
    ck_assert_int_eq(result.outcome, NSDE_LBFGS_STALLED);
    ck_assert(x[0] == -1.2 && x[1] == 1.0);
}
END_TEST

static nsde_status failing(void *context, const double *x, double *value, double *gradient)
{
    size_t *left = context;
    problem p = {2, 1.0};
    return (*left)-- ? rosenbrock(&p, x, value, gradient) : NSDE_UNSUPPORTED;
}

/* The steps of the method of training are those of the search to the end. */
START_TEST(searching_step_by_step)
{
    const nsde_optimiser_settings standard = nsde_optimiser_settings_default();
    nsde_lbfgs_settings settings = nsde_lbfgs_settings_default();
    const nsde_optimiser_method *method;
    nsde_optimiser *o;
    nsde_lbfgs_result result;
    problem p = {2, 1.0};
    double x[2] = {-1.2, 1.0}, y[2] = {-1.2, 1.0}, value, gradient[2];
    bool found;
    settings.iterations = 17;
    check_ok(nsde_lbfgs_minimise(2, rosenbrock, &p, &settings, x, &result));
    check_ok(nsde_optimiser_find("lbfgs", &method));
    check_ok(nsde_optimiser_create(method, &standard, 2, &o));
    check_ok(rosenbrock(&p, y, &value, gradient));
    for (int k = 0; k < 17; k++) {
        check_ok(nsde_optimiser_search(o, rosenbrock, &p, &value, gradient, y, &found));
        ck_assert(found);
    }
    ck_assert(x[0] == y[0] && x[1] == y[1] && value == result.value);
    check_refused(nsde_optimiser_advance(o, gradient, y), NSDE_UNSUPPORTED, "nsde_optimiser_search");
    gradient[1] = NAN;
    check_refused(nsde_optimiser_search(o, rosenbrock, &p, &value, gradient, y, &found), NSDE_DIVERGED,
                  "derivative 1");
    nsde_optimiser_destroy(o);
    check_ok(nsde_optimiser_create(NULL, &standard, 2, &o));
    check_refused(nsde_optimiser_search(o, rosenbrock, &p, &value, gradient, y, &found), NSDE_UNSUPPORTED,
                  "nsde_optimiser_advance");
    nsde_optimiser_destroy(o);
}
END_TEST

START_TEST(limits_and_failures)
{
    nsde_lbfgs_settings settings = nsde_lbfgs_settings_default();
    nsde_lbfgs_result result;
    double x[] = {-1.2, 1.0};
    size_t left = 3;
    ck_assert_int_eq(nsde_lbfgs_minimise(2, failing, &left, &settings, x, &result), NSDE_UNSUPPORTED);
    ck_assert(x[0] == -1.2);
    problem p = {2, 1.0};
    settings.iterations = 2;
    const size_t before = test_allocations();
    check_ok(nsde_lbfgs_minimise(2, rosenbrock, &p, &settings, x, &result));
    ck_assert_uint_eq(test_allocations(), before + 1);
    ck_assert_int_eq(result.outcome, NSDE_LBFGS_LIMIT);
    ck_assert_uint_eq(result.iterations, 2);
    settings.curvature = 1e-5;
    check_refused(nsde_lbfgs_minimise(2, rosenbrock, &p, &settings, x, &result), NSDE_INVALID, "curvature");
}
END_TEST

void test_cases(TCase *cases)
{
    tcase_add_test(cases, adam_makes_the_published_steps);
    tcase_add_test(cases, decay_is_not_scaled_by_the_moments);
    tcase_add_test(cases, momentum_by_hand);
    tcase_add_test(cases, schedules);
    tcase_add_test(cases, long_gradients_are_clipped);
    tcase_add_test(cases, what_is_not_finite_moves_nothing);
    tcase_add_test(cases, bad_settings_are_refused);
    tcase_add_test(cases, valleys_are_followed_to_their_end);
    tcase_add_test(cases, ill_conditioned_quadratics_are_solved);
    tcase_add_test(cases, line_searches_end_at_wolfe_points);
    tcase_add_test(cases, walls_are_backed_away_from);
    tcase_add_test(cases, a_wrong_gradient_is_noticed);
    tcase_add_test(cases, searching_step_by_step);
    tcase_add_test(cases, limits_and_failures);
}
