/* Areas, bridges, the virtual tree, and Brownian motions made of others.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <gsl/gsl_cdf.h>
#include <stdlib.h>

#include "core/constants.h"
#include "harness.h"
#include "nsde/noise.h"

enum { N = 1000000 };

/* Sums for means, variances and covariances of two samples. */
typedef struct pair_sums {
    double n, x, y, xx, yy, xy;
} pair_sums;

static void take(pair_sums *s, double x, double y)
{
    s->n += 1.0, s->x += x, s->y += y, s->xx += x * x, s->yy += y * y, s->xy += x * y;
}

/* How many standard errors the worst of mean, variance and covariance of normal samples is off. */
static double errors_of(const pair_sums *s, const double mean[2], const double variance[2], double covariance)
{
    const double n = s->n, mx = s->x / n, my = s->y / n;
    const double off[5] = {(mx - mean[0]) / sqrt(variance[0] / n), (my - mean[1]) / sqrt(variance[1] / n),
                           (s->xx / n - mx * mx - variance[0]) / (variance[0] * sqrt(2.0 / n)),
                           (s->yy / n - my * my - variance[1]) / (variance[1] * sqrt(2.0 / n)),
                           (s->xy / n - mx * my - covariance) /
                               sqrt((variance[0] * variance[1] + covariance * covariance) / n)};
    double worst = 0.0;
    for (int i = 0; i < 5; i++)
        worst = fmax(worst, fabs(off[i]));
    return worst;
}

static void check_normal_pair(const pair_sums *s, const double mean[2], const double variance[2],
                              double covariance)
{
    const double errors = errors_of(s, mean, variance, covariance);
    ck_assert_msg(errors < 5.0, "%g standard errors off", errors);
}

START_TEST(a_point_between_two_known_ones)
{
    pair_sums s = {0};
    double z[1000];
    for (size_t k = 0; k < N / 1000; k++) {
        nsde_normals(1, 1, 1000 * k, 1000, z);
        for (int i = 0; i < 1000; i++) /* W at 0.5 between W(0.2) = 0.3 and W(0.9) = -0.4 */
            take(&s, 0.3 + nsde_bridge_point(0.3, 0.4, -0.7, z[i]), z[i]);
    }
    check_normal_pair(&s, (double[]){0.0, 0.0}, (double[]){0.17142857, 1.0}, sqrt(0.17142857));
    /* the weights of the ends exchanged, and the variance of a free increment */
    ck_assert(errors_of(&s, (double[]){-0.1, 0.0}, (double[]){0.17142857, 1.0}, sqrt(0.17142857)) > 5.0);
    ck_assert(errors_of(&s, (double[]){0.0, 0.0}, (double[]){0.3, 1.0}, sqrt(0.3)) > 5.0);
}
END_TEST

START_TEST(an_interval_cut_in_two)
{
    pair_sums s = {0};
    double z[2000];
    for (size_t k = 0; k < N / 1000; k++) {
        nsde_normals(2, 1, 2000 * k, 2000, z);
        for (int i = 0; i < 1000; i++) {
            const nsde_bridge cut = nsde_bridge_split(0.3, 0.7, 0.8, 0.25, z + 2 * i);
            take(&s, cut.W_left, cut.H_left);
            check_absolute(cut.W_left + cut.W_right, 0.8, 1e-14);
            const double left = 0.3 * (cut.H_left + 0.5 * cut.W_left);
            const double right = 0.7 * (cut.H_right + 0.5 * cut.W_right);
            check_absolute(left + 0.7 * cut.W_left + right, 0.25 + 0.4, 1e-14);
        }
    }
    check_normal_pair(&s, (double[]){0.555, 0.0225}, (double[]){0.0777, 0.024325}, -0.00945);
    /* without H, and with independent W and H of the left part */
    ck_assert(errors_of(&s, (double[]){0.24, 0.0225}, (double[]){0.21, 0.024325}, -0.00945) > 5.0);
    ck_assert(errors_of(&s, (double[]){0.555, 0.0225}, (double[]){0.0777, 0.024325}, 0.0) > 5.0);
}
END_TEST

