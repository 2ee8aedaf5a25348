/* Sobol's sequence, its scrambling, and Brownian motion made of it.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <gsl/gsl_cdf.h>
#include <gsl/gsl_qrng.h>
#include <stdlib.h>

#include "harness.h"
#include "noise/normals.h"
#include "noise/sobol.h"
#include "nsde/noise.h"

/* ---- the sequence ---- */

static unsigned degree_of(unsigned polynomial)
{
    unsigned s = 0;
    while (polynomial >> (s + 1))
        s++;
    return s;
}

/* Does x generate all 2^s - 1 powers modulo the polynomial? */
static bool is_primitive(unsigned polynomial)
{
    const unsigned s = degree_of(polynomial), all = (1u << s) - 1;
    unsigned power = 1, order = 0;
    if (!(polynomial & 1))
        return false;
    do {
        power <<= 1;
        if (power >> s)
            power ^= polynomial;
        order++;
    } while (power != 1 && order <= all);
    return order == all;
}

START_TEST(all_primitive_polynomials_and_no_others)
{
    size_t next = 0;
    for (unsigned p = 2; p < 1u << 14; p++)
        if (is_primitive(p)) {
            ck_assert_uint_lt(next, NSDE_SOBOL_DIMENSIONS - 1);
            ck_assert_uint_eq(nsde_sobol_polynomials[next++], p);
        }
    ck_assert_uint_eq(next, NSDE_SOBOL_DIMENSIONS - 1);
    ck_assert(!is_primitive(31) && is_primitive(19)); /* 1 + x + x^2 + x^3 + x^4 divides x^5 - 1 */
}
END_TEST

START_TEST(direction_numbers_are_odd_and_small)
{
    static nsde_sobol_dimension all[NSDE_SOBOL_DIMENSIONS];
    nsde_sobol_sequence(NSDE_SOBOL_DIMENSIONS, all);
    for (size_t d = 0; d < NSDE_SOBOL_DIMENSIONS; d++)
        for (int k = 0; k < NSDE_SOBOL_BITS; k++) {
            const uint64_t v = all[d].directions[k], last = (uint64_t)1 << (63 - k);
            ck_assert((v & last) && !(v & (last - 1)));
        }
    /* dimension 8 of the published table is 1, 1, 5, 5, 17 */
    ck_assert_uint_eq(all[7].directions[2] >> 61, 5);
    ck_assert_uint_eq(all[7].directions[4] >> 59, 17);
}
END_TEST

/* The first points in the order of the Gray code, and GSL's (Bratley and Fox 1988), which begins with the
 * second and has the same numbers in three dimensions. */
START_TEST(the_sequence_begins_as_published)
{
    static const double begins[8][3] = {{0.0, 0.0, 0.0},       {0.5, 0.5, 0.5},       {0.75, 0.25, 0.25},
                                        {0.25, 0.75, 0.75},    {0.375, 0.375, 0.625}, {0.875, 0.875, 0.125},
                                        {0.625, 0.125, 0.875}, {0.125, 0.625, 0.375}};
    enum { POINTS = 1000 };
    static uint64_t points[3][POINTS];
    nsde_sobol_dimension dimensions[3];
    gsl_qrng *gsl = gsl_qrng_alloc(gsl_qrng_sobol, 2);
    nsde_sobol_sequence(3, dimensions);
    for (int d = 0; d < 3; d++)
        nsde_sobol_points(&dimensions[d], 0, POINTS, points[d]);
    for (int i = 0; i < 8; i++)
        for (int d = 0; d < 3; d++)
            ck_assert((double)points[d][i] * 0x1p-64 == begins[i][d]);
    for (int i = 1; i < POINTS; i++) {
        double theirs[2];
        gsl_qrng_get(gsl, theirs);
        for (int d = 0; d < 2; d++)
            check_absolute((double)points[d][i] * 0x1p-64, theirs[d], 1e-9);
    }
    gsl_qrng_free(gsl);
}
END_TEST

