/* Simulations that keep statistics alone.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <string.h>

#include "simulate/running.h"

enum { GROUPS = 64 }; /* of panels, each added up in the order of its panels, then the groups in theirs */

/* The context of the sink. */
typedef struct collection {
    nsde_running_shape shape;
    nsde_running groups[GROUPS];
    nsde_arena arena; /* of the groups */
    double *times;
    size_t n_groups, paths;
} collection;

/* What a caller holds, with the memory of all its arrays. */
typedef struct result {
    nsde_statistics statistics; /* first: a pointer to it is one to all */
    nsde_arena arena;
} result;

static nsde_status begin(void *context, const nsde_run *run)
{
    collection *c = context;
    size_t total = 0;
    nsde_status status = nsde_running_measure(c->shape.wanted, run->n_times, run->dim, &c->shape);
    if (status)
        return status;
    bool fits = nsde_arena_plan(run->n_times, sizeof(double), &total);
    for (size_t g = 0; g < run->n_groups; g++)
        fits = fits && nsde_running_plan(&c->shape, &total);
    if (!fits)
        return nsde_fail(NSDE_OVERFLOW, "statistics at %zu times overflow the size of memory", run->n_times);
    status = nsde_arena_create(total, "statistics", &c->arena);
    if (status)
        return status;
    c->n_groups = run->n_groups;
    c->paths = run->settings.paths;
    c->times = nsde_arena_take(&c->arena, run->n_times, sizeof(double));
    nsde_run_times(run, c->times);
    for (size_t g = 0; g < run->n_groups; g++)
        nsde_running_take_memory(&c->shape, &c->arena, &c->groups[g]);
    return NSDE_OK;
}

static nsde_status take(void *context, const nsde_stepper *stepper, size_t group, size_t paths)
{
    collection *c = context;
    nsde_running_add(&c->shape, &c->groups[group], stepper, paths, stepper->scratch);
    return NSDE_OK;
}

/* ---- the result ---- */

/* A copy of edges, from the arena. */
static nsde_bins copy_bins(const nsde_bins *bins, nsde_arena *arena)
{
    double *edges = nsde_arena_take(arena, bins->n + 1, sizeof(double));
    for (size_t b = 0; bins->n && b <= bins->n; b++)
        edges[b] = bins->edges[b];
    return (nsde_bins){bins->n, edges};
}

static bool plan(const collection *c, size_t *total)
{
    const nsde_statistics_settings *w = c->shape.wanted;
    const size_t mean = c->shape.n_times * c->shape.dim;
    bool fits = nsde_arena_plan(c->shape.n_times, sizeof(double), total) &&
                nsde_arena_plan(2 * mean, sizeof(double), total) &&
                nsde_arena_plan(mean * c->shape.dim, sizeof(double), total) &&
                nsde_arena_plan(w->n_histograms, sizeof(nsde_histogram), total) &&
                nsde_arena_plan(w->n_passages, sizeof(nsde_passage), total) &&
                nsde_arena_plan(c->shape.counts, sizeof(size_t), total) &&
                nsde_arena_plan(c->shape.passage_counts, sizeof(size_t), total);
    for (size_t k = 0; k < w->n_histograms; k++)
        fits = fits && nsde_arena_plan(w->histograms[k].bins.n + 1, sizeof(double), total);
    for (size_t q = 0; q < w->n_passages; q++)
        fits = fits && nsde_arena_plan(w->passages[q].times.n + 1, sizeof(double), total);
    return fits;
}

static void fill_moments(nsde_statistics *s, const nsde_running *all)
{
    for (size_t row = 0; row < s->n_times * s->dim; row++) {
        const size_t component = row % s->dim;
        s->mean[row] = all->n > 0.0 ? all->mean[row] : NAN;
        for (size_t j = 0; j < s->dim; j++)
            s->covariance[row * s->dim + j] = all->cross[row * s->dim + j] / (all->n - 1.0);
        s->std_error[row] = sqrt(s->covariance[row * s->dim + component] / all->n);
    }
}

