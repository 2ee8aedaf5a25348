/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "multilevel/levels.h"

#include <math.h>
#include <omp.h>
#include <string.h>

#include "core/memory.h"
#include "core/simd.h"
#include "noise/brownian.h"
#include "noise/window.h"
#include "tape/workspace.h"

enum {
    MOST_PANEL = 1024, /* samples: a first batch is still shared among threads */
    ROUND = 64,        /* panels whose sums are held at once */
    NOISE_BYTES = 32 * 1024,
    SUMS = NSDE_MULTILEVEL_SUMS
};

/* What runs, for each kind of path: a step, and the last one where that is another. */
typedef struct program_set {
    nsde_program *start, *value, *fine[2], *coarse[2];
} program_set;

/* What a thread owns. */
typedef struct runner {
    nsde_workspace *start, *value, *fine[2], *coarse[2];
    nsde_noise_window noise, normals;
    double *values[2]; /* [1 + directions][panel] of the fine and the coarse path */
    nsde_arena arena;
    nsde_status status;
    size_t failed; /* the panel */
    char message[NSDE_MESSAGE_SIZE];
} runner;

struct nsde_levels {
    const nsde_multilevel_problem *problem;
    const nsde_multilevel_settings *settings;
    nsde_bundle bundle;
    program_set programs;
    nsde_brownian *grid, *normals;
    size_t n, panel, n_threads; /* n: 1 + directions */
    runner *runners;
    double *sums; /* [ROUND][n][SUMS] */
    /* During a run. */
    nsde_levels_samples samples;
    nsde_grid times;
};

/* ---- creation ---- */

static nsde_status compile(nsde_levels *l)
{
    program_set *p = &l->programs;
    const size_t pieces = l->settings->refinement;
    const bool two = l->problem->functional->last_alone;
    nsde_status status = nsde_bundle_start(&l->bundle, &p->start);
    if (!status)
        status = nsde_bundle_value(&l->bundle, &p->value);
    for (int last = two ? 0 : 1; last < 2 && !status; last++) {
        status = nsde_bundle_step(&l->bundle, 1, last, &p->fine[last]);
        if (!status)
            status = nsde_bundle_step(&l->bundle, pieces, last, &p->coarse[last]);
    }
    return status;
}

static void choose_panel(nsde_levels *l)
{
    const size_t fine = nsde_program_panel(l->programs.fine[1], NSDE_FORWARD);
    const size_t coarse = nsde_program_panel(l->programs.coarse[1], NSDE_FORWARD);
    l->panel = fine < coarse ? fine : coarse;
    l->panel = l->panel < MOST_PANEL ? l->panel : MOST_PANEL;
    const size_t threads = l->settings->threads ? (size_t)l->settings->threads : (size_t)omp_get_num_procs();
    l->n_threads = threads < ROUND ? threads : ROUND;
}

static size_t chunk_of(const nsde_levels *l, size_t rows)
{
    const size_t chunk = NOISE_BYTES / (sizeof(double) * l->panel * rows) / 2 * 2;
    return chunk < 2 ? 2 : chunk;
}

static nsde_status create_workspaces(const nsde_levels *l, runner *r)
{
    const program_set *p = &l->programs;
    nsde_status status = nsde_workspace_create(p->start, l->panel, NSDE_FORWARD, &r->start);
    if (!status)
        status = nsde_workspace_create(p->value, l->panel, NSDE_FORWARD, &r->value);
    for (int last = 0; last < 2 && !status; last++) {
        if (p->fine[last])
            status = nsde_workspace_create(p->fine[last], l->panel, NSDE_FORWARD, &r->fine[last]);
        if (p->coarse[last] && !status)
            status = nsde_workspace_create(p->coarse[last], l->panel, NSDE_FORWARD, &r->coarse[last]);
    }
    return status;
}

/* Parameters and initial states stay what they are: what depends on them alone is computed once. */
static void prepare(const nsde_levels *l, runner *r)
{
    nsde_workspace *const all[] = {r->start, r->value, r->fine[0], r->fine[1], r->coarse[0], r->coarse[1]};
    const size_t size = nsde_model_describe(l->problem->model)->n_parameters * sizeof(double);
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        if (!all[i])
            continue;
        if (size)
            memcpy(nsde_workspace_parameters(all[i]), l->problem->parameters, size);
        nsde_workspace_prepare(all[i]);
    }
    double *x0 = nsde_workspace_input(r->start, 0);
    for (size_t k = 0; k < l->bundle.dim; k++)
        for (size_t i = 0; i < l->panel; i++)
            x0[k * l->panel + i] = l->problem->x0[k];
    nsde_forward(r->start, l->panel);
}

