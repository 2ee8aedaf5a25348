/* Recording a step and a loss with tangents.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "estimate/record.h"

#include <string.h>

#include "step/compile.h"
#include "tape/tape.h"

static const nsde_model_definition *definition(const nsde_tangents_settings *s)
{
    return nsde_model_describe(s->model);
}

bool nsde_tangents_are_fixed(const nsde_tangents_settings *s)
{
    const size_t n = definition(s)->n_parameters;
    return s->per_path || s->outputs || s->partials >= n + definition(s)->dim;
}

bool nsde_tangents_are_second(const nsde_tangents_settings *s)
{
    return s->kind == NSDE_TANGENTS_SCORE_ALONG_PATH || s->kind == NSDE_TANGENTS_SECOND_SCORE;
}

nsde_var nsde_tangents_parameters(const nsde_tangents_settings *s, nsde_tape *tape)
{
    nsde_step_at at = {.tape = tape, .model = s->model};
    nsde_step_take_parameters(&at, s->per_path);
    return at.p;
}

/* Where one chunk has all directions the seeds are unit vectors, most of which fold away; else they are
 * uniforms, so that one program serves every chunk. */
nsde_var nsde_tangents_seed_parameters(const nsde_tangents_settings *s, nsde_perturbation eps, nsde_var p)
{
    const size_t n = definition(s)->n_parameters, partials = s->partials;
    const bool fixed = nsde_tangents_are_fixed(s);
    void *memory;
    if (n == 0 || partials == 0)
        return p;
    nsde_status status = nsde_alloc(partials * sizeof(nsde_var) + n * sizeof(double), 1, "seeds", &memory);
    if (status)
        return nsde_tape_break(eps.tape, status);
    nsde_var *directions = memory;
    double *unit = (double *)(directions + partials);
    const nsde_var seeds = fixed ? (nsde_var){0} : nsde_uniform(eps.tape, partials * n);
    for (size_t k = 0; k < partials; k++) {
        if (fixed && k < n) {
            memset(unit, 0, n * sizeof *unit);
            unit[k] = 1.0;
            directions[k] = nsde_constant(eps.tape, n, unit);
        } else if (!fixed) {
            directions[k] = nsde_slice(seeds, k * n, n);
        } /* else zero: a direction of the state */
    }
    p = nsde_seed(eps, p, directions);
    nsde_free(memory);
    return p;
}

nsde_var nsde_tangents_seed_state(const nsde_tangents_settings *s, nsde_perturbation eps, nsde_var tangents,
                                  nsde_var x)
{
    void *memory;
    const size_t rows = nsde_rows(x);
    const nsde_status status = nsde_alloc(s->partials, sizeof(nsde_var), "seeds", &memory);
    if (status)
        return nsde_tape_break(eps.tape, status);
    nsde_var *directions = memory;
    for (size_t k = 0; k < s->partials; k++)
        directions[k] = nsde_slice(tangents, k * rows, rows);
    x = nsde_seed(eps, x, directions);
    nsde_free(memory);
    return x;
}

nsde_var nsde_tangents_stack(const nsde_tangents_settings *s, nsde_perturbation eps, nsde_var y)
{
    void *memory;
    const nsde_status status = nsde_alloc(s->partials, sizeof(nsde_var), "tangents", &memory);
    if (status)
        return nsde_tape_break(eps.tape, status);
    nsde_var *parts = memory;
    for (size_t k = 0; k < s->partials; k++)
        parts[k] = nsde_tangent(eps, y, k);
    const nsde_var all = nsde_stack(s->partials, parts);
    nsde_free(memory);
    return all;
}

/* Outputs are of each path, even where nothing in them differs between paths. */
static nsde_var of_path(nsde_var y, nsde_var input)
{
    return nsde_is_uniform(y) ? nsde_add(y, nsde_mul_real(nsde_row(input, 0), 0.0)) : y;
}

static nsde_status compile(nsde_tape *tape, size_t n, nsde_var *outputs, nsde_var input,
                           nsde_program **program)
{
    const nsde_status status = nsde_tape_status(tape);
    if (status)
        return status;
    for (size_t k = 0; k < n; k++)
        outputs[k] = of_path(outputs[k], input);
    return nsde_program_create(tape, n, outputs, program);
}

