/* Random programs against a naive evaluator, their tangents against its differences, and all sweeps against
 * each other.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "tape/random_tape.h"

enum { PATHS = 19, WIDE = 40, N_OUTPUTS = 4, SEEDS = 300 };

typedef struct trial {
    random_tape t;
    size_t shown[N_OUTPUTS]; /* steps that are outputs; their tangents are outputs N_OUTPUTS ... */
    double numbers[WIDE][MOST_NUMBERS];
} trial;

/* Leaves that do not differ between paths take those of path 0. */
static void draw(trial *r)
{
    for (size_t p = 0; p < WIDE; p++)
        for (size_t k = 0; k < r->t.n_steps; k++) {
            const step *s = &r->t.steps[k];
            for (size_t i = 0; i < s->rows && s->kind <= CONSTANT; i++) {
                const size_t n = s->first + i;
                r->numbers[p][n] = r->t.sample[n];
                if (s->kind == INPUT || s->kind == PASSIVE)
                    r->numbers[p][n] += p < PATHS ? uniform_number(&r->t.state, -0.2, 0.2) : 0.0;
            }
        }
}

static void put_leaves(const trial *r, panel *p)
{
    size_t input = 0, uniform = 0, parameter = 0;
    for (size_t k = 0; k < r->t.n_steps; k++) {
        const step *s = &r->t.steps[k];
        if (s->kind > CONSTANT || s->kind == CONSTANT)
            continue;
        double *to = s->kind == UNIFORM     ? nsde_workspace_uniform(p->workspace, uniform++)
                     : s->kind == PARAMETER ? nsde_workspace_parameters(p->workspace) + parameter
                                            : nsde_workspace_input(p->workspace, input++);
        parameter += s->kind == PARAMETER ? s->rows : 0;
        for (size_t i = 0; i < s->rows; i++)
            if (s->kind == UNIFORM || s->kind == PARAMETER)
                to[i] = r->numbers[0][s->first + i];
            else
                for (size_t lane = 0; lane < p->stride; lane++)
                    to[i * p->stride + lane] = r->numbers[lane < PATHS ? lane : WIDE - 1][s->first + i];
    }
}

static panel compile(trial *r, size_t room, nsde_sweep sweep)
{
    nsde_var outputs[2 * N_OUTPUTS];
    for (size_t k = 0; k < N_OUTPUTS; k++) {
        outputs[k] = nsde_primal(r->t.eps, r->t.var[r->shown[k]]);
        outputs[N_OUTPUTS + k] = nsde_tangent(r->t.eps, r->t.var[r->shown[k]], 0);
    }
    check_ok(nsde_tape_status(r->t.tape));
    panel p = panel_create(r->t.tape, 2 * N_OUTPUTS, outputs, room, sweep);
    p.paths = PATHS;
    put_leaves(r, &p);
    panel_forward(&p);
    return p;
}

static void trial_create(trial *r, uint64_t seed)
{
    random_tape_create(&r->t, seed);
    for (size_t k = 0; k < N_OUTPUTS; k++) /* late ones, which depend on many; one of any kind */
        r->shown[k] = r->t.n_steps - 1 - random_below(&r->t.state, k == 0 ? r->t.n_steps : 12);
    draw(r);
}

/* Moves the seeded leaves of a path by `size` along their directions. */
static void move(const trial *r, size_t path, long double size, long double *numbers)
{
    for (size_t n = 0; n < r->t.n_numbers; n++)
        numbers[n] = r->numbers[path][n];
    size_t direction = 0;
    while (r->t.steps[direction].kind != CONSTANT || r->t.steps[direction + 1].kind == CONSTANT)
        direction++;
    direction += 2; /* the leaves end with a parameter; the directions follow */
    for (size_t k = 0; direction < r->t.n_steps && r->t.steps[direction].kind <= CONSTANT; k++) {
        if (r->t.steps[k].kind != INPUT && r->t.steps[k].kind != PARAMETER)
            continue;
        for (size_t i = 0; i < r->t.steps[k].rows; i++)
            numbers[r->t.steps[k].first + i] +=
                size * (long double)r->numbers[path][r->t.steps[direction].first + i];
        direction++;
    }
}

