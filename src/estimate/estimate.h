/* What estimators have in common; private to src/estimate. An estimator is a file that defines
 * nsde_estimator_NAME, and its name in meson.build.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef NSDE_ESTIMATE_ESTIMATE_H
#define NSDE_ESTIMATE_ESTIMATE_H

#include "estimate/tangents.h"
#include "nsde/estimate.h"

/* A problem that has been checked, and the result to be filled: value and std_error are there. */
typedef struct nsde_estimate_work {
    nsde_estimate_problem problem;
    nsde_estimate_settings settings; /* integrator and noise are given */
    nsde_gradient_estimate *result;
    size_t n, n_parameters, dim, paths;
    struct nsde_controls *controls; /* NULL for none */
} nsde_estimate_work;

/* The number of samples that `paths` paths are: pairs count once. */
size_t nsde_estimate_samples(const nsde_estimate_work *work);
/* Means and standard errors from the numbers of all paths: of the loss, and of component k (which keeps its
 * samples if they are wanted). */
void nsde_estimate_take_loss(const nsde_estimate_work *work, const double *of_paths);
void nsde_estimate_take(const nsde_estimate_work *work, size_t k, const double *of_paths);
/* Adds to the bytes held. */
void nsde_estimate_count(const nsde_estimate_work *work, size_t bytes);
void nsde_estimate_note(const nsde_estimate_work *work, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* For estimators that do not see jumps: adds a warning to the note where the loss has one. */
NSDE_MUST_USE nsde_status nsde_estimate_warn_of_jumps(const nsde_estimate_work *work);

/* scrambled.c: a run on quasi-random paths, checked; *estimate is NULL. */
NSDE_MUST_USE nsde_status nsde_estimate_scrambled(const nsde_estimator *estimator,
                                                  const nsde_estimate_problem *problem,
                                                  const nsde_estimate_settings *settings,
                                                  nsde_gradient_estimate **estimate);
/* gamma.c: second derivatives, each direction with itself. */
NSDE_MUST_USE nsde_status nsde_estimate_second(nsde_estimate_work *work, nsde_tangents_kind kind);

#define X(name) extern const nsde_estimator nsde_estimator_##name;
#include "estimators.def"
#undef X

#endif
