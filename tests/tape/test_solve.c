/* Linear systems on a tape, one a path: against a product, with pivots that vanish, and their derivatives;
 * and what is held.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdlib.h>

#include "harness.h"
#include "nsde/tape.h"

enum { PATHS = 16 };

/* Numbers between -1 and 1, the same each time. */
static double number(size_t k)
{
    return sin(12.9898 * (double)(k + 1)) * cos(78.233 * (double)(k + 3));
}

typedef struct solving {
    nsde_tape *tape;
    nsde_program *program;
    nsde_workspace *workspace;
} solving;

static void finish(solving *s, size_t n_outputs, const nsde_var outputs[])
{
    check_ok(nsde_program_create(s->tape, n_outputs, outputs, &s->program));
    check_ok(nsde_workspace_create(s->program, PATHS, NSDE_REVERSE, &s->workspace));
    for (size_t k = 0; k < nsde_program_inputs(s->program); k++)
        for (size_t r = 0; r < nsde_program_input_rows(s->program, k); r++)
            for (size_t i = 0; i < PATHS; i++)
                nsde_workspace_input(s->workspace, k)[r * PATHS + i] = number((k * 1000 + r) * PATHS + i);
}

static void destroy(solving *s)
{
    nsde_workspace_destroy(s->workspace);
    nsde_program_destroy(s->program);
    nsde_tape_destroy(s->tape);
}

START_TEST(a_product_gives_back_the_right_side)
{
    for (size_t n = 1; n <= NSDE_SOLVE_MOST; n = 2 * n + 1) {
        solving s;
        check_ok(nsde_tape_create(&s.tape));
        const nsde_var A = nsde_input(s.tape, n * n), b = nsde_input(s.tape, n);
        finish(&s, 2, (nsde_var[]){nsde_solve(A, b), nsde_solve_transposed(A, b)});
        double *matrix = nsde_workspace_input(s.workspace, 0);
        for (size_t i = 0; i < PATHS && n > 1; i++)
            matrix[i] = 0.0; /* the first pivot of all */
        nsde_forward(s.workspace, PATHS);
        for (int transposed = 0; transposed < 2; transposed++) {
            const double *x = nsde_workspace_output(s.workspace, (size_t)transposed);
            for (size_t r = 0; r < n; r++)
                for (size_t i = 0; i < PATHS; i++) {
                    double sum = 0.0, size = 1.0;
                    for (size_t c = 0; c < n; c++) {
                        sum += matrix[(transposed ? c * n + r : r * n + c) * PATHS + i] * x[c * PATHS + i];
                        size = fmax(size, fabs(x[c * PATHS + i]));
                    }
                    check_absolute(sum, nsde_workspace_input(s.workspace, 1)[r * PATHS + i], 1e-13 * size);
                }
        }
        destroy(&s);
    }
}
END_TEST

/* Tangents and adjoints of weights . x agree with each other and with differences, for matrices that are
 * parameters as for those that differ from path to path. */
