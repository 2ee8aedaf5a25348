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

/* Steps of noise by the window that a simulation asks for, 256 paths wide. */
typedef struct noise_rate {
    const nsde_brownian *noise;
    double h;
    size_t steps;
} noise_rate;

enum { WINDOW = 16, PATHS = 256 };

static void noise_steps(void *context)
{
    const noise_rate *of = context;
    for (size_t k = 0; k < of->steps; k += WINDOW)
        bench_check(nsde_brownian_increments(of->noise, of->h, 0, PATHS, k, WINDOW, PATHS, c));
}

static double seconds_a_number(const nsde_brownian *noise, double h, size_t steps)
{
    noise_rate of = {noise, h, steps};
    return bench_seconds(noise_steps, &of, 0.2) / (double)(steps * PATHS);
}

/* A tree's increments against a grid's: over dyadic steps; over others of some three of the tree's last
 * halves; and over steps that are four times shorter than those. */
static void noises(void)
{
    enum { STEPS = 1024 };
    nsde_brownian *grid, *tree, *sobol;
    bench_check(nsde_brownian_grid(1, 1, &grid));
    bench_check(nsde_brownian_tree(1, 1, 0.0, 1.0, 1.0 / STEPS, &tree));
    bench_check(nsde_brownian_sobol(1, 1, STEPS, NSDE_SOBOL_BRIDGE, &sobol));
    const double one = seconds_a_number(grid, 1.0 / STEPS, STEPS);
    const double dyadic = seconds_a_number(tree, 1.0 / STEPS, STEPS);
    const double other = seconds_a_number(tree, 1.0 / 336, 336);
    const double below = seconds_a_number(tree, 1.0 / (4 * STEPS), 4 * STEPS);
    const double quasi = seconds_a_number(sobol, 1.0 / STEPS, STEPS);
    bench_print(1e-9 / one, "1e9/s", "rate.grid");
    bench_print(1e-9 / dyadic, "1e9/s", "rate.tree");
    bench_print(dyadic / one, "ratio", "rate.tree_over_grid");
    bench_print(other / one, "ratio", "rate.tree_off_dyadic_over_grid");
    bench_print(1e-9 / below, "1e9/s", "rate.tree_below");
    bench_print(below / one, "ratio", "rate.tree_below_over_grid");
    bench_print(quasi / one, "ratio", "rate.sobol_over_grid");
    nsde_brownian_destroy(sobol);
    nsde_brownian_destroy(tree);
    nsde_brownian_destroy(grid);
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
    noises();
}
