/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/error.h"
#include "harness.h"

#include <pthread.h>

START_TEST(a_message_names_its_cause)
{
    ck_assert_int_eq(nsde_fail(NSDE_PARSE, "row %d is short", 7), NSDE_PARSE);
    ck_assert_str_eq(nsde_error_message(), "row 7 is short");
    ck_assert_int_eq(nsde_fail_within(NSDE_IO, "%s", "a.csv"), NSDE_IO);
    ck_assert_str_eq(nsde_error_message(), "a.csv: row 7 is short");
}
END_TEST

START_TEST(a_long_message_is_cut_visibly)
{
    char text[3 * NSDE_MESSAGE_SIZE];
    memset(text, 'x', sizeof text);
    text[sizeof text - 1] = '\0';
    (void)nsde_fail(NSDE_INVALID, "%s", text);
    ck_assert_uint_eq(strlen(nsde_error_message()), NSDE_MESSAGE_SIZE - 1);
    ck_assert_str_eq(nsde_error_message() + NSDE_MESSAGE_SIZE - 4, "...");
}
END_TEST

static void *fail_elsewhere(void *unused)
{
    (void)nsde_fail(NSDE_INVALID, "elsewhere");
    return unused;
}

START_TEST(a_message_belongs_to_its_thread)
{
    pthread_t thread;
    (void)nsde_fail(NSDE_INVALID, "here");
    ck_assert_int_eq(pthread_create(&thread, NULL, fail_elsewhere, NULL), 0);
    pthread_join(thread, NULL);
    ck_assert_str_eq(nsde_error_message(), "here");
}
END_TEST

START_TEST(every_status_has_a_text)
{
    for (int status = NSDE_OK; status <= NSDE_DIVERGED; status++)
        ck_assert_str_ne(nsde_status_text((nsde_status)status), "unknown status");
    ck_assert_str_eq(nsde_status_text((nsde_status)12345), "unknown status");
}
END_TEST

void test_cases(TCase *cases)
{
    tcase_add_test(cases, a_message_names_its_cause);
    tcase_add_test(cases, a_long_message_is_cut_visibly);
    tcase_add_test(cases, a_message_belongs_to_its_thread);
    tcase_add_test(cases, every_status_has_a_text);
}
