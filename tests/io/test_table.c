/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "comma_locale.h"
#include "failing.h"
#include "io/scratch.h"
#include "nsde/archive.h"
#include "nsde/series.h"

static const char *const names[] = {"t", "a \"b\", c", "x"};
static const double rows[][3] = {{0.0, 0.1, 2.385}, {0.25, NAN, -1e-300}};
static const char expected[] = "t,\"a \"\"b\"\", c\",x\n0,0.10000000000000001,2.3849999999999998\n"
                               "0.25,NA,-1e-300\n";

static void check_table(void)
{
    scratch place = scratch_open();
    char text[500];
    check_ok(nsde_table_write_csv(scratch_path(&place, "a.csv"), 3, names, 2, rows[0]));
    scratch_read(&place, "a.csv", text, sizeof text);
    ck_assert_str_eq(text, expected);
    scratch_close(&place);
}

START_TEST(a_table_has_a_header_and_17_digits)
{
    check_table();
}
END_TEST

START_TEST(a_table_is_read_back_to_the_bit)
{
    scratch place = scratch_open();
    nsde_series *series;
    nsde_table_writer *writer;
    check_ok(nsde_table_open_csv(scratch_path(&place, "a.csv"), 3, names, &writer));
    check_ok(nsde_table_write(writer, 1, rows[0]));
    check_ok(nsde_table_write(writer, 1, rows[1]));
    check_ok(nsde_table_close(writer));
    nsde_table table;
    check_ok(nsde_table_read_csv(scratch_path(&place, "a.csv"), &table));
    ck_assert(table.n_rows == 2 && table.n_columns == 3);
    for (int i = 0; i < 6; i++)
        ck_assert(i == 4 ? isnan(table.values[i]) : table.values[i] == rows[i / 3][i % 3]);
    nsde_table_release(&table);
    const nsde_csv_settings settings = {.time = "t", .values = names + 1, .n_values = 2, .scale = 1.0};
    check_ok(nsde_series_read_csv(scratch_path(&place, "a.csv"), &settings, &series));
    ck_assert_double_eq(series->values[0], 0.1);
    ck_assert_double_eq(series->values[1], 2.385);
    ck_assert(isnan(series->values[2]));
    ck_assert_double_eq(series->values[3], -1e-300);
    nsde_series_destroy(series);
    scratch_close(&place);
}
END_TEST

START_TEST(a_table_that_cannot_be_written_is_refused)
{
    scratch place = scratch_open();
    nsde_table_writer *writer;
    const char *const nameless[] = {"t", ""};
    check_refused(nsde_table_write_csv("/dev/full", 3, names, 2, rows[0]), NSDE_IO, "/dev/full");
    check_refused(nsde_table_open_csv("/proc/a.csv", 3, names, &writer), NSDE_IO, "/proc/a.csv");
    check_refused(nsde_table_open_csv("a.csv", 0, names, &writer), NSDE_INVALID, "column");
    check_refused(nsde_table_open_csv("a.csv", 2, nameless, &writer), NSDE_INVALID, "column 2");
    ck_assert_ptr_null(writer);
    check_ok(nsde_table_open_csv(scratch_path(&place, "a.csv"), 3, names, &writer));
    check_refused(nsde_table_write(writer, 1, NULL), NSDE_INVALID, "values is NULL");
    nsde_table_discard(writer);
    nsde_table_discard(NULL);
    ck_assert_uint_eq(scratch_count(&place, false), 0);
    scratch_close(&place);
}
END_TEST

START_TEST(a_decimal_comma_in_the_locale_changes_nothing)
{
    if (use_comma_locale())
        check_table();
}
END_TEST

static nsde_status read_whole(void *context)
{
    nsde_table table;
    const nsde_status status = nsde_table_read_csv(context, &table);
    ck_assert(!status || !table.values);
    nsde_table_release(&table);
    return status;
}

START_TEST(a_table_is_read_or_refused_with_its_line)
{
    scratch place = scratch_open();
    nsde_table table;
    char many[4000] = "u\n";
    for (int i = 0; i < 200; i++)
        snprintf(many + strlen(many), sizeof many - strlen(many), "%d\n", i);
    const char *path = scratch_write(&place, "many.csv", many, strlen(many));
    check_ok(nsde_table_read_csv(path, &table));
    ck_assert(table.n_rows == 200 && table.n_columns == 1 && table.values[199] == 199.0);
    nsde_table_release(&table);
    check_failing_allocations(read_whole, (void *)path, 4);
    static const char text[] = "a,b\n1,2\n3,x\n", short_text[] = "a,b\n1,2\n3\n";
    path = scratch_write(&place, "bad.csv", text, strlen(text));
    check_refused(nsde_table_read_csv(path, &table), NSDE_PARSE, "bad.csv: line 3");
    path = scratch_write(&place, "short.csv", short_text, strlen(short_text));
    check_refused(nsde_table_read_csv(path, &table), NSDE_PARSE, "line 3 has 1 field where");
    check_refused(nsde_table_read_csv("/nowhere/a.csv", &table), NSDE_IO, "nowhere");
    check_refused(nsde_table_read_csv(NULL, &table), NSDE_INVALID, "file");
    scratch_close(&place);
}
END_TEST

void test_cases(TCase *cases)
{
    tcase_add_test(cases, a_table_is_read_or_refused_with_its_line);
    tcase_add_test(cases, a_table_has_a_header_and_17_digits);
    tcase_add_test(cases, a_table_is_read_back_to_the_bit);
    tcase_add_test(cases, a_table_that_cannot_be_written_is_refused);
    tcase_add_test(cases, a_decimal_comma_in_the_locale_changes_nothing);
}
