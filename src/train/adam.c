/* Adam: steps scaled by running moments of the gradient.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "train/adam.h"

#include <math.h>

/* Kingma and Ba 2015, algorithm 1. The corrections of the bias are 1 - beta^t, written so that they lose no
 * digits where beta is near 1 and t is small. */
void nsde_adam_step(const nsde_optimiser_step *at, double decay)
{
    const nsde_optimiser_settings *s = at->settings;
    const double t = (double)at->number;
    const double correct1 = s->beta1 > 0.0 ? -expm1(t * log(s->beta1)) : 1.0;
    const double correct2 = s->beta2 > 0.0 ? -expm1(t * log(s->beta2)) : 1.0;
    double *mean = at->memory, *square = at->memory + at->n;
    for (size_t i = 0; i < at->n; i++) {
        const double g = at->gradient[i];
        mean[i] = s->beta1 * mean[i] + (1.0 - s->beta1) * g;
        square[i] = s->beta2 * square[i] + (1.0 - s->beta2) * g * g;
        const double length = sqrt(square[i] / correct2) + s->epsilon;
        at->parameters[i] -= decay * at->parameters[i] + at->rate * (mean[i] / correct1) / length;
    }
}

static void step(const nsde_optimiser_step *at)
{
    nsde_adam_step(at, 0.0);
}

const nsde_optimiser_method nsde_optimiser_adam = {
    .name = "adam",
    .aliases = "",
    .title = "Adam",
    .source = "Kingma and Ba 2015, algorithm 1",
    .n_memory = 2,
    .step = step,
};
