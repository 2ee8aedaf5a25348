/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "step/compile.h"

#include <math.h>

#include "core/error.h"

nsde_var nsde_step_take_state(nsde_step_at *at, const nsde_integrator *integrator)
{
    const size_t dim = nsde_model_describe(at->model)->dim, rows = dim * (1 + integrator->carried);
    const nsde_var state = nsde_input(at->tape, rows);
    nsde_step_split_state(at, state);
    return state;
}

void nsde_step_split_state(nsde_step_at *at, nsde_var state)
{
    const size_t dim = nsde_model_describe(at->model)->dim, rows = nsde_rows(state);
    at->x = rows > dim ? nsde_slice(state, 0, dim) : state;
    if (rows > dim)
        at->carried = nsde_slice(state, dim, rows - dim);
}

void nsde_step_take_noise(nsde_step_at *at, nsde_noise_detail detail)
{
    const size_t m = nsde_model_describe(at->model)->noise_dim, pairs = nsde_noise_pairs(m);
    const nsde_var rows = nsde_input_passive(at->tape, nsde_noise_rows(m, detail));
    at->dW = detail == NSDE_INCREMENTS ? rows : nsde_slice(rows, 0, m);
    if (detail >= NSDE_SPACE_TIME)
        at->H = nsde_slice(rows, m, m);
    if (detail >= NSDE_LEVY && pairs)
        at->A = nsde_slice(rows, 2 * m, pairs);
}

void nsde_step_take_parameters(nsde_step_at *at, bool per_path)
{
    const size_t n = nsde_model_describe(at->model)->n_parameters;
    at->p = per_path && n ? nsde_input(at->tape, n) : nsde_model_record_parameters(at->model, at->tape);
}

size_t nsde_step_parameters_input(const nsde_model *model)
{
    return NSDE_STEP_INPUT + (nsde_model_describe(model)->n_inputs > 0);
}

/* The variance per unit of time of component k at the state: the sum of its squared entries of g. */
static nsde_var variance_of(const nsde_step_at *at, nsde_var g, size_t k)
{
    const nsde_model_definition *d = nsde_model_describe(at->model);
    if (nsde_model_is_diagonal(at->model))
        return nsde_square(nsde_row(g, k));
    return nsde_sum(nsde_square(nsde_slice(g, k * d->noise_dim, d->noise_dim)));
}

static nsde_var record_variances(const nsde_step_at *at, const nsde_step_options *options)
{
    const nsde_var g = nsde_model_diffusion(at->model, at->x, at->t, at->p, at->u);
    nsde_var all = variance_of(at, g, options->variances[0]);
    for (size_t i = 1; i < options->n_variances; i++)
        all = nsde_stack(2, (nsde_var[]){all, variance_of(at, g, options->variances[i])});
    return all;
}

nsde_status nsde_step_compile(const nsde_integrator *integrator, const nsde_model *model,
                              const nsde_step_options *options, nsde_program **program)
{
    nsde_tape *tape;
    *program = NULL;
    nsde_status status = nsde_integrator_check(integrator, model);
    if (!status)
        status = nsde_tape_create(&tape);
    if (status)
        return status;
    nsde_step_at at = {.tape = tape, .model = model};
    const nsde_var state = nsde_step_take_state(&at, integrator);
    nsde_step_take_noise(&at, nsde_step_detail(integrator, model));
    at.t = nsde_uniform(tape, 1);
    at.h = nsde_uniform(tape, 1);
    at.u = nsde_model_record_inputs(model, tape);
    nsde_step_take_parameters(&at, options->parameters_per_path);
    nsde_var outputs[2] = {nsde_step_record(integrator, &at)};
    if (options->n_variances)
        outputs[1] = record_variances(&at, options);
    const size_t n = options->n_variances ? 2 : 1;
    for (size_t i = 0; i < n; i++)
        if (nsde_is_uniform(outputs[i])) /* nothing in it differs between paths */
            outputs[i] = nsde_add(outputs[i], nsde_mul_real(i ? nsde_row(state, 0) : state, 0.0));
    status = nsde_program_create_in(options->precision, tape, n, outputs, program);
    nsde_tape_destroy(tape);
    return status;
}

void nsde_spread_paths(const double *values, size_t rows, size_t all, size_t first, size_t paths,
                       size_t stride, double *to)
{
    for (size_t r = 0; r < rows; r++)
        for (size_t i = 0; i < stride; i++)
            to[r * stride + i] = values[r * all + first + (i < paths ? i : 0)];
}

nsde_status nsde_grid_check(const nsde_grid *grid)
{
    if (!(grid->t1 > grid->t0))
        return nsde_fail(NSDE_INVALID, "t1 = %g is not after t0 = %g", grid->t1, grid->t0);
    const double h = nsde_grid_length(grid);
    if (!(h > 0.0) || !isfinite(h) || !(grid->t0 + h > grid->t0) || !(grid->t1 - h < grid->t1))
        return nsde_fail(NSDE_INVALID, "steps = %zu from %g to %g leave no time for a step", grid->steps,
                         grid->t0, grid->t1);
    return NSDE_OK;
}
