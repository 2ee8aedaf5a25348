/* From the maximum to standard errors, intervals and warnings.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef NSDE_FIT_INFERENCE_H
#define NSDE_FIT_INFERENCE_H

#include "core/error.h"
#include "core/memory.h"
#include "nsde/fit.h"

/* All of a fit's memory but its warnings; estimates hold the names and NaN. */
NSDE_MUST_USE nsde_status nsde_fit_allocate(const nsde_model *model, nsde_fit **fit);

/* Fills in covariance, standard errors and intervals from values, hessian, fixed, at_bound; *definite says
 * whether the information is a positive definite matrix (over the parameters off their bounds). */
NSDE_MUST_USE nsde_status nsde_fit_infer(const nsde_model *model, nsde_fit *fit, bool *definite);
/* Fills in the rate of reversion, its bias and its standard error. */
NSDE_MUST_USE nsde_status nsde_fit_reversion(const nsde_model *model, nsde_fit *fit);
/* Fills in the warnings. */
NSDE_MUST_USE nsde_status nsde_fit_warn(const nsde_model *model, bool definite, nsde_fit *fit);

#endif
