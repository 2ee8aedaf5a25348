/* The reversible Heun scheme: a step back from (x, y) over -h with -dW undoes a step, exactly but for
 * rounding.
 *
 *   y' = 2 x - y + f(y) h + g(y) dW
 *   x' = x + (f(y) + f(y')) h / 2 + (g(y) + g(y')) dW / 2
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "step/step.h"

static nsde_var record(const nsde_step_at *at)
{
    const nsde_var y = at->carried, end = nsde_add(at->t, at->h);
    const nsde_var first = nsde_step_increment(at, y, at->t);
    const nsde_var mirrored = nsde_sub(nsde_mul_real(at->x, 2.0), y);
    const nsde_var y_end = nsde_add(mirrored, first);
    const nsde_var both = nsde_add(first, nsde_step_increment(at, y_end, end));
    return nsde_stack(2, (nsde_var[]){nsde_add(at->x, nsde_mul_real(both, 0.5)), y_end});
}

const nsde_integrator nsde_integrator_reversible_heun = {
    .name = "reversible_heun",
    .aliases = "",
    .title = "reversible Heun",
    .source = "Kidger, Foster, Li and Lyons 2021, algorithm 1",
    .strong_order = 0.5,
    .weak_order = 1.0,
    .commutative_order = 1.0,
    .additive_order = 1.0,
    .calculus = NSDE_STRATONOVICH,
    .noise = NSDE_NOISE_GENERAL,
    .carried = 1,
    .record = record,
    .reversible = true,
};
