/* The panel loop: noise, step, look for paths that left the finite numbers, save.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "simulate/panel.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

#include "core/simd.h"

/* The memory of a panel, for sinks that have no place of their own for it. */
static nsde_status create_own_block(nsde_stepper *s)
{
    const nsde_run *run = s->run;
    const size_t stride = nsde_workspace_stride(s->workspace);
    size_t kept, scratch, total = 0;
    if (!nsde_size_mul(run->n_times, run->dim, &kept) || !nsde_size_mul(kept, stride, &kept) ||
        !nsde_size_add(NSDE_SCRATCH * stride, run->dim, &scratch) ||
        !nsde_arena_plan(kept, sizeof(double), &total) || !nsde_arena_plan(stride, sizeof(size_t), &total) ||
        !nsde_arena_plan(scratch, sizeof(double), &total))
        return nsde_fail(NSDE_OVERFLOW, "%zu times of a panel overflow the size of memory", run->n_times);
    const nsde_status status = nsde_arena_create(total, "panel", &s->own_arena);
    if (status)
        return status;
    s->own.states = nsde_arena_take(&s->own_arena, kept, sizeof(double));
    s->own.row = stride;
    s->own.failed_step = nsde_arena_take(&s->own_arena, stride, sizeof(size_t));
    s->scratch = nsde_arena_take(&s->own_arena, scratch, sizeof(double));
    return NSDE_OK;
}

nsde_status nsde_stepper_create(const nsde_run *run, nsde_stepper *stepper)
{
    *stepper = (nsde_stepper){.run = run};
    nsde_status status = nsde_workspace_create(run->program, run->panel, NSDE_FORWARD, &stepper->workspace);
    if (status)
        return status;
    const size_t stride = nsde_workspace_stride(stepper->workspace), passages = run->sink->n_passages;
    size_t total = 0, row, noise, passed;
    if (!nsde_size_mul(run->noise_rows, stride, &row) || !nsde_size_mul(row, run->chunk, &noise) ||
        !nsde_arena_plan(noise, sizeof(double), &total) || !nsde_size_mul(run->state_rows, stride, &row) ||
        !nsde_arena_plan(row, sizeof(double), &total) || !nsde_size_mul(passages, stride, &passed) ||
        !nsde_arena_plan(passed, sizeof(double), &total))
        status = nsde_fail(NSDE_OVERFLOW, "nsde_simulate: a panel of %zu states overflows the size of memory",
                           run->dim);
    if (!status)
        status = nsde_arena_create(total, "simulation", &stepper->arena);
    if (!status && !run->sink->place)
        status = create_own_block(stepper);
    if (status) {
        nsde_stepper_destroy(stepper);
        return status;
    }
    stepper->noise = nsde_arena_take(&stepper->arena, noise, sizeof(double));
    stepper->before = nsde_arena_take(&stepper->arena, row, sizeof(double));
    stepper->passed = nsde_arena_take(&stepper->arena, passed, sizeof(double));
    if (nsde_program_parameters(run->program)) /* else the pointer may be NULL */
        memcpy(nsde_workspace_parameters(stepper->workspace), run->parameters,
               nsde_program_parameters(run->program) * sizeof(double));
    nsde_workspace_prepare(stepper->workspace);
    return NSDE_OK;
}

void nsde_stepper_destroy(nsde_stepper *stepper)
{
    nsde_workspace_destroy(stepper->workspace);
    stepper->workspace = NULL;
    nsde_arena_destroy(&stepper->arena);
    nsde_arena_destroy(&stepper->own_arena);
}

size_t nsde_run_saved(const nsde_run *run, size_t step)
{
    const size_t every = run->settings.save_every ? run->settings.save_every : run->settings.steps;
    if (step == run->settings.steps)
        return run->n_times - 1;
    return step % every == 0 ? step / every : SIZE_MAX;
}