/* ---- the virtual tree ---- */

static const double span[2] = {0.5, 3.5};

static nsde_brownian *tree_of(uint64_t seed)
{
    nsde_brownian *tree;
    check_ok(nsde_brownian_tree(seed, 2, span[0], span[1], 1e-6, &tree));
    return tree;
}

static void ask(const nsde_brownian *tree, double s, double t, double rows[4])
{
    check_ok(nsde_brownian_interval(tree, NSDE_SPACE_TIME, s, t, 1000, 1, 1, rows));
}

START_TEST(any_interval_in_any_order)
{
    enum { INTERVALS = 1000 };
    static double ends[INTERVALS][2], first[INTERVALS][4];
    gsl_rng *rng = gsl_rng_alloc(nsde_rng_philox);
    gsl_rng_set(rng, 8);
    nsde_brownian *tree = tree_of(2385);
    for (int i = 0; i < INTERVALS; i++) {
        const double a = gsl_rng_uniform(rng), b = gsl_rng_uniform(rng);
        ends[i][0] = span[0] + 3.0 * fmin(a, b);
        ends[i][1] = span[0] + 3.0 * fmax(a, b);
        ask(tree, ends[i][0], ends[i][1], first[i]);
    }
    nsde_brownian_destroy(tree);
    tree = tree_of(2385);
    for (int i = 0; i < INTERVALS; i++) {
        double again[4], left[4], right[4];
        const int k = (i * 377 + 11) % INTERVALS; /* another order */
        const double a = ends[k][0], c = ends[k][1], b = a + gsl_rng_uniform(rng) * (c - a);
        ask(tree, a, c, again);
        ck_assert_mem_eq(again, first[k], sizeof again);
        ask(tree, a, b, left);
        ask(tree, b, c, right);
        for (int j = 0; j < 2; j++) {
            const double U = (c - a) * (again[2 + j] + 0.5 * again[j]);
            const double U1 = (b - a) * (left[2 + j] + 0.5 * left[j]);
            const double U2 = (c - b) * (right[2 + j] + 0.5 * right[j]);
            check_absolute(left[j] + right[j], again[j], 1e-13);
            check_absolute(U1 + U2 + (c - b) * left[j], U, 1e-13);
        }
    }
    nsde_brownian_destroy(tree);
    tree = tree_of(2386);
    double other[4];
    ask(tree, ends[0][0], ends[0][1], other);
    ck_assert_mem_ne(other, first[0], sizeof other);
    check_refused(nsde_brownian_interval(tree, NSDE_SPACE_TIME, 0.4, 1.0, 0, 1, 1, other), NSDE_INVALID,
                  "0.5");
    nsde_brownian_destroy(tree);
    gsl_rng_free(rng);
}
END_TEST

/* Increments and areas over intervals that meet, of many paths: their laws, and no correlation. */
START_TEST(the_tree_has_the_law_of_brownian_motion)
{
    enum { PATHS = 100000, STRIDE = 100032 };
    const double ends[] = {0.5, 0.8125, 1.7, 1.7000001, 3.5};
    double *rows = malloc(4 * STRIDE * sizeof *rows), *next = malloc(4 * STRIDE * sizeof *next);
    nsde_brownian *tree = tree_of(5);
    for (int k = 0; k < 4; k++) {
        const double h = ends[k + 1] - ends[k];
        pair_sums own = {0}, two = {0}, neighbours = {0}, areas = {0};
        check_ok(nsde_brownian_interval(tree, NSDE_SPACE_TIME, ends[k], ends[k + 1], 0, PATHS, STRIDE, next));
        for (size_t i = 0; i < PATHS; i++) {
            take(&own, next[i], next[2 * STRIDE + i]);
            take(&two, next[i], next[STRIDE + i]);
            if (k) {
                take(&neighbours, rows[i], next[i]);
                take(&areas, rows[i], next[2 * STRIDE + i]);
            }
        }
        const double zero[2] = {0.0, 0.0}, before = k ? ends[k] - ends[k - 1] : 1.0;
        /* the third interval is shorter than the tolerance: its increment is that of no exact joint law */
        if (k != 2) {
            check_normal_pair(&own, zero, (double[]){h, h / 12.0}, 0.0);
            check_normal_pair(&two, zero, (double[]){h, h}, 0.0);
        }
        if (k == 1) {
            check_normal_pair(&neighbours, zero, (double[]){before, h}, 0.0);
            check_normal_pair(&areas, zero, (double[]){before, h / 12.0}, 0.0);
        }
        memcpy(rows, next, 4 * STRIDE * sizeof *rows);
    }
    nsde_brownian_destroy(tree);
    free(rows);
    free(next);
}
END_TEST

