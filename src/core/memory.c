/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/memory.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/error.h"

bool nsde_size_mul(size_t a, size_t b, size_t *product)
{
    if (__builtin_mul_overflow(a, b, product)) {
        *product = SIZE_MAX;
        return false;
    }
    return true;
}

bool nsde_size_add(size_t a, size_t b, size_t *sum)
{
    if (__builtin_add_overflow(a, b, sum)) {
        *sum = SIZE_MAX;
        return false;
    }
    return true;
}

nsde_status nsde_alloc(size_t count, size_t size, const char *what, void **out)
{
    size_t bytes, padded;
    *out = NULL;
    if (!nsde_size_mul(count, size, &bytes) || !nsde_size_add(bytes, NSDE_ALIGNMENT, &padded) ||
        padded > PTRDIFF_MAX)
        return nsde_fail(NSDE_OVERFLOW, "%s: %zu items of %zu bytes overflow the size of memory", what, count,
                         size);
    padded -= padded % NSDE_ALIGNMENT;
    void *memory = aligned_alloc(NSDE_ALIGNMENT, padded);
    if (!memory)
        return nsde_fail(NSDE_NO_MEMORY, "%s: no memory for %zu bytes", what, bytes);
    memset(memory, 0, bytes);
    *out = memory;
    return NSDE_OK;
}

nsde_status nsde_resize(void **block, size_t old_count, size_t new_count, size_t size, const char *what)
{
    void *fresh;
    const nsde_status status = nsde_alloc(new_count, size, what, &fresh);
    if (status)
        return status;
    const size_t kept = old_count < new_count ? old_count : new_count;
    if (*block && kept)
        memcpy(fresh, *block, kept * size);
    nsde_free(*block);
    *block = fresh;
    return NSDE_OK;
}

nsde_status nsde_copy_string(const char *text, char **out)
{
    const size_t size = strlen(text) + 1;
    void *copy;
    const nsde_status status = nsde_alloc(size, 1, "string", &copy);
    *out = copy;
    if (!status)
        memcpy(copy, text, size);
    return status;
}

void nsde_free(void *block)
{
    free(block);
}

bool nsde_arena_plan(size_t count, size_t size, size_t *total)
{
    size_t bytes;
    if (!nsde_size_mul(count, size, &bytes) || !nsde_size_add(bytes, NSDE_ALIGNMENT - 1, &bytes))
        return false;
    bytes -= bytes % NSDE_ALIGNMENT;
    return nsde_size_add(*total, bytes, total);
}

nsde_status nsde_arena_create(size_t total, const char *what, nsde_arena *arena)
{
    void *memory;
    const nsde_status status = nsde_alloc(total, 1, what, &memory);
    arena->memory = memory;
    arena->size = status ? 0 : total;
    arena->used = 0;
    return status;
}

void *nsde_arena_take(nsde_arena *arena, size_t count, size_t size)
{
    unsigned char *const block = arena->memory + arena->used;
    nsde_arena_plan(count, size, &arena->used);
    return block;
}

void nsde_arena_destroy(nsde_arena *arena)
{
    nsde_free(arena->memory);
    arena->memory = NULL;
    arena->size = arena->used = 0;
}
