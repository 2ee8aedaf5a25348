/* A workspace: the memory of one thread, and the sweeps over it.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "tape/workspace.h"

#include <stdint.h>
#include <string.h>

/* Numbers needed by `rows` rows of the panel and `numbers` uniform ones before them. */
static bool plan_panel(size_t rows, size_t numbers, size_t stride, size_t *total)
{
    size_t panel;
    return nsde_size_mul(rows, stride, &panel) && nsde_size_add(panel, numbers, total);
}

static nsde_status check_second_order(const nsde_program *program)
{
    for (size_t k = 0; k < program->n_instructions; k++) {
        const nsde_value *value = &program->values[program->instructions[k]];
        if (value->node.op == OP_chi_square_quantile && value->active && value->node.extra)
            return nsde_fail(NSDE_UNSUPPORTED, "nsde_workspace_create: a reverse sweep would need second "
                                               "derivatives of chi_square_quantile, which are not available");
        if (value->node.op == OP_log_bessel_i && value->active &&
            value->node.extra / 3 + value->node.extra % 3 == 2)
            return nsde_fail(NSDE_UNSUPPORTED, "nsde_workspace_create: a reverse sweep would need third "
                                               "derivatives of log_bessel_i, which are not available");
    }
    return NSDE_OK;
}

/* Numbers the caller's output adjoints take. */
static bool plan_outputs(const nsde_program *program, size_t stride, size_t *total)
{
    *total = 0;
    for (uint32_t k = 0; k < program->n_outputs; k++) {
        const nsde_node *node = &program->values[program->outputs[k]].node;
        size_t numbers;
        if (!nsde_size_mul(nsde_round_up(node->rows), node->uniform ? 1 : stride, &numbers) ||
            !nsde_size_add(*total, numbers, total))
            return false;
    }
    return true;
}

static nsde_status allocate(nsde_workspace *w, size_t stride)
{
    const nsde_program *program = w->memory.program;
    const nsde_plan *plan = w->memory.plan;
    size_t frame, adjoint = 0, outputs = 0, total = 0;
    bool fits = plan_panel(plan->frame_rows, plan->frame_numbers, stride, &frame);
    if (w->sweep != NSDE_FORWARD)
        fits = fits && plan_panel(plan->adjoint_rows, plan->adjoint_numbers, stride, &adjoint) &&
               plan_outputs(program, stride, &outputs);
    fits = fits && nsde_arena_plan(plan->fixed_numbers, sizeof(double), &total) &&
           nsde_arena_plan(program->single ? plan->fixed_numbers : 0, sizeof(float), &total) &&
           nsde_arena_plan(frame, sizeof(double), &total) &&
           nsde_arena_plan(adjoint, sizeof(double), &total) &&
           nsde_arena_plan(program->n_parameters, sizeof(double), &total) &&
           nsde_arena_plan(outputs, sizeof(double), &total) &&
           nsde_arena_plan(program->n_outputs, sizeof(double *), &total);
    if (!fits)
        return nsde_fail(NSDE_OVERFLOW,
                         "nsde_workspace_create: a panel of %zu paths overflows the size of memory", stride);
    const nsde_status status = nsde_arena_create(total, "workspace", &w->arena);
    if (status)
        return status;
    w->memory.region[NSDE_FIXED] = nsde_arena_take(&w->arena, plan->fixed_numbers, sizeof(double));
    w->memory.single = nsde_arena_take(&w->arena, program->single ? plan->fixed_numbers : 0, sizeof(float));
    w->frame_size = frame;
    w->memory.region[NSDE_FRAME] = nsde_arena_take(&w->arena, frame, sizeof(double));
    w->adjoint_size = adjoint;
    w->memory.adjoint = nsde_arena_take(&w->arena, adjoint, sizeof(double));
    w->memory.parameter_adjoint = nsde_arena_take(&w->arena, program->n_parameters, sizeof(double));
    double *output = nsde_arena_take(&w->arena, outputs, sizeof(double));
    w->output_adjoint = nsde_arena_take(&w->arena, program->n_outputs, sizeof(double *));
    for (uint32_t k = 0; k < program->n_outputs && w->sweep != NSDE_FORWARD; k++) {
        const nsde_node *node = &program->values[program->outputs[k]].node;
        w->output_adjoint[k] = output;
        output += nsde_round_up(node->rows) * (node->uniform ? 1 : stride);
    }
    if (program->n_constants)
        memcpy(w->memory.region[NSDE_FIXED] + program->n_parameters, program->constants,
               program->n_constants * sizeof(double));
    return NSDE_OK;
}

nsde_status nsde_workspace_create(const nsde_program *program, size_t paths, nsde_sweep sweep,
                                  nsde_workspace **workspace)
{
    if (!workspace)
        return nsde_fail(NSDE_INVALID, "nsde_workspace_create: workspace is NULL");
    *workspace = NULL;
    if (!program || paths == 0 || sweep < NSDE_FORWARD || sweep > NSDE_TRACE)
        return nsde_fail(NSDE_INVALID,
                         "nsde_workspace_create: a program, a kind of sweep and at least one path "
                         "are needed");
    if (paths > INT32_MAX) /* the dense algebra counts in int */
        return nsde_fail(NSDE_OVERFLOW, "nsde_workspace_create: a panel of %zu paths is too wide", paths);
    if (sweep == NSDE_TRACE && program->single)
        return nsde_fail(NSDE_UNSUPPORTED,
                         "nsde_workspace_create: a program in single precision cannot be traced");
    nsde_status status = sweep == NSDE_FORWARD ? NSDE_OK : check_second_order(program);
    if (status)
        return status;
    void *memory;
    status = nsde_alloc(1, sizeof(nsde_workspace), "workspace", &memory);
    if (status)
        return status;
    nsde_workspace *w = memory;
    w->sweep = sweep;
    w->paths = paths;
    w->memory.program = program;
    w->memory.plan = &program->plans[sweep];
    w->memory.stride = nsde_round_up(paths);
    status = allocate(w, w->memory.stride);
    if (status)
        nsde_workspace_destroy(w);
    else
        *workspace = w;
    return status;
}