/* As steps, the tree gives what it gives for the intervals, and for any width of a panel. */
START_TEST(steps_of_the_tree)
{
    double steps[8][4][70], one[4];
    nsde_brownian *tree = tree_of(7);
    check_ok(nsde_brownian_rows(tree, NSDE_SPACE_TIME, 0.375, 20, 70, 0, 8, 70, &steps[0][0][0]));
    for (int k = 0; k < 8; k++) {
        const double s = span[0] + 0.375 * k;
        check_ok(nsde_brownian_interval(tree, NSDE_SPACE_TIME, s, s + 0.375, 87, 1, 1, one));
        for (int r = 0; r < 4; r++)
            ck_assert(one[r] == steps[k][r][67]);
    }
    check_refused(nsde_brownian_rows(tree, NSDE_INCREMENTS, 0.375, 0, 1, 8, 1, 1, one), NSDE_INVALID,
                  "spans");
    nsde_brownian_destroy(tree);
}
END_TEST

/* ---- Levy areas of a grid ---- */

static int ascending(const void *a, const void *b)
{
    return (*(const double *)a > *(const double *)b) - (*(const double *)a < *(const double *)b);
}

/* N samples of (W_1, W_2, H_1, H_2, A) over a step of 1: [5][N], to be freed. */
static double *areas_of(size_t terms, uint64_t seed)
{
    double *rows = malloc(5 * (size_t)N * sizeof *rows);
    nsde_brownian *grid;
    check_ok(nsde_brownian_grid_areas(seed, 2, terms, &grid));
    check_ok(nsde_brownian_rows(grid, NSDE_LEVY, 1.0, 0, N, 3, 1, N, rows));
    nsde_brownian_destroy(grid);
    return rows;
}

/* Kolmogorov's distance times sqrt(N) from Levy's law P(A < a) = 2 / pi atan(exp(pi a)). */
static double levy_distance(const double *A)
{
    double *sorted = malloc(N * sizeof *sorted), distance = 0.0;
    memcpy(sorted, A, N * sizeof *sorted);
    qsort(sorted, N, sizeof *sorted, ascending);
    for (size_t i = 0; i < N; i++) {
        const double p = 2.0 / NSDE_PI * atan(exp(NSDE_PI * sorted[i]));
        distance = fmax(distance, fmax(p - (double)i / N, (double)(i + 1) / N - p));
    }
    free(sorted);
    return distance * sqrt(N);
}

typedef struct area_moments {
    double second, fourth, second_error, fourth_error, beyond_one;
} area_moments;

static area_moments moments_of(const double *A)
{
    double m[9] = {0.0}, beyond = 0.0;
    for (size_t i = 0; i < N; i++) {
        const double a = A[i] * A[i];
        m[2] += a / N, m[4] += a * a / N, m[8] += a * a * a * a / N;
        beyond += fabs(A[i]) > 1.0;
    }
    return (area_moments){m[2], m[4], sqrt((m[4] - m[2] * m[2]) / N), sqrt((m[8] - m[4] * m[4]) / N),
                          beyond / N};
}

START_TEST(areas_with_terms_have_levys_law)
{
    double *rows = areas_of(16, 31);
    const double *A = rows + 4 * (size_t)N;
    const area_moments m = moments_of(A);
    check_absolute(m.second, 0.25, 5.0 * m.second_error);
    check_absolute(m.fourth, 0.3125, 5.0 * m.fourth_error);
    check_absolute(m.beyond_one, 0.054987458, 5.0 * sqrt(0.055 / N));
    ck_assert(levy_distance(A) < 2.47); /* Kolmogorov's law: probability 1e-5 */
    free(rows);
}
END_TEST

