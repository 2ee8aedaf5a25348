/* First passages: of paths without noise, of Brownian motion, over the barrier of a double well.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <gsl/gsl_cdf.h>

#include "harness.h"
#include "nsde/statistics.h"
#include "nsde/text.h"

static nsde_model *model_of(const char *drift, const char *diffusion)
{
    nsde_model *model;
    check_ok(nsde_model_from_text(&(nsde_text_model){.drift = drift, .diffusion = diffusion}, &model));
    return model;
}

static nsde_simulate_settings settings_of(size_t paths, double t1, size_t steps)
{
    nsde_simulate_settings settings = nsde_simulate_settings_default();
    settings.paths = paths;
    settings.t1 = t1;
    settings.steps = steps;
    return settings;
}

static nsde_statistics *watch(const nsde_model *model, const double *x0,
                              const nsde_simulate_settings *settings, size_t n,
                              const nsde_passage_watch *passages)
{
    nsde_statistics *s;
    check_ok(nsde_simulate_statistics(
        model, NULL, x0, settings, &(nsde_statistics_settings){.passages = passages, .n_passages = n}, &s));
    return s;
}

/* Two paths, from 0 and -1, that rise and fall by 1 in a unit of time, from time 3 on. */
START_TEST(passages_without_noise)
{
    enum { N = 6 };
    const double edges[] = {0.0, 0.5, 1.0, 2.0};
    const nsde_passage_watch passages[N] = {
        {.component = 0, .level = 0.55, .times = {3, edges}},
        {.component = 0, .level = 0.55, .bridge = true},
        {.component = 0, .level = -1.0},
        {.component = 1, .level = -0.55, .from_above = true, .times = {3, edges}},
        {.component = 1, .level = -5.0, .from_above = true},
        {.component = 1, .level = 7.0, .from_above = true},
    };
    const double means[N] = {1.1, 1.05, 0.0, 0.6, NAN, 0.0};
    const size_t passed[N] = {2, 2, 2, 2, 0, 2};
    const size_t bins[N][5] = {[0] = {0, 0, 1, 1, 0}, [3] = {0, 1, 0, 1, 0}};
    nsde_model *model = model_of("1; -1", "0; 0");
    nsde_simulate_settings settings = settings_of(2, 5.0, 20);
    settings.t0 = 3.0;
    settings.x0_per_path = true;
    nsde_statistics *s = watch(model, (double[]){0.0, -1.0, 0.0, 0.0}, &settings, N, passages);
    ck_assert_uint_eq(s->n_passages, N);
    for (int q = 0; q < N; q++) {
        const nsde_passage *p = &s->passages[q];
        ck_assert_uint_eq(p->passed, passed[q]);
        ck_assert_uint_eq(p->not_passed, 2 - passed[q]);
        if (q == 0) /* 0.6 and 1.6 */
            check_absolute(p->variance, 0.5, 1e-12);
        if (!passed[q])
            ck_assert(isnan(p->mean));
        else if (q != 2 && q != 3)
            check_absolute(p->mean, means[q], 1e-12);
        for (int b = 0; q == 0 && b < 5; b++)
            ck_assert_uint_eq(p->counts[b], bins[q][b]);
    }
    check_absolute(s->passages[2].mean, 0.0, 1e-12);
    check_absolute(s->passages[3].mean, 0.6, 1e-12);
    nsde_statistics_destroy(s);
    nsde_model_destroy(model);
}
END_TEST

/* Brownian motion reaches 1 by time 1 with the probability 2 (1 - Phi(1)), whatever the steps: a bridge knows
 * it, who looks after each step alone does not. */
