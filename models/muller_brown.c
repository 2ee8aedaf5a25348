/* Overdamped Langevin motion in the potential of Mueller and Brown (1979, table 1 and fig. 2).
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>

#include "models/shipped.h"

enum { SCALE, TEMPERATURE };

static const nsde_parameter_definition parameters[] = {
    {"scale", "factor of the potential", 0.0, INFINITY, 0.05, 1},
    {"temperature", "of the noise", 0.0, INFINITY, 1.0, 1},
};

/* A exp(a (x - X)^2 + b (x - X)(y - Y) + c (y - Y)^2) */
static const struct hill {
    double A, a, b, c, X, Y;
} hills[] = {
    {-200.0, -1.0, 0.0, -10.0, 1.0, 0.0},
    {-100.0, -1.0, 0.0, -10.0, 0.0, 0.5},
    {-170.0, -6.5, 11.0, -6.5, -0.5, 1.5},
    {15.0, 0.7, 0.6, 0.7, -1.0, 1.0},
};

static nsde_var drift(const nsde_at *at)
{
    nsde_var along_x = nsde_real(at->tape, 0.0), along_y = along_x;
    for (size_t k = 0; k < sizeof hills / sizeof *hills; k++) {
        const struct hill *hill = &hills[k];
        const nsde_var x = nsde_add_real(nsde_row(at->x, 0), -hill->X);
        const nsde_var y = nsde_add_real(nsde_row(at->x, 1), -hill->Y);
        const nsde_var slope_x = nsde_add(nsde_mul_real(x, 2.0 * hill->a), nsde_mul_real(y, hill->b));
        const nsde_var slope_y = nsde_add(nsde_mul_real(x, hill->b), nsde_mul_real(y, 2.0 * hill->c));
        /* the exponent is a quadratic form: half of its slope times its place */
        const nsde_var exponent = nsde_mul_real(nsde_add(nsde_mul(slope_x, x), nsde_mul(slope_y, y)), 0.5);
        const nsde_var height = nsde_mul_real(nsde_exp(exponent), hill->A);
        along_x = nsde_add(along_x, nsde_mul(height, slope_x));
        along_y = nsde_add(along_y, nsde_mul(height, slope_y));
    }
    return nsde_neg(nsde_mul(nsde_row(at->p, SCALE), nsde_stack(2, (nsde_var[]){along_x, along_y})));
}

static nsde_var diffusion(const nsde_at *at)
{
    return nsde_sqrt(nsde_mul_real(nsde_row(at->p, TEMPERATURE), 2.0));
}

const nsde_model_definition nsde_model_muller_brown = {
    .name = "muller_brown",
    .equation = "dX = -scale grad V(X) dt + sqrt(2 temperature) dW, V of Mueller and Brown",
    .doc = "Langevin motion in a potential with three wells",
    .dim = 2,
    .noise = NSDE_NOISE_ADDITIVE,
    .calculus = NSDE_ITO,
    .parameters = parameters,
    .n_parameters = 2,
    .drift = drift,
    .diffusion = diffusion,
};
