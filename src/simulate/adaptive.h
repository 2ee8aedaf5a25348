/* Adaptive steps of a panel; private to src/simulate.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef NSDE_SIMULATE_ADAPTIVE_H
#define NSDE_SIMULATE_ADAPTIVE_H

#include "core/memory.h"
#include "nsde/simulate.h"
#include "step/compile.h"

struct nsde_run;
struct nsde_stepper;

/* What a run with adaptive steps needs beside the rest: settings with their defaults filled in. */
typedef struct nsde_adaptive_run {
    nsde_adaptive settings;
    bool embedded; /* the integrator estimates its error itself */
    bool noisy;
    double order;             /* of the error of a step in h */
    nsde_program *dense;      /* NULL where steps land on the saved times */
    nsde_brownian *tree;      /* NULL where the noise was given */
    double *saved;            /* [n_times] */
    nsde_panel_steps *panels; /* [n_panels] */
    size_t n_panels;
} nsde_adaptive_run;

/* What a thread needs beside the rest. */
typedef struct nsde_adaptive_stepper {
    nsde_workspace *dense;
    double *rough; /* [state_rows][stride]: the state after a whole step, or the estimate of its error */
    double *worst; /* [stride]: of each path, its largest error in units of the tolerance */
    double *times; /* of the panel's grid so far; [room] */
    size_t room;
    nsde_arena arena;
} nsde_adaptive_stepper;

/* control.c: the length of the next step. */
typedef struct nsde_step_control {
    const nsde_adaptive *settings;
    double order, before; /* before: the error of the last accepted step */
    bool rejected;        /* the last step was */
} nsde_step_control;

/* The length to follow one of length h whose error was `error` in units of the tolerance (NaN for a state
 * that is not finite), accepted where that is at most 1. */
double nsde_step_control_next(nsde_step_control *control, double h, double error);

/* Checks settings, fills in defaults that depend on the run, sets the program's options and chooses the
 * integrator where none was. */
NSDE_MUST_USE nsde_status nsde_adaptive_prepare(struct nsde_run *run, nsde_adaptive_run *adaptive,
                                                nsde_step_options *options);
/* Makes what needs the program: noise, dense output. nsde_adaptive_release frees it. */
NSDE_MUST_USE nsde_status nsde_adaptive_make(struct nsde_run *run, nsde_adaptive_run *adaptive);
void nsde_adaptive_release(nsde_adaptive_run *adaptive);
/* Gives the panels' steps to a simulation; they are counted. */
void nsde_adaptive_hand_over(nsde_adaptive_run *adaptive, nsde_simulation *simulation);
void nsde_panel_steps_release(nsde_panel_steps *panels, size_t n);

NSDE_MUST_USE nsde_status nsde_adaptive_stepper_create(struct nsde_stepper *stepper);
void nsde_adaptive_stepper_destroy(struct nsde_stepper *stepper);
/* As nsde_stepper_run. */
bool nsde_adaptive_stepper_run(struct nsde_stepper *stepper, size_t panel);

#endif
