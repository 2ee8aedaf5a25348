/* Mixed mode step by step, for networks inside the coefficients: going back, each step runs on dual numbers
 * seeded on the state and on what drift and diffusion gave there; its small Jacobian feeds the reverse
 * recursion, and what it says of the coefficients is pulled back through their tape to all the weights. Only
 * the states are kept over time.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <omp.h>
#include <string.h>

#include "core/simd.h"
#include "estimate/batches.h"
#include "estimate/local.h"
#include "estimate/record.h"
#include "noise/window.h"
#include "step/compile.h"
#include "tape/workspace.h"

/* What a thread owns. */
typedef struct sweeper {
    nsde_workspace *plain, *coefficients, *local, *loss;
    nsde_noise_window noise;
    double *states; /* [steps][dim][stride] before each step */
    double *lambda; /* [dim][stride] */
    nsde_arena arena;
    nsde_status status;
    char message[NSDE_MESSAGE_SIZE];
} sweeper;

/* What all threads share. */
typedef struct sweep {
    nsde_estimate_work *work;
    const nsde_batches *batches;
    nsde_program *plain, *coefficients, *local, *loss;
    nsde_grid grid;
    size_t *observe;
    double *times;
    size_t n_times, dim, y_rows, noise_rows, panel, n_threads;
    sweeper *sweepers;
} sweep;

/* ---- a panel ---- */

static nsde_status put_noise(const sweep *s, sweeper *w, nsde_workspace *to, size_t input, size_t step)
{
    const double *rows;
    const nsde_status status = nsde_noise_window_get(&w->noise, step, &rows);
    if (!status)
        memcpy(nsde_workspace_input(to, input), rows, s->noise_rows * s->panel * sizeof *rows);
    return status;
}

static nsde_status go(const sweep *s, sweeper *w, size_t paths)
{
    const size_t state = s->dim * s->panel, size = state * sizeof(double);
    double *x = nsde_workspace_input(w->plain, NSDE_TANGENTS_STATE);
    size_t time = 0;
    for (size_t c = 0; c < s->dim; c++)
        for (size_t i = 0; i < s->panel; i++)
            x[c * s->panel + i] = s->work->problem.x0[c];
    for (size_t k = 0; k < s->grid.steps; k++) {
        memcpy(w->states + k * state, x, size);
        const nsde_status status = put_noise(s, w, w->plain, NSDE_TANGENTS_NOISE, k);
        if (status)
            return status;
        *nsde_workspace_uniform(w->plain, NSDE_STEP_TIME) = nsde_grid_time(&s->grid, k);
        *nsde_workspace_uniform(w->plain, NSDE_STEP_LENGTH) = nsde_grid_length(&s->grid, k);
        nsde_forward(w->plain, paths);
        memcpy(x, nsde_workspace_output(w->plain, 0), size);
        if (time < s->n_times && s->observe[time] == k + 1)
            memcpy(nsde_workspace_input(w->loss, 0) + time++ * state, x, size);
    }
    return NSDE_OK;
}

/* The mean loss of the batch gains the panel's part; adjoints of the observed states are in the workspace. */
static nsde_status look(const sweep *s, sweeper *w, size_t first, size_t paths, double *loss)
{
    nsde_forward(w->loss, paths);
    const double *values = nsde_workspace_output(w->loss, 0), weight = 1.0 / (double)s->batches->size;
    double *seed = nsde_workspace_output_adjoint(w->loss, 0);
    for (size_t i = 0; i < s->panel; i++) {
        seed[i] = i < paths ? weight : 0.0;
        if (i < paths && !isfinite(values[i]))
            return nsde_fail(NSDE_DIVERGED, "the loss of path %zu is %g", first + i, values[i]);
    }
    *loss += weight * nsde_total(values, paths);
    nsde_reverse(w->loss, paths);
    return NSDE_OK;
}

