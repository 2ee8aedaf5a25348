/* Every tests/<layer>/test_<name>.c defines test_cases(); harness.c turns it into a program.
 *
 * Statistical tests use fixed seeds and tolerances from standard errors; a test that could not fail is no
 * test, so wrong coefficients are kept beside the right ones as negative controls.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef NSDE_TESTS_HARNESS_H
#define NSDE_TESTS_HARNESS_H

#include <check.h>
#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "nsde/status.h"

/* Adds the tests of this file with tcase_add_test. */
void test_cases(TCase *cases);

/* Allocations the library has made so far, all of them through core/memory.h. */
size_t test_allocations(void);
/* Lets the k-th allocation from now on fail, once (1 is the next one; 0 takes that back). */
void test_fail_allocation(size_t k);
/* Has the failure asked for last happened? */
bool test_allocation_failed(void);

/* The call succeeds; else the test fails with the library's message. */
#define check_ok(call)                                                                                       \
    do {                                                                                                     \
        const nsde_status check_status = (call);                                                             \
        ck_assert_msg(check_status == NSDE_OK, "%s: %s: %s", #call, nsde_status_text(check_status),          \
                      nsde_error_message());                                                                 \
    } while (0)

/* The call is refused with this status, and the message contains `part`. */
#define check_refused(call, status, part)                                                                    \
    do {                                                                                                     \
        const nsde_status check_status = (call);                                                             \
        ck_assert_msg(check_status == (status), "%s: %s instead of %s (%s)", #call,                          \
                      nsde_status_text(check_status), nsde_status_text(status), nsde_error_message());       \
        ck_assert_msg(strstr(nsde_error_message(), (part)) != NULL, "%s: \"%s\" does not name \"%s\"",       \
                      #call, nsde_error_message(), (part));                                                  \
    } while (0)

/* |value - expected| <= tolerance * max(|expected|, floor): relative with a floor for values near 0. */
#define check_close_floor(value, expected, tolerance, floor)                                                 \
    do {                                                                                                     \
        const double check_value = (value), check_expected = (expected);                                     \
        const double check_scale = fmax(fabs(check_expected), (floor));                                      \
        ck_assert_msg(fabs(check_value - check_expected) <= (tolerance)*check_scale,                         \
                      "%s = %.17g, expected %.17g, off by %.3g (allowed %.3g)", #value, check_value,         \
                      check_expected, check_value - check_expected, (tolerance)*check_scale);                \
    } while (0)

/* |value - expected| <= tolerance * |expected|. */
#define check_relative(value, expected, tolerance) check_close_floor(value, expected, tolerance, 0.0)

/* |value - expected| <= tolerance. */
#define check_absolute(value, expected, tolerance)                                                           \
    do {                                                                                                     \
        const double check_value = (value), check_expected = (expected);                                     \
        ck_assert_msg(fabs(check_value - check_expected) <= (tolerance),                                     \
                      "%s = %.17g, expected %.17g, off by %.3g (allowed %.3g)", #value, check_value,         \
                      check_expected, check_value - check_expected, (double)(tolerance));                    \
    } while (0)

#endif
