/* Pathwise derivatives of a loss whose jumps are smoothed: where the loss chooses by the sign of y, the step
 * of y becomes a normal distribution function of y / w. That changes the expectation by w^2 / 2 times the
 * second derivative by y of its integrand, and leaves a derivative that sees the jump, whose variance grows
 * as 1 / w.
 *
 * w is a part of the standard deviation of y, found by a run of its own; paths^(-1/4) unless it is given,
 * which is narrower than what would make the mean squared error least (a power of -1/5), so that the standard
 * error tells most of it. min, max and |y| have no jump and are left as they are.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>

#include "estimate/estimate.h"
#include "tape/tape.h"

enum { MOST_JUMPS = 64, PILOT = 4096 };

/* A loss around that of the problem. */
typedef struct smoothed {
    const nsde_loss *loss;
    double widths[MOST_JUMPS];
    bool pilot; /* record an operand instead of the loss … */
    size_t jump, row;
    size_t n_jumps, n_rows; /* … and note how many there are, and rows of that one */
} smoothed;

static nsde_var record(const nsde_loss_at *at)
{
    smoothed *s = at->context;
    nsde_var operands[MOST_JUMPS];
    nsde_smoothing smoothing = {operands, 0, MOST_JUMPS, s->pilot ? NULL : s->widths};
    nsde_loss_at inner = *at;
    inner.context = s->loss->context;
    at->tape->smoothing = &smoothing;
    const nsde_var loss = s->loss->record(&inner);
    at->tape->smoothing = NULL;
    if (!s->pilot)
        return loss;
    s->n_jumps = smoothing.n;
    s->n_rows = s->jump < smoothing.n && s->jump < MOST_JUMPS ? nsde_rows(operands[s->jump]) : 0;
    return s->n_rows ? nsde_row(operands[s->jump], s->row) : loss;
}

/* Adds the variance of an operand's row over some paths. */
static nsde_status add_variance(const nsde_estimate_work *w, const nsde_loss *loss, double *of_paths,
                                double *variance)
{
    nsde_tangents *values;
    nsde_gradient_settings run = w->settings.run;
    double sum = 0.0, squares = 0.0;
    run.paths = run.paths < PILOT ? run.paths : PILOT;
    nsde_status status = nsde_tangents_create(
        &(nsde_tangents_settings){.model = w->problem.model, .loss = loss, .run = &run}, &values);
    if (!status)
        status = nsde_tangents_run(values, w->problem.parameters, w->problem.x0, 0,
                                   &(nsde_tangents_result){.loss = of_paths});
    nsde_tangents_destroy(values);
    if (status)
        return nsde_fail_within(status, "what the loss chooses by");
    for (size_t i = 0; i < run.paths; i++)
        sum += of_paths[i];
    for (size_t i = 0; i < run.paths; i++)
        squares += (of_paths[i] - sum / (double)run.paths) * (of_paths[i] - sum / (double)run.paths);
    *variance += squares / (double)run.paths;
    return NSDE_OK;
}

/* The widths of all jumps: a part of the standard deviation of what each chooses by. */
static nsde_status measure(const nsde_estimate_work *w, nsde_loss *loss, double part, double *of_paths)
{
    smoothed *s = loss->context;
    nsde_status status = NSDE_OK;
    s->pilot = true;
    s->n_jumps = s->n_rows = 1; /* until the first is recorded */
    for (s->jump = 0; s->jump < s->n_jumps && !status; s->jump++) {
        double variance = 0.0;
        s->row = 0;
        do
            status = add_variance(w, loss, of_paths, &variance);
        while (!status && ++s->row < s->n_rows);
        if (!status && s->n_jumps > MOST_JUMPS)
            return nsde_fail(NSDE_UNSUPPORTED, "smoothed: the loss jumps in %zu places, not in %d at most",
                             s->n_jumps, MOST_JUMPS);
        if (s->n_rows)
            s->widths[s->jump] = part * sqrt(variance / (double)s->n_rows);
    }
    s->pilot = false;
    return status;
}

static nsde_status run(nsde_estimate_work *w)
{
    void *memory;
    const double given = w->settings.smoothing;
    const double part = given > 0.0 ? given : pow((double)w->paths, -0.25);
    const nsde_estimate_problem before = w->problem;
    smoothed s = {.loss = w->problem.loss};
    nsde_loss loss = *w->problem.loss;
    loss.record = record;
    loss.context = &s;
    nsde_status status = nsde_alloc(w->paths, sizeof(double), "losses", &memory);
    if (status)
        return status;
    status = measure(w, &loss, part, memory);
    w->problem.loss = &loss;
    if (!status)
        status = nsde_estimator_forward.run(w);
    w->problem = before;
    nsde_free(memory);
    nsde_estimate_count(w, w->paths * sizeof(double));
    if (s.n_jumps)
        nsde_estimate_note(w,
                           "%zu jump%s smoothed over %.3g standard deviations of what %s by; biased by the "
                           "square of that, the loss too",
                           s.n_jumps, s.n_jumps == 1 ? "" : "s", part,
                           s.n_jumps == 1 ? "it chooses" : "they choose");
    else
        nsde_estimate_note(w, "the loss has no jump to smooth");
    return status;
}

const nsde_estimator nsde_estimator_smoothed = {
    .name = "smoothed",
    .aliases = "smoothing",
    .title = "pathwise derivatives with the jumps of the loss smoothed",
    .source = "Liu and Hong 2011",
    .run = run,
};
