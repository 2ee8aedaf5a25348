/* A network from inside; private to src/net.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef NSDE_NET_NET_H
#define NSDE_NET_NET_H

#include "nsde/net.h"

typedef struct nsde_layer {
    size_t inputs, outputs, weights, biases; /* the last two: where W and b start */
    char *names[2];                          /* of the blocks W and b */
} nsde_layer;

struct nsde_net {
    nsde_net_definition definition;
    char *name;
    size_t *hidden;
    nsde_layer *layers; /* [n_hidden + 1] */
    size_t n_layers, n_weights;
    double *standard[4]; /* input mean, input scale, output mean, output scale; NULL where not set */
};

#endif
