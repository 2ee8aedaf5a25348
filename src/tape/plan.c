/* After the values are gathered: what is active, in which order to execute, and where everything is stored.
 *
 * Storage is reused as soon as the sweep at hand no longer needs a value (linear scan); a reverse sweep keeps
 * what its pulls will read, and the adjoints have slots of their own, reused in the same way.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "tape/program.h"

enum { KEEP_A = 1, KEEP_B = 2, KEEP_C = 4, KEEP_VALUE = 128 };

/* What the pulls of an operation read: bit i for operand i, KEEP_VALUE for its value. */
static const uint8_t reads[OP_COUNT] = {
    [OP_reciprocal] = KEEP_VALUE,
    [OP_square] = KEEP_A,
    [OP_sqrt] = KEEP_VALUE,
    [OP_exp] = KEEP_VALUE,
    [OP_log] = KEEP_A,
    [OP_log1p] = KEEP_A,
    [OP_expm1] = KEEP_A,
    [OP_sin] = KEEP_A,
    [OP_cos] = KEEP_A,
    [OP_atan] = KEEP_A,
    [OP_sinh] = KEEP_A,
    [OP_cosh] = KEEP_A,
    [OP_asinh] = KEEP_A,
    [OP_tanh] = KEEP_A | KEEP_VALUE,
    [OP_tanh_unit] = KEEP_VALUE,
    [OP_tanh_slope] = KEEP_A | KEEP_VALUE,
    [OP_sigmoid] = KEEP_A,
    [OP_sigmoid_slope] = KEEP_A | KEEP_VALUE,
    [OP_softplus] = KEEP_A,
    [OP_silu] = KEEP_A,
    [OP_abs] = KEEP_A,
    [OP_erf] = KEEP_A,
    [OP_normal_cdf] = KEEP_A,
    [OP_div] = KEEP_B | KEEP_VALUE,
    [OP_pow] = KEEP_A | KEEP_B | KEEP_VALUE,
    [OP_log_to] = KEEP_A | KEEP_B | KEEP_VALUE,
    [OP_min] = KEEP_A | KEEP_B,
    [OP_max] = KEEP_A | KEEP_B,
    [OP_chain] = KEEP_A | KEEP_B,
    [OP_select] = KEEP_A,
    [OP_lower] = KEEP_A | KEEP_B | KEEP_C,
    [OP_solve] = KEEP_A | KEEP_VALUE,
    [OP_chi_square_quantile] = KEEP_A | KEEP_B | KEEP_C | KEEP_VALUE,
    [OP_log_bessel_i] = KEEP_A | KEEP_B,
};

/* Products read each factor only for the pull to the other. */
static bool is_product(nsde_op op)
{
    return op == OP_mul || op == OP_fma || op == OP_dot || op == OP_matvec || op == OP_dense;
}

void nsde_set_mode(const nsde_program *program, nsde_value *value)
{
    const nsde_shape shape = nsde_op_shape(value->node.op);
    value->mode = 0;
    value->whole = true;
    if (shape != UNARY && shape != BINARY && shape != TERNARY && shape != SPECIAL)
        return;
    for (uint32_t i = 0; i < value->n_args; i++) {
        const nsde_node *operand = &program->values[value->node.arg[i]].node;
        const bool single =
            value->node.uniform ? operand->rows == 1 && value->node.rows > 1 : operand->uniform;
        value->mode |= (uint8_t)(single << i);
        if (!value->node.uniform)
            value->whole =
                value->whole && (operand->uniform ? operand->rows == 1 : operand->rows == value->node.rows);
    }
}

static void set_flags(nsde_program *program, nsde_value *value)
{
    const nsde_op op = value->node.op;
    if (value->alias) {
        value->active = program->values[value->node.arg[0]].active;
        value->fixed = program->values[value->node.arg[0]].fixed;
        return;
    }
    if (nsde_is_leaf(value)) {
        value->active = !value->node.passive;
        value->fixed = op == OP_parameter || op == OP_constant;
        return;
    }
    value->fixed = value->node.uniform;
    for (uint32_t i = 0; i < value->n_args; i++) {
        const nsde_value *operand = &program->values[nsde_operand(program, value, i)];
        value->active = value->active || (operand->active && nsde_is_pulled(value, i));
        value->fixed = value->fixed && operand->fixed;
    }
    nsde_set_mode(program, value);
}

