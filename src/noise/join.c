/* An interval of Brownian motion from its two parts.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/simd.h"
#include "noise/window.h"

/* h H = a H_left + b H_right + (b W_left - a W_right) / 2 (see nsde_bridge_cut). */
static NSDE_CLONES void join_time(size_t n, double a, double b, const double *Wl, const double *Wr,
                                  const double *Hl, const double *Hr, double *H)
{
    const double p = a / (a + b), q = b / (a + b);
#pragma omp simd
    for (size_t i = 0; i < n; i++)
        H[i] = p * Hl[i] + q * Hr[i] + 0.5 * (q * Wl[i] - p * Wr[i]);
}

/* A = A_left + A_right + (W_i,left W_j,right - W_j,left W_i,right) / 2. */
static NSDE_CLONES void join_area(size_t n, size_t i, size_t j, const double *left, const double *right,
                                  const double *Al, const double *Ar, double *A)
{
    const double *il = left + i * n, *jl = left + j * n, *ir = right + i * n, *jr = right + j * n;
#pragma omp simd
    for (size_t k = 0; k < n; k++)
        A[k] = Al[k] + Ar[k] + 0.5 * (il[k] * jr[k] - jl[k] * ir[k]);
}

void nsde_noise_join(size_t components, nsde_noise_detail detail, size_t stride, double a, const double *left,
                     double b, const double *right, double *whole)
{
    size_t pair = 2 * components;
    for (size_t k = 0; k < components * stride; k++)
        whole[k] = left[k] + right[k];
    for (size_t c = 0; c < components && detail >= NSDE_SPACE_TIME; c++) {
        const size_t W = c * stride, H = (components + c) * stride;
        join_time(stride, a, b, left + W, right + W, left + H, right + H, whole + H);
    }
    for (size_t i = 0; i < components && detail >= NSDE_LEVY; i++)
        for (size_t j = i + 1; j < components; j++, pair++) {
            const size_t A = pair * stride;
            join_area(stride, i, j, left, right, left + A, right + A, whole + A);
        }
}
