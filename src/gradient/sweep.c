/* A panel of paths there and back, under each policy of what to keep.
 *
 * The sweep there ends with the rows of the last step in the frame. The sweep back brings the rows of one
 * step after another into the frame: by looking them up, or by running the step again from a stored state.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdint.h>
#include <string.h>

#include "gradient/backward.h"
#include "gradient/schedule.h"

static double *state_slot(const nsde_sweeper *s, size_t slot)
{
    return s->states + slot * s->engine->state_rows * s->engine->stride;
}

static void copy_state(const nsde_sweeper *s, double *to, const double *from)
{
    memcpy(to, from, s->engine->state_rows * s->engine->stride * sizeof *to);
}

static double *state_input(const nsde_sweeper *s)
{
    return nsde_workspace_input(s->step, NSDE_STEP_STATE);
}

/* The inputs of the panel's paths, to the frame. */
static void put_inputs(nsde_sweeper *s)
{
    const nsde_gradient *e = s->engine;
    nsde_workspace *const to[] = {s->step, s->back};
    for (int i = 0; i < 2 && e->n_inputs; i++)
        if (to[i])
            nsde_spread_paths(e->point->inputs, e->n_inputs, e->settings.paths, s->first, s->paths, e->stride,
                              nsde_workspace_input(to[i], NSDE_STEP_INPUT));
}

/* Runs step k on the state in the frame. */
static nsde_status run_step(nsde_sweeper *s, size_t k)
{
    const nsde_gradient *e = s->engine;
    const double *dW;
    const nsde_status status = nsde_noise_window_get(&s->noise, k, &dW);
    if (status)
        return status;
    memcpy(nsde_workspace_input(s->step, NSDE_STEP_NOISE), dW, e->noise_rows * e->stride * sizeof *dW);
    *nsde_workspace_uniform(s->step, NSDE_STEP_TIME) = nsde_grid_time(&e->times, k);
    *nsde_workspace_uniform(s->step, NSDE_STEP_LENGTH) = nsde_grid_length(&e->times, k);
    nsde_forward(s->step, s->paths);
    return NSDE_OK;
}

/* Hands the state after step k, just run, to the loss if that is where it looks next. */
static void observe(const nsde_sweeper *s, size_t k, size_t *time)
{
    const nsde_gradient *e = s->engine;
    if (*time == e->n_times || e->observe[*time] != k + 1)
        return;
    const double *x = nsde_workspace_output(s->step, 0);
    for (size_t c = 0; c < e->dim; c++) {
        const size_t row = *time * e->dim + c;
        if (s->loss)
            memcpy(nsde_workspace_input(s->loss, 0) + row * e->stride, x + c * e->stride,
                   e->stride * sizeof *x);
        else
            memcpy(e->ensemble + row * e->settings.paths + s->first, x + c * e->stride, s->paths * sizeof *x);
    }
    (*time)++;
}

/* Runs step k, to be followed by the next. */
static nsde_status advance(nsde_sweeper *s, size_t k, size_t *time)
{
    const nsde_status status = run_step(s, k);
    if (status)
        return status;
    observe(s, k, time);
    copy_state(s, state_input(s), nsde_workspace_output(s->step, 0));
    s->steps_forward++;
    return NSDE_OK;
}

/* Brings the rows of step k into the frame from the stored states before it, storing further ones on the way
 * by the binomial schedule. Slots 0 … top hold the states before steps stored[0] < … < stored[top] <= k;
 * the last of them is in the frame where `there` is set. */
static nsde_status bring_binomial(nsde_sweeper *s, size_t k, bool there, size_t *time)
{
    nsde_status status = NSDE_OK;
    while (s->stored[s->top] > k)
        s->top--;
    if (!there)
        copy_state(s, state_input(s), state_slot(s, s->top));
    for (size_t at = s->stored[s->top]; at < k && !status;) {
        const size_t spare = s->engine->slots - s->top;
        const size_t next = spare > 1 ? at + nsde_schedule_split(k + 1 - at, spare) : k;
        for (; at < next && !status; at++)
            status = advance(s, at, time);
        if (spare > 1 && !status) {
            s->stored[++s->top] = at;
            copy_state(s, state_slot(s, s->top), state_input(s));
        }
    }
    if (!status)
        status = run_step(s, k);
    return status;
}

