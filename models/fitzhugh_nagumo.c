/* FitzHugh (1961) and Nagumo (1962): a nerve that fires, with noise on its voltage.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>

#include "models/shipped.h"

enum { CURRENT, EPSILON, A, B, SIGMA };

static const nsde_parameter_definition parameters[] = {
    {"current", "stimulus", -INFINITY, INFINITY, 0.5, 1},
    {"epsilon", "rate of recovery", 0.0, INFINITY, 0.08, 1},
    {"a", "offset of recovery", -INFINITY, INFINITY, 0.7, 1},
    {"b", "return of recovery", -INFINITY, INFINITY, 0.8, 1},
    {"sigma", "noise on the voltage", 0.0, INFINITY, 0.25, 1},
};

static nsde_var drift(const nsde_at *at)
{
    const nsde_var v = nsde_row(at->x, 0), w = nsde_row(at->x, 1);
    const nsde_var cube = nsde_mul_real(nsde_mul(nsde_square(v), v), 1.0 / 3.0);
    const nsde_var voltage = nsde_add(nsde_sub(nsde_sub(v, cube), w), nsde_row(at->p, CURRENT));
    const nsde_var gap = nsde_sub(nsde_add(v, nsde_row(at->p, A)), nsde_mul(nsde_row(at->p, B), w));
    return nsde_stack(2, (nsde_var[]){voltage, nsde_mul(nsde_row(at->p, EPSILON), gap)});
}

static nsde_var diffusion(const nsde_at *at)
{
    return nsde_stack(2, (nsde_var[]){nsde_row(at->p, SIGMA), nsde_real(at->tape, 0.0)});
}

const nsde_model_definition nsde_model_fitzhugh_nagumo = {
    .name = "fitzhugh_nagumo",
    .equation = "dv = (v - v^3 / 3 - w + current) dt + sigma dW, dw = epsilon (v + a - b w) dt",
    .doc = "FitzHugh and Nagumo's nerve with noise on its voltage",
    .dim = 2,
    .noise_dim = 1,
    .noise = NSDE_NOISE_ADDITIVE,
    .calculus = NSDE_ITO,
    .parameters = parameters,
    .n_parameters = 5,
    .drift = drift,
    .diffusion = diffusion,
};
