/* An optimiser from inside; private to src/train.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef NSDE_TRAIN_OPTIMISER_H
#define NSDE_TRAIN_OPTIMISER_H

#include "nsde/optimise.h"

#define X(name) extern const nsde_optimiser_method nsde_optimiser_##name;
#include "optimisers.def"
#undef X

struct nsde_optimiser {
    const nsde_optimiser_method *method;
    nsde_optimiser_settings settings;
    size_t n;
    uint64_t steps; /* made so far */
    double *memory; /* [n_memory][n] */
};

#endif
