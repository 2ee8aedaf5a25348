/* The gradient engine from inside; private to src/gradient.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef NSDE_GRADIENT_ENGINE_H
#define NSDE_GRADIENT_ENGINE_H

#include "core/error.h"
#include "core/memory.h"
#include "noise/window.h"
#include "nsde/gradient.h"
#include "step/compile.h"
#include "tape/workspace.h" /* frames, and adding up rows */

/* Inputs of the loss's program: the states, and the inputs of models that have some. */
enum { NSDE_LOSS_STATES, NSDE_LOSS_INPUT };

/* What a thread owns. The panel it works on is described by first, paths. */
typedef struct nsde_sweeper {
    const nsde_gradient *engine;
    nsde_workspace *step, *loss; /* loss: NULL for losses of the ensemble */
    nsde_workspace *back;        /* NSDE_KEEP_UNDO, NSDE_KEEP_ADJOINT: of back_program; else NULL */
    nsde_noise_window noise;
    double *frames; /* NSDE_KEEP_ROWS: [steps][frame] of the step's workspace */
    double *states; /* otherwise: [slots][dim][stride] */
    size_t *stored; /* NSDE_KEEP_BINOMIAL: [slots] the step a slot's state comes before; slots 0 … top are in
                       use */
    size_t top;
    double *lambda;       /* [dim][stride]: the adjoint of the state, going back */
    double *input_lambda; /* [n_inputs][stride]: the adjoint of the inputs, summed over the steps so far */
    double *seen; /* [n_times][dim][stride]: adjoints of the observed states, for losses of the ensemble */
    size_t first, paths;
    size_t steps_forward; /* run without being swept back, in all panels so far */
    nsde_arena arena;
    nsde_status status;
    char message[NSDE_MESSAGE_SIZE];
} nsde_sweeper;

struct nsde_gradient {
    nsde_gradient_settings settings;
    nsde_loss loss;
    const nsde_model *model;
    nsde_program *step_program, *loss_program, *back_program; /* back_program: see backward.h */
    nsde_brownian *grid;                                      /* NULL where the caller gave the noise */
    nsde_grid times;
    size_t *observe;        /* [n_times] steps */
    double *observed_times; /* [n_times] */
    double *data;           /* [n_data] */
    size_t n_times, dim, n_parameters, n_inputs;
    size_t state_rows, noise_rows; /* of a step: x and what the integrator carries; its noise */
    size_t panel, n_panels, stride;
    size_t n_groups; /* panels are added up within groups, then over groups: the order depends on neither
                        threads … */
    size_t panels_in_group;
    nsde_keep keep;
    size_t slots; /* states kept */
    size_t n_threads;
    nsde_sweeper *sweepers; /* [n_threads] */
    uint64_t first_path;
    /* Results before they are handed out. */
    double *group_adjoint;               /* [n_groups][n_parameters] */
    double *path_loss;                   /* [paths] */
    double *x0_adjoint;                  /* [dim][paths] */
    double *input_adjoint;               /* [n_inputs][paths] */
    double *ensemble, *ensemble_adjoint; /* [n_times][dim][paths] */
    const nsde_gradient_point *point;    /* during an evaluation */
    size_t bytes;
};

/* sweep.c: a panel there (storing what the sweep back needs, if `back` follows) and back. */
NSDE_MUST_USE nsde_status nsde_sweep_forward(nsde_sweeper *sweeper, bool back);
NSDE_MUST_USE nsde_status nsde_sweep_back(nsde_sweeper *sweeper);

/* sweep.c: the adjoint of the inputs gains what the last sweep back of that workspace said of them. */
void nsde_sweep_add_inputs(const nsde_sweeper *sweeper, const nsde_workspace *swept);

/* Numbers a sweeper's storage takes under a policy; false on overflow. */
bool nsde_sweeper_storage(const nsde_gradient *engine, nsde_keep keep, size_t slots, size_t *bytes);
NSDE_MUST_USE nsde_status nsde_sweeper_create(const nsde_gradient *engine, nsde_sweeper *sweeper);
void nsde_sweeper_destroy(nsde_sweeper *sweeper);

#endif
