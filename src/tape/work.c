/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tape/work.h"

#include "tape/program.h"

enum { FUNCTION = 8 }; /* of a row: exp takes about as long as 8 sums of what lies in the first cache */

static double work_of(const nsde_program *program, const nsde_value *value)
{
    const double rows = (double)value->node.rows;
    switch (value->node.op) {
    case OP_slice:
    case OP_stack:
    case OP_broadcast:
    case OP_neg:
    case OP_add:
    case OP_sub:
    case OP_mul:
    case OP_square:
    case OP_fma:
    case OP_chain:
    case OP_min:
    case OP_max:
    case OP_abs:
    case OP_sign:
    case OP_select:
    case OP_narrow:
    case OP_widen:
        return rows;
    case OP_sum:
    case OP_dot:
        return (double)program->values[nsde_operand(program, value, 0)].node.rows;
    case OP_dense:
    case OP_matvec:
        return rows * (double)program->values[nsde_operand(program, value, 1)].node.rows;
    default:
        return FUNCTION * rows;
    }
}

/* A pull costs what the value did, but for functions: a product by a derivative that is known, or nearly. */
static double work_back(const nsde_program *program, const nsde_value *value)
{
    double sum = 0.0, once = work_of(program, value);
    const double rows = (double)value->node.rows;
    if (once == FUNCTION * rows)
        once = 2.0 * rows;
    for (uint32_t i = 0; i < value->n_args && value->active; i++)
        if (nsde_is_pulled(value, i) && program->values[nsde_operand(program, value, i)].active)
            sum += value->node.op == OP_stack || (value->node.op == OP_dense && i == 2) ? rows / value->n_args
                                                                                        : once;
    return sum;
}

double nsde_program_work(const nsde_program *program, nsde_sweep sweep)
{
    double sum = 0.0;
    for (size_t k = program->n_fixed; k < program->n_instructions; k++) {
        const nsde_value *value = &program->values[program->instructions[k]];
        if (value->node.uniform)
            continue;
        sum += work_of(program, value);
        if (sweep != NSDE_FORWARD)
            sum += work_back(program, value);
    }
    return sum;
}
