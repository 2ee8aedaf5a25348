/* Adaptive steps: their errors, their laws, and what repeats them.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>
#include <stdlib.h>

#include "harness.h"
#include "nsde/estimate.h"
#include "nsde/simulate.h"
#include "problems/models.h"
#include "problems/problems.h"

static nsde_model *model_of(const char *name)
{
    nsde_model *model;
    check_ok(nsde_model_open(name, &model));
    return model;
}

static const nsde_integrator *method(const char *name)
{
    const nsde_integrator *integrator;
    check_ok(nsde_integrator_find(name, &integrator));
    return integrator;
}

static nsde_brownian *tree_of(size_t components)
{
    nsde_brownian *tree;
    check_ok(nsde_brownian_tree(5, components, 0.0, 1.0, ldexp(1.0, -21), &tree));
    return tree;
}

/* Geometric Brownian motion and beside it the path of W as the steps have added it up. */
static nsde_var pair_drift(const nsde_at *at)
{
    const nsde_var rate = nsde_mul_real(nsde_row(at->x, 0), gbm0_parameters[0]);
    return nsde_stack(2, (nsde_var[]){rate, nsde_real(at->tape, 0.0)});
}

static nsde_var pair_diffusion(const nsde_at *at)
{
    const nsde_var slope = nsde_mul_real(nsde_row(at->x, 0), gbm0_parameters[1]);
    return nsde_stack(2, (nsde_var[]){slope, nsde_real(at->tape, 1.0)});
}

static const nsde_model_definition pair = {.name = "pair",
                                           .dim = 2,
                                           .noise_dim = 1,
                                           .noise = NSDE_NOISE_SCALAR,
                                           .drift = pair_drift,
                                           .diffusion = pair_diffusion};
static const double pair_x0[] = {0.5, 0.0};

static double solution(double t, double W)
{
    const double sigma = gbm0_parameters[1];
    return gbm0_x0 * exp((gbm0_parameters[0] - 0.5 * sigma * sigma) * t + sigma * W);
}

static nsde_adaptive tolerance(double value)
{
    nsde_adaptive adaptive = nsde_adaptive_default();
    adaptive.relative = value;
    adaptive.absolute = 0.01 * value;
    return adaptive;
}

/* ---- strong errors ---- */

static double error_at(const char *name, double value, nsde_brownian *tree)
{
    enum { PATHS = 384 };
    double W[PATHS], sum = 0.0;
    nsde_model *model = model_of("gbm");
    nsde_simulation *s;
    const nsde_adaptive adaptive = tolerance(value);
    nsde_simulate_settings settings = nsde_simulate_settings_default();
    settings.noise = tree;
    settings.paths = PATHS;
    settings.adaptive = &adaptive;
    settings.integrator = method(name);
    check_ok(nsde_simulate(model, gbm0_parameters, &gbm0_x0, &settings, &s));
    check_ok(nsde_brownian_interval(tree, NSDE_INCREMENTS, 0.0, 1.0, 0, PATHS, PATHS, W));
    for (size_t i = 0; i < PATHS; i++) {
        const double exact = solution(1.0, W[i]);
        sum += pow((nsde_simulation_row(s, 1, 0)[i] - exact) / exact, 2);
    }
    ck_assert(s->n_rejected > 0 && s->smallest_step > 0.0);
    nsde_simulation_destroy(s);
    nsde_model_destroy(model);
    return sqrt(sum / PATHS);
}

/* Errors of n independent steps add up to the root of n of one, and a step of order k - 1/2 with error e is
 * as long as e^(1/k): the whole error is e^(1 - 1/(2 k)), e^(2/3) for k = 3/2 and e^(3/4) for k = 2. */
START_TEST(errors_fall_with_the_tolerance)
{
    static const struct {
        const char *name;
        double slope;
    } methods[] = {{"milstein", 2.0 / 3.0}, {"heun", 2.0 / 3.0}, {"sriw1", 3.0 / 4.0}};
    nsde_brownian *tree = tree_of(1);
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++) {
        const double coarse = error_at(methods[i].name, 1e-2, tree);
        const double fine = error_at(methods[i].name, 1e-3, tree);
        ck_assert_msg(coarse < 0.03, "%s: %g", methods[i].name, coarse);
        check_absolute(log10(coarse / fine), methods[i].slope, 0.12);
    }
    nsde_brownian_destroy(tree);
}
END_TEST

