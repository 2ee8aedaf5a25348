/* Levy areas of the virtual tree: Chen's relation under refinement, independence of the order of queries, and
 * their law.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdlib.h>

#include "core/constants.h"
#include "harness.h"
#include "nsde/noise.h"

enum { M = 3, ROWS = 9, N = 200000 };

static nsde_brownian *tree_of(uint64_t seed, double tolerance)
{
    nsde_brownian *tree;
    check_ok(nsde_brownian_tree(seed, M, 0.5, 3.5, tolerance, &tree));
    return tree;
}

static void ask(const nsde_brownian *tree, double s, double t, double rows[ROWS])
{
    check_ok(nsde_brownian_interval(tree, NSDE_LEVY, s, t, 1000, 1, 1, rows));
}

/* The largest distance from Chen's relation between areas over two intervals that meet and over both; `cross`
 * is 1/2 where the relation is right. */
static double from_chen(const double left[ROWS], const double right[ROWS], const double both[ROWS],
                        double cross)
{
    double worst = 0.0;
    for (size_t i = 0, pair = 2 * M; i < M; i++)
        for (size_t j = i + 1; j < M; j++, pair++)
            worst = fmax(worst, fabs(left[pair] + right[pair] +
                                     cross * (left[i] * right[j] - left[j] * right[i]) - both[pair]));
    return worst;
}

START_TEST(areas_of_intervals_that_meet_add_up)
{
    enum { INTERVALS = 200 };
    static double ends[INTERVALS][3], first[INTERVALS][ROWS];
    gsl_rng *rng = gsl_rng_alloc(nsde_rng_philox);
    gsl_rng_set(rng, 9);
    nsde_brownian *tree = tree_of(2385, 0.03);
    for (int i = 0; i < INTERVALS; i++) {
        const double a = gsl_rng_uniform(rng), b = gsl_rng_uniform(rng);
        /* some shorter than the tolerance, some cut where halves end */
        ends[i][0] = i % 8 ? 0.5 + 3.0 * fmin(a, b) : 0.5;
        ends[i][2] = i % 5 ? 0.5 + 3.0 * fmax(a, b) : ends[i][0] + 0.02 * b;
        ends[i][1] = i % 3 ? ends[i][0] + gsl_rng_uniform(rng) * (ends[i][2] - ends[i][0])
                           : 0.5 * (ends[i][0] + ends[i][2]);
        ask(tree, ends[i][0], ends[i][2], first[i]);
    }
    nsde_brownian_destroy(tree);
    tree = tree_of(2385, 0.03);
    double worst = 0.0, control = 0.0;
    for (int i = 0; i < INTERVALS; i++) {
        double again[ROWS], left[ROWS], right[ROWS];
        const int k = (i * 77 + 11) % INTERVALS; /* another order */
        ask(tree, ends[k][1], ends[k][2], right);
        ask(tree, ends[k][0], ends[k][2], again);
        ask(tree, ends[k][0], ends[k][1], left);
        ck_assert_mem_eq(again, first[k], sizeof again);
        worst = fmax(worst, from_chen(left, right, again, 0.5));
        control = fmax(control, from_chen(left, right, again, -0.5));
    }
    check_absolute(worst, 0.0, 1e-13);
    ck_assert(control > 0.1);
    nsde_brownian_destroy(tree);
    gsl_rng_free(rng);
}
END_TEST

/* As steps, for any width of a panel, what the intervals give; less detail gives the same rows. */
START_TEST(areas_of_steps)
{
    double steps[8][ROWS][70], less[8][2 * M][70], one[ROWS];
    nsde_brownian *tree = tree_of(7, 0.05);
    check_ok(nsde_brownian_rows(tree, NSDE_LEVY, 0.375, 20, 70, 0, 8, 70, &steps[0][0][0]));
    check_ok(nsde_brownian_rows(tree, NSDE_SPACE_TIME, 0.375, 20, 70, 0, 8, 70, &less[0][0][0]));
    for (int k = 0; k < 8; k++) {
        const double s = 0.5 + 0.375 * k;
        check_ok(nsde_brownian_interval(tree, NSDE_LEVY, s, s + 0.375, 87, 1, 1, one));
        for (int r = 0; r < ROWS; r++)
            ck_assert(one[r] == steps[k][r][67] && (r >= 2 * M || less[k][r][67] == one[r]));
    }
    nsde_brownian_destroy(tree);
}
END_TEST

/* N paths of [ROWS][N] over an interval; to be freed. */
static double *sample(uint64_t seed, double tolerance, double s, double t)
{
    double *rows = malloc(ROWS * (size_t)N * sizeof *rows);
    nsde_brownian *tree = tree_of(seed, tolerance);
    check_ok(nsde_brownian_interval(tree, NSDE_LEVY, s, t, 0, N, N, rows));
    nsde_brownian_destroy(tree);
    return rows;
}

/* Mean of samples and its standard error. */
typedef struct moment {
    double sum, squares;
} moment;

static void take(moment *m, double x)
{
    m->sum += x / N;
    m->squares += x * x / N;
}

static double errors_from(const moment *m, double expected)
{
    return fabs(m->sum - expected) / sqrt((m->squares - m->sum * m->sum) / N);
}

