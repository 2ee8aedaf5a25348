/* SPDX-License-Identifier: GPL-3.0-or-later */
#define _DEFAULT_SOURCE /* wait4 */
#include "neural.h"

#include <gsl/gsl_cblas.h> /* OpenBLAS answers to it */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"
#include "nsde/gradient.h"
#include "nsde/neural.h"
#include "nsde/simulate.h"
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

/* What is measured: a policy, a precision, a number of threads. */
typedef struct variant {
    nsde_keep keep;
    nsde_precision precision;
    int threads;
    size_t steps;
} variant;

static const char *policy_of(nsde_keep keep)
{
    return keep == NSDE_KEEP_ROWS ? "" : keep == NSDE_KEEP_STATES ? ".recompute" : ".binomial";
}

static const char *precision_name(nsde_precision precision)
{
    return precision == NSDE_SINGLE ? "single" : "double";
}

static void create_engine(const bench_workload *w, const nsde_model *model, const variant *v, run *r)
{
    static const nsde_loss mean_square = {.record = loss};
    size_t observe[11];
    for (size_t k = 0; k < 10; k++)
        observe[k] = (k + 1) * v->steps / 11;
    observe[10] = v->steps;
    nsde_gradient_settings settings = nsde_gradient_settings_default();
    settings.paths = w->paths;
    settings.steps = v->steps;
    settings.threads = v->threads;
    settings.keep = v->keep;
    settings.precision = v->precision;
    settings.observe = observe;
    settings.n_observe = 11;
    bench_check(nsde_gradient_create(model, &mean_square, &settings, &r->engine));
}

static void measure(const bench_workload *w, const nsde_model *model, const double *weights, const variant *v,
                    const char *name)
{
    static const double x0[64];
    double value, *gradient = malloc(sizeof *gradient * nsde_model_describe(model)->n_parameters);
    run r = {.point = {.parameters = weights, .x0 = x0}, .result = {.loss = &value, .parameters = gradient}};
    create_engine(w, model, v, &r);
    const double seconds = bench_seconds(evaluate, &r, 0.5);
    bench_print(seconds, "s", "%s.seconds", name);
    if (v->precision == NSDE_DOUBLE)
        bench_print(ideal_seconds(w, v->threads) / seconds, "ratio", "%s.efficiency", name);
    nsde_gradient_destroy(r.engine);
    free(gradient);
}

/* The paths alone. */
typedef struct forward_run {
    const nsde_model *model;
    const double *weights;
    nsde_simulate_settings settings;
} forward_run;

static void simulate(void *context)
{
    static const double x0[64];
    const forward_run *r = context;
    nsde_simulation *simulation;
    bench_check(nsde_simulate(r->model, r->weights, x0, &r->settings, &simulation));
    nsde_simulation_destroy(simulation);
}

static void bench_forward(const bench_workload *w, const nsde_model *model, const double *weights,
                          nsde_precision precision, int threads)
{
    char name[100];
    forward_run r = {model, weights, nsde_simulate_settings_default()};
    r.settings.paths = w->paths;
    r.settings.steps = w->steps;
    r.settings.threads = threads;
    r.settings.precision = precision;
    snprintf(name, sizeof name, "%s.forward.%s.t%d", w->name, precision_name(precision), threads);
    if (bench_wanted(name))
        bench_print(bench_seconds(simulate, &r, 0.3), "s", "%s.seconds", name);
}

/* Seconds and the most memory a process of its own needs, which does nothing else. */
static void measure_memory(const bench_workload *w, const nsde_model *model, const double *weights,
                           const variant *v, const char *name)
{
    static const double x0[64];
    struct rusage usage;
    int status, ends[2];
    double seconds = NAN;
    if (pipe(ends))
        return;
    const pid_t child = fork();
    if (child == 0) {
        double value;
        run r = {.point = {.parameters = weights, .x0 = x0}, .result = {.loss = &value}};
        create_engine(w, model, v, &r);
        const double start = bench_now();
        evaluate(&r);
        seconds = bench_now() - start;
        _exit(write(ends[1], &seconds, sizeof seconds) != sizeof seconds);
    }
    close(ends[1]);
    const bool whole = read(ends[0], &seconds, sizeof seconds) == sizeof seconds;
    close(ends[0]);
    if (child > 0 && wait4(child, &status, 0, &usage) == child && whole && status == 0) {
        bench_print((double)usage.ru_maxrss * 1024.0, "bytes", "%s.steps%zu.peak_bytes", name, v->steps);
        bench_print(seconds / (double)v->steps, "s", "%s.steps%zu.seconds_per_step", name, v->steps);
    }
}

static void bench_variant(const bench_workload *w, const nsde_model *model, const double *weights, variant v)
{
    char name[100];
    snprintf(name, sizeof name, "%s.gradient.%s.t%d%s", w->name, precision_name(v.precision), v.threads,
             policy_of(v.keep));
    if (bench_wanted(name))
        measure(w, model, weights, &v, name);
    for (v.steps = 100; w->memory && v.threads == 1 && v.precision == NSDE_DOUBLE && v.steps <= 10000;
         v.steps *= 10) {
        char whole[140];
        snprintf(whole, sizeof whole, "%s.steps%zu.", name, v.steps);
        if (bench_wanted(whole))
            measure_memory(w, model, weights, &v, name);
    }
}

void bench_neural(const bench_workload *w)
{
    const nsde_neural_settings settings = {.dim = w->dim, .drift = w->drift, .diffusion = w->diffusion};
    nsde_model *model;
    bench_check(nsde_neural_create(&settings, &model));
    double *weights = malloc(sizeof *weights * nsde_model_describe(model)->n_parameters);
    gsl_rng *rng = gsl_rng_alloc(nsde_rng_philox);
    bench_check(nsde_neural_initialise(model, NSDE_INIT_GLOROT, rng, weights));
    for (int precision = NSDE_DOUBLE; precision <= NSDE_SINGLE; precision++)
        for (int threads = 1; threads <= 2; threads++)
            bench_forward(w, model, weights, (nsde_precision)precision, threads);
    const nsde_keep policies[] = {NSDE_KEEP_ROWS, NSDE_KEEP_STATES, NSDE_KEEP_BINOMIAL};
    for (int precision = NSDE_DOUBLE; precision <= NSDE_SINGLE; precision++)
        for (int threads = 1; threads <= 2; threads++)
            for (int k = 0; k < 3; k++)
                bench_variant(w, model, weights,
                              (variant){policies[k], (nsde_precision)precision, threads, w->steps});
    gsl_rng_free(rng);
    free(weights);
    nsde_model_destroy(model);
}