void nsde_workspace_destroy(nsde_workspace *workspace)
{
    if (!workspace)
        return;
    nsde_arena_destroy(&workspace->arena);
    nsde_free(workspace);
}

size_t nsde_workspace_stride(const nsde_workspace *workspace)
{
    return workspace->memory.stride;
}

double *nsde_workspace_input(nsde_workspace *workspace, size_t input)
{
    return nsde_value_at(&workspace->memory, workspace->memory.program->inputs[input]);
}

double *nsde_workspace_uniform(nsde_workspace *workspace, size_t uniform)
{
    return nsde_value_at(&workspace->memory, workspace->memory.program->uniforms[uniform]);
}

double *nsde_workspace_parameters(nsde_workspace *workspace)
{
    return workspace->memory.region[NSDE_FIXED];
}

const double *nsde_workspace_output(const nsde_workspace *workspace, size_t output)
{
    return nsde_value_at(&workspace->memory, workspace->memory.program->outputs[output]);
}

double *nsde_workspace_output_adjoint(nsde_workspace *workspace, size_t output)
{
    return workspace->output_adjoint[output];
}

const double *nsde_workspace_input_adjoint(const nsde_workspace *workspace, size_t input)
{
    return nsde_adjoint_at(&workspace->memory, workspace->memory.program->inputs[input]);
}

const double *nsde_workspace_parameter_adjoint(const nsde_workspace *workspace)
{
    return workspace->memory.parameter_adjoint;
}

void nsde_workspace_clear_adjoint(nsde_workspace *workspace)
{
    memset(workspace->memory.parameter_adjoint, 0, workspace->memory.program->n_parameters * sizeof(double));
}

void nsde_workspace_prepare(nsde_workspace *workspace)
{
    const nsde_program *program = workspace->memory.program;
    for (size_t k = 0; k < program->n_fixed; k++)
        nsde_execute(&workspace->memory, program->instructions[k]);
    if (program->single)
        nsde_narrow(workspace->memory.single, workspace->memory.region[NSDE_FIXED],
                    workspace->memory.plan->fixed_numbers);
}

void nsde_workspace_set_paths(nsde_workspace *workspace, size_t paths)
{
    workspace->memory.lanes = nsde_round_up(paths);
}

void nsde_forward(nsde_workspace *workspace, size_t paths)
{
    const nsde_program *program = workspace->memory.program;
    nsde_workspace_set_paths(workspace, paths);
    for (size_t k = program->n_fixed; k < program->n_instructions; k++)
        nsde_execute(&workspace->memory, program->instructions[k]);
}

/* Numbers a value takes in memory. */
static size_t numbers_of(const nsde_workspace *workspace, uint32_t id)
{
    const nsde_node *node = &workspace->memory.program->values[id].node;
    return node->rows * (node->uniform ? 1 : workspace->memory.stride);
}

void nsde_workspace_seed_adjoints(nsde_workspace *workspace)
{
    const nsde_program *program = workspace->memory.program;
    for (uint32_t k = 0; k < program->n_inputs; k++)
        memset(nsde_adjoint_at(&workspace->memory, program->inputs[k]), 0,
               numbers_of(workspace, program->inputs[k]) * sizeof(double));
    for (uint32_t k = 0; k < program->n_outputs; k++) {
        const nsde_value *value = &program->values[program->outputs[k]];
        if (value->active && !nsde_is_leaf(value))
            memset(nsde_adjoint_at(&workspace->memory, program->outputs[k]), 0,
                   numbers_of(workspace, program->outputs[k]) * sizeof(double));
    }
    for (uint32_t k = 0; k < program->n_outputs; k++) {
        const uint32_t id = program->outputs[k];
        if (program->values[id].active)
            nsde_accumulate(nsde_adjoint_at(&workspace->memory, id), workspace->output_adjoint[k],
                            numbers_of(workspace, id));
    }
}

void nsde_reverse(nsde_workspace *workspace, size_t paths)
{
    const nsde_program *program = workspace->memory.program;
    nsde_workspace_set_paths(workspace, paths);
    nsde_workspace_seed_adjoints(workspace);
    for (size_t k = program->n_instructions; k-- > 0;)
        if (program->values[program->instructions[k]].active)
            nsde_execute_reverse(&workspace->memory, program->instructions[k]);
}

/* Whole registers, so that one frame can follow another. */
size_t nsde_program_frame(const nsde_program *program, nsde_sweep sweep, size_t stride)
{
    const nsde_plan *plan = &program->plans[sweep];
    size_t numbers;
    return plan_panel(plan->frame_rows, plan->frame_numbers, stride, &numbers) ? numbers : SIZE_MAX;
}

size_t nsde_workspace_frame_size(const nsde_workspace *workspace)
{
    return workspace->frame_size;
}

void nsde_workspace_set_frame(nsde_workspace *workspace, double *frame)
{
    workspace->memory.region[NSDE_FRAME] = frame;
}
