/* A solver that overwrites its array, written on scalars of reverse mode and walked back operation by
 * operation: at every cell of every step the adjoint is that of adjoint code derived by hand (advection.h).
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>

#include <nsde/scalar.h>

#include "advection.h"

static void step(nsde_scalar *x, nsde_scalar p, nsde_scalar q)
{
    nsde_scalar left = x[0]; /* what x[i - 1] was */
    for (int i = 1; i < LAST; i++) {
        const nsde_scalar old = x[i], in = nsde_scalar_sub(left, old), out = nsde_scalar_sub(x[i + 1], old);
        x[i] = nsde_scalar_add(
            old, nsde_scalar_add(nsde_scalar_mul(p, in), nsde_scalar_mul(q, nsde_scalar_add(in, out))));
        left = old;
    }
}

int main(void)
{
    static nsde_scalar x[STEPS + 1][CELLS];
    double hand[2], worst = 0.0;
    nsde_scalar_tape *tape;
    nsde_scalar_instruction at;
    solve_by_hand(hand);
    if (nsde_scalar_tape_create(&tape))
        return 1;
    nsde_scalar p = nsde_scalar_variable(tape, a), q = nsde_scalar_variable(tape, b), now[CELLS],
                loss = nsde_scalar_real(0.0);
    for (int i = 0; i < CELLS; i++)
        now[i] = nsde_scalar_variable(tape, u[0][i]);
    for (int m = 1; m <= STEPS; m++) {
        step(now, p, q);
        for (int i = 0; i < CELLS; i++)
            x[m][i] = now[i]; /* where each cell is on the tape */
    }
    for (int i = 0; i < CELLS; i++)
        loss = nsde_scalar_add(loss, nsde_scalar_square(now[i]));
    if (nsde_scalar_turn(tape))
        return 1;
    nsde_scalar_seed(loss, 1.0);
    int met = 0, m = STEPS, i = LAST - 1; /* the cell to be met next */
    while (nsde_scalar_back(tape, &at))
        if (m > 0 && at.place == x[m][i].place) {
            worst = fmax(worst, fabs(at.adjoint - lambda[m][i]));
            met++, i = i > 1 ? i - 1 : LAST - 1, m -= i == LAST - 1;
        }
    const double g[2] = {nsde_scalar_adjoint(p), nsde_scalar_adjoint(q)};
    printf("dL/da %.9f, by hand %.9f\ndL/db %.9f, by hand %.9f\n", g[0], hand[0], g[1], hand[1]);
    const int good = met == STEPS * (CELLS - 2) && worst < 1e-13;
    printf("check: the adjoints of %d cells met on the way back are those by hand: %s\n", met,
           good ? "yes" : "NO");
    nsde_scalar_tape_destroy(tape);
    return !good;
}
