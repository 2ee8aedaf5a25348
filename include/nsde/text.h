/* nsde/text.h: models and losses from text.
 *
 * An expression is made of
 *   numbers (2, 0.5, 1e-3), the constants pi and e, names, + - * / ^ (to the right first, and before the
 *   sign: -x^2 is -(x^2)) and parentheses;
 *   exp log log1p expm1 sqrt square sin cos atan sinh cosh asinh tanh sigmoid softplus silu abs sign erf
 *   normal_cdf of one argument, min(a, b), max(a, b), pow(a, b), and select(s, a, b), which is a where
 *   s >= 0 and else b.
 * It is recorded as it stands, so everything that works on a recorded model works on one from text. Text is
 * at most NSDE_TEXT_SIZE bytes long; what cannot be read is refused with the column it begins at.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef NSDE_TEXT_H
#define NSDE_TEXT_H

#include <gsl/gsl_rng.h>

#include "nsde/gradient.h"
#include "nsde/model.h"
#include "nsde/net.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { NSDE_TEXT_SIZE = 65536 };

/** A model in words; all strings are copied, and NULL where they do not apply. */
typedef struct nsde_text_model {
    const char *name; /**< NULL for "text" */
    /** The drift of each state, separated by ';': as many as there are states. In it, and in the diffusion,
     *  the states are x1, x2, … (and x, where there is one), the time is t, and mlp(16,16) is a network of
     *  all states and the time with these hidden layers and one output; mlp(16,silu) has another activation
     *  (nsde_activation_find) than tanh. Its weights are parameters net1.W1[0], …: networks are numbered in
     *  the order of the text, those of the drift first. */
    const char *drift;
    /** The diffusion of each state, separated by ';': the diagonal of g. A row of several entries separated
     *  by ',' is a row of a full matrix, [states][noises]. */
    const char *diffusion;
    /** Parameters separated by ',': name=start, or name=start:lower:upper with open bounds, either of which
     *  may be missing: "kappa=0.5:0:, mu=0.06". A name is made of letters, digits and '_'. */
    const char *parameters;
    nsde_calculus calculus;
    /** Inputs of each path: u1, u2, … (and u, where there is one), which networks see too. */
    size_t n_inputs;
    bool column; /**< one entry a state is not the diagonal but the only column of g: scalar noise */
} nsde_text_model;

/** Makes a model of text. The class of its noise is the narrowest that the names in the diffusion show.
 *  @return NSDE_PARSE naming the text and the column; NSDE_INVALID; NSDE_NO_MEMORY */
NSDE_API NSDE_MUST_USE nsde_status nsde_model_from_text(const nsde_text_model *text, nsde_model **model);
/** Where a model starts: parameters at their start, the weights of networks drawn by `scheme`. Any model.
 *  @param parameters [n_parameters] written
 *  @return NSDE_INVALID; else as nsde_net_initialise */
NSDE_API NSDE_MUST_USE nsde_status nsde_text_initialise(const nsde_model *model, nsde_initialisation scheme,
                                                        gsl_rng *rng, double *parameters);

/** A loss of each path from text, over the model's parameters by name, the states (x or x1, x2, …) at the
 *  last observation time, t, that time, and the inputs (u, u1, …) of models that have some. x[0], x2[3] are
 *  states at the observation of that number, counted from 0; mean(x2), smallest(x2), largest(x2) are over all
 *  observations.
 *  @param loss written; release it with nsde_loss_release_text when nothing uses it any more
 *  @return NSDE_PARSE naming the column; NSDE_NO_MEMORY */
NSDE_API NSDE_MUST_USE nsde_status nsde_loss_from_text(const char *text, const nsde_model *model,
                                                       nsde_loss *loss);
NSDE_API void nsde_loss_release_text(nsde_loss *loss); /**< Takes a zeroed loss. */

#ifdef __cplusplus
}
#endif

#endif
