/* Executing instructions in single precision, and the conversions.
 *
 * Operands are panels of floats with the rows of the value, or constants; the weights of a dense layer are
 * read from the fixed region's copy in single precision, their adjoints are double.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "tape/dense.h"
#include "tape/execute.h"
#include "tape/kernels.h"

/* A value as floats: a panel, or from the fixed region. */
static float *floats_at(const nsde_memory *memory, uint32_t id)
{
    if (memory->program->values[id].node.uniform)
        return memory->single + memory->plan->value[id].numbers;
    return (float *)(void *)nsde_value_at(memory, id);
}

static float *adjoint_floats(const nsde_memory *memory, uint32_t id)
{
    return (float *)(void *)nsde_adjoint_at(memory, id);
}

/* Calls and numbers a call of a loop over the value; `whole` where no row needs one of its own. */
typedef struct span {
    size_t calls, n;
} span;

static span span_of(const nsde_memory *memory, const nsde_value *value)
{
    if (value->whole && memory->lanes == memory->stride)
        return (span){1, value->node.rows * memory->stride};
    return (span){value->node.rows, memory->lanes};
}

/* How far an operand moves from row to row. */
static size_t step_of(const nsde_memory *memory, const nsde_value *value, size_t i)
{
    const nsde_node *operand = &memory->program->values[value->node.arg[i]].node;
    return !operand->uniform ? memory->stride : operand->rows == 1 ? 0 : 1;
}

static void execute_elementwise(const nsde_memory *memory, uint32_t id, const nsde_value *value)
{
    const nsde_kernel_single *kernel = &nsde_kernels_single[value->node.op];
    const span s = span_of(memory, value);
    const bool binary = value->n_args == 2;
    float *y = floats_at(memory, id);
    const float *a = floats_at(memory, value->node.arg[0]),
                *b = binary ? floats_at(memory, value->node.arg[1]) : NULL;
    const size_t step_a = step_of(memory, value, 0), step_b = binary ? step_of(memory, value, 1) : 0;
    for (size_t call = 0; call < s.calls; call++) {
        if (binary)
            kernel->binary[value->mode](y, a, b, s.n);
        else
            kernel->unary(y, a, s.n);
        y += memory->stride;
        a += step_a;
        b = binary ? b + step_b : NULL;
    }
}

static void pull_elementwise(const nsde_memory *memory, uint32_t id, const nsde_value *value, size_t i,
                             bool set)
{
    const nsde_kernel_single *kernel = &nsde_kernels_single[value->node.op];
    const span s = span_of(memory, value);
    const bool binary = value->n_args == 2;
    const float *g = adjoint_floats(memory, id), *y = floats_at(memory, id);
    const float *a = floats_at(memory, value->node.arg[0]),
                *b = binary ? floats_at(memory, value->node.arg[1]) : NULL;
    const size_t step_a = step_of(memory, value, 0), step_b = binary ? step_of(memory, value, 1) : 0;
    float *adjoint = adjoint_floats(memory, value->node.arg[i]);
    for (size_t call = 0; call < s.calls; call++) {
        if (binary)
            kernel->binary_pull[i][value->mode](g, a, b, y, adjoint, s.n);
        else
            kernel->unary_pull(g, a, y, set, adjoint, s.n);
        g += memory->stride;
        y += memory->stride;
        adjoint += memory->stride;
        a += step_a;
        b = binary ? b + step_b : NULL;
    }
}

static void execute_dense(const nsde_memory *memory, uint32_t id, const nsde_value *value)
{
    const uint32_t *arg = value->node.arg;
    const size_t inputs = memory->program->values[arg[1]].node.rows;
    nsde_dense_single_of(nsde_machine_here())
        ->product(value->node.rows, inputs, memory->lanes, floats_at(memory, arg[0]), inputs, 1,
                  floats_at(memory, arg[1]), memory->stride,
                  value->n_args == 3 ? floats_at(memory, arg[2]) : NULL, false, floats_at(memory, id),
                  memory->stride);
}

static void pull_dense(const nsde_memory *memory, uint32_t id, const nsde_value *value, size_t i, bool set)
{
    const uint32_t *arg = value->node.arg;
    const size_t inputs = memory->program->values[arg[1]].node.rows, outputs = value->node.rows;
    const nsde_dense_single *kernels = nsde_dense_single_of(nsde_machine_here());
    const float *g = adjoint_floats(memory, id);
    if (i == 1)
        kernels->product(inputs, outputs, memory->lanes, floats_at(memory, arg[0]), 1, inputs, g,
                         memory->stride, NULL, !set, adjoint_floats(memory, arg[1]), memory->stride);
    else if (i == 2)
        kernels->sums(outputs, memory->lanes, g, memory->stride, nsde_adjoint_at(memory, arg[2]));
    else
        kernels->outer(outputs, inputs, memory->lanes, g, memory->stride, floats_at(memory, arg[1]),
                       memory->stride, nsde_adjoint_at(memory, arg[0]));
}

void nsde_execute_single(const nsde_memory *memory, uint32_t id)
{
    const nsde_value *value = &memory->program->values[id];
    const uint32_t a = value->node.arg[0];
    switch (value->node.op) {
    case OP_narrow:
        for (size_t r = 0; r < value->node.rows; r++)
            nsde_narrow(floats_at(memory, id) + r * memory->stride,
                        nsde_value_at(memory, a) + r * memory->stride, memory->lanes);
        break;
    case OP_widen:
        for (size_t r = 0; r < value->node.rows; r++)
            nsde_widen(nsde_value_at(memory, id) + r * memory->stride,
                       floats_at(memory, a) + r * memory->stride, memory->lanes);
        break;
    case OP_dense:
        execute_dense(memory, id, value);
        break;
    default:
        execute_elementwise(memory, id, value);
        break;
    }
}

void nsde_pull_single(const nsde_memory *memory, uint32_t id, size_t i, bool set)
{
    const nsde_value *value = &memory->program->values[id];
    const uint32_t a = value->node.arg[0];
    switch (value->node.op) {
    case OP_narrow:
        for (size_t r = 0; r < value->node.rows; r++)
            nsde_accumulate_single(nsde_adjoint_at(memory, a) + r * memory->stride,
                                   adjoint_floats(memory, id) + r * memory->stride, memory->lanes);
        break;
    case OP_widen:
        for (size_t r = 0; r < value->node.rows; r++)
            nsde_accumulate_narrowed(adjoint_floats(memory, a) + r * memory->stride,
                                     nsde_adjoint_at(memory, id) + r * memory->stride, memory->lanes);
        break;
    case OP_dense:
        pull_dense(memory, id, value, i, set);
        break;
    default:
        pull_elementwise(memory, id, value, i, set);
        break;
    }
}
