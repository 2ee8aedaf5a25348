/* The classical Runge-Kutta scheme, for equations without noise.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "step/step.h"

static nsde_var stage(const nsde_step_at *at, double part, nsde_var slope)
{
    const nsde_var x = nsde_add(at->x, nsde_mul(nsde_mul_real(at->h, part), slope));
    return nsde_step_drift(at, x, nsde_add(at->t, nsde_mul_real(at->h, part)));
}

static nsde_var record(const nsde_step_at *at)
{
    const nsde_var k1 = nsde_step_drift(at, at->x, at->t), k2 = stage(at, 0.5, k1), k3 = stage(at, 0.5, k2);
    const nsde_var k4 = stage(at, 1.0, k3), middle = nsde_mul_real(nsde_add(k2, k3), 2.0);
    const nsde_var slope = nsde_add(nsde_add(k1, k4), middle);
    return nsde_add(at->x, nsde_mul(nsde_mul_real(at->h, 1.0 / 6.0), slope));
}

const nsde_integrator nsde_integrator_rk4 = {
    .name = "rk4",
    .aliases = "runge_kutta",
    .title = "classical Runge-Kutta",
    .source = "Kutta 1901",
    .strong_order = 4.0,
    .weak_order = 4.0,
    .commutative_order = 4.0,
    .additive_order = 4.0,
    .calculus = NSDE_ITO,
    .noise = NSDE_NOISE_ADDITIVE,
    .deterministic = true,
    .record = record,
};
