/* The score of a step: the derivative, by the parameters, of the log density of where the step goes, at the
 * place it went to. Summed over steps it is the derivative of the log likelihood of the path, by which the
 * likelihood-ratio estimator weighs the loss (Glynn 1990; Yang and Kushner 1991).
 *
 * The step is x' = F(x, dW), where dW is normal. Everything is read off its recording by duals in dW and in
 * the parameters. With one noise for each state, B = dF/dW, and r = F_k / B, at a fixed x' a parameter moves
 * dW by -r, so that the change of variables from dW to x' gives score = sum_i r dW_i / h - (B_k - B_W r) / B.
 * For Euler-Maruyama that is sum_i f_k dW_i / g_i + (g_k / g_i) (dW_i^2 / h - 1). Where B is a full matrix F
 * must be affine in dW: x' is normal with covariance A h, A = B B^T, and with u = B dW and m_k the derivative
 * of its mean score = m_k^T A^-1 u / h + (u^T A^-1 A_k A^-1 u / h - trace(A^-1 A_k)) / 2.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "estimate/record.h"
#include "step/step.h"
#include "tape/tape.h"

/* ---- does F remain affine in dW? ---- */

static nsde_var plain(nsde_var a)
{
    while (!nsde_is_void(a) && (a.id & NSDE_DUAL_BIT))
        a.id = nsde_dual_at(a.tape, a.id)->primal;
    return a;
}

/* Does a depend on an input, as far as the operations recorded show? */
static bool depends(nsde_var a, nsde_var input)
{
    void *memory;
    a = plain(a);
    input = plain(input);
    if (nsde_is_void(a) || nsde_is_void(input))
        return true;
    const nsde_status status = nsde_alloc(a.id + 1, sizeof(bool), "operands", &memory);
    if (status) {
        nsde_tape_break(a.tape, status); /* its first mistake stays */
        return true;
    }
    bool *needed = memory;
    needed[a.id] = true;
    for (uint32_t id = a.id; id > input.id; id--) {
        const nsde_node *node = nsde_node_at(a.tape, id);
        const bool stack = node->op == OP_stack;
        const uint32_t *args = stack ? nsde_pool_at(a.tape, node->arg[1]) : node->arg;
        for (uint32_t i = 0; needed[id] && i < (stack ? node->arg[0] : 3); i++)
            if (args[i] != NONE)
                needed[args[i]] = true;
    }
    const bool found = a.id >= input.id && needed[input.id];
    nsde_free(memory);
    return found;
}

static nsde_var refuse(const nsde_tangents_settings *s, const nsde_step_at *at)
{
    return nsde_tape_break(
        at->tape,
        nsde_fail(NSDE_UNSUPPORTED,
                  "the score needs the transition density of a step that is affine in dW (euler_maruyama, "
                  "tamed_euler) or the solution of one (exact): %s is not affine on model %s",
                  s->run->integrator->name, nsde_model_describe(s->model)->name));
}

/* ---- one noise for each state ---- */

bool nsde_score_is_diagonal(const nsde_tangents_settings *s)
{
    const nsde_integrator *i = s->run->integrator;
    const nsde_model_definition *d = nsde_model_describe(s->model);
    if (d->dim == 1)
        return d->noise_dim == 1;
    return nsde_model_is_diagonal(s->model) &&
           (i == &nsde_integrator_euler_maruyama || i == &nsde_integrator_tamed_euler ||
            (i->solution && d->solution)); /* a transition may mix what is diagonal */
}

nsde_var nsde_record_noise_slope(const nsde_tangents_settings *s, const nsde_step_at *at, nsde_var *next,
                                 nsde_var *bend)
{
    const nsde_var one = nsde_real(at->tape, 1.0);
    nsde_step_at here = *at;
    const nsde_perturbation eta = nsde_perturb(at->tape, 1), zeta = nsde_perturb(at->tape, 1);
    here.dW = nsde_seed(zeta, nsde_seed(eta, at->dW, &one), &one);
    const nsde_var y = nsde_step_record(s->run->integrator, &here), below = nsde_primal(zeta, y);
    *next = nsde_primal(eta, below);
    *bend = nsde_tangent(eta, nsde_tangent(zeta, y, 0), 0);
    const nsde_var slope = nsde_tangent(eta, below, 0);
    return !s->run->integrator->solution && depends(slope, at->dW) ? refuse(s, at) : slope;
}

static nsde_var diagonal_score(nsde_var F_k, nsde_var B_k, nsde_var B, nsde_var B_W, const nsde_step_at *at)
{
    const nsde_var r = nsde_div(F_k, B);
    const nsde_var volume = nsde_div(nsde_sub(B_k, nsde_mul(B_W, r)), B);
    return nsde_sum(nsde_sub(nsde_mul(r, nsde_div(at->dW, at->h)), volume));
}

static void diagonal_scores(const nsde_tangents_settings *s, nsde_perturbation eps, const nsde_step_at *at,
                            nsde_var *scores, nsde_var *next)
{
    nsde_var F, bend;
    const nsde_var slope = nsde_record_noise_slope(s, at, &F, &bend);
    const nsde_var B = nsde_primal(eps, slope), B_W = nsde_primal(eps, bend);
    for (size_t k = 0; k < s->partials && !nsde_tape_status(at->tape); k++)
        scores[k] = diagonal_score(nsde_tangent(eps, F, k), nsde_tangent(eps, slope, k), B, B_W, at);
    *next = nsde_primal(eps, F);
}

/* ---- full matrices: A^-1 by the factor of Cholesky ---- */

/* The entries of a small matrix, as many as the dimension is squared. */
enum { MOST = NSDE_SCORE_MOST };

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

