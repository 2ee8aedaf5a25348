/* Mutants: an integrator whose recorded step is that of another with the value of one instruction scaled.
 *
 * The step is recorded as it is; what was recorded is then recorded once more, instruction by instruction,
 * with a factor behind one of them. So every literal coefficient is changed in its turn, and every stage,
 * increment and area that enters with the coefficient 1.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef NSDE_TESTS_MUTANT_H
#define NSDE_TESTS_MUTANT_H

#include <math.h>
#include <stdlib.h>

#include "nsde/step.h"
#include "tape/tape.h"

/* The mutant being recorded. What the last recording was made of: `live` says which instructions the step
 * needs, `literal` which of them are coefficients other than 0, 1 and -1. */
typedef struct mutation {
    const nsde_integrator *base;
    size_t number; /* of the instruction; beyond the last for none */
    double factor;
    size_t count;
    bool *live, *literal; /* [count] */
} mutation;

static mutation mutant;

static inline size_t mutant_operands(const nsde_node *node)
{
    if (node->op == OP_stack)
        return node->arg[0];
    size_t n = 0;
    while (n < 3 && node->arg[n] != NONE)
        n++;
    return n;
}

static inline uint32_t mutant_operand(const nsde_tape *tape, const nsde_node *node, size_t i)
{
    return node->op == OP_stack ? nsde_pool_at(tape, node->arg[1])[i] : node->arg[i];
}

static inline bool mutant_is_literal(const nsde_tape *tape, const nsde_node *node)
{
    bool literal = false;
    for (size_t i = 0; node->op == OP_constant && i < node->rows; i++) {
        const double value = fabs(((const double *)tape->constants.items)[node->extra + i]);
        literal |= value != 0.0 && value != 1.0;
    }
    return literal;
}

static inline void mutant_mark(const nsde_tape *tape, size_t first, size_t end, uint32_t result)
{
    mutant.count = end - first;
    free(mutant.live);
    free(mutant.literal);
    mutant.live = calloc(mutant.count, sizeof *mutant.live);
    mutant.literal = calloc(mutant.count, sizeof *mutant.literal);
    for (size_t id = end; id-- > first;) {
        const nsde_node *node = nsde_node_at(tape, (uint32_t)id);
        mutant.live[id - first] |= id == result;
        mutant.literal[id - first] = mutant.live[id - first] && mutant_is_literal(tape, node);
        for (size_t i = 0; mutant.live[id - first] && i < mutant_operands(node); i++)
            if (mutant_operand(tape, node, i) >= first)
                mutant.live[mutant_operand(tape, node, i) - first] = true;
    }
}

/* Records the instruction once more, on the operands that `copies` gives. */
static inline uint32_t mutant_copy(nsde_tape *tape, uint32_t id, const uint32_t *copies)
{
    const nsde_node node = *nsde_node_at(tape, id);
    const size_t n = mutant_operands(&node);
    nsde_var *args = malloc((n + 1) * sizeof *args);
    for (size_t i = 0; i < n; i++)
        args[i] = (nsde_var){tape, copies[mutant_operand(tape, &node, i)]};
    const nsde_call call = {
        .op = (nsde_op)node.op, .rows = node.rows, .n_args = n, .args = args, .extra = node.extra};
    const nsde_var copy = nsde_emit(tape, &call);
    free(args);
    return copy.id;
}

static inline nsde_var mutant_record(const nsde_step_at *at)
{
    nsde_tape *tape = at->tape;
    const size_t first = tape->nodes.count;
    const nsde_var result = mutant.base->record(at);
    const size_t end = tape->nodes.count;
    if (nsde_is_void(result))
        return result;
    mutant_mark(tape, first, end, result.id);
    uint32_t *copies = malloc((end + 1) * sizeof *copies);
    for (size_t id = 0; id < end; id++) {
        copies[id] = (uint32_t)id;
        if (id < first || !mutant.live[id - first])
            continue;
        copies[id] = mutant_copy(tape, (uint32_t)id, copies);
        if (id - first == mutant.number)
            copies[id] = nsde_mul_real((nsde_var){tape, copies[id]}, mutant.factor).id;
    }
    const nsde_var mutated = {tape, copies[result.id]};
    free(copies);
    return mutated;
}

/* The integrator `base` with instruction `number` scaled; one at a time. */
static inline nsde_integrator mutant_of(const nsde_integrator *base, size_t number, double factor)
{
    nsde_integrator m = *base;
    mutant.base = base;
    mutant.number = number;
    mutant.factor = factor;
    m.record = mutant_record;
    return m;
}

static inline void mutant_finish(void)
{
    free(mutant.live);
    free(mutant.literal);
    mutant.live = mutant.literal = NULL;
}

#endif