/* Noise that does not commute: areas of steps and of their halves are those of one path, which the finest
 * steps of the tree follow. */
START_TEST(errors_fall_where_noise_does_not_commute)
{
    enum { PATHS = 128, LEVEL = 10 };
    const double x0[] = {0.4, -0.2};
    double errors[2] = {0.0, 0.0};
    nsde_model *model;
    nsde_brownian *tree;
    nsde_simulation *finest, *s;
    check_ok(nsde_model_create(&crossed, &model));
    check_ok(nsde_brownian_tree(5, 2, 0.0, 1.0, ldexp(1.0, -LEVEL), &tree));
    nsde_simulate_settings settings = nsde_simulate_settings_default();
    settings.noise = tree;
    settings.paths = PATHS;
    settings.integrator = method("milstein");
    settings.steps = 1 << LEVEL;
    check_ok(nsde_simulate(model, NULL, x0, &settings, &finest));
    for (int i = 0; i < 2; i++) {
        nsde_adaptive adaptive = nsde_adaptive_default();
        adaptive.absolute = i ? 1e-2 : 1e-1;
        adaptive.first_step = 0.1;
        adaptive.shortest = ldexp(2.0, -LEVEL);
        settings.adaptive = &adaptive;
        check_ok(nsde_simulate(model, NULL, x0, &settings, &s));
        for (size_t c = 0; c < 2; c++)
            for (size_t k = 0; k < PATHS; k++)
                errors[i] +=
                    pow(nsde_simulation_row(s, 1, c)[k] - nsde_simulation_row(finest, 1, c)[k], 2) / PATHS;
        nsde_simulation_destroy(s);
    }
    check_absolute(0.5 * log10(errors[0] / errors[1]), 2.0 / 3.0, 0.25);
    nsde_simulation_destroy(finest);
    /* without a tree: one that areas can be had of in good time */
    const nsde_adaptive adaptive = tolerance(0.1);
    settings.noise = NULL;
    settings.paths = 16;
    settings.adaptive = &adaptive;
    check_ok(nsde_simulate(model, NULL, x0, &settings, &s));
    nsde_simulation_destroy(s);
    settings.integrator = method("heun"); /* of order 1/2 here */
    check_refused(nsde_simulate(model, NULL, x0, &settings, &s), NSDE_UNSUPPORTED, "heun has order 0.5");
    nsde_brownian_destroy(tree);
    nsde_model_destroy(model);
}
END_TEST

/* ---- laws ---- */

