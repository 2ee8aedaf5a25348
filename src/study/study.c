/* Running a study: replicate by replicate through all cells, so that what there is after any of them is
 * balanced.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "study/study.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* ---- what is asked for ---- */

static nsde_status check_rising(const char *what, const size_t *numbers, size_t n)
{
    if (!numbers || n == 0)
        return nsde_fail(NSDE_INVALID, "nsde_study_run: no numbers of %s are given", what);
    for (size_t i = 0; i < n; i++)
        if (numbers[i] == 0 || (i && numbers[i] <= numbers[i - 1]))
            return nsde_fail(NSDE_INVALID,
                             "nsde_study_run: the numbers of %s must rise from 1 on: number %zu is %zu", what,
                             i, numbers[i]);
    return NSDE_OK;
}

static nsde_status check(const nsde_estimate_problem *problem, const nsde_estimate_settings *settings,
                         const nsde_study_settings *s)
{
    if (!problem || !problem->model || !problem->x0 || !settings || !s || !s->estimators ||
        s->n_estimators == 0)
        return nsde_fail(NSDE_INVALID, "nsde_study_run: a problem, settings and estimators are needed");
    if (s->replicates < 2)
        return nsde_fail(NSDE_INVALID, "a study of %zu replicates: a variance needs 2", s->replicates);
    if (settings->run.noise)
        return nsde_fail(NSDE_UNSUPPORTED,
                         "a study draws noise of its own for each replicate; noise must be NULL");
    if (settings->run.times)
        return nsde_fail(NSDE_UNSUPPORTED, "a study varies the number of equal steps; times must be NULL");
    nsde_status status = check_rising("steps", s->steps, s->n_steps);
    if (!status)
        status = check_rising("paths", s->paths, s->n_paths);
    for (size_t i = 0; i < s->n_steps && !status; i++)
        for (size_t k = 0; k < settings->run.n_observe && !status; k++)
            if (settings->run.steps == 0 || settings->run.observe[k] * s->steps[i] % settings->run.steps)
                status =
                    nsde_fail(NSDE_INVALID, "observation %zu, after step %zu of %zu, falls between %zu steps",
                              k, settings->run.observe[k], settings->run.steps, s->steps[i]);
    return status;
}

/* ---- the memory of it ---- */

enum { VECTORS = 5 };

static bool plan(size_t n, size_t n_cells, size_t n_observe, size_t *total)
{
    size_t numbers;
    return nsde_size_mul(n_cells, VECTORS * (n + 1), &numbers) && nsde_size_add(numbers, n + 1, &numbers) &&
           nsde_arena_plan(numbers, sizeof(double), total) &&
           nsde_arena_plan(n_cells, sizeof(nsde_study_cell), total) &&
           nsde_arena_plan(n_cells, sizeof(bool), total) &&
           nsde_arena_plan(n_observe, sizeof(size_t), total) && nsde_arena_plan(n + 1, sizeof(bool), total) &&
           nsde_arena_plan(n + 1, sizeof(char[64]), total) && nsde_arena_plan(1, sizeof(nsde_study), total) &&
           nsde_arena_plan(1, sizeof(nsde_arena), total);
}

/* The arena that a study lies in stands before it. */
static nsde_arena *arena_of(nsde_study *study)
{
    return (nsde_arena *)(void *)((char *)study - NSDE_ALIGNMENT);
}

static void name_cells(nsde_study_work *w, double *numbers)
{
    nsde_study *s = w->result;
    const nsde_study_settings *v = w->study;
    const double span = w->settings.run.t1 - w->settings.run.t0;
    for (size_t i = 0; i < s->n_cells; i++) {
        nsde_study_cell *c = &s->cells[i];
        double **vectors[VECTORS] = {&c->mean, &c->variance, &c->reported, &c->bias, &c->bias_error};
        c->method = v->estimators[i / v->n_paths / v->n_steps];
        c->steps = v->steps[i / v->n_paths % v->n_steps];
        c->paths = v->paths[i % v->n_paths];
        c->h = span / (double)c->steps;
        for (int k = 0; k < VECTORS; k++, numbers += s->n + 1)
            *vectors[k] = numbers;
    }
    s->reference = numbers;
    for (size_t k = 0; k < s->n; k++)
        nsde_estimate_name(w->problem->model, k, sizeof *s->names, s->names[k]);
    snprintf(s->names[s->n], sizeof *s->names, "loss");
}

static nsde_status create(nsde_study_work *w)
{
    const nsde_model_definition *d = nsde_model_describe(w->problem->model);
    const nsde_study_settings *v = w->study;
    const size_t n = d->n_parameters + d->dim, n_observe = w->settings.run.n_observe;
    size_t n_cells, total = 0;
    if (!nsde_size_mul(v->n_estimators, v->n_steps, &n_cells) ||
        !nsde_size_mul(n_cells, v->n_paths, &n_cells) || !plan(n, n_cells, n_observe, &total))
        return nsde_fail(NSDE_OVERFLOW, "the cells of the study overflow the size of memory");
    const nsde_status status = nsde_arena_create(total, "study", &w->arena);
    if (status)
        return status;
    nsde_arena *kept = nsde_arena_take(&w->arena, 1, sizeof(nsde_arena));
    w->result = nsde_arena_take(&w->arena, 1, sizeof(nsde_study));
    *w->result = (nsde_study){.n = n, .n_cells = n_cells};
    w->result->cells = nsde_arena_take(&w->arena, n_cells, sizeof(nsde_study_cell));
    w->result->extrapolated = nsde_arena_take(&w->arena, n + 1, sizeof(bool));
    w->result->names = nsde_arena_take(&w->arena, n + 1, sizeof(char[64]));
    w->refused = nsde_arena_take(&w->arena, n_cells, sizeof(bool));
    w->observe = nsde_arena_take(&w->arena, n_observe, sizeof(size_t));
    name_cells(w, nsde_arena_take(&w->arena, n_cells * VECTORS * (n + 1) + n + 1, sizeof(double)));
    *kept = w->arena;
    return NSDE_OK;
}

