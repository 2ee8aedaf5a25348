/* Tables of the elementwise kernels: loops over contiguous numbers, one path per SIMD lane.
 *
 * In a mode, bit i says that operand i is one number that stands for all n (broadcast). A pull adds to the
 * adjoint of one operand; where that operand is one number, the pull adds the sum over n.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef NSDE_TAPE_KERNELS_H
#define NSDE_TAPE_KERNELS_H

#include "tape/tape.h"

enum { NSDE_BINARY_MODES = 3, NSDE_TERNARY_MODES = 7 }; /* not all operands are broadcast at once */

typedef void nsde_unary_forward(double *y, const double *a, size_t n);
typedef void nsde_unary_pull(const double *g, const double *a, const double *y, double *adjoint, size_t n);
typedef void nsde_binary_forward(double *y, const double *a, const double *b, size_t n);
typedef void nsde_binary_pull(const double *g, const double *a, const double *b, const double *y,
                              double *adjoint, size_t n);
typedef void nsde_ternary_forward(double *y, const double *a, const double *b, const double *c, size_t n);
typedef void nsde_ternary_pull(const double *g, const double *a, const double *b, const double *c,
                               double *adjoint, size_t n);

typedef struct nsde_kernel {
    nsde_unary_forward *unary;
    nsde_unary_pull *unary_pull;
    nsde_binary_forward *binary[NSDE_BINARY_MODES];
    nsde_binary_pull *binary_pull[2][NSDE_BINARY_MODES];
    nsde_ternary_forward *ternary[NSDE_TERNARY_MODES];
    nsde_ternary_pull *ternary_pull[3][NSDE_TERNARY_MODES];
} nsde_kernel;

/* By operation. */
extern const nsde_kernel nsde_kernels[OP_COUNT];

/* y += a; the sum of a, in an order that depends on n alone. */
void nsde_accumulate(double *y, const double *a, size_t n);
double nsde_total(const double *a, size_t n);

/* log I_order(x), differentiated extra / 3 times by order and extra % 3 times by x. */
double nsde_log_bessel_i_value(double order, double x, uint32_t extra);

#endif
