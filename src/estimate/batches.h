/* Estimators that add up over paths as they go: standard errors come from batches of paths. Private to
 * src/estimate.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef NSDE_ESTIMATE_BATCHES_H
#define NSDE_ESTIMATE_BATCHES_H

#include "estimate/estimate.h"

/* Batches of `size` paths each, from path `first` on; writes rows[n][1 + n components]: the mean loss of each
 * batch, then its derivatives. */
typedef struct nsde_batches {
    size_t first, size, n;
    double *rows;
} nsde_batches;

typedef nsde_status (*nsde_batches_run)(nsde_estimate_work *work, const nsde_batches *batches);

/* Fills the result from some 64 batches, and one of what is left over. */
NSDE_MUST_USE nsde_status nsde_estimate_by_batches(nsde_estimate_work *work, nsde_batches_run run);

/* Batches by the engine of nsde/gradient.h: of the work's problem, whose model may have more states than the
 * work has (the first of them are the work's). */
NSDE_MUST_USE nsde_status nsde_estimate_engine_batches(nsde_estimate_work *work, const nsde_batches *batches);
/* Reverse mode by that engine, whatever `keep` says. */
NSDE_MUST_USE nsde_status nsde_estimate_by_engine(nsde_estimate_work *work);

#endif
