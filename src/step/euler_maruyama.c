/* Euler-Maruyama.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "step/step.h"

static nsde_var record(const nsde_step_at *at)
{
    const nsde_var moved = nsde_add(at->x, nsde_mul(nsde_step_drift(at, at->x, at->t), at->h));
    return nsde_add(moved, nsde_step_noise(at, at->x, at->t));
}

const nsde_integrator nsde_integrator_euler_maruyama = {
    .name = "euler_maruyama",
    .aliases = "euler em",
    .title = "Euler-Maruyama",
    .source = "Maruyama 1955; Kloeden and Platen 1992, sec. 10.2",
    .strong_order = 0.5,
    .weak_order = 1.0,
    .commutative_order = 0.5,
    .additive_order = 1.0,
    .calculus = NSDE_ITO,
    .noise = NSDE_NOISE_GENERAL,
    .linear_in_noise = true,
    .record = record,
};
