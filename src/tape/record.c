/* Recording: nodes, handles and the sticky mistake.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "tape/tape.h"

static const struct {
    const char *name;
    nsde_shape shape;
} operations[OP_COUNT] = {
#define X(name, shape) {#name, shape},
#include "tape/ops.def"
#undef X
};

const char *nsde_op_name(nsde_op op)
{
    return operations[op].name;
}

nsde_shape nsde_op_shape(nsde_op op)
{
    return operations[op].shape;
}

nsde_status nsde_grow(nsde_growing *array, size_t more, size_t size, const char *what)
{
    size_t needed;
    if (!nsde_size_add(array->count, more, &needed) || needed > NSDE_DUAL_BIT - 1)
        return nsde_fail(NSDE_OVERFLOW, "a tape holds at most %u %s", NSDE_DUAL_BIT - 1, what);
    if (needed > array->capacity) {
        const size_t capacity = needed < 64 ? 64 : needed + needed / 2;
        const nsde_status status = nsde_resize(&array->items, array->count, capacity, size, what);
        if (status)
            return status;
        array->capacity = capacity;
    }
    array->count = needed;
    return NSDE_OK;
}

nsde_status nsde_tape_create(nsde_tape **tape)
{
    if (!tape)
        return nsde_fail(NSDE_INVALID, "nsde_tape_create: tape is NULL");
    void *memory;
    const nsde_status status = nsde_alloc(1, sizeof **tape, "tape", &memory);
    *tape = memory;
    return status;
}

void nsde_tape_destroy(nsde_tape *tape)
{
    if (!tape)
        return;
    nsde_free(tape->nodes.items);
    nsde_free(tape->duals.items);
    nsde_free(tape->pool.items);
    nsde_free(tape->constants.items);
    nsde_free(tape);
}

nsde_status nsde_tape_status(const nsde_tape *tape)
{
    if (!tape)
        return nsde_fail(NSDE_INVALID, "nsde_tape_status: tape is NULL");
    return tape->status ? nsde_fail(tape->status, "%s", tape->message) : NSDE_OK;
}

/* Keeps the first mistake; `detail` is what follows the operation's number. */
static nsde_var mistake(nsde_tape *tape, nsde_status status, const char *detail)
{
    if (tape && !tape->status) {
        tape->status = status;
        snprintf(tape->message, sizeof tape->message, "recorded operation %zu: %.900s", tape->nodes.count,
                 detail);
    }
    return nsde_void(tape);
}

nsde_var nsde_tape_fail(nsde_tape *tape, const char *format, ...)
{
    char text[NSDE_MESSAGE_SIZE];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    return mistake(tape, NSDE_RECORDING, text);
}

nsde_var nsde_tape_break(nsde_tape *tape, nsde_status status)
{
    return mistake(tape, status, nsde_error_message());
}

nsde_tape *nsde_common_tape(nsde_op op, size_t n, const nsde_var args[])
{
    nsde_tape *tape = NULL;
    for (size_t i = 0; i < n && !tape; i++)
        tape = args[i].tape;
    if (!tape || tape->status)
        return NULL;
    for (size_t i = 0; i < n; i++) {
        const nsde_var a = args[i];
        if (nsde_is_void(a)) {
            nsde_tape_fail(tape, "%s: operand %zu is not a recorded value", nsde_op_name(op), i + 1);
            return NULL;
        }
        if (a.tape != tape) {
            nsde_tape_fail(tape, "%s: operands belong to different tapes", nsde_op_name(op));
            return NULL;
        }
        const bool dual = a.id & NSDE_DUAL_BIT;
        if ((a.id & ~NSDE_DUAL_BIT) >= (dual ? tape->duals.count : tape->nodes.count)) {
            nsde_tape_fail(tape, "%s: operand %zu is no handle of this tape", nsde_op_name(op), i + 1);
            return NULL;
        }
    }
    return tape;
}

/* A new node; void when the tape is full or memory is short. */
static nsde_var append(nsde_tape *tape, const nsde_node *node)
{
    const uint32_t id = (uint32_t)tape->nodes.count;
    const nsde_status status = nsde_grow(&tape->nodes, 1, sizeof *node, "operations");
    if (status)
        return nsde_tape_break(tape, status);
    *nsde_node_at(tape, id) = *node;
    return (nsde_var){tape, id};
}