START_TEST(areas_without_terms_are_davies)
{
    double *rows = areas_of(0, 32), conditional = 0.0, n = 0.0, known = 0.0;
    const double *W1 = rows, *W2 = rows + N, *H1 = W2 + N, *H2 = H1 + N, *A = H2 + N;
    const area_moments m = moments_of(A);
    check_absolute(m.second, 0.25, 5.0 * m.second_error);
    check_absolute(m.fourth, 13.0 / 48.0, 5.0 * m.fourth_error);
    ck_assert(fabs(m.fourth - 0.3125) > 5.0 * m.fourth_error); /* it is not called exact */
    for (size_t i = 0; i < N; i++) {
        const double about = A[i] - (H1[i] * W2[i] - W1[i] * H2[i]), r = W1[i] * W1[i] + W2[i] * W2[i];
        known += about * about / N;
        if (fabs(r - 5.0) < 0.5) { /* var(A | W) = (|W|^2 + 1) / 12 = 1/2 */
            conditional += A[i] * A[i] / ((r + 1.0) / 6.0);
            n += 1.0;
        }
    }
    check_absolute(known, 1.0 / 12.0, 5.0 / 12.0 * sqrt(2.0 / N));
    check_absolute(conditional / n, 0.5, 5.0 * 0.5 * sqrt(2.0 / n));
    free(rows);
}
END_TEST

START_TEST(space_time_areas_of_a_grid)
{
    double *rows = areas_of(0, 33);
    pair_sums own = {0}, crossed = {0};
    for (size_t i = 0; i < N; i++) {
        take(&own, rows[i], rows[2 * (size_t)N + i]);
        take(&crossed, rows[2 * (size_t)N + i], rows[3 * (size_t)N + i]);
    }
    const double zero[2] = {0.0, 0.0};
    check_normal_pair(&own, zero, (double[]){1.0, 1.0 / 12.0}, 0.0);
    check_normal_pair(&crossed, zero, (double[]){1.0 / 12.0, 1.0 / 12.0}, 0.0);
    free(rows);
}
END_TEST

/* ---- made of others ---- */

enum { M = 3, PATHS = 70, FACTOR = 5, ROWS = 9 };

/* Increments add up, and areas follow: by the definition, from the fine steps alone. */
START_TEST(coarse_steps_are_sums_of_fine_ones)
{
    static double fine[2 * FACTOR][ROWS][PATHS], coarse[2][ROWS][PATHS], again[2][6][PATHS];
    const double h = 0.125;
    nsde_brownian *grid, *wide, *narrow;
    uint64_t seed;
    check_ok(nsde_brownian_grid_areas(9, M, 2, &grid));
    check_ok(nsde_brownian_coarsen(grid, FACTOR, &wide));
    ck_assert(nsde_brownian_seed(wide, &seed) && seed == 9);
    check_ok(nsde_brownian_rows(grid, NSDE_LEVY, h, 3, PATHS, FACTOR, 2 * FACTOR, PATHS, &fine[0][0][0]));
    check_ok(nsde_brownian_rows(wide, NSDE_LEVY, FACTOR * h, 3, PATHS, 1, 2, PATHS, &coarse[0][0][0]));
    check_ok(nsde_brownian_rows(wide, NSDE_SPACE_TIME, FACTOR * h, 3, PATHS, 1, 2, PATHS, &again[0][0][0]));
    for (int step = 0; step < 2; step++)
        for (int path = 0; path < PATHS; path++) {
            double W[M] = {0.0}, I[M] = {0.0}, A[3] = {0.0};
            for (int k = 0; k < FACTOR; k++) {
                double(*row)[PATHS] = fine[step * FACTOR + k];
                for (int i = 0, pair = 0; i < M; i++)
                    for (int j = i + 1; j < M; j++, pair++)
                        A[pair] += row[6 + pair][path] + 0.5 * (W[i] * row[j][path] - W[j] * row[i][path]);
                for (int i = 0; i < M; i++) {
                    I[i] += h * (W[i] + row[M + i][path] + 0.5 * row[i][path]);
                    W[i] += row[i][path];
                }
            }
            for (int i = 0; i < M; i++) {
                check_absolute(coarse[step][i][path], W[i], 1e-13);
                check_absolute(coarse[step][M + i][path], I[i] / (FACTOR * h) - 0.5 * W[i], 1e-13);
                check_absolute(coarse[step][6 + i][path], A[i], 1e-13);
                ck_assert(again[step][i][path] == coarse[step][i][path]);
                ck_assert(again[step][M + i][path] == coarse[step][M + i][path]);
            }
        }
    check_ok(nsde_brownian_coarsen(wide, 2, &narrow)); /* coarse steps of coarse steps: 2 and 3 of `wide` */
    check_ok(
        nsde_brownian_rows(narrow, NSDE_INCREMENTS, 2 * FACTOR * h, 3, PATHS, 1, 1, PATHS, &again[0][0][0]));
    check_ok(nsde_brownian_rows(wide, NSDE_INCREMENTS, FACTOR * h, 3, PATHS, 2, 2, PATHS, &again[1][0][0]));
    for (int path = 0; path < PATHS; path++)
        check_absolute(again[0][0][path], again[1][0][path] + again[1][M][path], 1e-13);
    nsde_brownian_destroy(narrow);
    check_refused(nsde_brownian_coarsen(grid, 0, &narrow), NSDE_INVALID, "factor");
    nsde_brownian_destroy(wide);
    nsde_brownian_destroy(grid);
}
END_TEST

