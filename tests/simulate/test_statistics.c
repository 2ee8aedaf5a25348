/* Statistics that keep no paths, against the paths and against closed forms.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <gsl/gsl_cdf.h>
#include <stdlib.h>

#include "failing.h"
#include "nsde/statistics.h"
#include "nsde/text.h"
#include "resident.h"

/* dX1 = -0.8 X1 dt + 0.5 dW1, dX2 = (0.3 - 0.4 X2) dt + c dW1 + 0.3 dW2. */
static nsde_model *linear(void)
{
    nsde_model *model;
    check_ok(nsde_model_from_text(&(nsde_text_model){.drift = "-0.8*x1; 0.3 - 0.4*x2",
                                                     .diffusion = "0.5, 0; c, 0.3",
                                                     .parameters = "c=0.4"},
                                  &model));
    return model;
}

static const double coupling[] = {0.4}, x0[] = {1.0, -0.5};
static const double edges[] = {-0.8, -0.3, 0.0, 0.1, 0.25, 0.6, 1.1};
static const nsde_histogram_watch histograms[] = {{0, {6, edges}}, {1, {3, edges + 2}}};
static const nsde_statistics_settings both = {.histograms = histograms, .n_histograms = 2};

static nsde_simulate_settings settings_of(size_t paths)
{
    nsde_simulate_settings settings = nsde_simulate_settings_default();
    settings.paths = paths;
    settings.steps = 10;
    settings.save_every = 4;
    settings.seed = 21;
    return settings;
}

static nsde_statistics *run(const nsde_model *model, const nsde_simulate_settings *settings,
                            const nsde_statistics_settings *wanted)
{
    nsde_statistics *statistics;
    check_ok(nsde_simulate_statistics(model, coupling, x0, settings, wanted, &statistics));
    return statistics;
}

static size_t counted(const nsde_simulation *s, size_t time, const nsde_histogram_watch *w, size_t bin)
{
    size_t n = 0;
    const double *x = nsde_simulation_row(s, time, w->component);
    for (size_t i = 0; i < s->n_paths; i++) {
        const double low = bin ? w->bins.edges[bin - 1] : -INFINITY;
        const double high = bin <= w->bins.n ? w->bins.edges[bin] : INFINITY;
        n += !s->failed_step[i] && x[i] >= low && x[i] < high;
    }
    return n;
}

static void check_against_paths(const nsde_simulation *paths, const nsde_statistics *s,
                                const nsde_statistics_settings *wanted)
{
    ck_assert(s->n_times == paths->n_times && s->dim == paths->dim && s->n_failed == paths->n_failed);
    for (size_t k = 0; k < s->n_times; k++) {
        ck_assert(s->times[k] == paths->times[k]);
        for (size_t c = 0; c < s->dim; c++) {
            double mean, variance, error;
            nsde_simulation_moments(paths, k, c, &mean, &variance, &error);
            check_close_floor(s->mean[k * s->dim + c], mean, 1e-13, 1e-2);
            check_close_floor(s->covariance[(k * s->dim + c) * s->dim + c], variance, 1e-11, 1e-8);
            check_close_floor(s->std_error[k * s->dim + c], error, 1e-11, 1e-8);
        }
        for (size_t h = 0; h < wanted->n_histograms; h++)
            for (size_t b = 0; b < wanted->histograms[h].bins.n + 2; b++)
                ck_assert_uint_eq(s->histograms[h].counts[k * (wanted->histograms[h].bins.n + 2) + b],
                                  counted(paths, k, &wanted->histograms[h], b));
    }
}

/* Of one panel, of some, and of more than there are groups. */
START_TEST(they_are_those_of_the_paths)
{
    const size_t paths[] = {3, 1000, 9001, 200001};
    nsde_model *model = linear();
    for (int k = 0; k < 4; k++) {
        const nsde_simulate_settings settings = settings_of(paths[k]);
        nsde_simulation *simulation;
        check_ok(nsde_simulate(model, coupling, x0, &settings, &simulation));
        nsde_statistics *s = run(model, &settings, &both);
        check_against_paths(simulation, s, &both);
        nsde_simulation_destroy(simulation);
        nsde_statistics_destroy(s);
    }
    nsde_model_destroy(model);
}
END_TEST

static bool same(const nsde_statistics *a, const nsde_statistics *b)
{
    const size_t rows = a->n_times * a->dim;
    return memcmp(a->mean, b->mean, rows * sizeof(double)) == 0 &&
           memcmp(a->covariance, b->covariance, rows * a->dim * sizeof(double)) == 0 &&
           memcmp(a->histograms[0].counts, b->histograms[0].counts, a->n_times * 8 * sizeof(size_t)) == 0;
}

START_TEST(threads_change_no_bit)
{
    nsde_model *model = linear();
    nsde_simulate_settings settings = settings_of(60001);
    settings.threads = 1;
    nsde_statistics *one = run(model, &settings, &both);
    for (settings.threads = 2; settings.threads <= 5; settings.threads++) {
        nsde_statistics *some = run(model, &settings, &both);
        ck_assert(same(one, some));
        nsde_statistics_destroy(some);
    }
    settings.seed = 22; /* the control */
    nsde_statistics *other = run(model, &settings, &both);
    ck_assert(!same(one, other));
    nsde_statistics_destroy(other);
    nsde_statistics_destroy(one);
    nsde_model_destroy(model);
}
END_TEST

