/* The cheapest of forward, mixed and reverse mode, by a count of operations a step on the compiled programs
 * (tape/work.h), in units of a step without derivatives:
 *
 *   forward  the step with a chunk of p partials, ceil(n / p) times for n derivatives;
 *   mixed    the step twice (there, and again for its stages), its duals, and each stage's coefficient there
 * and back; keeps the states of all steps, and is left out where the budget of memory does not hold them;
 *   reverse  the step there and back, once; one step there more where it keeps states, two with snapshots.
 * What it keeps is the engine's choice, from the same budget.
 *
 * The loss, the noise and memory traffic are not counted.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <stdio.h>

#include "estimate/estimate.h"
#include "estimate/local.h"
#include "estimate/record.h"
#include "step/compile.h"
#include "tape/work.h"
#include "tape/workspace.h"

enum { CHUNK = 8 }; /* forward's own */

/* The work of a step with that many partials. */
static nsde_status work_with(const nsde_estimate_work *w, size_t partials, double *work)
{
    nsde_program *step;
    const nsde_tangents_settings settings = {
        .model = w->problem.model, .loss = w->problem.loss, .run = &w->settings.run, .partials = partials};
    const nsde_status status = nsde_tangents_record_step(&settings, &step);
    if (!status) {
        *work = nsde_program_work(step, NSDE_FORWARD);
        nsde_program_destroy(step);
    }
    return status;
}

static nsde_status cost_of_forward(const nsde_estimate_work *w, double *cost)
{
    const size_t wanted = w->settings.partials ? w->settings.partials : CHUNK,
                 chunk = wanted < w->n ? wanted : w->n;
    const nsde_status status = work_with(w, chunk, cost);
    *cost *= (double)((w->n - 1) / chunk + 1);
    return status;
}

static nsde_status cost_of_reverse(const nsde_estimate_work *w, double once, double *cost)
{
    nsde_gradient *engine;
    nsde_program *step;
    nsde_status status = nsde_gradient_create(w->problem.model, w->problem.loss, &w->settings.run, &engine);
    if (status)
        return status;
    const nsde_keep keep = nsde_gradient_describe(engine).keep;
    nsde_gradient_destroy(engine);
    status = nsde_step_compile(w->settings.run.integrator, w->problem.model,
                               &(nsde_step_options){.precision = w->settings.run.precision}, &step);
    if (status)
        return status;
    *cost = nsde_program_work(step, NSDE_REVERSE);
    if (keep != NSDE_KEEP_ROWS)
        *cost += keep == NSDE_KEEP_STATES ? once : 2.0 * once;
    nsde_program_destroy(step);
    return NSDE_OK;
}

/* Infinite where mixed mode does not apply, or does not fit. */
static nsde_status cost_of_mixed(const nsde_estimate_work *w, double *cost)
{
    nsde_local l;
    const nsde_gradient_settings *run = &w->settings.run;
    *cost = INFINITY;
    const nsde_status status = nsde_local_create(w->problem.model, run->integrator, &l);
    if (!status && (double)l.state_rows * (double)run->steps * NSDE_LANE_QUANTUM * sizeof(double) <=
                       (double)run->memory) {
        *cost = 2.0 * nsde_program_work(l.step, NSDE_FORWARD) + nsde_program_work(l.dual, NSDE_FORWARD) +
                (double)(l.partials * l.state_rows);
        for (size_t i = 0; i < l.n_stages; i++)
            *cost += nsde_program_work(l.kinds[l.stages[i].kind], NSDE_REVERSE) +
                     (double)(l.stages[i].first * l.stages[i].x_rows);
    }
    nsde_local_release(&l);
    return status == NSDE_UNSUPPORTED ? NSDE_OK : status;
}

static nsde_status run(nsde_estimate_work *w)
{
    char reason[160], said[sizeof w->result->note];
    double once = 0.0, forward = 0.0, mixed = INFINITY, reverse = 0.0;
    nsde_status status = work_with(w, 0, &once);
    once = fmax(once, 1.0);
    if (!status)
        status = cost_of_forward(w, &forward);
    if (!status)
        status = cost_of_reverse(w, once, &reverse);
    if (!status)
        status = cost_of_mixed(w, &mixed);
    if (status)
        return status;
    w->result->method = forward <= fmin(mixed, reverse) ? &nsde_estimator_forward
                        : mixed < reverse               ? &nsde_estimator_mixed
                                                        : &nsde_estimator_reverse;
    status = w->result->method->run(w);
    snprintf(
        reason, sizeof reason,
        "chose %s: by a count of operations forward would cost %.3g runs of the solver, mixed %.3g, reverse "
        "%.3g",
        w->result->method->name, forward / once, mixed / once, reverse / once);
    snprintf(said, sizeof said, "%s", w->result->note);
    nsde_estimate_note(w, "%s%s%.90s", reason, *said ? "; " : "", said);
    return status;
}

const nsde_estimator nsde_estimator_auto = {
    .name = "auto",
    .aliases = "",
    .title = "forward, mixed or reverse mode, whichever is expected to cost least",
    .source = "Griewank and Walther 2008, chapter 4",
    .run = run,
};
