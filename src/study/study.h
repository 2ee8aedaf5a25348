/* A study at work; private to src/study.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef NSDE_STUDY_STUDY_H
#define NSDE_STUDY_STUDY_H

#include "core/error.h"
#include "core/memory.h"
#include "nsde/study.h"

typedef struct nsde_study_work {
    const nsde_estimate_problem *problem;
    nsde_estimate_settings settings;
    const nsde_study_settings *study;
    nsde_study *result; /* while it runs, `variance` holds sums of squares and `seconds`, `reported` sums */
    size_t *observe;    /* [n_observe] for the steps of a cell */
    bool *refused;      /* [n_cells] */
    double probe;       /* the loss of the smallest cell: another model, loss or seed has another */
    nsde_arena arena;
} nsde_study_work;

/* state.c: what has been summed, and the file it is kept in. */
NSDE_MUST_USE nsde_status nsde_study_save(const nsde_study_work *work);
NSDE_MUST_USE nsde_status nsde_study_resume(nsde_study_work *work);

/* reference.c: means, variances and biases from the sums. */
void nsde_study_conclude(nsde_study_work *work);

#endif
