/* Paths with tangents, on panels: forward mode through the recorded step, with nothing stored over time.
 * Private to src/estimate.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef NSDE_ESTIMATE_TANGENTS_H
#define NSDE_ESTIMATE_TANGENTS_H

#include "core/error.h"
#include "core/memory.h"
#include "nsde/gradient.h"

/* What the partials follow. */
typedef enum nsde_tangents_kind {
    NSDE_TANGENTS_PATH, /* the path: derivatives of the state and the loss */
    /* The law: the state is held fixed, and the derivative of the log density of the Euler-Maruyama steps is
     * summed; the loss's tangents are those of the parameters it names itself. */
    NSDE_TANGENTS_SCORE,
    /* Second derivatives, each direction with itself and all at once: along the path, and along it of the
     * score and of what the loss itself says of the direction … */
    NSDE_TANGENTS_SCORE_ALONG_PATH,
    /* … or at a fixed path, of the score and the loss. */
    NSDE_TANGENTS_SECOND_SCORE
} nsde_tangents_kind;

/* Directions are numbered through: the parameters, then the initial states. */
typedef struct nsde_tangents_settings {
    const nsde_model *model;
    const nsde_loss *loss;             /* recorded */
    const nsde_gradient_settings *run; /* checked; integrator and noise are given */
    nsde_tangents_kind kind;
    size_t partials; /* followed at once; 0 for values alone */
    bool outputs;    /* the parameters are all the directions: they are what a network puts out … */
    bool per_path;   /* … and even differ from path to path */
} nsde_tangents_settings;

typedef struct nsde_tangents nsde_tangents;

NSDE_MUST_USE nsde_status nsde_tangents_create(const nsde_tangents_settings *settings, nsde_tangents **out);
void nsde_tangents_destroy(nsde_tangents *tangents); /* takes NULL */
size_t nsde_tangents_bytes(const nsde_tangents *tangents);

/* Where results go; NULL is not wanted. */
typedef struct nsde_tangents_result {
    double *loss;     /* [paths] */
    double *tangents; /* [partials][paths] */
    double *score;    /* [partials][paths], but for NSDE_TANGENTS_PATH */
    /* [partials][paths], for second derivatives: of the score, and of the loss's own dependence. */
    double *second_score, *second_loss;
} nsde_tangents_result;

/* Runs all paths with the directions first … first + partials - 1 (those beyond the last are zero).
 * parameters: [n_parameters], or [n_parameters][paths] where per_path; x0: [dim]. Allocates nothing; results
 * do not depend on the number of threads. NSDE_DIVERGED names the first path whose loss is not finite. */
NSDE_MUST_USE nsde_status nsde_tangents_run(nsde_tangents *tangents, const double *parameters,
                                            const double *x0, size_t first,
                                            const nsde_tangents_result *result);

#endif
