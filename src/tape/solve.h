/* Small linear systems on panels; private to src/tape.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef NSDE_TAPE_SOLVE_H
#define NSDE_TAPE_SOLVE_H

#include <stdbool.h>
#include <stddef.h>

#include "nsde/tape.h"

/* A value seen as rows `step` apart; `single` where one number stands for all lanes. */
typedef struct nsde_panel {
    double *base;
    size_t step;
    bool single;
} nsde_panel;

/* A x = b, or A' x = b where `transposed`, for each of `width` lanes: A [n][n], n <= NSDE_SOLVE_MOST. */
void nsde_solve_panel(size_t n, size_t width, bool transposed, const nsde_panel *A, const nsde_panel *b,
                      nsde_panel *x);
/* Adds to the adjoint of A (operand 0) or b (operand 1) what the adjoint g of the solution x gives. */
void nsde_solve_pull(size_t n, size_t width, bool transposed, const nsde_panel *A, const nsde_panel *x,
                     const nsde_panel *g, size_t operand, nsde_panel *adjoint);

#endif
