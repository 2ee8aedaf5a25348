/* Instructions on rows: structure, sums and the dense algebra. Uniform values are panels of one lane here.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <cblas.h>
#include <string.h>

#include "tape/dense.h"
#include "tape/execute.h"
#include "tape/kernels.h"
#include "tape/solve.h"

/* A value seen as rows: `base + r * step`, `width` numbers each; `single` where one number stands for all
 * lanes of a result that differs from path to path. */
typedef struct rows {
    double *base;
    size_t count, step, width;
    bool single;
} rows;

static rows rows_of(const nsde_memory *memory, uint32_t id, bool result_uniform)
{
    const nsde_node *node = &memory->program->values[id].node;
    return (rows){nsde_value_at(memory, id), node->rows, nsde_row_step(memory, id),
                  nsde_row_width(memory, id), node->uniform && !result_uniform};
}

static rows adjoint_rows(const nsde_memory *memory, uint32_t id, bool result_uniform)
{
    rows r = rows_of(memory, id, result_uniform);
    r.base = nsde_adjoint_at(memory, id);
    return r;
}

/* Copies rows of `from` (starting at first) to y, filling lanes where `from` is uniform. */
static void copy_rows(rows y, size_t y_first, rows from, size_t first, size_t count)
{
    for (size_t r = 0; r < count; r++) {
        double *to = y.base + (y_first + r) * y.step;
        const double *source = from.base + (first + r) * from.step;
        if (!from.single)
            memcpy(to, source, y.width * sizeof(double));
        else
            for (size_t i = 0; i < y.width; i++)
                to[i] = *source;
    }
}

/* Adds rows of an adjoint g to rows of the operand's adjoint, summed over lanes where that is uniform. */
static void pull_copy(rows adjoint, size_t first, rows g, size_t g_first, size_t count)
{
    for (size_t r = 0; r < count; r++) {
        double *to = adjoint.base + (first + r) * adjoint.step;
        const double *source = g.base + (g_first + r) * g.step;
        if (adjoint.single)
            *to += nsde_total(source, g.width);
        else
            nsde_accumulate(to, source, g.width);
    }
}

/* ---- products: dot and matvec, where result row i sums over j the products of row i * n + j of A and row j
 * of x. ---- */

static int product_mode(rows a, rows x)
{
    return a.single ? 1 : x.single ? 2 : 0;
}

static void forward_product(rows y, rows a, rows x)
{
    const int mode = product_mode(a, x); /* y is never a single number for all lanes, so bit 2 stays clear */
    for (size_t i = 0; i < y.count; i++)
        for (size_t j = 0; j < x.count; j++) {
            double *to = y.base + i * y.step;
            const double *row = a.base + (i * x.count + j) * a.step, *factor = x.base + j * x.step;
            if (j == 0)
                nsde_kernels[OP_mul].binary[mode](to, row, factor, y.width);
            else
                nsde_kernels[OP_fma].ternary[mode](to, row, factor, to, y.width);
        }
}

static void pull_product(rows g, rows a, rows x, size_t operand, rows adjoint)
{
    nsde_binary_pull *pull = nsde_kernels[OP_mul].binary_pull[operand][product_mode(a, x)];
    for (size_t i = 0; i < g.count; i++)
        for (size_t j = 0; j < x.count; j++) {
            const size_t entry = i * x.count + j;
            double *to = adjoint.base + (operand == 0 ? entry : j) * adjoint.step;
            const double *from = g.base + i * g.step; /* also where the value of each product would stand */
            pull(from, a.base + entry * a.step, x.base + j * x.step, from, to, g.width);
        }
}

/* ---- linear systems ---- */

static nsde_panel panel_of(rows r)
{
    return (nsde_panel){r.base, r.step, r.single};
}

static void forward_solve(rows x, rows A, rows b, bool transposed)
{
    const nsde_panel matrix = panel_of(A), right = panel_of(b);
    nsde_panel solution = panel_of(x);
    nsde_solve_panel(x.count, x.width, transposed, &matrix, &right, &solution);
}

