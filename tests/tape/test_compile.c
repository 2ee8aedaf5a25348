/* What compiling merges, folds, drops and keeps, and how mistakes of recording come out.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "tape/panel.h"

static size_t instructions(nsde_tape *tape, size_t n, const nsde_var outputs[])
{
    nsde_program *program;
    check_ok(nsde_program_create(tape, n, outputs, &program));
    const size_t count = nsde_program_instructions(program);
    nsde_program_destroy(program);
    return count;
}

START_TEST(equal_subexpressions_are_merged)
{
    nsde_tape *tape = new_tape();
    const nsde_var x = nsde_input(tape, 2), y = nsde_input(tape, 2);
    const nsde_var first = nsde_exp(nsde_mul(x, y)), second = nsde_exp(nsde_mul(y, x));
    ck_assert_uint_eq(instructions(tape, 1, (nsde_var[]){nsde_sin(first)}), 3);
    ck_assert_uint_eq(instructions(tape, 2, (nsde_var[]){nsde_sin(first), nsde_sin(second)}), 3);
    ck_assert_uint_eq(instructions(tape, 2, (nsde_var[]){nsde_div(x, y), nsde_div(y, x)}),
                      2); /* not the same */
    ck_assert_uint_eq(instructions(tape, 2, (nsde_var[]){nsde_sub(x, y), nsde_sub(x, nsde_row(y, 0))}), 2);
    nsde_tape_destroy(tape);
}
END_TEST

START_TEST(constants_are_folded)
{
    nsde_tape *tape = new_tape();
    const nsde_var x = nsde_input(tape, 1), two = nsde_real(tape, 2.0),
                   c = nsde_constant(tape, 2, (double[]){3.0, 5.0});
    const nsde_var folded =
        nsde_sum(nsde_stack(2, (nsde_var[]){nsde_mul(two, c), nsde_exp(nsde_real(tape, 0.0))}));
    const nsde_var outputs[] = {nsde_mul(x, folded), nsde_dot(c, c), nsde_dense(c, NULL, two, 2),
                                nsde_row(c, 1)};
    panel p = panel_create(tape, 4, outputs, 1, NSDE_REVERSE);
    ck_assert_uint_eq(nsde_program_instructions(p.program), 1);
    panel_fill(&p, 0, 0, 0.5);
    panel_gradient(&p);
    check_relative(panel_output(&p, 0, 0, 0), 8.5, 0.0);
    check_relative(panel_output(&p, 1, 0, 0), 34.0, 0.0);
    check_relative(panel_output(&p, 2, 1, 0), 10.0, 0.0);
    check_relative(panel_output(&p, 3, 0, 0), 5.0, 0.0);
    check_relative(panel_input_adjoint(&p, 0, 0, 0), 17.0, 0.0);
    panel_destroy(&p);
    nsde_tape_destroy(tape);
}
END_TEST

/* A tangent that is 0 by construction makes per-path operands uniform after they were recorded. */
START_TEST(simplified_operands_may_become_uniform)
{
    nsde_tape *tape = new_tape();
    const nsde_var x = nsde_input(tape, 1), p0 = nsde_parameter(tape, 1), zero = nsde_real(tape, 0.0);
    const nsde_perturbation eps = nsde_perturb(tape, 1);
    const nsde_var still =
        nsde_tangent(eps, nsde_sqrt(nsde_seed(eps, x, &zero)), 0); /* 0, recorded per path */
    ck_assert(!nsde_is_uniform(still));
    const nsde_var outputs[] = {nsde_exp(still), nsde_pow(nsde_add(still, p0), nsde_add_real(still, 3.0)),
                                nsde_select(nsde_exp(still), nsde_mul(p0, p0), nsde_add(still, p0)),
                                nsde_mul(x, nsde_stack(2, (nsde_var[]){still, nsde_cos(still)}))};
    panel p = panel_create(tape, 4, outputs, 1, NSDE_REVERSE);
    panel_fill(&p, 0, 0, 0.5);
    *nsde_workspace_parameters(p.workspace) = 2.0;
    panel_forward(&p);
    ck_assert(nsde_output_is_uniform(p.program, 1));
    check_relative(panel_output(&p, 0, 0, 0), 1.0, 0.0);
    check_relative(panel_output(&p, 1, 0, 0), 8.0, 0.0);
    check_relative(panel_output(&p, 2, 0, 0), 4.0, 0.0);
    check_relative(panel_output(&p, 3, 1, 0), 0.5, 0.0);
    panel_weigh(&p, 1, 0, 0, 1.0);
    nsde_reverse(p.workspace, 1);
    check_relative(*nsde_workspace_parameter_adjoint(p.workspace), 12.0, 1e-15);
    panel_destroy(&p);
    nsde_tape_destroy(tape);
}
END_TEST

