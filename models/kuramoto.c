/* Kuramoto's (1975) oscillators, four of them, with noise on their phases.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>

#include "models/shipped.h"

enum { OSCILLATORS = 4, OMEGA = 0, COUPLING = OSCILLATORS, SIGMA };

static const nsde_parameter_definition parameters[] = {
    {"omega", "frequency of each oscillator", -INFINITY, INFINITY, 0.0, OSCILLATORS},
    {"coupling", "strength of the coupling", -INFINITY, INFINITY, 1.0, 1},
    {"sigma", "noise on the phases", 0.0, INFINITY, 0.3, 1},
};

static nsde_var drift(const nsde_at *at)
{
    const nsde_var pull = nsde_mul_real(nsde_row(at->p, COUPLING), 1.0 / OSCILLATORS);
    nsde_var rows[OSCILLATORS];
    for (size_t i = 0; i < OSCILLATORS; i++) {
        const nsde_var towards = nsde_sum(nsde_sin(nsde_sub(at->x, nsde_row(at->x, i))));
        rows[i] = nsde_add(nsde_row(at->p, OMEGA + i), nsde_mul(pull, towards));
    }
    return nsde_stack(OSCILLATORS, rows);
}

static nsde_var diffusion(const nsde_at *at)
{
    return nsde_row(at->p, SIGMA);
}

const nsde_model_definition nsde_model_kuramoto = {
    .name = "kuramoto",
    .equation = "dX_i = (omega_i + coupling / 4 sum_j sin(X_j - X_i)) dt + sigma dW_i, i = 1 ... 4",
    .doc = "Kuramoto's coupled oscillators",
    .dim = OSCILLATORS,
    .noise = NSDE_NOISE_ADDITIVE,
    .calculus = NSDE_ITO,
    .parameters = parameters,
    .n_parameters = 3,
    .drift = drift,
    .diffusion = diffusion,
};
