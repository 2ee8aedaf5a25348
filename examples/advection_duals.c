/* A solver that overwrites its array, written on dual numbers: the derivatives by its parameters come with
 * the solution, and are those of adjoint code derived by hand (advection.h).
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>

#define NSDE_DUAL_PARTIALS 2
#include <nsde/dual.h>

#include "advection.h"

static void step(nsde_dual *x, nsde_dual p, nsde_dual q)
{
    nsde_dual left = x[0]; /* what x[i - 1] was */
    for (int i = 1; i < LAST; i++) {
        const nsde_dual old = x[i], in = nsde_dual_sub(left, old), out = nsde_dual_sub(x[i + 1], old);
        x[i] =
            nsde_dual_add(old, nsde_dual_add(nsde_dual_mul(p, in), nsde_dual_mul(q, nsde_dual_add(in, out))));
        left = old;
    }
}

int main(void)
{
    double hand[2];
    nsde_dual x[CELLS], loss = nsde_dual_real(0.0);
    solve_by_hand(hand);
    for (int i = 0; i < CELLS; i++)
        x[i] = nsde_dual_real(u[0][i]);
    for (int m = 0; m < STEPS; m++)
        step(x, nsde_dual_variable(a, 0), nsde_dual_variable(b, 1));
    for (int i = 0; i < CELLS; i++)
        loss = nsde_dual_add(loss, nsde_dual_square(x[i]));
    printf("dL/da %.9f, by hand %.9f\ndL/db %.9f, by hand %.9f\n", loss.partial[0], hand[0], loss.partial[1],
           hand[1]);
    const bool good = fabs(loss.partial[0] - hand[0]) < 1e-13 && fabs(loss.partial[1] - hand[1]) < 1e-13;
    printf("check: they agree to 13 digits: %s\n", good ? "yes" : "NO");
    return !good;
}
