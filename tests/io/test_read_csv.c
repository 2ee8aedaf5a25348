/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "comma_locale.h"
#include "io/scratch.h"
#include "nsde/series.h"

#include <math.h>

static const char *const column_x[] = {"x"};
static const nsde_csv_settings time_and_x = {.time = "t", .values = column_x, .n_values = 1, .scale = 1.0};

/* Reads `size` bytes as the file in.csv. */
static nsde_status read_bytes(const char *bytes, size_t size, const nsde_csv_settings *settings,
                              nsde_series **series)
{
    scratch place = scratch_open();
    const nsde_status status =
        nsde_series_read_csv(scratch_write(&place, "in.csv", bytes, size), settings, series);
    scratch_close(&place);
    return status;
}

static nsde_status read_text(const char *text, const nsde_csv_settings *settings, nsde_series **series)
{
    return read_bytes(text, strlen(text), settings, series);
}

/* Columns t and x hold 0.5, 1.25 and 2.385, -4. */
static void check_small(const char *text)
{
    nsde_series *series;
    check_ok(read_text(text, &time_and_x, &series));
    ck_assert_uint_eq(series->n, 2);
    check_absolute(series->times[0], 0.5, 0.0);
    check_absolute(series->times[1], 1.25, 0.0);
    check_absolute(series->values[0], 2.385, 0.0);
    check_absolute(series->values[1], -4.0, 0.0);
    ck_assert_str_eq(series->names[0], "x");
    ck_assert_str_eq(series->time_label, "t");
    ck_assert_ptr_nonnull(strstr(series->origin, "in.csv"));
    nsde_series_destroy(series);
}

START_TEST(all_ways_of_writing_columns_are_read)
{
    check_small("t,x\n0.5,2.385\n1.25,-4\n");
    check_small("t,x\n0.5,2.385\n1.25,-4");               /* no final newline */
    check_small("t,x\r\n0.5,2.385\r\n1.25,-4\r\n");       /* CRLF */
    check_small("t,x\r\n0.5,2.385\r\n1.25,-4\r");         /* cut within CRLF */
    check_small("\xEF\xBB\xBFt,x\n0.5,2.385\n1.25,-4\n"); /* byte order mark */
    check_small("t;x\n0.5;2.385\n1.25;-4\n");
    check_small("t\tx\n0.5\t2.385\n1.25\t-4\n");
    check_small("\"t\",\"x\"\n\"0.5\",2.385\n1.25,\"-4\"\n");
    check_small(" t , x \n 0.5,  2.385 \n1.25 , -4\n");
    check_small("t,x\n0.5,2.385\n1.25,-4\n\n \r\n\n"); /* empty lines at the end */
    check_small("note,x,\"a \"\"b\"\", c\",t\n\"one\ntwo\",2.385,p,0.5\n,-4,\"q,\",1.25\n");
}
END_TEST

START_TEST(missing_values_are_not_a_number)
{
    nsde_series *series;
    check_ok(read_text("t,x\n0,\n1,NA\n2,.\n3,\"\"\n4,7\n", &time_and_x, &series));
    ck_assert_uint_eq(series->n, 5);
    for (size_t i = 0; i < 4; i++)
        ck_assert(isnan(series->values[i]));
    check_absolute(series->values[4], 7.0, 0.0);
    nsde_series_destroy(series);
}
END_TEST

START_TEST(columns_are_found_by_name_and_scaled)
{
    nsde_series *series;
    const char *const names[] = {"b", "a"};
    const nsde_csv_settings settings = {.time = "t", .values = names, .n_values = 2, .scale = 0.01};
    check_ok(read_text("a,t,b\n1,0,2\n3,1,4\n", &settings, &series));
    const double expected[] = {0.02, 0.01, 0.04, 0.03};
    for (size_t i = 0; i < 4; i++)
        check_absolute(series->values[i], expected[i], 0.0);
    nsde_series_destroy(series);
}
END_TEST

START_TEST(dates_are_years)
{
    nsde_series *series;
    check_ok(
        read_text("t,x\n1970-01-01,1\n1999-12-31,2\n2000-02-29,3\n2000-03-01,4\n", &time_and_x, &series));
    check_absolute(series->times[0], 1970.0, 0.0);
    check_relative(series->times[1], 1970.0 + 10956 / 365.2425, 1e-15);
    check_relative(series->times[2], 1970.0 + 11016 / 365.2425, 1e-15);
    check_relative(series->times[3], 1970.0 + 11017 / 365.2425, 1e-15);
    ck_assert_str_eq(series->time_label, "year");
    nsde_series_destroy(series);
    check_ok(read_text("t,x\n0001-01-01,1\n1959-08-01,2\n", &time_and_x, &series));
    check_relative(series->times[0], 1970.0 - 719162 / 365.2425, 1e-15);
    check_relative(series->times[1], 1970.0 - 3806 / 365.2425, 1e-15);
    nsde_series_destroy(series);
}
END_TEST

