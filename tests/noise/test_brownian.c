/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdlib.h>

#include "harness.h"
#include "nsde/noise.h"

enum { PATHS = 150, STEPS = 9, COMPONENTS = 3, STRIDE = 160 };
static double all[STEPS][COMPONENTS][STRIDE];

static nsde_brownian *grid_of(uint64_t seed)
{
    nsde_brownian *grid;
    check_ok(nsde_brownian_grid(seed, COMPONENTS, &grid));
    check_ok(nsde_brownian_increments(grid, 0.25, 1000, PATHS, 0, STEPS, STRIDE, &all[0][0][0]));
    return grid;
}

START_TEST(an_increment_depends_on_seed_path_step_and_component_alone)
{
    nsde_brownian *grid = grid_of(2385);
    for (size_t path = 0; path < PATHS; path += 29)
        for (size_t step = 0; step < STEPS; step++)
            for (size_t width = 1; width <= 2; width++) {
                double one[2][COMPONENTS][7];
                const size_t steps = step + width <= STEPS ? width : 1;
                check_ok(nsde_brownian_increments(grid, 0.25, 1000 + path, 1, step, steps, 7, &one[0][0][0]));
                for (size_t k = 0; k < steps; k++)
                    for (size_t c = 0; c < COMPONENTS; c++)
                        ck_assert(one[k][c][0] == all[step + k][c][path]);
            }
    nsde_brownian_destroy(grid);
}
END_TEST

START_TEST(increments_scale_with_the_root_of_the_step)
{
    nsde_brownian *grid = grid_of(5);
    double twice[COMPONENTS][STRIDE];
    check_ok(nsde_brownian_increments(grid, 1.0, 1000, PATHS, 0, 1, STRIDE, &twice[0][0]));
    for (size_t c = 0; c < COMPONENTS; c++)
        for (size_t i = 0; i < PATHS; i++)
            ck_assert(twice[c][i] == 2.0 * all[0][c][i]);
    nsde_brownian_destroy(grid);
}
END_TEST

START_TEST(seeds_differ_and_repeat)
{
    static double first[STEPS][COMPONENTS][STRIDE];
    uint64_t seed;
    nsde_brownian *grid = grid_of(1);
    memcpy(first, all, sizeof all);
    ck_assert(nsde_brownian_seed(grid, &seed) && seed == 1);
    nsde_brownian_destroy(grid);
    nsde_brownian_destroy(grid_of(2));
    ck_assert_mem_ne(first, all, sizeof all);
    nsde_brownian_destroy(grid_of((uint64_t)1 << 32 | 1)); /* the upper half of the seed counts */
    ck_assert_mem_ne(first, all, sizeof all);
    nsde_brownian_destroy(grid_of(1));
    ck_assert_mem_eq(first, all, sizeof all);
}
END_TEST

START_TEST(paths_steps_and_components_are_not_correlated)
{
    enum { N = 40000 };
    double *dW = malloc(4 * 2 * (size_t)N * sizeof *dW);
    nsde_brownian *grid;
    check_ok(nsde_brownian_grid(99, 2, &grid));
    check_ok(nsde_brownian_increments(grid, 1.0, 0, N, 0, 4, N, dW));
    for (int a = 0; a < 8; a++)
        for (int b = 0; b <= a; b++)
            for (size_t lag = 0; lag < 3; lag++) {
                double sum = 0.0;
                for (size_t i = lag; i < N; i++)
                    sum += dW[a * N + i] * dW[b * N + i - lag] / N;
                const bool same = a == b && lag == 0;
                check_absolute(sum, same ? 1.0 : 0.0, 5.0 * sqrt((same ? 2.0 : 1.0) / N));
            }
    nsde_brownian_destroy(grid);
    free(dW);
}
END_TEST

/* mt19937 with seed 42: the ziggurat's first three normals in GSL 2.7; one call a number, in order. */
START_TEST(any_generator_is_a_source)
{
    const double expected[] = {-0.81126356835806246, 1.0925563343237223, -1.8730739565482541};
    gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
    gsl_rng_set(rng, 42);
    nsde_brownian *noise;
    double dW[3][1];
    uint64_t seed;
    check_ok(nsde_brownian_from_rng(rng, 1, 3, 1, 1.0, &noise));
    check_ok(nsde_brownian_increments(noise, 1.0, 0, 1, 0, 3, 1, &dW[0][0]));
    for (int i = 0; i < 3; i++)
        check_relative(dW[i][0], expected[i], 4e-16);
    ck_assert(!nsde_brownian_seed(noise, &seed));
    nsde_brownian_destroy(noise);
    gsl_rng_free(rng);
}
END_TEST

START_TEST(generators_of_gsl_are_untouched)
{
    gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
    unsigned long last = 0;
    gsl_rng_set(rng, 4357);
    ck_assert_uint_eq(gsl_rng_get(rng), 4293858116u);
    for (int i = 1; i < 1000; i++)
        last = gsl_rng_get(rng);
    ck_assert_uint_eq(last, 1186927261u);
    gsl_rng_free(rng);
    rng = gsl_rng_alloc(gsl_rng_taus2);
    gsl_rng_set(rng, 1);
    for (int i = 0; i < 10000; i++)
        last = gsl_rng_get(rng);
    ck_assert_uint_eq(last, 2733957125u);
    gsl_rng_free(rng);
}
END_TEST

