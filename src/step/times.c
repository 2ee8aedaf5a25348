/* Steps that land on given times.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>

#include "core/error.h"
#include "core/memory.h"
#include "nsde/step.h"

static nsde_status check(double t0, double longest, size_t n, const double *land)
{
    if (n == 0 || !land)
        return nsde_fail(NSDE_INVALID, "observation times are needed");
    if (!isfinite(t0) || !(longest > 0.0))
        return nsde_fail(NSDE_INVALID, "steps from t0 = %g no longer than %g", t0, longest);
    for (size_t i = 0; i < n; i++) {
        if (!isfinite(land[i]) || !(i ? land[i] > land[i - 1] : land[i] >= t0))
            return nsde_fail(NSDE_INVALID, "observation time %zu is %.17g: they must rise, from t0 = %g on",
                             i, land[i], t0);
    }
    if (!(land[n - 1] > t0))
        return nsde_fail(NSDE_INVALID, "the last observation time, %.17g, is not after t0", t0);
    return NSDE_OK;
}

/* Equal steps that a gap takes; quotients that rounding has lifted above a whole number count as that. */
static double steps_of(double gap, double longest)
{
    return fmax(ceil(gap / longest * (1.0 - 1e-12)), 1.0);
}

static nsde_status count(double t0, double longest, size_t n, const double *land, size_t *steps)
{
    double sum = 0.0, from = t0;
    for (size_t i = 0; i < n; from = land[i++])
        if (land[i] > from)
            sum += steps_of(land[i] - from, longest);
    if (!(sum < 0x1p53))
        return nsde_fail(NSDE_OVERFLOW, "%g steps no longer than %g up to t = %g are too many", sum, longest,
                         land[n - 1]);
    *steps = (size_t)sum;
    return NSDE_OK;
}

static void fill(nsde_step_times *s, double t0, double longest, const double *land)
{
    size_t k = 0;
    double from = t0;
    s->times[0] = t0;
    for (size_t i = 0; i < s->n_observed; from = land[i++]) {
        const double gap = land[i] - from;
        const size_t steps = gap > 0.0 ? (size_t)steps_of(gap, longest) : 0;
        for (size_t j = 1; j < steps; j++)
            s->times[k + j] = from + gap * ((double)j / (double)steps);
        k += steps;
        s->times[k] = land[i];
        s->observed[i] = k;
    }
}

nsde_status nsde_step_times_create(double t0, double longest, size_t n, const double *land,
                                   nsde_step_times **step_times)
{
    void *memory, *times = NULL, *observed = NULL;
    size_t steps = 0;
    if (!step_times)
        return nsde_fail(NSDE_INVALID, "nsde_step_times_create: step_times is NULL");
    *step_times = NULL;
    nsde_status status = check(t0, longest, n, land);
    if (!status)
        status = count(t0, longest, n, land, &steps);
    if (!status)
        status = nsde_alloc(1, sizeof(nsde_step_times), "step times", &memory);
    if (status)
        return status;
    nsde_step_times *s = memory;
    status = nsde_alloc(steps + 1, sizeof(double), "step times", &times);
    if (!status)
        status = nsde_alloc(n, sizeof(size_t), "step times", &observed);
    *s = (nsde_step_times){.steps = steps, .times = times, .n_observed = n, .observed = observed};
    if (status) {
        nsde_step_times_destroy(s);
        return status;
    }
    fill(s, t0, longest, land);
    *step_times = s;
    return NSDE_OK;
}

void nsde_step_times_destroy(nsde_step_times *s)
{
    if (!s)
        return;
    nsde_free(s->times);
    nsde_free(s->observed);
    nsde_free(s);
}
