/* The library's only door to the heap: sizes are checked, memory is aligned for SIMD.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef NSDE_CORE_MEMORY_H
#define NSDE_CORE_MEMORY_H

#include <stdbool.h>
#include <stddef.h>

#include "nsde/status.h"

enum { NSDE_ALIGNMENT = 64 }; /* bytes: one cache line, one AVX-512 register */

/* *product = a * b; false (and *product = SIZE_MAX) when that overflows. */
bool nsde_size_mul(size_t a, size_t b, size_t *product);

/* *sum = a + b; false (and *sum = SIZE_MAX) when that overflows. */
bool nsde_size_add(size_t a, size_t b, size_t *sum);

/* count * size bytes, zeroed, aligned to NSDE_ALIGNMENT; *out = NULL and a status with a message that names
 * `what` when that overflows or memory is short. A zero count gives a valid pointer to nothing. */
NSDE_MUST_USE nsde_status nsde_alloc(size_t count, size_t size, const char *what, void **out);

/* Resizes a block of nsde_alloc (or NULL) from old_count to new_count items, keeping the common part and
 * zeroing the rest; on failure *block is as it was. */
NSDE_MUST_USE nsde_status nsde_resize(void **block, size_t old_count, size_t new_count, size_t size,
                                      const char *what);

/* A copy of a string, to be freed with nsde_free. */
NSDE_MUST_USE nsde_status nsde_copy_string(const char *text, char **out);

void nsde_free(void *block); /* takes NULL */

/* One arena: memory for all the arrays of an object, handed out in order and freed at once. */
typedef struct nsde_arena {
    unsigned char *memory;
    size_t size, used;
} nsde_arena;

/* Adds to *total what `count` items of `size` bytes take in an arena, padding included; false on overflow. */
bool nsde_arena_plan(size_t count, size_t size, size_t *total);
NSDE_MUST_USE nsde_status nsde_arena_create(size_t total, const char *what, nsde_arena *arena);
void *nsde_arena_take(nsde_arena *arena, size_t count, size_t size); /* never fails within the plan */
void nsde_arena_destroy(nsde_arena *arena);

#endif