static nsde_status create_runner(const nsde_levels *l, runner *r)
{
    size_t bytes = 0;
    const nsde_bundle *b = &l->bundle;
    nsde_status status = create_workspaces(l, r);
    r->noise = (nsde_noise_window){
        .noise = l->grid, .detail = b->detail, .stride = l->panel, .chunk = chunk_of(l, b->noise_rows)};
    r->normals = (nsde_noise_window){.noise = l->normals,
                                     .detail = NSDE_INCREMENTS,
                                     .h = 1.0,
                                     .stride = l->panel,
                                     .chunk = b->normals ? chunk_of(l, b->normals) : 0};
    const size_t noise = r->noise.chunk * b->noise_rows * l->panel, values = l->n * l->panel;
    const size_t normals = r->normals.chunk * b->normals * l->panel;
    if (!status && (!nsde_arena_plan(noise, sizeof(double), &bytes) ||
                    !nsde_arena_plan(normals, sizeof(double), &bytes) ||
                    !nsde_arena_plan(values, sizeof(double), &bytes) ||
                    !nsde_arena_plan(values, sizeof(double), &bytes)))
        status = nsde_fail(NSDE_OVERFLOW, "the panels overflow the size of memory");
    if (!status)
        status = nsde_arena_create(bytes, "paths", &r->arena);
    if (status)
        return status;
    r->noise.rows = nsde_arena_take(&r->arena, noise, sizeof(double));
    r->normals.rows = nsde_arena_take(&r->arena, normals, sizeof(double));
    r->values[0] = nsde_arena_take(&r->arena, values, sizeof(double));
    r->values[1] = nsde_arena_take(&r->arena, values, sizeof(double));
    prepare(l, r);
    return NSDE_OK;
}

nsde_status nsde_levels_create(const nsde_multilevel_problem *problem,
                               const nsde_multilevel_settings *settings, nsde_levels **out)
{
    void *memory, *runners = NULL, *sums = NULL;
    *out = NULL;
    nsde_status status = nsde_alloc(1, sizeof(nsde_levels), "levels", &memory);
    if (status)
        return status;
    nsde_levels *l = memory;
    l->problem = problem;
    l->settings = settings;
    l->bundle = nsde_bundle_of(problem, settings);
    l->n = 1 + problem->n_derivatives;
    status = nsde_brownian_grid_areas(0, nsde_model_describe(problem->model)->noise_dim, settings->area_terms,
                                      &l->grid);
    if (!status && l->bundle.normals)
        status = nsde_brownian_grid(0, l->bundle.normals, &l->normals);
    if (!status)
        status = compile(l);
    if (!status) {
        choose_panel(l);
        status = nsde_alloc(ROUND * l->n, SUMS * sizeof(double), "sums", &sums);
        l->sums = sums;
    }
    if (!status) {
        status = nsde_alloc(l->n_threads, sizeof(runner), "threads", &runners);
        l->runners = runners;
    }
    for (size_t i = 0; i < l->n_threads && !status; i++)
        status = create_runner(l, &l->runners[i]);
    if (status)
        nsde_levels_destroy(l);
    else
        *out = l;
    return status;
}

static void destroy_runner(runner *r)
{
    nsde_workspace_destroy(r->start);
    nsde_workspace_destroy(r->value);
    for (int last = 0; last < 2; last++) {
        nsde_workspace_destroy(r->fine[last]);
        nsde_workspace_destroy(r->coarse[last]);
    }
    nsde_arena_destroy(&r->arena);
}

void nsde_levels_destroy(nsde_levels *l)
{
    if (!l)
        return;
    for (size_t i = 0; l->runners && i < l->n_threads; i++)
        destroy_runner(&l->runners[i]);
    nsde_free(l->runners);
    nsde_free(l->sums);
    nsde_program_destroy(l->programs.start);
    nsde_program_destroy(l->programs.value);
    for (int last = 0; last < 2; last++) {
        nsde_program_destroy(l->programs.fine[last]);
        nsde_program_destroy(l->programs.coarse[last]);
    }
    nsde_brownian_destroy(l->grid);
    nsde_brownian_destroy(l->normals);
    nsde_free(l);
}

size_t nsde_levels_steps(const nsde_levels *l, size_t level)
{
    size_t steps = l->settings->coarsest;
    while (level--)
        steps *= l->settings->refinement;
    return steps;
}

double nsde_levels_cost(const nsde_levels *l, size_t level)
{
    const double fine = (double)nsde_levels_steps(l, level);
    return level ? fine + fine / (double)l->settings->refinement : fine;
}

/* ---- a panel ---- */

static nsde_workspace *workspace_of(nsde_workspace *const pair[2], bool last)
{
    return pair[last] ? pair[last] : pair[1];
}

