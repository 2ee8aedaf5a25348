/* Small linear systems, one a path: Gaussian elimination with partial pivoting, a few lanes at a time.
 *
 * The adjoint of A x = b solves A' z = g: b takes z and A takes -z x' (Giles 2008). The elimination is done
 * again there, for its factors would take as much room as it takes time.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "tape/solve.h"

#include <math.h>
#include <string.h>

#include "core/simd.h"

enum { LANES = 8 };

/* A chunk of lanes: A [n][n], b [n]. */
typedef struct chunk {
    double A[NSDE_SOLVE_MOST * NSDE_SOLVE_MOST][LANES], b[NSDE_SOLVE_MOST][LANES];
} chunk;

static inline void load(const nsde_panel *from, size_t row, size_t first, size_t lanes, double to[LANES])
{
    const double *source = from->base + row * from->step + (from->single ? 0 : first);
    if (!from->single && lanes == LANES) {
        memcpy(to, source, LANES * sizeof *to);
        return;
    }
    for (size_t l = 0; l < LANES; l++)
        to[l] = source[from->single || l >= lanes ? 0 : l];
}

static void load_system(chunk *c, size_t n, const nsde_panel *A, bool transposed, const nsde_panel *b,
                        size_t first, size_t lanes)
{
    for (size_t i = 0; i < n; i++) {
        load(b, i, first, lanes, c->b[i]);
        for (size_t j = 0; j < n; j++)
            load(A, transposed ? j * n + i : i * n + j, first, lanes, c->A[i * n + j]);
    }
}

/* Swaps a and b in the lanes that are marked. */
static inline void swap(const double marked[LANES], double a[LANES], double b[LANES])
{
    for (size_t l = 0; l < LANES; l++) {
        const double kept = a[l];
        a[l] = marked[l] != 0.0 ? b[l] : kept;
        b[l] = marked[l] != 0.0 ? kept : b[l];
    }
}

/* Row k takes the place of row i in the lanes where that has the larger entry in column k: after all i the
 * pivot is the largest. Lanes go together, whatever each needs. */
static inline void pivot(chunk *c, size_t n, size_t k, size_t i)
{
    double marked[LANES];
    for (size_t l = 0; l < LANES; l++)
        marked[l] = fabs(c->A[i * n + k][l]) > fabs(c->A[k * n + k][l]) ? 1.0 : 0.0;
    for (size_t j = k; j < n; j++)
        swap(marked, c->A[k * n + j], c->A[i * n + j]);
    swap(marked, c->b[k], c->b[i]);
}

/* b becomes the solution; what A holds is used up. */
static NSDE_CLONES void eliminate(chunk *c, size_t n)
{
    for (size_t k = 0; k < n; k++) {
        for (size_t i = k + 1; i < n; i++)
            pivot(c, n, k, i);
        for (size_t i = k + 1; i < n; i++) {
            double factor[LANES];
            for (size_t l = 0; l < LANES; l++) {
                factor[l] = c->A[i * n + k][l] / c->A[k * n + k][l];
                c->b[i][l] -= factor[l] * c->b[k][l];
            }
            for (size_t j = k + 1; j < n; j++)
                for (size_t l = 0; l < LANES; l++)
                    c->A[i * n + j][l] -= factor[l] * c->A[k * n + j][l];
        }
    }
    for (size_t k = n; k-- > 0;) {
        for (size_t j = k + 1; j < n; j++)
            for (size_t l = 0; l < LANES; l++)
                c->b[k][l] -= c->A[k * n + j][l] * c->b[j][l];
        for (size_t l = 0; l < LANES; l++)
            c->b[k][l] /= c->A[k * n + k][l];
    }
}

static void add(nsde_panel *to, size_t row, size_t first, size_t lanes, const double terms[LANES])
{
    double *target = to->base + row * to->step + (to->single ? 0 : first);
    for (size_t l = 0; l < lanes; l++)
        target[to->single ? 0 : l] += terms[l];
}

void nsde_solve_panel(size_t n, size_t width, bool transposed, const nsde_panel *A, const nsde_panel *b,
                      nsde_panel *x)
{
    chunk c;
    for (size_t first = 0; first < width; first += LANES) {
        const size_t lanes = width - first < LANES ? width - first : LANES;
        load_system(&c, n, A, transposed, b, first, lanes);
        eliminate(&c, n);
        for (size_t i = 0; i < n; i++)
            for (size_t l = 0; l < lanes; l++)
                x->base[i * x->step + first + l] = c.b[i][l];
    }
}

void nsde_solve_pull(size_t n, size_t width, bool transposed, const nsde_panel *A, const nsde_panel *x,
                     const nsde_panel *g, size_t operand, nsde_panel *adjoint)
{
    chunk c;
    for (size_t first = 0; first < width; first += LANES) {
        const size_t lanes = width - first < LANES ? width - first : LANES;
        load_system(&c, n, A, !transposed, g, first, lanes);
        eliminate(&c, n);
        for (size_t i = 0; i < n && operand == 1; i++)
            add(adjoint, i, first, lanes, c.b[i]);
        for (size_t i = 0; i < n && operand == 0; i++)
            for (size_t j = 0; j < n; j++) {
                double terms[LANES];
                load(x, j, first, lanes, terms);
                for (size_t l = 0; l < LANES; l++)
                    terms[l] *= -c.b[i][l];
                add(adjoint, transposed ? j * n + i : i * n + j, first, lanes, terms);
            }
    }
}
