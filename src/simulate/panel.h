/* Stepping one panel of paths; private to src/simulate.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef NSDE_SIMULATE_PANEL_H
#define NSDE_SIMULATE_PANEL_H

#include "core/error.h"
#include "core/memory.h"
#include "nsde/simulate.h"
#include "step/compile.h"

/* A run: what all threads share, read-only but for the results, where each path has its own place. */
typedef struct nsde_run {
    const nsde_model *model;
    const double *parameters, *x0;
    nsde_simulate_settings settings;
    const nsde_brownian *noise;
    nsde_program *program;
    size_t panel; /* paths of a full panel */
    size_t n_panels;
    size_t chunk;           /* steps whose noise is drawn at once */
    size_t dim, state_rows; /* of the state: x, and what the integrator carries */
    size_t noise_rows;      /* of a step */
    size_t n_inputs, n_parameters;
    nsde_noise_detail detail;
    nsde_grid grid;
    const size_t *observed; /* [settings.n_observe] the steps that are kept; NULL for settings.save_every */
    nsde_simulation *result;
} nsde_run;

/* A path that left the finite numbers. */
typedef struct nsde_failure {
    size_t path, step;
    double time, state; /* the time reached, and the last finite value of the component that failed */
    size_t component;
} nsde_failure;

/* What a thread owns. */
typedef struct nsde_stepper {
    const nsde_run *run;
    nsde_workspace *workspace;
    double *noise;  /* [chunk][noise_rows][stride] */
    double *before; /* [state_rows][stride]: the states at the start of the chunk */
    nsde_arena arena;
    nsde_status status;
    char message[NSDE_MESSAGE_SIZE];
    nsde_failure failure;
    bool dropped; /* a path of this panel failed */
} nsde_stepper;

NSDE_MUST_USE nsde_status nsde_stepper_create(const nsde_run *run, nsde_stepper *stepper);
void nsde_stepper_destroy(nsde_stepper *stepper);

/* Simulates a panel. False when it had to stop: the stepper's status is set, its failure names the first
 * path that left the finite numbers if that is why. */
bool nsde_stepper_run(nsde_stepper *stepper, size_t panel);

/* times.c: makes the steps land on the observation times, where there are some; *made is to be destroyed. */
NSDE_MUST_USE nsde_status nsde_run_make_times(nsde_run *run, nsde_step_times **made);
size_t nsde_run_times(const nsde_run *run); /* Saved. */
/* The saved time that step `step` is, or SIZE_MAX. */
size_t nsde_run_saved(const nsde_run *run, size_t step);

#endif