static void pull_solve(const nsde_memory *memory, uint32_t id, rows g, size_t operand, rows adjoint)
{
    const nsde_node *node = &memory->program->values[id].node;
    const nsde_panel matrix = panel_of(rows_of(memory, node->arg[0], node->uniform));
    const nsde_panel solution = panel_of(rows_of(memory, id, node->uniform)), from = panel_of(g);
    nsde_panel to = panel_of(adjoint);
    nsde_solve_pull(g.count, g.width, node->extra, &matrix, &solution, &from, operand, &to);
}

/* ---- dense layers ---- */

/* Uniform values: C = A B + beta C by calls small enough that OpenBLAS runs each on the calling thread, for
 * panels are what is shared among threads, and OpenBLAS' own thread count belongs to the host program. Its
 * threshold is 2^18 multiplications (interface/gemm.c, SMP_THRESHOLD_MIN * GEMM_MULTITHREAD_THRESHOLD). How
 * the inner dimension is cut depends on that alone, so an entry's value does not depend on the tiles. */
static void gemm(CBLAS_TRANSPOSE trans_a, CBLAS_TRANSPOSE trans_b, size_t m, size_t n, size_t k,
                 const double *a, size_t lda, const double *b, size_t ldb, double beta, double *c, size_t ldc)
{
    enum { MOST = 1 << 18, STEP = 16, INNER = MOST / STEP };
    const size_t k_tile = k < INNER ? k : INNER;
    size_t n_tile = MOST / (m * k_tile) / STEP * STEP, m_tile = m;
    if (n_tile < STEP) {
        n_tile = STEP;
        m_tile = MOST / (STEP * k_tile);
        m_tile = m_tile < m ? m_tile : m;
    }
    for (size_t l = 0; l < k; l += k_tile)
        for (size_t i = 0; i < m; i += m_tile)
            for (size_t j = 0; j < n; j += n_tile) {
                const size_t mi = m - i < m_tile ? m - i : m_tile, nj = n - j < n_tile ? n - j : n_tile;
                const size_t kl = k - l < k_tile ? k - l : k_tile;
                const double *from_a = a + (trans_a == CblasTrans ? l * lda + i : i * lda + l);
                const double *from_b = b + (trans_b == CblasTrans ? j * ldb + l : l * ldb + j);
                cblas_dgemm(CblasRowMajor, trans_a, trans_b, (int)mi, (int)nj, (int)kl, 1.0, from_a, (int)lda,
                            from_b, (int)ldb, l ? 1.0 : beta, c + i * ldc + j, (int)ldc);
            }
}

/* The layer of a uniform x: a panel of one lane. */
static void forward_uniform_dense(rows y, rows x, const double *weights, const double *bias)
{
    if (bias)
        memcpy(y.base, bias, y.count * sizeof *bias);
    gemm(CblasNoTrans, CblasNoTrans, y.count, 1, x.count, weights, x.count, x.base, 1, bias ? 1.0 : 0.0,
         y.base, 1);
}

static void pull_uniform_dense(rows g, rows x, const double *weights, size_t operand, bool set,
                               double *adjoint)
{
    if (operand == 2)
        nsde_accumulate(adjoint, g.base, g.count);
    else if (operand == 1)
        gemm(CblasTrans, CblasNoTrans, x.count, 1, g.count, weights, x.count, g.base, 1, set ? 0.0 : 1.0,
             adjoint, 1);
    else
        gemm(CblasNoTrans, CblasTrans, g.count, x.count, 1, g.base, 1, x.base, 1, 1.0, adjoint, x.count);
}

static void forward_dense(const nsde_memory *memory, uint32_t id)
{
    const nsde_value *value = &memory->program->values[id];
    const uint32_t *arg = value->node.arg;
    const rows y = rows_of(memory, id, value->node.uniform), x = rows_of(memory, arg[1], value->node.uniform);
    const double *weights = nsde_value_at(memory, arg[0]);
    const double *bias = value->n_args == 3 ? nsde_value_at(memory, arg[2]) : NULL;
    if (value->node.uniform)
        forward_uniform_dense(y, x, weights, bias);
    else
        nsde_dense_double_of(nsde_machine_here())
            ->product(y.count, x.count, y.width, weights, x.count, 1, x.base, x.step, bias, false, y.base,
                      y.step);
}

