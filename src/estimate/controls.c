/* With controls C of expectation 0, L - b C has the expectation of L for any b, and the least variance where
 * b is the regression of L on C (Lavenberg and Welch 1981). b is taken from the same samples, at a bias of
 * the order of one over their number; each control costs the standard error a degree of freedom.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "estimate/controls.h"

#include <math.h>

#include "core/memory.h"

static double mean(const double *a, size_t n)
{
    double sum = 0.0;
    for (size_t i = 0; i < n; i++)
        sum += a[i];
    return sum / (double)n;
}

static double covariance(const double *a, const double *b, size_t n)
{
    const double of_a = mean(a, n), of_b = mean(b, n);
    double sum = 0.0;
    for (size_t i = 0; i < n; i++)
        sum += (a[i] - of_a) * (b[i] - of_b);
    return sum / (double)n;
}

void nsde_controls_apply(size_t count, const double *columns, const double *variance, size_t n, size_t all,
                         double *y)
{
    for (size_t j = 0; j < count; j++) {
        if (variance[j] <= 0.0)
            continue;
        const double *c = columns + j * all, b = covariance(y, c, n) / variance[j];
        for (size_t i = 0; i < all; i++)
            y[i] -= b * c[i];
    }
}

void nsde_controls_orthogonalise(size_t count, double *columns, size_t n, size_t all, double *variance)
{
    for (size_t j = 0; j < count; j++) {
        double *c = columns + j * all;
        const double before = covariance(c, c, n);
        nsde_controls_apply(j, columns, variance, n, all, c);
        variance[j] = covariance(c, c, n);
        if (!(variance[j] > 1e-14 * before)) /* it says nothing that those before it do not */
            variance[j] = 0.0;
    }
}

static nsde_status run(const nsde_estimate_work *w, const nsde_control *control, double *values)
{
    nsde_tangents *tangents;
    nsde_status status = nsde_tangents_create(
        &(nsde_tangents_settings){.model = w->problem.model, .loss = control->loss, .run = &w->settings.run},
        &tangents);
    if (!status)
        status = nsde_tangents_run(tangents, w->problem.parameters, w->problem.x0, 0,
                                   &(nsde_tangents_result){.loss = values});
    for (size_t i = 0; i < w->paths && !status; i++)
        values[i] -= control->mean;
    nsde_tangents_destroy(tangents);
    return status;
}

static nsde_status check(const nsde_estimate_work *w)
{
    const nsde_estimate_settings *s = &w->settings;
    if (s->n_controls > NSDE_CONTROLS_MOST)
        return nsde_fail(NSDE_INVALID, "%zu control variates, more than %d", s->n_controls,
                         NSDE_CONTROLS_MOST);
    for (size_t j = 0; j < s->n_controls; j++)
        if (!s->controls[j].loss || !s->controls[j].loss->record || !isfinite(s->controls[j].mean))
            return nsde_fail(NSDE_INVALID,
                             "control variate %zu needs a recorded loss and a finite expectation", j);
    if (nsde_estimate_samples(w) < 10 * (s->n_controls + 1))
        return nsde_fail(NSDE_INVALID, "%zu control variates need at least %zu samples, not %zu",
                         s->n_controls, 10 * (s->n_controls + 1), nsde_estimate_samples(w));
    return NSDE_OK;
}

nsde_status nsde_controls_create(const nsde_estimate_work *w, nsde_controls **controls)
{
    void *memory, *numbers;
    const size_t count = w->settings.n_controls, n = nsde_estimate_samples(w), pair = w->paths / n;
    size_t all;
    *controls = NULL;
    if (!count)
        return NSDE_OK;
    nsde_status status = check(w);
    if (!status && (!nsde_size_mul(2 * count + 1, w->paths, &all)))
        status = nsde_fail(NSDE_OVERFLOW, "the control variates overflow the size of memory");
    if (!status)
        status = nsde_alloc(1, sizeof(nsde_controls), "controls", &memory);
    if (status)
        return status;
    nsde_controls *c = *controls = memory;
    status = nsde_alloc(all, sizeof(double), "controls", &numbers);
    if (status)
        return status;
    c->count = count;
    c->values = numbers;
    c->samples = c->values + count * w->paths;
    c->scratch = c->samples + count * w->paths;
    for (size_t j = 0; j < count && !status; j++) {
        status = run(w, &w->settings.controls[j], c->values + j * w->paths);
        if (status)
            return nsde_fail_within(status, "control variate %zu", j);
        for (size_t i = 0; i < n; i++)
            c->samples[j * n + i] = mean(c->values + j * w->paths + i * pair, pair);
    }
    nsde_controls_orthogonalise(count, c->samples, n, n, c->variance);
    nsde_estimate_count(w, all * sizeof(double));
    return NSDE_OK;
}

void nsde_controls_destroy(nsde_controls *controls)
{
    if (!controls)
        return;
    nsde_free(controls->values);
    nsde_free(controls);
}