START_TEST(stored_increments_come_back)
{
    double given[2][3][2], dW[2][2][4];
    for (int i = 0; i < 12; i++)
        (&given[0][0][0])[i] = 0.1 * i - 0.385;
    nsde_brownian *noise;
    check_ok(nsde_brownian_stored(2, 3, 2, 0.5, &given[0][0][0], &noise));
    check_ok(nsde_brownian_increments(noise, 0.5, 0, 2, 1, 2, 4, &dW[0][0][0]));
    for (int path = 0; path < 2; path++)
        for (int step = 0; step < 2; step++)
            for (int c = 0; c < 2; c++)
                ck_assert(dW[step][c][path] == given[path][step + 1][c]);
    ck_assert(dW[1][1][3] == 0.0);
    check_refused(nsde_brownian_increments(noise, 0.25, 0, 2, 0, 1, 4, &dW[0][0][0]), NSDE_INVALID, "0.5");
    check_refused(nsde_brownian_increments(noise, 0.5, 1, 2, 0, 1, 4, &dW[0][0][0]), NSDE_INVALID, "2 paths");
    check_refused(nsde_brownian_increments(noise, 0.5, 0, 2, 2, 2, 4, &dW[0][0][0]), NSDE_INVALID, "3 steps");
    nsde_brownian_destroy(noise);
    given[1][2][0] = NAN;
    check_refused(nsde_brownian_stored(2, 3, 2, 0.5, &given[0][0][0], &noise), NSDE_INVALID,
                  "path 1, step 2, component 0");
    ck_assert_ptr_null(noise);
}
END_TEST

START_TEST(impossible_noise_is_refused)
{
    nsde_brownian *noise;
    double dW[4];
    check_refused(nsde_brownian_grid(1, 0, &noise), NSDE_INVALID, "0 components");
    check_refused(nsde_brownian_stored(SIZE_MAX / 4, 8, 2, 0.5, dW, &noise), NSDE_OVERFLOW, "overflow");
    check_refused(nsde_brownian_stored(1, 1, 1, 0.0, dW, &noise), NSDE_INVALID, "0");
    check_refused(nsde_brownian_from_rng(NULL, 1, 1, 1, 1.0, &noise), NSDE_INVALID, "a generator");
    ck_assert_ptr_null(noise);
    check_ok(nsde_brownian_grid(1, 1, &noise));
    check_refused(nsde_brownian_increments(noise, NAN, 0, 1, 0, 1, 1, dW), NSDE_INVALID, "nan");
    check_refused(nsde_brownian_increments(noise, 1.0, 0, 2, 0, 1, 1, dW), NSDE_INVALID, "stride");
    check_refused(nsde_brownian_increments(noise, 1.0, 0, 1, (uint64_t)1 << 41, 1, 1, dW), NSDE_INVALID,
                  "2^41");
    nsde_brownian_destroy(noise);
}
END_TEST

START_TEST(drawing_allocates_nothing_and_creation_may_fail)
{
    enum { LANES = 100, DRAWN = 7 };
    static double dW[DRAWN * 3 * LANES], given[4 * DRAWN * 3];
    nsde_brownian *kinds[3] = {NULL};
    nsde_status status[3]; /* looked at afterwards, for a check might allocate */
    gsl_rng *rng = gsl_rng_alloc(nsde_rng_philox);
    for (size_t k = 0; k < 3; k++) {
        size_t failed = 0;
        for (size_t i = 1; !kinds[k]; i++) {
            test_fail_allocation(i);
            const nsde_status made = k == 0   ? nsde_brownian_grid(5, 3, &kinds[k])
                                     : k == 1 ? nsde_brownian_stored(4, DRAWN, 3, 0.5, given, &kinds[k])
                                              : nsde_brownian_from_rng(rng, 4, DRAWN, 3, 0.5, &kinds[k]);
            ck_assert_int_eq(made, test_allocation_failed() ? NSDE_NO_MEMORY : NSDE_OK);
            failed += test_allocation_failed();
        }
        test_fail_allocation(0);
        ck_assert_uint_eq(failed, k ? 2 : 1);
    }
    const size_t before = test_allocations();
    for (size_t k = 0; k < 3; k++)
        status[k] =
            nsde_brownian_increments(kinds[k], 0.5, 1, k ? 3 : LANES, 1, DRAWN - 1, k ? 3 : LANES, dW);
    ck_assert_uint_eq(test_allocations(), before);
    for (size_t k = 0; k < 3; k++) {
        check_ok(status[k]);
        nsde_brownian_destroy(kinds[k]);
    }
    gsl_rng_free(rng);
}
END_TEST

void test_cases(TCase *cases)
{
    tcase_add_test(cases, drawing_allocates_nothing_and_creation_may_fail);
    tcase_add_test(cases, an_increment_depends_on_seed_path_step_and_component_alone);
    tcase_add_test(cases, increments_scale_with_the_root_of_the_step);
    tcase_add_test(cases, seeds_differ_and_repeat);
    tcase_add_test(cases, paths_steps_and_components_are_not_correlated);
    tcase_add_test(cases, any_generator_is_a_source);
    tcase_add_test(cases, generators_of_gsl_are_untouched);
    tcase_add_test(cases, stored_increments_come_back);
    tcase_add_test(cases, impossible_noise_is_refused);
}
