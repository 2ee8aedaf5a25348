/* A step as a program, and the grid of times it is used on: what simulation and gradients run.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef NSDE_STEP_COMPILE_H
#define NSDE_STEP_COMPILE_H

#include "nsde/step.h"

/* Inputs and uniforms of a step's program; its output 0 is the state after the step. The state is x and then
 * copies of x that the integrator carries along. NSDE_STEP_INPUT is there for models with inputs of each path
 * alone; after it come the parameters, where they differ between paths (nsde_step_parameters_input). */
enum { NSDE_STEP_STATE, NSDE_STEP_NOISE, NSDE_STEP_INPUT };
enum { NSDE_STEP_TIME, NSDE_STEP_LENGTH };

/* How a step is compiled; zeros are sensible. */
typedef struct nsde_step_options {
    nsde_precision precision;
    bool parameters_per_path;
    /* Output 1, where n_variances > 0: the variance per unit of time of these components at the state before
     * the step, as one row each. */
    const size_t *variances;
    size_t n_variances;
} nsde_step_options;

/* Checks integrator and model against each other and compiles one step. */
NSDE_MUST_USE nsde_status nsde_step_compile(const nsde_integrator *integrator, const nsde_model *model,
                                            const nsde_step_options *options, nsde_program **program);
/* The input that holds the parameters of each path. */
size_t nsde_step_parameters_input(const nsde_model *model);

/* Declares the one input of the state, with what the integrator carries below it: [1 + carried][dim]; and
 * sets x and carried from such a value. */
nsde_var nsde_step_take_state(nsde_step_at *at, const nsde_integrator *integrator);
void nsde_step_split_state(nsde_step_at *at, nsde_var state);
/* Declares the parameters of at->model: uniform, or an input where they differ between paths. */
void nsde_step_take_parameters(nsde_step_at *at, bool per_path);
/* Declares the one input of noise of at->model, and sets its parts. */
void nsde_step_take_noise(nsde_step_at *at, nsde_noise_detail detail);

/* Values of a panel of paths from values[rows][all] of all, to[rows][stride]; lanes beyond `paths` repeat the
 * first. */
void nsde_spread_paths(const double *values, size_t rows, size_t all, size_t first, size_t paths,
                       size_t stride, double *to);

/* Equal steps from t0 to t1. */
typedef struct nsde_grid {
    double t0, t1;
    size_t steps;
} nsde_grid;

static inline double nsde_grid_length(const nsde_grid *grid)
{
    return (grid->t1 - grid->t0) / (double)grid->steps;
}

/* The time after `step` of all steps: exactly t1 after the last. */
static inline double nsde_grid_time(const nsde_grid *grid, size_t step)
{
    return step == grid->steps ? grid->t1
                               : grid->t0 + (grid->t1 - grid->t0) * ((double)step / (double)grid->steps);
}

/* NSDE_INVALID where t1 is not after t0, or the steps are too many to have a length. */
NSDE_MUST_USE nsde_status nsde_grid_check(const nsde_grid *grid);

#endif