/* A value is active only if the reverse sweep reaches it, that is, if a gradient passes from an output: a
 * value used for its sign alone has no adjoint. */
static void drop_unreached(nsde_program *program, bool *reached)
{
    for (size_t v = program->n_values; v-- > 0;) {
        nsde_value *value = &program->values[v];
        reached[v] = reached[v] || value->output;
        if (nsde_is_leaf(value))
            continue;
        value->active = value->active && value->uses && reached[v];
        for (uint32_t i = 0; i < value->n_args && value->active; i++)
            if (nsde_is_pulled(value, i))
                reached[nsde_operand(program, value, i)] = true;
    }
}

/* What the pulls of a value will read. */
static uint8_t kept_by(const nsde_program *program, const nsde_value *value)
{
    if (!value->active || nsde_is_leaf(value))
        return 0;
    if (!is_product(value->node.op))
        return reads[value->node.op];
    const bool a = program->values[value->node.arg[0]].active, b = program->values[value->node.arg[1]].active;
    return (uint8_t)((b ? KEEP_A : 0) | (a ? KEEP_B : 0));
}

static nsde_status set_all_flags(nsde_program *program)
{
    void *reached;
    const nsde_status status = nsde_alloc(program->n_values + 1, sizeof(bool), "program", &reached);
    if (status)
        return status;
    for (size_t v = 0; v < program->n_values; v++)
        set_flags(program, &program->values[v]);
    drop_unreached(program, reached);
    for (size_t v = 0; v < program->n_values; v++)
        program->values[v].kept = kept_by(program, &program->values[v]);
    nsde_free(reached);
    return NSDE_OK;
}

/* Executed values, those that depend on parameters alone first. */
static void order(nsde_program *program)
{
    for (int pass = 0; pass < 2; pass++) {
        for (uint32_t v = 0; v < program->n_values; v++) {
            const nsde_value *value = &program->values[v];
            if (!nsde_is_leaf(value) && value->uses && value->fixed == (pass == 0))
                program->instructions[program->n_instructions++] = v;
        }
        if (pass == 0)
            program->n_fixed = program->n_instructions;
    }
}

/* ---- storage ---- */

/* Free stretches of rows, for values that come later. */
typedef struct slots {
    nsde_place *free; /* rows: first row; numbers: how many rows */
    size_t n_free;
    size_t rows; /* in all */
} slots;

static uint32_t take(slots *s, uint32_t rows)
{
    for (size_t i = s->n_free; i-- > 0;)
        if (s->free[i].numbers == rows) {
            const uint32_t first = s->free[i].rows;
            s->free[i] = s->free[--s->n_free];
            return first;
        }
    s->rows += rows; /* does not overflow: at most 2^32 values of 2^31 rows */
    return (uint32_t)(s->rows - rows);
}

static void give_back(slots *s, uint32_t first, uint32_t rows)
{
    s->free[s->n_free++] = (nsde_place){first, rows};
}

/* Rows of the panel a value takes. */
static uint32_t rows_taken(const nsde_value *value)
{
    return value->single ? (value->node.rows + 1) / 2 : value->node.rows;
}

/* Uniform numbers are laid out one after another, kept apart by value, never reused. */
static nsde_place next_numbers(size_t *total, uint32_t rows)
{
    *total += rows;
    return (nsde_place){0, (uint32_t)(*total - rows)};
}

static void place_leaves(const nsde_program *program, nsde_plan *plan, slots *values, slots *adjoints)
{
    plan->fixed_numbers = program->n_parameters + program->n_constants;
    for (uint32_t v = 0; v < program->n_values; v++) {
        const nsde_value *value = &program->values[v];
        const nsde_node *node = &value->node;
        if (value->alias) {
            plan->value[v] = plan->value[node->arg[0]];
            plan->adjoint[v] = plan->adjoint[node->arg[0]];
            if (node->uniform) {
                plan->value[v].numbers += node->extra;
                plan->adjoint[v].numbers += node->extra;
            } else {
                plan->value[v].rows += node->extra;
                plan->adjoint[v].rows += node->extra;
            }
        } else if (node->op == OP_input) {
            plan->value[v].rows = take(values, node->rows);
            plan->adjoint[v].rows = take(adjoints, node->rows);
        } else if (node->op == OP_uniform) {
            plan->value[v] = next_numbers(&plan->frame_numbers, node->rows);
        } else if (node->op == OP_parameter) {
            plan->value[v].numbers = plan->adjoint[v].numbers = node->extra;
        } else if (node->op == OP_constant) {
            plan->value[v].numbers = program->n_parameters + node->extra;
        }
    }
}

