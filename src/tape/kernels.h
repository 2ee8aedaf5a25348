/* Tables of the elementwise kernels: loops over contiguous numbers, one path per SIMD lane.
 *
 * A unary pull adds to the adjoint or, where `set`, is the first to touch it and writes it.
 * In a mode, bit i says that operand i is one number that stands for all n (broadcast). A pull adds to the
 * adjoint of one operand; where that operand is one number, the pull adds the sum over n.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef NSDE_TAPE_KERNELS_H
#define NSDE_TAPE_KERNELS_H

#include "tape/tape.h"

enum { NSDE_BINARY_MODES = 3, NSDE_TERNARY_MODES = 7 }; /* not all operands are broadcast at once */

typedef void nsde_unary_forward(double *y, const double *a, size_t n);
typedef void nsde_unary_pull(const double *g, const double *a, const double *y, bool set, double *adjoint,
                             size_t n);
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

/* The same in single precision, for the operations that have it (elementwise.inc); an operand that is one
 * number is a constant and is not pulled to. */
typedef struct nsde_kernel_single {
    void (*unary)(float *y, const float *a, size_t n);
    void (*unary_pull)(const float *g, const float *a, const float *y, bool set, float *adjoint, size_t n);
    void (*binary[NSDE_BINARY_MODES])(float *y, const float *a, const float *b, size_t n);
    void (*binary_pull[2][NSDE_BINARY_MODES])(const float *g, const float *a, const float *b, const float *y,
                                              float *adjoint, size_t n);
} nsde_kernel_single;

extern const nsde_kernel_single nsde_kernels_single[OP_COUNT];

/* y = a, from one precision to the other; y += a. */
void nsde_narrow(float *y, const double *a, size_t n);
void nsde_widen(double *y, const float *a, size_t n);
void nsde_accumulate_single(double *y, const float *a, size_t n);
void nsde_accumulate_narrowed(float *y, const double *a, size_t n);

/* y += a; the sum of a, in an order that depends on n alone. */
void nsde_accumulate(double *y, const double *a, size_t n);
double nsde_total(const double *a, size_t n);

/* log I_order(x), differentiated extra / 3 times by order and extra % 3 times by x. */
double nsde_log_bessel_i_value(double order, double x, uint32_t extra);

/* x with P(chi'^2 <= x) = Phi(z), and its derivative by argument i given x. */
double nsde_chi_square_quantile_value(double z, double degrees, double noncentrality);
double nsde_chi_square_quantile_slope(double z, double degrees, double noncentrality, double x, size_t i);

#endif