/* How many of the 2^m boxes of 2^-a times 2^(a - m) hold just one of 2^m points? */
static size_t boxes_with_one(const uint64_t *x, const uint64_t *y, unsigned m, unsigned a)
{
    static unsigned char held[1 << 12];
    size_t good = 0;
    memset(held, 0, sizeof held);
    for (size_t i = 0; i < (size_t)1 << m; i++) {
        const uint64_t column = a ? x[i] >> (64 - a) : 0, row = m > a ? y[i] >> (64 - (m - a)) : 0;
        held[column << (m - a) | row]++;
    }
    for (size_t i = 0; i < (size_t)1 << m; i++)
        good += held[i] == 1;
    return good;
}

/* Scrambled or not, the first two dimensions are a (0, m, 2)-net, and every one is stratified. */
START_TEST(points_are_spread_evenly)
{
    enum { M = 10, POINTS = 1 << M };
    static nsde_sobol_dimension all[NSDE_SOBOL_DIMENSIONS];
    static uint64_t x[POINTS], y[POINTS];
    for (int scrambled = 0; scrambled < 2; scrambled++) {
        nsde_sobol_sequence(NSDE_SOBOL_DIMENSIONS, all);
        if (scrambled)
            nsde_sobol_scramble(2385, NSDE_SOBOL_DIMENSIONS, all);
        nsde_sobol_points(&all[0], 5 * POINTS, POINTS, x);
        nsde_sobol_points(&all[1], 5 * POINTS, POINTS, y);
        for (unsigned a = 0; a <= M; a++)
            ck_assert_uint_eq(boxes_with_one(x, y, M, a), POINTS);
        for (size_t d = 0; d < NSDE_SOBOL_DIMENSIONS; d += 7) {
            nsde_sobol_points(&all[d], 3 * POINTS, POINTS, y);
            ck_assert_uint_eq(boxes_with_one(x, y, M, 0), POINTS);
        }
    }
    nsde_sobol_points(&all[1], 5 * POINTS + 1, POINTS, y); /* one late: no net */
    ck_assert_uint_lt(boxes_with_one(x, y, M, 5), POINTS);
}
END_TEST

/* Digits after those of the sequence are random: over many seeds a point's coordinate is uniform. */
START_TEST(a_scrambled_point_is_uniform)
{
    enum { SEEDS = 20000, CELLS = 64 };
    double counts[2][CELLS] = {{0.0}}, chi[2] = {0.0};
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        nsde_sobol_dimension one[3];
        uint64_t point[6];
        nsde_sobol_sequence(3, one);
        nsde_sobol_scramble(seed, 3, one);
        nsde_sobol_points(&one[2], 1000, 6, point);
        counts[0][point[5] >> 58]++;
        counts[1][(point[5] ^ point[4]) >> 12 & 63]++; /* no digit of the sequence reaches here */
    }
    for (int k = 0; k < 2; k++) {
        const double expected = (double)SEEDS / CELLS;
        for (int i = 0; i < CELLS; i++)
            chi[k] += (counts[k][i] - expected) * (counts[k][i] - expected) / expected;
        ck_assert_msg(gsl_cdf_chisq_Q(chi[k], CELLS - 1) > 1e-5, "chi^2 = %g", chi[k]);
    }
}
END_TEST

START_TEST(quantiles_of_the_normal_law)
{
    enum { POINTS = 20000 };
    static uint64_t words[POINTS + 4];
    static double z[POINTS + 4];
    gsl_rng *rng = gsl_rng_alloc(nsde_rng_philox);
    for (int i = 0; i < POINTS; i++) { /* near both ends as well */
        words[i] = (uint64_t)gsl_rng_get(rng) << 32 | gsl_rng_get(rng);
        words[i] >>= i % 4 == 1 ? i % 50 : 0;
        words[i] = i % 8 == 5 ? ~words[i] : words[i];
    }
    gsl_rng_free(rng);
    words[POINTS] = 0, words[POINTS + 1] = UINT64_MAX;
    words[POINTS + 2] = (uint64_t)1 << 63, words[POINTS + 3] = ((uint64_t)1 << 63) - 1;
    nsde_normal_quantiles(words, POINTS + 4, z);
    for (int i = 0; i < POINTS + 4; i++) {
        const double u = ((double)(words[i] >> 12) + 0.5) * 0x1p-52;
        const double right = u < 0.5 ? gsl_cdf_ugaussian_Pinv(u) : gsl_cdf_ugaussian_Qinv(1.0 - u);
        check_close_floor(z[i], right, 2e-15, 0.05);
    }
    ck_assert(z[POINTS] == -z[POINTS + 1] && z[POINTS + 2] == -z[POINTS + 3] && z[POINTS + 2] > 0.0);
}
END_TEST

