/* What a compiled program is made of; private to src/tape.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef NSDE_TAPE_PROGRAM_H
#define NSDE_TAPE_PROGRAM_H

#include "core/simd.h"
#include "tape/tape.h"

/* Where a value lives. FIXED holds what changes with the parameters only: parameters, constants and what
 * is computed from them. FRAME holds the rest, and may be exchanged between sweeps. */
typedef enum nsde_region { NSDE_FIXED, NSDE_FRAME } nsde_region;

/* How far from the base of its memory a value starts: `rows` whole rows of the panel and `numbers` more.
 * Uniform numbers come first in a memory, the panels after them. */
typedef struct nsde_place {
    uint32_t rows;
    uint32_t numbers;
} nsde_place;

/* A value of a program. An alias is a slice of a leaf, which it shares storage with. */
typedef struct nsde_value {
    nsde_node node; /* operands are values; a stack's operands are in the program's pool */
    uint32_t n_args;
    bool alias;  /* of rows `node.extra` … of the leaf node.arg[0] */
    bool active; /* a gradient passes: from an output, to an input or parameter it is wanted of */
    bool fixed;  /* depends on parameters and constants alone */
    bool output;
    bool single;          /* its rows are floats, half as wide as others */
    uint8_t mode;         /* elementwise: which operands are broadcast numbers (kernels.h) */
    bool whole;           /* elementwise: all rows in one call where lanes fill the stride */
    uint32_t first_by;    /* the instruction whose pull is the first to touch this value's adjoint, and ... */
    uint32_t first_index; /* ... as which of its operands */
    uint8_t kept;         /* bit i: the reverse sweep reads operand i; bit 7: the value itself */
    uint32_t uses;
} nsde_value;

/* The storage of all values and adjoints for one kind of sweep. */
typedef struct nsde_plan {
    nsde_place *value, *adjoint; /* [n_values] */
    size_t frame_rows, frame_numbers, fixed_numbers;
    size_t adjoint_rows, adjoint_numbers;
} nsde_plan;

enum { NSDE_SWEEPS = 3 };

struct nsde_program {
    nsde_value *values; /* in an order of execution, leaves among them */
    size_t n_values;
    uint32_t *pool;
    size_t n_pool;
    double *constants;
    size_t n_constants;
    uint32_t *instructions; /* values to execute; the first n_fixed depend on parameters alone */
    size_t n_instructions, n_fixed;
    uint32_t *inputs, *uniforms; /* value of each input, uniform */
    uint32_t *outputs;           /* value of each output */
    uint32_t n_inputs, n_uniforms, n_outputs, n_parameters;
    nsde_plan plans[NSDE_SWEEPS];
    bool single; /* some values are */
};

/* Up to a whole number of lanes. */
static inline size_t nsde_round_up(size_t n)
{
    return (n + NSDE_LANE_QUANTUM - 1) / NSDE_LANE_QUANTUM * NSDE_LANE_QUANTUM;
}

static inline uint32_t nsde_operand(const nsde_program *program, const nsde_value *value, size_t i)
{
    return value->node.op == OP_stack ? program->pool[value->node.arg[1] + i] : value->node.arg[i];
}

static inline bool nsde_is_leaf(const nsde_value *value)
{
    return value->alias || value->node.op <= OP_constant;
}

/* Does operand i have a derivative at all? */
static inline bool nsde_is_pulled(const nsde_value *value, size_t i)
{
    return value->node.op != OP_sign && value->node.op != OP_hold && !(value->node.op == OP_select && i == 0);
}

/* simplify.c: the values of the tape that the outputs need, merged, folded and fused. */
nsde_status nsde_program_gather(nsde_program *program, const nsde_tape *tape, const nsde_var outputs[]);
/* simplify.c: how often each value is used, by what is used itself. */
void nsde_count_uses(nsde_program *program);
/* precision.c: computes the networks in single precision. */
nsde_status nsde_program_lower(nsde_program *program);
/* plan.c: flags, order of execution and storage of what was gathered. */
nsde_status nsde_program_plan(nsde_program *program);
/* plan.c: how the operands of an elementwise instruction are broadcast. */
void nsde_set_mode(const nsde_program *program, nsde_value *value);

#endif
