/* W1: 16384 paths of an OU process over 1000 Euler-Maruyama steps, beside its normals alone.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench.h"
#include "nsde/simulate.h"

enum { PATHS = 16384, STEPS = 1000, PANEL = 512, CHUNK = 8 };

typedef struct work {
    nsde_model *model;
    nsde_brownian *grid;
    int threads;
} work;

static void simulate(void *context)
{
    const work *w = context;
    const double p[] = {0.5, 0.1, 0.2}, x0 = 0.3;
    nsde_simulate_settings settings = nsde_simulate_settings_default();
    nsde_simulation *simulation;
    settings.paths = PATHS;
    settings.steps = STEPS;
    settings.threads = w->threads;
    bench_check(nsde_simulate(w->model, p, &x0, &settings, &simulation));
    nsde_simulation_destroy(simulation);
}

static void normals(void *context)
{
    const work *w = context;
#pragma omp parallel for num_threads(w->threads)
    for (size_t first = 0; first < PATHS; first += PANEL) {
        _Alignas(64) double dW[CHUNK * PANEL];
        for (uint64_t step = 0; step < STEPS; step += CHUNK)
            bench_check(nsde_brownian_increments(w->grid, 0.001, first, PANEL, step, CHUNK, PANEL, dW));
    }
}

void bench_w1(void)
{
    work w = {0};
    bench_check(nsde_model_open("ou", &w.model));
    bench_check(nsde_brownian_grid(1, 1, &w.grid));
    for (w.threads = 1; w.threads <= 2; w.threads++) {
        const double all = bench_seconds(simulate, &w, 0.3), noise = bench_seconds(normals, &w, 0.3);
        bench_print(all, "s", "w1.forward.double.t%d.seconds", w.threads);
        bench_print(noise, "s", "w1.normals.double.t%d.seconds", w.threads);
        bench_print(all / noise, "ratio", "w1.forward_over_normals.double.t%d", w.threads);
    }
    nsde_brownian_destroy(w.grid);
    nsde_model_destroy(w.model);
}
