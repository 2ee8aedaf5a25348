/* Executing one instruction, forward or back; private to src/tape.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef NSDE_TAPE_EXECUTE_H
#define NSDE_TAPE_EXECUTE_H

#include "tape/program.h"

/* The memory a sweep works on: panels of `stride` numbers a row, of which `lanes` are computed. */
typedef struct nsde_memory {
    const nsde_program *program;
    const nsde_plan *plan;
    double *region[2]; /* by nsde_region */
    float *single;     /* the fixed region in single precision, for programs that need it */
    double *adjoint;   /* of all values but parameters */
    double *parameter_adjoint;
    size_t stride, lanes;
} nsde_memory;

static inline double *nsde_value_at(const nsde_memory *memory, uint32_t id)
{
    const nsde_place place = memory->plan->value[id];
    return memory->region[memory->program->values[id].fixed ? NSDE_FIXED : NSDE_FRAME] +
           place.rows * memory->stride + place.numbers;
}

/* The adjoint of a value; for an alias that of the leaf's rows. Undefined for inactive values. */
static inline double *nsde_adjoint_at(const nsde_memory *memory, uint32_t id)
{
    const nsde_value *value = &memory->program->values[id];
    const nsde_place place = memory->plan->adjoint[id];
    const uint32_t leaf = value->alias ? value->node.arg[0] : id;
    if (memory->program->values[leaf].node.op == OP_parameter)
        return memory->parameter_adjoint + place.numbers;
    return memory->adjoint + place.rows * memory->stride + place.numbers;
}

void nsde_execute(const nsde_memory *memory, uint32_t id);
void nsde_execute_reverse(const nsde_memory *memory, uint32_t id);

/* single.c: instructions whose value or operand is in single precision. */
void nsde_execute_single(const nsde_memory *memory, uint32_t id);
void nsde_pull_single(const nsde_memory *memory, uint32_t id, size_t i, bool set);

/* rows.c: the operations on rows and the dense algebra, forward and back. */
void nsde_execute_rows(const nsde_memory *memory, uint32_t id);
/* Adds to the adjoint of operand i, or sets it where `set`, which nsde_pull_can_set must allow. */
void nsde_pull_rows(const nsde_memory *memory, uint32_t id, size_t i, bool set);
/* Can the pull to operand i write an adjoint instead of adding to a cleared one? */
static inline bool nsde_pull_can_set(const nsde_value *value, size_t i)
{
    return nsde_op_shape(value->node.op) == UNARY ? !value->node.uniform
                                                  : value->node.op == OP_dense && i == 1;
}

/* Rows of a value are `step` numbers apart and `width` numbers long. */
static inline size_t nsde_row_step(const nsde_memory *memory, uint32_t id)
{
    return memory->program->values[id].node.uniform ? 1 : memory->stride;
}

static inline size_t nsde_row_width(const nsde_memory *memory, uint32_t id)
{
    return memory->program->values[id].node.uniform ? 1 : memory->lanes;
}

#endif
