/* Sobol's sequence and paths made of it; private to src/noise.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef NSDE_NOISE_SOBOL_H
#define NSDE_NOISE_SOBOL_H

#include "nsde/noise.h"

enum { NSDE_SOBOL_BITS = 32 }; /* of a point's number */

/* A dimension: what each bit of a point's number in Gray code adds (modulo 2) to the shift; as fractions of
 * 2^64. */
typedef struct nsde_sobol_dimension {
    uint64_t directions[NSDE_SOBOL_BITS], shift;
} nsde_sobol_dimension;

/* The primitive polynomials of dimensions 1 … NSDE_SOBOL_DIMENSIONS - 1, counted from 0. */
extern const uint16_t nsde_sobol_polynomials[NSDE_SOBOL_DIMENSIONS - 1];

/* Dimensions 0 … n - 1 of Sobol's sequence, neither scrambled nor shifted. */
void nsde_sobol_sequence(size_t n, nsde_sobol_dimension *dimensions);
/* Scrambles and shifts them. */
void nsde_sobol_scramble(uint64_t seed, size_t n, nsde_sobol_dimension *dimensions);
/* The coordinates of points first … first + n - 1; numbers count modulo 2^32. */
void nsde_sobol_points(const nsde_sobol_dimension *dimension, uint64_t first, size_t n, uint64_t *points);

#endif
