/* Stochastic gradient descent with momentum.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "train/optimiser.h"

static void step(const nsde_optimiser_step *at)
{
    double *velocity = at->memory;
    for (size_t i = 0; i < at->n; i++) {
        velocity[i] = at->settings->momentum * velocity[i] + at->gradient[i];
        at->parameters[i] -= at->rate * velocity[i];
    }
}

const nsde_optimiser_method nsde_optimiser_sgd = {
    .name = "sgd",
    .aliases = "momentum",
    .title = "Stochastic gradient descent with momentum",
    .source = "Robbins and Monro 1951; Polyak 1964",
    .n_memory = 1,
    .step = step,
};
