/* Structure and linear algebra: dense layers, products, stacks, and outputs of every kind.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "tape/panel.h"

static double number(size_t i)
{
    return sin(0.7 * (double)i + 0.2);
}

/* W x + b of m outputs and n inputs, x per path or uniform: values and all adjoints against plain sums. */
static void check_dense(size_t m, size_t n, size_t paths, bool uniform_x, bool with_bias)
{
    nsde_tape *tape = new_tape();
    const nsde_var w = nsde_parameter(tape, m * n), b = nsde_parameter(tape, m);
    const nsde_var x = uniform_x ? nsde_parameter(tape, n) : nsde_input(tape, n);
    const nsde_var y = nsde_dense(w, with_bias ? &b : NULL, x, m);
    ck_assert(nsde_is_uniform(y) == uniform_x);
    panel p = panel_create(tape, 1, &y, paths, NSDE_REVERSE);
    double *weights = nsde_workspace_parameters(p.workspace), *bias = weights + m * n;
    const size_t width = uniform_x ? 1 : paths, step = uniform_x ? 1 : p.stride;
    double *xs = uniform_x ? bias + m : nsde_workspace_input(p.workspace, 0);
    for (size_t i = 0; i < m * n + m; i++)
        weights[i] = number(i);
    for (size_t j = 0; j < n; j++)
        for (size_t path = 0; path < width; path++)
            xs[j * step + path] = number(3 * j + 5 * path + 1);
    panel_forward(&p);
    double *g = nsde_workspace_output_adjoint(p.workspace, 0);
    for (size_t i = 0; i < m; i++)
        for (size_t path = 0; path < width; path++) {
            double sum = with_bias ? bias[i] : 0.0;
            for (size_t j = 0; j < n; j++)
                sum += weights[i * n + j] * xs[j * step + path];
            if (i % 17 == 0 || i + 1 == m)
                check_close_floor(panel_output(&p, 0, i, path), sum, 1e-13 * (double)n, 1.0);
            g[i * step + path] = number(i + 2 * path);
        }
    nsde_reverse(p.workspace, paths);
    const double *adjoint = nsde_workspace_parameter_adjoint(p.workspace);
    for (size_t i = 0; i < m; i += m / 3 + 1) {
        double sum = 0.0;
        for (size_t path = 0; path < width; path++)
            sum += g[i * step + path];
        check_close_floor(adjoint[m * n + i], with_bias ? sum : 0.0, 1e-13, (double)width);
        for (size_t j = 0; j < n; j += n / 5 + 1) {
            sum = 0.0;
            for (size_t path = 0; path < width; path++)
                sum += g[i * step + path] * xs[j * step + path];
            check_close_floor(adjoint[i * n + j], sum, 1e-13, (double)width);
        }
    }
    for (size_t j = 0; j < n; j += n / 5 + 1)
        for (size_t path = 0; path < width; path += 7) {
            double sum = 0.0;
            for (size_t i = 0; i < m; i++)
                sum += weights[i * n + j] * g[i * step + path];
            check_close_floor(uniform_x ? adjoint[m * n + m + j] : panel_input_adjoint(&p, 0, j, path), sum,
                              1e-13, (double)m);
        }
    panel_destroy(&p);
    nsde_tape_destroy(tape);
}

START_TEST(dense_layers_of_all_shapes)
{
    const size_t shapes[][3] = {{1, 1, 1}, {3, 2, 21}, {64, 3, 64}, {2, 64, 100}, {64, 64, 130}, {1, 17, 16}};
    for (size_t k = 0; k < sizeof shapes / sizeof *shapes; k++)
        for (int mode = 0; mode < 4; mode++)
            check_dense(shapes[k][0], shapes[k][1], shapes[k][2], mode & 1, mode & 2);
}
END_TEST

/* m n > 2^18, and a single row longer than that: the products are cut into tiles. */
START_TEST(large_dense_layers_are_cut_into_tiles)
{
    check_dense(700, 500, 37, false, true);
    check_dense(600, 520, 3, true, true);
    check_dense(3, 20000, 33, false, false);
    check_dense(20000, 3, 33, false, true);
}
END_TEST

