/* Random straight-line tapes, kept as a list of steps besides, so that a naive evaluator can run them path by
 * path in long double.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef NSDE_TESTS_RANDOM_TAPE_H
#define NSDE_TESTS_RANDOM_TAPE_H

#include "tape/catalogue.h"
#include "tape/panel.h"

enum { MOST_STEPS = 64, MOST_ROWS = 12, MOST_NUMBERS = 64 };

typedef enum kind {
    INPUT,
    PASSIVE,
    UNIFORM,
    PARAMETER,
    CONSTANT,
    ELEMENT,
    SLICE,
    STACK,
    BROADCAST,
    SUM,
    DOT,
    DENSE,
    MATVEC
} kind;

typedef struct step {
    kind kind;
    const operation *op; /* of an ELEMENT */
    size_t rows, n_args, args[3];
    size_t first; /* row of a slice; place of a leaf among the numbers */
} step;

typedef struct random_tape {
    uint64_t state;
    step steps[MOST_STEPS];
    size_t n_steps, n_numbers; /* numbers: those of all leaves */
    nsde_tape *tape;
    nsde_perturbation eps;
    nsde_var var[MOST_STEPS];
    double sample[MOST_NUMBERS]; /* of one path, to see where values lie */
    long double value[MOST_STEPS][MOST_ROWS];
} random_tape;

/* Distance of the operands from the nearest kink. */
static inline long double kink_distance(const operation *op, const long double *a)
{
    if (strcmp(op->name, "abs") == 0 || strcmp(op->name, "sign") == 0 || strcmp(op->name, "select") == 0)
        return fabsl(a[0]);
    if (strcmp(op->name, "min") == 0 || strcmp(op->name, "max") == 0)
        return fabsl(a[0] - a[1]);
    return 1.0L;
}

static inline long double element(const random_tape *t, const step *s, long double (*v)[MOST_ROWS], size_t r,
                                  long double *kink)
{
    long double a[3] = {0.0L};
    for (size_t i = 0; i < s->n_args; i++)
        a[i] = v[s->args[i]][t->steps[s->args[i]].rows == 1 ? 0 : r];
    *kink = fminl(*kink, kink_distance(s->op, a));
    return s->op->value(a);
}

static inline long double product(const random_tape *t, const step *s, long double (*v)[MOST_ROWS], size_t r)
{
    const size_t n = t->steps[s->args[1]].rows;
    long double sum = s->n_args == 3 ? v[s->args[2]][r] : 0.0L;
    for (size_t j = 0; j < n; j++)
        sum += v[s->args[0]][r * n + j] * v[s->args[1]][j];
    return sum;
}

static inline long double evaluate_row(const random_tape *t, const step *s, const long double *numbers,
                                       long double (*v)[MOST_ROWS], size_t r, long double *kink)
{
    const size_t *arg = s->args;
    long double sum = 0.0L;
    switch (s->kind) {
    case ELEMENT:
        return element(t, s, v, r, kink);
    case SLICE:
        return v[arg[0]][s->first + r];
    case STACK: {
        const size_t above = t->steps[arg[0]].rows;
        return r < above ? v[arg[0]][r] : v[arg[1]][r - above];
    }
    case BROADCAST:
        return v[arg[0]][0];
    case SUM:
        for (size_t i = 0; i < t->steps[arg[0]].rows; i++)
            sum += v[arg[0]][i];
        return sum;
    case DOT:
    case DENSE:
    case MATVEC:
        return product(t, s, v, r);
    default:
        return numbers[s->first + r];
    }
}

/* All values for one path; returns the distance from the nearest kink. */
static inline long double evaluate(const random_tape *t, const long double *numbers,
                                   long double (*v)[MOST_ROWS])
{
    long double kink = 1.0L;
    for (size_t k = 0; k < t->n_steps; k++)
        for (size_t r = 0; r < t->steps[k].rows; r++)
            v[k][r] = evaluate_row(t, &t->steps[k], numbers, v, r, &kink);
    return kink;
}