START_TEST(brownian_motion_reaches_a_level)
{
    enum { PATHS = 40000 };
    const double exact = 2.0 * gsl_cdf_ugaussian_Q(1.0), se = sqrt(exact * (1.0 - exact) / PATHS);
    const size_t steps[] = {1, 4, 50};
    const nsde_passage_watch passages[] = {
        {.level = 1.0, .bridge = true},
        {.level = 1.0},
        {.level = -1.0, .from_above = true, .bridge = true},
    };
    nsde_model *model = model_of("0", "1");
    for (int k = 0; k < 3; k++) {
        const nsde_simulate_settings settings = settings_of(PATHS, 1.0, steps[k]);
        nsde_statistics *s = watch(model, (double[]){0.0}, &settings, 3, passages);
        check_absolute((double)s->passages[0].passed / PATHS, exact, 4.0 * se);
        check_absolute((double)s->passages[2].passed / PATHS, exact, 4.0 * se);
        ck_assert_double_lt((double)s->passages[1].passed / PATHS, exact - 4.0 * se);
        nsde_statistics_destroy(s);
    }
    nsde_model_destroy(model);
}
END_TEST

/* The full matrix of a correlated pair: what counts for component 1 is the whole of its row. */
START_TEST(a_bridge_knows_all_the_noises_of_a_component)
{
    enum { PATHS = 40000 };
    const double exact = 2.0 * gsl_cdf_ugaussian_Q(1.0), se = sqrt(exact * (1.0 - exact) / PATHS);
    const nsde_passage_watch passages[] = {{.component = 1, .level = 1.0, .bridge = true},
                                           {.component = 0, .level = 2.0, .bridge = true}};
    nsde_model *model = model_of("0; 0", "2, 0; 0.6, 0.8");
    const nsde_simulate_settings settings = settings_of(PATHS, 1.0, 4);
    nsde_statistics *s = watch(model, (double[]){0.0, 0.0}, &settings, 2, passages);
    check_absolute((double)s->passages[0].passed / PATHS, exact, 4.0 * se);
    check_absolute((double)s->passages[1].passed / PATHS, exact, 4.0 * se);
    nsde_statistics_destroy(s);
    nsde_model_destroy(model);
}
END_TEST

/* dX = (X - X^3) dt + dW / 2 takes 18.426158452 from -1 to 0 in the mean. Looking after steps of h alone
 * moves the level by 0.5826 g sqrt(h) (Broadie, Glasserman and Kou 1997), where the mean grows by 41.70 a
 * unit. */
START_TEST(over_the_barrier_of_a_double_well)
{
    enum { PATHS = 5000 };
    const double h = 0.04, exact = 18.426158452, later = exact + 41.70 * 0.5826 * 0.5 * sqrt(h);
    const nsde_passage_watch passages[] = {{.level = 0.0}, {.level = 0.0, .bridge = true}};
    nsde_model *model = model_of("x - x^3", "0.5");
    const nsde_simulate_settings settings = settings_of(PATHS, 240.0, 6000);
    nsde_statistics *s = watch(model, (double[]){-1.0}, &settings, 2, passages);
    for (int q = 0; q < 2; q++) {
        const nsde_passage *p = &s->passages[q];
        ck_assert_uint_le(p->not_passed, 2);
        check_absolute(p->mean, q ? exact : later, 4.0 * p->std_error);
    }
    ck_assert_double_gt(s->passages[0].mean - exact, 4.0 * s->passages[0].std_error);
    nsde_statistics_destroy(s);
    nsde_model_destroy(model);
}
END_TEST

static const double edges[] = {0.0, 0.2, 0.5, 0.9};
static const nsde_passage_watch two[] = {{.level = 1.0, .bridge = true, .times = {3, edges}},
                                         {.level = 0.8, .times = {3, edges}}};

static bool same(const nsde_statistics *a, const nsde_statistics *b)
{
    bool equal = true;
    for (size_t q = 0; q < 2; q++)
        equal = equal && a->passages[q].mean == b->passages[q].mean &&
                a->passages[q].variance == b->passages[q].variance &&
                memcmp(a->passages[q].counts, b->passages[q].counts, 5 * sizeof(size_t)) == 0;
    return equal;
}