/* A last half by itself, of length h = 3. With e_ij = A_ij - (H_i W_j - W_i H_j): E e^2 = h^2 / 12,
 * E e^2 (H_i^2 + H_j^2) = 7 h^3 / 360, E e_01 e_02 H_1 H_2 = h^3 / 720, E A^4 = 123 h^4 / 400. */
START_TEST(the_area_of_a_last_half_given_W_and_H)
{
    double *rows = sample(31, 3.0, 0.5, 3.5);
    moment mean = {0}, second = {0}, given = {0}, crossed = {0}, two = {0}, four = {0};
    for (size_t k = 0; k < N; k++) {
        double x[ROWS], e[2];
        for (size_t r = 0; r < ROWS; r++)
            x[r] = rows[r * N + k];
        for (size_t j = 1; j <= 2; j++)
            e[j - 1] = x[5 + j] - (x[3] * x[j] - x[0] * x[3 + j]);
        take(&mean, e[0]);
        take(&second, e[0] * e[0]);
        take(&given, e[0] * e[0] * (x[3] * x[3] + x[4] * x[4]));
        take(&crossed, e[0] * e[1] * x[4] * x[5]);
        take(&two, x[6] * x[6]);
        take(&four, x[6] * x[6] * x[6] * x[6]);
    }
    free(rows);
    ck_assert(errors_from(&mean, 0.0) < 5.0);
    ck_assert(errors_from(&second, 9.0 / 12.0) < 5.0);
    ck_assert(errors_from(&given, 27.0 * 7.0 / 360.0) < 5.0);
    ck_assert(errors_from(&crossed, 27.0 / 720.0) < 5.0);
    ck_assert(errors_from(&two, 9.0 / 4.0) < 5.0);
    ck_assert(errors_from(&four, 81.0 * 123.0 / 400.0) < 5.0);
    /* what Davie's area would have, whose variance does not depend on H */
    ck_assert(errors_from(&given, 27.0 / 72.0) > 5.0 && errors_from(&crossed, 0.0) > 5.0);
    ck_assert(errors_from(&four, 81.0 * 13.0 / 48.0) > 5.0);
}
END_TEST

static int ascending(const void *a, const void *b)
{
    return (*(const double *)a > *(const double *)b) - (*(const double *)a < *(const double *)b);
}

/* Over many last halves, from no end of one to no end of one: Levy's law, I_12 of variance h^2 / 2. */
START_TEST(areas_have_levys_law)
{
    const double s = 0.61, t = 3.13, h = t - s;
    double *rows = sample(32, 0.2, s, t), *A = rows + 2 * M * (size_t)N, distance = 0.0;
    moment two = {0}, four = {0}, given = {0}, ito = {0};
    for (size_t k = 0; k < N; k++) {
        const double W0 = rows[k], W1 = rows[N + k], a = A[k] / h, I = 0.5 * W0 * W1 + A[k];
        take(&two, a * a);
        take(&four, a * a * a * a);
        take(&given, a * a / ((W0 * W0 + W1 * W1) / h + 1.0)); /* var(A | W) = (|W|^2 / h + 1) h^2 / 12 */
        take(&ito, I * I / (h * h));
    }
    ck_assert(errors_from(&two, 0.25) < 5.0 && errors_from(&two, 0.24) > 5.0);
    ck_assert(errors_from(&four, 0.3125) < 5.0);
    ck_assert(errors_from(&given, 1.0 / 12.0) < 5.0);
    ck_assert(errors_from(&ito, 0.5) < 5.0);
    qsort(A, N, sizeof *A, ascending);
    for (size_t i = 0; i < N; i++) {
        const double p = 2.0 / NSDE_PI * atan(exp(NSDE_PI * A[i] / h));
        distance = fmax(distance, fmax(p - (double)i / N, (double)(i + 1) / N - p));
    }
    ck_assert(distance * sqrt(N) < 2.47); /* Kolmogorov's law: probability 1e-5 */
    free(rows);
}
END_TEST

/* Within a last half, from where it begins: the variance of an area of that length. */
START_TEST(areas_within_a_last_half)
{
    const double ends[] = {0.6, 1.4, 2.0, 3.4};
    for (int i = 0; i < 4; i++) {
        const double h = ends[i] - 0.5;
        double *rows = sample(33 + (uint64_t)i, 3.0, 0.5, ends[i]);
        moment one = {0}, two = {0};
        for (size_t k = 0; k < N; k++) {
            const double a = rows[2 * M * (size_t)N + k] / h;
            take(&one, a);
            take(&two, a * a);
        }
        ck_assert(errors_from(&one, 0.0) < 5.0);
        ck_assert_msg(errors_from(&two, 0.25) < 5.0, "h = %g: %g", h, two.sum);
        free(rows);
    }
}
END_TEST

void test_cases(TCase *cases)
{
    tcase_add_test(cases, areas_of_intervals_that_meet_add_up);
    tcase_add_test(cases, areas_of_steps);
    tcase_add_test(cases, the_area_of_a_last_half_given_W_and_H);
    tcase_add_test(cases, areas_have_levys_law);
    tcase_add_test(cases, areas_within_a_last_half);
}
