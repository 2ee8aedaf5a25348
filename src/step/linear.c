/* The exact transition of dX = (A X + b) dt + g dW over a time h: X + D f(X) and a normal number of
 * covariance C, where D = int_0^h exp(A s) ds and C = int_0^h exp(A s) g g' exp(A' s) ds.
 *
 * Both are summed as Taylor series over h / 2^DOUBLINGS and doubled (as Van Loan's 1978 matrix exponentials
 * give them, but without the growing half of those): with E = I + A D, D(2 h) = D + E D and C(2 h) = C + E C
 * E'. Nothing cancels, and it is a function of the parameters like any other: derivatives go through.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "step/linear.h"

#include "step/step.h"

enum { STATES = NSDE_LINEAR_STATES, TERMS = 9, DOUBLINGS = 10 };

/* A square matrix by its columns and its rows: one below another they are the transposed matrix and the
 * matrix itself, as nsde_matvec takes it. */
typedef struct matrix {
    size_t n;
    nsde_var column[STATES], row[STATES];
} matrix;

static matrix product(const matrix *a, const matrix *b)
{
    matrix c = {.n = a->n};
    const nsde_var left = nsde_stack(c.n, a->row), right = nsde_stack(c.n, b->column);
    for (size_t j = 0; j < c.n; j++) {
        c.column[j] = nsde_matvec(left, b->column[j]);
        c.row[j] = nsde_matvec(right, a->row[j]);
    }
    return c;
}

static matrix sum(const matrix *a, const matrix *b)
{
    matrix c = {.n = a->n};
    for (size_t j = 0; j < c.n; j++) {
        c.column[j] = nsde_add(a->column[j], b->column[j]);
        c.row[j] = nsde_add(a->row[j], b->row[j]);
    }
    return c;
}

static matrix scaled(const matrix *a, nsde_var factor)
{
    matrix c = {.n = a->n};
    for (size_t j = 0; j < c.n; j++) {
        c.column[j] = nsde_mul(a->column[j], factor);
        c.row[j] = nsde_mul(a->row[j], factor);
    }
    return c;
}

static matrix transposed(const matrix *a)
{
    matrix c = {.n = a->n};
    for (size_t j = 0; j < c.n; j++) {
        c.column[j] = a->row[j];
        c.row[j] = a->column[j];
    }
    return c;
}

static matrix identity(nsde_tape *tape, size_t n)
{
    matrix c = {.n = n};
    double unit[STATES] = {0.0};
    for (size_t j = 0; j < n; j++) {
        unit[j] = 1.0;
        c.column[j] = c.row[j] = nsde_constant(tape, n, unit);
        unit[j] = 0.0;
    }
    return c;
}

/* The rows of the columns, put together. */
static void find_rows(matrix *a)
{
    for (size_t i = 0; i < a->n; i++) {
        nsde_var parts[STATES];
        for (size_t j = 0; j < a->n; j++)
            parts[j] = nsde_row(a->column[j], i);
        a->row[i] = nsde_stack(a->n, parts);
    }
}

/* A, the slopes of the drift. */
static matrix slopes_of(const nsde_step_at *at)
{
    const size_t n = nsde_rows(at->x);
    const matrix unit = identity(at->tape, n);
    const nsde_perturbation eps = nsde_perturb(at->tape, n);
    const nsde_var dual = nsde_step_drift(at, nsde_seed(eps, at->x, unit.column), at->t);
    matrix a = {.n = n};
    for (size_t j = 0; j < n; j++) {
        const nsde_var slope = nsde_tangent(eps, dual, j);
        a.column[j] = nsde_rows(slope) == n ? slope : nsde_broadcast(slope, n);
    }
    find_rows(&a);
    return a;
}

/* g g'. */
static matrix spread_of(const nsde_step_at *at)
{
    const size_t n = nsde_rows(at->x);
    const nsde_var g = nsde_model_diffusion(at->model, at->x, at->t, at->p, at->u);
    matrix q = {.n = n};
    for (size_t k = 0; k < nsde_model_describe(at->model)->noise_dim; k++) {
        const nsde_var g_k = nsde_step_column(at, g, k);
        for (size_t j = 0; j < n; j++) {
            const nsde_var term = nsde_mul(g_k, nsde_row(g_k, j));
            q.column[j] = k ? nsde_add(q.column[j], term) : term;
        }
    }
    for (size_t j = 0; j < n; j++)
        q.row[j] = q.column[j];
    return q;
}