static void record_first_order(const nsde_tangents_settings *s, nsde_step_at *at, nsde_var x,
                               nsde_var tangents, nsde_var outputs[2])
{
    const nsde_perturbation eps = nsde_perturb(at->tape, s->partials);
    nsde_step_split_state(at, nsde_tangents_seed_state(s, eps, tangents, x));
    at->p = nsde_tangents_seed_parameters(s, eps, at->p);
    if (s->kind == NSDE_TANGENTS_SCORE) {
        outputs[1] = nsde_record_score(s, eps, at, &outputs[0]);
    } else {
        const nsde_var next = nsde_step_record(s->run->integrator, at);
        outputs[1] = nsde_tangents_stack(s, eps, next);
        outputs[0] = nsde_primal(eps, next);
    }
}

static nsde_status record_step(const nsde_tangents_settings *s, nsde_tape *tape, nsde_program **program)
{
    nsde_step_at at = {.tape = tape, .model = s->model};
    const nsde_var x = nsde_step_take_state(&at, s->run->integrator);
    nsde_step_take_noise(&at, nsde_step_detail(s->run->integrator, s->model));
    at.t = nsde_uniform(tape, 1);
    at.h = nsde_uniform(tape, 1);
    const nsde_var tangents = s->partials ? nsde_input(tape, s->partials * nsde_rows(x)) : (nsde_var){0};
    at.p = nsde_tangents_parameters(s, tape);
    nsde_var outputs[4];
    if (!s->partials)
        outputs[0] = nsde_step_record(s->run->integrator, &at);
    else if (nsde_tangents_are_second(s))
        nsde_record_second_step(s, &at, tangents, outputs);
    else
        record_first_order(s, &at, x, tangents, outputs);
    static const size_t n[] = {2, 2, 4, 3}; /* of each kind */
    return compile(tape, s->partials ? n[s->kind] : 1, outputs, x, program);
}

nsde_status nsde_tangents_record_step(const nsde_tangents_settings *s, nsde_program **program)
{
    nsde_tape *tape;
    nsde_status status = nsde_integrator_check(s->run->integrator, s->model);
    if (!status)
        status = nsde_tape_create(&tape);
    if (status)
        return status;
    status = record_step(s, tape, program);
    nsde_tape_destroy(tape);
    return status;
}

static nsde_status record_loss(const nsde_tangents_settings *s, nsde_loss_at *at, nsde_program **program)
{
    const size_t rows = at->n_times * at->dim;
    const nsde_var x = at->x = nsde_input(at->tape, rows);
    const nsde_var tangents = s->partials ? nsde_input(at->tape, s->partials * rows) : (nsde_var){0};
    if (s->loss->n_data)
        at->data = nsde_uniform(at->tape, s->loss->n_data);
    at->p = nsde_tangents_parameters(s, at->tape);
    nsde_var outputs[3];
    const bool second = s->partials && nsde_tangents_are_second(s);
    if (second) {
        nsde_record_second_loss(s, at, tangents, outputs);
    } else if (s->partials) {
        const nsde_perturbation eps = nsde_perturb(at->tape, s->partials);
        at->x = nsde_tangents_seed_state(s, eps, tangents, x);
        at->p = nsde_tangents_seed_parameters(s, eps, at->p);
        const nsde_var loss = s->loss->record(at);
        outputs[1] = nsde_tangents_stack(s, eps, loss);
        outputs[0] = nsde_primal(eps, loss);
    } else {
        outputs[0] = s->loss->record(at);
    }
    const nsde_status status = nsde_tape_status(at->tape);
    if (status)
        return nsde_fail_within(status, "loss");
    if (nsde_rows(outputs[0]) != 1)
        return nsde_fail(NSDE_INVALID, "the loss has %zu rows, not 1", nsde_rows(outputs[0]));
    return compile(at->tape, second ? 3 : s->partials ? 2 : 1, outputs, x, program);
}

nsde_status nsde_tangents_record_loss(const nsde_tangents_settings *s, const double *times, size_t n_times,
                                      nsde_program **program)
{
    nsde_loss_at at = {.times = times, .n_times = n_times, .dim = definition(s)->dim};
    at.context = s->loss->context;
    nsde_status status = nsde_tape_create(&at.tape);
    if (status)
        return status;
    status = record_loss(s, &at, program);
    nsde_tape_destroy(at.tape);
    return status;
}
