/* Second derivatives by the score alone (see gamma.c): the loss may jump.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "estimate/estimate.h"

static nsde_status run(nsde_estimate_work *w)
{
    return nsde_estimate_second(w, NSDE_TANGENTS_SECOND_SCORE);
}

const nsde_estimator nsde_estimator_gamma_likelihood_ratio = {
    .name = "gamma_likelihood_ratio",
    .aliases = "second_likelihood_ratio",
    .title = "second derivatives: the likelihood ratio twice",
    .source = "Glasserman 2003, section 7.3.3",
    .second = true,
    .run = run,
};
