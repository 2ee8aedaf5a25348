/* What the tests of tapes share: a program and a workspace in one, with checks on every call.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef NSDE_TESTS_PANEL_H
#define NSDE_TESTS_PANEL_H

#include "harness.h"
#include "nsde/tape.h"

typedef struct panel {
    nsde_program *program;
    nsde_workspace *workspace;
    size_t paths, stride;
} panel;

static inline nsde_tape *new_tape(void)
{
    nsde_tape *tape;
    check_ok(nsde_tape_create(&tape));
    return tape;
}

static inline panel panel_create(const nsde_tape *tape, size_t n, const nsde_var outputs[], size_t paths,
                                 nsde_sweep sweep)
{
    panel p = {.paths = paths};
    check_ok(nsde_program_create(tape, n, outputs, &p.program));
    check_ok(nsde_workspace_create(p.program, paths, sweep, &p.workspace));
    p.stride = nsde_workspace_stride(p.workspace);
    return p;
}

static inline void panel_destroy(panel *p)
{
    nsde_workspace_destroy(p->workspace);
    nsde_program_destroy(p->program);
}

/* The same value for all lanes of a row of an input. */
static inline void panel_fill(panel *p, size_t input, size_t row, double value)
{
    double *lanes = nsde_workspace_input(p->workspace, input) + row * p->stride;
    for (size_t i = 0; i < p->stride; i++)
        lanes[i] = value;
}

static inline void panel_forward(panel *p)
{
    nsde_workspace_prepare(p->workspace);
    nsde_forward(p->workspace, p->paths);
}

/* Row r of output k for a path; uniform outputs are the same for all. */
static inline double panel_output(const panel *p, size_t k, size_t r, size_t path)
{
    const double *values = nsde_workspace_output(p->workspace, k);
    return nsde_output_is_uniform(p->program, k) ? values[r] : values[r * p->stride + path];
}

static inline void panel_weigh(panel *p, size_t k, size_t r, size_t path, double weight)
{
    double *adjoint = nsde_workspace_output_adjoint(p->workspace, k);
    adjoint[nsde_output_is_uniform(p->program, k) ? r : r * p->stride + path] = weight;
}

/* Runs forward and back with weight 1 on the first row and path of output 0. */
static inline void panel_gradient(panel *p)
{
    panel_forward(p);
    panel_weigh(p, 0, 0, 0, 1.0);
    nsde_workspace_clear_adjoint(p->workspace);
    nsde_reverse(p->workspace, p->paths);
}

static inline double panel_input_adjoint(const panel *p, size_t input, size_t row, size_t path)
{
    return nsde_workspace_input_adjoint(p->workspace, input)[row * p->stride + path];
}

/* A small generator of reproducible numbers (Marsaglia 2003, xorshift64), apart from the library's own. */
static inline double uniform_number(uint64_t *state, double lower, double upper)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return lower + (upper - lower) * (double)(*state >> 11) * 0x1p-53;
}

static inline size_t random_below(uint64_t *state, size_t n)
{
    return (size_t)uniform_number(state, 0.0, (double)n);
}

#endif
