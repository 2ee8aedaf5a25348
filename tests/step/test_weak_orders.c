/* The weak order of every integrator of the registry on every class of noise, without statistical error: on a
 * linear equation a step maps the mean and second moments linearly, its expectation is a sum over the nodes
 * of its noise, and the solution's moments are known.
 *
 * A scheme that is not linear where the equation is (a tamed one) is compared with one that is, on the same
 * paths: the weak error of that one is known, and their difference has little variance.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>
#include <stdlib.h>

#include "nsde/simulate.h"
#include "problems/convergence.h"
#include "problems/linear.h"

enum { COARSEST = 3, FINEST = 8, STARTS = 7, FUNCTIONALS = 5, PATHS = 4000 };

static const double x0[2] = {1.6, -1.0};

/* E U_1, E U_2, E U_1^2, E U_1 U_2, E U_2^2 */
typedef struct means {
    double of[FUNCTIONALS];
} means;

static means from_moments(const moments *m)
{
    return (means){{m->M[1][0], m->M[0][1], m->M[2][0], m->M[1][1], m->M[0][2]}};
}

/* Six states at which a quadratic polynomial is determined, and one to see whether it is quadratic. */
static const double starts[STARTS][2] = {{0, 0}, {1, 0}, {0, 1}, {-1, 0}, {0, -1}, {1, 1}, {-1.5, 0.7}};

/* A quadratic polynomial of the state from its values there: coefficients of 1, u, v, u^2, u v, v^2. */
static void interpolate(const double y[STARTS], double c[6])
{
    c[0] = y[0];
    c[1] = 0.5 * (y[1] - y[3]);
    c[2] = 0.5 * (y[2] - y[4]);
    c[3] = 0.5 * (y[1] + y[3]) - y[0];
    c[5] = 0.5 * (y[2] + y[4]) - y[0];
    c[4] = y[5] - c[0] - c[1] - c[2] - c[3] - c[5];
}

/* Expectations after a step at t from each start; whether they are quadratic in the start. */
static bool map_of(one_step *s, const quadrature *q, double t, double h, double map[FUNCTIONALS][6])
{
    double values[FUNCTIONALS][STARTS] = {{0.0}};
    const double *x = one_step_run(s, t, h, STARTS * q->n), *y = x + s->stride;
    bool quadratic = true;
    for (size_t i = 0; i < STARTS * q->n; i++) {
        const size_t start = i / q->n;
        const double w = q->weight[i % q->n], u = x[i], v = y[i];
        const double of[FUNCTIONALS] = {u, v, u * u, u * v, v * v};
        for (int f = 0; f < FUNCTIONALS; f++)
            values[f][start] += w * of[f];
    }
    for (int f = 0; f < FUNCTIONALS; f++) {
        interpolate(values[f], map[f]);
        const double *c = map[f], u = starts[6][0], v = starts[6][1];
        const double there = c[0] + c[1] * u + c[2] * v + c[3] * u * u + c[4] * u * v + c[5] * v * v;
        quadratic &= fabs(there - values[f][6]) < 1e-10;
    }
    return quadratic;
}

/* Moments of the scheme at t = 1; false where it is not linear. */
static bool discrete_means(const nsde_integrator *m, const nsde_model *model, size_t steps, means *end)
{
    static quadrature q;
    one_step s;
    const double h = 1.0 / (double)steps;
    bool linear = true;
    quadrature_fill(&q, nsde_model_describe(model)->noise_dim);
    one_step_create(&s, m, model, NULL, STARTS * q.n);
    for (size_t i = 0; i < STARTS; i++)
        one_step_put(&s, &q, h, starts[i], i * q.n);
    const moments start = moments_at(x0);
    *end = from_moments(&start);
    for (size_t k = 0; k < steps && linear; k++) {
        double map[FUNCTIONALS][6];
        means next;
        linear = map_of(&s, &q, (double)k * h, h, map);
        for (int f = 0; f < FUNCTIONALS; f++) {
            next.of[f] = map[f][0];
            for (int n = 0; n < FUNCTIONALS; n++)
                next.of[f] += map[f][n + 1] * end->of[n];
        }
        *end = next;
    }
    one_step_destroy(&s);
    return linear;
}

/* Sizes of the weak errors in the mean and in the second moments, and of their statistical errors. */
typedef struct sizes {
    double mean[LEVELS], second[LEVELS], mean_noise[LEVELS], second_noise[LEVELS];
} sizes;

