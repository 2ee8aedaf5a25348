/* Stepping one panel of paths; private to src/simulate.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef NSDE_SIMULATE_PANEL_H
#define NSDE_SIMULATE_PANEL_H

#include "core/error.h"
#include "core/memory.h"
#include "nsde/simulate.h"
#include "nsde/statistics.h"
#include "step/compile.h"

enum { NSDE_SCRATCH = 3 };

struct nsde_stepper;
struct nsde_run;

/* Where the states of a panel go: [n_times][dim] rows, `row` numbers apart, one number a path. */
typedef struct nsde_block {
    double *states;
    size_t row;
    size_t *failed_step; /* [paths] */
} nsde_block;

/* What becomes of the panels of a run. */
typedef struct nsde_sink {
    void *context;
    /* Takes its memory, when the run is known. */
    nsde_status (*begin)(void *context, const struct nsde_run *run);
    /* The place of the panel that starts with path `first`; NULL: in the memory of the thread that runs it.
     */
    nsde_block (*place)(void *context, size_t first);
    /* Takes a panel that is done; may be NULL. Panels of a group come one after another, from one thread. */
    nsde_status (*take)(void *context, const struct nsde_stepper *stepper, size_t group, size_t paths);
    bool ordered;                       /* groups come one after another too, each of one panel */
    size_t groups;                      /* at most so many groups; 0: each panel is one */
    const nsde_passage_watch *passages; /* watched on the way: [n_passages] */
    size_t n_passages;
} nsde_sink;

/* A run: what all threads share, read-only but for what the sink holds, where each path has its own place. */
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
    size_t n_times; /* that states are kept at */
    const nsde_sink *sink;
    size_t panels_in_group, n_groups;
    uint64_t seed; /* of bridges */
} nsde_run;

/* A path that left the finite numbers. */
typedef struct nsde_failure {
    size_t path, step;
    double time, state; /* the time reached, and the last finite value of the component that failed */
    size_t component;
} nsde_failure;

/* What a thread owns. The panel it works on is described by first, paths and block. */
typedef struct nsde_stepper {
    const nsde_run *run;
    nsde_workspace *workspace;
    double *noise;         /* [chunk][noise_rows][stride] */
    double *before;        /* [state_rows][stride]: the states at the start of the chunk */
    double *passed;        /* [n_passages][stride]: the step at which a path passed, see passage.c */
    nsde_block block, own; /* own: this thread's memory, where the sink has no place for panels … */
    double *scratch;       /* … with [NSDE_SCRATCH][stride] and [dim] numbers for whoever takes them */
    size_t first;
    nsde_arena arena, own_arena;
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

/* The saved time that step `step` is, or SIZE_MAX; and all saved times, [n_times]. */
size_t nsde_run_saved(const nsde_run *run, size_t step);
void nsde_run_times(const nsde_run *run, double *times);

/* simulate.c: checks the problem, runs all panels and hands them to the sink. */
NSDE_MUST_USE nsde_status nsde_run_paths(const nsde_model *model, const double *parameters, const double *x0,
                                         const nsde_simulate_settings *settings, const nsde_sink *sink);

/* passage.c: looks for passages at the start, and in the step from the states of the input to those of the
 * output; and when a path passed, INFINITY for never: not if it left the finite numbers before. */
NSDE_MUST_USE nsde_status nsde_passages_check(const nsde_sink *sink, const nsde_model *model,
                                              const nsde_brownian *noise);
void nsde_passages_start(nsde_stepper *stepper);
void nsde_passages_look(nsde_stepper *stepper, size_t step, size_t paths);
double nsde_passage_time(const nsde_stepper *stepper, size_t passage, size_t path);

#endif
