/* The noise of a panel, a few steps at a time, in any order of steps.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef NSDE_NOISE_WINDOW_H
#define NSDE_NOISE_WINDOW_H

#include "nsde/noise.h"

/* Can it be asked for any interval? */
bool nsde_noise_has_intervals(const nsde_brownian *noise);

/* The rows of an interval from those of its parts, of lengths a and b: increments add up, areas by Chen's
 * relation. All [nsde_noise_rows(components, detail)][stride]. */
void nsde_noise_join(size_t components, nsde_noise_detail detail, size_t stride, double a, const double *left,
                     double b, const double *right, double *whole);

typedef struct nsde_noise_window {
    const nsde_brownian *noise;
    nsde_noise_detail detail;
    double h;            /* of all steps, where … */
    const double *times; /* … this is NULL; else [steps + 1], the caller's */
    uint64_t first_path;
    size_t paths, stride, steps; /* steps of the whole run */
    size_t chunk;                /* steps held at once */
    size_t at;                   /* the first step held; SIZE_MAX when none is */
    double *rows;                /* [chunk][nsde_noise_rows][stride], the caller's */
} nsde_noise_window;

/* What nsde_brownian_rows gives, for steps of lengths of their own too: step k is from times[k] to times[k +
 * 1], where times are given. A tree is asked for those intervals. NSDE_UNSUPPORTED for noise whose steps are
 * all of one length. */
NSDE_MUST_USE nsde_status nsde_noise_steps(const nsde_brownian *noise, nsde_noise_detail detail, double h,
                                           const double *times, uint64_t first_path, size_t paths,
                                           size_t step, size_t steps, size_t stride, double *rows);

/* Moves to other paths: nothing is held. */
void nsde_noise_window_move(nsde_noise_window *window, uint64_t first_path, size_t paths);

/* The rows [nsde_noise_rows][stride] of a step. Lanes that hold no path repeat the first one, so that they
 * stay finite as long as that does. */
NSDE_MUST_USE nsde_status nsde_noise_window_get(nsde_noise_window *window, size_t step, const double **rows);

#endif
