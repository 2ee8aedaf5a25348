/* Milstein's scheme with differences in place of derivatives.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "step/step.h"

/* sum over j, k of (g_k(x + f h + g_j sqrt(h)) - g_k(x)) / sqrt(h) I_jk in Ito's integrals. For diagonal
 * noise one support serves all states: each moves along its own noise. */
static nsde_var record(const nsde_step_at *at)
{
    const nsde_model_definition *d = nsde_model_describe(at->model);
    const nsde_var root = nsde_sqrt(at->h), g = nsde_model_diffusion(at->model, at->x, at->t, at->p, at->u);
    const nsde_var moved = nsde_add(at->x, nsde_mul(nsde_step_drift(at, at->x, at->t), at->h));
    nsde_var next = nsde_add(moved, nsde_step_noise(at, at->x, at->t));
    if (d->noise == NSDE_NOISE_ADDITIVE)
        return next;
    if (nsde_step_is_diagonal(at)) {
        const nsde_var area = nsde_mul_real(nsde_sub(nsde_square(at->dW), at->h), 0.5);
        const nsde_var support = nsde_add(moved, nsde_mul(g, root));
        const nsde_var gap = nsde_sub(nsde_model_diffusion(at->model, support, at->t, at->p, at->u), g);
        return nsde_add(next, nsde_mul(nsde_div(gap, root), area));
    }
    for (size_t j = 0; j < d->noise_dim; j++) {
        nsde_var I = nsde_step_iterated(at, j), self = nsde_mul_real(at->h, -0.5), parts[3];
        size_t n = 0;
        if (j)
            parts[n++] = nsde_broadcast(nsde_real(at->tape, 0.0), j);
        parts[n++] = self;
        if (j + 1 < d->noise_dim)
            parts[n++] = nsde_broadcast(nsde_real(at->tape, 0.0), d->noise_dim - j - 1);
        I = nsde_add(I, n > 1 ? nsde_stack(n, parts) : self);
        const nsde_var support = nsde_add(moved, nsde_mul(nsde_step_column(at, g, j), root));
        const nsde_var gap = nsde_sub(nsde_step_noise_along(at, support, at->t, I),
                                      nsde_step_noise_along(at, at->x, at->t, I));
        next = nsde_add(next, nsde_div(gap, root));
    }
    return next;
}

const nsde_integrator nsde_integrator_milstein_derivative_free = {
    .name = "milstein_derivative_free",
    .aliases = "rk_milstein milstein_rk",
    .title = "derivative-free (Runge-Kutta) Milstein",
    .source = "Kloeden and Platen 1992, sec. 11.1",
    .strong_order = 1.0,
    .weak_order = 1.0,
    .commutative_order = 1.0,
    .additive_order = 1.0,
    .calculus = NSDE_ITO,
    .noise = NSDE_NOISE_GENERAL,
    .detail = NSDE_LEVY,
    .record = record,
};
