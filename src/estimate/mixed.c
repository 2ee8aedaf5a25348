/* Mixed mode step by step, for networks inside the coefficients: going back, each step runs on dual numbers
 * seeded on the state and on what drift and diffusion gave at each of its stages; its small Jacobian feeds
 * the reverse recursion, and what it says of the coefficients is pulled back through their tapes to all the
 * weights, the last stage first. Only the states are kept over time.
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
    nsde_workspace *step, *dual, *kinds[NSDE_LOCAL_KINDS], *loss;
    nsde_noise_window noise;
    double *states; /* [steps][rows][stride] before each step */
    double *lambda; /* [partials][stride]: the adjoint of the state, then of what each stage gave */
    double *after;  /* [rows][stride]: the adjoint of the state after a step */
    nsde_arena arena;
    nsde_status status;
    char message[NSDE_MESSAGE_SIZE];
} sweeper;

/* What all threads share. */
typedef struct sweep {
    nsde_estimate_work *work;
    const nsde_batches *batches;
    nsde_local local;
    nsde_program *loss;
    nsde_grid grid;
    size_t *observe;
    double *times;
    size_t n_times, dim, panel, n_threads;
    sweeper *sweepers;
} sweep;

/* ---- a panel ---- */

/* What step k knows beside the state. */
static nsde_status put_step(const sweep *s, sweeper *w, nsde_workspace *to, size_t k)
{
    const double *rows;
    const nsde_status status = nsde_noise_window_get(&w->noise, k, &rows);
    if (status)
        return status;
    memcpy(nsde_workspace_input(to, NSDE_STEP_NOISE), rows, s->local.noise_rows * s->panel * sizeof *rows);
    *nsde_workspace_uniform(to, NSDE_STEP_TIME) = nsde_grid_time(&s->grid, k);
    *nsde_workspace_uniform(to, NSDE_STEP_LENGTH) = nsde_grid_length(&s->grid, k);
    return NSDE_OK;
}

