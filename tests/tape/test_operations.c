/* Values, tangents and adjoints of the elementwise operations, however their operands are broadcast.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "tape/catalogue.h"
#include "tape/panel.h"

/* An operand: per path or uniform, of one row or of N rows. */
enum { ROWS_1, ROWS_N, UNIFORM_1, UNIFORM_N, KINDS, N_ROWS = 3, PATHS = 21 };

static size_t rows_of(int kind)
{
    return kind == ROWS_1 || kind == UNIFORM_1 ? 1 : N_ROWS;
}

static bool per_path(int kind)
{
    return kind == ROWS_1 || kind == ROWS_N;
}

/* One operation in one combination of kinds of operands: outputs its value and its tangent along the
 * directions, which are operands of the same kinds. */
typedef struct setting {
    const operation *op;
    int kind[3];
    size_t rows;
    panel run;
    size_t slot[6]; /* input number, or offset among the parameters, of operand i and (i + 3) its direction */
} setting;

static setting record(const operation *op, const int kind[3])
{
    setting s = {.op = op, .rows = 1};
    nsde_tape *tape = new_tape();
    nsde_var args[6], seeded[3];
    size_t inputs = 0, parameters = 0;
    const nsde_perturbation eps = nsde_perturb(tape, 1);
    for (size_t i = 0; i < 2 * op->n_args; i++) {
        const size_t which = i % op->n_args, place = which + (i < op->n_args ? 0 : 3);
        s.kind[which] = kind[which];
        const size_t rows = rows_of(kind[which]);
        s.rows = rows > s.rows ? rows : s.rows;
        s.slot[place] = per_path(kind[which]) ? inputs++ : parameters;
        args[place] = per_path(kind[which]) ? nsde_input(tape, rows) : nsde_parameter(tape, rows);
        parameters += per_path(kind[which]) ? 0 : rows;
    }
    for (size_t i = 0; i < op->n_args; i++)
        seeded[i] = nsde_seed(eps, args[i], &args[i + 3]);
    const nsde_var y = op->record(seeded);
    const nsde_var outputs[] = {nsde_primal(eps, y), nsde_tangent(eps, y, 0)};
    ck_assert_uint_eq(nsde_rows(y), s.rows);
    s.run = panel_create(tape, 2, outputs, PATHS, NSDE_REVERSE);
    nsde_tape_destroy(tape);
    return s;
}

static double *number_at(setting *s, size_t i, size_t row, size_t path)
{
    const int kind = s->kind[i % 3];
    row = rows_of(kind) == 1 ? 0 : row;
    return per_path(kind) ? nsde_workspace_input(s->run.workspace, s->slot[i]) + row * s->run.stride + path
                          : nsde_workspace_parameters(s->run.workspace) + s->slot[i] + row;
}

static double direction_of(size_t i, size_t row, size_t path)
{
    return 0.3 + 0.17 * (double)i - 0.11 * (double)row + 0.007 * (double)path;
}

/* Every element gets ordinary arguments; which, varies over rows and paths as far as the kinds allow. */
static void fill(setting *s)
{
    for (size_t i = 0; i < s->op->n_args; i++)
        for (size_t row = 0; row < s->rows; row++)
            for (size_t path = 0; path < s->run.stride; path++) {
                /* operands that do not vary stand at one point, so all others must be taken there */
                const size_t r = rows_of(s->kind[i]) == 1 ? 0 : row, p = per_path(s->kind[i]) ? path : 0;
                *number_at(s, i, row, path) = s->op->at[(r + p) % N_POINTS][i];
                *number_at(s, i + 3, row, path) = direction_of(i, r, p);
            }
}

static bool all_alike(const setting *s)
{
    for (size_t i = 1; i < s->op->n_args; i++)
        if (s->kind[i] != s->kind[0])
            return false;
    return true;
}

static void check_values(setting *s)
{
    for (size_t row = 0; row < s->rows; row++)
        for (size_t path = 0; path < PATHS; path++) {
            double at[3], direction[3];
            long double wide[3];
            for (size_t i = 0; i < s->op->n_args; i++) {
                wide[i] = at[i] = *number_at(s, i, row, path);
                direction[i] = *number_at(s, i + 3, row, path);
            }
            const double expected = (double)s->op->value(wide);
            ck_assert_msg(fabs(panel_output(&s->run, 0, row, path) - expected) <= 2e-15 * fabs(expected),
                          "%s(%g, %g): %.17g, expected %.17g", s->op->name, at[0], at[1],
                          panel_output(&s->run, 0, row, path), expected);
            /* mixed kinds meet at points that may lie on another branch: differences only where they agree */
            if (!all_alike(s))
                continue;
            const double slope = (double)difference(s->op, at, direction),
                         found = panel_output(&s->run, 1, row, path);
            ck_assert_msg(fabs(found - slope) <= 1e-8 * fmax(fabs(slope), 1e-9),
                          "%s'(%g, %g): %.17g, expected %.17g", s->op->name, at[0], at[1], found, slope);
        }
}

