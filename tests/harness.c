/* The main function of every test program, and its hand on the allocations (linked with --wrap).
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "harness.h"

#include <stdatomic.h>
#include <stdlib.h>

static atomic_size_t allocations, failing; /* made so far; number of the one to fail, 0 for none */
static atomic_bool happened;

/* Counts an allocation; false if it is to fail. */
static bool allow(void)
{
    const size_t number = atomic_fetch_add(&allocations, 1) + 1;
    if (number != atomic_load(&failing))
        return true;
    atomic_store(&happened, true);
    return false;
}

size_t test_allocations(void)
{
    return atomic_load(&allocations);
}

void test_fail_allocation(size_t k)
{
    atomic_store(&happened, false);
    atomic_store(&failing, k ? atomic_load(&allocations) + k : 0);
}

bool test_allocation_failed(void)
{
    return atomic_load(&happened);
}

/* The linker sends calls of aligned_alloc, which core/memory.c alone makes, to __wrap_aligned_alloc;
 * __real_aligned_alloc is the true one. */
void *__real_aligned_alloc(size_t alignment, size_t size);
void *__wrap_aligned_alloc(size_t alignment, size_t size);

void *__wrap_aligned_alloc(size_t alignment, size_t size)
{
    return allow() ? __real_aligned_alloc(alignment, size) : NULL;
}

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