/* Puts a bundle where the next step, or the value, begins. */
static void move(const nsde_levels *l, const nsde_workspace *from, nsde_workspace *to)
{
    memcpy(nsde_workspace_input(to, NSDE_BUNDLE_STATE), nsde_workspace_output(from, 0),
           l->n * l->bundle.rows * l->panel * sizeof(double));
}

/* The noise of fine step k is piece `piece` of a step. */
static void put(const nsde_levels *l, nsde_workspace *w, size_t piece, const double *noise,
                const double *normals)
{
    const size_t size = l->bundle.noise_rows * l->panel, more = l->bundle.normals * l->panel;
    memcpy(nsde_workspace_input(w, NSDE_BUNDLE_NOISE) + piece * size, noise, size * sizeof *noise);
    if (more)
        memcpy(nsde_workspace_input(w, NSDE_BUNDLE_NORMALS) + piece * more, normals, more * sizeof *normals);
}

static void take_value(const nsde_levels *l, runner *r, const nsde_workspace *end, size_t paths, int which)
{
    move(l, end, r->value);
    nsde_forward(r->value, paths);
    const double *output = nsde_workspace_output(r->value, 0);
    for (size_t k = 0; k < l->n; k++) {
        double *to = r->values[which] + k * l->panel;
        memcpy(to, output + k * l->panel, paths * sizeof *to);
        memset(to + paths, 0, (l->panel - paths) * sizeof *to);
    }
}

/* A step of one of the paths, and what it left to where the next one begins. */
static nsde_workspace *step(const nsde_levels *l, nsde_workspace *const pair[2], size_t k, size_t steps,
                            size_t paths)
{
    nsde_workspace *w = workspace_of(pair, k + 1 == steps);
    const nsde_grid grid = {l->times.t0, l->times.t1, steps};
    *nsde_workspace_uniform(w, NSDE_STEP_TIME) = nsde_grid_time(&grid, k);
    *nsde_workspace_uniform(w, NSDE_STEP_LENGTH) = nsde_grid_length(&grid);
    nsde_forward(w, paths);
    if (k + 1 < steps)
        move(l, w, workspace_of(pair, k + 2 == steps));
    return w;
}

static nsde_status run_paths(const nsde_levels *l, runner *r, size_t paths)
{
    const size_t steps = l->times.steps, pieces = l->settings->refinement;
    const bool coupled = l->samples.level > 0;
    const double *noise, *normals = NULL;
    nsde_workspace *fine = NULL, *coarse = NULL;
    move(l, r->start, workspace_of(r->fine, steps == 1));
    if (coupled)
        move(l, r->start, workspace_of(r->coarse, steps == pieces));
    for (size_t k = 0; k < steps; k++) {
        nsde_status status = nsde_noise_window_get(&r->noise, k, &noise);
        if (!status && l->normals)
            status = nsde_noise_window_get(&r->normals, k, &normals);
        if (status)
            return status;
        put(l, workspace_of(r->fine, k + 1 == steps), 0, noise, normals);
        fine = step(l, r->fine, k, steps, paths);
        if (!coupled)
            continue;
        put(l, workspace_of(r->coarse, k / pieces + 1 == steps / pieces), k % pieces, noise, normals);
        if ((k + 1) % pieces == 0)
            coarse = step(l, r->coarse, k / pieces, steps / pieces, paths);
    }
    take_value(l, r, fine, paths, 0);
    if (coupled)
        take_value(l, r, coarse, paths, 1);
    else
        memset(r->values[1], 0, l->n * l->panel * sizeof(double));
    return NSDE_OK;
}

/* Sums of powers 1 to 4 of fine - coarse and of fine + weight (fine - coarse); n is whole quanta of lanes.
 * Each lane has sums of its own, so that the order of additions is the same on every machine. */
static NSDE_CLONES void add_powers(const double *fine, const double *coarse, double weight, size_t n,
                                   double sums[SUMS])
{
    double lanes[SUMS][NSDE_LANE_QUANTUM] = {{0.0}};
    for (size_t i = 0; i < n; i += NSDE_LANE_QUANTUM) {
#pragma omp simd
        for (size_t j = 0; j < NSDE_LANE_QUANTUM; j++) {
            const double d = fine[i + j] - coarse[i + j], f = fine[i + j] + weight * d;
            const double d2 = d * d, f2 = f * f;
            lanes[0][j] += d;
            lanes[1][j] += d2;
            lanes[2][j] += d2 * d;
            lanes[3][j] += d2 * d2;
            lanes[4][j] += f;
            lanes[5][j] += f2;
            lanes[6][j] += f2 * f;
            lanes[7][j] += f2 * f2;
        }
    }
    for (size_t s = 0; s < SUMS; s++) {
        sums[s] = 0.0;
        for (size_t j = 0; j < NSDE_LANE_QUANTUM; j++)
            sums[s] += lanes[s][j];
    }
}

