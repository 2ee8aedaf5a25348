/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "simulate/running.h"

#include <math.h>
#include <string.h>

#include "core/simd.h"
#include "tape/workspace.h" /* sums in a fixed order */

/* ---- bins ---- */

size_t nsde_bins_place(const nsde_bins *bins, double value)
{
    size_t low = 0, high = bins->n;
    if (value < bins->edges[0])
        return 0;
    if (value >= bins->edges[bins->n])
        return value > bins->edges[bins->n] ? bins->n + 1 : bins->n;
    while (high - low > 1) { /* edges[low] <= value < edges[high] */
        const size_t middle = low + (high - low) / 2;
        *(value < bins->edges[middle] ? &high : &low) = middle;
    }
    return low + 1;
}

double nsde_bins_quantile(const nsde_bins *bins, const size_t *counts, double level)
{
    double all = 0.0, below = 0.0;
    for (size_t b = 0; b < bins->n + 2; b++)
        all += (double)counts[b];
    if (!(all > 0.0) || !(level >= 0.0 && level <= 1.0))
        return NAN;
    const double wanted = level * all;
    for (size_t b = 0; b < bins->n + 2; b++) {
        const double here = (double)counts[b];
        if (here > 0.0 && below + here >= wanted) {
            if (b == 0 || b == bins->n + 1)
                return b ? INFINITY : -INFINITY;
            const double width = bins->edges[b] - bins->edges[b - 1];
            return bins->edges[b - 1] + width * (wanted - below) / here;
        }
        below += here;
    }
    return INFINITY;
}

static nsde_status check_bins(const char *what, size_t number, const nsde_bins *bins)
{
    if (bins->n && !bins->edges)
        return nsde_fail(NSDE_INVALID, "%s %zu: its edges are NULL", what, number);
    for (size_t b = 0; bins->n && b <= bins->n; b++)
        if (!isfinite(bins->edges[b]) || (b && !(bins->edges[b] > bins->edges[b - 1])))
            return nsde_fail(NSDE_INVALID, "%s %zu: edge %zu, %g, is not finite and above the one before",
                             what, number, b, bins->edges[b]);
    return NSDE_OK;
}

/* ---- memory ---- */

nsde_status nsde_running_measure(const nsde_statistics_settings *wanted, size_t n_times, size_t dim,
                                 nsde_running_shape *shape)
{
    *shape = (nsde_running_shape){.wanted = wanted, .n_times = n_times, .dim = dim};
    bool fits = true;
    nsde_status status = NSDE_OK;
    for (size_t k = 0; k < wanted->n_histograms && !status; k++) {
        const nsde_histogram_watch *w = &wanted->histograms[k];
        size_t counts;
        if (w->component >= dim || w->bins.n == 0)
            return nsde_fail(NSDE_INVALID,
                             "histogram %zu: there is no component %zu of %zu, or there are no bins", k,
                             w->component, dim);
        status = check_bins("histogram", k, &w->bins);
        fits = fits && nsde_size_add(w->bins.n, 2, &counts) && nsde_size_mul(counts, n_times, &counts) &&
               nsde_size_add(shape->counts, counts, &shape->counts);
    }
    for (size_t q = 0; q < wanted->n_passages && !status; q++) {
        status = check_bins("passage", q, &wanted->passages[q].times);
        fits = fits &&
               nsde_size_add(shape->passage_counts, wanted->passages[q].times.n + 2, &shape->passage_counts);
    }
    if (!status && !fits)
        status = nsde_fail(NSDE_OVERFLOW, "the bins overflow the size of memory");
    return status;
}

/* Numbers of each array; false on overflow. */
static bool sizes(const nsde_running_shape *shape, size_t *mean, size_t *cross)
{
    return nsde_size_mul(shape->n_times, shape->dim, mean) && nsde_size_mul(*mean, shape->dim, cross);
}

