/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "train/density.h"

#include "core/constants.h"
#include "core/error.h"
#include "core/memory.h"

/* Entry (i, k) of g, and of the Cholesky factor below it. */
typedef struct matrices {
    size_t dim, noise_dim;
    nsde_var *g, *L; /* [dim][noise_dim], [dim][dim] */
} matrices;

/* (g g^T)_ij less what the columns of L before j make of it. */
static nsde_var remainder_of(const matrices *m, size_t i, size_t j)
{
    nsde_var sum = nsde_mul(m->g[i * m->noise_dim], m->g[j * m->noise_dim]);
    for (size_t k = 1; k < m->noise_dim; k++)
        sum = nsde_add(sum, nsde_mul(m->g[i * m->noise_dim + k], m->g[j * m->noise_dim + k]));
    for (size_t k = 0; k < j; k++)
        sum = nsde_sub(sum, nsde_mul(m->L[i * m->dim + k], m->L[j * m->dim + k]));
    return sum;
}

/* Cholesky's L L^T = g g^T row by row, the solution z of L z = r with it, and from both the density: rows of
 * a panel, for every path has a matrix of its own. */
static nsde_var full_density(const matrices *m, nsde_var residual, nsde_var h, nsde_var *z)
{
    nsde_var logs = nsde_real(residual.tape, 0.0), squares = logs;
    for (size_t i = 0; i < m->dim; i++) {
        nsde_var left = nsde_row(residual, i);
        for (size_t j = 0; j < i; j++) {
            m->L[i * m->dim + j] = nsde_div(remainder_of(m, i, j), m->L[j * m->dim + j]);
            left = nsde_sub(left, nsde_mul(m->L[i * m->dim + j], z[j]));
        }
        const nsde_var pivot = remainder_of(m, i, i); /* the variance of i given those before it */
        m->L[i * m->dim + i] = nsde_sqrt(pivot);
        z[i] = nsde_div(left, m->L[i * m->dim + i]);
        squares = nsde_add(squares, nsde_square(z[i]));
        logs = nsde_add(logs, nsde_log(nsde_mul(pivot, h)));
    }
    const nsde_var sum = nsde_add(logs, nsde_div(squares, h));
    return nsde_mul_real(nsde_add_real(sum, (double)m->dim * NSDE_LOG_2PI), -0.5);
}

static nsde_var record_full(const nsde_model *model, nsde_var residual, nsde_var g, nsde_var h)
{
    const nsde_model_definition *d = nsde_model_describe(model);
    size_t total = 0, entries;
    nsde_arena arena = {0};
    matrices m = {.dim = d->dim, .noise_dim = d->noise_dim};
    if (!nsde_size_mul(d->dim, d->noise_dim + d->dim + 1, &entries) ||
        !nsde_arena_plan(entries, sizeof(nsde_var), &total) || nsde_arena_create(total, "density", &arena))
        return nsde_tape_fail(residual.tape, "no memory for the density of %zu states", d->dim);
    m.g = nsde_arena_take(&arena, entries, sizeof(nsde_var));
    m.L = m.g + d->dim * d->noise_dim;
    for (size_t i = 0; i < d->dim * d->noise_dim; i++)
        m.g[i] = nsde_row(g, i);
    const nsde_var density = full_density(&m, residual, h, m.L + d->dim * d->dim);
    nsde_arena_destroy(&arena);
    return density;
}

nsde_var nsde_euler_log_density(const nsde_model *model, const nsde_transition *step)
{
    const nsde_at *at = &step->from;
    const nsde_var drift = nsde_model_drift(model, at->x, at->t, at->p, at->u);
    const nsde_var g = nsde_model_diffusion(model, at->x, at->t, at->p, at->u);
    const nsde_var mean = nsde_add(at->x, nsde_mul(drift, step->h));
    if (!nsde_model_is_diagonal(model))
        return record_full(model, nsde_sub(step->x_next, mean), g, step->h);
    return nsde_sum(nsde_normal_log_density(step->x_next, mean, nsde_mul(nsde_square(g), step->h)));
}