START_TEST(dt_replaces_the_times)
{
    nsde_series *series;
    nsde_csv_settings settings = time_and_x;
    settings.dt = 1.0 / 12.0;
    check_ok(read_text("t,x\n5,1\n5.08,2\n5.17,3\n", &settings, &series));
    check_absolute(series->times[2], 5.0 + 2.0 / 12.0, 0.0);
    nsde_series_destroy(series);
    check_refused(read_text("t,x\n5,1\n5,2\n", &settings, &series), NSDE_PARSE, "line 3, column t");
    settings.time = NULL;
    check_ok(read_text("x\n1\nNA\n3\n", &settings, &series));
    check_absolute(series->times[0], 0.0, 0.0);
    check_absolute(series->times[2], 2.0 / 12.0, 0.0);
    ck_assert_str_eq(series->time_label, "time");
    nsde_series_destroy(series);
}
END_TEST

/* A text that is refused, and what the message must name besides in.csv. */
static const struct {
    const char *text, *part;
} bad[] = {
    {"", "is empty"},
    {"\n", "line 1: a header"},
    {"\n t,x\n1,2\n2,3\n", "line 1: a header"},
    {"t,x\n", "ends after 0 observations"},
    {"t,x", "ends after 0 observations"},
    {"t,x\n0,1\n", "line 2: the file ends after 1 observation,"},
    {"t,x\n0,1\n1,abc\n", "line 3, column x: \"abc\""},
    {"t,x\n0,1\n1,nan\n", "line 3, column x: \"nan\""},
    {"t,x\n0,inf\n1,2\n", "line 2, column x: \"inf\""},
    {"t,x\n0,1e999\n1,2\n", "line 2, column x: 1e999 is too large"},
    {"t,x\n0,0x1p3\n1,2\n", "line 2, column x"},
    {"t;x\n0;1,5\n1;2\n", "decimal point is a point"},
    {"t,x\n0,1\n1,2,3\n", "line 3 has 3 fields where the header has 2"},
    {"t,x\n0,1\n1\n", "line 3 has 1 field where"},
    {"t,x\n0,1\n1,2\n1,3\n", "line 4, column t: 1 does not come after"},
    {"t,x\n0,1\n2,2\n1,3\n", "line 4, column t: 1 does not come after"},
    {"t,x\n,1\n2,2\n", "line 2, column t: the time is missing"},
    {"t,x\nNA,1\n2,2\n", "line 2, column t"},
    {"t,x\n0,1\n1,\"2\n2,3\n", "line 3: a double quote is opened"},
    {"t,x\n0,1\n1,\"", "line 3: a double quote is opened"},
    {"t,\"x\n0,1\n", "line 1: a double quote is opened"},
    {"t,x\n0,\"1\"2\n1,2\n", "line 2: text follows"},
    {"t,x\n0,1\n\n1,2\n", "line 3: the line is empty"},
    {"t,x\r0,1\r1,2\r", "line 1: a carriage return"},
    {"t,x\n0,1\rx\n1,2\n", "line 2: a carriage return"},
    {"t,x,x\n0,1,2\n1,2,3\n", "2 columns are called \"x\""},
    {"t,x\n0,NA\n1,\n", "all values of column x are missing"},
    {"t,x\n1999-02-28,1\n1999-02-30,2\n", "line 3, column t: 1999-02-30 is not a day"},
    {"t,x\n1900-02-29,1\n1999-02-03,2\n", "line 2, column t: 1900-02-29 is not a day"},
    {"t,x\n1999-13-01,1\n2000-02-03,2\n", "1999-13-01 is not a day"},
    {"t,x\n1999-00-01,1\n2000-02-03,2\n", "1999-00-01 is not a day"},
    {"t,x\n0000-01-01,1\n2000-02-03,2\n", "0000-01-01 is not a day"},
    {"t,x\n1999-1-1,1\n2000-02-03,2\n", "neither a number nor a date"},
    {"t,x\n1999-02-03T00:00,1\n2000-02-03,2\n", "neither a number nor a date"},
    {"t,x\n1999-02-03,1\n2000.5,2\n", "line 3, column t: 2000.5: the times are a mix"},
    {"t,x\n1999,1\n2000-02-03,2\n", "line 3, column t: 2000-02-03: the times are a mix"},
    {"t,x\n1999-02-03,1\nlater,2\n", "line 3, column t: \"later\" is not a date"},
    {"t,x\n1,2\n\"2\n3\",4\n", "line 3, column t"},
};

START_TEST(a_bad_file_is_refused_by_file_and_line)
{
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        nsde_series *series = (nsde_series *)&series;
        check_refused(read_text(bad[i].text, &time_and_x, &series), NSDE_PARSE, bad[i].part);
        ck_assert_msg(strstr(nsde_error_message(), "in.csv"), "%s", nsde_error_message());
        ck_assert_ptr_null(series);
    }
    nsde_series *series;
    static const char zero[] = "t,x\n0,1\n1,\0002\n";
    check_refused(read_bytes(zero, sizeof zero - 1, &time_and_x, &series), NSDE_PARSE, "line 3: a NUL byte");
    nsde_csv_settings large = time_and_x;
    large.scale = 1e10;
    check_refused(read_text("t,x\n0,1e300\n1,2\n", &large, &series), NSDE_PARSE, "line 2, column x");
}
END_TEST