/* ---- Brownian motion ---- */

static nsde_brownian *noise_of(uint64_t seed, size_t components, size_t steps, nsde_sobol_ordering ordering)
{
    nsde_brownian *noise;
    check_ok(nsde_brownian_sobol(seed, components, steps, ordering, &noise));
    return noise;
}

static const nsde_sobol_ordering orderings[] = {NSDE_SOBOL_BRIDGE, NSDE_SOBOL_PCA, NSDE_SOBOL_STEPS};

/* Parts of paths and steps are parts of the whole, to the bit; a seed stands for all of it. */
START_TEST(any_part_at_any_time)
{
    enum { STEPS = 13, PATHS = 100, ROWS = 5, LATE = 1001 };
    static double all[STEPS][ROWS][PATHS], part[4][ROWS][37], less[STEPS][2][PATHS];
    for (int o = 0; o < 3; o++) {
        nsde_brownian *noise = noise_of(12, 2, STEPS, orderings[o]);
        uint64_t seed;
        ck_assert(nsde_brownian_seed(noise, &seed) && seed == 12);
        check_ok(nsde_brownian_rows(noise, NSDE_LEVY, 0.5, LATE, PATHS, 0, STEPS, PATHS, &all[0][0][0]));
        check_ok(
            nsde_brownian_rows(noise, NSDE_INCREMENTS, 0.5, LATE, PATHS, 0, STEPS, PATHS, &less[0][0][0]));
        nsde_brownian_destroy(noise);
        noise = noise_of(12, 2, STEPS, orderings[o]);
        check_ok(nsde_brownian_rows(noise, NSDE_LEVY, 0.5, LATE + 41, 37, 7, 4, 37, &part[0][0][0]));
        for (int k = 0; k < 4; k++)
            for (int r = 0; r < ROWS; r++)
                ck_assert_mem_eq(part[k][r], &all[7 + k][r][41], sizeof part[k][r]);
        for (int k = 0; k < STEPS; k++)
            ck_assert_mem_eq(less[k], all[k], sizeof less[k]);
        nsde_brownian_destroy(noise);
        noise = noise_of(13, 2, STEPS, orderings[o]);
        check_ok(nsde_brownian_rows(noise, NSDE_LEVY, 0.5, LATE + 41, 37, 7, 4, 37, &part[0][0][0]));
        ck_assert_mem_ne(part[0][0], &all[7][0][41], sizeof part[0][0]);
        nsde_brownian_destroy(noise);
    }
}
END_TEST

/* Over 2^14 paths: mean 0 and covariance h on the diagonal, far closer than independent paths would come
 * (there 5 standard errors are 0.055 h). */
START_TEST(increments_are_those_of_brownian_motion)
{
    enum { STEPS = 7, PATHS = 1 << 14 };
    double *dW = malloc(STEPS * 2 * (size_t)PATHS * sizeof *dW);
    const double h = 0.25;
    for (int o = 0; o < 3; o++) {
        nsde_brownian *noise = noise_of(5, 2, STEPS, orderings[o]);
        check_ok(nsde_brownian_increments(noise, h, 0, PATHS, 0, STEPS, PATHS, dW));
        for (size_t i = 0; i < 2 * STEPS; i++) {
            double mean = 0.0;
            for (size_t k = 0; k < PATHS; k++)
                mean += dW[i * PATHS + k] / PATHS;
            check_absolute(mean, 0.0, 1e-3 * sqrt(h));
            for (size_t j = 0; j <= i; j++) {
                double sum = 0.0;
                for (size_t k = 0; k < PATHS; k++)
                    sum += dW[i * PATHS + k] * dW[j * PATHS + k] / PATHS;
                check_absolute(sum, i == j ? h : 0.0, 0.02 * h);
            }
        }
        nsde_brownian_destroy(noise);
    }
    free(dW);
}
END_TEST

