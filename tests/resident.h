/* How much of the process is in memory.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef NSDE_TESTS_RESIDENT_H
#define NSDE_TESTS_RESIDENT_H

#include <stdio.h>
#include <unistd.h>

#include "harness.h"

static inline size_t resident_bytes(void)
{
    size_t total, resident;
    FILE *stream = fopen("/proc/self/statm", "r");
    ck_assert_ptr_nonnull(stream);
    ck_assert_int_eq(fscanf(stream, "%zu %zu", &total, &resident), 2);
    fclose(stream);
    return resident * (size_t)sysconf(_SC_PAGESIZE);
}

#endif