static void put_sizes(sizes *s, int level, const means *error, const means *noise)
{
    const double *e = error->of, *n = noise->of;
    s->mean[level] = hypot(e[0], e[1]);
    s->second[level] = sqrt(e[2] * e[2] + e[3] * e[3] + e[4] * e[4]);
    s->mean_noise[level] = hypot(n[0], n[1]);
    s->second_noise[level] = sqrt(n[2] * n[2] + n[3] * n[3] + n[4] * n[4]);
}

static nsde_simulation *paths_of(const nsde_integrator *m, const nsde_model *model, size_t steps)
{
    nsde_simulate_settings settings = nsde_simulate_settings_default();
    nsde_simulation *simulation;
    settings.integrator = m;
    settings.steps = steps;
    settings.paths = PATHS;
    settings.seed = 2385;
    settings.threads = 1;
    check_ok(nsde_simulate(model, NULL, x0, &settings, &simulation));
    return simulation;
}

/* Adds to `end`, moments of the scheme `beside`, what those of m differ by on the same paths. */
static void add_difference(const nsde_integrator *m, const nsde_integrator *beside, const nsde_model *model,
                           size_t steps, means *end, means *noise)
{
    nsde_simulation *one = paths_of(m, model, steps), *other = paths_of(beside, model, steps);
    double sum[FUNCTIONALS] = {0.0}, squares[FUNCTIONALS] = {0.0};
    for (size_t i = 0; i < PATHS; i++) {
        const double u = nsde_simulation_row(one, 1, 0)[i], v = nsde_simulation_row(one, 1, 1)[i];
        const double a = nsde_simulation_row(other, 1, 0)[i], b = nsde_simulation_row(other, 1, 1)[i];
        const double gap[FUNCTIONALS] = {u - a, v - b, u * u - a * a, u * v - a * b, v * v - b * b};
        for (int f = 0; f < FUNCTIONALS; f++) {
            sum[f] += gap[f];
            squares[f] += gap[f] * gap[f];
        }
    }
    for (int f = 0; f < FUNCTIONALS; f++) {
        const double mean = sum[f] / PATHS;
        end->of[f] += mean;
        noise->of[f] = sqrt((squares[f] / PATHS - mean * mean) / PATHS);
    }
    nsde_simulation_destroy(other);
    nsde_simulation_destroy(one);
}

static sizes weak_errors(const nsde_integrator *m, const nsde_model *model, const means *exact)
{
    const nsde_integrator *beside;
    sizes s = {{0.0}, {0.0}, {0.0}, {0.0}};
    check_ok(nsde_integrator_find(m->calculus == NSDE_ITO ? "euler_maruyama" : "heun", &beside));
    for (int level = COARSEST; level <= FINEST; level++) {
        const size_t steps = (size_t)1 << level;
        means end, noise = {{0.0}};
        if (!discrete_means(m, model, steps, &end)) {
            ck_assert(discrete_means(beside, model, steps, &end));
            add_difference(m, beside, model, steps, &end, &noise);
        }
        for (int f = 0; f < FUNCTIONALS; f++)
            end.of[f] -= exact->of[f];
        put_sizes(&s, level, &end, &noise);
    }
    return s;
}

/* Better than claimed, on one system or ("") on all that no row before it names: slopes of the mean and of
 * the second moments. */
static const struct {
    const char *method, *system;
    double mean, second;
} better[] = {
    {"heun", "additive", 2.0, 2.0},
    {"heun", "second order", 2.0, 2.0},
    {"midpoint", "additive", 2.0, 2.0},
    {"midpoint", "second order", 2.0, 2.0},
    {"reversible_heun", "additive", 2.0, 2.0},
    {"reversible_heun", "second order", 2.0, 2.0},
    {"theta", "", 2.0, 1.0},
    {"log_ode", "additive", 4.8, 2.0},
    {"log_ode", "second order", 4.9, 2.0},
    {"sra3", "", 3.0, 2.0},
    {"sriw1", "additive", 2.0, 2.0},
    {"sriw1", "second order", 2.0, 2.0},
    {"sriw1", "", 2.0, 1.5},
};

static void expected_slopes(const nsde_integrator *m, const linear_system *system, double *mean,
                            double *second)
{
    *mean = *second = m->weak_order;
    for (size_t k = 0; k < sizeof better / sizeof *better; k++)
        if (strcmp(better[k].method, m->name) == 0 &&
            (!*better[k].system || strcmp(better[k].system, system->name) == 0)) {
            *mean = better[k].mean;
            *second = better[k].second;
            return;
        }
}

