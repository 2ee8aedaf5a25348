/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "comma_locale.h"
#include "core/number.h"
#include "harness.h"

#include <float.h>

/* Numbers of all magnitudes, from the bits of a linear congruential generator. */
static double any_finite(uint64_t *state)
{
    double value;
    do {
        *state = *state * 6364136223846793005u + 1442695040888963407u;
        const uint64_t bits = *state ^ (*state >> 29);
        memcpy(&value, &bits, sizeof value);
    } while (!isfinite(value));
    return value;
}

static void check_round_trips(void)
{
    uint64_t state = 2385;
    char text[NSDE_NUMBER_SIZE];
    const double special[] = {0.1, -0.0, DBL_MAX, -DBL_MAX, DBL_MIN, 4.9406564584124654e-324, 1.0 / 3.0};
    for (size_t i = 0; i < 20000; i++) {
        const double value = i < 7 ? special[i] : any_finite(&state);
        double back = 2.385;
        check_ok(nsde_parse_number(nsde_format_number(value, text), &back));
        ck_assert_msg(memcmp(&value, &back, sizeof value) == 0, "%s came back as %a, not %a", text, back,
                      value);
    }
}

static void check_texts(void)
{
    char text[NSDE_NUMBER_SIZE];
    ck_assert_str_eq(nsde_format_number(0.1, text), "0.10000000000000001");
    ck_assert_str_eq(nsde_format_number(-2.385e-300, text), "-2.3850000000000001e-300");
    ck_assert_str_eq(nsde_format_number(17.0, text), "17");
    ck_assert_str_eq(nsde_format_digits(2.3856, 4, text), "2.386");
    ck_assert_str_eq(nsde_format_digits(-INFINITY, 4, text), "-inf");
    double value;
    check_ok(nsde_parse_number("2.385", &value));
    check_relative(value, 2.385, 0.0);
    check_ok(nsde_parse_number("+.5E+1", &value));
    check_relative(value, 5.0, 0.0);
    check_ok(nsde_parse_number("7.", &value));
    check_relative(value, 7.0, 0.0);
    check_ok(nsde_parse_fraction("1/12", &value));
    check_relative(value, 1.0 / 12.0, 0.0);
    check_ok(nsde_parse_fraction("0.25", &value));
    check_relative(value, 0.25, 0.0);
}

START_TEST(numbers_come_back_with_the_same_bits)
{
    check_round_trips();
    check_texts();
}
END_TEST

START_TEST(what_is_no_number_is_refused)
{
    double value = 2.385;
    const char *const bad[] = {"",      " ",   "nan",   "NaN",   "inf", "-inf", "infinity", "0x10",  "1x",
                               "1 ",    " 1",  "1e",    "1e+",   ".",   "-",    "+-1",      "1.2.3", "--1",
                               "1e5.5", "1d3", "1_000", "0x1p3", "1/2", "e5",   "NA",       "1,5"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        check_refused(nsde_parse_number(bad[i], &value), NSDE_PARSE, "is not a number");
    check_refused(nsde_parse_number("1e999", &value), NSDE_PARSE, "1e999 is too large");
    check_refused(nsde_parse_number("-1.8e308", &value), NSDE_PARSE, "too large");
    check_refused(nsde_parse_number("3,5", &value), NSDE_PARSE, "decimal point is a point");
    const char *const bad_fractions[] = {"1/", "/2", "1/2/3", "1/x", "x/1", "1 /2", "1/ 2"};
    for (size_t i = 0; i < sizeof bad_fractions / sizeof *bad_fractions; i++)
        check_refused(nsde_parse_fraction(bad_fractions[i], &value), NSDE_PARSE, "is not a number");
    check_refused(nsde_parse_fraction("1/0", &value), NSDE_PARSE, "not a finite");
    check_refused(nsde_parse_fraction("0/0", &value), NSDE_PARSE, "not a finite");
    check_refused(nsde_parse_fraction("1/1e999", &value), NSDE_PARSE, "too large");
    check_relative(value, 2.385, 0.0); /* untouched */
    check_ok(nsde_parse_number("1e-999", &value));
    check_absolute(value, 0.0, 0.0);
}
END_TEST

START_TEST(whole_numbers_are_read_strictly)
{
    uint64_t value = 2385;
    check_ok(nsde_parse_uint64("18446744073709551615", &value));
    ck_assert(value == UINT64_MAX);
    check_refused(nsde_parse_uint64("18446744073709551616", &value), NSDE_PARSE, "too large");
    check_refused(nsde_parse_uint64("99999999999999999999999", &value), NSDE_PARSE, "too large");
    const char *const bad[] = {"", "-1", "+1", " 1", "1 ", "1.0", "1e3", "0x10", "x"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        check_refused(nsde_parse_uint64(bad[i], &value), NSDE_PARSE, "is not a whole number");
    ck_assert(value == UINT64_MAX);
    size_t size = 0;
    check_ok(nsde_parse_size("1024", &size));
    ck_assert_uint_eq(size, 1024);
    check_refused(nsde_parse_size("many", &size), NSDE_PARSE, "whole");
}
END_TEST

START_TEST(a_decimal_comma_in_the_locale_changes_nothing)
{
    if (!use_comma_locale())
        return;
    check_round_trips();
    check_texts();
    double value;
    check_refused(nsde_parse_number("3,5", &value), NSDE_PARSE, "is not a number");
    ck_assert(comma_locale_in_use()); /* the host's locale is as it was */
    ck_assert_double_eq(strtod("3,5", NULL), 3.5);
}
END_TEST

void test_cases(TCase *cases)
{
    tcase_add_test(cases, numbers_come_back_with_the_same_bits);
    tcase_add_test(cases, what_is_no_number_is_refused);
    tcase_add_test(cases, whole_numbers_are_read_strictly);
    tcase_add_test(cases, a_decimal_comma_in_the_locale_changes_nothing);
}
