/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "estimate/tangents.h"

#include <math.h>
#include <omp.h>
#include <string.h>

#include "core/simd.h"
#include "estimate/record.h"
#include "noise/window.h"
#include "step/compile.h"
#include "tape/workspace.h"

/* What a thread owns. */
typedef struct runner {
    nsde_workspace *step, *loss;
    nsde_noise_window noise;
    double *score; /* [partials][stride] of the panel, and its derivatives where they are wanted */
    nsde_arena arena;
    nsde_status status;
    char message[NSDE_MESSAGE_SIZE];
} runner;

struct nsde_tangents {
    nsde_tangents_settings settings;
    nsde_gradient_settings run;
    nsde_grid grid;
    nsde_program *step, *loss;
    double *times;                                      /* [n_times] of the observations */
    size_t *observe;                                    /* [n_times] */
    size_t n_times, dim, rows, noise_rows, n, partials; /* rows: of the state and what is carried with it */
    size_t panel, n_panels, n_threads;
    runner *runners;
    size_t bytes;
    /* During a run. */
    const double *parameters, *x0;
    size_t first;
    nsde_tangents_result result;
};

static nsde_status copy_observations(nsde_tangents *t)
{
    void *times, *observe = NULL;
    const nsde_gradient_settings *s = &t->run;
    t->n_times = s->n_observe ? s->n_observe : 1;
    nsde_status status = nsde_alloc(t->n_times, sizeof(double), "observation times", &times);
    t->times = times;
    if (!status)
        status = nsde_alloc(t->n_times, sizeof(size_t), "observation times", &observe);
    t->observe = observe;
    for (size_t i = 0; i < t->n_times && !status; i++) {
        t->observe[i] = s->n_observe ? s->observe[i] : s->steps;
        t->times[i] = nsde_grid_time(&t->grid, t->observe[i]);
    }
    return status;
}

static void divide(nsde_tangents *t)
{
    const size_t widest = nsde_program_panel(t->step, NSDE_FORWARD), paths = t->run.paths;
    t->n_panels = (paths - 1) / widest + 1;
    t->panel = (paths - 1) / t->n_panels + 1;
    t->panel += (NSDE_LANE_QUANTUM - t->panel % NSDE_LANE_QUANTUM) % NSDE_LANE_QUANTUM;
    t->n_panels = (paths - 1) / t->panel + 1;
    const size_t threads = t->run.threads ? (size_t)t->run.threads : (size_t)omp_get_num_procs();
    t->n_threads = threads < t->n_panels ? threads : t->n_panels;
}

static nsde_status create_runner(nsde_tangents *t, runner *r)
{
    enum { NOISE_BYTES = 32 * 1024 };
    size_t bytes = 0;
    const size_t chunk = NOISE_BYTES / (sizeof(double) * t->panel * t->noise_rows) / 2 * 2;
    nsde_status status = nsde_workspace_create(t->step, t->panel, NSDE_FORWARD, &r->step);
    if (!status)
        status = nsde_workspace_create(t->loss, t->panel, NSDE_FORWARD, &r->loss);
    r->noise = (nsde_noise_window){.noise = t->run.noise,
                                   .detail = nsde_step_detail(t->run.integrator, t->settings.model),
                                   .h = nsde_grid_length(&t->grid),
                                   .stride = t->panel,
                                   .steps = t->run.steps,
                                   .chunk = chunk < 2 ? 2 : chunk};
    const size_t noise = r->noise.chunk * t->noise_rows * t->panel, score = 2 * t->partials * t->panel;
    if (!status &&
        (!nsde_arena_plan(noise, sizeof(double), &bytes) || !nsde_arena_plan(score, sizeof(double), &bytes)))
        status = nsde_fail(NSDE_OVERFLOW, "the panels overflow the size of memory");
    if (!status)
        status = nsde_arena_create(bytes, "paths", &r->arena);
    if (status)
        return status;
    r->noise.rows = nsde_arena_take(&r->arena, noise, sizeof(double));
    r->score = nsde_arena_take(&r->arena, score, sizeof(double));
    t->bytes += r->arena.size + r->step->arena.size + r->loss->arena.size;
    if (t->settings.loss->n_data)
        memcpy(nsde_workspace_uniform(r->loss, 0), t->settings.loss->data,
               t->settings.loss->n_data * sizeof(double));
    return NSDE_OK;
}