static void check_path(const trial *r, const panel *p, size_t path)
{
    static const long double weights[] = {4.0L / 5, -1.0L / 5, 4.0L / 105, -1.0L / 280};
    long double numbers[MOST_NUMBERS], centre[MOST_STEPS][MOST_ROWS], slope[MOST_STEPS][MOST_ROWS] = {{0}};
    move(r, path, 0.0L, numbers);
    const long double h = 0x1p-12L, kink = evaluate(&r->t, numbers, centre);
    for (int j = 1; j <= 4; j++)
        for (int side = -1; side <= 1; side += 2) {
            long double moved[MOST_STEPS][MOST_ROWS];
            move(r, path, side * j * h, numbers);
            evaluate(&r->t, numbers, moved);
            for (size_t k = 0; k < r->t.n_steps; k++)
                for (size_t i = 0; i < r->t.steps[k].rows; i++)
                    slope[k][i] += side * weights[j - 1] * moved[k][i] / h;
        }
    for (size_t k = 0; k < N_OUTPUTS; k++)
        for (size_t i = 0; i < r->t.steps[r->shown[k]].rows; i++) {
            check_close_floor(panel_output(p, k, i, path), (double)centre[r->shown[k]][i], 1e-11, 1.0);
            if (kink > 0.05L)
                check_close_floor(panel_output(p, N_OUTPUTS + k, i, path), (double)slope[r->shown[k]][i],
                                  1e-7, 1.0);
        }
}

/* <J' w, v> over the seeded leaves: input 0 of 3 rows along input 3, input 2 of one along input 4 (1 is
 * passive), and ten parameters along the ten that follow. */
static double pulled(const panel *p)
{
    double sum = 0.0;
    const double *parameters = nsde_workspace_parameters(p->workspace);
    for (size_t k = 0; k < 10; k++)
        sum += nsde_workspace_parameter_adjoint(p->workspace)[k] * parameters[10 + k];
    for (size_t path = 0; path < PATHS; path++) {
        for (size_t i = 0; i < 3; i++)
            sum += panel_input_adjoint(p, 0, i, path) *
                   nsde_workspace_input(p->workspace, 3)[i * p->stride + path];
        sum += panel_input_adjoint(p, 2, 0, path) * nsde_workspace_input(p->workspace, 4)[path];
    }
    return sum;
}

/* Weights every element of outputs first ... first + N_OUTPUTS - 1; returns <w, y> over the `seen` ones. */
static double weigh(const trial *r, panel *p, size_t first, size_t seen, double *size)
{
    double sum = 0.0;
    *size = 0.0;
    for (size_t k = 0; k < N_OUTPUTS; k++)
        for (size_t i = 0; i < r->t.steps[r->shown[k]].rows; i++) {
            const size_t width = nsde_output_is_uniform(p->program, first + k) ? 1 : PATHS;
            for (size_t path = 0; path < width; path++) {
                const double weight = 0.4 + 0.13 * (double)i - 0.03 * (double)path - 0.2 * (double)k;
                panel_weigh(p, first + k, i, path, weight);
                sum += weight * panel_output(p, seen + k, i, path);
                *size += fabs(weight * panel_output(p, seen + k, i, path));
            }
        }
    return sum;
}

static void reverse(panel *p)
{
    nsde_workspace_clear_adjoint(p->workspace);
    nsde_reverse(p->workspace, PATHS);
}

