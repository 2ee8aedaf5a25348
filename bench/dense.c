/* A dense layer on a panel: forward, back to its input, and back to its weights, by our kernels and by
 * OpenBLAS (in as many calls as keep it from starting threads, which is at most 2^18 products each).
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "tape/dense.h"

#include <cblas.h>
#include <math.h>

#include "bench.h"

enum { MOST = 128, LANES = 64, ALONE = 1 << 18 };

static _Alignas(64) double w[MOST * MOST], x[MOST * LANES], y[MOST * LANES], g[MOST * LANES];

typedef struct layer {
    int outputs, inputs, blas, what; /* what: 0 forward, 1 back to x, 2 to w */
} layer;

static void by_blas(const layer *l)
{
    const int m = l->outputs, k = l->inputs;
    if (l->what == 2) {
        const int piece = m * LANES * k <= ALONE ? k : ALONE / (m * LANES);
        for (int j = 0; j < k; j += piece)
            cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasTrans, m, k - j < piece ? k - j : piece, LANES, 1.0,
                        g, LANES, x + j * LANES, LANES, 1.0, w + j, k);
        return;
    }
    const int piece = m * k * LANES <= ALONE ? LANES : ALONE / (m * k) / 16 * 16;
    for (int j = 0; j < LANES; j += piece) {
        if (l->what == 0)
            cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, m, piece, k, 1.0, w, k, x + j, LANES, 0.0,
                        y + j, LANES);
        else
            cblas_dgemm(CblasRowMajor, CblasTrans, CblasNoTrans, k, piece, m, 1.0, w, k, g + j, LANES, 0.0,
                        y + j, LANES);
    }
}

static void by_ours(const layer *l)
{
    const nsde_dense_double *kernels = nsde_dense_double_of(nsde_machine_here());
    const size_t m = (size_t)l->outputs, k = (size_t)l->inputs;
    if (l->what == 0)
        kernels->product(m, k, LANES, w, k, 1, x, LANES, NULL, false, y, LANES);
    else if (l->what == 1)
        kernels->product(k, m, LANES, w, 1, k, g, LANES, NULL, false, y, LANES);
    else
        kernels->outer(m, k, LANES, g, LANES, x, LANES, w);
}

static void work(void *context)
{
    const layer *l = context;
    for (int i = 0; i < 200; i++) {
        if (l->blas)
            by_blas(l);
        else
            by_ours(l);
    }
}

void bench_dense(void)
{
    const int shapes[][2] = {{64, 64}, {128, 128}, {64, 3}, {2, 64}, {16, 16}};
    const char *const names[] = {"forward", "back", "weights"};
    for (int i = 0; i < MOST * MOST; i++)
        w[i] = 1e-3 * sin(i);
    for (int i = 0; i < MOST * LANES; i++) {
        x[i] = cos(i);
        g[i] = 1e-9 * sin(3 * i);
    }
    for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++)
        for (int what = 0; what < 3; what++)
            for (int blas = 0; blas <= 1; blas++) {
                layer l = {shapes[s][0], shapes[s][1], blas, what};
                const double flops = 200.0 * 2.0 * l.outputs * l.inputs * LANES;
                bench_print(flops / bench_seconds(work, &l, 0.02) / 1e9, "GFLOP/s", "dense.%dx%d.%s.%s",
                            l.outputs, l.inputs, names[what], blas ? "openblas" : "nsde");
            }
}
