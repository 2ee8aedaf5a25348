/* The law of W and H over the left part of an interval, given them over the whole; private to src/noise.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef NSDE_NOISE_BRIDGE_H
#define NSDE_NOISE_BRIDGE_H

#include "nsde/noise.h"

/* Lengths of the parts, coefficients of the means, and the triangular root of the covariance. */
typedef struct nsde_bridge_law {
    double a, b, b_inverse;
    double W_of_W, W_of_H, H_of_H;
    double deviation, slope, rest;
} nsde_bridge_law;

nsde_bridge_law nsde_bridge_law_of(double a, double b);

static inline void nsde_bridge_left(const nsde_bridge_law *law, double W, double H, double z0, double z1,
                                    double *W_left, double *H_left)
{
    *W_left = law->W_of_W * W + law->W_of_H * H + law->deviation * z0;
    *H_left = law->H_of_H * H + law->slope * z0 + law->rest * z1;
}

/* The right part follows from h H = a H_left + b H_right + (b W_left - a W_right) / 2. */
static inline void nsde_bridge_cut(const nsde_bridge_law *law, double W, double H, double z0, double z1,
                                   double *W_left, double *H_left, double *W_right, double *H_right)
{
    double Wl, Hl;
    nsde_bridge_left(law, W, H, z0, z1, &Wl, &Hl);
    const double Wr = W - Wl;
    *W_left = Wl;
    *H_left = Hl;
    *W_right = Wr;
    *H_right = ((law->a + law->b) * H - law->a * Hl - 0.5 * (law->b * Wl - law->a * Wr)) * law->b_inverse;
}

#endif
