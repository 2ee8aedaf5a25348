/* nsde/neural.h: models whose drift and diffusion are networks.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef NSDE_NEURAL_H
#define NSDE_NEURAL_H

#include "nsde/model.h"
#include "nsde/net.h"

#ifdef __cplusplus
extern "C" {
#endif

/** dX = drift(x, t) dt + diffusion(x, t) dW with networks for both; zeros are sensible. */
typedef struct nsde_neural_settings {
    const char *name; /**< NULL for "neural" */
    size_t dim;
    const char *drift, *diffusion; /**< as nsde_net_parse takes them: "mlp:64,64", "mlp:32:silu" */
    bool autonomous;               /**< the networks do not see the time */
    size_t n_inputs;               /**< inputs u of each path, which both networks see after x and t */
    /** A full [dim][dim] matrix (a Cholesky factor), not a diagonal one. */
    bool full;
    /** Diagonal: NSDE_OUTPUT_SOFTPLUS or NSDE_OUTPUT_EXP; NSDE_OUTPUT_LINEAR stands for the former. */
    nsde_output_map map;
    double floor; /**< least value of the (diagonal of the) diffusion, but for rounding */
    nsde_calculus calculus;
} nsde_neural_settings;

/** A neural model: its parameters are the weights of the drift's network, then those of the diffusion's. The
 *  noise is general unless dim is 1, for every entry of the diffusion sees all the states.
 *  @return NSDE_INVALID, NSDE_PARSE (drift or diffusion), NSDE_OVERFLOW, NSDE_NO_MEMORY */
NSDE_API NSDE_MUST_USE nsde_status nsde_neural_create(const nsde_neural_settings *settings,
                                                      nsde_model **model);
/** The networks of a neural model: 0 the drift's, 1 the diffusion's; NULL for other models and numbers. They
 *  belong to the model; standardise them before anything is made of it. */
NSDE_API nsde_net *nsde_neural_net(const nsde_model *model, size_t number);
/** Draws the weights of both networks.
 *  @param parameters [n_parameters] written
 *  @return NSDE_INVALID for other models; else as nsde_net_initialise */
NSDE_API NSDE_MUST_USE nsde_status nsde_neural_initialise(const nsde_model *model, nsde_initialisation scheme,
                                                          gsl_rng *rng, double *parameters);

/** Clips the weights of its networks (nsde_net_clip).
 *  @param parameters [n_parameters] changed */
NSDE_API void nsde_neural_clip(const nsde_model *model, double *parameters);

#ifdef __cplusplus
}
#endif

#endif