static void pull_dense(const nsde_memory *memory, uint32_t id, size_t i, bool set)
{
    const nsde_value *value = &memory->program->values[id];
    const uint32_t *arg = value->node.arg;
    const rows g = adjoint_rows(memory, id, value->node.uniform),
               x = rows_of(memory, arg[1], value->node.uniform);
    const double *weights = nsde_value_at(memory, arg[0]);
    double *adjoint = nsde_adjoint_at(memory, arg[i]);
    const nsde_dense_double *kernels = nsde_dense_double_of(nsde_machine_here());
    if (value->node.uniform)
        pull_uniform_dense(g, x, weights, i, set, adjoint);
    else if (i == 2)
        kernels->sums(g.count, g.width, g.base, g.step, adjoint);
    else if (i == 1)
        kernels->product(x.count, g.count, g.width, weights, 1, x.count, g.base, g.step, NULL, !set, adjoint,
                         x.step);
    else
        kernels->outer(g.count, x.count, g.width, g.base, g.step, x.base, x.step, adjoint);
}

/* ---- all of them ---- */

static void forward_stack(const nsde_memory *memory, uint32_t id)
{
    const nsde_value *value = &memory->program->values[id];
    const rows y = rows_of(memory, id, value->node.uniform);
    size_t first = 0;
    for (uint32_t i = 0; i < value->n_args; i++) {
        const rows part = rows_of(memory, nsde_operand(memory->program, value, i), value->node.uniform);
        copy_rows(y, first, part, 0, part.count);
        first += part.count;
    }
}

static void forward_sum(rows y, rows a)
{
    copy_rows(y, 0, a, 0, 1);
    for (size_t r = 1; r < a.count; r++)
        nsde_accumulate(y.base, a.base + r * a.step, y.width);
}

void nsde_execute_rows(const nsde_memory *memory, uint32_t id)
{
    const nsde_value *value = &memory->program->values[id];
    const bool uniform = value->node.uniform;
    if (value->node.op == OP_stack) {
        forward_stack(memory, id);
        return;
    }
    const rows y = rows_of(memory, id, uniform), a = rows_of(memory, value->node.arg[0], uniform);
    switch (value->node.op) {
    case OP_slice:
        copy_rows(y, 0, a, value->node.extra, y.count);
        break;
    case OP_broadcast:
        for (size_t r = 0; r < y.count; r++)
            copy_rows(y, r, a, 0, 1);
        break;
    case OP_sum:
        forward_sum(y, a);
        break;
    case OP_dense:
        forward_dense(memory, id);
        break;
    case OP_solve:
        forward_solve(y, a, rows_of(memory, value->node.arg[1], uniform), value->node.extra);
        break;
    default: /* dot, matvec */
        forward_product(y, a, rows_of(memory, value->node.arg[1], uniform));
        break;
    }
}

void nsde_pull_rows(const nsde_memory *memory, uint32_t id, size_t i, bool set)
{
    const nsde_value *value = &memory->program->values[id];
    const bool uniform = value->node.uniform;
    const uint32_t operand = nsde_operand(memory->program, value, i);
    const rows g = adjoint_rows(memory, id, uniform), adjoint = adjoint_rows(memory, operand, uniform);
    size_t first = 0;
    switch (value->node.op) {
    case OP_stack:
        for (size_t j = 0; j < i; j++)
            first += memory->program->values[nsde_operand(memory->program, value, j)].node.rows;
        pull_copy(adjoint, 0, g, first, adjoint.count);
        break;
    case OP_slice:
        pull_copy(adjoint, value->node.extra, g, 0, g.count);
        break;
    case OP_broadcast:
        for (size_t r = 0; r < g.count; r++)
            pull_copy(adjoint, 0, g, r, 1);
        break;
    case OP_sum:
        for (size_t r = 0; r < adjoint.count; r++)
            pull_copy(adjoint, r, g, 0, 1);
        break;
    case OP_dense:
        pull_dense(memory, id, i, set);
        break;
    case OP_solve:
        pull_solve(memory, id, g, i, adjoint);
        break;
    default: /* dot, matvec */
        pull_product(g, rows_of(memory, value->node.arg[0], uniform),
                     rows_of(memory, value->node.arg[1], uniform), i, adjoint);
        break;
    }
}
