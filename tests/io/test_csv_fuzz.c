/* The fuzz target on mutations that are the same every time.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "fuzz/fuzz_csv.c"
#include "fuzz/mutate.h"

static const char *const seeds[] = {
    "t,x\n0,1\n1,2\n2,3.5e-3\n",
    "\xEF\xBB\xBFt;\"x\"\r\n1999-01-31;NA\r\n1999-02-28;\"7\"\r\n",
    "note\tt\tx\n\"a \"\"b\"\"\nc\"\t0.5\t.\n d\t1\t-2\n\n",
    "x\n1\n2\n\n\n",
};

static const char favourites[] = "\",;\t\r\n .-eE0159xtnaNA\0\xEF";

static const corpus texts = {seeds, sizeof seeds / sizeof *seeds, favourites, sizeof favourites - 1};

START_TEST(no_mutant_breaks_the_reader)
{
    fuzz_mutants(&texts, 20000);
}
END_TEST

START_TEST(no_cut_breaks_the_reader)
{
    fuzz_cuts(&texts);
}
END_TEST

void test_cases(TCase *cases)
{
    tcase_add_test(cases, no_mutant_breaks_the_reader);
    tcase_add_test(cases, no_cut_breaks_the_reader);
}
