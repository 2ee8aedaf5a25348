/* A path's numbers do not depend on the panel it runs in, nor a sum over paths on the room beside it.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "tape/network.h"

enum { WIDEST = 1000, N = 2 * N_WEIGHTS };

/* Two layers wide enough for the blocked code of the matrix products, and every function of libmvec in use.
 */
static nsde_var record(nsde_tape *tape, nsde_var *x)
{
    enum { WIDE = 130 };
    *x = nsde_input(tape, STATE);
    const nsde_var noise = nsde_input_passive(tape, STATE * STEPS), w = nsde_parameter(tape, N);
    const nsde_var first = nsde_parameter(tape, WIDE * STATE), second = nsde_parameter(tape, WIDE * WIDE);
    const nsde_var bias = nsde_parameter(tape, WIDE), scale = nsde_parameter(tape, 1);
    const nsde_var end = unrolled(tape, *x, w, noise);
    const nsde_var a = nsde_erf(nsde_mul(scale, nsde_dense(first, &bias, end, WIDE)));
    const nsde_var b = nsde_dense(second, &bias, a, WIDE), size = nsde_add_real(nsde_square(b), 0.1);
    const nsde_var c = nsde_add(nsde_pow(size, nsde_sigmoid(a)), nsde_log(size));
    const nsde_var d = nsde_mul(nsde_sin(c), nsde_asinh(nsde_add(b, nsde_normal_cdf(a))));
    return nsde_stack(3, (nsde_var[]){end, nsde_mul(d, scale), nsde_sum(nsde_atan(nsde_expm1(nsde_cos(d))))});
}

static panel make(size_t room, size_t paths)
{
    nsde_tape *tape = new_tape();
    nsde_var x;
    const nsde_var y = record(tape, &x);
    panel p = panel_create(tape, 1, &y, room, NSDE_REVERSE);
    nsde_tape_destroy(tape);
    p.paths = WIDEST; /* network_fill: path i is path i in every panel */
    network_fill(&p, 1);
    p.paths = paths;
    return p;
}

static void run(panel *p)
{
    const size_t rows = nsde_program_output_rows(p->program, 0);
    panel_forward(p);
    for (size_t r = 0; r < rows; r++)
        for (size_t path = 0; path < p->paths; path++)
            panel_weigh(p, 0, r, path, 0.3 + 0.01 * (double)(r % 7));
    nsde_workspace_clear_adjoint(p->workspace);
    nsde_reverse(p->workspace, p->paths);
}

/* Paths first ... of the wide panel are moved to lane 0 of the narrow one. */
static void check_same(panel *wide, panel *narrow, size_t first)
{
    const size_t rows[] = {STATE, STATE * STEPS}, outputs = nsde_program_output_rows(wide->program, 0);
    for (size_t k = 0; k < 2; k++)
        for (size_t r = 0; r < rows[k]; r++)
            memcpy(nsde_workspace_input(narrow->workspace, k) + r * narrow->stride,
                   nsde_workspace_input(wide->workspace, k) + r * wide->stride + first,
                   narrow->paths * sizeof(double));
    run(narrow);
    for (size_t path = 0; path < narrow->paths; path++) {
        for (size_t r = 0; r < outputs; r++)
            ck_assert_msg(panel_output(narrow, 0, r, path) == panel_output(wide, 0, r, first + path),
                          "row %zu of path %zu: %.17g in %zu paths, %.17g in %zu", r, first + path,
                          panel_output(narrow, 0, r, path), narrow->paths,
                          panel_output(wide, 0, r, first + path), wide->paths);
        for (size_t r = 0; r < STATE; r++)
            ck_assert_msg(panel_input_adjoint(narrow, 0, r, path) ==
                              panel_input_adjoint(wide, 0, r, first + path),
                          "adjoint %zu of path %zu: %.17g in %zu paths, %.17g in %zu", r, first + path,
                          panel_input_adjoint(narrow, 0, r, path), narrow->paths,
                          panel_input_adjoint(wide, 0, r, first + path), wide->paths);
    }
}

START_TEST(a_path_does_not_see_its_neighbours)
{
    panel wide = make(WIDEST, WIDEST);
    run(&wide);
    const size_t widths[] = {1, 16, 64, 100, 512};
    for (size_t k = 0; k < sizeof widths / sizeof *widths; k++) {
        panel narrow = make(widths[k], widths[k]);
        const size_t firsts[] = {0, 1, 37, WIDEST - widths[k]};
        for (size_t j = 0; j < 4; j++)
            check_same(&wide, &narrow, firsts[j]);
        panel_destroy(&narrow);
    }
    panel_destroy(&wide);
}
END_TEST

START_TEST(sums_over_paths_do_not_depend_on_the_room)
{
    const size_t paths[] = {1, 64, 100};
    for (size_t k = 0; k < 3; k++) {
        panel tight = make(paths[k], paths[k]), roomy = make(WIDEST, paths[k]);
        run(&tight);
        run(&roomy);
        const size_t n = nsde_program_parameters(tight.program);
        const double *a = nsde_workspace_parameter_adjoint(tight.workspace),
                     *b = nsde_workspace_parameter_adjoint(roomy.workspace);
        for (size_t i = 0; i < n; i++)
            ck_assert_msg(a[i] == b[i], "parameter %zu, %zu paths: %.17g and %.17g", i, paths[k], a[i], b[i]);
        ck_assert(a[n - 1] != 0.0);
        panel_destroy(&tight);
        panel_destroy(&roomy);
    }
}
END_TEST

START_TEST(the_suggested_panel_fits)
{
    panel p = make(1, 1);
    const size_t forward = nsde_program_panel(p.program, NSDE_FORWARD),
                 back = nsde_program_panel(p.program, NSDE_REVERSE);
    ck_assert(forward % 16 == 0 && back % 16 == 0 && back >= 16 && forward >= back);
    panel_destroy(&p);
}
END_TEST

void test_cases(TCase *cases)
{
    tcase_add_test(cases, a_path_does_not_see_its_neighbours);
    tcase_add_test(cases, sums_over_paths_do_not_depend_on_the_room);
    tcase_add_test(cases, the_suggested_panel_fits);
}
