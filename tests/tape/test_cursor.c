/* Walking a program instruction by instruction.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "tape/panel.h"

enum { PATHS = 3 };

static panel make(nsde_sweep sweep)
{
    nsde_tape *tape = new_tape();
    const nsde_var x = nsde_input(tape, 2), p0 = nsde_parameter(tape, 2), noise = nsde_input_passive(tape, 1);
    const nsde_var scale = nsde_exp(p0), y = nsde_mul(nsde_tanh(x), scale),
                   z = nsde_add(y, nsde_mul(y, noise));
    const nsde_var all = nsde_stack(5, (nsde_var[]){z, y, x, scale, noise});
    panel p = panel_create(tape, 1, &all, PATHS, sweep);
    nsde_tape_destroy(tape);
    for (size_t r = 0; r < 2; r++) {
        for (size_t path = 0; path < p.stride; path++)
            nsde_workspace_input(p.workspace, 0)[r * p.stride + path] = 0.3 * (double)r - 0.2 * (double)path;
        nsde_workspace_parameters(p.workspace)[r] = 0.4 - 0.7 * (double)r;
    }
    panel_fill(&p, 1, 0, 1.3);
    for (size_t r = 0; r < 9; r++)
        for (size_t path = 0; path < PATHS; path++)
            if (sweep != NSDE_FORWARD)
                panel_weigh(&p, 0, r, path, 0.2 * (double)r - 0.3 * (double)path + 0.1);
    return p;
}

START_TEST(instructions_show_operands_values_and_adjoints)
{
    panel p = make(NSDE_TRACE);
    nsde_cursor *cursor;
    nsde_instruction shown;
    check_ok(nsde_cursor_create(p.workspace, PATHS, &cursor));
    const char *names[] = {"exp", "tanh", "mul", "fma", "stack"};
    for (size_t k = 0; k < 5; k++) {
        ck_assert(nsde_cursor_forward(cursor, &shown));
        ck_assert_uint_eq(shown.number, k);
        ck_assert_str_eq(shown.operation, names[k]);
        ck_assert(shown.uniform == (k == 0) && shown.rows == (k == 4 ? 9 : 2));
        if (k == 0)
            check_relative(shown.value[1], exp(-0.3), 1e-15);
        if (k == 2) {
            ck_assert(shown.n_operands == 2 && shown.operand[0].uniform != shown.operand[1].uniform);
            ck_assert_int_eq(shown.operand[0].instruction + shown.operand[1].instruction, 1);
            check_relative(shown.value[p.stride + 1], tanh(0.1) * exp(-0.3), 1e-15);
        }
        if (k == 3) {
            ck_assert_uint_eq(shown.n_operands, 3);
            bool passive = false; /* noise: made by no instruction, without an adjoint */
            for (size_t i = 0; i < 3; i++)
                passive = passive || (shown.operand[i].instruction == -1 && !shown.operand[i].adjoint &&
                                      *shown.operand[i].value == 1.3);
            ck_assert(passive);
        }
    }
    ck_assert(!nsde_cursor_forward(cursor, &shown));
    nsde_cursor_turn(cursor);
    for (size_t k = 5; k-- > 0;) {
        ck_assert(nsde_cursor_backward(cursor, &shown));
        ck_assert_uint_eq(shown.number, k);
        if (k == 4)
            check_relative(shown.adjoint[8 * p.stride + 2], 1.1, 1e-15); /* as set by the caller */
        if (k == 2) /* y is weighed in row 2, and in row 0 times 1 + noise */
            check_relative(shown.adjoint[0], 0.5 + 0.1 * 2.3, 1e-14);
    }
    ck_assert(!nsde_cursor_backward(cursor, &shown));
    nsde_cursor_destroy(cursor);
    nsde_cursor_destroy(NULL);
    panel_destroy(&p);
}
END_TEST

START_TEST(a_walk_gives_the_bits_of_a_sweep)
{
    panel trace = make(NSDE_TRACE), p = make(NSDE_REVERSE);
    nsde_cursor *cursor;
    nsde_instruction shown;
    panel_forward(&p);
    nsde_reverse(p.workspace, PATHS);
    check_ok(nsde_cursor_create(trace.workspace, PATHS, &cursor));
    while (nsde_cursor_forward(cursor, &shown))
        ;
    nsde_cursor_turn(cursor);
    while (nsde_cursor_backward(cursor, &shown))
        ;
    nsde_cursor_destroy(cursor);
    for (size_t path = 0; path < PATHS; path++) {
        for (size_t r = 0; r < 9; r++)
            ck_assert(panel_output(&p, 0, r, path) == panel_output(&trace, 0, r, path));
        for (size_t r = 0; r < 2; r++)
            ck_assert(panel_input_adjoint(&p, 0, r, path) == panel_input_adjoint(&trace, 0, r, path));
    }
    for (size_t k = 0; k < 2; k++)
        ck_assert(nsde_workspace_parameter_adjoint(p.workspace)[k] ==
                  nsde_workspace_parameter_adjoint(trace.workspace)[k]);
    panel_destroy(&trace);
    panel_destroy(&p);
}
END_TEST

START_TEST(a_cursor_needs_a_trace)
{
    panel p = make(NSDE_REVERSE), trace = make(NSDE_TRACE);
    nsde_cursor *cursor;
    check_refused(nsde_cursor_create(p.workspace, PATHS, &cursor), NSDE_INVALID, "NSDE_TRACE");
    check_refused(nsde_cursor_create(trace.workspace, 100, &cursor), NSDE_INVALID, "paths");
    check_refused(nsde_cursor_create(trace.workspace, 0, &cursor), NSDE_INVALID, "paths");
    ck_assert_ptr_null(cursor);
    panel_destroy(&p);
    panel_destroy(&trace);
}
END_TEST

void test_cases(TCase *cases)
{
    tcase_add_test(cases, instructions_show_operands_values_and_adjoints);
    tcase_add_test(cases, a_walk_gives_the_bits_of_a_sweep);
    tcase_add_test(cases, a_cursor_needs_a_trace);
}