/* lambda after step k becomes lambda before it. */
static nsde_status step_back(const sweep *s, sweeper *w, size_t k, size_t paths)
{
    const size_t state = s->dim * s->panel;
    const double *x = w->states + k * state;
    memcpy(nsde_workspace_input(w->coefficients, 0), x, state * sizeof *x);
    *nsde_workspace_uniform(w->coefficients, 0) = nsde_grid_time(&s->grid, k);
    nsde_forward(w->coefficients, paths);
    memcpy(nsde_workspace_input(w->local, NSDE_LOCAL_STATE), x, state * sizeof *x);
    memcpy(nsde_workspace_input(w->local, NSDE_LOCAL_COEFFICIENTS), nsde_workspace_output(w->coefficients, 0),
           s->y_rows * s->panel * sizeof *x);
    const nsde_status status = put_noise(s, w, w->local, NSDE_LOCAL_NOISE, k);
    if (status)
        return status;
    *nsde_workspace_uniform(w->local, NSDE_STEP_TIME) = nsde_grid_time(&s->grid, k);
    *nsde_workspace_uniform(w->local, NSDE_STEP_LENGTH) = nsde_grid_length(&s->grid, k);
    nsde_forward(w->local, paths);
    const double *jacobian = nsde_workspace_output(w->local, 1);
    double *by_x = nsde_workspace_input(w->local, NSDE_LOCAL_STATE); /* no longer needed */
    double *by_y = nsde_workspace_output_adjoint(w->coefficients, 0);
    for (size_t row = 0; row < s->dim + s->y_rows; row++) {
        double *to = row < s->dim ? by_x + row * s->panel : by_y + (row - s->dim) * s->panel;
        const double *of_row = jacobian + row * state;
        for (size_t i = 0; i < s->panel; i++) {
            double sum = 0.0;
            for (size_t c = 0; c < s->dim; c++)
                sum += w->lambda[c * s->panel + i] * of_row[c * s->panel + i];
            to[i] = i < paths ? sum : 0.0;
        }
    }
    nsde_reverse(w->coefficients, paths);
    memcpy(w->lambda, by_x, state * sizeof *x);
    nsde_accumulate(w->lambda, nsde_workspace_input_adjoint(w->coefficients, 0), state);
    return NSDE_OK;
}

static nsde_status run_panel(const sweep *s, sweeper *w, size_t first, size_t paths, double *row)
{
    const size_t state = s->dim * s->panel;
    size_t time = s->n_times;
    nsde_noise_window_move(&w->noise, first, paths);
    nsde_status status = go(s, w, paths);
    if (!status)
        status = look(s, w, first, paths, row);
    memset(w->lambda, 0, state * sizeof *w->lambda);
    for (size_t k = s->grid.steps; k-- > 0 && !status;) {
        if (time && s->observe[time - 1] == k + 1)
            nsde_accumulate(w->lambda, nsde_workspace_input_adjoint(w->loss, 0) + --time * state, state);
        status = step_back(s, w, k, paths);
    }
    for (size_t c = 0; c < s->dim && !status; c++)
        row[1 + s->work->n_parameters + c] += nsde_total(w->lambda + c * s->panel, paths);
    return status;
}

/* ---- batches ---- */

static void prepare(const sweep *s, sweeper *w)
{
    const size_t size = s->work->n_parameters * sizeof(double);
    nsde_workspace *const all[] = {w->plain, w->coefficients, w->loss};
    for (int i = 0; i < 3; i++) {
        if (size)
            memcpy(nsde_workspace_parameters(all[i]), s->work->problem.parameters, size);
        nsde_workspace_prepare(all[i]);
    }
    nsde_workspace_prepare(w->local);
    if (s->work->problem.loss->n_data)
        memcpy(nsde_workspace_uniform(w->loss, 0), s->work->problem.loss->data,
               s->work->problem.loss->n_data * sizeof(double));
}

