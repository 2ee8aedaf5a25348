/* Platen's explicit scheme of weak order 2, for general noise.
 *
 * The signs V_rj that stand for the areas are those of the part of the Levy areas that is independent of
 * increments and space-time areas. Where the noise commutes they would cancel to that order, and are left
 * out.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "step/step.h"

/* V_rj / h for r < j: +1 or -1 with equal chances. */
static nsde_var sign_of(const nsde_step_at *at, size_t r, size_t j)
{
    const size_t m = nsde_model_describe(at->model)->noise_dim, pair = r * (2 * m - r - 1) / 2 + (j - r - 1);
    const nsde_var A = nsde_row(at->A, pair);
    const nsde_var known = nsde_sub(nsde_mul(nsde_row(at->H, r), nsde_row(at->dW, j)),
                                    nsde_mul(nsde_row(at->dW, r), nsde_row(at->H, j)));
    return nsde_sign(nsde_sub(A, known));
}

/* dW_j dW_r + V_rj, with V_jj = -h and V_jr = -V_rj. */
static nsde_var product(const nsde_step_at *at, size_t j, size_t r)
{
    const nsde_var both = nsde_mul(nsde_row(at->dW, j), nsde_row(at->dW, r));
    if (r == j)
        return nsde_sub(both, at->h);
    if (!at->A.tape)
        return both;
    const nsde_var V = nsde_mul(r < j ? sign_of(at, r, j) : nsde_neg(sign_of(at, j, r)), at->h);
    return nsde_add(both, V);
}

/* What g_j adds from a pair of supports: (g_j(+) + g_j(-)) dW_j + (g_j(+) - g_j(-)) area / sqrt(h). */
static nsde_var pair_of(nsde_var plus, nsde_var minus, nsde_var dW, nsde_var area, nsde_var root)
{
    const nsde_var sum = nsde_mul(nsde_add(plus, minus), dW), gap = nsde_mul(nsde_sub(plus, minus), area);
    return nsde_add(sum, nsde_div(gap, root));
}

/* Every state has a noise of its own: the sums over r and j fall apart. */
static nsde_var diagonal(const nsde_step_at *at, nsde_var g, nsde_var moved, nsde_var root)
{
    const nsde_var end = nsde_add(at->t, at->h), out = nsde_mul(g, root);
    const nsde_var plus = nsde_model_diffusion(at->model, nsde_add(moved, out), end, at->p, at->u);
    const nsde_var minus = nsde_model_diffusion(at->model, nsde_sub(moved, out), end, at->p, at->u);
    const nsde_var area = nsde_sub(nsde_square(at->dW), at->h);
    const nsde_var centre = nsde_mul(nsde_mul_real(g, 2.0), at->dW);
    return nsde_add(centre, pair_of(plus, minus, at->dW, area, root));
}

static nsde_var general(const nsde_step_at *at, nsde_var g, nsde_var moved, nsde_var root)
{
    const size_t m = nsde_model_describe(at->model)->noise_dim;
    const nsde_var end = nsde_add(at->t, at->h);
    nsde_var sum = nsde_mul_real(at->x, 0.0);
    for (size_t r = 0; r < m; r++) {
        const nsde_var out = nsde_mul(nsde_step_column(at, g, r), root);
        nsde_var own[2], others[2];
        for (int side = 0; side < 2; side++) {
            const nsde_var by = side ? nsde_neg(out) : out;
            own[side] = nsde_model_diffusion(at->model, nsde_add(moved, by), end, at->p, at->u);
            others[side] = nsde_model_diffusion(at->model, nsde_add(at->x, by), at->t, at->p, at->u);
        }
        for (size_t j = 0; j < m; j++) {
            const nsde_var dW = nsde_row(at->dW, j), *g_at = r == j ? own : others;
            const nsde_var centre =
                nsde_mul(nsde_step_column(at, g, j), nsde_mul_real(dW, r == j ? 2.0 : -2.0));
            sum = nsde_add(sum, centre);
            sum = nsde_add(sum, pair_of(nsde_step_column(at, g_at[0], j), nsde_step_column(at, g_at[1], j),
                                        dW, product(at, j, r), root));
        }
    }
    return sum;
}

static nsde_var record(const nsde_step_at *at)
{
    const nsde_var g = nsde_model_diffusion(at->model, at->x, at->t, at->p, at->u), root = nsde_sqrt(at->h);
    const nsde_var f = nsde_step_drift(at, at->x, at->t);
    const nsde_var moved = nsde_add(at->x, nsde_mul(f, at->h));
    const nsde_var ahead = nsde_add(moved, nsde_step_noise(at, at->x, at->t));
    const nsde_var f_end = nsde_step_drift(at, ahead, nsde_add(at->t, at->h));
    const nsde_var next = nsde_add(at->x, nsde_mul(nsde_mul_real(nsde_add(f, f_end), 0.5), at->h));
    const nsde_var noise =
        nsde_step_is_diagonal(at) ? diagonal(at, g, moved, root) : general(at, g, moved, root);
    return nsde_add(next, nsde_mul_real(noise, 0.25));
}

const nsde_integrator nsde_integrator_platen_weak2 = {
    .name = "platen_weak2",
    .aliases = "platen weak2",
    .title = "Platen's explicit scheme of weak order 2",
    .source = "Kloeden and Platen 1992, sec. 15.1",
    .strong_order = 0.5,
    .weak_order = 2.0,
    .commutative_order = 1.0,
    .additive_order = 1.0,
    .calculus = NSDE_ITO,
    .noise = NSDE_NOISE_GENERAL,
    .detail = NSDE_LEVY,
    .record = record,
};