static nsde_status go(const sweep *s, sweeper *w, size_t paths)
{
    const size_t state = s->local.state_rows * s->panel, size = state * sizeof(double);
    double *x = nsde_workspace_input(w->step, NSDE_STEP_STATE);
    size_t time = 0;
    for (size_t r = 0; r < s->local.state_rows; r++)
        for (size_t i = 0; i < s->panel; i++)
            x[r * s->panel + i] = s->work->problem.x0[r % s->dim];
    for (size_t k = 0; k < s->grid.steps; k++) {
        memcpy(w->states + k * state, x, size);
        const nsde_status status = put_step(s, w, w->step, k);
        if (status)
            return status;
        nsde_forward(w->step, paths);
        memcpy(x, nsde_workspace_output(w->step, 0), size);
        if (time < s->n_times && s->observe[time] == k + 1)
            memcpy(nsde_workspace_input(w->loss, 0) + time++ * s->dim * s->panel, x,
                   s->dim * s->panel * sizeof *x);
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

/* Partials first … first + n - 1 of `to` gain what a value of `rows` rows says of them: its derivatives by
 * them times its adjoint. */
static void pull(const sweep *s, const double *jacobian, const double *adjoint, size_t rows, size_t n,
                 double *to)
{
    for (size_t p = 0; p < n; p++)
        for (size_t r = 0; r < rows; r++)
            for (size_t i = 0; i < s->panel; i++)
                to[p * s->panel + i] += jacobian[(p * rows + r) * s->panel + i] * adjoint[r * s->panel + i];
}

/* The stages of step k and their Jacobians, from the state before it. */
static nsde_status run_stages(const sweep *s, sweeper *w, size_t k, size_t paths)
{
    const nsde_local *l = &s->local;
    const double *x = w->states + k * l->state_rows * s->panel;
    const size_t size = l->state_rows * s->panel * sizeof *x;
    memcpy(nsde_workspace_input(w->step, NSDE_STEP_STATE), x, size);
    memcpy(nsde_workspace_input(w->dual, NSDE_STEP_STATE), x, size);
    nsde_status status = put_step(s, w, w->step, k);
    if (!status)
        status = put_step(s, w, w->dual, k);
    if (status)
        return status;
    nsde_forward(w->step, paths);
    for (size_t i = 0; i < l->n_stages; i++)
        memcpy(nsde_workspace_input(w->dual, 1 + NSDE_STEP_NOISE + i),
               nsde_workspace_output(w->step, nsde_local_y(i)), l->stages[i].y_rows * s->panel * sizeof *x);
    nsde_forward(w->dual, paths);
    return NSDE_OK;
}

/* lambda after step k becomes lambda before it. */
static nsde_status step_back(const sweep *s, sweeper *w, size_t k, size_t paths)
{
    const nsde_local *l = &s->local;
    const size_t state = l->state_rows * s->panel;
    const nsde_status status = run_stages(s, w, k, paths);
    if (status)
        return status;
    double *after = w->after;
    memcpy(after, w->lambda, state * sizeof *after);
    memset(w->lambda, 0, l->partials * s->panel * sizeof *after);
    pull(s, nsde_workspace_output(w->dual, 0), after, l->state_rows, l->partials, w->lambda);
    for (size_t i = l->n_stages; i-- > 0;) {
        const nsde_local_stage *stage = &l->stages[i];
        nsde_workspace *kind = w->kinds[stage->kind];
        memcpy(nsde_workspace_input(kind, 0), nsde_workspace_output(w->step, nsde_local_x(i)),
               stage->x_rows * s->panel * sizeof *after);
        *nsde_workspace_uniform(kind, 0) = *nsde_workspace_output(w->step, nsde_local_time(i));
        memcpy(nsde_workspace_output_adjoint(kind, 0), w->lambda + stage->first * s->panel,
               stage->y_rows * s->panel * sizeof *after);
        nsde_forward(kind, paths);
        nsde_reverse(kind, paths);
        pull(s, nsde_workspace_output(w->dual, 1 + i), nsde_workspace_input_adjoint(kind, 0), stage->x_rows,
             stage->first, w->lambda);
    }
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
    memset(w->lambda, 0, s->local.state_rows * s->panel * sizeof *w->lambda);
    for (size_t k = s->grid.steps; k-- > 0 && !status;) {
        if (time && s->observe[time - 1] == k + 1)
            nsde_accumulate(w->lambda, nsde_workspace_input_adjoint(w->loss, 0) + --time * state, state);
        status = step_back(s, w, k, paths);
    }
    for (size_t r = 0; r < s->local.state_rows && !status; r++) /* what is carried begins as the state does */
        row[1 + s->work->n_parameters + r % s->dim] += nsde_total(w->lambda + r * s->panel, paths);
    return status;
}

/* ---- batches ---- */

/* The workspaces that have parameters, one after another; NULL after the last. */
static nsde_workspace *with_parameters(const sweep *s, const sweeper *w, size_t i)
{
    if (i < 2)
        return i ? w->loss : w->step;
    return i - 2 < s->local.n_kinds ? w->kinds[i - 2] : NULL;
}

static void prepare(const sweep *s, sweeper *w)
{
    nsde_workspace *workspace;
    for (size_t i = 0; (workspace = with_parameters(s, w, i)); i++) {
        if (s->work->n_parameters)
            memcpy(nsde_workspace_parameters(workspace), s->work->problem.parameters,
                   s->work->n_parameters * sizeof(double));
        nsde_workspace_prepare(workspace);
    }
    nsde_workspace_prepare(w->dual);
    if (s->work->problem.loss->n_data)
        memcpy(nsde_workspace_uniform(w->loss, 0), s->work->problem.loss->data,
               s->work->problem.loss->n_data * sizeof(double));
}

static void run_batch(const sweep *s, sweeper *w, size_t batch)
{
    const nsde_batches *b = s->batches;
    nsde_workspace *workspace;
    double *row = b->rows + batch * (1 + s->work->n);
    memset(row, 0, (1 + s->work->n) * sizeof *row);
    for (size_t i = 1; (workspace = with_parameters(s, w, i)); i++)
        nsde_workspace_clear_adjoint(workspace);
    for (size_t done = 0; done < b->size && !w->status; done += s->panel) {
        const size_t left = b->size - done;
        w->status =
            run_panel(s, w, b->first + batch * b->size + done, left < s->panel ? left : s->panel, row);
        if (w->status)
            memcpy(w->message, nsde_error_message(), sizeof w->message);
    }
    for (size_t i = 1; (workspace = with_parameters(s, w, i)); i++)
        nsde_accumulate(row + 1, nsde_workspace_parameter_adjoint(workspace), s->work->n_parameters);
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
    const nsde_status status = nsde_tangents_record_loss(&values, s->times, s->n_times, &s->loss);
    return status ? status : nsde_local_create(w->problem.model, w->settings.run.integrator, &s->local);
}

static nsde_status create_workspaces(const sweep *s, sweeper *w)
{
    nsde_status status = nsde_workspace_create(s->local.step, s->panel, NSDE_FORWARD, &w->step);
    if (!status)
        status = nsde_workspace_create(s->local.dual, s->panel, NSDE_FORWARD, &w->dual);
    if (!status)
        status = nsde_workspace_create(s->loss, s->panel, NSDE_REVERSE, &w->loss);
    for (size_t k = 0; k < s->local.n_kinds && !status; k++)
        status = nsde_workspace_create(s->local.kinds[k], s->panel, NSDE_REVERSE, &w->kinds[k]);
    return status;
}

static nsde_status create_sweeper(const sweep *s, sweeper *w)
{
    const nsde_local *l = &s->local;
    const size_t steps = s->grid.steps, chunk = 2 * ((steps < 16 ? steps : 16) / 2 + 1),
                 noise = chunk * l->noise_rows * s->panel;
    size_t bytes = 0, kept;
    nsde_status status = create_workspaces(s, w);
    if (!status && (!nsde_size_mul(l->state_rows * s->panel, steps, &kept) ||
                    !nsde_arena_plan(kept, sizeof(double), &bytes) ||
                    !nsde_arena_plan(l->partials * s->panel, sizeof(double), &bytes) ||
                    !nsde_arena_plan(l->state_rows * s->panel, sizeof(double), &bytes) ||
                    !nsde_arena_plan(noise, sizeof(double), &bytes)))
        status = nsde_fail(NSDE_OVERFLOW, "the states of %zu steps overflow the size of memory", steps);
    if (!status)
        status = nsde_arena_create(bytes, "states", &w->arena);
    if (status)
        return status;
    w->states = nsde_arena_take(&w->arena, kept, sizeof(double));
    w->lambda = nsde_arena_take(&w->arena, l->partials * s->panel, sizeof(double));
    w->after = nsde_arena_take(&w->arena, l->state_rows * s->panel, sizeof(double));
    w->noise = (nsde_noise_window){
        .noise = s->work->settings.run.noise,
        .detail = nsde_step_detail(s->work->settings.run.integrator, s->work->problem.model),
        .h = nsde_grid_length(&s->grid, 0),
        .times = s->grid.times,
        .stride = s->panel,
        .steps = steps,
        .chunk = chunk};
    w->noise.rows = nsde_arena_take(&w->arena, noise, sizeof(double));
    if (s->batches->first == 0) {
        nsde_workspace *workspace;
        nsde_estimate_count(s->work, w->arena.size + w->dual->arena.size);
        for (size_t i = 0; (workspace = with_parameters(s, w, i)); i++)
            nsde_estimate_count(s->work, workspace->arena.size);
    }
    return NSDE_OK;
}

/* The widest panel that suits every program. */
static size_t widest_panel(const sweep *s)
{
    size_t widest = nsde_program_panel(s->local.dual, NSDE_FORWARD);
    for (size_t k = 0; k < s->local.n_kinds; k++) {
        const size_t panel = nsde_program_panel(s->local.kinds[k], NSDE_REVERSE);
        widest = panel < widest ? panel : widest;
    }
    return widest;
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
    const size_t widest = widest_panel(s), size = s->batches->size;
    s->panel = (size < widest ? size : widest) + NSDE_LANE_QUANTUM - 1;
    s->panel -= s->panel % NSDE_LANE_QUANTUM;
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
        nsde_workspace_destroy(s->sweepers[i].step);
        nsde_workspace_destroy(s->sweepers[i].dual);
        nsde_workspace_destroy(s->sweepers[i].loss);
        for (size_t k = 0; k < s->local.n_kinds; k++)
            nsde_workspace_destroy(s->sweepers[i].kinds[k]);
        nsde_arena_destroy(&s->sweepers[i].arena);
    }
    nsde_free(s->sweepers);
    nsde_free(s->observe);
    nsde_free(s->times);
    nsde_local_release(&s->local);
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
        nsde_estimate_note(w, "%zu partials a step, %zu stages, keeps states", s.local.partials,
                           s.local.n_stages);
    destroy(&s);
    return status;
}

static nsde_status run(nsde_estimate_work *w)
{
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