START_TEST(trivial_operations_vanish_and_products_are_fused)
{
    nsde_tape *tape = new_tape();
    const nsde_var x = nsde_input(tape, 2), y = nsde_input(tape, 2), one = nsde_real(tape, 1.0);
    const nsde_var same = nsde_neg(nsde_neg(nsde_div(nsde_mul(nsde_add_real(x, 0.0), one), one)));
    ck_assert_uint_eq(instructions(tape, 1, &same), 0);
    const nsde_var fused = nsde_add(nsde_mul(x, y), x), product = nsde_mul(x, y);
    ck_assert_uint_eq(instructions(tape, 1, &fused), 1);
    ck_assert_uint_eq(instructions(tape, 2, (nsde_var[]){fused, product}), 2);
    const nsde_var broad = nsde_mul(nsde_row(x, 0), nsde_constant(tape, 2, (double[]){1.0, 1.0}));
    ck_assert_uint_eq(instructions(tape, 1, &broad), 1); /* it has more rows than its operand */
    nsde_tape_destroy(tape);
}
END_TEST

START_TEST(dead_rows_are_dropped_and_unused_inputs_kept)
{
    nsde_tape *tape = new_tape();
    const nsde_var x = nsde_input(tape, 2), unused = nsde_input(tape, 5), p0 = nsde_parameter(tape, 3);
    nsde_uniform(tape, 4);
    nsde_exp(nsde_sin(unused));
    nsde_tanh(p0);
    const nsde_var y = nsde_square(x);
    panel p = panel_create(tape, 1, &y, 1, NSDE_REVERSE);
    nsde_tape_destroy(tape); /* programs outlive it */
    ck_assert_uint_eq(nsde_program_instructions(p.program), 1);
    ck_assert_uint_eq(nsde_program_inputs(p.program), 2);
    ck_assert_uint_eq(nsde_program_outputs(p.program), 1);
    ck_assert_uint_eq(nsde_program_input_rows(p.program, 1), 5);
    ck_assert_uint_eq(nsde_program_output_rows(p.program, 0), 2);
    ck_assert_uint_eq(nsde_program_parameters(p.program), 3);
    nsde_workspace_uniform(p.workspace, 0)[3] = 1.0;
    panel_fill(&p, 0, 1, 3.0);
    panel_fill(&p, 1, 4, 3.0);
    panel_gradient(&p);
    check_relative(panel_input_adjoint(&p, 1, 4, 0), 0.0, 0.0);
    panel_destroy(&p);
}
END_TEST

/* The k-th kind of mistake, on a tape with one input of 3 rows (operation 0); what its sentence must contain.
 */
static const char *make_mistake(nsde_tape *tape, nsde_tape *other, nsde_var x, int k)
{
    const nsde_var two = nsde_input(tape, 2), nothing = {0};
    switch (k) {
    case 0:
        nsde_add(x, two);
        return "operation 2: add: 3 rows do not match 2";
    case 1:
        nsde_mul(x, nsde_input(other, 3));
        return "operation 2: mul: operands belong to different tapes";
    case 2:
        nsde_slice(x, 2, 2);
        return "operation 2: slice";
    case 3:
        nsde_slice(x, 1, SIZE_MAX);
        return "operation 2: slice";
    case 4:
        nsde_dense(x, NULL, two, 2);
        return "operation 2: dense";
    case 5:
        nsde_matvec(x, two);
        return "operation 2: matvec";
    case 6:
        nsde_broadcast(x, 4);
        return "operation 2: broadcast";
    case 7:
        nsde_pow(nothing, x);
        return "operation 2: pow: operand 1 is not a recorded value";
    case 8:
        nsde_stack(2, (nsde_var[]){x, nothing});
        return "operation 2: stack: operand 2";
    case 9:
        nsde_input(tape, 0);
        return "operation 2: input";
    case 10:
        nsde_exp((nsde_var){tape, 7});
        return "operation 2: exp: operand 1 is no handle of this tape";
    case 11:
        nsde_dense(nsde_input(tape, 6), NULL, x, 2);
        return "operation 3: dense: weights and bias must be the same for every path";
    case 12:
        nsde_select(x, two, x);
        return "operation 2: select";
    case 13:
        nsde_dot(x, two);
        return "operation 2: dot";
    case 14:
        nsde_tape_fail(tape, "no drift for %d states", 3);
        return "operation 2: no drift for 3 states";
    default:
        return NULL;
    }
}

