/* Single precision where the time goes: which values are floats, and the conversions at their borders.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "tape/kernels.h"
#include "tape/program.h"

/* The program while values are moved to their new places. */
typedef struct lowering {
    nsde_program *program;
    nsde_value *old;
    bool *fixed, *single; /* [old] */
    uint32_t *place, *narrow,
        *widen; /* [old] the new value, and its conversion; NONE where there is none yet */
} lowering;

/* Does it depend on parameters and constants alone? */
static bool is_fixed(const lowering *l, const nsde_value *value)
{
    if (value->alias)
        return l->fixed[value->node.arg[0]];
    if (nsde_is_leaf(value))
        return value->node.op == OP_parameter || value->node.op == OP_constant;
    bool fixed = value->node.uniform;
    for (uint32_t i = 0; i < value->n_args; i++)
        fixed = fixed && l->fixed[nsde_operand(l->program, value, i)];
    return fixed;
}

/* Dense layers are, and elementwise operations on what is, if the rest of their operands are constants. */
static bool is_single(const lowering *l, const nsde_value *value)
{
    const uint32_t *arg = value->node.arg;
    const nsde_kernel_single *kernel = &nsde_kernels_single[value->node.op];
    bool any = false;
    if (value->node.uniform || nsde_is_leaf(value))
        return false;
    if (value->node.op == OP_dense)
        return l->fixed[arg[0]] && (value->n_args < 3 || l->fixed[arg[2]]);
    if (!kernel->unary && !kernel->binary[0])
        return false;
    for (uint32_t i = 0; i < value->n_args; i++) {
        const nsde_value *operand = &l->old[arg[i]];
        const bool constant = operand->node.op == OP_constant && !operand->alias;
        if (!constant && !(l->single[arg[i]] && operand->node.rows == value->node.rows))
            return false;
        any = any || l->single[arg[i]];
    }
    return any;
}

static uint32_t append(lowering *l, const nsde_value *value)
{
    l->program->values[l->program->n_values] = *value;
    return (uint32_t)l->program->n_values++;
}

/* The new place of an old value, in the precision wanted. */
static uint32_t converted(lowering *l, uint32_t id, bool single)
{
    if (l->old[id].node.uniform || l->single[id] == single)
        return l->place[id];
    uint32_t *known = single ? &l->narrow[id] : &l->widen[id];
    if (*known == NONE) {
        nsde_value cast = {.node = {.op = single ? OP_narrow : OP_widen,
                                    .rows = l->old[id].node.rows,
                                    .arg = {l->place[id], NONE, NONE}},
                           .n_args = 1,
                           .single = single};
        *known = append(l, &cast);
    }
    return *known;
}

static void move(lowering *l, uint32_t id)
{
    nsde_value value = l->old[id];
    value.single = l->single[id];
    value.output = false;
    uint32_t *operands = value.node.op == OP_stack ? l->program->pool + value.node.arg[1] : value.node.arg;
    for (uint32_t i = 0; i < value.n_args; i++)
        operands[i] = value.alias ? l->place[operands[i]] : converted(l, operands[i], value.single);
    l->place[id] = append(l, &value);
}

static void lower(lowering *l, size_t n)
{
    nsde_program *program = l->program;
    for (uint32_t v = 0; v < n; v++) {
        l->narrow[v] = l->widen[v] = NONE;
        l->fixed[v] = is_fixed(l, &l->old[v]);
        l->single[v] = is_single(l, &l->old[v]);
        program->single = program->single || l->single[v];
        move(l, v);
    }
    for (uint32_t k = 0; k < program->n_outputs; k++) {
        program->outputs[k] = converted(l, program->outputs[k], false);
        program->values[program->outputs[k]].output = true;
    }
    nsde_count_uses(program);
}

nsde_status nsde_program_lower(nsde_program *program)
{
    const size_t n = program->n_values;
    void *values, *flags = NULL, *places = NULL;
    nsde_status status = nsde_alloc(2 * n + 1, sizeof(nsde_value), "program", &values);
    if (!status)
        status = nsde_alloc(2 * n, sizeof(bool), "program", &flags);
    if (!status)
        status = nsde_alloc(3 * n, sizeof(uint32_t), "program", &places);
    if (!status) {
        lowering l = {.program = program, .old = program->values, .fixed = flags, .place = places};
        l.single = l.fixed + n;
        l.narrow = l.place + n;
        l.widen = l.narrow + n;
        program->values = values;
        program->n_values = 0;
        values = l.old; /* to be freed */
        lower(&l, n);
    }
    nsde_free(values);
    nsde_free(flags);
    nsde_free(places);
    return status;
}