START_TEST(an_unknown_column_is_refused_with_those_there_are)
{
    nsde_series *series;
    check_refused(read_text("t,y,\"z z\"\n0,1,2\n", &time_and_x, &series), NSDE_NOT_FOUND,
                  "no column \"x\"; it has t, y, z z");
    char *many = malloc(40000);
    ck_assert_ptr_nonnull(many);
    size_t used = 0;
    for (int i = 0; i < 4000; i++)
        used += (size_t)snprintf(many + used, 40000 - used, "c%d,", i);
    check_refused(read_text(many, &time_and_x, &series), NSDE_NOT_FOUND, "c2, c3");
    ck_assert_ptr_nonnull(strstr(nsde_error_message(), "..."));
    free(many);
}
END_TEST

START_TEST(long_lines_are_no_matter)
{
    enum { LONG = 3 << 20 };
    char *text = malloc(LONG + 100);
    ck_assert_ptr_nonnull(text);
    nsde_series *series;
    memcpy(text, "t,note,x\n0,", 11);
    memset(text + 11, 'w', LONG);
    strcpy(text + 11 + LONG, ",1\n1,,2\n");
    check_ok(read_text(text, &time_and_x, &series));
    check_absolute(series->values[1], 2.0, 0.0);
    nsde_series_destroy(series);
    memset(text + 11, ',', LONG); /* millions of fields */
    check_refused(read_text(text, &time_and_x, &series), NSDE_PARSE, "line 2 has 3145731 fields");
    memset(text + 11, '7', LONG); /* a number of millions of digits */
    memcpy(text, "t,      x\n0,", 11);
    check_refused(read_text(text, &time_and_x, &series), NSDE_PARSE, "line 2");
    free(text);
}
END_TEST

START_TEST(places_that_are_no_files_are_refused)
{
    nsde_series *series;
    scratch place = scratch_open();
    check_refused(nsde_series_read_csv(place.folder, &time_and_x, &series), NSDE_IO, "directory");
    check_refused(nsde_series_read_csv(scratch_path(&place, "none.csv"), &time_and_x, &series), NSDE_IO,
                  "none.csv");
    check_refused(nsde_series_read_csv(NULL, &time_and_x, &series), NSDE_INVALID, "name");
    if (geteuid() != 0) { /* nothing is protected from the superuser */
        chmod(scratch_write(&place, "secret.csv", "t,x\n0,1\n1,2\n", 12), 0);
        check_refused(nsde_series_read_csv(place.path, &time_and_x, &series), NSDE_IO, "Permission");
    }
    scratch_close(&place);
}
END_TEST

START_TEST(bad_settings_are_refused)
{
    nsde_series *series;
    const char *text = "t,x\n0,1\n1,2\n";
    nsde_csv_settings s = nsde_csv_settings_default();
    check_absolute(s.scale, 1.0, 0.0);
    check_refused(read_text(text, &s, &series), NSDE_INVALID, "values");
    check_refused(read_text(text, NULL, &series), NSDE_INVALID, "settings");
    s.values = (const char *const[]){"x", "x"};
    s.n_values = 1;
    check_refused(read_text(text, &s, &series), NSDE_INVALID, "dt");
    s.time = "t";
    s.scale = 0.0;
    check_refused(read_text(text, &s, &series), NSDE_INVALID, "scale");
    s.scale = NAN;
    check_refused(read_text(text, &s, &series), NSDE_INVALID, "scale");
    s.scale = 1.0;
    s.dt = -0.5;
    check_refused(read_text(text, &s, &series), NSDE_INVALID, "dt");
    s.dt = INFINITY;
    check_refused(read_text(text, &s, &series), NSDE_INVALID, "dt");
    s.dt = 0.0;
    s.n_values = 2;
    check_refused(read_text(text, &s, &series), NSDE_INVALID, "named twice");
    check_refused(nsde_series_read_csv("x.csv", &time_and_x, NULL), NSDE_INVALID, "series is NULL");
}
END_TEST

START_TEST(a_decimal_comma_in_the_locale_changes_nothing)
{
    if (use_comma_locale())
        check_small("t,x\n0.5,2.385\n1.25,-4\n");
}
END_TEST

void test_cases(TCase *cases)
{
    tcase_add_test(cases, all_ways_of_writing_columns_are_read);
    tcase_add_test(cases, missing_values_are_not_a_number);
    tcase_add_test(cases, columns_are_found_by_name_and_scaled);
    tcase_add_test(cases, dates_are_years);
    tcase_add_test(cases, dt_replaces_the_times);
    tcase_add_test(cases, a_bad_file_is_refused_by_file_and_line);
    tcase_add_test(cases, an_unknown_column_is_refused_with_those_there_are);
    tcase_add_test(cases, long_lines_are_no_matter);
    tcase_add_test(cases, places_that_are_no_files_are_refused);
    tcase_add_test(cases, bad_settings_are_refused);
    tcase_add_test(cases, a_decimal_comma_in_the_locale_changes_nothing);
}