/* Adjoint of operand i in the given direction, summed over all elements: <J' w, v>. */
static double pulled(setting *s)
{
    double sum = 0.0;
    for (size_t i = 0; i < s->op->n_args; i++)
        for (size_t row = 0; row < rows_of(s->kind[i]); row++)
            for (size_t path = 0; path < (per_path(s->kind[i]) ? (size_t)PATHS : 1u); path++) {
                const double adjoint =
                    per_path(s->kind[i])
                        ? panel_input_adjoint(&s->run, s->slot[i], row, path)
                        : nsde_workspace_parameter_adjoint(s->run.workspace)[s->slot[i] + row];
                sum += adjoint * *number_at(s, i + 3, row, path);
            }
    return sum;
}

/* <w, J v> = <J' w, v>, over all elements at once and for each on its own. */
static void check_adjoints(setting *s)
{
    const size_t width = nsde_output_is_uniform(s->run.program, 0) ? 1 : PATHS;
    double all = 0.0, size = 0.0;
    for (size_t row = 0; row < s->rows; row++)
        for (size_t path = 0; path < width; path++) {
            const double weight = 0.4 + 0.13 * (double)row - 0.03 * (double)path;
            panel_weigh(&s->run, 0, row, path, weight);
            all += weight * panel_output(&s->run, 1, row, path);
            size += fabs(weight * panel_output(&s->run, 1, row, path));
        }
    nsde_workspace_clear_adjoint(s->run.workspace);
    nsde_reverse(s->run.workspace, PATHS);
    const double found = pulled(s);
    ck_assert_msg(fabs(found - all) <= 1e-13 * size,
                  "%s: <w, J v> = %.17g but <J' w, v> = %.17g (kinds %d %d %d)", s->op->name, all, found,
                  s->kind[0], s->kind[1], s->kind[2]);
    for (size_t row = 0; row < s->rows; row++)
        for (size_t path = 0; path < width; path++)
            panel_weigh(&s->run, 0, row, path, 0.0);
    panel_weigh(&s->run, 0, s->rows - 1, width - 1, 1.0);
    nsde_workspace_clear_adjoint(s->run.workspace);
    nsde_reverse(s->run.workspace, PATHS);
    const double one = panel_output(&s->run, 1, s->rows - 1, width - 1);
    ck_assert_msg(fabs(pulled(s) - one) <= 1e-13 * fabs(one),
                  "%s: tangent %.17g, adjoint %.17g (kinds %d %d %d)", s->op->name, one, pulled(s),
                  s->kind[0], s->kind[1], s->kind[2]);
}

START_TEST(operations_agree_with_libm_however_they_are_broadcast)
{
    const operation *op = &catalogue[_i];
    const int second = op->n_args > 1 ? KINDS : 1, third = op->n_args > 2 ? KINDS : 1;
    for (int a = 0; a < KINDS; a++)
        for (int b = 0; b < second; b++)
            for (int c = 0; c < third; c++) {
                setting s = record(op, (int[]){a, b, c});
                fill(&s);
                panel_forward(&s.run);
                check_values(&s);
                check_adjoints(&s);
                panel_destroy(&s.run);
            }
}
END_TEST

/* An operand used on all sides, as a slice of an input and of a parameter. */
START_TEST(repeated_operands_and_slices_add_their_adjoints)
{
    const operation *op = &catalogue[_i];
    for (int uniform = 0; uniform < 2; uniform++) {
        nsde_tape *tape = new_tape();
        const nsde_var wide = uniform ? nsde_parameter(tape, 4) : nsde_input(tape, 4);
        const nsde_var x = nsde_row(nsde_slice(wide, 1, 3), 1); /* row 2 */
        const nsde_perturbation eps = nsde_perturb(tape, 1);
        const nsde_var one = nsde_real(tape, 1.0), seeded = nsde_seed(eps, x, &one);
        const nsde_var y = op->record((nsde_var[]){seeded, seeded, seeded});
        const nsde_var outputs[] = {nsde_primal(eps, y), nsde_tangent(eps, y, 0)};
        panel p = panel_create(tape, 2, outputs, 1, NSDE_REVERSE);
        const double at[] = {0.47, 0.47, 0.47};
        for (size_t r = 0; r < 4; r++)
            if (uniform)
                nsde_workspace_parameters(p.workspace)[r] = r == 2 ? 0.47 : 0.9;
            else
                panel_fill(&p, 0, r, r == 2 ? 0.47 : 0.9);
        panel_gradient(&p);
        const double expected = (double)difference(op, at, (double[]){1.0, 1.0, 1.0});
        check_close_floor(panel_output(&p, 1, 0, 0), expected, 1e-8, 1e-6);
        for (size_t r = 0; r < 4; r++)
            check_close_floor(uniform ? nsde_workspace_parameter_adjoint(p.workspace)[r]
                                      : panel_input_adjoint(&p, 0, r, 0),
                              r == 2 ? panel_output(&p, 1, 0, 0) : 0.0, 1e-13, 1e-30);
        panel_destroy(&p);
        nsde_tape_destroy(tape);
    }
}
END_TEST

void test_cases(TCase *cases)
{
    tcase_add_loop_test(cases, operations_agree_with_libm_however_they_are_broadcast, 0, N_CATALOGUE);
    tcase_add_loop_test(cases, repeated_operands_and_slices_add_their_adjoints, 0, N_CATALOGUE);
}