static nsde_status there_keeping_rows(nsde_sweeper *s, size_t *time)
{
    const nsde_gradient *e = s->engine;
    const size_t frame = nsde_workspace_frame_size(s->step);
    nsde_status status = NSDE_OK;
    for (size_t k = 0; k < e->settings.steps && !status; k++) {
        status = run_step(s, k);
        observe(s, k, time);
        if (k + 1 == e->settings.steps)
            break;
        const double *x = nsde_workspace_output(s->step, 0);
        nsde_workspace_set_frame(s->step, s->frames + (k + 1) * frame);
        put_inputs(s);
        copy_state(s, state_input(s), x);
    }
    return status;
}

static nsde_status there_keeping_states(nsde_sweeper *s, size_t *time)
{
    const size_t last = s->engine->settings.steps - 1;
    nsde_status status = NSDE_OK;
    for (size_t k = 0; k < last && !status; k++) {
        copy_state(s, state_slot(s, k), state_input(s));
        status = advance(s, k, time);
    }
    return status ? status : run_step(s, last);
}

static nsde_status there_keeping_the_last(nsde_sweeper *s, size_t *time)
{
    const size_t last = s->engine->settings.steps - 1;
    nsde_status status = NSDE_OK;
    for (size_t k = 0; k < last && !status; k++)
        status = advance(s, k, time);
    copy_state(s, s->states, state_input(s));
    if (!status)
        status = run_step(s, last);
    if (!status && s->engine->keep == NSDE_KEEP_ADJOINT)
        copy_state(s, s->states, nsde_workspace_output(s->step, 0));
    return status;
}

/* The first states of the panel; lanes without a path repeat the first. */
static void put_initial_states(nsde_sweeper *s)
{
    const nsde_gradient *e = s->engine;
    double *x = state_input(s);
    const bool per_path = e->point->x0_per_path;
    for (size_t r = 0; r < e->state_rows; r++) {
        const double *from = e->point->x0 + r % e->dim * (per_path ? e->settings.paths : 1);
        if (per_path)
            nsde_spread_paths(from, 1, 0, s->first, s->paths, e->stride, x + r * e->stride);
        for (size_t i = 0; i < e->stride && !per_path; i++)
            x[r * e->stride + i] = *from;
    }
}

nsde_status nsde_sweep_forward(nsde_sweeper *s, bool back)
{
    const nsde_gradient *e = s->engine;
    const size_t last = e->settings.steps - 1;
    size_t time = 0;
    nsde_status status = NSDE_OK;
    nsde_noise_window_move(&s->noise, e->first_path + s->first, s->paths);
    if (s->frames)
        nsde_workspace_set_frame(s->step, s->frames);
    put_initial_states(s);
    put_inputs(s);
    if (!back) {
        for (size_t k = 0; k < last && !status; k++)
            status = advance(s, k, &time);
        if (!status)
            status = run_step(s, last);
    } else if (e->keep == NSDE_KEEP_ROWS) {
        return there_keeping_rows(s, &time);
    } else if (e->keep == NSDE_KEEP_STATES) {
        status = there_keeping_states(s, &time);
    } else if (nsde_backward_is(e->keep)) {
        status = there_keeping_the_last(s, &time);
    } else {
        s->stored[s->top = 0] = 0;
        copy_state(s, state_slot(s, 0), state_input(s));
        status = bring_binomial(s, last, true, &time);
    }
    if (!status)
        observe(s, last, &time);
    return status;
}

/* To the adjoint of the state after step k, which came back from later steps, adds the loss's where it looks.
 */
