/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <gsl/gsl_randist.h>

#include "harness.h"
#include "nsde/noise.h"

/* Known answers published with the algorithm (Random123, philox4x32 with 10 rounds). */
static const struct {
    uint32_t counter[4], key[2], words[4];
} known[] = {
    {{0, 0, 0, 0}, {0, 0}, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
    {{0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff},
     {0xffffffff, 0xffffffff},
     {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
    {{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
     {0xa4093822, 0x299f31d0},
     {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
};

START_TEST(the_block_function_gives_the_known_answers)
{
    uint32_t words[4];
    nsde_philox(known[_i].counter, known[_i].key, words);
    for (int i = 0; i < 4; i++)
        ck_assert_uint_eq(words[i], known[_i].words[i]);
}
END_TEST

START_TEST(the_generator_walks_through_the_counters)
{
    gsl_rng *rng = gsl_rng_alloc(nsde_rng_philox);
    gsl_rng_set(rng, 0x299f31d0a4093822u);
    for (uint32_t block = 0; block < 5; block++) {
        uint32_t words[4];
        nsde_philox((uint32_t[]){block, 0, 0, 0}, (uint32_t[]){0xa4093822, 0x299f31d0}, words);
        for (int i = 0; i < 4; i++)
            ck_assert_uint_eq(gsl_rng_get(rng), words[i]);
    }
    gsl_rng_free(rng);
}
END_TEST

START_TEST(the_generator_serves_the_distributions_of_gsl)
{
    gsl_rng *rng = gsl_rng_alloc(nsde_rng_philox), *copy;
    gsl_rng_set(rng, 2385);
    double sum = 0.0, squares = 0.0, uniform = 0.0;
    const int n = 200000;
    for (int i = 0; i < n; i++) {
        const double z = gsl_ran_gaussian_ziggurat(rng, 1.0), u = gsl_rng_uniform(rng);
        ck_assert(u >= 0.0 && u < 1.0);
        sum += z;
        squares += z * z;
        uniform += u;
    }
    check_absolute(sum / n, 0.0, 5.0 / sqrt(n));
    check_absolute(squares / n, 1.0, 5.0 * sqrt(2.0 / n));
    check_absolute(uniform / n, 0.5, 5.0 / sqrt(12.0 * n));
    copy = gsl_rng_clone(rng);
    ck_assert_uint_eq(gsl_rng_get(copy), gsl_rng_get(rng));
    gsl_rng_free(copy);
    gsl_rng_free(rng);
}
END_TEST

void test_cases(TCase *cases)
{
    tcase_add_loop_test(cases, the_block_function_gives_the_known_answers, 0, 3);
    tcase_add_test(cases, the_generator_walks_through_the_counters);
    tcase_add_test(cases, the_generator_serves_the_distributions_of_gsl);
}
