/* Compiling a tape.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "tape/program.h"

static nsde_status check_outputs(const nsde_tape *tape, size_t n_outputs, const nsde_var outputs[])
{
    if (!tape || !outputs || n_outputs == 0 || n_outputs > INT32_MAX)
        return nsde_fail(NSDE_INVALID, "nsde_program_create: a tape and at least one output are needed");
    const nsde_status status = nsde_tape_status(tape);
    if (status)
        return status;
    for (size_t k = 0; k < n_outputs; k++) {
        if (outputs[k].tape != tape || outputs[k].id == NONE)
            return nsde_fail(NSDE_INVALID, "nsde_program_create: output %zu is not a value of this tape", k);
        if (outputs[k].id & NSDE_DUAL_BIT)
            return nsde_fail(NSDE_INVALID,
                             "nsde_program_create: output %zu is a dual; take its primal or a tangent", k);
        if (outputs[k].id >= tape->nodes.count)
            return nsde_fail(NSDE_INVALID, "nsde_program_create: output %zu is no handle of this tape", k);
    }
    return NSDE_OK;
}

static nsde_status allocate(nsde_program *program)
{
    void *ids;
    const size_t n = (size_t)program->n_inputs + program->n_uniforms + program->n_outputs;
    const nsde_status status = nsde_alloc(n, sizeof(uint32_t), "program", &ids);
    program->inputs = ids;
    if (!status) {
        program->uniforms = program->inputs + program->n_inputs;
        program->outputs = program->uniforms + program->n_uniforms;
    }
    return status;
}

nsde_status nsde_program_create(const nsde_tape *tape, size_t n_outputs, const nsde_var outputs[],
                                nsde_program **program)
{
    return nsde_program_create_in(NSDE_DOUBLE, tape, n_outputs, outputs, program);
}

nsde_status nsde_program_create_in(nsde_precision precision, const nsde_tape *tape, size_t n_outputs,
                                   const nsde_var outputs[], nsde_program **program)
{
    if (!program)
        return nsde_fail(NSDE_INVALID, "nsde_program_create: program is NULL");
    *program = NULL;
    if (precision != NSDE_DOUBLE && precision != NSDE_SINGLE)
        return nsde_fail(NSDE_INVALID, "nsde_program_create_in: there is no precision number %d",
                         (int)precision);
    nsde_status status = check_outputs(tape, n_outputs, outputs);
    if (status)
        return status;
    void *memory;
    status = nsde_alloc(1, sizeof(nsde_program), "program", &memory);
    if (status)
        return status;
    nsde_program *made = memory;
    made->n_inputs = tape->n_inputs;
    made->n_uniforms = tape->n_uniforms;
    made->n_parameters = tape->n_parameters;
    made->n_outputs = (uint32_t)n_outputs;
    status = allocate(made);
    if (!status)
        status = nsde_program_gather(made, tape, outputs);
    if (!status && precision == NSDE_SINGLE)
        status = nsde_program_lower(made);
    if (!status)
        status = nsde_program_plan(made);
    if (status)
        nsde_program_destroy(made);
    else
        *program = made;
    return status;
}

void nsde_program_destroy(nsde_program *program)
{
    if (!program)
        return;
    for (int sweep = 0; sweep < NSDE_SWEEPS; sweep++) {
        nsde_free(program->plans[sweep].value);
        nsde_free(program->plans[sweep].adjoint);
    }
    nsde_free(program->values);
    nsde_free(program->pool);
    nsde_free(program->constants);
    nsde_free(program->instructions);
    nsde_free(program->inputs);
    nsde_free(program);
}

size_t nsde_program_inputs(const nsde_program *program)
{
    return program->n_inputs;
}

size_t nsde_program_outputs(const nsde_program *program)
{
    return program->n_outputs;
}

size_t nsde_program_parameters(const nsde_program *program)
{
    return program->n_parameters;
}

size_t nsde_program_input_rows(const nsde_program *program, size_t input)
{
    return input < program->n_inputs ? program->values[program->inputs[input]].node.rows : 0;
}

size_t nsde_program_output_rows(const nsde_program *program, size_t output)
{
    return output < program->n_outputs ? program->values[program->outputs[output]].node.rows : 0;
}

bool nsde_output_is_uniform(const nsde_program *program, size_t output)
{
    return program->values[program->outputs[output]].node.uniform;
}

size_t nsde_program_instructions(const nsde_program *program)
{
    return program->n_instructions;
}
