/* UBU: a splitting for positions and velocities, half a flow without force, a kick by the force, half a flow.
 *
 * The flow solves dq = v dt, dv = -gamma v dt + g dW exactly along the path's mean given dW and H,
 * dW / h + 6 H / h (1 - 2 s / h) ds at the time s of the step: what else the path does has mean 0 and a size
 * of h^(5/2), so that positions and velocities have strong order 2 on the path of that W. With z = gamma tau,
 *
 *   v' = exp(-z) v + tau phi_1 a + tau^2 phi_2 b,   q' = q + tau phi_1 v + tau^2 phi_2 a + tau^3 phi_3 b
 *
 * over a time tau with noise (a + b s) ds, and phi_k = int_0^1 exp(-z (1 - r)) r^(k-1) / (k-1)! dr.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "step/splitting.h"

enum { TERMS = 18 };

typedef struct phis {
    nsde_var decay, phi_1, phi_2, phi_3;
} phis;

/* Where z is small phi_3 is summed and the others follow, 1 - phi_1 = z phi_2 …; else the other way round. */
static phis phis_of(nsde_var z)
{
    nsde_tape *tape = z.tape;
    const nsde_var one = nsde_real(tape, 1.0), above = nsde_add_real(z, -1.0);
    const nsde_var small = nsde_min(z, one), large = nsde_max(z, one);
    nsde_var sum = one; /* 3! phi_3 by Horner's rule: 1 - z / 4 (1 - z / 5 (1 - …)) */
    for (int k = TERMS; k >= 1; k--)
        sum = nsde_sub(one, nsde_mul(nsde_mul_real(small, 1.0 / (k + 3.0)), sum));
    const nsde_var near_3 = nsde_mul_real(sum, 1.0 / 6.0);
    const nsde_var near_2 = nsde_add_real(nsde_neg(nsde_mul(small, near_3)), 0.5);
    const nsde_var near_1 = nsde_sub(one, nsde_mul(small, near_2));
    const nsde_var far_1 = nsde_neg(nsde_div(nsde_expm1(nsde_neg(large)), large));
    const nsde_var far_2 = nsde_div(nsde_sub(one, far_1), large);
    const nsde_var far_3 = nsde_div(nsde_add_real(nsde_neg(far_2), 0.5), large);
    return (phis){nsde_exp(nsde_neg(z)), nsde_select(above, far_1, near_1), nsde_select(above, far_2, near_2),
                  nsde_select(above, far_3, near_3)};
}

typedef struct place {
    nsde_var q, v;
} place;

/* The flow without force over a time tau, with noise (a + b s) ds. */
static place flow(const phis *phi, nsde_var tau, place x, nsde_var a, nsde_var b)
{
    const nsde_var one = nsde_mul(phi->phi_1, tau), two = nsde_mul(nsde_mul(phi->phi_2, tau), tau);
    const nsde_var three = nsde_mul(nsde_mul(nsde_mul(phi->phi_3, tau), tau), tau);
    const nsde_var pushed = nsde_add(nsde_mul(one, a), nsde_mul(two, b));
    const nsde_var shifted = nsde_add(nsde_mul(two, a), nsde_mul(three, b));
    return (place){nsde_add(nsde_add(x.q, nsde_mul(one, x.v)), shifted),
                   nsde_add(nsde_mul(phi->decay, x.v), pushed)};
}

static nsde_var record(const nsde_step_at *at)
{
    const size_t half = nsde_model_describe(at->model)->dim / 2;
    const nsde_var tau = nsde_mul_real(at->h, 0.5), middle = nsde_add(at->t, tau);
    /* where its size changes, int g dW is g(middle) dW - (g(end) - g(start)) H up to h^(5/2) */
    const nsde_var change = nsde_sub(nsde_step_noise_along(at, at->x, nsde_add(at->t, at->h), at->H),
                                     nsde_step_noise_along(at, at->x, at->t, at->H));
    const nsde_var gW = nsde_sub(nsde_step_noise(at, at->x, middle), change);
    const nsde_var rate = nsde_div(nsde_slice(gW, half, half), at->h);
    const nsde_var gH = nsde_slice(nsde_step_noise_along(at, at->x, middle, at->H), half, half);
    const nsde_var bend = nsde_div(nsde_mul_real(gH, 6.0), at->h);
    const nsde_var slope = nsde_div(nsde_mul_real(bend, -2.0), at->h);
    nsde_var friction;
    place x = {nsde_slice(at->x, 0, half), nsde_slice(at->x, half, half)};
    nsde_split_force(at, x.q, at->t, &friction);
    const phis phi = phis_of(nsde_mul(friction, tau));
    x = flow(&phi, tau, x, nsde_add(rate, bend), slope);
    x.v = nsde_add(x.v, nsde_mul(nsde_split_force(at, x.q, middle, NULL), at->h));
    x = flow(&phi, tau, x, rate, slope);
    return nsde_stack(2, (nsde_var[]){x.q, x.v});
}

const nsde_integrator nsde_integrator_ubu = {
    .name = "ubu",
    .aliases = "",
    .title = "UBU splitting for Langevin equations",
    .source = "Sanz-Serna and Zygalakis 2021",
    .strong_order = 2.0,
    .weak_order = 2.0,
    .commutative_order = 2.0,
    .additive_order = 2.0,
    .calculus = NSDE_ITO,
    .noise = NSDE_NOISE_ADDITIVE,
    .detail = NSDE_SPACE_TIME,
    .linear_in_noise = true,
    .second_order = true,
    .record = record,
};