START_TEST(derivatives_of_solutions)
{
    enum { N = 3 };
    for (int kind = 0; kind < 4; kind++) {
        solving s;
        check_ok(nsde_tape_create(&s.tape));
        const bool uniform = kind & 1, transposed = kind & 2;
        const nsde_var b = nsde_input(s.tape, N);
        const nsde_var A = uniform ? nsde_parameter(s.tape, N * N) : nsde_input(s.tape, N * N);
        const nsde_perturbation eps = nsde_perturb(s.tape, 1);
        double direction[N * N], weights[N];
        for (size_t k = 0; k < N * N; k++)
            direction[k] = number(500 + k);
        for (size_t k = 0; k < N; k++)
            weights[k] = number(700 + k);
        const nsde_var along_A = nsde_constant(s.tape, N * N, direction);
        const nsde_var along_b = nsde_constant(s.tape, N, direction);
        const nsde_var dual_A = nsde_seed(eps, A, &along_A), dual_b = nsde_seed(eps, b, &along_b);
        const nsde_var x = transposed ? nsde_solve_transposed(dual_A, dual_b) : nsde_solve(dual_A, dual_b);
        const nsde_var y = nsde_dot(x, nsde_constant(s.tape, N, weights));
        finish(&s, 2, (nsde_var[]){nsde_primal(eps, y), nsde_tangent(eps, y, 0)});
        double *matrix =
            uniform ? nsde_workspace_parameters(s.workspace) : nsde_workspace_input(s.workspace, 1);
        const size_t stride = uniform ? 1 : PATHS;
        for (size_t k = 0; k < N * N && uniform; k++)
            matrix[k] = number(300 + k);
        nsde_workspace_prepare(s.workspace);
        nsde_forward(s.workspace, PATHS);
        nsde_workspace_clear_adjoint(s.workspace);
        memset(nsde_workspace_output_adjoint(s.workspace, 1), 0, PATHS * sizeof(double));
        for (size_t i = 0; i < PATHS; i++)
            nsde_workspace_output_adjoint(s.workspace, 0)[i] = i == 5;
        nsde_reverse(s.workspace, PATHS);
        double sum = 0.0;
        for (size_t k = 0; k < N * N; k++)
            sum += direction[k] * (uniform ? nsde_workspace_parameter_adjoint(s.workspace)[k]
                                           : nsde_workspace_input_adjoint(s.workspace, 1)[k * PATHS + 5]);
        for (size_t k = 0; k < N; k++)
            sum += direction[k] * nsde_workspace_input_adjoint(s.workspace, 0)[k * PATHS + 5];
        const double tangent = nsde_workspace_output(s.workspace, 1)[5], h = 1e-5;
        check_relative(sum, tangent, 1e-11);
        double difference = 0.0;
        for (int side = -1; side <= 1; side += 2) {
            for (size_t k = 0; k < N * N; k++)
                matrix[k * stride + (uniform ? 0 : 5)] += (side < 0 ? -h : 2.0 * h) * direction[k];
            for (size_t k = 0; k < N; k++)
                nsde_workspace_input(s.workspace, 0)[k * PATHS + 5] +=
                    (side < 0 ? -h : 2.0 * h) * direction[k];
            nsde_workspace_prepare(s.workspace);
            nsde_forward(s.workspace, PATHS);
            difference += side * nsde_workspace_output(s.workspace, 0)[5] / (2.0 * h);
        }
        check_relative(difference, tangent, 1e-6);
        destroy(&s);
    }
}
END_TEST

/* y = sqrt(a) by Newton's iterations that are held but for the last: values, tangents, adjoints, and adjoints
 * of tangents. */
START_TEST(a_held_iteration_has_the_derivatives_of_its_limit)
{
    solving s;
    check_ok(nsde_tape_create(&s.tape));
    const nsde_var a = nsde_input(s.tape, 1), one = nsde_real(s.tape, 1.0);
    const nsde_perturbation eps = nsde_perturb(s.tape, 1);
    const nsde_var dual = nsde_seed(eps, a, &one);
    nsde_var y = nsde_add_real(nsde_mul_real(dual, 0.0), 1.0);
    for (int k = 0; k < 9; k++) {
        y = nsde_hold(y);
        y = nsde_mul_real(nsde_add(y, nsde_div(dual, y)), 0.5);
    }
    finish(&s, 3, (nsde_var[]){nsde_primal(eps, y), nsde_tangent(eps, y, 0), nsde_hold(nsde_square(a))});
    for (size_t i = 0; i < PATHS; i++)
        nsde_workspace_input(s.workspace, 0)[i] = 0.4 + 0.2 * (double)i;
    const double expected[3][2] = {{0.5, -0.5}, {-0.25, -1.5}, {0.0, 0.0}}; /* c a^p */
    for (size_t output = 0; output < 3; output++) {
        nsde_forward(s.workspace, PATHS);
        for (size_t k = 0; k < 3; k++)
            for (size_t i = 0; i < PATHS; i++)
                nsde_workspace_output_adjoint(s.workspace, k)[i] = k == output;
        nsde_reverse(s.workspace, PATHS);
        for (size_t i = 0; i < PATHS; i++) {
            const double x = nsde_workspace_input(s.workspace, 0)[i];
            check_absolute(nsde_workspace_input_adjoint(s.workspace, 0)[i],
                           expected[output][0] * pow(x, expected[output][1]), 1e-12);
        }
    }
    check_relative(nsde_workspace_output(s.workspace, 0)[3], 1.0, 1e-15);
    check_relative(nsde_workspace_output(s.workspace, 1)[3], 0.5, 1e-15);
    destroy(&s);
}
END_TEST