void nsde_run_times(const nsde_run *run, double *times)
{
    const size_t every = run->settings.save_every ? run->settings.save_every : run->settings.steps;
    for (size_t k = 0; k + 1 < run->n_times; k++)
        times[k] = nsde_grid_time(&run->grid, k * every);
    times[run->n_times - 1] = nsde_grid_time(&run->grid, run->settings.steps);
}

/* 0 if all are finite, NaN if not: x - x is 0 or NaN. */
static NSDE_CLONES double finiteness(const double *x, size_t n)
{
    double sum = 0.0;
#pragma omp simd reduction(+ : sum)
    for (size_t i = 0; i < n; i++)
        sum += x[i] - x[i];
    return sum;
}

static bool all_finite(const nsde_stepper *s, const double *x, size_t paths)
{
    const size_t stride = nsde_workspace_stride(s->workspace);
    for (size_t k = 0; k < s->run->state_rows; k++)
        if (finiteness(x + k * stride, paths) != 0.0)
            return false;
    return true;
}

static void save(const nsde_stepper *s, const double *x, size_t step, size_t paths)
{
    const nsde_run *run = s->run;
    const size_t time = nsde_run_saved(run, step), stride = nsde_workspace_stride(s->workspace);
    if (time == SIZE_MAX)
        return;
    for (size_t k = 0; k < run->dim; k++) {
        double *row = s->block.states + (time * run->dim + k) * s->block.row;
        memcpy(row, x + k * stride, paths * sizeof(double));
        for (size_t i = 0; s->dropped && i < paths; i++)
            if (s->block.failed_step[i])
                row[i] = NAN;
    }
}

/* The initial states of the panel, in all rows of the state; lanes without a path repeat the first. */
static void put_initial_states(const nsde_stepper *s, size_t first, size_t paths)
{
    const nsde_run *run = s->run;
    const size_t stride = nsde_workspace_stride(s->workspace), all = run->settings.paths;
    double *x = nsde_workspace_input(s->workspace, NSDE_STEP_STATE);
    for (size_t k = 0; k < run->state_rows; k++) {
        if (run->settings.x0_per_path)
            nsde_spread_paths(run->x0 + k % run->dim * all, 1, all, first, paths, stride, x + k * stride);
        for (size_t i = 0; i < stride && !run->settings.x0_per_path; i++)
            x[k * stride + i] = run->x0[k % run->dim];
    }
}

static void one_step(nsde_stepper *s, size_t step, const double *noise, size_t paths)
{
    const nsde_run *run = s->run;
    const size_t stride = nsde_workspace_stride(s->workspace);
    *nsde_workspace_uniform(s->workspace, NSDE_STEP_TIME) = nsde_grid_time(&run->grid, step);
    memcpy(nsde_workspace_input(s->workspace, NSDE_STEP_NOISE), noise,
           run->noise_rows * stride * sizeof(double));
    nsde_forward(s->workspace, paths);
    if (run->sink->n_passages)
        nsde_passages_look(s, step, paths);
    memcpy(nsde_workspace_input(s->workspace, NSDE_STEP_STATE), nsde_workspace_output(s->workspace, 0),
           run->state_rows * stride * sizeof(double));
}

/* Notes path i of the panel, whose component c is no longer finite, and puts it back to where it started:
 * what it does from there on is not looked at, but stays finite. */
static void drop(nsde_stepper *s, size_t i, size_t c, size_t step)
{
    const size_t first = s->first;
    const nsde_run *run = s->run;
    const size_t stride = nsde_workspace_stride(s->workspace);
    double *x = nsde_workspace_input(s->workspace, NSDE_STEP_STATE);
    if (!s->block.failed_step[i]) {
        s->block.failed_step[i] = step;
        s->dropped = true;
        if (s->failure.step == 0)
            s->failure = (nsde_failure){.path = run->settings.first_path + first + i,
                                        .step = step,
                                        .time = nsde_grid_time(&run->grid, step),
                                        .state = s->before[c * stride + i],
                                        .component = c % run->dim};
    }
    for (size_t k = 0; k < run->state_rows; k++)
        x[k * stride + i] = run->settings.x0_per_path
                                ? run->x0[k % run->dim * run->settings.paths + first + i]
                                : run->x0[k % run->dim];
}