static void run_batch(const sweep *s, sweeper *w, size_t batch)
{
    const nsde_batches *b = s->batches;
    double *row = b->rows + batch * (1 + s->work->n);
    memset(row, 0, (1 + s->work->n) * sizeof *row);
    nsde_workspace_clear_adjoint(w->coefficients);
    nsde_workspace_clear_adjoint(w->loss);
    for (size_t done = 0; done < b->size && !w->status; done += s->panel) {
        const size_t left = b->size - done;
        w->status =
            run_panel(s, w, b->first + batch * b->size + done, left < s->panel ? left : s->panel, row);
        if (w->status)
            memcpy(w->message, nsde_error_message(), sizeof w->message);
    }
    nsde_accumulate(row + 1, nsde_workspace_parameter_adjoint(w->coefficients), s->work->n_parameters);
    nsde_accumulate(row + 1, nsde_workspace_parameter_adjoint(w->loss), s->work->n_parameters);
}

static nsde_status run_all(const sweep *s)
{
#pragma omp parallel for num_threads((int)s->n_threads) schedule(static, 1)
    for (size_t i = 0; i < s->n_threads; i++) {
        prepare(s, &s->sweepers[i]);
        for (size_t batch = i; batch < s->batches->n && !s->sweepers[i].status; batch += s->n_threads)
            run_batch(s, &s->sweepers[i], batch);
    }
    for (size_t i = 0; i < s->n_threads; i++)
        if (s->sweepers[i].status)
            return nsde_fail(s->sweepers[i].status, "%s", s->sweepers[i].message);
    return NSDE_OK;
}

/* ---- making and unmaking ---- */

static nsde_status compile(sweep *s)
{
    nsde_estimate_work *w = s->work;
    const nsde_tangents_settings values = {
        .model = w->problem.model, .loss = w->problem.loss, .run = &w->settings.run};
    nsde_status status = nsde_tangents_record_step(&values, &s->plain);
    if (!status)
        status = nsde_tangents_record_loss(&values, s->times, s->n_times, &s->loss);
    if (!status)
        status = nsde_local_coefficients(w->problem.model, w->settings.run.integrator, &s->coefficients);
    if (!status)
        status = nsde_local_step(w->problem.model, w->settings.run.integrator, &s->local);
    return status;
}

static nsde_status create_sweeper(const sweep *s, sweeper *w)
{
    const size_t state = s->dim * s->panel, steps = s->grid.steps,
                 chunk = 2 * ((steps < 16 ? steps : 16) / 2 + 1);
    size_t bytes = 0, kept;
    nsde_status status = nsde_workspace_create(s->plain, s->panel, NSDE_FORWARD, &w->plain);
    if (!status)
        status = nsde_workspace_create(s->coefficients, s->panel, NSDE_REVERSE, &w->coefficients);
    if (!status)
        status = nsde_workspace_create(s->local, s->panel, NSDE_FORWARD, &w->local);
    if (!status)
        status = nsde_workspace_create(s->loss, s->panel, NSDE_REVERSE, &w->loss);
    if (!status && (!nsde_size_mul(state, steps, &kept) || !nsde_arena_plan(kept, sizeof(double), &bytes) ||
                    !nsde_arena_plan(state, sizeof(double), &bytes) ||
                    !nsde_arena_plan(chunk * s->noise_rows * s->panel, sizeof(double), &bytes)))
        status = nsde_fail(NSDE_OVERFLOW, "the states of %zu steps overflow the size of memory", steps);
    if (!status)
        status = nsde_arena_create(bytes, "states", &w->arena);
    if (status)
        return status;
    w->states = nsde_arena_take(&w->arena, kept, sizeof(double));
    w->lambda = nsde_arena_take(&w->arena, state, sizeof(double));
    w->noise = (nsde_noise_window){.noise = s->work->settings.run.noise,
                                   .detail = NSDE_INCREMENTS,
                                   .h = nsde_grid_length(&s->grid, 0),
                                   .times = s->grid.times,
                                   .stride = s->panel,
                                   .steps = steps,
                                   .chunk = chunk};
    w->noise.rows = nsde_arena_take(&w->arena, chunk * s->noise_rows * s->panel, sizeof(double));
    if (s->batches->first == 0)
        nsde_estimate_count(s->work, w->arena.size + w->plain->arena.size + w->coefficients->arena.size +
                                         w->local->arena.size + w->loss->arena.size);
    return NSDE_OK;
}

