/* The noise of a panel, a few steps at a time, in any order of steps.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef NSDE_NOISE_WINDOW_H
#define NSDE_NOISE_WINDOW_H

#include "nsde/noise.h"

typedef struct nsde_noise_window {
    const nsde_brownian *noise;
    nsde_noise_detail detail;
    double h;
    uint64_t first_path;
    size_t paths, stride, steps; /* steps of the whole run */
    size_t chunk;                /* steps held at once */
    size_t at;                   /* the first step held; SIZE_MAX when none is */
    double *rows;                /* [chunk][nsde_noise_rows][stride], the caller's */
} nsde_noise_window;

/* Moves to other paths: nothing is held. */
void nsde_noise_window_move(nsde_noise_window *window, uint64_t first_path, size_t paths);

/* The rows [nsde_noise_rows][stride] of a step. Lanes that hold no path repeat the first one, so that they
 * stay finite as long as that does. */
NSDE_MUST_USE nsde_status nsde_noise_window_get(nsde_noise_window *window, size_t step, const double **rows);

#endif
