/* A line search for the strong Wolfe conditions (Nocedal and Wright 2006, algorithms 3.5 and 3.6), with cubic
 * interpolation kept away from the ends of its interval.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "train/line_search.h"

#include <math.h>

enum { MOST_TRIALS = 60 };

/* A place on the line: its step, value and slope. */
typedef struct place {
    double step, value, slope;
} place;

static nsde_status try(nsde_line *line, double step, place *at)
{
    for (size_t i = 0; i < line->n; i++)
        line->x_trial[i] = line->x[i] + step * line->direction[i];
    const nsde_status status =
        line->function(line->context, line->x_trial, &line->value_trial, line->gradient_trial);
    line->evaluations++;
    line->slope_trial = 0.0;
    for (size_t i = 0; i < line->n; i++)
        line->slope_trial += line->gradient_trial[i] * line->direction[i];
    if (!isfinite(line->value_trial) || !isfinite(line->slope_trial))
        line->value_trial = line->slope_trial = INFINITY; /* a step too far */
    *at = (place){step, line->value_trial, line->slope_trial};
    return status;
}

/* The minimum of the cubic through two places with their slopes (ibid., eq. 3.59), at least a tenth of the
 * interval from either; the middle where there is none. */
static double interpolate(const place *a, const place *b)
{
    const double width = b->step - a->step, middle = a->step + 0.5 * width;
    if (!isfinite(a->value) || !isfinite(b->value))
        return middle;
    const double d1 = a->slope + b->slope - 3.0 * (b->value - a->value) / width;
    const double inside = d1 * d1 - a->slope * b->slope;
    if (!(inside >= 0.0))
        return middle;
    const double d2 = copysign(sqrt(inside), width);
    const double step = b->step - width * (b->slope + d2 - d1) / (b->slope - a->slope + 2.0 * d2);
    const double low = fmin(a->step, b->step) + 0.1 * fabs(width);
    const double high = fmax(a->step, b->step) - 0.1 * fabs(width);
    return step >= low && step <= high ? step : isnan(step) ? middle : fmin(fmax(step, low), high);
}

/* Ends with the trial at `best`: the place reached last is another one. */
static nsde_status settle(nsde_line *line, const place *best, bool *found)
{
    place at;
    *found = best->step > 0.0 && best->value < line->value;
    return *found ? try(line, best->step, &at) : NSDE_OK;
}

/* Algorithm 3.6: low is the lowest place so far that decreases enough, and the slope there points to high. */
static nsde_status zoom(nsde_line *line, place low, place high, double decrease, double curvature,
                        bool *found)
{
    for (int trial = 0; trial < MOST_TRIALS; trial++) {
        place at;
        const double step = interpolate(&low, &high);
        if (step == low.step || step == high.step)
            break;
        const nsde_status status = try(line, step, &at);
        if (status)
            return status;
        if (at.value > line->value + decrease * step * line->slope || at.value >= low.value) {
            high = at;
            continue;
        }
        if (fabs(at.slope) <= -curvature * line->slope) {
            *found = true;
            return NSDE_OK;
        }
        if (at.slope * (high.step - low.step) >= 0.0)
            high = low;
        low = at;
    }
    return settle(line, &low, found);
}

/* Algorithm 3.5. */
nsde_status nsde_line_search(nsde_line *line, double first, double decrease, double curvature, bool *found)
{
    place before = {0.0, line->value, line->slope};
    double step = first;
    *found = false;
    for (int trial = 0; trial < MOST_TRIALS; trial++) {
        place at;
        const nsde_status status = try(line, step, &at);
        if (status)
            return status;
        if (at.value > line->value + decrease * step * line->slope || (trial && at.value >= before.value))
            return zoom(line, before, at, decrease, curvature, found);
        if (fabs(at.slope) <= -curvature * line->slope) {
            *found = true;
            return NSDE_OK;
        }
        if (at.slope >= 0.0)
            return zoom(line, at, before, decrease, curvature, found);
        before = at;
        step *= 2.0;
    }
    return settle(line, &before, found); /* the function falls without end, as far as was looked */
}
