/* The score of a step: the derivative, by the parameters, of the log density of where Euler-Maruyama goes,
 * at the place it went to. Summed over steps it is the derivative of the log likelihood of the path, by which
 * the likelihood-ratio estimator weighs the loss (Glynn 1990; Yang and Kushner 1991).
 *
 * x' is normal with mean x + f h and covariance A h, A = g g^T, so that with u = g dW
 *   score = f_k^T A^-1 u + (u^T A^-1 A_k A^-1 u / h - trace(A^-1 A_k)) / 2,
 * which for a diagonal g is sum_i f_k dW_i / g_i + (g_k / g_i) (dW_i^2 / h - 1).
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "estimate/record.h"
#include "tape/tape.h"

static nsde_var diagonal_score(nsde_var f_k, nsde_var g_k, nsde_var g, const nsde_step_at *at)
{
    const nsde_var excess = nsde_add_real(nsde_div(nsde_square(at->dW), at->h), -1.0);
    const nsde_var terms = nsde_add(nsde_mul(f_k, at->dW), nsde_mul(g_k, excess));
    return nsde_sum(nsde_div(terms, g));
}

/* ---- full matrices: A^-1 by the factor of Cholesky ---- */

/* The entries of a small matrix, as many as the dimension is squared. */
enum { MOST = 8 };

typedef struct matrix {
    size_t d;
    nsde_var at[MOST][MOST];
} matrix;

/* g g^T for g [d][m], and its derivative along g_k where that is given. */
static matrix covariance(nsde_var g, const nsde_var *g_k, size_t d, size_t m)
{
    matrix a = {.d = d};
    for (size_t i = 0; i < d; i++)
        for (size_t j = 0; j <= i; j++) {
            const nsde_var u = nsde_slice(g, i * m, m), v = nsde_slice(g, j * m, m);
            if (g_k)
                a.at[i][j] = nsde_add(nsde_dot(nsde_slice(*g_k, i * m, m), v),
                                      nsde_dot(u, nsde_slice(*g_k, j * m, m)));
            else
                a.at[i][j] = nsde_dot(u, v);
            a.at[j][i] = a.at[i][j];
        }
    return a;
}

static matrix cholesky(const matrix *a)
{
    matrix l = {.d = a->d};
    for (size_t j = 0; j < a->d; j++)
        for (size_t i = j; i < a->d; i++) {
            nsde_var sum = a->at[i][j];
            for (size_t k = 0; k < j; k++)
                sum = nsde_sub(sum, nsde_mul(l.at[i][k], l.at[j][k]));
            l.at[i][j] = i == j ? nsde_sqrt(sum) : nsde_div(sum, l.at[j][j]);
        }
    return l;
}

/* x = (L L^T)^-1 b. */
static void solve(const matrix *l, const nsde_var *b, nsde_var *x)
{
    for (size_t i = 0; i < l->d; i++) {
        x[i] = b[i];
        for (size_t k = 0; k < i; k++)
            x[i] = nsde_sub(x[i], nsde_mul(l->at[i][k], x[k]));
        x[i] = nsde_div(x[i], l->at[i][i]);
    }
    for (size_t i = l->d; i-- > 0;) {
        for (size_t k = i + 1; k < l->d; k++)
            x[i] = nsde_sub(x[i], nsde_mul(l->at[k][i], x[k]));
        x[i] = nsde_div(x[i], l->at[i][i]);
    }
}

/* v = A^-1 u. */
static nsde_var full_score(const matrix *l, const nsde_var *v, nsde_var f_k, const matrix *a_k, nsde_var h)
{
    nsde_var score = nsde_real(h.tape, 0.0), quadratic = score, trace = score;
    for (size_t i = 0; i < l->d; i++) {
        nsde_var column[MOST], solved[MOST];
        score = nsde_add(score, nsde_mul(nsde_row(f_k, i), v[i]));
        for (size_t j = 0; j < l->d; j++) {
            quadratic = nsde_add(quadratic, nsde_mul(nsde_mul(v[i], a_k->at[i][j]), v[j]));
            column[j] = a_k->at[j][i];
        }
        solve(l, column, solved);
        trace = nsde_add(trace, solved[i]);
    }
    const nsde_var excess = nsde_sub(nsde_div(quadratic, h), trace);
    return nsde_add(score, nsde_mul_real(excess, 0.5));
}

nsde_var nsde_record_score(const nsde_tangents_settings *s, nsde_perturbation eps, const nsde_step_at *at,
                           nsde_var *next)
{
    const nsde_model_definition *d = nsde_model_describe(s->model);
    const bool diagonal = nsde_model_is_diagonal(s->model);
    void *memory;
    if (!diagonal && d->dim > MOST)
        return nsde_tape_fail(at->tape, "the score of a full diffusion of more than %d states", MOST);
    const nsde_var f = nsde_model_drift(s->model, at->x, at->t, at->p, at->u);
    const nsde_var g = nsde_model_diffusion(s->model, at->x, at->t, at->p, at->u);
    const nsde_var g0 = nsde_primal(eps, g);
    const nsde_var u = diagonal ? nsde_mul(g0, at->dW) : nsde_matvec(g0, at->dW);
    const nsde_status status = nsde_alloc(s->partials, sizeof(nsde_var), "score", &memory);
    if (status)
        return nsde_tape_break(at->tape, status);
    nsde_var *scores = memory, parts[MOST], v[MOST];
    matrix l;
    if (!diagonal && !nsde_tape_status(at->tape)) {
        const matrix a = covariance(g0, NULL, d->dim, d->noise_dim);
        for (size_t i = 0; i < d->dim; i++)
            parts[i] = nsde_row(u, i);
        l = cholesky(&a);
        solve(&l, parts, v);
    }
    for (size_t k = 0; k < s->partials && !nsde_tape_status(at->tape); k++) {
        /* The mean is x + f h: where x moves with a parameter (at the start) it does too. */
        const nsde_var x_k = nsde_div(nsde_tangent(eps, at->x, k), at->h);
        const nsde_var f_k = nsde_add(nsde_tangent(eps, f, k), x_k), g_k = nsde_tangent(eps, g, k);
        if (diagonal) {
            scores[k] = diagonal_score(f_k, g_k, g0, at);
        } else {
            const matrix a_k = covariance(g0, &g_k, d->dim, d->noise_dim);
            scores[k] = full_score(&l, v, f_k, &a_k, at->h);
        }
    }
    const nsde_var x = nsde_primal(eps, at->x);
    *next = nsde_add(nsde_add(x, nsde_mul(nsde_primal(eps, f), at->h)), u);
    const nsde_var all = nsde_tape_status(at->tape) ? *next : nsde_stack(s->partials, scores);
    nsde_free(memory);
    return all;
}