/* The area of a coarse step of many fine ones has Levy's law, whatever the fine steps' areas are. */
START_TEST(coarse_areas_forget_how_fine_ones_were_made)
{
    double *rows = malloc(5 * (size_t)N * sizeof *rows);
    nsde_brownian *grid, *coarse;
    check_ok(nsde_brownian_grid(77, 2, &grid));
    check_ok(nsde_brownian_coarsen(grid, 16, &coarse));
    check_ok(nsde_brownian_rows(coarse, NSDE_LEVY, 1.0, 0, N, 0, 1, N, rows));
    const area_moments m = moments_of(rows + 4 * (size_t)N);
    check_absolute(m.second, 0.25, 5.0 * m.second_error);
    check_absolute(m.fourth, 0.3125, 5.0 * m.fourth_error);
    ck_assert(levy_distance(rows + 4 * (size_t)N) < 2.47);
    nsde_brownian_destroy(coarse);
    nsde_brownian_destroy(grid);
    free(rows);
}
END_TEST

START_TEST(antithetic_pairs)
{
    double half[4][5][8], both[4][5][11];
    nsde_brownian *grid, *pairs;
    check_ok(nsde_brownian_grid(4, 2, &grid));
    check_ok(nsde_brownian_antithetic(grid, &pairs));
    check_ok(nsde_brownian_rows(grid, NSDE_LEVY, 0.5, 50, 8, 0, 4, 8, &half[0][0][0]));
    check_ok(nsde_brownian_rows(pairs, NSDE_LEVY, 0.5, 101, 11, 0, 4, 11, &both[0][0][0]));
    for (int step = 0; step < 4; step++)
        for (int r = 0; r < 5; r++)
            for (int i = 0; i < 11; i++) {
                const double value = half[step][r][(101 + i) / 2 - 50];
                ck_assert(both[step][r][i] == ((101 + i) % 2 && r < 4 ? -value : value));
            }
    nsde_brownian_destroy(pairs);
    nsde_brownian_destroy(grid);
}
END_TEST

