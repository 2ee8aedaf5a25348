/* Dense layers on panels: products of a matrix and a panel, and what the sweep back needs.
 *
 * Measured on panels of 16 to 512 paths: kernels that keep a block of the result in registers and read the
 * panel as it lies reach the rate of OpenBLAS where that is at its best (64 x 64 x 128) and up to twice its
 * rate elsewhere, for nothing is copied, the bias is added on the way, and calls need not be cut below the
 * size at which OpenBLAS starts threads of its own (bench/rate.c, rate.dense*).
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef NSDE_TAPE_DENSE_H
#define NSDE_TAPE_DENSE_H

#include <stdbool.h>
#include <stddef.h>

/* Rows of a panel are `row` numbers apart; lanes are multiples of NSDE_LANE_QUANTUM. */
#define NSDE_DENSE_TABLE(name, real)                                                                         \
    typedef struct name {                                                                                    \
        /* y[i][lane] = start + sum over k < depth of w[i * w_row + k * w_step] x[k][lane], i < m, where     \
         * start is y itself (add), bias[i], or 0 where bias is NULL. */                                     \
        void (*product)(size_t m, size_t depth, size_t lanes, const real *w, size_t w_row, size_t w_step,    \
                        const real *x, size_t x_row, const real *bias, bool add, real *y, size_t y_row);     \
        /* w[i][j] += sum over lanes of g[i][lane] x[j][lane], i < m, j < n; w has rows of n numbers. */     \
        void (*outer)(size_t m, size_t n, size_t lanes, const real *g, size_t g_row, const real *x,          \
                      size_t x_row, double *w);                                                              \
        /* b[i] += sum over lanes of g[i][lane]. */                                                          \
        void (*sums)(size_t m, size_t lanes, const real *g, size_t g_row, double *b);                        \
    } name

NSDE_DENSE_TABLE(nsde_dense_double, double);
NSDE_DENSE_TABLE(nsde_dense_single, float);

/* Kinds of machines the kernels are compiled for, each a part of the next: registers of 16, 32, 64 bytes. */
typedef enum nsde_machine { NSDE_NARROW, NSDE_AVX2, NSDE_AVX512 } nsde_machine;

nsde_machine nsde_machine_here(void); /* the widest that this one is */
const nsde_dense_double *nsde_dense_double_of(nsde_machine machine);
const nsde_dense_single *nsde_dense_single_of(nsde_machine machine);

#endif
