/* The tape of scalars: blocks of operations that are filled one after another, and their adjoints.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "nsde/scalar.h"

#include <string.h>

#include "core/error.h"
#include "core/memory.h"

enum { BLOCK = 1 << 16 }; /* operations */

typedef struct nsde_scalar_memory {
    nsde_scalar_tape tape;
    nsde_scalar_operation **blocks;
    size_t n_blocks, room; /* blocks there are; room in the list of them */
    nsde_status cut;       /* why the recording was cut off, if it was */
    double *adjoints;      /* [n_adjoints] */
    size_t n_adjoints;
    uint32_t left; /* operations that are still to be gone back over */
} nsde_scalar_memory;

/* The first operation stands for the constants: what is added to its adjoint is never looked at. */
void nsde_scalar_tape_clear(nsde_scalar_tape *tape)
{
    nsde_scalar_memory *m = tape->memory;
    tape->next = m->blocks[0];
    tape->end = m->blocks[0] + BLOCK;
    *tape->next++ = (nsde_scalar_operation){{0.0, 0.0}, {0, 0}};
    tape->n = 1;
    m->cut = NSDE_OK;
    m->left = 0;
}

static nsde_status add_block(nsde_scalar_memory *m)
{
    void *list = m->blocks, *block;
    const size_t room = m->room ? 2 * m->room : 16;
    nsde_status status = NSDE_OK;
    if (m->n_blocks == m->room) {
        status = nsde_resize(&list, m->room, room, sizeof *m->blocks, "tape of scalars");
        m->blocks = list;
        m->room = status ? m->room : room;
    }
    if (!status)
        status = nsde_alloc(BLOCK, sizeof(nsde_scalar_operation), "tape of scalars", &block);
    if (!status)
        m->blocks[m->n_blocks++] = block;
    return status;
}

nsde_status nsde_scalar_tape_create(nsde_scalar_tape **tape)
{
    void *memory;
    if (!tape)
        return nsde_fail(NSDE_INVALID, "nsde_scalar_tape_create: tape is NULL");
    *tape = NULL;
    nsde_status status = nsde_alloc(1, sizeof(nsde_scalar_memory), "tape of scalars", &memory);
    if (status)
        return status;
    nsde_scalar_memory *m = memory;
    m->tape.memory = m;
    status = add_block(m);
    if (status) {
        nsde_scalar_tape_destroy(&m->tape);
        return status;
    }
    nsde_scalar_tape_clear(&m->tape);
    *tape = &m->tape;
    return NSDE_OK;
}

void nsde_scalar_tape_destroy(nsde_scalar_tape *tape)
{
    if (!tape)
        return;
    nsde_scalar_memory *m = tape->memory;
    for (size_t i = 0; i < m->n_blocks; i++)
        nsde_free(m->blocks[i]);
    nsde_free(m->blocks);
    nsde_free(m->adjoints);
    nsde_free(m);
}

bool nsde_scalar_tape_grow(nsde_scalar_tape *tape)
{
    nsde_scalar_memory *m = tape->memory;
    const size_t block = tape->n / BLOCK;
    if (m->cut)
        return false;
    if (tape->n > UINT32_MAX - BLOCK)
        m->cut = NSDE_OVERFLOW;
    else if (block == m->n_blocks)
        m->cut = add_block(m);
    if (m->cut)
        return false;
    tape->next = m->blocks[block];
    tape->end = tape->next + BLOCK;
    return true;
}

nsde_status nsde_scalar_turn(nsde_scalar_tape *tape)
{
    nsde_scalar_memory *m = tape->memory;
    void *adjoints = m->adjoints;
    if (m->cut)
        return nsde_fail(m->cut, "the tape of scalars was cut off after %u operations: no more %s",
                         tape->n - 1, m->cut == NSDE_OVERFLOW ? "places" : "memory");
    if (tape->n > m->n_adjoints) {
        const size_t wanted = m->n_blocks * (size_t)BLOCK;
        const nsde_status status =
            nsde_resize(&adjoints, m->n_adjoints, wanted, sizeof *m->adjoints, "adjoints of scalars");
        if (status)
            return status;
        m->adjoints = adjoints;
        m->n_adjoints = wanted;
    }
    memset(m->adjoints, 0, tape->n * sizeof *m->adjoints);
    m->left = tape->n;
    return NSDE_OK;
}

void nsde_scalar_seed(nsde_scalar x, double adjoint)
{
    if (x.tape)
        x.tape->memory->adjoints[x.place] += adjoint;
}

double nsde_scalar_adjoint(nsde_scalar x)
{
    return x.place ? x.tape->memory->adjoints[x.place] : 0.0;
}

/* What an adjoint of 0 is multiplied by may be infinite. */
static void pull(const nsde_scalar_operation *o, double adjoint, double *adjoints)
{
    if (adjoint == 0.0)
        return;
    adjoints[o->operand[0]] += o->partial[0] * adjoint;
    adjoints[o->operand[1]] += o->partial[1] * adjoint;
}

bool nsde_scalar_back(nsde_scalar_tape *tape, nsde_scalar_instruction *at)
{
    nsde_scalar_memory *m = tape->memory;
    if (m->left <= 1)
        return false;
    const uint32_t place = --m->left;
    const nsde_scalar_operation *o = &m->blocks[place / BLOCK][place % BLOCK];
    pull(o, m->adjoints[place], m->adjoints);
    if (at)
        *at = (nsde_scalar_instruction){place, m->adjoints[place], o};
    return true;
}

void nsde_scalar_sweep(nsde_scalar_tape *tape)
{
    nsde_scalar_memory *m = tape->memory;
    while (m->left > 1) {
        const uint32_t last = m->left - 1, first = last / BLOCK ? last / BLOCK * BLOCK : 1;
        const nsde_scalar_operation *block = m->blocks[last / BLOCK];
        for (uint32_t place = last + 1; place-- > first;)
            pull(&block[place % BLOCK], m->adjoints[place], m->adjoints);
        m->left = first;
    }
}

nsde_status nsde_scalar_gradient(nsde_scalar loss)
{
    if (!loss.tape)
        return nsde_fail(NSDE_INVALID, "nsde_scalar_gradient: the loss is a constant");
    const nsde_status status = nsde_scalar_turn(loss.tape);
    if (status)
        return status;
    nsde_scalar_seed(loss, 1.0);
    nsde_scalar_sweep(loss.tape);
    return NSDE_OK;
}