/* A matrix that differs between paths, or not, times a vector that does, or not. */
START_TEST(matvec_and_dot)
{
    enum { M = 3, N = 4, PATHS = 19 };
    for (int mode = 0; mode < 4; mode++) {
        nsde_tape *tape = new_tape();
        const bool uniform[] = {mode & 1, mode & 2};
        const size_t rows[] = {M * N, N};
        nsde_var args[2];
        for (size_t i = 0; i < 2; i++)
            args[i] = uniform[i] ? nsde_parameter(tape, rows[i]) : nsde_input(tape, rows[i]);
        const nsde_var outputs[] = {nsde_matvec(args[0], args[1]),
                                    nsde_dot(nsde_slice(args[0], 5, N), args[1]),
                                    nsde_sum(nsde_mul(nsde_slice(args[0], 5, N), args[1]))};
        panel p = panel_create(tape, 3, outputs, PATHS, NSDE_REVERSE);
        double *at[2];
        size_t input = 0, offset = 0;
        for (size_t i = 0; i < 2; i++) {
            at[i] = uniform[i] ? nsde_workspace_parameters(p.workspace) + offset
                               : nsde_workspace_input(p.workspace, input++);
            offset += uniform[i] ? rows[i] : 0;
            for (size_t r = 0; r < rows[i]; r++)
                for (size_t path = 0; path < (uniform[i] ? 1 : p.stride); path++)
                    at[i][uniform[i] ? r : r * p.stride + path] = number(r + 5 * path + 11 * i);
        }
        panel_forward(&p);
#define AT(i, r, path) at[i][uniform[i] ? (r) : (r)*p.stride + (path)]
        for (size_t path = 0; path < PATHS; path++) {
            for (size_t i = 0; i < M; i++) {
                double sum = 0.0;
                for (size_t j = 0; j < N; j++)
                    sum += AT(0, i * N + j, path) * AT(1, j, path);
                check_close_floor(panel_output(&p, 0, i, path), sum, 1e-15, 4.0);
            }
            double sum = 0.0;
            for (size_t j = 0; j < N; j++)
                sum += AT(0, 5 + j, path) * AT(1, j, path);
            check_close_floor(panel_output(&p, 1, 0, path), sum, 1e-15, 4.0);
            check_close_floor(panel_output(&p, 2, 0, path), sum, 1e-15, 4.0);
        }
        /* weight 1 on row 1 of the product and 2 on the dot: entry (1, j) of A gets x_j, and 2 x_.. */
        const size_t last = nsde_output_is_uniform(p.program, 0) ? 0 : PATHS - 1;
        panel_weigh(&p, 0, 1, last, 1.0);
        panel_weigh(&p, 1, 0, last, 2.0);
        nsde_reverse(p.workspace, PATHS);
        const double *parameter = nsde_workspace_parameter_adjoint(p.workspace);
        for (size_t j = 0; j < N; j++) {
            const double expected = AT(1, j, last) + (j >= 1 ? 2.0 * AT(1, j - 1, last) : 0.0);
            check_relative(uniform[0] ? parameter[N + j] : panel_input_adjoint(&p, 0, N + j, last), expected,
                           1e-15);
            const double of_x = AT(0, N + j, last) + 2.0 * AT(0, 5 + j, last);
            check_relative(uniform[1] ? parameter[(uniform[0] ? M * N : 0) + j]
                                      : panel_input_adjoint(&p, uniform[0] ? 0 : 1, j, last),
                           of_x, 1e-15);
        }
        panel_destroy(&p);
        nsde_tape_destroy(tape);
    }
}
END_TEST

/* Inputs, slices of them, constants, parameters and duplicates as outputs: adjoints add up. */
START_TEST(outputs_may_be_anything)
{
    enum { PATHS = 5 };
    nsde_tape *tape = new_tape();
    const nsde_var x = nsde_input(tape, 3), noise = nsde_input_passive(tape, 1), p0 = nsde_parameter(tape, 2);
    const nsde_var t = nsde_uniform(tape, 1), c = nsde_constant(tape, 2, (double[]){2.385, -1.0});
    const nsde_var y = nsde_mul(nsde_row(x, 1), nsde_row(p0, 0));
    const nsde_var outputs[] = {
        x, nsde_slice(x, 1, 2), y, y, p0, c, t, noise, nsde_stack(3, (nsde_var[]){y, t, x})};
    panel p = panel_create(tape, 9, outputs, PATHS, NSDE_REVERSE);
    for (size_t r = 0; r < 3; r++)
        panel_fill(&p, 0, r, 0.3 + (double)r);
    panel_fill(&p, 1, 0, 7.5);
    nsde_workspace_parameters(p.workspace)[0] = 1.7;
    nsde_workspace_parameters(p.workspace)[1] = 0.4;
    *nsde_workspace_uniform(p.workspace, 0) = 0.9;
    panel_forward(&p);
    check_relative(panel_output(&p, 1, 1, 2), 2.3, 1e-15);
    check_relative(panel_output(&p, 3, 0, 2), 1.3 * 1.7, 1e-15);
    check_relative(panel_output(&p, 4, 1, 2), 0.4, 0.0);
    check_relative(panel_output(&p, 5, 0, 2), 2.385, 0.0);
    check_relative(panel_output(&p, 7, 0, 2), 7.5, 0.0);
    check_relative(panel_output(&p, 8, 1, 2), 0.9, 0.0);
    check_relative(panel_output(&p, 8, 4, 2), 2.3, 1e-15);
    ck_assert(nsde_output_is_uniform(p.program, 4) && nsde_output_is_uniform(p.program, 5));
    ck_assert(nsde_output_is_uniform(p.program, 6) && !nsde_output_is_uniform(p.program, 7));
    for (size_t k = 0; k < 9; k++)
        for (size_t r = 0; r < nsde_program_output_rows(p.program, k); r++)
            panel_weigh(&p, k, r, nsde_output_is_uniform(p.program, k) ? 0 : 2, 1.0);
    for (int twice = 0; twice < 2; twice++) {
        nsde_workspace_clear_adjoint(p.workspace);
        nsde_reverse(p.workspace, PATHS);
        check_relative(panel_input_adjoint(&p, 0, 0, 2), 2.0, 0.0);
        check_relative(panel_input_adjoint(&p, 0, 1, 2), 3.0 + 3.0 * 1.7, 1e-15);
        check_relative(panel_input_adjoint(&p, 0, 2, 2), 3.0, 0.0);
        check_relative(panel_input_adjoint(&p, 0, 1, 1), 0.0, 0.0);
        check_relative(panel_input_adjoint(&p, 1, 0, 2), 0.0, 0.0); /* passive */
        check_relative(nsde_workspace_parameter_adjoint(p.workspace)[0], 1.0 + 3.0 * 1.3, 1e-15);
        check_relative(nsde_workspace_parameter_adjoint(p.workspace)[1], 1.0, 0.0);
    }
    nsde_reverse(p.workspace, PATHS); /* without clearing it adds */
    check_relative(nsde_workspace_parameter_adjoint(p.workspace)[1], 2.0, 0.0);
    panel_destroy(&p);
    nsde_tape_destroy(tape);
}
END_TEST