nsde_var nsde_emit(nsde_tape *tape, const nsde_call *call)
{
    nsde_node node = {.op = (uint16_t)call->op,
                      .uniform = true,
                      .rows = (uint32_t)call->rows,
                      .arg = {NONE, NONE, NONE},
                      .extra = call->extra};
    for (size_t i = 0; i < call->n_args; i++)
        node.uniform = node.uniform && nsde_node_at(tape, call->args[i].id)->uniform;
    if (call->op == OP_stack) {
        const size_t offset = tape->pool.count;
        const nsde_status status = nsde_grow(&tape->pool, call->n_args, sizeof(uint32_t), "operands");
        if (status)
            return nsde_tape_break(tape, status);
        for (size_t i = 0; i < call->n_args; i++)
            nsde_pool_at(tape, (uint32_t)offset)[i] = call->args[i].id;
        node.arg[0] = (uint32_t)call->n_args;
        node.arg[1] = (uint32_t)offset;
    } else {
        for (size_t i = 0; i < call->n_args; i++)
            node.arg[i] = call->args[i].id;
    }
    return append(tape, &node);
}

/* A leaf of `rows` rows, numbered by *counter, which moves on by `step`. */
static nsde_var leaf(nsde_tape *tape, nsde_op op, size_t rows, uint32_t *counter, size_t step, bool passive)
{
    if (!tape || tape->status)
        return nsde_void(tape);
    if (rows == 0 || rows > INT32_MAX || step > INT32_MAX - *counter)
        return nsde_tape_fail(tape, "%s: %zu rows (must be 1 to %d in all)", nsde_op_name(op), rows,
                              INT32_MAX);
    const nsde_node node = {.op = (uint16_t)op,
                            .uniform = op != OP_input,
                            .passive = passive,
                            .rows = (uint32_t)rows,
                            .arg = {NONE, NONE, NONE},
                            .extra = *counter};
    const nsde_var a = append(tape, &node);
    if (!nsde_is_void(a))
        *counter += (uint32_t)step;
    return a;
}

nsde_var nsde_input(nsde_tape *tape, size_t rows)
{
    return tape ? leaf(tape, OP_input, rows, &tape->n_inputs, 1, false) : nsde_void(NULL);
}

nsde_var nsde_input_passive(nsde_tape *tape, size_t rows)
{
    return tape ? leaf(tape, OP_input, rows, &tape->n_inputs, 1, true) : nsde_void(NULL);
}

nsde_var nsde_uniform(nsde_tape *tape, size_t rows)
{
    return tape ? leaf(tape, OP_uniform, rows, &tape->n_uniforms, 1, true) : nsde_void(NULL);
}

nsde_var nsde_parameter(nsde_tape *tape, size_t rows)
{
    return tape ? leaf(tape, OP_parameter, rows, &tape->n_parameters, rows, false) : nsde_void(NULL);
}

nsde_var nsde_constant(nsde_tape *tape, size_t rows, const double *values)
{
    if (!tape || tape->status)
        return nsde_void(tape);
    if (!values)
        return nsde_tape_fail(tape, "constant: values is NULL");
    uint32_t offset = (uint32_t)tape->constants.count;
    const nsde_status status = nsde_grow(&tape->constants, rows, sizeof(double), "constants");
    if (status)
        return nsde_tape_break(tape, status);
    memcpy((double *)tape->constants.items + offset, values, rows * sizeof(double));
    return leaf(tape, OP_constant, rows, &offset, 0, true);
}

nsde_var nsde_real(nsde_tape *tape, double value)
{
    return nsde_constant(tape, 1, &value);
}

size_t nsde_rows(nsde_var a)
{
    while (!nsde_is_void(a) && (a.id & NSDE_DUAL_BIT))
        a.id = nsde_dual_at(a.tape, a.id)->primal;
    return nsde_is_void(a) ? 0 : nsde_node_at(a.tape, a.id)->rows;
}

bool nsde_is_uniform(nsde_var a)
{
    if (nsde_is_void(a))
        return false;
    if (!(a.id & NSDE_DUAL_BIT))
        return nsde_node_at(a.tape, a.id)->uniform;
    const nsde_dual_node *dual = nsde_dual_at(a.tape, a.id);
    bool uniform = nsde_is_uniform((nsde_var){a.tape, dual->primal});
    for (uint32_t k = 0; k < dual->partials; k++) {
        const uint32_t tangent = *nsde_pool_at(a.tape, dual->tangents + k);
        uniform = uniform && (tangent == NONE || nsde_is_uniform((nsde_var){a.tape, tangent}));
    }
    return uniform;
}

bool nsde_is_constant(nsde_var a)
{
    return !nsde_is_void(a) && !(a.id & NSDE_DUAL_BIT) && nsde_node_at(a.tape, a.id)->op == OP_constant;
}