/* Euler's scheme of it is an autoregression, whose law at the end is normal with these moments. */
START_TEST(moments_and_bins_of_a_linear_equation)
{
    enum { PATHS = 40000, STEPS = 20 };
    const double h = 1.0 / STEPS, a = 1.0 - 0.8 * h, b = 1.0 - 0.4 * h, n = PATHS;
    const double mean[] = {pow(a, STEPS), 0.75 + (-0.5 - 0.75) * pow(b, STEPS)};
    const double v1 = 0.25 * h * (1.0 - pow(a, 2 * STEPS)) / (1.0 - a * a);
    const double v2 = (0.16 + 0.09) * h * (1.0 - pow(b, 2 * STEPS)) / (1.0 - b * b);
    const double v12 = 0.5 * 0.4 * h * (1.0 - pow(a * b, STEPS)) / (1.0 - a * b);
    nsde_model *model = linear();
    nsde_simulate_settings settings = settings_of(PATHS);
    settings.steps = STEPS;
    settings.save_every = 0;
    nsde_statistics *s = run(model, &settings, &both);
    const double *cov = s->covariance + 4;
    check_absolute(s->mean[2], mean[0], 4.0 * sqrt(v1 / n));
    check_absolute(s->mean[3], mean[1], 4.0 * sqrt(v2 / n));
    check_absolute(cov[0], v1, 4.0 * v1 * sqrt(2.0 / n));
    check_absolute(cov[3], v2, 4.0 * v2 * sqrt(2.0 / n));
    check_absolute(cov[1], v12, 4.0 * sqrt((v1 * v2 + v12 * v12) / n));
    ck_assert(cov[1] == cov[2]);
    ck_assert_double_gt(fabs(cov[1] - v12 * 0.44 / 0.4),
                        4.0 * sqrt((v1 * v2 + v12 * v12) / n)); /* another c */
    for (size_t bin = 0; bin < 6; bin++) {
        const double p = gsl_cdf_ugaussian_P((edges[bin + 1] - mean[0]) / sqrt(v1)) -
                         gsl_cdf_ugaussian_P((edges[bin] - mean[0]) / sqrt(v1));
        check_absolute((double)s->histograms[0].counts[8 + bin + 1] / n, p, 4.0 * sqrt(p * (1.0 - p) / n));
    }
    nsde_statistics_destroy(s);
    nsde_model_destroy(model);
}
END_TEST

/* CIR with x0 0.04: its mean and its median at 1, from a noncentral chi square of 3.2 degrees. */
START_TEST(the_median_of_cir)
{
    double cir_edges[101];
    for (int b = 0; b <= 100; b++)
        cir_edges[b] = 0.003 * b;
    const nsde_histogram_watch w = {0, {100, cir_edges}};
    nsde_model *model;
    nsde_statistics *s;
    nsde_simulate_settings settings = settings_of(40000);
    settings.steps = 50;
    settings.save_every = 0;
    check_ok(nsde_model_open("cir", &model));
    check_ok(nsde_simulate_statistics(model, (double[]){1.2, 0.06, 0.3}, (double[]){0.04}, &settings,
                                      &(nsde_statistics_settings){.histograms = &w, .n_histograms = 1}, &s));
    check_absolute(s->mean[1], 0.06 - 0.02 * pow(1.0 - 1.2 / 50, 50), 4.0 * s->std_error[1]);
    check_relative(s->covariance[1], 0.00173017021716, 0.05);
    check_absolute(nsde_bins_quantile(&s->histograms[0].bins, s->histograms[0].counts + 102, 0.5),
                   0.04384247332, 1.2e-3);
    nsde_statistics_destroy(s);
    nsde_model_destroy(model);
}
END_TEST

START_TEST(quantiles_of_known_counts)
{
    const double at[] = {0.0, 1.0, 3.0};
    const nsde_bins bins = {2, at};
    const size_t counts[] = {10, 20, 40, 30}, none[4] = {0}, middle[] = {0, 0, 4, 0};
    check_absolute(nsde_bins_quantile(&bins, counts, 0.2), 0.5, 1e-15);
    check_absolute(nsde_bins_quantile(&bins, counts, 0.3), 1.0, 1e-15);
    check_absolute(nsde_bins_quantile(&bins, counts, 0.5), 2.0, 1e-15);
    ck_assert(nsde_bins_quantile(&bins, counts, 0.05) == -INFINITY);
    ck_assert(nsde_bins_quantile(&bins, counts, 0.9) == INFINITY);
    ck_assert(nsde_bins_quantile(&bins, middle, 0.0) == 1.0 && nsde_bins_quantile(&bins, middle, 1.0) == 3.0);
    ck_assert(isnan(nsde_bins_quantile(&bins, none, 0.5)) && isnan(nsde_bins_quantile(&bins, counts, 1.5)));
}
END_TEST