/* Price and delta of a call, S = K = 100, r = 0.05, sigma = 0.2, by 64 Euler-Maruyama steps to T = 1. */
static void call(const nsde_brownian *noise, uint64_t first, size_t paths, double result[2])
{
    enum { STEPS = 64, PANEL = 512 };
    static double dW[STEPS][PANEL];
    const double h = 1.0 / STEPS, discount = exp(-0.05);
    result[0] = result[1] = 0.0;
    for (size_t done = 0; done < paths; done += PANEL) {
        double S[PANEL];
        check_ok(nsde_brownian_increments(noise, h, first + done, PANEL, 0, STEPS, PANEL, dW[0]));
        for (size_t i = 0; i < PANEL; i++)
            S[i] = 100.0;
        for (size_t k = 0; k < STEPS; k++)
            for (size_t i = 0; i < PANEL; i++)
                S[i] *= 1.0 + 0.05 * h + 0.2 * dW[k][i];
        for (size_t i = 0; i < PANEL; i++) {
            result[0] += S[i] > 100.0 ? discount * (S[i] - 100.0) / (double)paths : 0.0;
            result[1] += S[i] > 100.0 ? discount * S[i] / 100.0 / (double)paths : 0.0;
        }
    }
}

/* Variances of price and delta by `paths` paths of one ordering, over seeds, times the number of paths. */
static void variances(nsde_sobol_ordering ordering, size_t paths, uint64_t seeds, double variance[2])
{
    double sum[2] = {0.0}, squares[2] = {0.0};
    for (uint64_t seed = 0; seed < seeds; seed++) {
        nsde_brownian *noise = noise_of(seed, 1, 64, ordering);
        double result[2];
        call(noise, 0, paths, result);
        nsde_brownian_destroy(noise);
        for (int k = 0; k < 2; k++)
            sum[k] += result[k], squares[k] += result[k] * result[k];
    }
    const double n = (double)seeds;
    for (int k = 0; k < 2; k++)
        variance[k] = (squares[k] - sum[k] * sum[k] / n) / (n - 1.0) * (double)paths;
    check_absolute(sum[0] / n, 10.45, 0.08); /* the exact price is 10.4506, Euler's differs by about 0.01 */
    check_absolute(sum[1] / n, 0.6368, 0.004);
}

/* The same of a grid, whose paths are independent: over panels of 512. */
static void variances_of_grid(double variance[2])
{
    enum { PANELS = 256 };
    double sum[2] = {0.0}, squares[2] = {0.0};
    nsde_brownian *grid;
    check_ok(nsde_brownian_grid(6, 1, &grid));
    for (uint64_t i = 0; i < PANELS; i++) {
        double result[2];
        call(grid, 512 * i, 512, result);
        for (int k = 0; k < 2; k++)
            sum[k] += result[k], squares[k] += result[k] * result[k];
    }
    nsde_brownian_destroy(grid);
    for (int k = 0; k < 2; k++)
        variance[k] = (squares[k] - sum[k] * sum[k] / PANELS) / (PANELS - 1) * 512.0;
}

