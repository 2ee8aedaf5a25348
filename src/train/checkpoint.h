/* The state of a training, and the file it is kept in; private to src/train.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef NSDE_TRAIN_CHECKPOINT_H
#define NSDE_TRAIN_CHECKPOINT_H

#include "core/memory.h"
#include "nsde/train.h"
#include "train/optimiser.h"

/* All that the next step depends on. */
typedef struct nsde_train_memory {
    size_t n;
    uint64_t identity; /* of what is trained and how: a checkpoint of another training is refused */
    uint64_t iteration, position, best_iteration, worse;
    double loss, held_out, best; /* NaN where there is none */
    double *parameters, *best_parameters;
    nsde_optimiser *optimiser; /* its steps and its memory are part of the state */
} nsde_train_memory;

/* NSDE_IO; the older file stays where writing fails. */
NSDE_MUST_USE nsde_status nsde_checkpoint_write(const nsde_train_memory *memory, const char *path);
/* *found is false where there is no such file. The memory is as it was unless all of the file is good. */
NSDE_MUST_USE nsde_status nsde_checkpoint_read(nsde_train_memory *memory, const char *path, bool *found);

#endif
