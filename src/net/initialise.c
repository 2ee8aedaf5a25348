/* First weights, and keeping them within bounds.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <gsl/gsl_randist.h>
#include <lapacke.h>
#include <math.h>
#include <string.h>

#include "core/error.h"
#include "core/memory.h"
#include "net/net.h"

/* The orthogonal factor of a tall matrix of normals, its columns' signs those of R's diagonal so that the law
 * is uniform (Mezzadri 2007); laid down so that the shorter side is orthonormal. */
static nsde_status orthogonal(const nsde_layer *layer, gsl_rng *rng, double *W)
{
    const size_t rows = layer->outputs, columns = layer->inputs;
    const size_t tall = rows > columns ? rows : columns, narrow = rows + columns - tall;
    void *memory;
    const nsde_status status = nsde_alloc(tall * narrow + 2 * narrow, sizeof(double), "weights", &memory);
    if (status)
        return status;
    double *q = memory, *tau = q + tall * narrow, *sign = tau + narrow;
    for (size_t i = 0; i < tall * narrow; i++)
        q[i] = gsl_ran_gaussian_ziggurat(rng, 1.0);
    int failed = LAPACKE_dgeqrf(LAPACK_ROW_MAJOR, (int)tall, (int)narrow, q, (int)narrow, tau);
    for (size_t j = 0; j < narrow; j++)
        sign[j] = q[j * narrow + j] < 0.0 ? -1.0 : 1.0;
    if (!failed)
        failed = LAPACKE_dorgqr(LAPACK_ROW_MAJOR, (int)tall, (int)narrow, (int)narrow, q, (int)narrow, tau);
    for (size_t i = 0; i < tall; i++)
        for (size_t j = 0; j < narrow; j++)
            W[rows > columns ? i * columns + j : j * columns + i] = sign[j] * q[i * narrow + j];
    nsde_free(memory);
    return failed ? nsde_fail(NSDE_NO_MEMORY, "orthogonal weights: LAPACK could not factor (%d)", failed)
                  : NSDE_OK;
}

static nsde_status fill(const nsde_layer *layer, nsde_initialisation scheme, gsl_rng *rng, double *W)
{
    const double in = (double)layer->inputs, out = (double)layer->outputs;
    const double limit = sqrt(6.0 / (in + out)), sd = sqrt(1.0 / in);
    if (scheme == NSDE_INIT_ORTHOGONAL)
        return orthogonal(layer, rng, W);
    for (size_t i = 0; i < layer->inputs * layer->outputs; i++)
        W[i] = scheme == NSDE_INIT_GLOROT ? limit * (2.0 * gsl_rng_uniform(rng) - 1.0)
                                          : gsl_ran_gaussian_ziggurat(rng, sd);
    return NSDE_OK;
}

nsde_status nsde_net_initialise(const nsde_net *net, nsde_initialisation scheme, gsl_rng *rng,
                                double *weights)
{
    nsde_status status = NSDE_OK;
    if (!net || !rng || !weights || scheme < NSDE_INIT_GLOROT || scheme > NSDE_INIT_ORTHOGONAL)
        return nsde_fail(NSDE_INVALID,
                         "nsde_net_initialise: a network, a scheme, a generator and a place for the "
                         "weights are needed");
    for (size_t i = 0; i < net->n_layers && !status; i++) {
        const nsde_layer *layer = &net->layers[i];
        status = fill(layer, scheme, rng, weights + layer->weights);
        memset(weights + layer->biases, 0, layer->outputs * sizeof(double));
    }
    return status;
}

void nsde_net_clip(const nsde_net *net, double *weights)
{
    for (size_t i = 0; i < net->n_layers; i++) {
        const nsde_layer *layer = &net->layers[i];
        const double limit = 1.0 / (double)layer->inputs;
        double *W = weights + layer->weights;
        for (size_t k = 0; k < layer->inputs * layer->outputs; k++)
            W[k] = W[k] > limit ? limit : W[k] < -limit ? -limit : W[k];
    }
}
