/* A small stochastic network step, x + f(x) h + g(x) dW with two-layer f and g, unrolled: what several tests
 * differentiate.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef NSDE_TESTS_NETWORK_H
#define NSDE_TESTS_NETWORK_H

#include "tape/panel.h"

enum { STATE = 2, HIDDEN = 5, STEPS = 4, N_WEIGHTS = HIDDEN * STATE + HIDDEN + STATE * HIDDEN + STATE };

static inline nsde_var two_layers(nsde_var w, nsde_var x, nsde_var (*activation)(nsde_var))
{
    const size_t at[] = {0, HIDDEN * STATE, HIDDEN * STATE + HIDDEN, N_WEIGHTS - STATE};
    const nsde_var bias = nsde_slice(w, at[1], HIDDEN), last = nsde_slice(w, at[3], STATE);
    const nsde_var hidden = activation(nsde_dense(nsde_slice(w, 0, at[1]), &bias, x, HIDDEN));
    return nsde_dense(nsde_slice(w, at[2], STATE * HIDDEN), &last, hidden, STATE);
}

/* Inputs of the tape: x [STATE], passive noise [STATE * STEPS]; parameters: w; result: x after STEPS steps.
 */
static inline nsde_var unrolled(nsde_tape *tape, nsde_var x, nsde_var w, nsde_var noise)
{
    const nsde_var h = nsde_real(tape, 0.1), f = nsde_slice(w, 0, N_WEIGHTS),
                   g = nsde_slice(w, N_WEIGHTS, N_WEIGHTS);
    for (size_t k = 0; k < STEPS; k++) {
        const nsde_var drift = two_layers(f, x, nsde_tanh), size = nsde_softplus(two_layers(g, x, nsde_silu));
        x = nsde_add(nsde_add(x, nsde_mul(drift, h)), nsde_mul(size, nsde_slice(noise, STATE * k, STATE)));
    }
    return x;
}

static inline void network_fill(panel *p, size_t noise_input)
{
    uint64_t state = 2385;
    for (size_t k = 0; k < nsde_program_parameters(p->program); k++)
        nsde_workspace_parameters(p->workspace)[k] = uniform_number(&state, -0.9, 0.9);
    for (size_t path = 0; path < p->stride; path++) {
        uint64_t own = 77 + 1000 * (path % p->paths); /* a path's numbers do not depend on the panel */
        for (size_t r = 0; r < STATE; r++)
            nsde_workspace_input(p->workspace, 0)[r * p->stride + path] = uniform_number(&own, -1.0, 1.0);
        for (size_t r = 0; r < STATE * STEPS; r++)
            nsde_workspace_input(p->workspace, noise_input)[r * p->stride + path] =
                uniform_number(&own, -0.5, 0.5);
    }
}

#endif