START_TEST(threads_change_no_bit_and_batches_no_path)
{
    nsde_model *model = model_of("0.1*sin(x)", "1 + 0.1*cos(x)");
    nsde_simulate_settings settings = settings_of(20000, 1.0, 8);
    settings.threads = 1;
    nsde_statistics *one = watch(model, (double[]){0.0}, &settings, 2, two);
    for (settings.threads = 2; settings.threads <= 3; settings.threads++) {
        nsde_statistics *some = watch(model, (double[]){0.0}, &settings, 2, two);
        ck_assert(same(one, some));
        nsde_statistics_destroy(some);
    }
    size_t passed[2] = {0};
    for (settings.first_path = 0; settings.first_path < 20000; settings.first_path += settings.paths) {
        settings.paths = settings.first_path ? 12999 : 7001;
        nsde_statistics *part = watch(model, (double[]){0.0}, &settings, 2, two);
        for (int q = 0; q < 2; q++)
            passed[q] += part->passages[q].passed;
        nsde_statistics_destroy(part);
    }
    ck_assert(passed[0] == one->passages[0].passed && passed[1] == one->passages[1].passed);
    settings = settings_of(20000, 1.0, 8);
    settings.seed = 2;
    nsde_statistics *other = watch(model, (double[]){0.0}, &settings, 2, two);
    ck_assert(!same(one, other));
    nsde_statistics_destroy(other);
    nsde_statistics_destroy(one);
    nsde_model_destroy(model);
}
END_TEST

/* dX = X^3 dt from 1 explodes on its way up: it passes 3 before that, but neither 1e200 nor anything below.
 */
START_TEST(a_path_that_fails_passed_before_or_not_at_all)
{
    const nsde_passage_watch passages[] = {{.level = 3.0},
                                           {.level = 3.0, .bridge = true},
                                           {.level = 1e308},
                                           {.level = -2.0, .from_above = true}};
    nsde_model *model = model_of("x^3", "0.01");
    nsde_simulate_settings settings = settings_of(3, 1.0, 100);
    settings.on_failure = NSDE_DROP;
    settings.x0_per_path = true;
    nsde_statistics *s = watch(model, (double[]){1.0, 0.1, 1.0}, &settings, 4, passages);
    ck_assert_uint_eq(s->n_failed, 2);
    for (int q = 0; q < 4; q++) {
        ck_assert_uint_eq(s->passages[q].passed, q < 2 ? 2 : 0);
        ck_assert_uint_eq(s->passages[q].not_passed, 1);
    }
    nsde_statistics_destroy(s);
    nsde_model_destroy(model);
}
END_TEST

START_TEST(what_cannot_be_watched_is_refused)
{
    const double falling[] = {1.0, 0.0};
    const nsde_passage_watch wrong[] = {
        {.component = 1}, {.level = NAN}, {.times = {1, falling}}, {.bridge = true}};
    const char *const parts[] = {"no component 1 of 1", "level is nan", "edge 1, 0", "correlated"};
    nsde_model *model = model_of("0", "1");
    nsde_simulate_settings settings = settings_of(1, 1.0, 1);
    nsde_brownian *grid, *correlated;
    nsde_statistics *s;
    check_ok(nsde_brownian_grid(1, 1, &grid));
    check_ok(nsde_brownian_correlate(grid, (double[]){2.0}, &correlated));
    for (int k = 0; k < 4; k++) {
        settings.noise = k == 3 ? correlated : NULL;
        check_refused(
            nsde_simulate_statistics(model, NULL, (double[]){0.0}, &settings,
                                     &(nsde_statistics_settings){.passages = &wrong[k], .n_passages = 1}, &s),
            k == 3 ? NSDE_UNSUPPORTED : NSDE_INVALID, parts[k]);
        ck_assert_ptr_null(s);
    }
    nsde_brownian_destroy(correlated);
    nsde_brownian_destroy(grid);
    nsde_model_destroy(model);
}
END_TEST

void test_cases(TCase *cases)
{
    tcase_add_test(cases, passages_without_noise);
    tcase_add_test(cases, brownian_motion_reaches_a_level);
    tcase_add_test(cases, a_bridge_knows_all_the_noises_of_a_component);
    tcase_add_test(cases, over_the_barrier_of_a_double_well);
    tcase_add_test(cases, threads_change_no_bit_and_batches_no_path);
    tcase_add_test(cases, a_path_that_fails_passed_before_or_not_at_all);
    tcase_add_test(cases, what_cannot_be_watched_is_refused);
}