static void fill_passages(nsde_statistics *s, const collection *c, const nsde_running *all, nsde_arena *arena)
{
    size_t *counts = nsde_arena_take(arena, c->shape.passage_counts, sizeof(size_t));
    memcpy(counts, all->passage_counts, c->shape.passage_counts * sizeof(size_t));
    for (size_t q = 0; q < s->n_passages; q++) {
        const nsde_passage_watch *w = &c->shape.wanted->passages[q];
        const double *p = all->passed + q * NSDE_PASSAGE_NUMBERS, n = p[NSDE_PASSED];
        s->passages[q] = (nsde_passage){.component = w->component,
                                        .level = w->level,
                                        .passed = (size_t)n,
                                        .not_passed = all->not_passed[q],
                                        .mean = n > 0.0 ? p[NSDE_PASSAGE_MEAN] : NAN,
                                        .variance = p[NSDE_PASSAGE_SQUARES] / (n - 1.0),
                                        .bins = copy_bins(&w->times, arena),
                                        .counts = counts};
        s->passages[q].std_error = sqrt(s->passages[q].variance / n);
        counts += w->times.n + 2;
    }
}

static void fill(nsde_statistics *s, const collection *c, const nsde_running *all, nsde_arena *arena)
{
    const nsde_statistics_settings *w = c->shape.wanted;
    const size_t n_times = c->shape.n_times, dim = c->shape.dim;
    *s = (nsde_statistics){.n_times = n_times,
                           .dim = dim,
                           .n_paths = c->paths,
                           .n_failed = all->failed,
                           .n_histograms = w->n_histograms,
                           .n_passages = w->n_passages};
    s->times = nsde_arena_take(arena, n_times, sizeof(double));
    memcpy(s->times, c->times, n_times * sizeof(double));
    s->mean = nsde_arena_take(arena, 2 * n_times * dim, sizeof(double));
    s->std_error = s->mean + n_times * dim;
    s->covariance = nsde_arena_take(arena, n_times * dim * dim, sizeof(double));
    fill_moments(s, all);
    s->histograms = nsde_arena_take(arena, w->n_histograms, sizeof(nsde_histogram));
    s->passages = nsde_arena_take(arena, w->n_passages, sizeof(nsde_passage));
    size_t *counts = nsde_arena_take(arena, c->shape.counts, sizeof(size_t));
    memcpy(counts, all->counts, c->shape.counts * sizeof(size_t));
    for (size_t k = 0; k < w->n_histograms; k++) {
        s->histograms[k] = (nsde_histogram){.component = w->histograms[k].component,
                                            .bins = copy_bins(&w->histograms[k].bins, arena),
                                            .counts = counts};
        counts += n_times * (w->histograms[k].bins.n + 2);
    }
    fill_passages(s, c, all, arena);
}

static nsde_status make_result(collection *c, nsde_statistics **statistics)
{
    void *memory;
    size_t total = 0;
    if (!plan(c, &total))
        return nsde_fail(NSDE_OVERFLOW, "statistics at %zu times overflow the size of memory",
                         c->shape.n_times);
    nsde_status status = nsde_alloc(1, sizeof(result), "statistics", &memory);
    if (status)
        return status;
    result *made = memory;
    status = nsde_arena_create(total, "statistics", &made->arena);
    if (status) {
        nsde_free(made);
        return status;
    }
    for (size_t g = 1; g < c->n_groups; g++)
        nsde_running_merge(&c->shape, &c->groups[0], &c->groups[g]);
    fill(&made->statistics, c, &c->groups[0], &made->arena);
    *statistics = &made->statistics;
    return NSDE_OK;
}

nsde_status nsde_simulate_statistics(const nsde_model *model, const double *parameters, const double *x0,
                                     const nsde_simulate_settings *settings,
                                     const nsde_statistics_settings *wanted, nsde_statistics **statistics)
{
    void *memory;
    if (!statistics || !wanted)
        return nsde_fail(NSDE_INVALID,
                         "nsde_simulate_statistics: what is wanted and a place for it are needed");
    *statistics = NULL;
    if ((wanted->n_histograms && !wanted->histograms) || (wanted->n_passages && !wanted->passages))
        return nsde_fail(NSDE_INVALID, "nsde_simulate_statistics: histograms or passages are NULL");
    nsde_status status = nsde_alloc(1, sizeof(collection), "statistics", &memory);
    if (status)
        return status;
    collection *c = memory;
    c->shape.wanted = wanted;
    const nsde_sink sink = {.context = c,
                            .begin = begin,
                            .take = take,
                            .groups = GROUPS,
                            .passages = wanted->passages,
                            .n_passages = wanted->n_passages};
    status = nsde_run_paths(model, parameters, x0, settings, &sink);
    if (!status)
        status = make_result(c, statistics);
    nsde_arena_destroy(&c->arena);
    nsde_free(c);
    return status;
}

void nsde_statistics_destroy(nsde_statistics *statistics)
{
    if (!statistics)
        return;
    result *made = (result *)statistics;
    nsde_arena_destroy(&made->arena);
    nsde_free(made);
}
