/* Walking a program instruction by instruction, forward and back.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "tape/workspace.h"

struct nsde_cursor {
    nsde_workspace *workspace;
    size_t next;         /* the instruction after the cursor */
    uint32_t *number_of; /* [n_values] instruction that makes a value, + 1; 0 for leaves */
};

nsde_status nsde_cursor_create(nsde_workspace *workspace, size_t paths, nsde_cursor **cursor)
{
    if (!cursor)
        return nsde_fail(NSDE_INVALID, "nsde_cursor_create: cursor is NULL");
    *cursor = NULL;
    if (!workspace || workspace->sweep != NSDE_TRACE || paths == 0 || paths > workspace->paths)
        return nsde_fail(NSDE_INVALID,
                         "nsde_cursor_create: a workspace created with NSDE_TRACE for at least as "
                         "many paths is needed");
    const nsde_program *program = workspace->memory.program;
    void *memory = NULL, *numbers = NULL;
    nsde_status status = nsde_alloc(1, sizeof(nsde_cursor), "cursor", &memory);
    if (!status)
        status = nsde_alloc(program->n_values + 1, sizeof(uint32_t), "cursor", &numbers);
    if (status) {
        nsde_free(memory);
        return status;
    }
    nsde_cursor *made = memory;
    made->workspace = workspace;
    made->number_of = numbers;
    for (size_t k = 0; k < program->n_instructions; k++)
        made->number_of[program->instructions[k]] = (uint32_t)k + 1;
    nsde_workspace_set_paths(workspace, paths);
    *cursor = made;
    return NSDE_OK;
}

void nsde_cursor_destroy(nsde_cursor *cursor)
{
    if (!cursor)
        return;
    nsde_free(cursor->number_of);
    nsde_free(cursor);
}

static void show(const nsde_cursor *cursor, size_t number, nsde_instruction *shown)
{
    const nsde_memory *memory = &cursor->workspace->memory;
    const nsde_program *program = memory->program;
    const uint32_t id = program->instructions[number];
    const nsde_value *value = &program->values[id];
    *shown = (nsde_instruction){.number = number,
                                .operation = nsde_op_name(value->node.op),
                                .rows = value->node.rows,
                                .uniform = value->node.uniform,
                                .value = nsde_value_at(memory, id),
                                .adjoint = value->active ? nsde_adjoint_at(memory, id) : NULL,
                                .n_operands = value->n_args};
    for (uint32_t i = 0; i < value->n_args && i < NSDE_OPERANDS; i++) {
        const uint32_t a = nsde_operand(program, value, i);
        const nsde_value *operand = &program->values[a];
        shown->operand[i].rows = operand->node.rows;
        shown->operand[i].uniform = operand->node.uniform;
        shown->operand[i].instruction = (long)cursor->number_of[a] - 1;
        shown->operand[i].value = nsde_value_at(memory, a);
        shown->operand[i].adjoint = operand->active ? nsde_adjoint_at(memory, a) : NULL;
    }
}

bool nsde_cursor_forward(nsde_cursor *cursor, nsde_instruction *shown)
{
    const nsde_program *program = cursor->workspace->memory.program;
    if (cursor->next >= program->n_instructions)
        return false;
    nsde_execute(&cursor->workspace->memory, program->instructions[cursor->next]);
    show(cursor, cursor->next++, shown);
    return true;
}

void nsde_cursor_turn(nsde_cursor *cursor)
{
    const nsde_memory *memory = &cursor->workspace->memory;
    memset(memory->adjoint, 0, cursor->workspace->adjoint_size * sizeof(double));
    nsde_workspace_seed_adjoints(cursor->workspace);
    cursor->next = memory->program->n_instructions;
}

bool nsde_cursor_backward(nsde_cursor *cursor, nsde_instruction *shown)
{
    const nsde_program *program = cursor->workspace->memory.program;
    if (cursor->next == 0)
        return false;
    const uint32_t id = program->instructions[--cursor->next];
    if (program->values[id].active)
        nsde_execute_reverse(&cursor->workspace->memory, id);
    show(cursor, cursor->next, shown);
    return true;
}
