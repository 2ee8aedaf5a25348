/* Heun's scheme and its relatives, for Stratonovich equations: they evaluate the noise twice, so that the
 * average over a step is the one that calculus takes.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "step/step.h"

/* (a + b) / 2 */
static nsde_var mean(nsde_var a, nsde_var b)
{
    return nsde_mul_real(nsde_add(a, b), 0.5);
}

static nsde_var heun(const nsde_step_at *at)
{
    const nsde_var first = nsde_step_increment(at, at->x, at->t);
    const nsde_var last = nsde_step_increment(at, nsde_add(at->x, first), nsde_add(at->t, at->h));
    return nsde_add(at->x, mean(first, last));
}

static nsde_var midpoint(const nsde_step_at *at)
{
    const nsde_var half = nsde_mul_real(nsde_step_increment(at, at->x, at->t), 0.5);
    const nsde_var middle = nsde_add(at->t, nsde_mul_real(at->h, 0.5));
    return nsde_add(at->x, nsde_step_increment(at, nsde_add(at->x, half), middle));
}

static nsde_var euler_heun(const nsde_step_at *at)
{
    const nsde_var g = nsde_step_noise(at, at->x, at->t);
    const nsde_var moved = nsde_add(at->x, nsde_mul(nsde_step_drift(at, at->x, at->t), at->h));
    return nsde_add(moved, mean(g, nsde_step_noise(at, nsde_add(at->x, g), nsde_add(at->t, at->h))));
}

const nsde_integrator nsde_integrator_heun = {
    .name = "heun",
    .aliases = "stratonovich_heun",
    .title = "Heun",
    .source = "Ruemelin 1982",
    .strong_order = 0.5,
    .weak_order = 1.0,
    .commutative_order = 1.0,
    .additive_order = 1.0,
    .calculus = NSDE_STRATONOVICH,
    .noise = NSDE_NOISE_GENERAL,
    .record = heun,
};

const nsde_integrator nsde_integrator_euler_heun = {
    .name = "euler_heun",
    .aliases = "",
    .title = "Euler-Heun",
    .source = "Gard 1988; Burrage, Burrage and Tian 2004",
    .strong_order = 0.5,
    .weak_order = 1.0,
    .commutative_order = 1.0,
    .additive_order = 1.0,
    .calculus = NSDE_STRATONOVICH,
    .noise = NSDE_NOISE_GENERAL,
    .record = euler_heun,
};

const nsde_integrator nsde_integrator_midpoint = {
    .name = "midpoint",
    .aliases = "explicit_midpoint",
    .title = "explicit midpoint",
    .source = "Ruemelin 1982",
    .strong_order = 0.5,
    .weak_order = 1.0,
    .commutative_order = 1.0,
    .additive_order = 1.0,
    .calculus = NSDE_STRATONOVICH,
    .noise = NSDE_NOISE_GENERAL,
    .record = midpoint,
};