START_TEST(the_first_mistake_stays_and_is_reported)
{
    nsde_tape *tape = new_tape(), *other = new_tape();
    const nsde_var x = nsde_input(tape, 3);
    check_ok(nsde_tape_status(tape));
    const char *part = make_mistake(tape, other, x, _i);
    check_refused(nsde_tape_status(tape), NSDE_RECORDING, part);
    const nsde_var later = nsde_add(x, nsde_exp(x)); /* void, and no new mistake */
    ck_assert_uint_eq(nsde_rows(later), 0);
    nsde_program *program = (nsde_program *)tape;
    check_refused(nsde_program_create(tape, 1, &x, &program), NSDE_RECORDING, part);
    ck_assert_ptr_null(program);
    check_ok(nsde_tape_status(other));
    nsde_tape_destroy(tape);
    nsde_tape_destroy(other);
}
END_TEST

START_TEST(impossible_outputs_and_sizes_are_refused)
{
    nsde_tape *tape = new_tape(), *other = new_tape();
    nsde_program *program;
    nsde_workspace *workspace;
    const nsde_var x = nsde_input(tape, 1), y = nsde_input(other, 1), one = nsde_real(tape, 1.0),
                   nothing = {0};
    const nsde_perturbation eps = nsde_perturb(tape, 1);
    const nsde_var dual = nsde_seed(eps, x, &one), invented = {tape, 1000};
    check_refused(nsde_program_create(tape, 0, &x, &program), NSDE_INVALID, "output");
    check_refused(nsde_program_create(NULL, 1, &x, &program), NSDE_INVALID, "tape");
    check_refused(nsde_program_create(tape, 1, &y, &program), NSDE_INVALID, "output 0 is not");
    check_refused(nsde_program_create(tape, 1, &nothing, &program), NSDE_INVALID, "output 0 is not");
    check_refused(nsde_program_create(tape, 2, (nsde_var[]){x, dual}, &program), NSDE_INVALID,
                  "output 1 is a dual");
    check_refused(nsde_program_create(tape, 1, &invented, &program), NSDE_INVALID, "output 0 is no handle");
    check_ok(nsde_program_create(tape, 1, &x, &program));
    check_refused(nsde_workspace_create(program, 0, NSDE_FORWARD, &workspace), NSDE_INVALID, "path");
    check_refused(nsde_workspace_create(program, 1, (nsde_sweep)3, &workspace), NSDE_INVALID, "sweep");
    check_refused(nsde_workspace_create(program, SIZE_MAX, NSDE_FORWARD, &workspace), NSDE_OVERFLOW, "paths");
    ck_assert_ptr_null(workspace);
    nsde_program_destroy(program);
    nsde_program_destroy(NULL);
    nsde_workspace_destroy(NULL);
    nsde_tape_destroy(NULL);
    nsde_tape_destroy(tape);
    nsde_tape_destroy(other);
}
END_TEST

START_TEST(sizes_that_overflow_are_refused)
{
    nsde_tape *tape = new_tape();
    nsde_program *program;
    nsde_var x[3];
    for (int k = 0; k < 3; k++)
        x[k] = nsde_input(tape, INT32_MAX);
    check_refused(nsde_program_create(tape, 1, x, &program), NSDE_OVERFLOW, "rows");
    ck_assert_ptr_null(program);
    nsde_stack(3, x);
    check_refused(nsde_tape_status(tape), NSDE_RECORDING, "stack");
    nsde_tape_destroy(tape);
    tape = new_tape();
    nsde_parameter(tape, INT32_MAX);
    nsde_parameter(tape, 1);
    check_refused(nsde_tape_status(tape), NSDE_RECORDING, "parameter");
    nsde_tape_destroy(tape);
    tape = new_tape();
    const double number = 0.0;
    nsde_constant(tape, SIZE_MAX, &number);
    check_refused(nsde_tape_status(tape), NSDE_OVERFLOW, "constants");
    nsde_tape_destroy(tape);
}
END_TEST

void test_cases(TCase *cases)
{
    tcase_add_test(cases, equal_subexpressions_are_merged);
    tcase_add_test(cases, constants_are_folded);
    tcase_add_test(cases, simplified_operands_may_become_uniform);
    tcase_add_test(cases, trivial_operations_vanish_and_products_are_fused);
    tcase_add_test(cases, dead_rows_are_dropped_and_unused_inputs_kept);
    tcase_add_loop_test(cases, the_first_mistake_stays_and_is_reported, 0, 15);
    tcase_add_test(cases, impossible_outputs_and_sizes_are_refused);
    tcase_add_test(cases, sizes_that_overflow_are_refused);
}