static nsde_status create(sweep *s)
{
    const nsde_gradient_settings *run = &s->work->settings.run;
    void *observe, *times = NULL, *sweepers = NULL;
    s->n_times = run->n_observe ? run->n_observe : 1;
    nsde_status status = nsde_alloc(s->n_times, sizeof(size_t), "observation times", &observe);
    s->observe = observe;
    if (!status)
        status = nsde_alloc(s->n_times, sizeof(double), "observation times", &times);
    s->times = times;
    for (size_t i = 0; i < s->n_times && !status; i++) {
        s->observe[i] = run->n_observe ? run->observe[i] : run->steps;
        s->times[i] = nsde_grid_time(&s->grid, s->observe[i]);
    }
    if (!status)
        status = compile(s);
    if (status)
        return status;
    const size_t widest = nsde_program_panel(s->coefficients, NSDE_REVERSE), size = s->batches->size;
    s->panel = (size < widest ? size : widest) + NSDE_LANE_QUANTUM - 1;
    s->panel -= s->panel % NSDE_LANE_QUANTUM;
    s->y_rows = nsde_local_rows(s->work->problem.model);
    s->noise_rows = nsde_program_input_rows(s->plain, NSDE_TANGENTS_NOISE);
    const size_t threads = run->threads ? (size_t)run->threads : (size_t)omp_get_num_procs();
    s->n_threads = threads < s->batches->n ? threads : s->batches->n;
    status = nsde_alloc(s->n_threads, sizeof(sweeper), "threads", &sweepers);
    s->sweepers = sweepers;
    for (size_t i = 0; i < s->n_threads && !status; i++)
        status = create_sweeper(s, &s->sweepers[i]);
    return status;
}

static void destroy(sweep *s)
{
    for (size_t i = 0; s->sweepers && i < s->n_threads; i++) {
        nsde_workspace_destroy(s->sweepers[i].plain);
        nsde_workspace_destroy(s->sweepers[i].coefficients);
        nsde_workspace_destroy(s->sweepers[i].local);
        nsde_workspace_destroy(s->sweepers[i].loss);
        nsde_arena_destroy(&s->sweepers[i].arena);
    }
    nsde_free(s->sweepers);
    nsde_free(s->observe);
    nsde_free(s->times);
    nsde_program_destroy(s->plain);
    nsde_program_destroy(s->coefficients);
    nsde_program_destroy(s->local);
    nsde_program_destroy(s->loss);
}

static nsde_status run_batches(nsde_estimate_work *w, const nsde_batches *batches)
{
    const nsde_gradient_settings *run = &w->settings.run;
    sweep s = {.work = w,
               .batches = batches,
               .grid = nsde_grid_of(run->t0, run->t1, run->steps, run->times),
               .dim = w->dim};
    nsde_status status = create(&s);
    if (!status)
        status = run_all(&s);
    if (!status && !w->result->doubtful)
        nsde_estimate_note(w, "%zu partials a step, keeps states", s.dim + s.y_rows);
    destroy(&s);
    return status;
}

static nsde_status run(nsde_estimate_work *w)
{
    if (strcmp(w->settings.run.integrator->name, "euler_maruyama") != 0)
        return nsde_fail(NSDE_UNSUPPORTED,
                         "mixed mode step by step needs a scheme that looks at the coefficients once a step, "
                         "euler_maruyama, not %s",
                         w->settings.run.integrator->name);
    const nsde_status status = nsde_estimate_warn_of_jumps(w);
    return status ? status : nsde_estimate_by_batches(w, run_batches);
}

const nsde_estimator nsde_estimator_mixed = {
    .name = "mixed",
    .aliases = "mixed_mode",
    .title = "dual numbers through each step, reverse mode through coefficients and time",
    .source = "Griewank and Walther 2008, chapter 10",
    .run = run,
};
