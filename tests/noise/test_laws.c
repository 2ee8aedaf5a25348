/* Every kind of Brownian motion against its law, at 10^6 paths: Kolmogorov and Smirnov's test and four
 * moments of each row, all together at one level (Bonferroni).
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <gsl/gsl_cdf.h>
#include <stdlib.h>

#include "harness.h"
#include "nsde/noise.h"

enum { N = 1000000, CELLS = 1 << 15, TESTS_A_ROW = 5 };
static const double level = 1e-4; /* of a false alarm, over all tests of this file */

/* Kolmogorov's law: P(sqrt(n) D > x). */
static double kolmogorov(double x)
{
    double p = 0.0;
    for (int k = 1; k <= 20; k++)
        p += (k % 2 ? 2.0 : -2.0) * exp(-2.0 * k * k * x * x);
    return x < 0.3 ? 1.0 : fmin(p, 1.0);
}

/* The least p-value of N numbers that should be normal of mean 0 and that deviation. The distance is taken at
 * CELLS places, which loses at most 1 / CELLS of it. */
static double least_p(const double *x, double deviation)
{
    static double cells[CELLS];
    static const double expected[4] = {0.0, 1.0, 0.0, 3.0}, variance[4] = {1.0, 2.0, 15.0, 96.0};
    double m[4] = {0.0}, distance = 0.0, below = 0.0;
    memset(cells, 0, sizeof cells);
    for (size_t i = 0; i < N; i++) {
        const double z = x[i] / deviation;
        size_t cell = (size_t)(gsl_cdf_ugaussian_P(z) * CELLS);
        cells[cell < CELLS ? cell : CELLS - 1] += 1.0 / N;
        m[0] += z / N, m[1] += z * z / N, m[2] += z * z * z / N, m[3] += z * z * z * z / N;
    }
    for (size_t i = 0; i < CELLS; i++) {
        below += cells[i];
        distance = fmax(distance, fabs(below - (double)(i + 1) / CELLS));
    }
    double least = kolmogorov(sqrt(N) * distance);
    for (int k = 0; k < 4; k++)
        least = fmin(least, 2.0 * gsl_cdf_ugaussian_Q(fabs(m[k] - expected[k]) * sqrt(N / variance[k])));
    return least;
}

/* A grid, coarse steps of one, and a tree: over steps of h from step k on. */
static const struct law {
    const char *name;
    double h;
    uint64_t step;
    enum { GRID, COARSE, TREE } kind;
} laws[] = {
    {"a grid", 2.385, 0, GRID},
    {"a late step of a grid", 0.01, 1000001, GRID},
    {"coarse steps", 0.75, 2, COARSE},
    {"dyadic steps of a tree", 0.125, 5, TREE},
    {"other steps of a tree", 0.3, 2, TREE},
};

static void make(const struct law *law, nsde_brownian **fine, nsde_brownian **noise)
{
    *fine = NULL;
    if (law->kind == TREE)
        check_ok(nsde_brownian_tree(11, 1, 0.0, 1.0, 0.125, noise));
    else
        check_ok(nsde_brownian_grid(12 + law->step, 1, law->kind == COARSE ? fine : noise));
    if (*fine)
        check_ok(nsde_brownian_coarsen(*fine, 3, noise));
}

START_TEST(increments_and_space_time_areas_are_normal)
{
    enum { LAWS = sizeof laws / sizeof *laws };
    const double each = level / (LAWS * 2 * TESTS_A_ROW);
    double *rows = malloc(2 * (size_t)N * sizeof *rows);
    for (size_t i = 0; i < LAWS; i++) {
        nsde_brownian *fine, *noise;
        make(&laws[i], &fine, &noise);
        check_ok(nsde_brownian_rows(noise, NSDE_SPACE_TIME, laws[i].h, 0, N, laws[i].step, 1, N, rows));
        const double dW = least_p(rows, sqrt(laws[i].h)), H = least_p(rows + N, sqrt(laws[i].h / 12.0));
        ck_assert_msg(dW > each && H > each, "%s: p = %g and %g", laws[i].name, dW, H);
        nsde_brownian_destroy(noise);
        nsde_brownian_destroy(fine);
    }
    /* it would see a deviation or a mean that is wrong by less than a hundredth */
    ck_assert(least_p(rows, 1.006 * sqrt(0.3)) < each);
    for (size_t i = 0; i < N; i++)
        rows[i] += 0.009 * sqrt(0.3);
    ck_assert(least_p(rows, sqrt(0.3)) < each);
    free(rows);
}
END_TEST

/* What lies within a step beyond W and H: K = int_0^1 (W - u W(1)) (1/2 - u) du has the variance 1/720 and
 * knows nothing of either (Foster 2020). From the tree's last halves, whose W and H give int W exactly. */
START_TEST(the_tree_is_brownian_within_a_step)
{
    enum { STEPS = 32, PATHS = 200000 };
    double *rows = malloc(2 * (size_t)PATHS * sizeof *rows), *K = calloc(3 * (size_t)PATHS, sizeof *K);
    double *W = K + PATHS, *I = W + PATHS, sums[3] = {0.0}, fourth = 0.0;
    const double h = 1.0 / STEPS;
    nsde_brownian *tree;
    check_ok(nsde_brownian_tree(3, 1, 0.0, 1.0, h, &tree));
    for (uint64_t k = 0; k < STEPS; k++) {
        const double middle = ((double)k + 0.5) * h;
        check_ok(nsde_brownian_rows(tree, NSDE_SPACE_TIME, h, 0, PATHS, k, 1, PATHS, rows));
        for (size_t i = 0; i < PATHS; i++) {
            const double dW = rows[i], integral = h * (W[i] + rows[PATHS + i] + 0.5 * dW);
            K[i] += (0.5 - middle) * integral - h * h * dW / 12.0;
            I[i] += integral;
            W[i] += dW;
        }
    }
    for (size_t i = 0; i < PATHS; i++) {
        const double k = K[i] + W[i] / 12.0, H = I[i] - 0.5 * W[i];
        sums[0] += k * k / PATHS, sums[1] += k * W[i] / PATHS, sums[2] += k * H / PATHS;
        fourth += k * k * k * k / PATHS;
    }
    const double error = 5.0 / sqrt(PATHS);
    check_absolute(sums[0], 1.0 / 720.0, sqrt(2.0) * error / 720.0);
    check_absolute(fourth, 3.0 / (720.0 * 720.0), sqrt(96.0) * error / (720.0 * 720.0));
    check_absolute(sums[1], 0.0, error / sqrt(720.0));
    check_absolute(sums[2], 0.0, error / sqrt(720.0 * 12.0));
    ck_assert(fabs(sums[0] - 1.0 / 700.0) > sqrt(2.0) * error / 720.0);
    nsde_brownian_destroy(tree);
    free(K);
    free(rows);
}
END_TEST

void test_cases(TCase *cases)
{
    tcase_add_test(cases, increments_and_space_time_areas_are_normal);
    tcase_add_test(cases, the_tree_is_brownian_within_a_step);
}
