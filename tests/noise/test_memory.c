/* Every allocation of the noise may fail, and asking for increments allocates nothing.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "failing.h"
#include "nsde/noise.h"

static const double correlation[] = {1.0, 0.3, 0.3, 1.0};

/* One of everything, in the order in which it is made of the others. */
enum { GRID, TREE, STORED, COARSE, PAIRS, CORRELATED, SOBOL, BY_COMPONENTS, KINDS };

static nsde_status create_all(nsde_brownian *all[KINDS])
{
    static const double rows[5] = {0.1, -0.2, 0.03, 0.01, 0.05};
    nsde_status status = nsde_brownian_grid_areas(1, 2, 2, &all[GRID]);
    if (!status)
        status = nsde_brownian_tree(1, 2, 0.0, 1.0, 1e-3, &all[TREE]);
    if (!status)
        status = nsde_brownian_stored_detail(1, 1, 2, NSDE_LEVY, 0.5, rows, &all[STORED]);
    if (!status)
        status = nsde_brownian_coarsen(all[GRID], 3, &all[COARSE]);
    if (!status)
        status = nsde_brownian_antithetic(all[COARSE], &all[PAIRS]);
    if (!status)
        status = nsde_brownian_correlate(all[TREE], correlation, &all[CORRELATED]);
    if (!status)
        status = nsde_brownian_sobol(1, 2, 9, NSDE_SOBOL_BRIDGE, &all[SOBOL]);
    if (!status)
        status = nsde_brownian_sobol(1, 2, 9, NSDE_SOBOL_PCA, &all[BY_COMPONENTS]);
    return status;
}

static void destroy_all(nsde_brownian *all[KINDS])
{
    for (int k = KINDS; k-- > 0;)
        nsde_brownian_destroy(all[k]);
}

static nsde_status whole_life_of_noise(void *context)
{
    (void)context;
    nsde_brownian *all[KINDS] = {NULL};
    const nsde_status status = create_all(all);
    destroy_all(all);
    return status;
}

START_TEST(any_allocation_may_fail)
{
    check_failing_allocations(whole_life_of_noise, NULL, KINDS);
}
END_TEST

START_TEST(asking_allocates_nothing)
{
    nsde_brownian *all[KINDS] = {NULL};
    double rows[5 * 3 * 20];
    check_ok(create_all(all));
    const size_t before = test_allocations();
    check_ok(nsde_brownian_rows(all[GRID], NSDE_LEVY, 0.1, 0, 20, 0, 3, 20, rows));
    check_ok(nsde_brownian_rows(all[TREE], NSDE_SPACE_TIME, 0.1, 0, 20, 0, 3, 20, rows));
    check_ok(nsde_brownian_rows(all[TREE], NSDE_LEVY, 0.1, 0, 20, 0, 3, 20, rows));
    check_ok(nsde_brownian_rows(all[SOBOL], NSDE_LEVY, 0.1, 0, 20, 0, 3, 20, rows));
    check_ok(nsde_brownian_rows(all[BY_COMPONENTS], NSDE_LEVY, 0.1, 0, 20, 0, 3, 20, rows));
    check_ok(nsde_brownian_rows(all[STORED], NSDE_LEVY, 0.5, 0, 1, 0, 1, 20, rows));
    check_ok(nsde_brownian_rows(all[COARSE], NSDE_LEVY, 0.1, 0, 20, 0, 3, 20, rows));
    check_ok(nsde_brownian_rows(all[PAIRS], NSDE_LEVY, 0.1, 0, 20, 0, 3, 20, rows));
    check_ok(nsde_brownian_rows(all[CORRELATED], NSDE_SPACE_TIME, 0.1, 0, 20, 0, 3, 20, rows));
    check_refused(nsde_brownian_rows(all[CORRELATED], NSDE_LEVY, 0.1, 0, 20, 0, 3, 20, rows),
                  NSDE_UNSUPPORTED, "diffusion");
    ck_assert_uint_eq(test_allocations(), before);
    destroy_all(all);
}
END_TEST

void test_cases(TCase *cases)
{
    tcase_add_test(cases, any_allocation_may_fail);
    tcase_add_test(cases, asking_allocates_nothing);
}