/* A value used for its sign alone has no adjoint, whatever lies where one would be. */
START_TEST(what_no_gradient_reaches_contributes_none)
{
    nsde_tape *tape = new_tape();
    const nsde_var x = nsde_input(tape, 1), p0 = nsde_parameter(tape, 1);
    const nsde_var hidden = nsde_square(nsde_mul(x, p0)), two = nsde_real(tape, 2.0);
    const nsde_var outputs[] = {nsde_mul(x, nsde_sign(hidden)), nsde_select(nsde_exp(hidden), x, two)};
    panel p = panel_create(tape, 2, outputs, 1, NSDE_REVERSE);
    panel_fill(&p, 0, 0, 0.3);
    *nsde_workspace_parameters(p.workspace) = 1.7;
    panel_forward(&p);
    panel_weigh(&p, 0, 0, 0, 0.7);
    panel_weigh(&p, 1, 0, 0, 0.4);
    nsde_reverse(p.workspace, 1);
    check_relative(panel_input_adjoint(&p, 0, 0, 0), 1.1, 1e-15);
    check_relative(*nsde_workspace_parameter_adjoint(p.workspace), 0.0, 0.0);
    panel_destroy(&p);
    nsde_tape_destroy(tape);
}
END_TEST

/* Storage is reused where a forward sweep needs a value no longer, but never while it is being read. */
START_TEST(reused_storage_holds_no_operand)
{
    enum { N = 3, PATHS = 40 };
    nsde_tape *tape = new_tape();
    const nsde_var x = nsde_input(tape, N), matrix = nsde_input(tape, N * N), w = nsde_parameter(tape, N * N);
    nsde_var y = nsde_exp(x);
    for (size_t k = 0; k < 4; k++) {
        y = nsde_sin(nsde_dense(w, NULL, nsde_sin(y), N));
        y = nsde_matvec(matrix, nsde_cos(y));
        y = nsde_add(nsde_row(y, k % N), nsde_stack(2, (nsde_var[]){nsde_slice(y, 1, 2), nsde_row(y, 0)}));
        y = nsde_log_bessel_i(nsde_square(y), nsde_exp(nsde_sin(y)));
        y = nsde_mul(nsde_broadcast(nsde_sum(nsde_tanh(y)), N), nsde_dot(y, nsde_cos(y)));
    }
    panel forward = panel_create(tape, 1, &y, PATHS, NSDE_FORWARD),
          trace = panel_create(tape, 1, &y, PATHS, NSDE_TRACE);
    panel *both[] = {&forward, &trace};
    for (size_t k = 0; k < 2; k++) {
        for (size_t i = 0; i < N * N; i++)
            nsde_workspace_parameters(both[k]->workspace)[i] = number(i);
        for (size_t i = 0; i < N * N * forward.stride; i++)
            nsde_workspace_input(both[k]->workspace, 1)[i] = number(2 * i + 1);
        for (size_t i = 0; i < N * forward.stride; i++)
            nsde_workspace_input(both[k]->workspace, 0)[i] = number(3 * i + 2);
        panel_forward(both[k]);
    }
    for (size_t r = 0; r < N; r++)
        for (size_t path = 0; path < PATHS; path++)
            ck_assert(panel_output(&forward, 0, r, path) == panel_output(&trace, 0, r, path));
    panel_destroy(&forward);
    panel_destroy(&trace);
    nsde_tape_destroy(tape);
}
END_TEST

void test_cases(TCase *cases)
{
    tcase_add_test(cases, dense_layers_of_all_shapes);
    tcase_add_test(cases, large_dense_layers_are_cut_into_tiles);
    tcase_add_test(cases, matvec_and_dot);
    tcase_add_test(cases, outputs_may_be_anything);
    tcase_add_test(cases, what_no_gradient_reaches_contributes_none);
    tcase_add_test(cases, reused_storage_holds_no_operand);
}
