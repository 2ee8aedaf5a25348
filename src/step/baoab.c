/* BAOAB: a splitting for positions and velocities, kick, drift, Ornstein-Uhlenbeck, drift, kick. The middle
 * part is exact in law for friction and noise alone.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "step/splitting.h"

static nsde_var record(const nsde_step_at *at)
{
    const size_t half = nsde_model_describe(at->model)->dim / 2;
    const nsde_var half_h = nsde_mul_real(at->h, 0.5);
    nsde_var friction, q = nsde_slice(at->x, 0, half), v = nsde_slice(at->x, half, half);
    v = nsde_add(v, nsde_mul(nsde_split_force(at, q, at->t, &friction), half_h));
    q = nsde_add(q, nsde_mul(v, half_h));
    /* without friction the factor of the noise is 1, its limit */
    const nsde_var decay = nsde_mul(friction, at->h), twice = nsde_mul_real(decay, 2.0);
    const nsde_var safe = nsde_max(twice, nsde_real(at->tape, 1e-12));
    const nsde_var factor = nsde_sqrt(nsde_div(nsde_neg(nsde_expm1(nsde_neg(safe))), safe));
    /* its size that of the middle: at the start the scheme would be of weak order 1 where it changes */
    const nsde_var middle = nsde_add(at->t, half_h);
    const nsde_var noise = nsde_slice(nsde_step_noise(at, at->x, middle), half, half);
    v = nsde_add(nsde_mul(v, nsde_exp(nsde_neg(decay))), nsde_mul(factor, noise));
    q = nsde_add(q, nsde_mul(v, half_h));
    v = nsde_add(v, nsde_mul(nsde_split_force(at, q, nsde_add(at->t, at->h), NULL), half_h));
    return nsde_stack(2, (nsde_var[]){q, v});
}

const nsde_integrator nsde_integrator_baoab = {
    .name = "baoab",
    .aliases = "",
    .title = "BAOAB splitting for Langevin equations",
    .source = "Leimkuhler and Matthews 2013",
    .strong_order = 1.0,
    .weak_order = 2.0,
    .commutative_order = 1.0,
    .additive_order = 1.0,
    .calculus = NSDE_ITO,
    .noise = NSDE_NOISE_ADDITIVE,
    .linear_in_noise = true,
    .second_order = true,
    .record = record,
};