nsde_status nsde_tangents_create(const nsde_tangents_settings *settings, nsde_tangents **out)
{
    void *memory, *runners = NULL;
    *out = NULL;
    nsde_status status = nsde_alloc(1, sizeof(nsde_tangents), "paths", &memory);
    if (status)
        return status;
    nsde_tangents *t = memory;
    const nsde_model_definition *d = nsde_model_describe(settings->model);
    t->settings = *settings;
    t->run = *settings->run;
    t->settings.run = &t->run;
    t->grid = (nsde_grid){t->run.t0, t->run.t1, t->run.steps};
    t->dim = d->dim;
    t->rows = d->dim * (1 + t->run.integrator->carried);
    t->noise_rows = nsde_noise_rows(d->noise_dim, nsde_step_detail(t->run.integrator, settings->model));
    t->n = d->n_parameters;
    t->partials = settings->partials;
    status = copy_observations(t);
    if (!status)
        status = nsde_tangents_record_step(&t->settings, &t->step);
    if (!status)
        status = nsde_tangents_record_loss(&t->settings, t->times, t->n_times, &t->loss);
    if (!status) {
        divide(t);
        status = nsde_alloc(t->n_threads, sizeof(runner), "threads", &runners);
        t->runners = runners;
    }
    for (size_t i = 0; i < t->n_threads && !status; i++)
        status = create_runner(t, &t->runners[i]);
    if (status)
        nsde_tangents_destroy(t);
    else
        *out = t;
    return status;
}

void nsde_tangents_destroy(nsde_tangents *t)
{
    if (!t)
        return;
    for (size_t i = 0; t->runners && i < t->n_threads; i++) {
        nsde_workspace_destroy(t->runners[i].step);
        nsde_workspace_destroy(t->runners[i].loss);
        nsde_arena_destroy(&t->runners[i].arena);
    }
    nsde_free(t->runners);
    nsde_free(t->times);
    nsde_free(t->observe);
    nsde_program_destroy(t->step);
    nsde_program_destroy(t->loss);
    nsde_free(t);
}

size_t nsde_tangents_bytes(const nsde_tangents *t)
{
    return t->bytes;
}

/* ---- a panel ---- */

/* Number of the input that holds the parameters of each path. */
static size_t parameters_input(const nsde_tangents *t, size_t others)
{
    return others + (t->partials > 0);
}

/* Is the state held fixed, but for where it starts? */
static bool is_held(const nsde_tangents *t)
{
    return t->settings.kind == NSDE_TANGENTS_SCORE || t->settings.kind == NSDE_TANGENTS_SECOND_SCORE;
}

static void set_parameters(const nsde_tangents *t, nsde_workspace *w, size_t seeds)
{
    if (!t->settings.per_path) {
        memcpy(nsde_workspace_parameters(w), t->parameters, t->n * sizeof(double));
        if (t->n && t->partials && !nsde_tangents_are_fixed(&t->settings)) {
            double *seed = nsde_workspace_uniform(w, seeds);
            memset(seed, 0, t->partials * t->n * sizeof *seed);
            for (size_t k = 0; k < t->partials && t->first + k < t->n; k++)
                seed[k * t->n + t->first + k] = 1.0;
        }
    }
    nsde_workspace_prepare(w);
}

/* The parameters of the panel's paths. */
static void spread_parameters(const nsde_tangents *t, nsde_workspace *w, size_t input, size_t first,
                              size_t paths)
{
    nsde_spread_paths(t->parameters, t->n, t->run.paths, first, paths, t->panel,
                      nsde_workspace_input(w, input));
}

/* States and tangents before the first step; what is carried starts as the state does. */
static void start(const nsde_tangents *t, runner *r, size_t first, size_t paths)
{
    double *x = nsde_workspace_input(r->step, NSDE_TANGENTS_STATE);
    for (size_t c = 0; c < t->rows; c++)
        for (size_t i = 0; i < t->panel; i++)
            x[c * t->panel + i] = t->x0[c % t->dim];
    if (t->partials) {
        double *v = nsde_workspace_input(r->step, NSDE_TANGENTS_OF_STATE);
        memset(v, 0, t->partials * t->rows * t->panel * sizeof *v);
        memset(r->score, 0, 2 * t->partials * t->panel * sizeof *v);
        for (size_t k = 0; k < t->partials && !t->settings.outputs; k++)
            for (size_t c = 0; c < t->rows; c++)
                for (size_t i = 0; t->first + k == t->n + c % t->dim && i < t->panel; i++)
                    v[(k * t->rows + c) * t->panel + i] = 1.0;
    }
    if (t->settings.per_path) {
        spread_parameters(t, r->step, parameters_input(t, NSDE_TANGENTS_OF_STATE), first, paths);
        spread_parameters(t, r->loss, parameters_input(t, 1), first, paths);
    }
    nsde_noise_window_move(&r->noise, first, paths);
}

/* What the step left becomes what the next one starts from. */
static void take_over(const nsde_tangents *t, runner *r)
{
    memcpy(nsde_workspace_input(r->step, NSDE_TANGENTS_STATE), nsde_workspace_output(r->step, 0),
           t->rows * t->panel * sizeof(double));
    if (!t->partials)
        return;
    double *v = nsde_workspace_input(r->step, NSDE_TANGENTS_OF_STATE);
    const size_t scores = t->partials * t->panel, output = is_held(t) ? 1 : 2;
    if (t->settings.kind != NSDE_TANGENTS_PATH)
        nsde_accumulate(r->score, nsde_workspace_output(r->step, output), scores);
    if (nsde_tangents_are_second(&t->settings))
        nsde_accumulate(r->score + scores, nsde_workspace_output(r->step, output + 1), scores);
    if (is_held(t)) /* only the first step knows the start */
        memset(v, 0, t->partials * t->rows * t->panel * sizeof *v);
    else
        memcpy(v, nsde_workspace_output(r->step, 1), t->partials * t->rows * t->panel * sizeof *v);
}

