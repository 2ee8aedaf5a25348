/* nsde/net.h: feed-forward networks, to stand in a drift, a diffusion, an initial condition or an encoder.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef NSDE_NET_H
#define NSDE_NET_H

#include <gsl/gsl_rng.h>

#include "nsde/tape.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Activations: identifier, name. LipSwish is 0.909 x sigmoid(x), of Lipschitz constant 1 (Chen, Behrmann,
 *  Duvenaud and Jacobsen 2019); SiLU is x sigmoid(x). */
#define NSDE_ACTIVATION_LIST(X)                                                                              \
    X(TANH, "tanh")                                                                                          \
    X(SILU, "silu")                                                                                          \
    X(LIPSWISH, "lipswish")                                                                                  \
    X(SOFTPLUS, "softplus") X(RELU, "relu") X(SIGMOID, "sigmoid") X(IDENTITY, "identity")

/** See NSDE_ACTIVATION_LIST. */
typedef enum nsde_activation {
#define NSDE_ACTIVATION_ENUM(name, text) NSDE_ACTIVATION_##name,
    NSDE_ACTIVATION_LIST(NSDE_ACTIVATION_ENUM)
#undef NSDE_ACTIVATION_ENUM
} nsde_activation;

NSDE_API const char *nsde_activation_name(nsde_activation activation); /**< "tanh", … */
/** The activation of that name.
 *  @return NSDE_NOT_FOUND with the names there are */
NSDE_API NSDE_MUST_USE nsde_status nsde_activation_find(const char *name, nsde_activation *activation);
/** Records an activation of any value. */
NSDE_API nsde_var nsde_activate(nsde_activation activation, nsde_var a);

/** What is made of the last layer's numbers. */
typedef enum nsde_output_map {
    NSDE_OUTPUT_LINEAR,   /**< as they are */
    NSDE_OUTPUT_SOFTPLUS, /**< softplus(y) + floor: positive, for a diagonal diffusion */
    NSDE_OUTPUT_EXP,      /**< exp(y) + floor */
    /** The lower triangle of a [d][d] matrix by rows, its diagonal through softplus + floor: a Cholesky
     *  factor, for a full diffusion. `outputs` is d * d, the last layer has d (d + 1) / 2 numbers. */
    NSDE_OUTPUT_CHOLESKY
} nsde_output_map;

/** A network as its author describes it. */
typedef struct nsde_net_definition {
    const char *name; /**< before the names of its parameter blocks: "drift" gives drift.W1, drift.b1, … */
    size_t inputs, outputs; /**< rows in and out */
    const size_t *hidden;   /**< [n_hidden] widths */
    size_t n_hidden;
    nsde_activation activation; /**< after each hidden layer */
    nsde_output_map map;
    double floor; /**< see nsde_output_map; >= 0 */
} nsde_net_definition;

/** A network's shape. Its weights are the caller's: a flat vector of W1 [width][inputs] row-major, b1, W2, …
 *  Immutable but for its standardisation. */
typedef struct nsde_net nsde_net;

/** Checks and copies a definition.
 *  @return NSDE_INVALID or NSDE_OVERFLOW naming the network and the layer */
NSDE_API NSDE_MUST_USE nsde_status nsde_net_create(const nsde_net_definition *definition, nsde_net **net);
NSDE_API void nsde_net_destroy(nsde_net *net); /**< Takes NULL. */
/** What it was made from, copied; valid as long as the network. */
NSDE_API const nsde_net_definition *nsde_net_describe(const nsde_net *net);

/** Hidden layers and activation from text such as "mlp:64,64" or "mlp:32:silu".
 *  @param hidden [most] written
 *  @return NSDE_PARSE with the form expected */
NSDE_API NSDE_MUST_USE nsde_status nsde_net_parse(const char *text, size_t most, size_t *hidden,
                                                  size_t *n_hidden, nsde_activation *activation);

NSDE_API size_t nsde_net_weights(const nsde_net *net); /**< Length of the flat vector. */
NSDE_API size_t nsde_net_blocks(const nsde_net *net);  /**< W1, b1, W2, b2, …: two a layer. */
/** A block of the weights: its name ("drift.W1"), where it starts, its rows and columns (1 for biases).
 *  Pointers may be NULL; the name belongs to the network. */
NSDE_API void nsde_net_block(const nsde_net *net, size_t block, const char **name, size_t *first,
                             size_t *rows, size_t *columns);

/** Inputs are taken as (x - mean) / scale and outputs of the last layer as mean + scale y, before the map.
 *  Arrays of the network's inputs or last layer's numbers, copied; NULL leaves that side as it is. Finite,
 *  scales not 0.
 *  @return NSDE_INVALID otherwise; NSDE_NO_MEMORY */
NSDE_API NSDE_MUST_USE nsde_status nsde_net_standardise(nsde_net *net, const double *input_mean,
                                                        const double *input_scale, const double *output_mean,
                                                        const double *output_scale);
/** What nsde_net_standardise set; NULL where nothing. */
NSDE_API void nsde_net_standardisation(const nsde_net *net, const double **input_mean,
                                       const double **input_scale, const double **output_mean,
                                       const double **output_scale);

/** How weights are drawn; biases start at 0. */
typedef enum nsde_initialisation {
    NSDE_INIT_GLOROT,    /**< uniform within sqrt(6 / (in + out)) (Glorot and Bengio 2010, eq. 16) */
    NSDE_INIT_LECUN,     /**< normal of variance 1 / in (LeCun, Bottou, Orr and Mueller 1998, section 4.6) */
    NSDE_INIT_ORTHOGONAL /**< rows or columns orthonormal (Saxe, McClelland and Ganguli 2014) */
} nsde_initialisation;

/** Draws weights.
 *  @param weights [nsde_net_weights] written
 *  @return NSDE_INVALID; NSDE_OVERFLOW and NSDE_NO_MEMORY (NSDE_INIT_ORTHOGONAL) */
NSDE_API NSDE_MUST_USE nsde_status nsde_net_initialise(const nsde_net *net, nsde_initialisation scheme,
                                                       gsl_rng *rng, double *weights);
/** Clips every entry of each W to within 1 / in, which bounds the Lipschitz constant of a network of
 *  1-Lipschitz activations (in the maximum norm) by 1 (Kidger, Foster, Li and Lyons 2021, section 5). */
NSDE_API void nsde_net_clip(const nsde_net *net, double *weights);

/** Records the network: weights of nsde_net_weights rows, uniform; inputs given in parts one below another,
 *  whose rows are `inputs` in all. Each part may be uniform or per path. */
NSDE_API nsde_var nsde_net_record(const nsde_net *net, nsde_var weights, size_t n_parts,
                                  const nsde_var parts[]);

#ifdef __cplusplus
}
#endif

#endif
