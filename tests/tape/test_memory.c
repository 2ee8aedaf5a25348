/* Memory: every failed allocation comes out as NSDE_NO_MEMORY and leaks nothing; sweeps allocate nothing.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "tape/network.h"

static void release(nsde_tape *tape, nsde_program *program, nsde_workspace *workspace, nsde_cursor *cursor)
{
    nsde_cursor_destroy(cursor);
    nsde_workspace_destroy(workspace);
    nsde_program_destroy(program);
    nsde_tape_destroy(tape);
}

/* From an empty tape to a cursor. */
static nsde_status whole_life(void)
{
    nsde_tape *tape = NULL;
    nsde_program *program = NULL;
    nsde_workspace *workspace = NULL;
    nsde_cursor *cursor = NULL;
    nsde_status status = nsde_tape_create(&tape);
    if (!status) {
        const nsde_var x = nsde_input(tape, STATE), noise = nsde_input_passive(tape, STATE * STEPS);
        const nsde_var w = nsde_parameter(tape, 2 * N_WEIGHTS);
        const nsde_perturbation eps = nsde_perturb(tape, 1);
        const nsde_var one = nsde_real(tape, 1.0), end = unrolled(tape, nsde_seed(eps, x, &one), w, noise);
        const nsde_var folded = nsde_exp(nsde_stack(2, (nsde_var[]){one, one}));
        const nsde_var outputs[] = {nsde_tangent(eps, nsde_stack(2, (nsde_var[]){end, end}), 0),
                                    nsde_mul(folded, nsde_primal(eps, end))};
        status = nsde_program_create(tape, 2, outputs, &program);
    }
    if (!status)
        status = nsde_workspace_create(program, 20, NSDE_TRACE, &workspace);
    if (!status)
        status = nsde_cursor_create(workspace, 20, &cursor);
    release(tape, program, workspace, cursor);
    return status;
}

START_TEST(every_failed_allocation_is_reported)
{
    const size_t before = test_allocations();
    check_ok(whole_life());
    const size_t needed = test_allocations() - before;
    ck_assert_uint_gt(needed, 30);
    for (size_t k = 1; k <= needed; k++) {
        test_fail_allocation(k);
        const nsde_status status = whole_life();
        ck_assert_msg(test_allocation_failed(), "allocation %zu of %zu was not made", k, needed);
        ck_assert_msg(status == NSDE_NO_MEMORY, "allocation %zu: %s: %s", k, nsde_status_text(status),
                      nsde_error_message());
        ck_assert_ptr_nonnull(strstr(nsde_error_message(), "no memory"));
    }
    test_fail_allocation(needed + 1);
    check_ok(whole_life());
    ck_assert(!test_allocation_failed());
    test_fail_allocation(0);
}
END_TEST

START_TEST(sweeps_allocate_nothing)
{
    nsde_tape *tape = new_tape();
    const nsde_var x = nsde_input(tape, STATE), noise = nsde_input_passive(tape, STATE * STEPS);
    const nsde_var w = nsde_parameter(tape, 2 * N_WEIGHTS), order = nsde_exp(nsde_row(w, 0));
    const nsde_var end = unrolled(tape, x, w, noise), y = nsde_log_bessel_i(order, nsde_exp(end));
    panel p = panel_create(tape, 1, &y, 50, NSDE_TRACE);
    nsde_tape_destroy(tape);
    network_fill(&p, 1);
    nsde_cursor *cursor;
    nsde_instruction shown;
    check_ok(nsde_cursor_create(p.workspace, 50, &cursor));
    const size_t before = test_allocations();
    panel_gradient(&p);
    while (nsde_cursor_forward(cursor, &shown))
        ;
    nsde_cursor_turn(cursor);
    while (nsde_cursor_backward(cursor, &shown))
        ;
    ck_assert_uint_eq(test_allocations(), before);
    check_ok(nsde_tape_create(&tape)); /* the counter does count */
    ck_assert_uint_eq(test_allocations(), before + 1);
    nsde_tape_destroy(tape);
    nsde_cursor_destroy(cursor);
    panel_destroy(&p);
}
END_TEST

void test_cases(TCase *cases)
{
    tcase_add_test(cases, every_failed_allocation_is_reported);
    tcase_add_test(cases, sweeps_allocate_nothing);
}
