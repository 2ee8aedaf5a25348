/* Normals in bulk: the far tails, exact zeros, and the independence of streams.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <cblas.h>
#include <stdlib.h>

#include "harness.h"
#include "nsde/noise.h"

/* 10^8 normals: tails beyond R = 3.44428647676 (where a ziggurat changes its way) and beyond 5, and how often
 * a number is exactly 0, which coarse uniforms make likely. */
START_TEST(tails_of_many_normals)
{
    enum { CHUNK = 100000, CHUNKS = 1000 };
    static double z[CHUNK];
    const double R = 3.44428647676, n = (double)CHUNK * CHUNKS;
    double beyond = 0.0, sum = 0.0, squares = 0.0, far = 0.0, zeros = 0.0;
    for (uint64_t k = 0; k < CHUNKS; k++) {
        nsde_normals(20240229, 5, k * CHUNK, CHUNK, z);
        for (size_t i = 0; i < CHUNK; i++) {
            const double a = fabs(z[i]);
            zeros += a == 0.0;
            if (a > R) {
                beyond += 1.0;
                sum += a;
                squares += a * a;
                far += a > 5.0;
            }
        }
    }
    const double mean = sum / beyond, variance = squares / beyond - mean * mean;
    check_absolute(beyond / n, 5.7256868e-4, 5.0 * sqrt(5.7256868e-4 / n));
    check_absolute(mean, 3.6988865, 5.0 * sqrt(variance / beyond));
    check_absolute(far / n, 5.7330314e-7, 5.0 * sqrt(5.7330314e-7 / n));
    ck_assert(zeros <= 1.0);
}
END_TEST

/* All 499500 correlations between 1000 streams of 10^5 normals: the largest of so many normal numbers of
 * deviation 1 / sqrt(10^5) stays below 6 of them. */
START_TEST(streams_are_not_correlated)
{
    enum { STREAMS = 1000, LENGTH = 100000, CHUNK = 1000 };
    double *z = malloc((size_t)STREAMS * CHUNK * sizeof *z),
           *sums = calloc((size_t)STREAMS * STREAMS, sizeof *z);
    double worst = 0.0;
    for (uint64_t first = 0; first < LENGTH; first += CHUNK) {
        for (uint64_t s = 0; s < STREAMS; s++)
            nsde_normals(7, s, first, CHUNK, z + s * CHUNK);
        cblas_dsyrk(CblasRowMajor, CblasLower, CblasNoTrans, STREAMS, CHUNK, 1.0, z, CHUNK, 1.0, sums,
                    STREAMS);
    }
    for (size_t i = 0; i < STREAMS; i++)
        for (size_t j = 0; j < i; j++)
            worst = fmax(worst, fabs(sums[i * STREAMS + j]) / LENGTH);
    ck_assert_msg(worst <= 0.019, "largest correlation %g", worst);
    ck_assert(worst > 0.012); /* as the largest of so many must be */
    free(z);
    free(sums);
}
END_TEST

void test_cases(TCase *cases)
{
    tcase_add_test(cases, tails_of_many_normals);
    tcase_add_test(cases, streams_are_not_correlated);
}
