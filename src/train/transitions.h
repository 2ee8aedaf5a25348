/* The transitions of a series of several states; private to src/train.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef NSDE_TRAIN_TRANSITIONS_H
#define NSDE_TRAIN_TRANSITIONS_H

#include "core/memory.h"
#include "nsde/model.h"
#include "nsde/series.h"

/* From state x at time t to next at t + h; rows with a missing value are passed over. */
typedef struct nsde_steps {
    size_t n, dim, n_inputs;
    double *x, *next; /* [dim][n] */
    double *u;        /* [n_inputs][n]: of the row that the transition starts from */
    double *t, *h;    /* [n] */
    nsde_arena arena;
} nsde_steps;

/* NSDE_INVALID (quantities that are not the model's states; no transition), NSDE_DOMAIN naming the row. */
NSDE_MUST_USE nsde_status nsde_steps_create(const nsde_model *model, const nsde_series *series,
                                            nsde_steps *steps);
void nsde_steps_destroy(nsde_steps *steps);

#endif
