/* Control variates: numbers of each path whose expectation is known, and what is left of others when what
 * they have in common with these is taken away. Private to src/estimate.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef NSDE_ESTIMATE_CONTROLS_H
#define NSDE_ESTIMATE_CONTROLS_H

#include "core/error.h"
#include "estimate/estimate.h"

enum { NSDE_CONTROLS_MOST = 8 };

typedef struct nsde_controls {
    size_t count;
    double *values;  /* [count][paths], less their expectations */
    double *samples; /* [count][samples] of these, made orthogonal */
    double *scratch; /* [samples] */
    double variance[NSDE_CONTROLS_MOST];
    bool used;
} nsde_controls;

/* The controls of a run, by a run of the solver for each; NULL where none are asked for. */
NSDE_MUST_USE nsde_status nsde_controls_create(const nsde_estimate_work *work, nsde_controls **controls);
void nsde_controls_destroy(nsde_controls *controls); /* takes NULL */

/* Makes columns [count][all] uncorrelated over their first n entries, without touching that their expectation
 * is 0; variance[count] is what is left of them, 0 where nothing is. */
void nsde_controls_orthogonalise(size_t count, double *columns, size_t n, size_t all, double *variance);
/* Takes from y [all] what it has in common, over the first n, with such columns. */
void nsde_controls_apply(size_t count, const double *columns, const double *variance, size_t n, size_t all,
                         double *y);

#endif
