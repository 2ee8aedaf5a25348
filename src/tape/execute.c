/* Executing elementwise instructions: the kernels over rows, broadcasting where a mode says so.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "tape/execute.h"

#include <string.h>

#include "tape/kernels.h"

/* An elementwise instruction resolved to loops: `calls` kernel calls over `n` numbers each, after which
 * operand i moves on by step[i], the value by step_value. */
typedef struct loops {
    size_t calls, n, step[3], step_value;
    const double *arg[3];
    double *value;
} loops;

/* For the value itself or the pull to one operand. A pull that sums over paths goes row by row, so that the
 * order of its terms does not depend on the room beside the panel. */
static loops resolve(const nsde_memory *memory, uint32_t id, bool sums)
{
    const nsde_program *program = memory->program;
    const nsde_value *value = &program->values[id];
    loops l = {.calls = 1, .value = nsde_value_at(memory, id)};
    for (uint32_t i = 0; i < value->n_args; i++)
        l.arg[i] = nsde_value_at(memory, value->node.arg[i]);
    if (value->node.uniform) {
        l.n = value->node.rows;
    } else if (value->whole && memory->lanes == memory->stride && !sums) {
        l.n = value->node.rows * memory->stride;
    } else {
        l.n = memory->lanes;
        l.calls = value->node.rows;
        l.step_value = memory->stride;
        for (uint32_t i = 0; i < value->n_args; i++) {
            const nsde_node *operand = &program->values[value->node.arg[i]].node;
            l.step[i] = operand->rows == 1 ? 0 : operand->uniform ? 1 : memory->stride;
        }
    }
    return l;
}

/* Operand i's number for path k. */
static double operand_at(const nsde_value *value, const loops *l, size_t i, size_t k)
{
    return l->arg[i][value->mode >> i & 1 ? 0 : k];
}

/* The quantile, or its derivative by operand extra - 1. */
static double quantile_at(const nsde_value *value, const loops *l, size_t k)
{
    const double z = operand_at(value, l, 0, k), degrees = operand_at(value, l, 1, k);
    const double noncentrality = operand_at(value, l, 2, k);
    const double x = nsde_chi_square_quantile_value(z, degrees, noncentrality);
    return value->node.extra
               ? nsde_chi_square_quantile_slope(z, degrees, noncentrality, x, value->node.extra - 1)
               : x;
}

static void forward_special(const nsde_value *value, const loops *l)
{
    for (size_t k = 0; k < l->n; k++)
        l->value[k] = value->node.op == OP_chi_square_quantile
                          ? quantile_at(value, l, k)
                          : nsde_log_bessel_i_value(operand_at(value, l, 0, k), operand_at(value, l, 1, k),
                                                    value->node.extra);
}

static bool is_single(const nsde_value *value)
{
    return value->single || value->node.op == OP_widen;
}

void nsde_execute(const nsde_memory *memory, uint32_t id)
{
    const nsde_value *value = &memory->program->values[id];
    const nsde_shape shape = nsde_op_shape(value->node.op);
    if (is_single(value)) {
        nsde_execute_single(memory, id);
        return;
    }
    if (shape == ROWS) {
        nsde_execute_rows(memory, id);
        return;
    }
    const nsde_kernel *kernel = &nsde_kernels[value->node.op];
    loops l = resolve(memory, id, false);
    for (size_t call = 0; call < l.calls; call++) {
        if (shape == UNARY)
            kernel->unary(l.value, l.arg[0], l.n);
        else if (shape == BINARY)
            kernel->binary[value->mode](l.value, l.arg[0], l.arg[1], l.n);
        else if (shape == TERNARY)
            kernel->ternary[value->mode](l.value, l.arg[0], l.arg[1], l.arg[2], l.n);
        else
            forward_special(value, &l);
        l.value += l.step_value;
        for (int i = 0; i < 3; i++)
            if (l.arg[i])
                l.arg[i] += l.step[i];
    }
}

static double special_slope(const nsde_value *value, const loops *l, size_t i, size_t k)
{
    const double a = operand_at(value, l, 0, k), b = operand_at(value, l, 1, k);
    if (value->node.op == OP_chi_square_quantile)
        return nsde_chi_square_quantile_slope(a, b, operand_at(value, l, 2, k), l->value[k], i);
    return nsde_log_bessel_i_value(a, b, value->node.extra + (i == 0 ? 3 : 1));
}

static void pull_special(const nsde_value *value, const loops *l, const double *g, size_t i, double *adjoint)
{
    const size_t step = value->mode >> i & 1 ? 0 : 1;
    for (size_t k = 0; k < l->n; k++)
        if (g[k] != 0.0)
            adjoint[k * step] += g[k] * special_slope(value, l, i, k);
}

static void pull(const nsde_memory *memory, uint32_t id, size_t i, bool set)
{
    const nsde_value *value = &memory->program->values[id];
    const nsde_shape shape = nsde_op_shape(value->node.op);
    const nsde_kernel *kernel = &nsde_kernels[value->node.op];
    loops l = resolve(memory, id, memory->program->values[value->node.arg[i]].node.uniform);
    const double *g = nsde_adjoint_at(memory, id);
    double *adjoint = nsde_adjoint_at(memory, value->node.arg[i]);
    for (size_t call = 0; call < l.calls; call++) {
        if (shape == UNARY)
            kernel->unary_pull(g, l.arg[0], l.value, set, adjoint, l.n);
        else if (shape == BINARY)
            kernel->binary_pull[i][value->mode](g, l.arg[0], l.arg[1], l.value, adjoint, l.n);
        else if (shape == TERNARY)
            kernel->ternary_pull[i][value->mode](g, l.arg[0], l.arg[1], l.arg[2], adjoint, l.n);
        else
            pull_special(value, &l, g, i, adjoint);
        g += l.step_value;
        l.value += l.step_value;
        adjoint += l.step[i];
        for (int k = 0; k < 3; k++)
            if (l.arg[k])
                l.arg[k] += l.step[k];
    }
}

/* Clears the adjoint of a value before it is first added to. */
static void clear(const nsde_memory *memory, uint32_t id)
{
    const nsde_value *value = &memory->program->values[id];
    memset(nsde_adjoint_at(memory, id), 0,
           value->node.rows * (value->node.uniform ? 1 : memory->stride) *
               (value->single ? sizeof(float) : sizeof(double)));
}

void nsde_execute_reverse(const nsde_memory *memory, uint32_t id)
{
    const nsde_value *value = &memory->program->values[id];
    const bool rows = nsde_op_shape(value->node.op) == ROWS;
    for (uint32_t i = 0; i < value->n_args; i++) {
        const uint32_t id_operand = nsde_operand(memory->program, value, i);
        const nsde_value *operand = &memory->program->values[id_operand];
        if (!operand->active || !nsde_is_pulled(value, i))
            continue;
        const bool first = operand->first_by == id && operand->first_index == i;
        const bool set = first && nsde_pull_can_set(value, i);
        if (first && !set)
            clear(memory, id_operand);
        if (is_single(value))
            nsde_pull_single(memory, id, i, set);
        else if (rows)
            nsde_pull_rows(memory, id, i, set);
        else
            pull(memory, id, i, set);
    }
}
