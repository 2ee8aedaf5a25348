/* Strong errors of many schemes on the same paths: a far finer solution and the noise of every level are made
 * once, and each scheme runs on them.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef NSDE_TESTS_LADDER_H
#define NSDE_TESTS_LADDER_H

#include <stdio.h>
#include <stdlib.h>

#include "nsde/simulate.h"
#include "problems/classes.h"
#include "problems/convergence.h"

typedef struct ladder {
    const class_problem *problem;
    nsde_model *model;
    int coarsest, finest; /* levels: steps of 2^-level */
    size_t paths;
    double *reference;            /* [dim][paths] */
    nsde_brownian *noise[LEVELS]; /* with all areas there are */
} ladder;

/* End states [dim][paths] of a scheme on a noise, to be freed. */
static inline double *ladder_ends(const ladder *l, const nsde_integrator *integrator,
                                  const nsde_brownian *noise, size_t steps)
{
    nsde_simulate_settings settings = nsde_simulate_settings_default();
    nsde_simulation *simulation;
    settings.noise = noise;
    settings.steps = steps;
    settings.paths = l->paths;
    settings.integrator = integrator;
    settings.threads = 1;
    check_ok(nsde_simulate(l->model, class_values, class_x0, &settings, &simulation));
    double *ends = malloc(2 * l->paths * sizeof *ends);
    memcpy(ends, nsde_simulation_row(simulation, 1, 0), 2 * l->paths * sizeof *ends);
    nsde_simulation_destroy(simulation);
    return ends;
}

/* The coarse steps of a grid as stored numbers. */
static inline nsde_brownian *ladder_level(const nsde_brownian *fine, size_t factor, size_t steps,
                                          size_t paths)
{
    const size_t m = nsde_brownian_components(fine), n = nsde_noise_rows(m, NSDE_LEVY);
    const double h = 1.0 / (double)steps;
    double *by_step = malloc(steps * n * paths * sizeof *by_step),
           *by_path = malloc(steps * n * paths * sizeof *by_path);
    nsde_brownian *coarse, *stored;
    check_ok(nsde_brownian_coarsen(fine, factor, &coarse));
    check_ok(nsde_brownian_rows(coarse, NSDE_LEVY, h, 0, paths, 0, steps, paths, by_step));
    for (size_t i = 0; i < paths; i++)
        for (size_t k = 0; k < steps * n; k++)
            by_path[i * steps * n + k] = by_step[k * paths + i];
    check_ok(nsde_brownian_stored_detail(paths, steps, m, NSDE_LEVY, h, by_path, &stored));
    nsde_brownian_destroy(coarse);
    free(by_path);
    free(by_step);
    return stored;
}

static inline void ladder_create(ladder *l, const class_problem *problem, int coarsest, int finest, int noise,
                                 size_t paths)
{
    const nsde_integrator *reference;
    nsde_brownian *fine;
    *l = (ladder){.problem = problem, .coarsest = coarsest, .finest = finest, .paths = paths};
    l->model = class_model(problem);
    check_ok(nsde_integrator_find(problem->reference, &reference));
    check_ok(nsde_brownian_grid(20240229, nsde_model_describe(l->model)->noise_dim, &fine));
    l->reference = ladder_ends(l, reference, fine, (size_t)1 << noise);
    for (int k = coarsest; k <= finest; k++)
        l->noise[k] = ladder_level(fine, (size_t)1 << (noise - k), (size_t)1 << k, paths);
    nsde_brownian_destroy(fine);
}

static inline void ladder_destroy(ladder *l)
{
    for (int k = l->coarsest; k <= l->finest; k++)
        nsde_brownian_destroy(l->noise[k]);
    free(l->reference);
    nsde_model_destroy(l->model);
}

/* The slope of root-mean-square errors of both states together; of the second alone where `second`. */
static inline double ladder_slope(const ladder *l, const nsde_integrator *integrator, bool second,
                                  double rms[LEVELS])
{
    for (int k = l->coarsest; k <= l->finest; k++) {
        double *ends = ladder_ends(l, integrator, l->noise[k], (size_t)1 << k), squares = 0.0;
        for (size_t i = second ? l->paths : 0; i < 2 * l->paths; i++)
            squares += (ends[i] - l->reference[i]) * (ends[i] - l->reference[i]);
        rms[k] = sqrt(squares / (double)l->paths);
        if (rms[k] < 1e-13) /* rounding; not looked at */
            rms[k] = 0.0;
        free(ends);
    }
    const double slope = slope_of(rms, l->coarsest, l->finest);
    if (getenv("NSDE_TEST_SHOW_RMS")) {
        printf("%-26s %-14s", integrator->name, l->problem->model.name);
        for (int k = l->coarsest; k <= l->finest; k++)
            printf(" %.3g", rms[k]);
        printf("  slope %.3f\n", slope);
    }
    return slope;
}

/* What is better than the registry claims, on the second state of `problem`: the rows that a new integrator
 * may need. */
static const struct {
    const char *method, *problem;
    double order;
} better_orders[] = {
    /* where noise enters the velocity and the force depends on the position alone */
    {"sriw1", "second order", 2.0},
    {"sra1", "second order", 2.0},
    {"sra3", "second order", 2.0},
    /* no noise: the order of the drift's part */
    {"heun", "none", 2.0},
    {"midpoint", "none", 2.0},
    {"sriw1", "none", 2.0},
    {"sra1", "none", 2.0},
    {"sra3", "none", 3.0},
    {"platen_weak2", "none", 2.0},
    {"theta", "none", 2.0},
    {"reversible_heun", "none", 2.0},
    {"shark", "none", 2.0},
    {"shark", "second order", 2.0},
    {"log_ode", "none", 4.0},
    {"log_ode", "solved", 1.5},
};

/* The strong order of an integrator on a problem. */
static inline double expected_order(const nsde_integrator *m, const class_problem *problem)
{
    for (size_t k = 0; k < sizeof better_orders / sizeof *better_orders; k++)
        if (strcmp(better_orders[k].method, m->name) == 0 &&
            strcmp(better_orders[k].problem, problem->model.name) == 0)
            return better_orders[k].order;
    return claimed_order(m, problem);
}

static inline double order_tolerance(double order)
{
    return order == 1.5 ? 0.15 : order > 2.5 ? 0.06 * order : 0.1;
}

/* The ladder on which orders are told: steps that halve five times, three times finer at the end. */
static inline ladder ladder_of(const class_problem *problem, size_t paths)
{
    ladder l;
    const bool quiet = !problem->model.diffusion;
    ladder_create(&l, problem, quiet ? 1 : 3, quiet ? 6 : 8, 11, quiet ? 1 : paths);
    return l;
}

#endif
