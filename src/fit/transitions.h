/* The observations of a series as a likelihood wants them: none missing, all among the model's states.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef NSDE_FIT_TRANSITIONS_H
#define NSDE_FIT_TRANSITIONS_H

#include "core/memory.h"
#include "nsde/model.h"
#include "nsde/series.h"

typedef struct nsde_transitions {
    size_t n, n_missing;
    double *values, *times; /* [n] */
    double *gaps;           /* [n - 1] */
    size_t *rows;           /* [n] of the series */
    nsde_arena arena;
} nsde_transitions;

/* NSDE_DOMAIN or NSDE_INVALID name the row, counted from 1. */
NSDE_MUST_USE nsde_status nsde_transitions_create(const nsde_model_definition *model,
                                                  const nsde_series *series, size_t column,
                                                  nsde_transitions *transitions);
void nsde_transitions_destroy(nsde_transitions *transitions);

#endif
