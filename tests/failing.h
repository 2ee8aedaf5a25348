/* Failing every allocation of a call in turn.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef NSDE_TESTS_FAILING_H
#define NSDE_TESTS_FAILING_H

#include "harness.h"

/* Makes, uses and destroys things, and returns the first failure. */
typedef nsde_status (*whole_life)(void *context);

/* Whichever of its allocations fails, the call says so (a sanitizer sees what is left behind); with none
 * failing, before and after, it succeeds. `least` allocations, or this tests nothing. */
static inline void check_failing_allocations(whole_life call, void *context, size_t least)
{
    check_ok(call(context)); /* what is set up once is set up now */
    const size_t before = test_allocations();
    check_ok(call(context));
    const size_t needed = test_allocations() - before;
    ck_assert_uint_ge(needed, least);
    for (size_t k = 1; k <= needed; k++) {
        test_fail_allocation(k);
        const nsde_status status = call(context);
        ck_assert_msg(test_allocation_failed(), "allocation %zu of %zu was not made", k, needed);
        ck_assert_msg(status == NSDE_NO_MEMORY, "allocation %zu of %zu: %s: %s", k, needed,
                      nsde_status_text(status), nsde_error_message());
        ck_assert_ptr_nonnull(strstr(nsde_error_message(), "no memory"));
    }
    test_fail_allocation(0);
    check_ok(call(context));
}

#endif