static inline nsde_var record_step(random_tape *t, const step *s)
{
    const nsde_var a = t->var[s->args[0]], b = t->var[s->args[1]];
    const nsde_var args[] = {a, b, t->var[s->args[2]]};
    const double *numbers = t->sample + s->first;
    switch (s->kind) {
    case INPUT:
        return nsde_input(t->tape, s->rows);
    case PASSIVE:
        return nsde_input_passive(t->tape, s->rows);
    case UNIFORM:
        return nsde_uniform(t->tape, s->rows);
    case PARAMETER:
        return nsde_parameter(t->tape, s->rows);
    case CONSTANT:
        return nsde_constant(t->tape, s->rows, numbers);
    case ELEMENT:
        return s->op->record(args);
    case SLICE:
        return nsde_slice(a, s->first, s->rows);
    case STACK:
        return nsde_stack(2, args);
    case BROADCAST:
        return nsde_broadcast(a, s->rows);
    case SUM:
        return nsde_sum(a);
    case DOT:
        return nsde_dot(a, b);
    case DENSE:
        return nsde_dense(a, s->n_args == 3 ? &args[2] : NULL, b, s->rows);
    default:
        return nsde_matvec(a, b);
    }
}

static inline size_t push(random_tape *t, step s)
{
    const size_t k = t->n_steps;
    if (s.kind <= CONSTANT) {
        s.first = t->n_numbers;
        for (size_t r = 0; r < s.rows; r++)
            t->sample[t->n_numbers++] = uniform_number(&t->state, -1.2, 1.2);
    }
    t->steps[k] = s;
    t->var[k] = record_step(t, &s);
    long double kink, numbers[MOST_NUMBERS];
    for (size_t i = 0; i < t->n_numbers; i++)
        numbers[i] = t->sample[i];
    for (size_t r = 0; r < s.rows; r++)
        t->value[k][r] = evaluate_row(t, &t->steps[k], numbers, t->value, r, &kink);
    ck_assert_uint_eq(nsde_rows(t->var[k]), s.rows);
    return t->n_steps++;
}

static inline const operation *operation_named(const char *name)
{
    for (size_t i = 0; i < N_CATALOGUE; i++)
        if (strcmp(catalogue[i].name, name) == 0)
            return &catalogue[i];
    return NULL;
}

/* A value already there, brought into (0.5, 2.1) where `tame` or where it has grown. */
static inline size_t pick(random_tape *t, bool tame)
{
    const size_t k = random_below(&t->state, t->n_steps);
    bool large = false;
    for (size_t r = 0; r < t->steps[k].rows; r++)
        large = large || fabsl(t->value[k][r]) > 3.0L;
    if (!tame && !large)
        return k;
    const size_t rows = t->steps[k].rows;
    const size_t wave = push(t, (step){ELEMENT, operation_named("sin"), rows, 1, {k}, 0});
    const size_t small = push(t, (step){ELEMENT, operation_named("mul_real"), rows, 1, {wave}, 0});
    const size_t sigmoid = push(t, (step){ELEMENT, operation_named("sigmoid"), rows, 1, {small}, 0});
    return push(t, (step){ELEMENT, operation_named("add_real"), rows, 1, {sigmoid}, 0});
}

static inline bool fits(const operation *op, size_t rows, size_t more)
{
    return op->n_args == 1 || rows == 1 || more == 1 || rows == more;
}

