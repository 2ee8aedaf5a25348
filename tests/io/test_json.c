/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "comma_locale.h"
#include "io/json.h"
#include "io/scratch.h"

static const double values[] = {0.1, -1.0 / 3.0, 1.7976931348623157e308, 4.9406564584124654e-324, 17.0};
enum { N = sizeof values / sizeof *values };

/* Writes, reads and writes again: the same bits, and the same bytes. */
static void check_round_trip(void)
{
    scratch place = scratch_open();
    char first[1000], second[1000];
    double back[N], half;
    const char *text;
    cJSON *root = cJSON_CreateObject(), *read;
    ck_assert(nsde_json_add_numbers(root, "weights", N, values));
    ck_assert(nsde_json_add_number(root, "half", 0.5));
    ck_assert(nsde_json_add_number(root, "nothing", NAN));
    ck_assert_ptr_nonnull(cJSON_AddStringToObject(root, "name", "a \"b\"\n"));
    check_ok(nsde_json_write(root, scratch_path(&place, "a.json")));
    cJSON_Delete(root);
    scratch_read(&place, "a.json", first, sizeof first);
    ck_assert_ptr_nonnull(strstr(first, "0.10000000000000001, -0.33333333333333331"));
    check_ok(nsde_json_read(scratch_path(&place, "a.json"), &read));
    check_ok(nsde_json_get_numbers(read, "weights", N, back));
    ck_assert(memcmp(back, values, sizeof values) == 0);
    check_ok(nsde_json_get_number(read, "half", &half));
    ck_assert_double_eq(half, 0.5);
    check_ok(nsde_json_get_string(read, "name", &text));
    ck_assert_str_eq(text, "a \"b\"\n");
    check_refused(nsde_json_get_number(read, "nothing", &half), NSDE_PARSE, "\"nothing\" is not a number");
    root = cJSON_CreateObject();
    ck_assert(nsde_json_add_numbers(root, "weights", N, back) && nsde_json_add_number(root, "half", half) &&
              nsde_json_add_number(root, "nothing", INFINITY) && cJSON_AddStringToObject(root, "name", text));
    check_ok(nsde_json_write(root, scratch_path(&place, "b.json")));
    scratch_read(&place, "b.json", second, sizeof second);
    ck_assert_str_eq(first, second);
    cJSON_Delete(root);
    cJSON_Delete(read);
    scratch_close(&place);
}

START_TEST(numbers_come_back_with_the_same_bits)
{
    check_round_trip();
}
END_TEST

START_TEST(a_decimal_comma_in_the_locale_changes_nothing)
{
    if (use_comma_locale())
        check_round_trip();
}
END_TEST

static void check_bad(const char *text, size_t size, const char *part)
{
    scratch place = scratch_open();
    cJSON *root;
    check_refused(nsde_json_read(scratch_write(&place, "a.json", text, size), &root), NSDE_PARSE, part);
    ck_assert_ptr_null(root);
    scratch_close(&place);
}

START_TEST(bad_json_is_refused_by_its_position)
{
    check_bad("{\"a\": 1,\n \"b\": }", 16, "a.json: line 2, column 7");
    check_bad("{\"a\": 1} more", 13, "line 1, column 10");
    check_bad("{\"a\": 1", 7, "line 1");
    check_bad("", 0, "line 1");
    check_bad("{\"a\": 1}\0{}", 11, "line 1, column 9");
    cJSON *root;
    check_refused(nsde_json_read("/no/such.json", &root), NSDE_IO, "/no/such.json");
    char deep[5000];
    memset(deep, '[', sizeof deep);
    check_bad(deep, sizeof deep, "line 1");
}
END_TEST

START_TEST(members_of_another_kind_are_refused)
{
    cJSON *root = cJSON_Parse("{\"big\": 1e999, \"list\": [1, \"x\"], \"text\": \"t\"}");
    double value[2] = {2.385, 2.385};
    const char *text;
    ck_assert_ptr_nonnull(root);
    check_refused(nsde_json_get_number(root, "big", value), NSDE_PARSE, "\"big\" is not a finite number");
    check_refused(nsde_json_get_number(root, "none", value), NSDE_PARSE, "\"none\" is missing");
    check_refused(nsde_json_get_number(root, "text", value), NSDE_PARSE, "\"text\" is not a number");
    check_refused(nsde_json_get_numbers(root, "list", 2, value), NSDE_PARSE, "\"list\" is not a number");
    check_refused(nsde_json_get_numbers(root, "list", 3, value), NSDE_PARSE, "2 numbers where 3");
    check_refused(nsde_json_get_numbers(root, "text", 3, value), NSDE_PARSE, "not a list");
    check_refused(nsde_json_get_string(root, "big", &text), NSDE_PARSE, "\"big\" is not a text");
    cJSON_Delete(root);
}
END_TEST

START_TEST(a_full_device_is_an_error)
{
    cJSON *root = cJSON_CreateObject();
    check_refused(nsde_json_write(root, "/dev/full"), NSDE_IO, "/dev/full");
    cJSON_Delete(root);
}
END_TEST

void test_cases(TCase *cases)
{
    tcase_add_test(cases, numbers_come_back_with_the_same_bits);
    tcase_add_test(cases, a_decimal_comma_in_the_locale_changes_nothing);
    tcase_add_test(cases, bad_json_is_refused_by_its_position);
    tcase_add_test(cases, members_of_another_kind_are_refused);
    tcase_add_test(cases, a_full_device_is_an_error);
}
