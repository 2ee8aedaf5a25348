/* Langevin's (1908) equation in a double well: position and velocity, with friction and the noise that keeps
 * the temperature.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>

#include "models/shipped.h"

enum { A, B, GAMMA, TEMPERATURE };

static const nsde_parameter_definition parameters[] = {
    {"a", "push away from 0", -INFINITY, INFINITY, 1.0, 1},
    {"b", "pull back from afar", 0.0, INFINITY, 1.0, 1},
    {"gamma", "friction", 0.0, INFINITY, 1.0, 1},
    {"temperature", "of the noise", 0.0, INFINITY, 0.5, 1},
};

static nsde_var drift(const nsde_at *at)
{
    const nsde_var q = nsde_row(at->x, 0), v = nsde_row(at->x, 1);
    const nsde_var pull = nsde_mul(nsde_row(at->p, B), nsde_square(q));
    const nsde_var force = nsde_mul(q, nsde_sub(nsde_row(at->p, A), pull));
    return nsde_stack(2, (nsde_var[]){v, nsde_sub(force, nsde_mul(nsde_row(at->p, GAMMA), v))});
}

static nsde_var diffusion(const nsde_at *at)
{
    const nsde_var power = nsde_mul(nsde_row(at->p, GAMMA), nsde_row(at->p, TEMPERATURE));
    return nsde_stack(2, (nsde_var[]){nsde_real(at->tape, 0.0), nsde_sqrt(nsde_mul_real(power, 2.0))});
}

const nsde_model_definition nsde_model_langevin = {
    .name = "langevin",
    .equation = "dq = v dt, dv = (a q - b q^3 - gamma v) dt + sqrt(2 gamma temperature) dW",
    .doc = "Langevin's equation in a double well",
    .dim = 2,
    .noise_dim = 1,
    .noise = NSDE_NOISE_ADDITIVE,
    .calculus = NSDE_ITO,
    .parameters = parameters,
    .n_parameters = 4,
    .second_order = true,
    .drift = drift,
    .diffusion = diffusion,
};