static inline void push_element(random_tape *t)
{
    const operation *op = &catalogue[random_below(&t->state, N_CATALOGUE)];
    const bool tame =
        strcmp(op->name, "abs") != 0 && strcmp(op->name, "sign") != 0 && random_below(&t->state, 3) < 2;
    const char *wild[] = {"sin", "cos", "tanh",       "sigmoid", "softplus", "silu",  "add",
                          "sub", "mul", "min",        "max",     "select",   "abs",   "sign",
                          "neg", "erf", "normal_cdf", "atan",    "asinh",    "square"};
    bool anywhere = false;
    for (size_t i = 0; i < sizeof wild / sizeof *wild; i++)
        anywhere = anywhere || strcmp(op->name, wild[i]) == 0;
    step s = {ELEMENT, op, 1, op->n_args, {0}, 0};
    for (size_t i = 0; i < op->n_args; i++) {
        do
            s.args[i] = pick(t, !anywhere || tame);
        while (t->n_steps < MOST_STEPS - 16 && !fits(op, s.rows, t->steps[s.args[i]].rows));
        if (!fits(op, s.rows, t->steps[s.args[i]].rows))
            return;
        const size_t rows = t->steps[s.args[i]].rows;
        s.rows = rows > s.rows ? rows : s.rows;
    }
    push(t, s);
}

static inline void push_structure(random_tape *t)
{
    const size_t a = pick(t, false), b = pick(t, false), n = t->steps[a].rows, m = t->steps[b].rows;
    const nsde_var weights = t->var[a];
    step s = {(kind)(SLICE + random_below(&t->state, 7)), NULL, 1, 1, {a, b}, 0};
    switch (s.kind) {
    case SLICE:
        s.rows = 1 + random_below(&t->state, n);
        s.first = random_below(&t->state, n - s.rows + 1);
        break;
    case STACK:
        s.n_args = 2;
        s.rows = n + m;
        break;
    case BROADCAST:
        s.rows = n == 1 ? 1 + random_below(&t->state, 4) : MOST_ROWS + 1;
        break;
    case DOT:
        s.n_args = 2;
        s.rows = n == m ? 1 : MOST_ROWS + 1;
        break;
    case DENSE:
    case MATVEC:
        s.n_args = 2;
        s.rows = n % m == 0 && (s.kind == MATVEC || nsde_is_uniform(weights)) ? n / m : MOST_ROWS + 1;
        break;
    default:
        break;
    }
    if (s.rows <= MOST_ROWS)
        push(t, s);
}

/* Replaces a leaf by its dual along a further leaf of the same kind; with a tape whose tangents are wanted.
 */
static inline void seed_leaves(random_tape *t)
{
    const size_t leaves = t->n_steps;
    t->eps = nsde_perturb(t->tape, 1);
    for (size_t k = 0; k < leaves; k++) {
        const step *s = &t->steps[k];
        if (s->kind != INPUT && s->kind != PARAMETER)
            continue;
        const size_t direction = push(t, (step){s->kind, NULL, s->rows, 0, {0}, 0});
        t->var[k] = nsde_seed(t->eps, t->var[k], &t->var[direction]);
    }
}

static inline void random_tape_create(random_tape *t, uint64_t seed)
{
    memset(t, 0, sizeof *t);
    t->state = seed * 0x9e3779b97f4a7c15u + 1;
    t->tape = new_tape();
    static const step leaves[] = {
        {INPUT, NULL, 3, 0, {0}, 0},    {PARAMETER, NULL, 6, 0, {0}, 0}, {PASSIVE, NULL, 1, 0, {0}, 0},
        {INPUT, NULL, 1, 0, {0}, 0},    {UNIFORM, NULL, 1, 0, {0}, 0},   {PARAMETER, NULL, 1, 0, {0}, 0},
        {CONSTANT, NULL, 3, 0, {0}, 0}, {CONSTANT, NULL, 1, 0, {0}, 0},  {PARAMETER, NULL, 3, 0, {0}, 0}};
    for (size_t i = 0; i < sizeof leaves / sizeof *leaves; i++)
        push(t, leaves[i]);
    seed_leaves(t);
    while (t->n_steps < MOST_STEPS - 16)
        if (random_below(&t->state, 3) == 0)
            push_structure(t);
        else
            push_element(t);
}

#endif
