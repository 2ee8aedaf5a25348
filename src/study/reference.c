/* What bias is told from: the exact value, or an extrapolation to steps of length 0.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>

#include "study/study.h"

static double error_of(const nsde_study_cell *c, size_t k)
{
    return c->replicates > 1 ? sqrt(c->variance[k] / (double)c->replicates) : NAN;
}

/* The cell of an estimator with the most paths, at number `step` of the steps. */
static const nsde_study_cell *cell_of(const nsde_study_work *w, size_t estimator, size_t step)
{
    const nsde_study_settings *s = w->study;
    return &w->result->cells[(estimator * s->n_steps + step) * s->n_paths + s->n_paths - 1];
}

/* Richardson's rule (Talay and Tubaro 1990): the error falls as h^order. */
static void extrapolate(nsde_study_work *w, size_t k, double *error)
{
    const size_t last = w->study->n_steps - 1;
    size_t best = SIZE_MAX;
    double least = INFINITY;
    *error = NAN;
    for (size_t i = 0; i < w->study->n_estimators && last > 0; i++) {
        const double e = error_of(cell_of(w, i, last), k);
        if (e < least && error_of(cell_of(w, i, last - 1), k) < INFINITY) {
            least = e;
            best = i;
        }
    }
    if (best == SIZE_MAX)
        return;
    const nsde_study_cell *fine = cell_of(w, best, last), *coarse = cell_of(w, best, last - 1);
    const double order = w->settings.run.integrator->weak_order;
    const double gain = order < 100.0 ? 1.0 / (pow(coarse->h / fine->h, order) - 1.0) : 0.0;
    w->result->reference[k] = fine->mean[k] + gain * (fine->mean[k] - coarse->mean[k]);
    w->result->extrapolated[k] = true;
    *error = hypot((1.0 + gain) * error_of(fine, k), gain * error_of(coarse, k));
}

void nsde_study_conclude(nsde_study_work *w)
{
    nsde_study *s = w->result;
    for (size_t i = 0; i < s->n_cells; i++) {
        nsde_study_cell *c = &s->cells[i];
        const double n = (double)c->replicates;
        c->seconds /= n;
        for (size_t k = 0; k <= s->n; k++) {
            c->mean[k] = c->replicates ? c->mean[k] : NAN;
            c->variance[k] = c->replicates > 1 ? c->variance[k] / (n - 1.0) : NAN;
            c->reported[k] /= n;
        }
    }
    for (size_t k = 0; k <= s->n; k++) {
        double error = 0.0;
        s->reference[k] = w->study->exact ? w->study->exact[k] : NAN;
        if (isnan(s->reference[k]))
            extrapolate(w, k, &error);
        for (size_t i = 0; i < s->n_cells; i++) {
            nsde_study_cell *c = &s->cells[i];
            c->bias[k] = c->mean[k] - s->reference[k];
            c->bias_error[k] = hypot(error_of(c, k), error);
        }
    }
}