START_TEST(weak_orders_are_as_claimed)
{
    const linear_system *system = &linear_systems[_i];
    char wrong[2000] = "";
    nsde_model *model = linear_model(system);
    const moments start = moments_at(x0), end = moments_after(system, start, 0.0, 1.0, 256);
    const means exact = from_moments(&end);
    for (size_t k = 0; k < nsde_integrator_count(); k++) {
        const nsde_integrator *m = nsde_integrator_at(k);
        double mean, second;
        if (nsde_integrator_check(m, model) != NSDE_OK)
            continue;
        const sizes s = weak_errors(m, model, &exact);
        const double of_mean = slope_of(s.mean, COARSEST, FINEST);
        const double of_second = slope_of(s.second, COARSEST, FINEST);
        expected_slopes(m, system, &mean, &second);
        if (getenv("NSDE_TEST_SHOW"))
            printf(
                "%-26s %-14s weak slopes %.3f, %.3f; errors at 2^-%d %.2g, %.2g (statistical %.1g, %.1g)\n",
                m->name, system->name, of_mean, of_second, FINEST, s.mean[FINEST], s.second[FINEST],
                s.mean_noise[FINEST], s.second_noise[FINEST]);
        bool told = true; /* more than the statistical error, where there is one */
        for (int level = COARSEST; level <= FINEST; level++)
            told = told && s.mean[level] >= 5.0 * s.mean_noise[level] &&
                   s.second[level] >= 5.0 * s.second_noise[level];
        const size_t n = strlen(wrong);
        if (!told || fabs(of_mean - mean) > 0.2 || fabs(of_second - second) > 0.2)
            snprintf(wrong + n, sizeof wrong - n, " %s: weak slopes %.3f and %.3f%s, expected %g and %g;",
                     m->name, of_mean, of_second, told ? "" : " (statistical error)", mean, second);
    }
    ck_assert_msg(!*wrong, "%s noise:%s what is better than its claim needs a row of `better`", system->name,
                  wrong);
    nsde_model_destroy(model);
}
END_TEST

/* Controls: a weak scheme whose signs are left out, and a scheme whose noise is one per cent too large. */
static nsde_var platen_without_signs(const nsde_step_at *at)
{
    const nsde_integrator *platen;
    if (nsde_integrator_find("platen_weak2", &platen))
        return nsde_tape_fail(at->tape, "no platen_weak2");
    nsde_step_at as = *at;
    as.A.tape = NULL;
    return platen->record(&as);
}

static nsde_var euler_too_loud(const nsde_step_at *at)
{
    const nsde_integrator *euler;
    if (nsde_integrator_find("euler_maruyama", &euler))
        return nsde_tape_fail(at->tape, "no euler_maruyama");
    nsde_step_at as = *at;
    as.dW = nsde_mul_real(at->dW, 1.01);
    return euler->record(&as);
}

START_TEST(wrong_schemes_lose_the_order)
{
    const linear_system *system = &linear_systems[LINEAR_SYSTEMS - 1];
    nsde_model *model = linear_model(system);
    const moments start = moments_at(x0), end = moments_after(system, start, 0.0, 1.0, 256);
    const means exact = from_moments(&end);
    const nsde_integrator signless = {
        .name = "no signs", .noise = NSDE_NOISE_GENERAL, .detail = NSDE_LEVY, .record = platen_without_signs};
    const nsde_integrator loud = {.name = "loud", .noise = NSDE_NOISE_GENERAL, .record = euler_too_loud};
    const sizes one = weak_errors(&signless, model, &exact), other = weak_errors(&loud, model, &exact);
    check_absolute(slope_of(one.mean, COARSEST, FINEST), 2.0, 0.2);
    check_absolute(slope_of(one.second, COARSEST, FINEST), 1.0, 0.2);
    check_absolute(slope_of(other.mean, COARSEST, FINEST), 1.0, 0.2);
    ck_assert(slope_of(other.second, COARSEST, FINEST) < 0.7);
    nsde_model_destroy(model);
}
END_TEST

void test_cases(TCase *cases)
{
    tcase_add_loop_test(cases, weak_orders_are_as_claimed, 0, LINEAR_SYSTEMS);
    tcase_add_test(cases, wrong_schemes_lose_the_order);
}