/* Marks as never to be freed what the reverse sweep reads. */
static void pin(const nsde_program *program, nsde_sweep sweep, bool *pinned)
{
    for (uint32_t v = 0; v < program->n_values; v++)
        pinned[v] = sweep == NSDE_TRACE || program->values[v].output || nsde_is_leaf(&program->values[v]);
    for (size_t k = 0; sweep == NSDE_REVERSE && k < program->n_instructions; k++) {
        const uint32_t v = program->instructions[k];
        const nsde_value *value = &program->values[v];
        pinned[v] = pinned[v] || (value->kept & KEEP_VALUE);
        for (uint32_t i = 0; i < value->n_args && i < 3; i++)
            if (value->kept & (1u << i))
                pinned[nsde_operand(program, value, i)] = true;
    }
}

/* May the result be written over a dying operand? Elementwise loops read an element before writing it. */
static bool in_place(const nsde_value *value, const nsde_value *operand)
{
    const nsde_shape shape = nsde_op_shape(value->node.op);
    return (shape == UNARY || shape == BINARY || shape == TERNARY) &&
           operand->node.rows == value->node.rows && operand->single == value->single;
}

static void release_operands(const nsde_program *program, nsde_plan *plan, uint32_t v, const bool *pinned,
                             uint32_t *left, slots *s, bool before)
{
    const nsde_value *value = &program->values[v];
    for (uint32_t i = 0; i < value->n_args; i++) {
        const uint32_t a = nsde_operand(program, value, i);
        const nsde_value *operand = &program->values[a];
        if (before)
            left[a]--;
        if (left[a] || pinned[a] || operand->node.uniform || in_place(value, operand) != before)
            continue;
        left[a] = UINT32_MAX; /* once */
        give_back(s, plan->value[a].rows, rows_taken(operand));
    }
}

static void place_values(const nsde_program *program, nsde_plan *plan, const bool *pinned, uint32_t *left,
                         slots *s)
{
    for (uint32_t v = 0; v < program->n_values; v++)
        left[v] = program->values[v].uses;
    for (size_t k = 0; k < program->n_instructions; k++) {
        const uint32_t v = program->instructions[k];
        const nsde_node *node = &program->values[v].node;
        release_operands(program, plan, v, pinned, left, s, true);
        if (node->uniform)
            plan->value[v] = next_numbers(
                program->values[v].fixed ? &plan->fixed_numbers : &plan->frame_numbers, node->rows);
        else
            plan->value[v].rows = take(s, rows_taken(&program->values[v]));
        release_operands(program, plan, v, pinned, left, s, false);
    }
}

/* Gives a value its adjoint on first touch; true if this is the first. */
static bool touch(const nsde_program *program, nsde_plan *plan, uint32_t v, bool *touched, slots *s)
{
    const nsde_value *value = &program->values[v];
    if (touched[v] || nsde_is_leaf(value))
        return false;
    touched[v] = true;
    if (value->node.uniform)
        plan->adjoint[v] = next_numbers(&plan->adjoint_numbers, value->node.rows);
    else
        plan->adjoint[v].rows = take(s, rows_taken(value));
    return true;
}

static void place_adjoints(nsde_program *program, nsde_plan *plan, nsde_sweep sweep, bool *touched, slots *s)
{
    memset(touched, 0, program->n_values * sizeof *touched);
    for (size_t v = 0; v < program->n_values; v++)
        program->values[v].first_by = NONE;
    for (uint32_t k = 0; k < program->n_outputs; k++)
        if (program->values[program->outputs[k]].active)
            touch(program, plan, program->outputs[k], touched, s);
    for (size_t k = program->n_instructions; k-- > 0;) {
        const uint32_t v = program->instructions[k];
        const nsde_value *value = &program->values[v];
        if (!value->active)
            continue;
        for (uint32_t i = 0; i < value->n_args; i++) {
            const uint32_t a = nsde_operand(program, value, i);
            if (!program->values[a].active || !nsde_is_pulled(value, i) ||
                !touch(program, plan, a, touched, s))
                continue;
            program->values[a].first_by = v;
            program->values[a].first_index = i;
        }
        if (sweep != NSDE_TRACE && !value->node.uniform)
            give_back(s, plan->adjoint[v].rows, rows_taken(value));
    }
}

