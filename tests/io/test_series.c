/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "harness.h"
#include "nsde/series.h"

static const double times[] = {0.5, 0.75, 1.5};
static const double values[] = {2.385, -1.0, NAN, 4.25, 0.125, 17.0};

START_TEST(arrays_are_copied)
{
    nsde_series *series;
    const char *const names[] = {"short", "long"};
    check_ok(nsde_series_create(3, 2, times, values, names, &series));
    ck_assert_uint_eq(series->n, 3);
    ck_assert_uint_eq(series->dim, 2);
    ck_assert(memcmp(series->times, times, sizeof times) == 0 && series->times != times);
    ck_assert(memcmp(series->values, values, sizeof values) == 0);
    ck_assert_str_eq(series->names[1], "long");
    ck_assert_str_eq(series->time_label, "time");
    ck_assert_str_eq(series->origin, "");
    nsde_series_destroy(series);
    check_ok(nsde_series_create(3, 2, times, values, NULL, &series));
    ck_assert_str_eq(series->names[1], "x2");
    nsde_series_destroy(series);
    nsde_series_destroy(NULL);
}
END_TEST

START_TEST(bad_arrays_are_refused)
{
    nsde_series *series = (nsde_series *)&series;
    const double again[] = {0.5, 0.75, 0.75}, back[] = {0.5, 0.25, 0.75}, nowhere[] = {0.5, NAN, 0.75};
    const double infinite[] = {1.0, 2.0, INFINITY}, none[] = {NAN, NAN, NAN};
    const char *const nameless[] = {"short", ""};
    check_refused(nsde_series_create(3, 1, again, values, NULL, &series), NSDE_INVALID, "row 3");
    ck_assert_ptr_null(series);
    check_refused(nsde_series_create(3, 1, back, values, NULL, &series), NSDE_INVALID, "row 2");
    check_refused(nsde_series_create(3, 1, nowhere, values, NULL, &series), NSDE_INVALID, "row 2");
    check_refused(nsde_series_create(3, 1, times, infinite, NULL, &series), NSDE_INVALID, "row 3");
    check_refused(nsde_series_create(3, 1, times, none, NULL, &series), NSDE_INVALID, "all values");
    check_refused(nsde_series_create(1, 1, times, values, NULL, &series), NSDE_INVALID, "two observations");
    check_refused(nsde_series_create(3, 0, times, values, NULL, &series), NSDE_INVALID, "0 quantities");
    check_refused(nsde_series_create((size_t)-1, 2, times, values, NULL, &series), NSDE_INVALID,
                  "not possible");
    check_refused(nsde_series_create(3, 1, NULL, values, NULL, &series), NSDE_INVALID, "times is NULL");
    check_refused(nsde_series_create(3, 1, times, NULL, NULL, &series), NSDE_INVALID, "values is NULL");
    check_refused(nsde_series_create(3, 2, times, values, nameless, &series), NSDE_INVALID, "quantity 2");
    check_refused(nsde_series_create(3, 2, times, values, NULL, NULL), NSDE_INVALID, "series is NULL");
}
END_TEST

void test_cases(TCase *cases)
{
    tcase_add_test(cases, arrays_are_copied);
    tcase_add_test(cases, bad_arrays_are_refused);
}
