/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "train/constrain.h"

#include <string.h>

#include "io/checksum.h"
#include "nsde/neural.h"

void nsde_constrain_to_bounds(const nsde_model *model, const double *before, double *parameters)
{
    const nsde_model_definition *d = nsde_model_describe(model);
    for (size_t i = 0; i < d->n_parameters; i++) {
        if (parameters[i] <= d->parameters[i].lower)
            parameters[i] = 0.5 * (before[i] + d->parameters[i].lower);
        else if (parameters[i] >= d->parameters[i].upper)
            parameters[i] = 0.5 * (before[i] + d->parameters[i].upper);
    }
}

static uint64_t add_net(uint64_t sum, const nsde_net *net)
{
    const nsde_net_definition *d = nsde_net_describe(net);
    const double *standard[4];
    const uint64_t kind[] = {d->inputs, d->outputs, d->n_hidden, (uint64_t)d->activation, (uint64_t)d->map};
    sum = nsde_checksum(sum, kind, sizeof kind);
    sum = nsde_checksum(sum, d->hidden, d->n_hidden * sizeof *d->hidden);
    sum = nsde_checksum(sum, &d->floor, sizeof d->floor);
    nsde_net_standardisation(net, &standard[0], &standard[1], &standard[2], &standard[3]);
    size_t last;
    nsde_net_block(net, nsde_net_blocks(net) - 1, NULL, NULL, &last, NULL);
    for (int i = 0; i < 4; i++)
        if (standard[i])
            sum = nsde_checksum(sum, standard[i], (i < 2 ? d->inputs : last) * sizeof(double));
    return sum;
}

uint64_t nsde_model_identity(const nsde_model *model)
{
    const nsde_model_definition *d = nsde_model_describe(model);
    const uint64_t sizes[] = {d->dim, d->noise_dim, d->n_parameters, (uint64_t)d->calculus};
    uint64_t sum = nsde_checksum(0, d->name, strlen(d->name));
    sum = nsde_checksum(sum, sizes, sizeof sizes);
    for (size_t i = 0; i < d->n_parameters; i++)
        sum = nsde_checksum(sum, d->parameters[i].name, strlen(d->parameters[i].name));
    for (size_t k = 0; k < 2 && nsde_neural_net(model, k); k++)
        sum = add_net(sum, nsde_neural_net(model, k));
    return sum;
}