static void observe(const nsde_tangents *t, runner *r, size_t time)
{
    const size_t state = t->dim * t->panel;
    memcpy(nsde_workspace_input(r->loss, 0) + time * state,
           nsde_workspace_input(r->step, NSDE_TANGENTS_STATE), state * sizeof(double));
    for (size_t k = 0; k < t->partials && !is_held(t); k++)
        memcpy(nsde_workspace_input(r->loss, 1) + (k * t->n_times + time) * state,
               nsde_workspace_input(r->step, NSDE_TANGENTS_OF_STATE) + k * t->rows * t->panel,
               state * sizeof(double));
}

/* The panel's results, to where each path has its place. */
static void hand_over(const nsde_tangents *t, runner *r, size_t first, size_t paths)
{
    const size_t all = t->run.paths, size = paths * sizeof(double);
    if (t->result.loss)
        memcpy(t->result.loss + first, nsde_workspace_output(r->loss, 0), size);
    for (size_t k = 0; k < t->partials; k++) {
        const size_t to = k * all + first, from = k * t->panel;
        if (t->result.tangents)
            memcpy(t->result.tangents + to, nsde_workspace_output(r->loss, 1) + from, size);
        if (t->result.score)
            memcpy(t->result.score + to, r->score + from, size);
        if (t->result.second_score)
            memcpy(t->result.second_score + to, r->score + t->partials * t->panel + from, size);
        if (t->result.second_loss)
            memcpy(t->result.second_loss + to, nsde_workspace_output(r->loss, 2) + from, size);
    }
}

static nsde_status run_panel(const nsde_tangents *t, runner *r, size_t panel)
{
    const size_t first = panel * t->panel, left = t->run.paths - first;
    const size_t paths = left < t->panel ? left : t->panel;
    size_t time = 0;
    start(t, r, first, paths);
    for (size_t k = 0; k < t->run.steps; k++) {
        const double *rows;
        const nsde_status status = nsde_noise_window_get(&r->noise, k, &rows);
        if (status)
            return status;
        memcpy(nsde_workspace_input(r->step, NSDE_TANGENTS_NOISE), rows,
               t->noise_rows * t->panel * sizeof *rows);
        *nsde_workspace_uniform(r->step, NSDE_STEP_TIME) = nsde_grid_time(&t->grid, k);
        if (nsde_tangents_are_second(&t->settings))
            *nsde_workspace_uniform(r->step, NSDE_TANGENTS_FIRST_STEP) = k == 0;
        nsde_forward(r->step, paths);
        take_over(t, r);
        if (time < t->n_times && t->observe[time] == k + 1)
            observe(t, r, time++);
    }
    nsde_forward(r->loss, paths);
    hand_over(t, r, first, paths);
    return NSDE_OK;
}

/* ---- all panels ---- */

static void run_some(const nsde_tangents *t, runner *r, size_t thread)
{
    r->status = NSDE_OK;
    set_parameters(t, r->step, 2);
    set_parameters(t, r->loss, t->settings.loss->n_data ? 1 : 0);
    *nsde_workspace_uniform(r->step, NSDE_STEP_LENGTH) = nsde_grid_length(&t->grid);
    for (size_t panel = thread; panel < t->n_panels && !r->status; panel += t->n_threads) {
        r->status = run_panel(t, r, panel);
        if (r->status)
            memcpy(r->message, nsde_error_message(), sizeof r->message);
    }
}

static nsde_status check_losses(const nsde_tangents *t)
{
    uint64_t seed;
    const bool seeded = nsde_brownian_seed(t->run.noise, &seed);
    for (size_t i = 0; i < t->run.paths && t->result.loss; i++)
        if (!isfinite(t->result.loss[i]))
            return nsde_fail(NSDE_DIVERGED, "model %s, %s: the loss of path %zu is %g (seed %llu%s)",
                             nsde_model_describe(t->settings.model)->name, t->run.integrator->name, i,
                             t->result.loss[i], seeded ? (unsigned long long)seed : 0,
                             seeded ? "" : ", of noise given by the caller");
    return NSDE_OK;
}

nsde_status nsde_tangents_run(nsde_tangents *t, const double *parameters, const double *x0, size_t first,
                              const nsde_tangents_result *result)
{
    t->parameters = parameters;
    t->x0 = x0;
    t->first = first;
    t->result = *result;
    if (t->n_threads == 1) {
        run_some(t, &t->runners[0], 0);
    } else {
#pragma omp parallel for num_threads((int)t->n_threads) schedule(static, 1)
        for (size_t i = 0; i < t->n_threads; i++)
            run_some(t, &t->runners[i], i);
    }
    for (size_t i = 0; i < t->n_threads; i++)
        if (t->runners[i].status)
            return nsde_fail(t->runners[i].status, "%s", t->runners[i].message);
    return check_losses(t);
}
