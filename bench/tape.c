/* What the tape costs: recording, compiling and running a step of a formula, per scalar operation.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "bench.h"
#include "nsde/tape.h"

enum { LENGTH = 1000, PATHS = 256 };

/* A chain of additions and multiplications whose values differ, so that none is merged or folded. */
static nsde_var chain(nsde_tape *tape)
{
    nsde_var x = nsde_input(tape, 1), p = nsde_parameter(tape, 1), y = x;
    for (int k = 0; k < LENGTH / 2; k++)
        y = nsde_add(x, nsde_mul(p, nsde_sub(x, nsde_mul(y, y))));
    return y;
}

static void record(void *count)
{
    nsde_tape *tape;
    bench_check(nsde_tape_create(&tape));
    chain(tape);
    bench_check(nsde_tape_status(tape));
    *(double *)count = 2.0 * LENGTH;
    nsde_tape_destroy(tape);
}

static nsde_program *compiled(nsde_tape *tape, nsde_var y)
{
    nsde_program *program;
    bench_check(nsde_program_create(tape, 1, &y, &program));
    return program;
}

typedef struct timing {
    nsde_tape *tape;
    nsde_var y;
} timing;

static void compile(void *context)
{
    const timing *t = context;
    nsde_program_destroy(compiled(t->tape, t->y));
}

static void forward(void *workspace)
{
    nsde_forward(workspace, PATHS);
}

static void reverse(void *workspace)
{
    nsde_reverse(workspace, PATHS);
}

void bench_tape(void)
{
    double operations;
    timing t;
    const double recording = bench_seconds(record, &operations, 0.1);
    bench_check(nsde_tape_create(&t.tape));
    t.y = chain(t.tape);
    const double compiling = bench_seconds(compile, &t, 0.1);
    nsde_program *program = compiled(t.tape, t.y);
    nsde_workspace *workspace;
    bench_check(nsde_workspace_create(program, PATHS, NSDE_REVERSE, &workspace));
    *nsde_workspace_parameters(workspace) = 0.3;
    for (size_t i = 0; i < PATHS; i++) {
        nsde_workspace_input(workspace, 0)[i] = 0.5;
        nsde_workspace_output_adjoint(workspace, 0)[i] = 1e-3;
    }
    nsde_workspace_prepare(workspace);
    const double run = operations * PATHS / 1e9;
    bench_print(recording / operations * 1e9, "ns", "tape.record");
    bench_print(compiling / operations * 1e9, "ns", "tape.compile");
    bench_print(bench_seconds(forward, workspace, 0.1) / run, "ns", "tape.forward");
    bench_print(bench_seconds(reverse, workspace, 0.1) / run, "ns", "tape.reverse");
    nsde_workspace_destroy(workspace);
    nsde_program_destroy(program);
    nsde_tape_destroy(t.tape);
}
