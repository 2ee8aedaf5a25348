/* u_t + c u_x = d u_xx by explicit steps that overwrite an array, in plain C with adjoint code derived by
 * hand: what advection_tape.c and advection_duals.c are compared with.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>

enum { CELLS = 16, LAST = CELLS - 1, STEPS = 25 };

/* c dt / dx and d dt / dx^2. */
static const double a = 0.3, b = 0.2;

/* Values, and adjoints of the loss sum u^2 at the end, before and after every step. */
static double u[STEPS + 1][CELLS], lambda[STEPS + 1][CELLS];

static void solve_by_hand(double gradient[2])
{
    gradient[0] = gradient[1] = 0.0;
    for (int i = 0; i < CELLS; i++)
        u[0][i] = exp(-0.5 * (i - 4.3) * (i - 4.3));
    for (int m = 0; m < STEPS; m++)
        for (int i = 0; i < CELLS; i++) {
            const double in = i ? u[m][i - 1] - u[m][i] : 0.0, out = i < LAST ? u[m][i + 1] - u[m][i] : 0.0;
            u[m + 1][i] = i && i < LAST ? u[m][i] + (a * in + b * (in + out)) : u[m][i];
        }
    for (int i = 0; i < CELLS; i++)
        lambda[STEPS][i] = 2.0 * u[STEPS][i];
    for (int m = STEPS; m-- > 0;)
        for (int i = 0; i < CELLS; i++) {
            const double l = lambda[m + 1][i];
            lambda[m][i] += l;
            if (i == 0 || i == LAST) /* the ends stay as they are */
                continue;
            const double in = u[m][i - 1] - u[m][i], out = u[m][i + 1] - u[m][i];
            gradient[0] += l * in, gradient[1] += l * (in + out);
            lambda[m][i - 1] += l * (a + b), lambda[m][i] -= l * (a + 2.0 * b), lambda[m][i + 1] += l * b;
        }
}
