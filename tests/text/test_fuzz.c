/* The fuzz target on mutations that are the same every time.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "fuzz/fuzz_text.c"
#include "fuzz/mutate.h"

static const char *const seeds[] = {
    "a*(0.06-x)",
    "a*x2; -x1 + mlp(3,2,silu)",
    "1, 0; a, select(x1, exp(-2e-3), x2^2^-1)",
    "kappa=0.5:0:, mu=0.06, sigma=.02:0:1e3",
    "exp(-0.05*t)*max(x1[0]-mean(x2), largest(x1))",
};

static const char favourites[] = "+-*/^(),;:=[]. \nxat12eE9_\0\xC3";

static const corpus texts = {seeds, sizeof seeds / sizeof *seeds, favourites, sizeof favourites - 1};

START_TEST(no_mutant_breaks_the_parser)
{
    fuzz_mutants(&texts, 6000);
}
END_TEST

START_TEST(no_cut_breaks_the_parser)
{
    fuzz_cuts(&texts);
}
END_TEST

void test_cases(TCase *cases)
{
    tcase_add_test(cases, no_mutant_breaks_the_parser);
    tcase_add_test(cases, no_cut_breaks_the_parser);
}
