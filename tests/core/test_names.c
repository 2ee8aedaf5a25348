/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/names.h"
#include "harness.h"

START_TEST(a_name_and_its_aliases_answer)
{
    ck_assert(nsde_name_answers("euler_maruyama", "euler em", "euler_maruyama"));
    ck_assert(nsde_name_answers("euler_maruyama", "euler em", "Euler-Maruyama"));
    ck_assert(nsde_name_answers("euler_maruyama", "euler em", "EM"));
    ck_assert(nsde_name_answers("euler_maruyama", "euler  em", "em"));
    ck_assert(!nsde_name_answers("euler_maruyama", "euler em", "eu"));
    ck_assert(!nsde_name_answers("euler_maruyama", "euler em", "euler em"));
    ck_assert(!nsde_name_answers("euler_maruyama", "", ""));
}
END_TEST

START_TEST(a_list_takes_what_fits)
{
    char list[12] = "";
    nsde_name_append(list, sizeof list, "exact");
    nsde_name_append(list, sizeof list, "milstein");
    nsde_name_append(list, sizeof list, "em");
    ck_assert_str_eq(list, "exact, em");
}
END_TEST

void test_cases(TCase *cases)
{
    tcase_add_test(cases, a_name_and_its_aliases_answer);
    tcase_add_test(cases, a_list_takes_what_fits);
}