typedef struct transition {
    matrix D, C;
} transition;

static transition transition_of(const nsde_step_at *at)
{
    const matrix A = slopes_of(at), Q = spread_of(at), one = identity(at->tape, A.n);
    const nsde_var h = nsde_mul_real(at->h, 1.0 / (1 << DOUBLINGS));
    transition T = {one, Q};
    for (int k = TERMS; k >= 1; k--) { /* Horner: terms of h^k / (k + 1)! A^k and of C -> A C + C A' */
        const nsde_var factor = nsde_mul_real(h, 1.0 / (k + 1));
        const matrix AD = product(&A, &T.D), AC = product(&A, &T.C), CA = transposed(&AC);
        const matrix both = sum(&AC, &CA), more_D = scaled(&AD, factor), more_C = scaled(&both, factor);
        T.D = sum(&one, &more_D);
        T.C = sum(&Q, &more_C);
    }
    T.D = scaled(&T.D, h);
    T.C = scaled(&T.C, h);
    for (int k = 0; k < DOUBLINGS; k++) {
        const matrix AD = product(&A, &T.D), E = sum(&one, &AD), E_turned = transposed(&E);
        const matrix EC = product(&E, &T.C), ECE = product(&EC, &E_turned), ED = product(&E, &T.D);
        T.C = sum(&T.C, &ECE);
        T.D = sum(&T.D, &ED);
    }
    return T;
}

/* Where fewer noises than states drive the model, states are taken from the last to the first, velocities
 * before positions: W moves what it acts on, H what follows. */
static nsde_var normals_of(const nsde_step_at *at, size_t i)
{
    const size_t m = nsde_model_describe(at->model)->noise_dim;
    if (!at->H.tape)
        return nsde_div(nsde_row(at->dW, i), nsde_sqrt(at->h));
    if (i < m)
        return nsde_div(nsde_row(at->dW, m - 1 - i), nsde_sqrt(at->h));
    return nsde_mul(nsde_row(at->H, 2 * m - 1 - i), nsde_sqrt(nsde_div(nsde_real(at->tape, 12.0), at->h)));
}

/* L z with the Cholesky factor L of C, states in that order; a state without a spread of its own (beside
 * those before it) takes no normal number. */
static nsde_var noise_of(const nsde_step_at *at, const matrix *C)
{
    const size_t n = C->n;
    const nsde_var none = nsde_real(at->tape, 0.0);
    nsde_var L[STATES][STATES], moved[STATES];
    for (size_t i = 0; i < n; i++) {
        const size_t state = at->H.tape ? n - 1 - i : i;
        nsde_var sum = none;
        for (size_t j = 0; j <= i; j++) {
            const nsde_var whole = nsde_row(C->column[at->H.tape ? n - 1 - j : j], state);
            nsde_var rest = whole;
            for (size_t k = 0; k < j; k++)
                rest = nsde_sub(rest, nsde_mul(L[i][k], L[j][k]));
            const nsde_var spread =
                j < i ? nsde_square(L[j][j]) : nsde_sub(rest, nsde_mul_real(whole, 1e-14));
            const nsde_var safe = nsde_max(j < i ? L[j][j] : rest, nsde_real(at->tape, 1e-300));
            const nsde_var entry = j < i ? nsde_div(rest, safe) : nsde_sqrt(safe);
            L[i][j] = nsde_select(nsde_add_real(spread, -1e-290), entry, none);
            sum = nsde_add(sum, nsde_mul(L[i][j], normals_of(at, j)));
        }
        moved[state] = sum;
    }
    return nsde_stack(n, moved);
}

bool nsde_linear_admits(const nsde_model *model)
{
    const nsde_model_definition *d = nsde_model_describe(model);
    return nsde_model_is_linear(model) && d->dim <= STATES && d->dim <= 2 * d->noise_dim;
}

bool nsde_linear_needs_areas(const nsde_model *model)
{
    return nsde_model_describe(model)->dim > nsde_model_describe(model)->noise_dim;
}

nsde_var nsde_linear_record(const nsde_step_at *at)
{
    const transition T = transition_of(at);
    const nsde_var f = nsde_step_drift(at, at->x, at->t);
    const nsde_var mean = nsde_add(at->x, nsde_matvec(nsde_stack(T.D.n, T.D.row), f));
    return nsde_add(mean, noise_of(at, &T.C));
}
