/* AdamW: Adam whose weight decay is not scaled by the moments of the gradient.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "train/adam.h"

static void step(const nsde_optimiser_step *at)
{
    nsde_adam_step(at, at->rate * at->settings->weight_decay);
}

const nsde_optimiser_method nsde_optimiser_adamw = {
    .name = "adamw",
    .aliases = "",
    .title = "Adam with decoupled weight decay",
    .source = "Loshchilov and Hutter 2019, algorithm 2",
    .n_memory = 2,
    .step = step,
};
