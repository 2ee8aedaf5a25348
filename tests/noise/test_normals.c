/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <gsl/gsl_cdf.h>
#include <stdlib.h>

#include "core/constants.h"
#include "harness.h"
#include "noise/normals.h"
#include "nsde/noise.h"

enum { N = 2000000 };
static double z[N];

static void draw(void)
{
    nsde_normals(4711, 3, 0, N, z);
}

START_TEST(the_moments_are_those_of_a_normal)
{
    double m[5] = {0};
    draw();
    for (size_t i = 0; i < N; i++)
        for (int k = 1; k <= 4; k++)
            m[k] += pow(z[i], k) / N;
    check_absolute(m[1], 0.0, 5.0 * sqrt(1.0 / N));
    check_absolute(m[2], 1.0, 5.0 * sqrt(2.0 / N));
    check_absolute(m[3], 0.0, 5.0 * sqrt(15.0 / N));
    check_absolute(m[4], 3.0, 5.0 * sqrt(96.0 / N));
}
END_TEST

static int ascending(const void *a, const void *b)
{
    return (*(const double *)a > *(const double *)b) - (*(const double *)a < *(const double *)b);
}

static double kolmogorov_distance(double shift)
{
    double distance = 0.0;
    draw();
    qsort(z, N, sizeof *z, ascending);
    for (size_t i = 0; i < N; i++) {
        const double p = gsl_cdf_ugaussian_P(z[i] + shift);
        distance = fmax(distance, fmax(p - (double)i / N, (double)(i + 1) / N - p));
    }
    return distance * sqrt(N);
}

START_TEST(the_distribution_is_normal)
{
    const double limit = 2.47; /* Kolmogorov's law: probability 1e-5 */
    ck_assert(kolmogorov_distance(0.0) < limit);
    ck_assert(kolmogorov_distance(0.005) > limit); /* a shift the test must see */
}
END_TEST

/* Both normals of a block and its neighbours: lags within and across the chunks of 64. */
START_TEST(neighbours_are_not_correlated)
{
    draw();
    for (size_t lag = 1; lag <= 130; lag++) {
        double sum = 0.0;
        for (size_t i = lag; i < N; i++)
            sum += z[i] * z[i - lag];
        ck_assert_msg(fabs(sum / sqrt(N)) < 5.0, "lag %zu: %g", lag, sum / sqrt(N));
    }
}
END_TEST

/* Chi-square of the pair (i, i + lag) in 64 x 64 cells of equal probability. */
static double pair_chi_square(size_t lag)
{
    static double count[64][64];
    memset(count, 0, sizeof count);
    const double expected = (double)(N - lag) / (64.0 * 64.0);
    double sum = 0.0;
    for (size_t i = 0; i + lag < N; i++)
        count[(int)(64.0 * gsl_cdf_ugaussian_P(z[i]))][(int)(64.0 * gsl_cdf_ugaussian_P(z[i + lag]))] += 1.0;
    for (int a = 0; a < 64; a++)
        for (int b = 0; b < 64; b++)
            sum += (count[a][b] - expected) * (count[a][b] - expected) / expected;
    return gsl_cdf_chisq_Q(sum, 4095.0);
}

START_TEST(pairs_fill_the_plane)
{
    draw();
    ck_assert(pair_chi_square(1) > 1e-5);
    ck_assert(pair_chi_square(NSDE_NORMAL_BLOCK) > 1e-5); /* cosine and sine of one angle */
    for (size_t i = 1; i < N; i++)
        z[i] = 0.03 * z[i - 1] + sqrt(1.0 - 0.03 * 0.03) * z[i];
    ck_assert(pair_chi_square(1) < 1e-5); /* the test sees a correlation of 0.03 */
}
END_TEST

START_TEST(extreme_words_give_finite_normals)
{
    uint64_t radius[NSDE_NORMAL_BLOCK], angle[NSDE_NORMAL_BLOCK];
    double cosine[NSDE_NORMAL_BLOCK], sine[NSDE_NORMAL_BLOCK];
    for (size_t i = 0; i < NSDE_NORMAL_BLOCK; i++) {
        radius[i] = i & 1 ? UINT64_MAX : 0;
        angle[i] = i & 2 ? UINT64_MAX : i & 4 ? (uint64_t)1 << 63 : 0;
    }
    nsde_box_muller(radius, angle, 1.0, cosine, sine);
    for (size_t i = 0; i < NSDE_NORMAL_BLOCK; i++) {
        ck_assert(isfinite(cosine[i]) && isfinite(sine[i]) && cosine[i] != 0.0 && sine[i] != 0.0);
        const double longest = i & 1 ? sqrt(-2.0 * log1p(-0x1p-53)) : sqrt(2.0 * 53.0 * log(2.0));
        check_relative(hypot(cosine[i], sine[i]), longest, 1e-9);
    }
}
END_TEST

START_TEST(the_series_agree_with_the_library_functions)
{
    uint64_t radius[NSDE_NORMAL_BLOCK], angle[NSDE_NORMAL_BLOCK], word = 88172645463325252u;
    double cosine[NSDE_NORMAL_BLOCK], sine[NSDE_NORMAL_BLOCK];
    for (int round = 0; round < 2000; round++) {
        for (size_t i = 0; i < NSDE_NORMAL_BLOCK; i++) {
            word ^= word << 13, word ^= word >> 7, word ^= word << 17;
            radius[i] = word >> (i % 50);
            angle[i] = word * 0x9e3779b97f4a7c15u;
        }
        nsde_box_muller(radius, angle, 2.385, cosine, sine);
        for (size_t i = 0; i < NSDE_NORMAL_BLOCK; i++) {
            const double u = ((double)(radius[i] >> 12) + 0.5) * 0x1p-52;
            const double v = ((double)(angle[i] >> 12) + 0.5) * 0x1p-52;
            const double r = 2.385 * sqrt(-2.0 * log(u));
            check_absolute(cosine[i], r * cos(2.0 * NSDE_PI * v), 2e-15 * r + 1e-300);
            check_absolute(sine[i], r * sin(2.0 * NSDE_PI * v), 2e-15 * r + 1e-300);
        }
    }
}
END_TEST

START_TEST(a_stream_is_a_pure_function_of_its_numbers)
{
    double whole[1000], part[1000];
    nsde_normals(7, 11, 0, 1000, whole);
    for (size_t first = 0; first < 300; first += 37) {
        nsde_normals(7, 11, first, 500, part);
        ck_assert_mem_eq(part, whole + first, 500 * sizeof *part);
    }
    nsde_normals(8, 11, 0, 1000, part);
    ck_assert_mem_ne(part, whole, sizeof part);
    nsde_normals(7, 12, 0, 1000, part);
    ck_assert_mem_ne(part, whole, sizeof part);
}
END_TEST

void test_cases(TCase *cases)
{
    tcase_add_test(cases, the_moments_are_those_of_a_normal);
    tcase_add_test(cases, the_distribution_is_normal);
    tcase_add_test(cases, neighbours_are_not_correlated);
    tcase_add_test(cases, pairs_fill_the_plane);
    tcase_add_test(cases, extreme_words_give_finite_normals);
    tcase_add_test(cases, the_series_agree_with_the_library_functions);
    tcase_add_test(cases, a_stream_is_a_pure_function_of_its_numbers);
}
