/* Failing with a sentence: every fallible function of the library ends in `return nsde_fail(...)`.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef NSDE_CORE_ERROR_H
#define NSDE_CORE_ERROR_H

#include "nsde/status.h"

enum { NSDE_MESSAGE_SIZE = 1024 };

/* Sets this thread's error message (printf format; truncated with "..." when too long) and returns status. */
nsde_status nsde_fail(nsde_status status, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Puts "prefix: " in front of this thread's message and returns status: adds a file or an option to a cause
 * that was found deeper down. */
nsde_status nsde_fail_within(nsde_status status, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
