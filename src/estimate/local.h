/* The programs of mixed mode step by step. A step asks for coefficients at stages: at the state, at what a
 * predictor made of it, or, for a derivative along a direction, at a dual number. Private to src/estimate.
 *
 * Recorded are the step as it is, which shows each stage; each kind of coefficient, as a function of its
 * stage; and the step as a function of what the coefficients gave, on dual numbers seeded on that and on the
 * state.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef NSDE_ESTIMATE_LOCAL_H
#define NSDE_ESTIMATE_LOCAL_H

#include "estimate/tangents.h"

enum { NSDE_LOCAL_STAGES = 64, NSDE_LOCAL_KINDS = 16 }; /* at most */

/* A place where a step asks for a coefficient. */
typedef struct nsde_local_stage {
    size_t kind;   /* number of the program of that coefficient */
    size_t x_rows; /* dim, and as many for each direction in which it is differentiated */
    size_t y_rows; /* what it gives, in the same order */
    size_t first;  /* the number of its first partial; those of the state come before all */
} nsde_local_stage;

typedef struct nsde_local {
    /* The step: inputs and uniforms of step/compile.h. Outputs: the state after it, then of each stage x, the
     * time and what the coefficient gave. */
    nsde_program *step;
    /* The step on duals. Inputs: state, noise, what the coefficients gave of each stage; no parameters.
     * Outputs: derivatives [partials][rows] of the state after it, then of each stage's x. */
    nsde_program *dual;
    /* A coefficient. Input: x of a stage; uniform: the time; output: what it gives. */
    nsde_program *kinds[NSDE_LOCAL_KINDS];
    size_t n_kinds;
    nsde_local_stage stages[NSDE_LOCAL_STAGES];
    size_t n_stages;
    size_t state_rows, noise_rows, partials;
} nsde_local;

/* Numbers of the outputs of `step` that belong to a stage. */
static inline size_t nsde_local_x(size_t stage)
{
    return 1 + 3 * stage;
}
static inline size_t nsde_local_time(size_t stage)
{
    return 2 + 3 * stage;
}
static inline size_t nsde_local_y(size_t stage)
{
    return 3 + 3 * stage;
}

/* Records all programs; NSDE_UNSUPPORTED where the step asks for more than coefficients and their first
 * derivatives. Release it also where this fails. */
NSDE_MUST_USE nsde_status nsde_local_create(const nsde_model *model, const nsde_integrator *integrator,
                                            nsde_local *local);
void nsde_local_release(nsde_local *local);

#endif
