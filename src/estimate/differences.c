/* Central differences with common random numbers: every path is run twice for each parameter.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <float.h>
#include <math.h>
#include <string.h>

#include "estimate/estimate.h"

/* The step for a value: relative, but within its bounds. */
static double step_of(const nsde_estimate_work *w, size_t k, double value)
{
    const double relative = w->settings.step > 0.0 ? w->settings.step : cbrt(DBL_EPSILON);
    double step = relative * fmax(fabs(value), 0.01);
    if (k < w->n_parameters) {
        const nsde_parameter_definition *p = &nsde_model_describe(w->problem.model)->parameters[k];
        step = fmin(step, 0.5 * fmin(value - p->lower, p->upper - value));
    }
    return step;
}

/* All that is moved: parameters, then initial states; and the losses of all paths. */
typedef struct moved {
    double *point, *up, *down;
} moved;

static nsde_status differentiate(nsde_estimate_work *w, nsde_tangents *values, const moved *m, size_t k)
{
    const double before = m->point[k], step = step_of(w, k, before);
    const double above = before + step, below = before - step; /* as rounded */
    m->point[k] = above;
    nsde_status status = nsde_tangents_run(values, m->point, m->point + w->n_parameters, 0,
                                           &(nsde_tangents_result){.loss = m->up});
    m->point[k] = below;
    if (!status)
        status = nsde_tangents_run(values, m->point, m->point + w->n_parameters, 0,
                                   &(nsde_tangents_result){.loss = m->down});
    m->point[k] = before;
    for (size_t i = 0; i < w->paths && !status; i++)
        m->up[i] = (m->up[i] - m->down[i]) / (above - below);
    if (!status)
        nsde_estimate_take(w, k, m->up);
    return status;
}

static nsde_status run(nsde_estimate_work *w)
{
    void *memory;
    nsde_tangents *values;
    nsde_status status = nsde_alloc(w->n + 2 * w->paths, sizeof(double), "losses", &memory);
    if (status)
        return status;
    const moved m = {memory, (double *)memory + w->n, (double *)memory + w->n + w->paths};
    memcpy(m.point + w->n_parameters, w->problem.x0, w->dim * sizeof(double));
    if (w->n_parameters)
        memcpy(m.point, w->problem.parameters, w->n_parameters * sizeof(double));
    status = nsde_tangents_create(&(nsde_tangents_settings){.model = w->problem.model,
                                                            .loss = w->problem.loss,
                                                            .run = &w->settings.run},
                                  &values);
    if (!status)
        status = nsde_tangents_run(values, m.point, w->problem.x0, 0, &(nsde_tangents_result){.loss = m.up});
    if (!status) {
        nsde_estimate_take_loss(w, m.up);
        nsde_estimate_count(w, nsde_tangents_bytes(values) + (w->n + 2 * w->paths) * sizeof(double));
        nsde_estimate_note(w, "relative step %.2g; biased by its square",
                           w->settings.step > 0.0 ? w->settings.step : cbrt(DBL_EPSILON));
    }
    for (size_t k = 0; k < w->n && !status; k++)
        status = differentiate(w, values, &m, k);
    nsde_tangents_destroy(values);
    nsde_free(memory);
    return status;
}

const nsde_estimator nsde_estimator_differences = {
    .name = "differences",
    .aliases = "finite_differences bump fd",
    .title = "central differences with common random numbers",
    .source = "Glasserman and Yao 1992",
    .run = run,
};