bool nsde_running_plan(const nsde_running_shape *shape, size_t *total)
{
    size_t mean, cross, passed;
    return sizes(shape, &mean, &cross) &&
           nsde_size_mul(shape->wanted->n_passages, NSDE_PASSAGE_NUMBERS, &passed) &&
           nsde_arena_plan(mean, sizeof(double), total) && nsde_arena_plan(cross, sizeof(double), total) &&
           nsde_arena_plan(shape->counts, sizeof(size_t), total) &&
           nsde_arena_plan(passed, sizeof(double), total) &&
           nsde_arena_plan(shape->wanted->n_passages, sizeof(size_t), total) &&
           nsde_arena_plan(shape->passage_counts, sizeof(size_t), total);
}

void nsde_running_take_memory(const nsde_running_shape *shape, nsde_arena *arena, nsde_running *r)
{
    size_t mean, cross;
    (void)sizes(shape, &mean, &cross);
    const size_t passages = shape->wanted->n_passages;
    *r = (nsde_running){.mean = nsde_arena_take(arena, mean, sizeof(double)),
                        .cross = nsde_arena_take(arena, cross, sizeof(double)),
                        .counts = nsde_arena_take(arena, shape->counts, sizeof(size_t)),
                        .passed = nsde_arena_take(arena, passages * NSDE_PASSAGE_NUMBERS, sizeof(double)),
                        .not_passed = nsde_arena_take(arena, passages, sizeof(size_t)),
                        .passage_counts = nsde_arena_take(arena, shape->passage_counts, sizeof(size_t))};
}

/* ---- means and products about them (Chan, Golub and LeVeque 1983, equation 2.1) ---- */

/* Of `n` numbers with this mean and sum of products, added to `n_to`; means are moved by the caller. */
static void add_products(double n_to, double n, const double *gap, size_t dim, const double *cross,
                         double *to)
{
    const double weight = n_to * n / (n_to + n);
    for (size_t i = 0; i < dim; i++)
        for (size_t j = 0; j < dim; j++)
            to[i * dim + j] += (cross ? cross[i * dim + j] : 0.0) + weight * gap[i] * gap[j];
}

static NSDE_CLONES void centred_product(double *to, const double *x, double x_mean, const double *y,
                                        double y_mean, size_t n)
{
#pragma omp simd
    for (size_t i = 0; i < n; i++)
        to[i] = (x[i] - x_mean) * (y[i] - y_mean);
}

/* Row k of a time: without the paths that failed, which read NaN at the end. */
static const double *kept_row(const nsde_stepper *s, size_t row, size_t paths, double *scratch)
{
    const double *x = s->block.states + row * s->block.row;
    size_t n = 0;
    if (!s->dropped)
        return x;
    for (size_t i = 0; i < paths; i++)
        if (!s->block.failed_step[i])
            scratch[n++] = x[i];
    return scratch;
}

static void add_time(const nsde_running_shape *shape, nsde_running *r, const nsde_stepper *s, size_t time,
                     size_t paths, size_t kept, double *scratch)
{
    const size_t dim = shape->dim;
    const double n = (double)kept;
    double *mean = r->mean + time * dim, *cross = r->cross + time * dim * dim;
    double *of_x = scratch, *of_y = scratch + paths, *products = scratch + 2 * paths;
    double *own = scratch + 3 * paths; /* [dim] means of the panel, then their gaps */
    for (size_t i = 0; i < dim; i++)
        own[i] = nsde_total(kept_row(s, time * dim + i, paths, of_x), kept) / n;
    for (size_t i = 0; i < dim; i++)
        for (size_t j = 0; j <= i; j++) {
            const double *x = kept_row(s, time * dim + i, paths, of_x);
            const double *y = kept_row(s, time * dim + j, paths, of_y);
            centred_product(products, x, own[i], y, own[j], kept);
            const double sum = nsde_total(products, kept);
            cross[i * dim + j] += sum;
            if (j < i)
                cross[j * dim + i] += sum;
        }
    for (size_t i = 0; i < dim; i++)
        own[i] -= mean[i];
    add_products(r->n, n, own, dim, NULL, cross);
    for (size_t i = 0; i < dim; i++)
        mean[i] += own[i] * (n / (r->n + n));
}

/* ---- histograms and passages ---- */

