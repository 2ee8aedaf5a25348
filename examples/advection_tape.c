/* A solver that overwrites its array, recorded as it stands and walked back instruction by instruction: at
 * every cell of every step the adjoint is that of adjoint code derived by hand (advection.h).
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>

#include <nsde/tape.h>

#include "advection.h"

static void step(nsde_var *x, nsde_var p, nsde_var q)
{
    nsde_var left = x[0]; /* what x[i - 1] was */
    for (int i = 1; i < LAST; i++) {
        const nsde_var old = x[i], in = nsde_sub(left, old), out = nsde_sub(x[i + 1], old);
        x[i] = nsde_add(old, nsde_add(nsde_mul(p, in), nsde_mul(q, nsde_add(in, out))));
        left = old;
    }
}

int main(void)
{
    double hand[2], worst = 0.0;
    nsde_var x[CELLS];
    nsde_tape *tape;
    nsde_program *program;
    nsde_workspace *w;
    nsde_cursor *cursor;
    nsde_instruction at;
    solve_by_hand(hand);
    if (nsde_tape_create(&tape))
        return 1;
    const nsde_var start = nsde_input(tape, CELLS), p = nsde_parameter(tape, 2);
    for (int i = 0; i < CELLS; i++)
        x[i] = nsde_row(start, i);
    for (int m = 0; m < STEPS; m++)
        step(x, nsde_row(p, 0), nsde_row(p, 1));
    const nsde_var loss = nsde_sum(nsde_square(nsde_stack(CELLS, x)));
    if (nsde_program_create(tape, 1, &loss, &program) || nsde_workspace_create(program, 1, NSDE_TRACE, &w))
        return 1;
    for (int i = 0; i < CELLS; i++)
        nsde_workspace_input(w, 0)[i * nsde_workspace_stride(w)] = u[0][i];
    nsde_workspace_parameters(w)[0] = a, nsde_workspace_parameters(w)[1] = b;
    nsde_workspace_prepare(w);
    if (nsde_cursor_create(w, 1, &cursor))
        return 1;
    do { /* there */
    } while (nsde_cursor_forward(cursor, &at));
    *nsde_workspace_output_adjoint(w, 0) = 1.0;
    nsde_cursor_turn(cursor);
    int met = 0, m = STEPS, i = LAST - 1; /* the cell to be met next */
    while (nsde_cursor_backward(cursor, &at))
        if (m > 0 && at.rows == 1 && fabs(*at.value - u[m][i]) <= 1e-14 * u[m][i]) {
            worst = fmax(worst, fabs(*at.adjoint - lambda[m][i]));
            met++, i = i > 1 ? i - 1 : LAST - 1, m -= i == LAST - 1;
        }
    const double *g = nsde_workspace_parameter_adjoint(w);
    printf("dL/da %.9f, by hand %.9f\ndL/db %.9f, by hand %.9f\n", g[0], hand[0], g[1], hand[1]);
    const int good = met == STEPS * (CELLS - 2) && worst < 1e-13;
    printf("check: the adjoints of %d cells met on the way back are those by hand: %s\n", met,
           good ? "yes" : "NO");
    nsde_cursor_destroy(cursor), nsde_workspace_destroy(w);
    nsde_program_destroy(program), nsde_tape_destroy(tape);
    return !good;
}