static void add_seen(const nsde_sweeper *s, size_t k, size_t *time)
{
    const nsde_gradient *e = s->engine;
    if (*time == 0 || e->observe[*time - 1] != k + 1)
        return;
    const double *seen = s->seen;
    if (s->loss)
        seen = nsde_workspace_input_adjoint(s->loss, 0);
    nsde_accumulate(s->lambda, seen + --*time * e->dim * e->stride, e->dim * e->stride);
}

static nsde_status bring(nsde_sweeper *s, size_t k)
{
    const nsde_gradient *e = s->engine;
    size_t none = e->n_times;
    if (e->keep == NSDE_KEEP_ROWS) {
        nsde_workspace_set_frame(s->step, s->frames + k * nsde_workspace_frame_size(s->step));
        return NSDE_OK;
    }
    if (k + 1 == e->settings.steps) /* still in the frame */
        return NSDE_OK;
    if (e->keep == NSDE_KEEP_BINOMIAL)
        return bring_binomial(s, k, false, &none);
    const bool undo = e->keep == NSDE_KEEP_UNDO;
    const nsde_status status = undo ? nsde_backward_undo(s, k) : NSDE_OK;
    copy_state(s, state_input(s), state_slot(s, undo ? 0 : k));
    return status ? status : run_step(s, k);
}

void nsde_sweep_add_inputs(const nsde_sweeper *s, const nsde_workspace *swept)
{
    const size_t inputs = s->engine->n_inputs * s->engine->stride;
    if (inputs)
        nsde_accumulate(s->input_lambda, nsde_workspace_input_adjoint(swept, NSDE_STEP_INPUT), inputs);
}

/* s->lambda after step k becomes that before it. */
static nsde_status step_back(nsde_sweeper *s, size_t k)
{
    const nsde_status status = bring(s, k);
    if (status)
        return status;
    copy_state(s, nsde_workspace_output_adjoint(s->step, 0), s->lambda);
    nsde_reverse(s->step, s->paths);
    copy_state(s, s->lambda, nsde_workspace_input_adjoint(s->step, NSDE_STEP_STATE));
    nsde_sweep_add_inputs(s, s->step);
    return NSDE_OK;
}

/* The adjoint of the inputs begins with what the loss itself makes of them. */
static void start_input_adjoint(const nsde_sweeper *s)
{
    const size_t size = s->engine->n_inputs * s->engine->stride * sizeof(double);
    if (size && s->loss)
        memcpy(s->input_lambda, nsde_workspace_input_adjoint(s->loss, NSDE_LOSS_INPUT), size);
    else if (size)
        memset(s->input_lambda, 0, size);
}

nsde_status nsde_sweep_back(nsde_sweeper *s)
{
    const nsde_gradient *e = s->engine;
    size_t time = e->n_times;
    nsde_status status = NSDE_OK;
    start_input_adjoint(s);
    memset(s->lambda, 0, e->state_rows * e->stride * sizeof *s->lambda);
    for (size_t k = e->settings.steps; k-- > 0 && !status;) {
        add_seen(s, k, &time);
        status = e->keep == NSDE_KEEP_ADJOINT ? nsde_backward_adjoint(s, k) : step_back(s, k);
    }
    for (size_t r = e->dim; r < e->state_rows && !status; r++) /* copies of the state begin as it does */
        nsde_accumulate(s->lambda + r % e->dim * e->stride, s->lambda + r * e->stride, e->stride);
    for (size_t c = 0; c < e->dim && !status; c++)
        memcpy(e->x0_adjoint + c * e->settings.paths + s->first, s->lambda + c * e->stride,
               s->paths * sizeof *s->lambda);
    for (size_t c = 0; c < e->n_inputs && !status; c++)
        memcpy(e->input_adjoint + c * e->settings.paths + s->first, s->input_lambda + c * e->stride,
               s->paths * sizeof *s->lambda);
    return status;
}