static int ascending(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The level at which the numbers (sorted here) could be of N(0, 1): Kolmogorov's limit with Stephens' (1970)
 * correction. */
static double normal_level(size_t n, double *x)
{
    double distance = 0.0, sum = 0.0;
    qsort(x, n, sizeof *x, ascending);
    for (size_t i = 0; i < n; i++) {
        const double p = 0.5 * erfc(-x[i] / sqrt(2.0));
        distance = fmax(distance, fmax(p - (double)i / (double)n, (double)(i + 1) / (double)n - p));
    }
    const double root = sqrt((double)n), lambda = (root + 0.12 + 0.11 / root) * distance;
    for (int k = 1; k <= 100; k++)
        sum += (k % 2 ? 2.0 : -2.0) * exp(-2.0 * k * k * lambda * lambda);
    return lambda < 0.3 ? 1.0 : fmin(fmax(sum, 0.0), 1.0);
}

START_TEST(rejected_steps_leave_no_trace_in_the_law)
{
    enum { PATHS = 60000 };
    nsde_model *model;
    nsde_simulation *s;
    nsde_adaptive adaptive = tolerance(3e-2);
    adaptive.first_step = 0.5; /* forces rejections */
    adaptive.panel = 32;
    nsde_simulate_settings settings = nsde_simulate_settings_default();
    settings.paths = PATHS;
    settings.adaptive = &adaptive;
    check_ok(nsde_model_create(&pair, &model));
    check_ok(nsde_simulate(model, NULL, pair_x0, &settings, &s));
    ck_assert_uint_gt(s->n_rejected, s->n_panels);
    double *W = malloc(PATHS * sizeof *W);
    memcpy(W, nsde_simulation_row(s, 1, 1), PATHS * sizeof *W);
    ck_assert(normal_level(PATHS, W) >= 1e-5);
    free(W);
    nsde_simulation_destroy(s);
    nsde_model_destroy(model);
}
END_TEST

START_TEST(the_mean_is_right_at_a_fine_tolerance)
{
    nsde_model *model = model_of("gbm");
    nsde_simulation *s;
    double mean, error;
    const nsde_adaptive adaptive = tolerance(3e-3);
    nsde_simulate_settings settings = nsde_simulate_settings_default();
    settings.paths = 15000;
    settings.adaptive = &adaptive;
    settings.integrator = method("sriw1");
    check_ok(nsde_simulate(model, gbm0_parameters, &gbm0_x0, &settings, &s));
    nsde_simulation_moments(s, 1, 0, &mean, NULL, &error);
    check_absolute(mean, gbm0_x0 * exp(gbm0_parameters[0]), 5.0 * error);
    nsde_simulation_destroy(s);
    nsde_model_destroy(model);
}
END_TEST

/* The control: the same choice of steps, but a step that is rejected is drawn again. The largest increments
 * are those that are rejected, and W ends too close to 0. */
static double redrawn(uint64_t path)
{
    const double sigma = gbm0_parameters[1], mu = gbm0_parameters[0];
    double x = gbm0_x0, t = 0.0, h = 0.5, W = 0.0, z[2];
    for (uint64_t draw = 0; t < 1.0; draw++) {
        h = fmin(h, 1.0 - t);
        nsde_normals(9, path, 2 * draw, 2, z);
        const double dW[2] = {z[0] * sqrt(0.5 * h), z[1] * sqrt(0.5 * h)}, all = dW[0] + dW[1];
        const double rough = x * (1.0 + mu * h + sigma * all + 0.5 * sigma * sigma * (all * all - h));
        double fine = x;
        for (int i = 0; i < 2; i++)
            fine *= 1.0 + 0.5 * mu * h + sigma * dW[i] + 0.5 * sigma * sigma * (dW[i] * dW[i] - 0.5 * h);
        const double e = fabs(fine - rough) / (3e-2 * fmax(fabs(x), fabs(fine)) + 3e-4);
        if (e <= 1.0) {
            x = fine;
            t = h < 1.0 - t ? t + h : 1.0;
            W += all;
        }
        h *= fmin(fmax(0.9 * pow(fmax(e, 1e-4), -1.0 / 1.5), 0.2), 2.0);
    }
    return W;
}

START_TEST(redrawing_rejected_steps_is_seen)
{
    enum { PATHS = 20000 };
    double *W = malloc(PATHS * sizeof *W);
    for (size_t i = 0; i < PATHS; i++)
        W[i] = redrawn(i);
    ck_assert(normal_level(PATHS, W) < 1e-5);
    free(W);
}
END_TEST

/* ---- what repeats ---- */

START_TEST(threads_and_batches_of_panels_change_nothing)
{
    enum { PATHS = 300 };
    const double observe[] = {0.0, 0.1, 0.30000001, 1.0};
    nsde_model *model = model_of("cir");
    const double p[] = {0.7, 0.3, 0.2}, x0 = 0.25;
    const nsde_adaptive adaptive = tolerance(1e-3);
    nsde_simulate_settings settings = nsde_simulate_settings_default();
    nsde_simulation *one, *many, *part;
    settings.paths = PATHS;
    settings.adaptive = &adaptive;
    settings.observe_times = observe;
    settings.n_observe = 4;
    settings.threads = 1;
    check_ok(nsde_simulate(model, p, &x0, &settings, &one));
    ck_assert_mem_eq(one->times, observe, sizeof observe);
    ck_assert_uint_eq(one->n_panels, 5);
    for (settings.threads = 2; settings.threads <= 7; settings.threads += 5) {
        check_ok(nsde_simulate(model, p, &x0, &settings, &many));
        ck_assert_mem_eq(many->states, one->states, 4 * PATHS * sizeof(double));
        for (size_t k = 0; k < one->n_panels; k++) {
            const nsde_panel_steps *a = &one->panels[k], *b = &many->panels[k];
            ck_assert_uint_eq(a->steps, b->steps);
            ck_assert_mem_eq(a->times, b->times, (a->steps + 1) * sizeof(double));
        }
        nsde_simulation_destroy(many);
    }
    settings.first_path = 128; /* panels 2 and 3 */
    settings.paths = 128;
    check_ok(nsde_simulate(model, p, &x0, &settings, &part));
    ck_assert_mem_eq(nsde_simulation_row(part, 3, 0), nsde_simulation_row(one, 3, 0) + 128,
                     128 * sizeof(double));
    settings.first_path = 100; /* another panel: other steps */
    settings.paths = 64;
    nsde_simulation_destroy(part);
    check_ok(nsde_simulate(model, p, &x0, &settings, &part));
    ck_assert_mem_ne(nsde_simulation_row(part, 3, 0), nsde_simulation_row(one, 3, 0) + 100,
                     64 * sizeof(double));
    nsde_simulation_destroy(part);
    nsde_simulation_destroy(one);
    nsde_model_destroy(model);
}
END_TEST

static nsde_var squares(const nsde_loss_at *at)
{
    return nsde_sum(nsde_square(at->x));
}

/* The grid of a panel, given as times, makes the same states to the last bit, and gradients. */
START_TEST(the_accepted_grid_repeats_a_panel)
{
    enum { PATHS = 100 };
    const double observe[] = {0.25, 1.0}, p[] = {0.7, 0.3, 0.2}, x0 = 0.25;
    nsde_model *model = model_of("cir");
    nsde_brownian *tree = tree_of(1);
    const nsde_adaptive adaptive = tolerance(1e-3);
    nsde_simulate_settings settings = nsde_simulate_settings_default();
    nsde_simulation *s, *again;
    settings.paths = PATHS;
    settings.noise = tree;
    settings.adaptive = &adaptive;
    settings.observe_times = observe;
    settings.n_observe = 2;
    settings.integrator = method("milstein");
    check_ok(nsde_simulate(model, p, &x0, &settings, &s));
    ck_assert_uint_eq(s->n_panels, 2);
    for (size_t k = 0; k < s->n_panels; k++) {
        const nsde_panel_steps *panel = &s->panels[k];
        ck_assert(panel->observed[1] == panel->steps && panel->times[panel->observed[0]] == 0.25);
        ck_assert_uint_eq(panel->steps, 2 * panel->accepted);
        settings.adaptive = NULL;
        settings.first_path = panel->first_path;
        settings.paths = panel->paths;
        settings.steps = panel->steps;
        settings.times = panel->times;
        check_ok(nsde_simulate(model, p, &x0, &settings, &again));
        for (size_t time = 0; time < 2; time++)
            ck_assert_mem_eq(nsde_simulation_row(again, time, 0),
                             nsde_simulation_row(s, time, 0) + panel->first_path,
                             panel->paths * sizeof(double));
        nsde_simulation_destroy(again);

        nsde_gradient_settings run = nsde_gradient_settings_default();
        run.steps = panel->steps;
        run.times = panel->times;
        run.paths = panel->paths;
        run.observe = panel->observed;
        run.n_observe = 2;
        run.noise = tree;
        run.integrator = method("milstein");
        const nsde_loss loss = {.record = squares};
        nsde_gradient *engine;
        double value, gradient[3], expected = 0.0;
        check_ok(nsde_gradient_create(model, &loss, &run, &engine));
        nsde_gradient_set_noise(engine, 0, panel->first_path);
        check_ok(nsde_gradient_evaluate(engine, &(nsde_gradient_point){.parameters = p, .x0 = &x0},
                                        &(nsde_gradient_result){.loss = &value, .parameters = gradient}));
        for (size_t i = panel->first_path; i < panel->first_path + panel->paths; i++)
            expected += pow(nsde_simulation_row(s, 0, 0)[i], 2) + pow(nsde_simulation_row(s, 1, 0)[i], 2);
        check_relative(value, expected / (double)panel->paths, 1e-13);
        for (int c = 0; c < 3; c++) { /* central differences on the frozen path and grid */
            const double h = 1e-5;
            double moved[3] = {p[0], p[1], p[2]}, ends[2];
            for (int side = 0; side < 2; side++) {
                moved[c] = p[c] * (side ? 1.0 + h : 1.0 - h);
                check_ok(nsde_gradient_evaluate(engine,
                                                &(nsde_gradient_point){.parameters = moved, .x0 = &x0},
                                                &(nsde_gradient_result){.loss = &ends[side]}));
            }
            check_relative(gradient[c], (ends[1] - ends[0]) / (2.0 * h * p[c]), 1e-6);
        }
        nsde_gradient_destroy(engine);
    }
    nsde_simulation_destroy(s);
    nsde_brownian_destroy(tree);
    nsde_model_destroy(model);
}
END_TEST

/* ---- equations without noise ---- */

/* x' = -y, y' = x from (1, 0): (cos t, sin t). */
static nsde_var turning(const nsde_at *at)
{
    return nsde_stack(2, (nsde_var[]){nsde_neg(nsde_row(at->x, 1)), nsde_row(at->x, 0)});
}

static const nsde_model_definition circle = {.name = "circle", .dim = 2, .drift = turning};
static const double circle_x0[] = {1.0, 0.0};

enum { LOOKS = 37 };

/* The largest error at LOOKS times to t = 10; `mean_step` is written. */
static double circle_error(const nsde_adaptive *adaptive, double *mean_step)
{
    double observe[LOOKS], worst = 0.0;
    nsde_model *model;
    nsde_simulation *s;
    for (int k = 0; k < LOOKS; k++)
        observe[k] = 10.0 * (k + 1) / LOOKS;
    nsde_simulate_settings settings = nsde_simulate_settings_default();
    settings.t1 = 10.0;
    settings.adaptive = adaptive;
    settings.observe_times = observe;
    settings.n_observe = LOOKS;
    check_ok(nsde_model_create(&circle, &model));
    check_ok(nsde_simulate(model, NULL, circle_x0, &settings, &s));
    for (size_t k = 0; k < LOOKS; k++)
        worst = fmax(worst, hypot(*nsde_simulation_row(s, k, 0) - cos(observe[k]),
                                  *nsde_simulation_row(s, k, 1) - sin(observe[k])));
    ck_assert((s->panels[0].observed == NULL) == (adaptive->dense == 1));
    *mean_step = 10.0 / (double)s->n_accepted;
    nsde_simulation_destroy(s);
    nsde_model_destroy(model);
    return worst;
}

START_TEST(dormand_prince_keeps_its_tolerance)
{
    double errors[3], step;
    for (int i = 0; i < 3; i++) {
        nsde_adaptive adaptive = tolerance(pow(10.0, -5 - 2 * i));
        adaptive.dense = 1;
        adaptive.absolute = adaptive.relative;
        errors[i] = circle_error(&adaptive, &step);
        ck_assert_msg(errors[i] < 30.0 * adaptive.relative, "%g at tolerance %g", errors[i],
                      adaptive.relative);
    }
    check_absolute(log10(errors[0] / errors[2]) / 4.0, 1.0, 0.15); /* in proportion */
}
END_TEST

/* Steps of one length: inside them as well the error falls with its fifth power, where a cubic's falls with
 * its fourth. */
START_TEST(states_between_steps_are_of_fifth_order)
{
    double errors[2], steps[2];
    for (int i = 0; i < 2; i++) {
        nsde_adaptive adaptive = tolerance(1.0);
        adaptive.dense = 1;
        adaptive.absolute = 1.0;
        adaptive.first_step = adaptive.longest = i ? 0.125 : 0.25;
        errors[i] = circle_error(&adaptive, &steps[i]);
        check_relative(steps[i], adaptive.longest, 0.05);
    }
    check_absolute(log2(errors[0] / errors[1]), 5.0, 0.3);
}
END_TEST

/* ---- refusals ---- */

START_TEST(what_will_not_do_is_refused_with_a_reason)
{
    nsde_model *model = model_of("gbm");
    nsde_brownian *grid;
    nsde_simulation *s = NULL;
    const nsde_adaptive good = tolerance(1e-2);
    nsde_adaptive bad;
    const double times[] = {0.0, 1.0};
    check_ok(nsde_brownian_grid(3, 1, &grid));
#define REFUSED(change, status, part)                                                                        \
    do {                                                                                                     \
        nsde_simulate_settings settings = nsde_simulate_settings_default();                                  \
        bad = good;                                                                                          \
        settings.adaptive = &bad;                                                                            \
        change;                                                                                              \
        check_refused(nsde_simulate(model, gbm0_parameters, &gbm0_x0, &settings, &s), status, part);         \
        ck_assert_ptr_null(s);                                                                               \
    } while (0)
    REFUSED(settings.noise = grid, NSDE_UNSUPPORTED, "a virtual tree knows");
    REFUSED(settings.integrator = method("euler_maruyama"), NSDE_UNSUPPORTED, "order 0.5");
    REFUSED(settings.integrator = method("euler_maruyama"), NSDE_UNSUPPORTED, "milstein");
    REFUSED((settings.times = times, settings.steps = 1), NSDE_INVALID, "choose their times");
    REFUSED(bad.dense = 1, NSDE_UNSUPPORTED, "dormand_prince");
    REFUSED(bad.relative = bad.absolute = 0.0, NSDE_INVALID, "both 0");
    REFUSED(bad.relative = -1.0, NSDE_INVALID, "relative = -1");
    REFUSED(bad.safety = NAN, NSDE_INVALID, "safety = nan");
    REFUSED(bad.panel = 0, NSDE_INVALID, "panel = 0");
    REFUSED((bad.shortest = 0.1, bad.longest = 0.01), NSDE_INVALID, "shorter than the shortest");
    REFUSED(bad.most_steps = 3, NSDE_DIVERGED, "paths 0 to 0 have come to t = ");
    REFUSED((bad.shortest = 0.2, bad.relative = 1e-6, settings.paths = 70), NSDE_DIVERGED,
            "paths 0 to 63 cannot go on from t = 0 (step 1, seed 1)");
#undef REFUSED
    nsde_brownian_destroy(grid);
    nsde_model_destroy(model);
}
END_TEST

/* X' = X^2 from 1 leaves the finite numbers at t = 1. */
static nsde_var growing(const nsde_at *at)
{
    return nsde_square(at->x);
}

START_TEST(a_path_that_explodes_is_named_or_dropped)
{
    const nsde_model_definition exploding = {.name = "exploding", .dim = 1, .drift = growing};
    const double x0[] = {1.0, 0.25, 1.0, 0.25};
    nsde_model *model;
    nsde_simulation *s;
    const nsde_adaptive adaptive = tolerance(1e-6);
    nsde_simulate_settings settings = nsde_simulate_settings_default();
    settings.t1 = 2.0;
    settings.paths = 4;
    settings.x0_per_path = true;
    settings.adaptive = &adaptive;
    check_ok(nsde_model_create(&exploding, &model));
    check_refused(nsde_simulate(model, NULL, x0, &settings, &s), NSDE_DIVERGED, "path 0 ");
    settings.on_failure = NSDE_DROP;
    check_ok(nsde_simulate(model, NULL, x0, &settings, &s));
    ck_assert_uint_eq(s->n_failed, 2);
    ck_assert(isnan(nsde_simulation_row(s, 1, 0)[0]) && isnan(nsde_simulation_row(s, 1, 0)[2]));
    check_relative(nsde_simulation_row(s, 1, 0)[1], 0.5, 1e-4); /* 1 / (1 / x0 - t) */
    nsde_simulation_destroy(s);
    nsde_model_destroy(model);
}
END_TEST

void test_cases(TCase *cases)
{
    tcase_add_test(cases, errors_fall_with_the_tolerance);
    tcase_add_test(cases, errors_fall_where_noise_does_not_commute);
    tcase_add_test(cases, rejected_steps_leave_no_trace_in_the_law);
    tcase_add_test(cases, the_mean_is_right_at_a_fine_tolerance);
    tcase_add_test(cases, redrawing_rejected_steps_is_seen);
    tcase_add_test(cases, threads_and_batches_of_panels_change_nothing);
    tcase_add_test(cases, the_accepted_grid_repeats_a_panel);
    tcase_add_test(cases, dormand_prince_keeps_its_tolerance);
    tcase_add_test(cases, states_between_steps_are_of_fifth_order);
    tcase_add_test(cases, what_will_not_do_is_refused_with_a_reason);
    tcase_add_test(cases, a_path_that_explodes_is_named_or_dropped);
}
