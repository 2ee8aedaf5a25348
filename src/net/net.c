/* Networks: shapes, names, recording.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "net/net.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/error.h"
#include "core/memory.h"
#include "tape/tape.h"

/* Numbers of the last layer: outputs, or for a Cholesky factor of d * d entries its lower triangle. */
static size_t last_width(const nsde_net_definition *d)
{
    if (d->map != NSDE_OUTPUT_CHOLESKY)
        return d->outputs;
    const size_t side = (size_t)lround(sqrt((double)d->outputs));
    return side * side == d->outputs ? side * (side + 1) / 2 : 0;
}

static nsde_status check(const nsde_net_definition *d)
{
    if (!d || !d->name || !*d->name)
        return nsde_fail(NSDE_INVALID, "a network needs a definition with a name");
    if (d->inputs == 0 || d->outputs == 0 || (d->n_hidden && !d->hidden))
        return nsde_fail(NSDE_INVALID,
                         "network %s: %zu inputs, %zu outputs, or its hidden layers are not possible",
                         d->name, d->inputs, d->outputs);
    for (size_t i = 0; i < d->n_hidden; i++)
        if (d->hidden[i] == 0)
            return nsde_fail(NSDE_INVALID, "network %s: hidden layer %zu has no units", d->name, i + 1);
    if (d->activation < NSDE_ACTIVATION_TANH || d->activation > NSDE_ACTIVATION_IDENTITY ||
        d->map < NSDE_OUTPUT_LINEAR || d->map > NSDE_OUTPUT_CHOLESKY)
        return nsde_fail(NSDE_INVALID, "network %s: no such activation or output map", d->name);
    if (!(d->floor >= 0.0) || !isfinite(d->floor))
        return nsde_fail(NSDE_INVALID, "network %s: a floor of %g", d->name, d->floor);
    if (!last_width(d))
        return nsde_fail(NSDE_INVALID, "network %s: %zu outputs are no square matrix", d->name, d->outputs);
    return NSDE_OK;
}

static nsde_status name_block(nsde_net *net, size_t layer, int which)
{
    char name[256];
    snprintf(name, sizeof name, "%.200s.%c%zu", net->name, which ? 'b' : 'W', layer + 1);
    return nsde_copy_string(name, &net->layers[layer].names[which]);
}

static nsde_status lay_out(nsde_net *net)
{
    const nsde_net_definition *d = &net->definition;
    size_t inputs = d->inputs;
    for (size_t i = 0; i < net->n_layers; i++) {
        nsde_layer *layer = &net->layers[i];
        size_t entries;
        layer->inputs = inputs;
        layer->outputs = inputs = i < d->n_hidden ? d->hidden[i] : last_width(d);
        layer->weights = net->n_weights;
        if (!nsde_size_mul(layer->inputs, layer->outputs, &entries) ||
            !nsde_size_add(net->n_weights, entries, &layer->biases) ||
            !nsde_size_add(layer->biases, layer->outputs, &net->n_weights) || net->n_weights > INT32_MAX)
            return nsde_fail(NSDE_OVERFLOW,
                             "network %s: layer %zu of %zu inputs and %zu outputs is too large", net->name,
                             i + 1, layer->inputs, layer->outputs);
        for (int which = 0; which < 2; which++) {
            const nsde_status status = name_block(net, i, which);
            if (status)
                return status;
        }
    }
    return NSDE_OK;
}

nsde_status nsde_net_create(const nsde_net_definition *definition, nsde_net **net)
{
    if (!net)
        return nsde_fail(NSDE_INVALID, "nsde_net_create: net is NULL");
    *net = NULL;
    nsde_status status = check(definition);
    void *memory = NULL, *hidden = NULL, *layers = NULL;
    if (!status)
        status = nsde_alloc(1, sizeof(nsde_net), "network", &memory);
    if (status)
        return status;
    nsde_net *made = memory;
    made->definition = *definition;
    status = nsde_copy_string(definition->name, &made->name);
    if (!status)
        status = nsde_alloc(definition->n_hidden, sizeof(size_t), "network", &hidden);
    made->hidden = hidden;
    if (!status)
        status = nsde_alloc(definition->n_hidden + 1, sizeof(nsde_layer), "network", &layers);
    made->layers = layers;
    if (!status) {
        if (definition->n_hidden)
            memcpy(made->hidden, definition->hidden, definition->n_hidden * sizeof(size_t));
        made->definition.name = made->name;
        made->definition.hidden = made->hidden;
        made->n_layers = definition->n_hidden + 1;
        status = lay_out(made);
    }
    if (status)
        nsde_net_destroy(made);
    else
        *net = made;
    return status;
}

void nsde_net_destroy(nsde_net *net)
{
    if (!net)
        return;
    for (size_t i = 0; i < net->n_layers; i++)
        for (int which = 0; which < 2; which++)
            nsde_free(net->layers[i].names[which]);
    for (int i = 0; i < 4; i++)
        nsde_free(net->standard[i]);
    nsde_free(net->layers);
    nsde_free(net->hidden);
    nsde_free(net->name);
    nsde_free(net);
}

const nsde_net_definition *nsde_net_describe(const nsde_net *net)
{
    return &net->definition;
}

size_t nsde_net_weights(const nsde_net *net)
{
    return net->n_weights;
}

size_t nsde_net_blocks(const nsde_net *net)
{
    return 2 * net->n_layers;
}

