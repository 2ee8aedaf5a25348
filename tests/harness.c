/* The main function of every test program.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "harness.h"

#include <stdlib.h>

int main(int count, char **arguments)
{
    const char *name = count > 1 ? arguments[1] : arguments[0];
    Suite *suite = suite_create(name);
    TCase *cases = tcase_create("all");
    tcase_set_timeout(cases, 0); /* the build system stops what hangs */
    test_cases(cases);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    const int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