/* dF/dW [d][m] with what duals it has, and F. */
static nsde_var noise_matrix(const nsde_tangents_settings *s, const nsde_step_at *at, nsde_var *next)
{
    const size_t d = nsde_model_describe(s->model)->dim, m = nsde_model_describe(s->model)->noise_dim;
    void *memory;
    const nsde_status status = nsde_alloc(m * (d + 1), sizeof(nsde_var) + sizeof(double), "noise", &memory);
    if (status)
        return nsde_tape_break(at->tape, status);
    nsde_var *directions = memory, *entries = directions + m;
    double *unit = (double *)(entries + m * d);
    nsde_step_at here = *at;
    for (size_t j = 0; j < m; j++) {
        unit[j] = 1.0;
        directions[j] = nsde_constant(at->tape, m, unit);
        unit[j] = 0.0;
    }
    const nsde_perturbation eta = nsde_perturb(at->tape, m);
    here.dW = nsde_seed(eta, at->dW, directions);
    const nsde_var y = nsde_step_record(s->run->integrator, &here);
    *next = nsde_primal(eta, y);
    for (size_t j = 0; j < m && !nsde_tape_status(at->tape); j++) {
        const nsde_var column = nsde_tangent(eta, y, j);
        if (depends(column, at->dW))
            refuse(s, at);
        for (size_t i = 0; i < d; i++)
            entries[i * m + j] = nsde_rows(column) == 1 ? column : nsde_row(column, i);
    }
    const nsde_var all = nsde_tape_status(at->tape) ? y : nsde_stack(d * m, entries);
    nsde_free(memory);
    return all;
}

static void full_scores(const nsde_tangents_settings *s, nsde_perturbation eps, const nsde_step_at *at,
                        nsde_var *scores, nsde_var *next)
{
    const nsde_model_definition *d = nsde_model_describe(s->model);
    nsde_var F, parts[MOST], v[MOST];
    const nsde_var dual = noise_matrix(s, at, &F), B = nsde_primal(eps, dual);
    *next = nsde_primal(eps, F);
    if (nsde_tape_status(at->tape))
        return;
    const nsde_var u = nsde_matvec(B, at->dW);
    const matrix a = covariance(B, NULL, d->dim, d->noise_dim), l = cholesky(&a);
    for (size_t i = 0; i < d->dim; i++)
        parts[i] = nsde_row(u, i);
    solve(&l, parts, v);
    for (size_t k = 0; k < s->partials && !nsde_tape_status(at->tape); k++) {
        const nsde_var found = nsde_tangent(eps, dual, k);
        const nsde_var B_k = nsde_rows(found) == 1 ? nsde_broadcast(found, d->dim * d->noise_dim) : found;
        const nsde_var mean = nsde_sub(nsde_tangent(eps, F, k), nsde_matvec(B_k, at->dW));
        const nsde_var rate = nsde_div(nsde_rows(mean) == 1 ? nsde_broadcast(mean, d->dim) : mean, at->h);
        const matrix a_k = covariance(B, &B_k, d->dim, d->noise_dim);
        scores[k] = full_score(&l, v, rate, &a_k, at->h);
    }
}

nsde_var nsde_record_inverse_noise(nsde_var g, nsde_var b, size_t d, size_t m)
{
    nsde_var parts[MOST] = {{0}}, solved[MOST];
    if (nsde_tape_status(g.tape))
        return g;
    const matrix a = covariance(g, NULL, d, m), l = cholesky(&a);
    for (size_t i = 0; i < d; i++)
        parts[i] = nsde_row(b, i);
    solve(&l, parts, solved);
    nsde_var u = nsde_mul(nsde_slice(g, 0, m), solved[0]);
    for (size_t i = 1; i < d; i++)
        u = nsde_add(u, nsde_mul(nsde_slice(g, i * m, m), solved[i]));
    return u;
}

nsde_status nsde_score_check(const nsde_tangents_settings *s, const char *who)
{
    const nsde_model_definition *d = nsde_model_describe(s->model);
    const nsde_integrator *i = s->run->integrator;
    if (nsde_model_is_deterministic(s->model) || d->noise_dim < d->dim)
        return nsde_fail(NSDE_UNSUPPORTED,
                         "%s needs a transition density, and model %s has %zu states but %zu noises", who,
                         d->name, d->dim, nsde_model_is_deterministic(s->model) ? 0 : d->noise_dim);
    if (!nsde_score_is_diagonal(s) && d->dim > MOST)
        return nsde_fail(
            NSDE_UNSUPPORTED,
            "%s takes a full diffusion of up to %d states, by a scheme that is affine in the noise "
            "(euler_maruyama): not %s on the %zu states of model %s",
            who, MOST, i->name, d->dim, d->name);
    if (i->carried)
        return nsde_fail(NSDE_UNSUPPORTED,
                         "%s needs the transition density of the state alone, and %s carries more", who,
                         i->name);
    if (s->run->noise && nsde_brownian_is_correlated(s->run->noise))
        return nsde_fail(NSDE_UNSUPPORTED,
                         "%s needs independent noise; put the correlation into the diffusion of model %s",
                         who, d->name);
    return NSDE_OK;
}

nsde_var nsde_record_score(const nsde_tangents_settings *s, nsde_perturbation eps, const nsde_step_at *at,
                           nsde_var *next)
{
    void *memory;
    const nsde_status status = nsde_alloc(s->partials, sizeof(nsde_var), "score", &memory);
    if (status)
        return *next = nsde_tape_break(at->tape, status);
    nsde_var *scores = memory;
    if (nsde_score_is_diagonal(s))
        diagonal_scores(s, eps, at, scores, next);
    else
        full_scores(s, eps, at, scores, next);
    const nsde_var all = nsde_tape_status(at->tape) ? *next : nsde_stack(s->partials, scores);
    nsde_free(memory);
    return all;
}
