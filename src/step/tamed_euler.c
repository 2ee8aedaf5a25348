/* Tamed Euler, for drifts that grow faster than linearly.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "step/step.h"

static nsde_var record(const nsde_step_at *at)
{
    const nsde_var f = nsde_step_drift(at, at->x, at->t);
    const nsde_var length =
        nsde_model_describe(at->model)->dim == 1 ? nsde_abs(f) : nsde_sqrt(nsde_dot(f, f));
    const nsde_var tamer = nsde_add_real(nsde_mul(length, at->h), 1.0);
    const nsde_var moved = nsde_add(at->x, nsde_div(nsde_mul(f, at->h), tamer));
    return nsde_add(moved, nsde_step_noise(at, at->x, at->t));
}

const nsde_integrator nsde_integrator_tamed_euler = {
    .name = "tamed_euler",
    .aliases = "tamed",
    .title = "tamed Euler",
    .source = "Hutzenthaler, Jentzen and Kloeden 2012, eq. 4",
    .strong_order = 0.5,
    .weak_order = 1.0,
    .commutative_order = 0.5,
    .additive_order = 1.0,
    .calculus = NSDE_ITO,
    .noise = NSDE_NOISE_GENERAL,
    .linear_in_noise = true,
    .record = record,
};
