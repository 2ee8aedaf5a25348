/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "gradient/backward.h"

#include <string.h>

nsde_status nsde_backward_check(const nsde_gradient *e)
{
    const nsde_integrator *heun;
    if (e->settings.keep == NSDE_KEEP_UNDO && !e->settings.integrator->reversible)
        return nsde_fail(NSDE_UNSUPPORTED, "%s cannot undo its steps; reversible_heun can",
                         e->settings.integrator->name);
    if (e->settings.keep != NSDE_KEEP_ADJOINT)
        return NSDE_OK;
    nsde_status status = nsde_integrator_find("heun", &heun);
    if (!status)
        status = nsde_integrator_check(heun, e->model);
    if (!status)
        status = nsde_step_check_noise(heun, e->model, e->settings.noise);
    return status ? nsde_fail_within(status, "the adjoint equation") : NSDE_OK;
}

/* ---- programs ---- */

static nsde_var record_undone(const nsde_gradient *e, nsde_step_at *at)
{
    at->t = nsde_add(at->t, at->h);
    at->h = nsde_neg(at->h);
    at->dW = nsde_neg(at->dW);
    return nsde_step_record(e->settings.integrator, at);
}

static nsde_var record_increment(nsde_step_at *at)
{
    at->calculus = NSDE_STRATONOVICH;
    return nsde_add(nsde_mul(nsde_step_drift(at, at->x, at->t), at->h), nsde_step_noise(at, at->x, at->t));
}

nsde_status nsde_backward_compile(nsde_gradient *e)
{
    const bool undo = e->settings.keep == NSDE_KEEP_UNDO;
    nsde_step_at at = {.model = e->model};
    nsde_status status = nsde_tape_create(&at.tape);
    if (status)
        return status;
    if (undo)
        (void)nsde_step_take_state(&at, e->settings.integrator);
    else
        at.x = nsde_input(at.tape, e->dim);
    const nsde_var x = at.x;
    nsde_step_take_noise(&at, nsde_step_detail(e->settings.integrator, e->model));
    at.t = nsde_uniform(at.tape, 1);
    at.h = nsde_uniform(at.tape, 1);
    at.u = nsde_model_record_inputs(e->model, at.tape);
    at.p = nsde_model_record_parameters(e->model, at.tape);
    nsde_var y = undo ? record_undone(e, &at) : record_increment(&at);
    if (nsde_is_uniform(y)) /* nothing in it differs between paths */
        y = nsde_add(y, nsde_mul_real(nsde_row(x, 0), 0.0));
    status = nsde_program_create_in(e->settings.precision, at.tape, 1, &y, &e->back_program);
    nsde_tape_destroy(at.tape);
    return status;
}

/* ---- going back ---- */

/* Runs the program of step k on x [rows], at the step's time or, where `end`, at the time after it. */
static nsde_status run(nsde_sweeper *s, size_t k, bool end, const double *x, size_t rows)
{
    const nsde_gradient *e = s->engine;
    const double *dW;
    const nsde_status status = nsde_noise_window_get(&s->noise, k, &dW);
    if (status)
        return status;
    memcpy(nsde_workspace_input(s->back, NSDE_STEP_STATE), x, rows * e->stride * sizeof *x);
    memcpy(nsde_workspace_input(s->back, NSDE_STEP_NOISE), dW, e->noise_rows * e->stride * sizeof *dW);
    *nsde_workspace_uniform(s->back, NSDE_STEP_TIME) = nsde_grid_time(&e->times, end ? k + 1 : k);
    *nsde_workspace_uniform(s->back, NSDE_STEP_LENGTH) = nsde_grid_length(&e->times, k);
    nsde_forward(s->back, s->paths);
    return NSDE_OK;
}

nsde_status nsde_backward_undo(nsde_sweeper *s, size_t k)
{
    const nsde_gradient *e = s->engine;
    const nsde_status status = run(s, k, false, s->states, e->state_rows);
    if (!status)
        memcpy(s->states, nsde_workspace_output(s->back, 0), e->state_rows * e->stride * sizeof *s->states);
    return status;
}

/* Half an increment and half its adjoint at a stage (x, a): the averages that Heun's scheme takes. */
static nsde_status stage(nsde_sweeper *s, size_t k, bool end, const double *x, const double *a)
{
    const nsde_gradient *e = s->engine;
    const nsde_status status = run(s, k, end, x, e->dim);
    if (status)
        return status;
    double *seed = nsde_workspace_output_adjoint(s->back, 0);
    for (size_t i = 0; i < e->dim * e->stride; i++)
        seed[i] = 0.5 * a[i];
    nsde_reverse(s->back, s->paths);
    nsde_sweep_add_inputs(s, s->back);
    return NSDE_OK;
}

nsde_status nsde_backward_adjoint(nsde_sweeper *s, size_t k)
{
    const size_t state = s->engine->dim * s->engine->stride, slot = s->engine->state_rows * s->engine->stride;
    double *x = s->states, *a = s->lambda, *x_begin = x + slot, *a_begin = x + 2 * slot;
    nsde_status status = stage(s, k, true, x, a);
    if (status)
        return status;
    const double *c = nsde_workspace_output(s->back, 0),
                 *v = nsde_workspace_input_adjoint(s->back, NSDE_STEP_STATE);
    for (size_t i = 0; i < state; i++) {
        x_begin[i] = x[i] - c[i];
        a_begin[i] = a[i] + 2.0 * v[i];
        x[i] -= 0.5 * c[i];
        a[i] += v[i];
    }
    status = stage(s, k, false, x_begin, a_begin);
    for (size_t i = 0; i < state && !status; i++) {
        x[i] -= 0.5 * c[i];
        a[i] += v[i];
    }
    return status;
}
