/* What this machine can do: dense products, vector functions, normals.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <gsl/gsl_cblas.h> /* OpenBLAS answers to it */
#include <gsl/gsl_randist.h>

#include "bench.h"
#include "nsde/noise.h"
#include "tape/kernels.h"

enum { SIDE = 64, N = 4096 };
static _Alignas(64) double a[N], b[N], c[N];

static void dgemm(void *unused)
{
    (void)unused;
    for (int k = 0; k < 1000; k++)
        cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, SIDE, SIDE, SIDE, 1.0, a, SIDE, b, SIDE, 0.0,
                    c, SIDE);
}

static void unary(void *kernel)
{
    for (int k = 0; k < 200; k++)
        ((const nsde_kernel *)kernel)->unary(c, a, N);
}

static void normals(void *unused)
{
    (void)unused;
    for (uint64_t k = 0; k < 50; k++)
        nsde_normals(1, 0, k * N, N, c);
}

static void ziggurat(void *rng)
{
    for (int i = 0; i < 10 * N; i++)
        c[i % N] = gsl_ran_gaussian_ziggurat(rng, 1.0);
}

void bench_rate(void)
{
    for (int i = 0; i < N; i++) {
        a[i] = -3.0 + 6.0 * i / N;
        b[i] = 0.5;
    }
    const double flops = 2.0 * SIDE * SIDE * SIDE * 1000;
    bench_print(flops / bench_seconds(dgemm, NULL, 0.3) / 1e9, "GFLOP/s", "rate.dgemm64");
    const struct {
        const char *name;
        nsde_op op;
    } functions[] = {
        {"exp", OP_exp}, {"tanh", OP_tanh}, {"log", OP_log}, {"sin", OP_sin}, {"softplus", OP_softplus}};
    for (size_t k = 0; k < sizeof functions / sizeof *functions; k++) {
        nsde_kernel kernel = nsde_kernels[functions[k].op];
        for (int i = 0; i < N && functions[k].op == OP_log; i++)
            a[i] = 0.001 * (i + 1);
        bench_print(200.0 * N / bench_seconds(unary, &kernel, 0.1) / 1e9, "1e9/s", "rate.%s",
                    functions[k].name);
    }
    const double normal = 50.0 * N / bench_seconds(normals, NULL, 0.3);
    gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
    const double slow = 10.0 * N / bench_seconds(ziggurat, rng, 0.3);
    gsl_rng_free(rng);
    bench_print(normal / 1e9, "1e9/s", "rate.normal");
    bench_print(slow / 1e9, "1e9/s", "rate.gsl_ziggurat");
    bench_print(normal / slow, "ratio", "rate.normal_over_ziggurat");
}