static nsde_status check_finite(const nsde_levels *l, const runner *r, size_t first, size_t paths)
{
    static const char *const which[] = {"fine", "coarse"};
    for (size_t i = 0; i < paths; i++)
        for (size_t k = 0; k < 2 * l->n; k++) {
            const double value = r->values[k % 2][k / 2 * l->panel + i];
            if (!isfinite(value))
                return nsde_fail(NSDE_DIVERGED,
                                 "model %s, %s: level %zu (%zu steps), sample %zu: the %s path's %s is %g "
                                 "(seed %llu)",
                                 nsde_model_describe(l->problem->model)->name, l->settings->integrator->name,
                                 l->samples.level, l->times.steps, l->samples.first + first + i, which[k % 2],
                                 k / 2 ? "derivative" : "value", value, (unsigned long long)l->samples.seed);
        }
    return NSDE_OK;
}

static nsde_status run_panel(const nsde_levels *l, runner *r, size_t panel, double *sums)
{
    const size_t first = panel * l->panel, left = l->samples.n - first;
    const size_t paths = left < l->panel ? left : l->panel;
    const double h = nsde_grid_length(&l->times);
    r->noise.h = h;
    r->noise.steps = r->normals.steps = l->times.steps;
    nsde_noise_window_move(&r->noise, l->samples.first + first, paths);
    nsde_noise_window_move(&r->normals, l->samples.first + first, paths);
    const nsde_status status = run_paths(l, r, paths);
    if (status)
        return status;
    for (size_t k = 0; k < l->n; k++)
        add_powers(r->values[0] + k * l->panel, r->values[1] + k * l->panel, l->samples.weight, l->panel,
                   sums + k * SUMS);
    return check_finite(l, r, first, paths);
}

/* ---- all panels ---- */

/* Every so many panels of a round. */
static void run_some(const nsde_levels *l, runner *r, size_t thread, size_t first, size_t n)
{
    r->status = NSDE_OK;
    for (size_t i = thread; i < n && !r->status; i += l->n_threads) {
        r->status = run_panel(l, r, first + i, l->sums + i * l->n * SUMS);
        if (!r->status)
            continue;
        r->failed = first + i;
        memcpy(r->message, nsde_error_message(), sizeof r->message);
    }
}

static nsde_status run_round(nsde_levels *l, size_t first, size_t n)
{
    const size_t threads = l->n_threads < n ? l->n_threads : n;
    if (threads == 1) {
        for (size_t i = 0; i < l->n_threads; i++)
            l->runners[i].status = NSDE_OK;
        run_some(l, &l->runners[0], 0, first, n);
    } else {
#pragma omp parallel for num_threads((int)threads) schedule(static, 1)
        for (size_t i = 0; i < l->n_threads; i++)
            run_some(l, &l->runners[i], i, first, n);
    }
    const runner *failed = NULL;
    for (size_t i = 0; i < l->n_threads; i++)
        if (l->runners[i].status && (!failed || l->runners[i].failed < failed->failed))
            failed = &l->runners[i];
    return failed ? nsde_fail(failed->status, "%s", failed->message) : NSDE_OK;
}

/* Seeds of the levels, and of their two kinds of noise, have nothing to do with each other. */
static uint64_t seed_of(const nsde_levels_samples *s, uint32_t kind)
{
    uint32_t words[4];
    const uint32_t counter[4] = {(uint32_t)s->level, kind, 0x6d6c6d63, 0};
    const uint32_t key[2] = {(uint32_t)s->seed, (uint32_t)(s->seed >> 32)};
    nsde_philox(counter, key, words);
    return (uint64_t)words[1] << 32 | words[0];
}

nsde_status nsde_levels_run(nsde_levels *l, const nsde_levels_samples *samples, double *sums)
{
    l->samples = *samples;
    l->times = (nsde_grid){l->settings->t0, l->settings->t1, nsde_levels_steps(l, samples->level)};
    nsde_brownian_grid_reseed(l->grid, seed_of(samples, 0));
    if (l->normals)
        nsde_brownian_grid_reseed(l->normals, seed_of(samples, 1));
    const size_t n_panels = samples->n ? (samples->n - 1) / l->panel + 1 : 0;
    for (size_t first = 0; first < n_panels; first += ROUND) {
        const size_t left = n_panels - first, n = left < ROUND ? left : ROUND;
        const nsde_status status = run_round(l, first, n);
        if (status)
            return status;
        for (size_t i = 0; i < n; i++)
            for (size_t k = 0; k < l->n * SUMS; k++)
                sums[k] += l->sums[i * l->n * SUMS + k];
    }
    return NSDE_OK;
}
