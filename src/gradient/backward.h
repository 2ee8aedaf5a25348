/* Back without what was kept: policies that hold the last state alone and compute those before it again,
 * going back. Private to src/gradient.
 *
 * NSDE_KEEP_UNDO undoes each step, which a reversible integrator can (Kidger, Foster, Li and Lyons 2021): a
 * step from there over -h with -dW. The step is then run again and swept back: the gradient is that of the
 * other policies but for rounding.
 *
 * NSDE_KEEP_ADJOINT solves the adjoint equation (Li, Wong, Chen and Duvenaud 2020): in Stratonovich's
 * calculus
 *
 *   dX = f dt + g dW,   da = -a df/dX dt - a dg/dX dW,   dp = -a df/dp dt - a dg/dp dW
 *
 * run back from the end by Heun's scheme on the same increments. Its gradient is that of the equation, as far
 * as the scheme converges, not that of the steps there.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef NSDE_GRADIENT_BACKWARD_H
#define NSDE_GRADIENT_BACKWARD_H

#include "gradient/engine.h"

/* Does the policy hold the last state alone? */
static inline bool nsde_backward_is(nsde_keep keep)
{
    return keep == NSDE_KEEP_UNDO || keep == NSDE_KEEP_ADJOINT;
}

/* Can the engine's integrator, model and noise do it? NSDE_UNSUPPORTED */
NSDE_MUST_USE nsde_status nsde_backward_check(const nsde_gradient *engine);
/* Compiles e->back_program: the step back, or the increment f h + g dW whose adjoint is wanted. */
NSDE_MUST_USE nsde_status nsde_backward_compile(nsde_gradient *engine);

/* States a sweeper holds: the last one, and for the adjoint what it is at the other stage of the scheme, and
 * its adjoint there. */
enum { NSDE_BACKWARD_SLOTS = 3 };

/* s->states, the state after step k, becomes the one before it. */
NSDE_MUST_USE nsde_status nsde_backward_undo(nsde_sweeper *sweeper, size_t k);
/* The same for the adjoint equation, s->lambda with it; adjoints of parameters gather in s->back. */
NSDE_MUST_USE nsde_status nsde_backward_adjoint(nsde_sweeper *sweeper, size_t k);

#endif
