/* The cheaper of forward and reverse mode, by a model of their cost in forward runs of the solver.
 *
 * A forward run of a step's program costs 1. With p partials it costs 1 + p, so that n derivatives in chunks
 * of p take ceil(n / p) + n forward runs. Reverse costs REVERSE runs where it keeps what it needs (there and
 * back), and one more for each time the steps are recomputed: once with the states of all steps in memory, up
 * to twice with snapshots. Which of them is decided by the engine from its budget of memory.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>

#include "estimate/estimate.h"

static const double reverse_cost = 4.0;

static double cost_of_forward(const nsde_estimate_work *w)
{
    const size_t chunk = w->settings.partials ? w->settings.partials : 8;
    return (double)((w->n - 1) / chunk + 1) + (double)w->n;
}

static nsde_status cost_of_reverse(const nsde_estimate_work *w, double *cost)
{
    nsde_gradient *engine;
    const nsde_status status =
        nsde_gradient_create(w->problem.model, w->problem.loss, &w->settings.run, &engine);
    if (status)
        return status;
    switch (nsde_gradient_describe(engine).keep) {
    case NSDE_KEEP_ROWS:
        *cost = reverse_cost;
        break;
    case NSDE_KEEP_STATES:
        *cost = reverse_cost + 1.0;
        break;
    default:
        *cost = reverse_cost + 2.0;
    }
    nsde_gradient_destroy(engine);
    return NSDE_OK;
}

static nsde_status run(nsde_estimate_work *w)
{
    char reason[128], said[sizeof w->result->note];
    const double forward = cost_of_forward(w);
    double reverse;
    nsde_status status = cost_of_reverse(w, &reverse);
    if (status)
        return status;
    w->result->method = forward < reverse ? &nsde_estimator_forward : &nsde_estimator_reverse;
    status = w->result->method->run(w);
    snprintf(reason, sizeof reason, "chose %s: forward would cost %.3g runs of the solver, reverse %.3g",
             w->result->method->name, forward, reverse);
    snprintf(said, sizeof said, "%s", w->result->note);
    nsde_estimate_note(w, "%s%s%.120s", reason, *said ? "; " : "", said);
    return status;
}

const nsde_estimator nsde_estimator_auto = {
    .name = "auto",
    .aliases = "",
    .title = "forward or reverse mode, whichever is expected to cost less",
    .source = "Griewank and Walther 2008, chapter 4",
    .run = run,
};
