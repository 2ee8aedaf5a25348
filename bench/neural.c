/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "neural.h"

#include <gsl/gsl_cblas.h> /* OpenBLAS answers to it */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench.h"
#include "nsde/gradient.h"
#include "nsde/neural.h"
#include "tape/kernels.h"

/* Mean squared distance from sin(t) in every component, over the observation times. */
static nsde_var loss(const nsde_loss_at *at)
{
    nsde_var sum = nsde_real(at->tape, 0.0);
    for (size_t k = 0; k < at->n_times; k++) {
        const nsde_var gap = nsde_add_real(nsde_loss_state(at, k), -sin(at->times[k]));
        sum = nsde_add(sum, nsde_sum(nsde_square(gap)));
    }
    return nsde_mul_real(sum, 1.0 / (double)at->n_times);
}

typedef struct run {
    nsde_gradient *engine;
    nsde_gradient_point point;
    nsde_gradient_result result;
} run;

static void evaluate(void *context)
{
    const run *r = context;
    bench_check(nsde_gradient_evaluate(r->engine, &r->point, &r->result));
}

/* Seconds of the workload's arithmetic alone: three times the forward products, in squares of 64, at the rate
 * of DGEMM; the activations and the normals at the rate of their vectors. On `threads` threads at once. */
typedef struct ideal {
    const bench_workload *w;
    int threads;
    int what;
} ideal;

enum { SIDE = 64, N = 4096 };

static void arithmetic(void *context)
{
    const ideal *it = context;
#pragma omp parallel num_threads(it->threads)
    {
        static _Thread_local _Alignas(64) double a[N], b[N], c[N];
        for (int i = 0; i < N; i++)
            a[i] = -2.0 + 1e-3 * i, b[i] = 0.1;
        for (int k = 0; k < 400; k++) {
            if (it->what == 0)
                cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, SIDE, SIDE, SIDE, 1.0, a, SIDE, b,
                            SIDE, 0.0, c, SIDE);
            else if (it->what == 1)
                nsde_kernels[OP_tanh].unary(c, a, N);
            else if (it->what == 2)
                nsde_kernels[OP_softplus].unary(c, a, N);
            else
                nsde_normals(1, 0, 0, N, c);
        }
    }
}

static double ideal_seconds(const bench_workload *w, int threads)
{
    const double each[] = {400.0 * SIDE * SIDE * SIDE, 400.0 * N, 400.0 * N, 400.0 * N};
    const double needed[] = {3.0 * w->multiplications, w->tanhs, w->softplus, (double)w->dim};
    double sum = 0.0;
    for (int what = 0; what < 4; what++) {
        ideal it = {w, threads, what};
        sum += needed[what] * bench_seconds(arithmetic, &it, 0.05) / (each[what] * threads);
    }
    return sum * (double)(w->paths * w->steps);
}

static void measure(const bench_workload *w, const nsde_model *model, const double *weights, int threads,
                    nsde_keep keep)
{
    size_t observe[11];
    for (size_t k = 0; k < 10; k++)
        observe[k] = (k + 1) * w->steps / 11;
    observe[10] = w->steps;
    nsde_gradient_settings settings = nsde_gradient_settings_default();
    settings.paths = w->paths;
    settings.steps = w->steps;
    settings.threads = threads;
    settings.keep = keep;
    settings.observe = observe;
    settings.n_observe = 11;
    const nsde_loss mean_square = {.record = loss};
    double value, x0[64] = {0.0};
    double *gradient = malloc(sizeof *gradient * nsde_model_describe(model)->n_parameters);
    run r = {.point = {.parameters = weights, .x0 = x0}, .result = {.loss = &value, .parameters = gradient}};
    bench_check(nsde_gradient_create(model, &mean_square, &settings, &r.engine));
    const double seconds = bench_seconds(evaluate, &r, 0.5), best = ideal_seconds(w, threads);
    const char *policy = keep == NSDE_KEEP_ROWS ? "" : keep == NSDE_KEEP_STATES ? ".recompute" : ".binomial";
    bench_print(seconds, "s", "%s.gradient.double.t%d%s.seconds", w->name, threads, policy);
    bench_print(best / seconds, "ratio", "%s.gradient.double.t%d%s.efficiency", w->name, threads, policy);
    nsde_gradient_destroy(r.engine);
    free(gradient);
}

void bench_neural(const bench_workload *w)
{
    const nsde_neural_settings settings = {.dim = w->dim, .drift = w->drift, .diffusion = w->diffusion};
    nsde_model *model;
    bench_check(nsde_neural_create(&settings, &model));
    double *weights = malloc(sizeof *weights * nsde_model_describe(model)->n_parameters);
    gsl_rng *rng = gsl_rng_alloc(nsde_rng_philox);
    bench_check(nsde_neural_initialise(model, NSDE_INIT_GLOROT, rng, weights));
    const nsde_keep policies[] = {NSDE_KEEP_ROWS, NSDE_KEEP_STATES, NSDE_KEEP_BINOMIAL};
    for (int threads = 1; threads <= 2; threads++)
        for (int k = 0; k < 3; k++) {
            char name[80];
            snprintf(name, sizeof name, "%s.gradient.double.t%d%s", w->name, threads,
                     k == 0   ? ""
                     : k == 1 ? ".recompute"
                              : ".binomial");
            if (bench_wanted(name))
                measure(w, model, weights, threads, policies[k]);
        }
    gsl_rng_free(rng);
    free(weights);
    nsde_model_destroy(model);
}
