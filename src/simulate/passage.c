/* First passages, looked for as a panel is stepped.
 *
 * A path that passed at the end of step k (from 1; 0 is the start) is noted with k, one that passed within it
 * with k - 1/2. A chunk of steps in which a path left the finite numbers is run again: it finds the same
 * passages again, for a note only ever moves to an earlier step.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>

#include "core/simd.h"
#include "noise/normals.h"
#include "simulate/panel.h"

nsde_status nsde_passages_check(const nsde_sink *sink, const nsde_model *model, const nsde_brownian *noise)
{
    const nsde_model_definition *d = nsde_model_describe(model);
    for (size_t q = 0; q < sink->n_passages; q++) {
        const nsde_passage_watch *w = &sink->passages[q];
        if (w->component >= d->dim)
            return nsde_fail(NSDE_INVALID, "passage %zu: there is no component %zu of %zu", q, w->component,
                             d->dim);
        if (!isfinite(w->level))
            return nsde_fail(NSDE_INVALID, "passage %zu: the level is %g", q, w->level);
        if (w->bridge && noise && nsde_brownian_is_correlated(noise))
            return nsde_fail(NSDE_UNSUPPORTED,
                             "passage %zu: bridges are for independent noise, and this one is correlated", q);
    }
    return NSDE_OK;
}

/* Notes `now` for the lanes whose side * x is at the bound or beyond. */
static NSDE_CLONES void note(double *passed, const double *x, double side, double bound, double now, size_t n)
{
#pragma omp simd
    for (size_t i = 0; i < n; i++)
        passed[i] = side * x[i] >= bound && now < passed[i] ? now : passed[i];
}

/* The exponents 2 a b / (g^2 h) of a block of lanes, 0 for those beyond the bound after the step; the least
 * of those that have not passed, which is all that matters. */
static NSDE_CLONES double exponents(const double *passed, const double *before, const double *after,
                                    const double *variance, double side, double bound, double h, size_t n,
                                    double *exponent)
{
    double least = INFINITY;
#pragma omp simd reduction(min : least)
    for (size_t i = 0; i < n; i++) {
        const double a = bound - side * before[i], b = bound - side * after[i];
        const double e = b <= 0.0 ? 0.0 : 2.0 * a * b / (fabs(variance[i]) * h); /* not -0 */
        exponent[i] = e;
        const double open = passed[i] < INFINITY ? INFINITY : e;
        least = open < least ? open : least;
    }
    return least;
}

/* The squares of a pair of normals have half their sum exponentially distributed: a bridge crosses where that
 * is larger than its exponent. */
static NSDE_CLONES void cross(double *passed, const double *exponent, const double *even, const double *odd,
                              double now, size_t n)
{
#pragma omp simd
    for (size_t i = 0; i < n; i++) {
        const double drawn = 0.5 * (even[i] * even[i] + odd[i] * odd[i]);
        passed[i] = drawn >= exponent[i] && now < passed[i] ? now : passed[i];
    }
}

typedef struct bridge {
    const nsde_passage_watch *watch;
    const double *before, *after, *variance;
    double side;
    nsde_draw_at draw;
} bridge;

static void look_between(const nsde_stepper *s, const bridge *b, double *passed, size_t step, size_t lanes)
{
    enum { BLOCK = NSDE_NORMAL_BLOCK, SURE = 40 }; /* e^-40 is no chance at all */
    const double h = *nsde_workspace_uniform(s->workspace, NSDE_STEP_LENGTH), now = (double)step + 0.5;
    double exponent[BLOCK], even[BLOCK], odd[BLOCK];
    for (size_t i = 0; i < lanes; i += BLOCK) {
        const size_t n = lanes - i < BLOCK ? lanes - i : BLOCK;
        const double least = exponents(passed + i, b->before + i, b->after + i, b->variance + i, b->side,
                                       b->side * b->watch->level, h, n, exponent);
        if (!(least < SURE))
            continue;
        nsde_normal_pairs(&b->draw, s->run->settings.first_path + s->first + i, 1.0, even, odd);
        cross(passed + i, exponent, even, odd, now, n);
    }
}

static double side_of(const nsde_passage_watch *watch)
{
    return watch->from_above ? -1.0 : 1.0;
}

void nsde_passages_start(nsde_stepper *s)
{
    const nsde_sink *sink = s->run->sink;
    const size_t stride = nsde_workspace_stride(s->workspace);
    for (size_t q = 0; q < sink->n_passages; q++) {
        const nsde_passage_watch *w = &sink->passages[q];
        double *passed = s->passed + q * stride;
        for (size_t i = 0; i < stride; i++)
            passed[i] = INFINITY;
        note(passed, nsde_workspace_input(s->workspace, NSDE_STEP_STATE) + w->component * stride, side_of(w),
             side_of(w) * w->level, 0.0, stride);
    }
}

void nsde_passages_look(nsde_stepper *s, size_t step, size_t paths)
{
    const nsde_sink *sink = s->run->sink;
    const size_t stride = nsde_workspace_stride(s->workspace);
    const double *before = nsde_workspace_input(s->workspace, NSDE_STEP_STATE);
    const double *after = nsde_workspace_output(s->workspace, 0);
    size_t bridges = 0;
    for (size_t q = 0; q < sink->n_passages; q++) {
        const nsde_passage_watch *w = &sink->passages[q];
        const size_t row = w->component * stride;
        double *passed = s->passed + q * stride;
        if (!w->bridge) {
            note(passed, after + row, side_of(w), side_of(w) * w->level, (double)(step + 1), paths);
            continue;
        }
        const double *variance = nsde_workspace_output(s->workspace, 1) + bridges++ * stride;
        const bridge b = {w,        before + row, after + row,
                          variance, side_of(w),   {s->run->seed, NSDE_DRAW_CROSSING, step, (uint32_t)q}};
        look_between(s, &b, passed, step, paths);
    }
}

double nsde_passage_time(const nsde_stepper *s, size_t passage, size_t path)
{
    const double step = s->passed[passage * nsde_workspace_stride(s->workspace) + path];
    const size_t failed = s->block.failed_step[path];
    if (step == INFINITY || (failed && step > (double)(failed - 1)))
        return INFINITY;
    const size_t whole = (size_t)step;
    const double time = nsde_grid_time(&s->run->grid, whole);
    return step == (double)whole ? time : 0.5 * (time + nsde_grid_time(&s->run->grid, whole + 1));
}
