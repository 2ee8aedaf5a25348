/* The loop that the scalar tape and ADOL-C are timed on: u_t + c u_x = d u_xx by explicit steps that
 * overwrite an array, differentiated by its two coefficients.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef NSDE_BENCH_ADVECTION_H
#define NSDE_BENCH_ADVECTION_H

#ifdef __cplusplus
extern "C" {
#endif

enum { CELLS = 1000, STEPS = 1000 };

/* Records sum u^2 at the end from these cells and coefficients, and sweeps back. */
void bench_advection_adolc(const double *cells, const double coefficients[2], double gradient[2]);

#ifdef __cplusplus
}
#endif

#endif
