/* Statistics of panels, added up as they come; private to src/simulate.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef NSDE_SIMULATE_RUNNING_H
#define NSDE_SIMULATE_RUNNING_H

#include "simulate/panel.h"

/* Numbers of a group of panels, in one arena. */
typedef struct nsde_running {
    double n; /* paths that did not fail */
    size_t failed;
    double *mean, *cross;   /* [n_times][dim], and [n_times][dim][dim]: sums of products about the mean */
    size_t *counts;         /* of the histograms, one after another: [n_times][2 + n] each */
    double *passed;         /* [n_passages][PASSED, their mean time, the sum of squares about it] */
    size_t *not_passed;     /* [n_passages] */
    size_t *passage_counts; /* of the passages' histograms, one after another: [2 + n] each */
} nsde_running;

enum { NSDE_PASSED, NSDE_PASSAGE_MEAN, NSDE_PASSAGE_SQUARES, NSDE_PASSAGE_NUMBERS };

/* What is added up, and how large it is. */
typedef struct nsde_running_shape {
    const nsde_statistics_settings *wanted;
    size_t n_times, dim;
    size_t counts, passage_counts; /* all of them */
} nsde_running_shape;

/* NSDE_INVALID naming a histogram that is not possible, NSDE_OVERFLOW. */
NSDE_MUST_USE nsde_status nsde_running_measure(const nsde_statistics_settings *wanted, size_t n_times,
                                               size_t dim, nsde_running_shape *shape);
/* Adds what one takes in an arena; false on overflow. */
bool nsde_running_plan(const nsde_running_shape *shape, size_t *total);
void nsde_running_take_memory(const nsde_running_shape *shape, nsde_arena *arena, nsde_running *running);

/* Adds a panel that is done. scratch: [2][paths]. */
void nsde_running_add(const nsde_running_shape *shape, nsde_running *running, const nsde_stepper *stepper,
                      size_t paths, double *scratch);
/* Adds another group's. */
void nsde_running_merge(const nsde_running_shape *shape, nsde_running *to, const nsde_running *from);

/* The place of a number among [2 + n] counts. */
size_t nsde_bins_place(const nsde_bins *bins, double value);

#endif