/* Storage is reused in a forward sweep, never while a system still reads it. */
START_TEST(reused_storage_holds_no_operand)
{
    enum { N = 5 };
    nsde_tape *tape;
    nsde_program *program;
    nsde_workspace *sweeps[2];
    double unit[N * N] = {0.0};
    for (int i = 0; i < N; i++)
        unit[i * N + i] = 3.0;
    check_ok(nsde_tape_create(&tape));
    const nsde_var A = nsde_add(nsde_sin(nsde_input(tape, N * N)), nsde_constant(tape, N * N, unit));
    nsde_var y = nsde_input(tape, N);
    for (int k = 0; k < 4; k++) {
        y = nsde_solve(A, nsde_cos(y));
        y = nsde_solve_transposed(nsde_hold(nsde_mul(A, nsde_exp(nsde_row(y, 1)))), nsde_sin(y));
    }
    check_ok(nsde_program_create(tape, 1, &y, &program));
    for (int k = 0; k < 2; k++) {
        check_ok(nsde_workspace_create(program, 40, k ? NSDE_TRACE : NSDE_FORWARD, &sweeps[k]));
        for (size_t i = 0; i < N * N * nsde_workspace_stride(sweeps[k]); i++)
            nsde_workspace_input(sweeps[k], 0)[i] = number(i);
        for (size_t i = 0; i < N * nsde_workspace_stride(sweeps[k]); i++)
            nsde_workspace_input(sweeps[k], 1)[i] = number(3 * i + 1);
        nsde_forward(sweeps[k], 40);
    }
    for (size_t r = 0; r < N; r++)
        for (size_t i = 0; i < 40; i++) {
            const size_t at = r * nsde_workspace_stride(sweeps[0]) + i;
            ck_assert(isfinite(nsde_workspace_output(sweeps[0], 0)[at]));
            ck_assert(nsde_workspace_output(sweeps[0], 0)[at] == nsde_workspace_output(sweeps[1], 0)[at]);
        }
    for (int k = 0; k < 2; k++)
        nsde_workspace_destroy(sweeps[k]);
    nsde_program_destroy(program);
    nsde_tape_destroy(tape);
}
END_TEST

START_TEST(systems_that_do_not_fit_are_refused)
{
    nsde_tape *tape;
    check_ok(nsde_tape_create(&tape));
    nsde_solve(nsde_input(tape, 6), nsde_input(tape, 2));
    check_refused(nsde_tape_status(tape), NSDE_RECORDING, "solve: a matrix of 6 entries");
    nsde_tape_destroy(tape);
    check_ok(nsde_tape_create(&tape));
    nsde_solve(nsde_input(tape, 33 * 33), nsde_input(tape, 33));
    check_refused(nsde_tape_status(tape), NSDE_RECORDING, "32 at most");
    nsde_tape_destroy(tape);
}
END_TEST

void test_cases(TCase *cases)
{
    tcase_add_test(cases, a_product_gives_back_the_right_side);
    tcase_add_test(cases, derivatives_of_solutions);
    tcase_add_test(cases, a_held_iteration_has_the_derivatives_of_its_limit);
    tcase_add_test(cases, reused_storage_holds_no_operand);
    tcase_add_test(cases, systems_that_do_not_fit_are_refused);
}
