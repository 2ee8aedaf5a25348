/* A line that tells how far a computation is, for programs: on a terminal only, at most ten times a second.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef NSDE_IO_PROGRESS_H
#define NSDE_IO_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

typedef struct nsde_progress {
    FILE *stream;        /* NULL when nothing is to be shown */
    const char *what;    /* of the caller; such as "simulating" */
    size_t total;        /* 0 when unknown */
    double began, shown; /* seconds of a steady clock */
} nsde_progress;

/* Begins a line on stream (NULL for none); nothing is ever written to what is no terminal. */
void nsde_progress_start(nsde_progress *progress, FILE *stream, const char *what, size_t total);
void nsde_progress_update(nsde_progress *progress, size_t done);
void nsde_progress_finish(nsde_progress *progress); /* wipes the line */

#endif