void nsde_study_destroy(nsde_study *study)
{
    if (!study)
        return;
    nsde_arena arena = *arena_of(study);
    nsde_arena_destroy(&arena);
}

/* ---- replicates ---- */

/* Seeds of replicates are words of Philox under the study's seed. */
static uint64_t seed_of(uint64_t seed, size_t replicate)
{
    const uint32_t counter[4] = {(uint32_t)replicate, (uint32_t)((uint64_t)replicate >> 32), 0x73747564,
                                 0x79000000},
                   key[2] = {(uint32_t)seed, (uint32_t)(seed >> 32)};
    uint32_t words[4];
    nsde_philox(counter, key, words);
    return words[0] | (uint64_t)words[1] << 32;
}

static nsde_status estimate(nsde_study_work *w, const nsde_study_cell *c, size_t replicate,
                            nsde_gradient_estimate **made)
{
    nsde_estimate_settings settings = w->settings;
    nsde_gradient_settings *run = &settings.run;
    for (size_t k = 0; k < run->n_observe; k++)
        w->observe[k] = run->observe[k] * c->steps / run->steps;
    run->observe = run->n_observe ? w->observe : NULL;
    run->steps = c->steps;
    run->paths = c->paths;
    run->seed = seed_of(w->settings.run.seed, replicate);
    settings.keep_samples = false;
    const nsde_status status = nsde_estimate_run(c->method, w->problem, &settings, made);
    return status && status != NSDE_UNSUPPORTED
               ? nsde_fail_within(status, "%s, %zu steps, %zu paths, replicate %zu", c->method->name,
                                  c->steps, c->paths, replicate)
               : status;
}

/* Adds to means and sums of squared distances from them (Welford 1962). */
static void add(nsde_study_cell *c, size_t n, const nsde_gradient_estimate *e)
{
    c->replicates++;
    c->seconds += e->seconds;
    c->peak_bytes = e->peak_bytes > c->peak_bytes ? e->peak_bytes : c->peak_bytes;
    memcpy(c->note, e->note, sizeof c->note);
    for (size_t k = 0; k <= n; k++) {
        const double value = k < n ? e->value[k] : e->loss,
                     error = k < n ? e->std_error[k] : e->loss_std_error;
        const double before = value - c->mean[k];
        c->mean[k] += before / (double)c->replicates;
        c->variance[k] += before * (value - c->mean[k]);
        c->reported[k] += error * error;
    }
}

static nsde_status replicate(nsde_study_work *w)
{
    nsde_study *s = w->result;
    for (size_t i = 0; i < s->n_cells; i++) {
        nsde_gradient_estimate *made = NULL;
        nsde_study_cell *c = &s->cells[i];
        const nsde_status status = w->refused[i] ? NSDE_UNSUPPORTED : estimate(w, c, s->replicates, &made);
        if (status && status != NSDE_UNSUPPORTED)
            return status;
        if (status && !w->refused[i]) {
            w->refused[i] = true;
            snprintf(c->note, sizeof c->note, "%s", nsde_error_message());
        }
        if (made)
            add(c, s->n, made);
        nsde_estimate_destroy(made);
    }
    s->replicates++;
    return NSDE_OK;
}

/* The loss by the first estimator that applies to the fewest steps and paths. */
static nsde_status look(nsde_study_work *w)
{
    nsde_status status = NSDE_OK;
    for (size_t i = 0; i < w->study->n_estimators; i++) {
        nsde_gradient_estimate *made;
        status = estimate(w, &w->result->cells[i * w->study->n_steps * w->study->n_paths], 0, &made);
        if (!status) {
            w->probe = made->loss;
            nsde_estimate_destroy(made);
        }
        if (status != NSDE_UNSUPPORTED)
            return status;
    }
    return status;
}

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* The state is written about once a second, and at the end. */
static nsde_status run(nsde_study_work *w)
{
    const nsde_study_settings *v = w->study;
    nsde_study *s = w->result;
    nsde_status status = look(w);
    if (!status && v->state)
        status = nsde_study_resume(w);
    bool go_on = true;
    for (double saved = now(); s->replicates < v->replicates && go_on && !status;) {
        status = replicate(w);
        if (!status && v->progress)
            go_on = v->progress(v->progress_context, s->replicates, v->replicates);
        const bool last = s->replicates == v->replicates || !go_on;
        if (!status && v->state && (last || now() - saved > 1.0)) {
            status = nsde_study_save(w);
            saved = now();
        }
    }
    return status;
}

nsde_status nsde_study_run(const nsde_estimate_problem *problem, const nsde_estimate_settings *settings,
                           const nsde_study_settings *study_settings, nsde_study **study)
{
    if (!study)
        return nsde_fail(NSDE_INVALID, "nsde_study_run: a place for the study is needed");
    *study = NULL;
    nsde_status status = check(problem, settings, study_settings);
    if (status)
        return status;
    nsde_study_work w = {.problem = problem, .settings = *settings, .study = study_settings};
    if (!w.settings.run.integrator)
        status = nsde_integrator_find("euler_maruyama", &w.settings.run.integrator);
    if (!status)
        status = create(&w);
    if (status)
        return status;
    status = run(&w);
    if (status) {
        nsde_study_destroy(w.result);
        return status;
    }
    nsde_study_conclude(&w);
    *study = w.result;
    return NSDE_OK;
}
