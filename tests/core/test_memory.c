/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/memory.h"
#include "harness.h"

#include <stdint.h>

START_TEST(sizes_that_overflow_are_refused)
{
    void *block = &block;
    check_refused(nsde_alloc(SIZE_MAX / 8, 16, "weights", &block), NSDE_OVERFLOW, "weights");
    ck_assert_ptr_null(block);
    check_refused(nsde_alloc(SIZE_MAX - 8, 1, "paths", &block), NSDE_OVERFLOW, "paths");
    size_t total = 0;
    ck_assert(!nsde_arena_plan(SIZE_MAX / 2, 3, &total));
}
END_TEST

START_TEST(blocks_are_aligned_and_zeroed)
{
    void *block;
    check_ok(nsde_alloc(1001, 1, "block", &block));
    ck_assert_uint_eq((uintptr_t)block % NSDE_ALIGNMENT, 0);
    for (size_t i = 0; i < 1001; i++)
        ck_assert_int_eq(((unsigned char *)block)[i], 0);
    nsde_free(block);
}
END_TEST

START_TEST(resizing_keeps_what_was_there)
{
    void *block = NULL;
    check_ok(nsde_resize(&block, 0, 3, sizeof(int), "numbers"));
    memcpy(block, (int[]){5, 6, 7}, 3 * sizeof(int));
    check_ok(nsde_resize(&block, 3, 9, sizeof(int), "numbers"));
    ck_assert_int_eq(((int *)block)[2], 7);
    ck_assert_int_eq(((int *)block)[8], 0);
    check_refused(nsde_resize(&block, 9, SIZE_MAX, sizeof(int), "numbers"), NSDE_OVERFLOW, "numbers");
    ck_assert_int_eq(((int *)block)[2], 7);
    nsde_free(block);
}
END_TEST

START_TEST(an_arena_hands_out_what_was_planned)
{
    size_t total = 0;
    ck_assert(nsde_arena_plan(10, 8, &total) && nsde_arena_plan(1, 1, &total));
    nsde_arena arena;
    check_ok(nsde_arena_create(total, "arena", &arena));
    double *numbers = nsde_arena_take(&arena, 10, 8);
    char *byte = nsde_arena_take(&arena, 1, 1);
    ck_assert_uint_eq((uintptr_t)byte % NSDE_ALIGNMENT, 0);
    ck_assert(byte >= (char *)(numbers + 10));
    ck_assert_uint_eq(arena.used, arena.size);
    nsde_arena_destroy(&arena);
}
END_TEST

void test_cases(TCase *cases)
{
    tcase_add_test(cases, sizes_that_overflow_are_refused);
    tcase_add_test(cases, blocks_are_aligned_and_zeroed);
    tcase_add_test(cases, resizing_keeps_what_was_there);
    tcase_add_test(cases, an_arena_hands_out_what_was_planned);
}