/* The sweeps of other workspaces and of a cursor give the same bits. */
static void check_alike(trial *r, const panel *p)
{
    panel forward = compile(r, PATHS, NSDE_FORWARD), trace = compile(r, WIDE, NSDE_TRACE);
    double size;
    weigh(r, &trace, 0, 0, &size);
    nsde_cursor *cursor;
    nsde_instruction shown;
    check_ok(nsde_cursor_create(trace.workspace, PATHS, &cursor));
    while (nsde_cursor_forward(cursor, &shown))
        ;
    for (size_t k = 0; k < 2 * N_OUTPUTS; k++)
        for (size_t i = 0; i < nsde_program_output_rows(p->program, k); i++)
            for (size_t path = 0; path < PATHS; path++) {
                const double value = panel_output(p, k, i, path), a = panel_output(&forward, k, i, path),
                             b = panel_output(&trace, k, i, path);
                ck_assert_msg(memcmp(&value, &a, sizeof a) == 0 && memcmp(&value, &b, sizeof b) == 0,
                              "output %zu: %.17g, %.17g, %.17g", k, value, a, b);
            }
    nsde_workspace_clear_adjoint(trace.workspace);
    nsde_cursor_turn(cursor);
    while (nsde_cursor_backward(cursor, &shown))
        ;
    nsde_cursor_destroy(cursor);
    ck_assert_int_eq(memcmp(nsde_workspace_parameter_adjoint(trace.workspace),
                            nsde_workspace_parameter_adjoint(p->workspace), 20 * sizeof(double)),
                     0);
    for (size_t input = 0; input < 5; input++)
        for (size_t i = 0; i < nsde_program_input_rows(p->program, input); i++)
            for (size_t path = 0; path < PATHS; path++)
                ck_assert(panel_input_adjoint(&trace, input, i, path) ==
                          panel_input_adjoint(p, input, i, path));
    panel_destroy(&forward);
    panel_destroy(&trace);
}

/* Reverse over forward: the gradient of the tangents against their differences. */
static void check_second_order(trial *r, panel *p)
{
    long double kink = 1.0L, v[MOST_STEPS][MOST_ROWS], numbers[MOST_NUMBERS];
    for (size_t path = 0; path < PATHS; path++) {
        move(r, path, 0.0L, numbers);
        kink = fminl(kink, evaluate(&r->t, numbers, v));
    }
    double size, unused, slope = 0.0;
    const double h = 0x1p-13;
    weigh(r, p, 0, 0, &unused);
    for (size_t k = 0; k < N_OUTPUTS; k++)
        for (size_t i = 0; i < nsde_program_output_rows(p->program, k); i++)
            for (size_t path = 0; path < PATHS; path++)
                panel_weigh(p, k, i, nsde_output_is_uniform(p->program, k) ? 0 : path, 0.0);
    weigh(r, p, N_OUTPUTS, N_OUTPUTS, &size);
    reverse(p);
    const double found = pulled(p);
    static trial moved; /* large */
    for (int side = -1; side <= 1 && kink > 0.05L; side += 2) {
        moved = *r;
        for (size_t path = 0; path < WIDE; path++) {
            move(r, path < PATHS ? path : WIDE - 1, side * h, numbers);
            for (size_t n = 0; n < r->t.n_numbers; n++)
                moved.numbers[path][n] = (double)numbers[n];
        }
        panel there = compile(&moved, PATHS, NSDE_REVERSE);
        slope += side * weigh(r, &there, N_OUTPUTS, N_OUTPUTS, &unused) / (2.0 * h);
        panel_destroy(&there);
    }
    if (kink > 0.05L)
        check_close_floor(found, slope, 1e-4, 1.0 + size);
}

START_TEST(random_programs)
{
    static trial r; /* large */
    trial_create(&r, (uint64_t)_i + 1);
    panel p = compile(&r, _i % 2 ? PATHS : WIDE, NSDE_REVERSE);
    for (size_t path = 0; path < PATHS; path++)
        check_path(&r, &p, path);
    double size;
    const double tangents = weigh(&r, &p, 0, N_OUTPUTS, &size);
    bool comparable = true; /* a uniform value may have a tangent that is not, and the reverse */
    for (size_t k = 0; k < N_OUTPUTS; k++)
        comparable = comparable &&
                     nsde_output_is_uniform(p.program, k) == nsde_output_is_uniform(p.program, k + N_OUTPUTS);
    reverse(&p);
    if (comparable)
        check_close_floor(pulled(&p), tangents, 1e-11, 1e-3 + size);
    check_alike(&r, &p);
    check_second_order(&r, &p);
    panel_destroy(&p);
    nsde_tape_destroy(r.t.tape);
}
END_TEST

void test_cases(TCase *cases)
{
    tcase_add_loop_test(cases, random_programs, 0, SEEDS);
}