START_TEST(correlations_by_cholesky)
{
    const double C[] = {1.0, 0.5, 0.2, 0.5, 1.0, -0.3, 0.2, -0.3, 1.0}, indefinite[] = {1.0, 2.0, 2.0, 1.0};
    const double expected[] = {1.0, 0.0, 0.0, 0.5, 0.8660254, 0.0, 0.2, -0.46188022, 0.86409876};
    double L[9], sums[9] = {0.0}, *dW = malloc(3 * 100000 * sizeof *dW);
    nsde_brownian *grid, *correlated;
    check_ok(nsde_cholesky(3, C, L));
    for (int i = 0; i < 9; i++)
        check_absolute(L[i], expected[i], 5e-9);
    for (int i = 0; i < 3; i++)
        for (int j = 0; j < 3; j++) {
            double product = 0.0;
            for (int k = 0; k < 3; k++)
                product += L[3 * i + k] * L[3 * j + k];
            check_absolute(product, C[3 * i + j], 1e-12);
        }
    check_refused(nsde_cholesky(2, indefinite, L), NSDE_INVALID, "positive definite");
    check_ok(nsde_brownian_grid(3, 3, &grid));
    check_refused(nsde_brownian_correlate(grid, (double[9]){1, 2, 0, 2, 1, 0, 0, 0, 1}, &correlated),
                  NSDE_INVALID, "definite");
    check_ok(nsde_brownian_correlate(grid, C, &correlated));
    ck_assert(nsde_brownian_is_correlated(correlated) && !nsde_brownian_is_correlated(grid));
    check_ok(nsde_brownian_increments(correlated, 0.25, 0, 100000, 0, 1, 100000, dW));
    for (size_t k = 0; k < 100000; k++)
        for (int i = 0; i < 9; i++)
            sums[i] += dW[(size_t)(i / 3) * 100000 + k] * dW[(size_t)(i % 3) * 100000 + k] / 25000.0;
    for (int i = 0; i < 9; i++)
        check_absolute(sums[i], C[i], 5.0 * sqrt((1.0 + C[i] * C[i]) / 1e5));
    nsde_brownian_destroy(correlated);
    nsde_brownian_destroy(grid);
    free(dW);
}
END_TEST

START_TEST(impossible_areas_are_refused)
{
    nsde_brownian *noise;
    double rows[9];
    check_refused(nsde_brownian_grid_areas(1, 2, 5000, &noise), NSDE_INVALID, "5000");
    check_refused(nsde_brownian_tree(1, 1, 1.0, 1.0, 0.1, &noise), NSDE_INVALID, "t1");
    check_refused(nsde_brownian_tree(1, 1, 0.0, 1.0, 1e-15, &noise), NSDE_INVALID, "tolerance");
    check_refused(nsde_brownian_antithetic(NULL, &noise), NSDE_INVALID, "NULL");
    ck_assert_ptr_null(noise);
    check_ok(nsde_brownian_grid(1, 2, &noise));
    check_refused(nsde_brownian_interval(noise, NSDE_INCREMENTS, 0.0, 1.0, 0, 1, 1, rows), NSDE_UNSUPPORTED,
                  "virtual tree");
    nsde_brownian *many;
    check_ok(nsde_brownian_grid(1, 2000, &many));
    check_refused(nsde_brownian_rows(many, NSDE_LEVY, 1.0, 0, 1, 0, 1, 1, rows), NSDE_UNSUPPORTED, "2000");
    nsde_brownian_destroy(many);
    check_refused(nsde_brownian_rows(noise, (nsde_noise_detail)7, 1.0, 0, 1, 0, 1, 1, rows), NSDE_INVALID,
                  "detail number 7");
    nsde_brownian_destroy(noise);
}
END_TEST

void test_cases(TCase *cases)
{
    tcase_add_test(cases, a_point_between_two_known_ones);
    tcase_add_test(cases, an_interval_cut_in_two);
    tcase_add_test(cases, any_interval_in_any_order);
    tcase_add_test(cases, the_tree_has_the_law_of_brownian_motion);
    tcase_add_test(cases, steps_of_the_tree);
    tcase_add_test(cases, areas_with_terms_have_levys_law);
    tcase_add_test(cases, areas_without_terms_are_davies);
    tcase_add_test(cases, space_time_areas_of_a_grid);
    tcase_add_test(cases, coarse_steps_are_sums_of_fine_ones);
    tcase_add_test(cases, coarse_areas_forget_how_fine_ones_were_made);
    tcase_add_test(cases, antithetic_pairs);
    tcase_add_test(cases, correlations_by_cholesky);
    tcase_add_test(cases, impossible_areas_are_refused);
}