/* Repeats a chunk in which something left the finite numbers, to find which paths and at which steps. */
static void find_failures(nsde_stepper *s, size_t step, size_t steps, size_t paths)
{
    const nsde_run *run = s->run;
    const size_t stride = nsde_workspace_stride(s->workspace);
    double *x = nsde_workspace_input(s->workspace, NSDE_STEP_STATE);
    memcpy(x, s->before, run->state_rows * stride * sizeof(double));
    for (size_t k = 0; k < steps; k++) {
        memcpy(s->before, x, run->state_rows * stride * sizeof(double));
        one_step(s, step + k, s->noise + k * run->noise_rows * stride, paths);
        for (size_t i = 0; i < paths; i++)
            for (size_t c = 0; c < run->state_rows; c++)
                if (!isfinite(x[c * stride + i]))
                    drop(s, i, c, step + k + 1);
        save(s, x, step + k + 1, paths);
    }
}

static void fail(nsde_stepper *s, nsde_status status)
{
    s->status = status;
    memcpy(s->message, nsde_error_message(), sizeof s->message);
}

static void start(nsde_stepper *s, size_t first, size_t paths)
{
    const nsde_run *run = s->run;
    const size_t stride = nsde_workspace_stride(s->workspace), all = run->settings.paths;
    s->dropped = false;
    s->failure.step = 0;
    put_initial_states(s, first, paths);
    if (run->n_inputs)
        nsde_spread_paths(run->settings.inputs, run->n_inputs, all, first, paths, stride,
                          nsde_workspace_input(s->workspace, NSDE_STEP_INPUT));
    if (run->settings.parameters_per_path && run->n_parameters)
        nsde_spread_paths(run->parameters, run->n_parameters, all, first, paths, stride,
                          nsde_workspace_input(s->workspace, nsde_step_parameters_input(run->model)));
    *nsde_workspace_uniform(s->workspace, NSDE_STEP_LENGTH) = nsde_grid_length(&s->run->grid);
    if (run->sink->n_passages)
        nsde_passages_start(s);
}

bool nsde_stepper_run(nsde_stepper *s, size_t panel)
{
    const nsde_run *run = s->run;
    const nsde_simulate_settings *settings = &run->settings;
    const size_t stride = nsde_workspace_stride(s->workspace), first = panel * run->panel;
    const size_t left = settings->paths - first, paths = left < run->panel ? left : run->panel;
    double *x = nsde_workspace_input(s->workspace, NSDE_STEP_STATE);
    s->first = first;
    s->block = run->sink->place ? run->sink->place(run->sink->context, first) : s->own;
    memset(s->block.failed_step, 0, paths * sizeof(size_t));
    start(s, first, paths);
    save(s, x, 0, paths);
    for (size_t step = 0; step < settings->steps;) {
        const size_t steps = settings->steps - step < run->chunk ? settings->steps - step : run->chunk;
        const nsde_status status =
            nsde_brownian_rows(run->noise, run->detail, nsde_grid_length(&run->grid),
                               settings->first_path + first, paths, step, steps, stride, s->noise);
        if (status) {
            fail(s, status);
            return false;
        }
        memcpy(s->before, x, run->state_rows * stride * sizeof(double));
        for (size_t k = 0; k < steps; k++) {
            one_step(s, step + k, s->noise + k * run->noise_rows * stride, paths);
            save(s, x, step + k + 1, paths);
        }
        if (!all_finite(s, x, paths)) {
            find_failures(s, step, steps, paths);
            if (settings->on_failure == NSDE_STOP) {
                s->status = NSDE_DIVERGED;
                return false;
            }
        }
        step += steps;
    }
    return true;
}