/* Paths beyond 2 leave the finite numbers at once: they are left out at all times, as of those that are
 * stored. */
START_TEST(paths_that_fail_are_left_out)
{
    nsde_model *model;
    nsde_simulation *simulation;
    nsde_statistics *s;
    nsde_simulate_settings settings = settings_of(3001);
    const nsde_statistics_settings one = {.histograms = histograms, .n_histograms = 1};
    check_ok(nsde_model_from_text(
        &(nsde_text_model){.drift = "select(x - 2, exp(1000*x), -x)", .diffusion = "1"}, &model));
    settings.t1 = 4.0;
    settings.steps = 200;
    settings.save_every = 50;
    check_refused(nsde_simulate_statistics(model, NULL, x0, &settings, &one, &s), NSDE_DIVERGED,
                  "left the finite numbers");
    ck_assert_ptr_null(s);
    settings.on_failure = NSDE_DROP;
    check_ok(nsde_simulate(model, NULL, x0, &settings, &simulation));
    check_ok(nsde_simulate_statistics(model, NULL, x0, &settings, &one, &s));
    ck_assert(s->n_failed > 100 && s->n_failed < 2900);
    check_against_paths(simulation, s, &one);
    nsde_statistics_destroy(s);
    nsde_simulation_destroy(simulation);
    nsde_model_destroy(model);
}
END_TEST

START_TEST(what_cannot_be_watched_is_refused)
{
    const double falling[] = {0.0, 1.0, 0.5}, infinite[] = {0.0, INFINITY};
    const nsde_histogram_watch wrong[] = {
        {2, {6, edges}}, {0, {0, edges}}, {0, {2, falling}}, {0, {1, infinite}}, {0, {2, NULL}}};
    const char *const parts[] = {"no component 2 of 2", "no bins", "edge 2, 0.5", "edge 1, inf", "NULL"};
    nsde_model *model = linear();
    const nsde_simulate_settings settings = settings_of(5);
    nsde_statistics *s;
    for (int k = 0; k < 5; k++) {
        s = (nsde_statistics *)&wrong;
        check_refused(nsde_simulate_statistics(
                          model, coupling, x0, &settings,
                          &(nsde_statistics_settings){.histograms = &wrong[k], .n_histograms = 1}, &s),
                      NSDE_INVALID, parts[k]);
        ck_assert_ptr_null(s);
    }
    check_refused(nsde_simulate_statistics(model, coupling, x0, &settings, NULL, &s), NSDE_INVALID, "wanted");
    check_refused(nsde_simulate_statistics(model, coupling, x0, &settings,
                                           &(nsde_statistics_settings){.n_histograms = 1}, &s),
                  NSDE_INVALID, "NULL");
    check_refused(nsde_simulate_statistics(model, coupling, NULL, &settings, &both, &s), NSDE_INVALID,
                  "initial");
    nsde_model_destroy(model);
}
END_TEST

typedef struct attempt {
    nsde_model *model;
    nsde_simulate_settings settings;
} attempt;

static nsde_status collect(void *context)
{
    const attempt *a = context;
    nsde_statistics *s;
    const nsde_passage_watch passage = {.level = 0.2, .bridge = true, .times = {6, edges}};
    nsde_statistics_settings wanted = both;
    wanted.passages = &passage;
    wanted.n_passages = 1;
    const nsde_status status = nsde_simulate_statistics(a->model, coupling, x0, &a->settings, &wanted, &s);
    ck_assert((s == NULL) == (status != NSDE_OK));
    nsde_statistics_destroy(s);
    return status;
}

START_TEST(they_may_fail_anywhere)
{
    attempt a = {linear(), settings_of(4000)};
    for (a.settings.threads = 1; a.settings.threads <= 2; a.settings.threads++)
        check_failing_allocations(collect, &a, 12);
    nsde_model_destroy(a.model);
}
END_TEST

START_TEST(many_paths_and_steps_take_no_more_memory)
{
    enum { MIB = 1 << 20 };
    attempt a = {linear(), settings_of(20000)};
    a.settings.threads = 1;
    a.settings.save_every = 0;
    check_ok(collect(&a));
    const size_t few = resident_bytes();
    a.settings.paths = 1000000;
    check_ok(collect(&a));
    a.settings.paths = 100;
    a.settings.steps = 100000;
    check_ok(collect(&a));
    const size_t many = resident_bytes();
    ck_assert_msg(many < few + MIB, "%zu bytes more", many - few);
    nsde_model_destroy(a.model);
}
END_TEST

void test_cases(TCase *cases)
{
    tcase_add_test(cases, they_are_those_of_the_paths);
    tcase_add_test(cases, threads_change_no_bit);
    tcase_add_test(cases, moments_and_bins_of_a_linear_equation);
    tcase_add_test(cases, the_median_of_cir);
    tcase_add_test(cases, quantiles_of_known_counts);
    tcase_add_test(cases, paths_that_fail_are_left_out);
    tcase_add_test(cases, what_cannot_be_watched_is_refused);
    tcase_add_test(cases, they_may_fail_anywhere);
    tcase_add_test(cases, many_paths_and_steps_take_no_more_memory);
}
