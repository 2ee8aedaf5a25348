/* A workspace from inside; private to src/tape.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef NSDE_TAPE_WORKSPACE_H
#define NSDE_TAPE_WORKSPACE_H

#include "tape/execute.h"
#include "tape/kernels.h"

struct nsde_workspace {
    nsde_memory memory;
    nsde_sweep sweep;
    size_t paths, frame_size, adjoint_size; /* sizes in numbers */
    double **output_adjoint;                /* [n_outputs] */
    nsde_arena arena;
};

void nsde_workspace_set_paths(nsde_workspace *workspace, size_t paths);
/* Clears the adjoints of inputs and outputs and adds what the caller put on the outputs. */
void nsde_workspace_seed_adjoints(nsde_workspace *workspace);

/* The frame: the memory of everything but what depends on parameters alone, inputs and uniforms included. A
 * sweep back works on the frame the sweep there left, so a caller with frames of its own can keep many. They
 * are zeroed at first, aligned to NSDE_ALIGNMENT, and used by one sweep at a time. */
size_t nsde_program_frame(const nsde_program *program, nsde_sweep sweep, size_t stride); /* numbers */
size_t nsde_workspace_frame_size(const nsde_workspace *workspace);                       /* numbers */
void nsde_workspace_set_frame(nsde_workspace *workspace, double *frame);

#endif
