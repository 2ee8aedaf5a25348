/* Models whose drift and diffusion are networks.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "nsde/neural.h"

#include <math.h>

#include "core/error.h"
#include "core/memory.h"

enum { DRIFT, DIFFUSION, NETS };

/* The context of a neural model. */
typedef struct neural {
    nsde_net *nets[NETS];
    bool autonomous;
    size_t n_inputs;
    char *name;
    nsde_parameter_definition *blocks;
} neural;

static void release(void *context)
{
    neural *n = context;
    for (int k = 0; k < NETS; k++)
        nsde_net_destroy(n->nets[k]);
    nsde_free(n->blocks);
    nsde_free(n->name);
    nsde_free(n);
}

static nsde_var record(const nsde_at *at, int which)
{
    const neural *n = at->context;
    const size_t weights = nsde_net_weights(n->nets[which]);
    const size_t first = which == DRIFT ? 0 : nsde_net_weights(n->nets[DRIFT]);
    nsde_var seen[3] = {at->x};
    size_t count = 1;
    if (!n->autonomous)
        seen[count++] = at->t;
    if (n->n_inputs)
        seen[count++] = at->u;
    return nsde_net_record(n->nets[which], nsde_slice(at->p, first, weights), count, seen);
}

static nsde_var drift(const nsde_at *at)
{
    return record(at, DRIFT);
}

static nsde_var diffusion(const nsde_at *at)
{
    return record(at, DIFFUSION);
}

static nsde_status create_net(const nsde_neural_settings *s, int which, nsde_net **net)
{
    enum { LAYERS = 32 };
    size_t hidden[LAYERS];
    nsde_net_definition d = {.name = which == DRIFT ? "drift" : "diffusion",
                             .inputs = s->dim + (s->autonomous ? 0 : 1) + s->n_inputs,
                             .outputs = s->dim,
                             .hidden = hidden};
    if (which == DIFFUSION) {
        d.map = s->full                     ? NSDE_OUTPUT_CHOLESKY
                : s->map == NSDE_OUTPUT_EXP ? NSDE_OUTPUT_EXP
                                            : NSDE_OUTPUT_SOFTPLUS;
        d.floor = s->floor;
        d.outputs = s->full ? s->dim * s->dim : s->dim;
    }
    const nsde_status status =
        nsde_net_parse(which == DRIFT ? s->drift : s->diffusion, LAYERS, hidden, &d.n_hidden, &d.activation);
    return status ? nsde_fail_within(status, "%s", d.name) : nsde_net_create(&d, net);
}

/* The blocks of both networks as parameters without bounds. */
static nsde_status list_blocks(neural *n, size_t *count)
{
    void *memory;
    *count = nsde_net_blocks(n->nets[DRIFT]) + nsde_net_blocks(n->nets[DIFFUSION]);
    const nsde_status status = nsde_alloc(*count, sizeof(nsde_parameter_definition), "model", &memory);
    n->blocks = memory;
    nsde_parameter_definition *block = n->blocks;
    for (int k = 0; k < NETS && !status; k++)
        for (size_t b = 0; b < nsde_net_blocks(n->nets[k]); b++, block++) {
            size_t rows, columns;
            *block = (nsde_parameter_definition){.doc = "weights", .lower = -INFINITY, .upper = INFINITY};
            nsde_net_block(n->nets[k], b, &block->name, NULL, &rows, &columns);
            block->count = rows * columns;
        }
    return status;
}

static nsde_status check(const nsde_neural_settings *s)
{
    if (!s || s->dim == 0 || s->dim > INT16_MAX)
        return nsde_fail(NSDE_INVALID, "a neural model needs settings with a dimension from 1 to %d",
                         INT16_MAX);
    if (s->n_inputs > INT16_MAX)
        return nsde_fail(NSDE_INVALID, "a neural model of %zu inputs is not possible", s->n_inputs);
    if (s->map < NSDE_OUTPUT_LINEAR || s->map > NSDE_OUTPUT_EXP)
        return nsde_fail(NSDE_INVALID, "a neural model's diagonal diffusion is mapped by softplus or exp");
    return NSDE_OK;
}

nsde_status nsde_neural_create(const nsde_neural_settings *settings, nsde_model **model)
{
    void *memory;
    if (!model)
        return nsde_fail(NSDE_INVALID, "nsde_neural_create: model is NULL");
    *model = NULL;
    nsde_status status = check(settings);
    if (!status)
        status = nsde_alloc(1, sizeof(neural), "model", &memory);
    if (status)
        return status;
    neural *n = memory;
    n->autonomous = settings->autonomous;
    n->n_inputs = settings->n_inputs;
    nsde_model_definition d = {.equation = settings->n_inputs ? "dX = net(X, t, u) dt + net(X, t, u) dW"
                                                              : "dX = net(X, t) dt + net(X, t) dW",
                               .doc = "networks for drift and diffusion",
                               .dim = settings->dim,
                               .n_inputs = settings->n_inputs,
                               .noise = settings->dim == 1 ? NSDE_NOISE_DIAGONAL : NSDE_NOISE_GENERAL,
                               .calculus = settings->calculus,
                               .drift = drift,
                               .diffusion = diffusion,
                               .context = n,
                               .release = release};
    status = nsde_copy_string(settings->name ? settings->name : "neural", &n->name);
    for (int k = 0; k < NETS && !status; k++)
        status = create_net(settings, k, &n->nets[k]);
    if (!status)
        status = list_blocks(n, &d.n_parameters);
    if (status) {
        release(n);
        return status;
    }
    d.name = n->name;
    d.parameters = n->blocks;
    return nsde_model_create(&d, model);
}

nsde_net *nsde_neural_net(const nsde_model *model, size_t number)
{
    const nsde_model_definition *d = nsde_model_describe(model);
    return d->drift == drift && number < NETS ? ((neural *)d->context)->nets[number] : NULL;
}

nsde_status nsde_neural_initialise(const nsde_model *model, nsde_initialisation scheme, gsl_rng *rng,
                                   double *parameters)
{
    nsde_status status = NSDE_OK;
    if (!model || !nsde_neural_net(model, 0) || !parameters)
        return nsde_fail(NSDE_INVALID,
                         "nsde_neural_initialise: a neural model and a place for its weights are needed");
    for (size_t k = 0; k < NETS && !status; k++) {
        status = nsde_net_initialise(nsde_neural_net(model, k), scheme, rng, parameters);
        parameters += nsde_net_weights(nsde_neural_net(model, k));
    }
    return status;
}

void nsde_neural_clip(const nsde_model *model, double *parameters)
{
    for (size_t k = 0; k < NETS && nsde_neural_net(model, k); k++) {
        nsde_net_clip(nsde_neural_net(model, k), parameters);
        parameters += nsde_net_weights(nsde_neural_net(model, k));
    }
}