static void put_panels_after_numbers(const nsde_program *program, nsde_plan *plan)
{
    plan->frame_numbers = nsde_round_up(plan->frame_numbers);
    plan->adjoint_numbers = nsde_round_up(plan->adjoint_numbers);
    for (size_t v = 0; v < program->n_values; v++)
        if (!program->values[v].node.uniform) {
            plan->value[v].numbers = (uint32_t)plan->frame_numbers;
            plan->adjoint[v].numbers = (uint32_t)plan->adjoint_numbers;
        }
}

/* Places are counted in 32 bits. */
static nsde_status check_sizes(const nsde_plan *plan)
{
    const size_t sizes[] = {plan->frame_rows, plan->frame_numbers, plan->fixed_numbers, plan->adjoint_rows,
                            plan->adjoint_numbers};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        if (sizes[i] > UINT32_MAX)
            return nsde_fail(NSDE_OVERFLOW, "nsde_program_create: values of %zu rows in all, at most %u",
                             sizes[i], UINT32_MAX);
    return NSDE_OK;
}

static nsde_status make_plan(nsde_program *program, nsde_sweep sweep)
{
    nsde_plan *plan = &program->plans[sweep];
    const size_t n = program->n_values + 1;
    void *values = NULL, *adjoints = NULL, *free_values = NULL, *free_adjoints = NULL, *flags = NULL,
         *left = NULL;
    nsde_status status = nsde_alloc(n, sizeof(nsde_place), "storage plan", &values);
    if (!status)
        status = nsde_alloc(n, sizeof(nsde_place), "storage plan", &adjoints);
    if (!status)
        status = nsde_alloc(n, sizeof(nsde_place), "storage plan", &free_values);
    if (!status)
        status = nsde_alloc(n, sizeof(nsde_place), "storage plan", &free_adjoints);
    if (!status)
        status = nsde_alloc(n, sizeof(bool), "storage plan", &flags);
    if (!status)
        status = nsde_alloc(n, sizeof(uint32_t), "storage plan", &left);
    plan->value = values;
    plan->adjoint = adjoints;
    if (!status) {
        slots value_slots = {.free = free_values}, adjoint_slots = {.free = free_adjoints};
        place_leaves(program, plan, &value_slots, &adjoint_slots);
        pin(program, sweep, flags);
        place_values(program, plan, flags, left, &value_slots);
        if (sweep != NSDE_FORWARD)
            place_adjoints(program, plan, sweep, flags, &adjoint_slots);
        plan->frame_rows = value_slots.rows;
        plan->adjoint_rows = adjoint_slots.rows;
        put_panels_after_numbers(program, plan);
        status = check_sizes(plan);
    }
    nsde_free(free_values);
    nsde_free(free_adjoints);
    nsde_free(flags);
    nsde_free(left);
    return status;
}

nsde_status nsde_program_plan(nsde_program *program)
{
    void *instructions;
    nsde_status status = nsde_alloc(program->n_values + 1, sizeof(uint32_t), "program", &instructions);
    program->instructions = instructions;
    if (status)
        return status;
    status = set_all_flags(program);
    for (size_t v = 0; v < program->n_values; v++) {
        const nsde_value *value = &program->values[v];
        if (value->node.op == OP_input)
            program->inputs[value->node.extra] = (uint32_t)v;
        if (value->node.op == OP_uniform)
            program->uniforms[value->node.extra] = (uint32_t)v;
    }
    order(program);
    for (int sweep = 0; sweep < NSDE_SWEEPS && !status; sweep++)
        status = make_plan(program, (nsde_sweep)sweep);
    return status;
}

size_t nsde_program_panel(const nsde_program *program, nsde_sweep sweep)
{
    enum { L2_SHARE = 512 * 1024, LEAST = 64, MOST = 512 }; /* bytes; paths */
    const nsde_plan *plan = &program->plans[sweep];
    const size_t rows = plan->frame_rows + (sweep == NSDE_FORWARD ? 0 : plan->adjoint_rows) + 1;
    size_t paths = L2_SHARE / (rows * sizeof(double));
    paths -= paths % NSDE_LANE_QUANTUM;
    return paths < LEAST ? LEAST : paths > MOST ? MOST : paths;
}