static void add_counts(const nsde_running_shape *shape, nsde_running *r, const nsde_stepper *s, size_t paths)
{
    size_t *counts = r->counts;
    for (size_t k = 0; k < shape->wanted->n_histograms; k++) {
        const nsde_histogram_watch *w = &shape->wanted->histograms[k];
        for (size_t time = 0; time < shape->n_times; time++, counts += w->bins.n + 2) {
            const double *x = s->block.states + (time * shape->dim + w->component) * s->block.row;
            for (size_t i = 0; i < paths; i++)
                if (!s->block.failed_step[i])
                    counts[nsde_bins_place(&w->bins, x[i])]++;
        }
    }
}

/* Adds n times with this mean and sum of squares. */
static void add_times(double *to, double n, double mean, double squares)
{
    const double gap = mean - to[NSDE_PASSAGE_MEAN], all = to[NSDE_PASSED] + n;
    if (n == 0.0)
        return;
    to[NSDE_PASSAGE_SQUARES] += squares + gap * gap * to[NSDE_PASSED] * n / all;
    to[NSDE_PASSAGE_MEAN] += gap * n / all;
    to[NSDE_PASSED] = all;
}

static void add_passages(const nsde_running_shape *shape, nsde_running *r, const nsde_stepper *s,
                         size_t paths, double *times)
{
    size_t *counts = r->passage_counts;
    for (size_t q = 0; q < shape->wanted->n_passages; q++) {
        const nsde_bins *bins = &shape->wanted->passages[q].times;
        double sum = 0.0, squares = 0.0;
        size_t n = 0;
        for (size_t i = 0; i < paths; i++) {
            const double time = nsde_passage_time(s, q, i) - s->run->grid.t0;
            if (time < INFINITY)
                sum += times[n++] = time;
            else
                r->not_passed[q] += !s->block.failed_step[i];
            if (time < INFINITY && bins->n)
                counts[nsde_bins_place(bins, time)]++;
        }
        const double mean = n ? sum / (double)n : 0.0;
        for (size_t i = 0; i < n; i++)
            squares += (times[i] - mean) * (times[i] - mean);
        add_times(r->passed + q * NSDE_PASSAGE_NUMBERS, (double)n, mean, squares);
        counts += bins->n + 2;
    }
}

void nsde_running_add(const nsde_running_shape *shape, nsde_running *r, const nsde_stepper *s, size_t paths,
                      double *scratch)
{
    size_t kept = 0;
    for (size_t i = 0; i < paths; i++)
        kept += !s->block.failed_step[i];
    r->failed += paths - kept;
    for (size_t time = 0; time < shape->n_times && kept; time++)
        add_time(shape, r, s, time, paths, kept, scratch);
    r->n += (double)kept;
    add_counts(shape, r, s, paths);
    add_passages(shape, r, s, paths, scratch);
}

void nsde_running_merge(const nsde_running_shape *shape, nsde_running *to, const nsde_running *from)
{
    const size_t dim = shape->dim;
    for (size_t time = 0; time < shape->n_times && from->n > 0.0; time++) {
        double *mean = to->mean + time * dim, *cross = to->cross + time * dim * dim;
        double *gap = from->mean + time * dim; /* overwritten: nobody reads it again */
        for (size_t i = 0; i < dim; i++)
            gap[i] -= mean[i];
        add_products(to->n, from->n, gap, dim, from->cross + time * dim * dim, cross);
        for (size_t i = 0; i < dim; i++)
            mean[i] += gap[i] * (from->n / (to->n + from->n));
    }
    to->n += from->n;
    to->failed += from->failed;
    for (size_t k = 0; k < shape->counts; k++)
        to->counts[k] += from->counts[k];
    for (size_t k = 0; k < shape->passage_counts; k++)
        to->passage_counts[k] += from->passage_counts[k];
    for (size_t q = 0; q < shape->wanted->n_passages; q++) {
        const double *p = from->passed + q * NSDE_PASSAGE_NUMBERS;
        add_times(to->passed + q * NSDE_PASSAGE_NUMBERS, p[NSDE_PASSED], p[NSDE_PASSAGE_MEAN],
                  p[NSDE_PASSAGE_SQUARES]);
        to->not_passed[q] += from->not_passed[q];
    }
}
