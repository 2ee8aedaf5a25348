/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "estimate/local.h"

#include <math.h>
#include <string.h>

#include "step/compile.h"
#include "tape/tape.h"

size_t nsde_local_rows(const nsde_model *model)
{
    const nsde_model_definition *d = nsde_model_describe(model);
    if (nsde_model_is_deterministic(model))
        return d->dim;
    return d->dim + (nsde_model_is_diagonal(model) ? d->dim : d->dim * d->noise_dim);
}

/* Outputs are of each path, even where nothing in them differs between paths. */
static nsde_var of_path(nsde_var y, nsde_var x)
{
    return nsde_is_uniform(y) ? nsde_add(y, nsde_mul_real(nsde_row(x, 0), 0.0)) : y;
}

nsde_status nsde_local_coefficients(const nsde_model *model, const nsde_integrator *integrator,
                                    nsde_program **program)
{
    nsde_step_at at = {.model = model, .calculus = integrator->calculus};
    nsde_status status = nsde_tape_create(&at.tape);
    if (status)
        return status;
    at.x = nsde_input(at.tape, nsde_model_describe(model)->dim);
    at.t = nsde_uniform(at.tape, 1);
    at.p = nsde_model_record_parameters(model, at.tape);
    nsde_var y = nsde_step_drift(&at, at.x, at.t);
    if (!nsde_model_is_deterministic(model))
        y = nsde_stack(2, (nsde_var[]){y, nsde_model_diffusion(model, at.x, at.t, at.p, at.u)});
    y = of_path(y, at.x);
    status = nsde_program_create(at.tape, 1, &y, program);
    nsde_tape_destroy(at.tape);
    return status;
}

/* ---- a model whose coefficients are its parameters ---- */

static nsde_var given_drift(const nsde_at *at)
{
    return nsde_slice(at->p, 0, at->dim);
}

static nsde_var given_diffusion(const nsde_at *at)
{
    return nsde_slice(at->p, at->dim, nsde_rows(at->p) - at->dim);
}

static nsde_status create_given(const nsde_model *model, nsde_model **given)
{
    const nsde_model_definition *d = nsde_model_describe(model);
    const nsde_parameter_definition y = {"y", "coefficients",        -INFINITY, INFINITY,
                                         1.0, nsde_local_rows(model)};
    return nsde_model_create(
        &(nsde_model_definition){.name = d->name,
                                 .dim = d->dim,
                                 .noise_dim = d->noise_dim,
                                 .noise = NSDE_NOISE_ADDITIVE,
                                 .parameters = &y,
                                 .n_parameters = 1,
                                 .drift = given_drift,
                                 .diffusion = nsde_model_is_deterministic(model) ? NULL : given_diffusion},
        given);
}

/* x with the directions first … first + rows - 1 of eps. */
static nsde_status seed_rows(nsde_perturbation eps, size_t first, nsde_var *x)
{
    const size_t rows = nsde_rows(*x);
    void *memory;
    const nsde_status status =
        nsde_alloc(eps.partials * sizeof(nsde_var) + rows * sizeof(double), 1, "seeds", &memory);
    if (status)
        return status;
    nsde_var *directions = memory;
    double *unit = (double *)(directions + eps.partials);
    for (size_t i = 0; i < rows; i++) {
        memset(unit, 0, rows * sizeof *unit);
        unit[i] = 1.0;
        directions[first + i] = nsde_constant(eps.tape, rows, unit);
    }
    *x = nsde_seed(eps, *x, directions);
    nsde_free(memory);
    return NSDE_OK;
}

static nsde_var stack_tangents(nsde_perturbation eps, nsde_var y)
{
    void *memory;
    const nsde_status status = nsde_alloc(eps.partials, sizeof(nsde_var), "tangents", &memory);
    if (status)
        return nsde_tape_break(eps.tape, status);
    nsde_var *parts = memory;
    for (size_t k = 0; k < eps.partials; k++)
        parts[k] = nsde_tangent(eps, y, k);
    const nsde_var all = nsde_stack(eps.partials, parts);
    nsde_free(memory);
    return all;
}

static nsde_status record_step(const nsde_model *given, const nsde_integrator *integrator, nsde_tape *tape,
                               nsde_program **program)
{
    const nsde_model_definition *d = nsde_model_describe(given);
    nsde_step_at at = {.tape = tape, .model = given};
    const nsde_var x = at.x = nsde_input(tape, d->dim);
    at.p = nsde_input(tape, d->n_parameters);
    nsde_step_take_noise(&at, nsde_step_detail(integrator, given));
    at.t = nsde_uniform(tape, 1);
    at.h = nsde_uniform(tape, 1);
    const nsde_perturbation eps = nsde_perturb(tape, d->dim + d->n_parameters);
    nsde_status status = seed_rows(eps, 0, &at.x);
    if (!status)
        status = seed_rows(eps, d->dim, &at.p);
    if (status)
        return status;
    const nsde_var next = nsde_step_record(integrator, &at);
    const nsde_var outputs[] = {of_path(nsde_primal(eps, next), x), of_path(stack_tangents(eps, next), x)};
    return nsde_program_create(tape, 2, outputs, program);
}

nsde_status nsde_local_step(const nsde_model *model, const nsde_integrator *integrator,
                            nsde_program **program)
{
    nsde_model *given;
    nsde_tape *tape = NULL;
    nsde_status status = create_given(model, &given);
    if (!status)
        status = nsde_tape_create(&tape);
    if (!status)
        status = record_step(given, integrator, tape, program);
    nsde_tape_destroy(tape);
    nsde_model_destroy(given);
    return status;
}