#define check_at_least(value, least)                                                                         \
    do {                                                                                                     \
        const double at_least = (value);                                                                     \
        ck_assert_msg(at_least >= (least), "%s = %g", #value, at_least);                                     \
    } while (0)

START_TEST(variance_of_price_and_delta)
{
    double grid[2], bridge[2], principal[2], in_order[2];
    variances_of_grid(grid);
    variances(NSDE_SOBOL_BRIDGE, 1 << 13, 16, bridge);
    variances(NSDE_SOBOL_PCA, 1 << 12, 12, principal);
    variances(NSDE_SOBOL_STEPS, 1 << 12, 12, in_order);
    check_at_least(grid[0] / bridge[0], 5000.0);
    check_at_least(grid[1] / bridge[1], 60.0);
    check_at_least(grid[0] / principal[0], 100.0);
    check_at_least(grid[1] / principal[1], 8.0);
    ck_assert(grid[0] / in_order[0] < 100.0 && grid[1] / in_order[1] < 60.0); /* orderings do it */
}
END_TEST

/* It may be made into others as any noise. */
START_TEST(others_are_made_of_it)
{
    enum { PATHS = 32 };
    double fine[4][2][PATHS], coarse[2][2][PATHS], pairs[4][2][PATHS], mixed[4][2][PATHS];
    nsde_brownian *noise = noise_of(3, 2, 4, NSDE_SOBOL_PCA), *wide, *both, *correlated;
    check_ok(nsde_brownian_coarsen(noise, 2, &wide));
    check_ok(nsde_brownian_antithetic(noise, &both));
    check_ok(nsde_brownian_correlate(noise, (const double[]){1.0, 0.6, 0.6, 1.0}, &correlated));
    check_ok(nsde_brownian_increments(noise, 0.25, 0, PATHS, 0, 4, PATHS, fine[0][0]));
    check_ok(nsde_brownian_increments(wide, 0.5, 0, PATHS, 0, 2, PATHS, coarse[0][0]));
    check_ok(nsde_brownian_increments(both, 0.25, 0, PATHS, 0, 4, PATHS, pairs[0][0]));
    check_ok(nsde_brownian_increments(correlated, 0.25, 0, PATHS, 0, 4, PATHS, mixed[0][0]));
    for (int i = 0; i < PATHS; i++) {
        check_absolute(coarse[1][1][i], fine[2][1][i] + fine[3][1][i], 1e-14);
        ck_assert(pairs[3][0][i] == (i % 2 ? -1.0 : 1.0) * fine[3][0][i / 2]);
        check_absolute(mixed[2][1][i], 0.6 * fine[2][0][i] + 0.8 * fine[2][1][i], 1e-14);
    }
    nsde_brownian_destroy(correlated);
    nsde_brownian_destroy(both);
    nsde_brownian_destroy(wide);
    nsde_brownian_destroy(noise);
}
END_TEST

START_TEST(what_it_cannot_do_is_refused)
{
    nsde_brownian *noise;
    double dW[4];
    check_refused(nsde_brownian_sobol(1, 2, 556, NSDE_SOBOL_PCA, &noise), NSDE_INVALID, "1111 dimensions");
    ck_assert_ptr_null(noise);
    check_refused(nsde_brownian_sobol(1, 1, 0, NSDE_SOBOL_PCA, &noise), NSDE_INVALID, "0 steps");
    check_refused(nsde_brownian_sobol(1, 1, 1, (nsde_sobol_ordering)3, &noise), NSDE_INVALID, "ordering");
    check_refused(nsde_brownian_sobol(1, 0, 1, NSDE_SOBOL_PCA, &noise), NSDE_INVALID, "components");
    for (int o = 0; o < 3; o++) { /* all dimensions at once */
        noise = noise_of(1, 1, 1111, orderings[o]);
        check_ok(nsde_brownian_increments(noise, 0.5, (1ull << 32) - 1, 1, 1110, 1, 1, dW));
        ck_assert(isfinite(dW[0]));
        check_refused(nsde_brownian_increments(noise, 0.5, 0, 1, 1111, 1, 1, dW), NSDE_INVALID, "1111 steps");
        check_refused(nsde_brownian_increments(noise, 0.5, 1ull << 32, 1, 0, 1, 1, dW), NSDE_INVALID, "2^32");
        nsde_brownian_destroy(noise);
    }
}
END_TEST

void test_cases(TCase *cases)
{
    tcase_add_test(cases, all_primitive_polynomials_and_no_others);
    tcase_add_test(cases, direction_numbers_are_odd_and_small);
    tcase_add_test(cases, the_sequence_begins_as_published);
    tcase_add_test(cases, points_are_spread_evenly);
    tcase_add_test(cases, a_scrambled_point_is_uniform);
    tcase_add_test(cases, quantiles_of_the_normal_law);
    tcase_add_test(cases, any_part_at_any_time);
    tcase_add_test(cases, increments_are_those_of_brownian_motion);
    tcase_add_test(cases, variance_of_price_and_delta);
    tcase_add_test(cases, others_are_made_of_it);
    tcase_add_test(cases, what_it_cannot_do_is_refused);
}