void nsde_net_block(const nsde_net *net, size_t block, const char **name, size_t *first, size_t *rows,
                    size_t *columns)
{
    const nsde_layer *layer = &net->layers[block / 2];
    const bool bias = block % 2;
    if (name)
        *name = layer->names[bias];
    if (first)
        *first = bias ? layer->biases : layer->weights;
    if (rows)
        *rows = layer->outputs;
    if (columns)
        *columns = bias ? 1 : layer->inputs;
}

/* ---- standardisation ---- */

static nsde_status set_standard(nsde_net *net, int which, size_t n, const double *values)
{
    static const char *const what[] = {"input mean", "input scale", "output mean", "output scale"};
    void *copy;
    if (!values)
        return NSDE_OK;
    for (size_t i = 0; i < n; i++)
        if (!isfinite(values[i]) || (which % 2 && values[i] == 0.0))
            return nsde_fail(NSDE_INVALID, "network %s: %s %zu is %g", net->name, what[which], i, values[i]);
    const nsde_status status = nsde_alloc(n, sizeof(double), "standardisation", &copy);
    if (status)
        return status;
    memcpy(copy, values, n * sizeof(double));
    nsde_free(net->standard[which]);
    net->standard[which] = copy;
    return NSDE_OK;
}

nsde_status nsde_net_standardise(nsde_net *net, const double *input_mean, const double *input_scale,
                                 const double *output_mean, const double *output_scale)
{
    const size_t inputs = net->definition.inputs, outputs = last_width(&net->definition);
    nsde_status status = set_standard(net, 0, inputs, input_mean);
    if (!status)
        status = set_standard(net, 1, inputs, input_scale);
    if (!status)
        status = set_standard(net, 2, outputs, output_mean);
    return status ? status : set_standard(net, 3, outputs, output_scale);
}

void nsde_net_standardisation(const nsde_net *net, const double **input_mean, const double **input_scale,
                              const double **output_mean, const double **output_scale)
{
    *input_mean = net->standard[0];
    *input_scale = net->standard[1];
    *output_mean = net->standard[2];
    *output_scale = net->standard[3];
}

/* ---- recording ---- */

/* The lower triangle by rows to a full matrix, zeros above the diagonal. */
static nsde_var full_matrix(const nsde_net *net, nsde_var triangle)
{
    const size_t side = (size_t)lround(sqrt((double)net->definition.outputs));
    nsde_tape *tape = triangle.tape;
    void *memory;
    const nsde_status status = nsde_alloc(side * side, sizeof(nsde_var), "network", &memory);
    if (status)
        return nsde_tape_break(tape, status);
    nsde_var *entries = memory;
    for (size_t i = 0, k = 0; i < side; i++)
        for (size_t j = 0; j < side; j++) {
            nsde_var entry = j > i ? nsde_real(tape, 0.0) : nsde_row(triangle, k++);
            entries[i * side + j] =
                i == j ? nsde_add_real(nsde_softplus(entry), net->definition.floor) : entry;
        }
    const nsde_var matrix = nsde_stack(side * side, entries);
    nsde_free(memory);
    return matrix;
}

static nsde_var map_output(const nsde_net *net, nsde_var y)
{
    const nsde_net_definition *d = &net->definition;
    switch (d->map) {
    case NSDE_OUTPUT_SOFTPLUS:
        y = nsde_softplus(y);
        break;
    case NSDE_OUTPUT_EXP:
        y = nsde_exp(y);
        break;
    case NSDE_OUTPUT_CHOLESKY:
        return full_matrix(net, y);
    case NSDE_OUTPUT_LINEAR:
        return y;
    }
    return d->floor > 0.0 ? nsde_add_real(y, d->floor) : y;
}

nsde_var nsde_net_record(const nsde_net *net, nsde_var weights, size_t n_parts, const nsde_var parts[])
{
    nsde_tape *tape = weights.tape;
    nsde_var a = nsde_stack(n_parts, parts);
    if (nsde_tape_status(tape))
        return a;
    if (nsde_rows(a) != net->definition.inputs || nsde_rows(weights) != net->n_weights)
        return nsde_tape_fail(tape, "network %s: %zu inputs and %zu weights, not %zu and %zu", net->name,
                              net->definition.inputs, net->n_weights, nsde_rows(a), nsde_rows(weights));
    if (net->standard[0])
        a = nsde_sub(a, nsde_constant(tape, net->definition.inputs, net->standard[0]));
    if (net->standard[1])
        a = nsde_div(a, nsde_constant(tape, net->definition.inputs, net->standard[1]));
    for (size_t i = 0; i < net->n_layers; i++) {
        const nsde_layer *layer = &net->layers[i];
        const nsde_var bias = nsde_slice(weights, layer->biases, layer->outputs);
        const nsde_var matrix = nsde_slice(weights, layer->weights, layer->inputs * layer->outputs);
        a = nsde_dense(matrix, &bias, a, layer->outputs);
        if (i + 1 < net->n_layers)
            a = nsde_activate(net->definition.activation, a);
    }
    if (net->standard[3])
        a = nsde_mul(a, nsde_constant(tape, last_width(&net->definition), net->standard[3]));
    if (net->standard[2])
        a = nsde_add(a, nsde_constant(tape, last_width(&net->definition), net->standard[2]));
    return map_output(net, a);
}
