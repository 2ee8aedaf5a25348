/* Strong and weak errors of an integrator on the same Brownian paths at steps that halve.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef NSDE_TESTS_CONVERGENCE_H
#define NSDE_TESTS_CONVERGENCE_H

#include <stdio.h>
#include <stdlib.h>

#include "harness.h"
#include "nsde/simulate.h"

enum { LEVELS = 16 }; /* steps of 2^-level */

typedef struct convergence {
    const nsde_model_definition *definition; /* or, where NULL, a shipped model */
    const char *shipped, *method;
    const nsde_integrator *integrator; /* where there is no method of that name */
    const double *parameters, *x0;
    /* The first state of the solution at t1 = 1 by the sum of W at the end; NULL for a reference. */
    double (*solution)(double t, double W);
    const char *reference; /* the method that runs at the finest level of the noise … */
    const nsde_model_definition *reference_model; /* … on this model; NULL for the same */
    int coarsest, finest, noise; /* levels, even ones alone where `even`; increments of the coarse ones are
                                    sums of those of the last */
    size_t paths;
    uint64_t seed;
    size_t terms; /* of the areas' series */
    bool even;
    size_t component; /* of the state that is looked at */
} convergence;

typedef struct errors {
    double rms[LEVELS], mean[LEVELS], second_moment[LEVELS]; /* E (X - x)^2, E X, E X^2 of the scheme */
    double slope;
} errors;

/* End values of the component for all paths, to be freed. */
static inline double *ends_of(const convergence *c, const nsde_model *model, const char *method,
                              const nsde_brownian *fine, int level)
{
    nsde_simulate_settings settings = nsde_simulate_settings_default();
    nsde_brownian *coarse;
    nsde_simulation *simulation;
    check_ok(nsde_brownian_coarsen(fine, (size_t)1 << (c->noise - level), &coarse));
    settings.noise = level == c->noise ? fine : coarse;
    settings.steps = (size_t)1 << level;
    settings.paths = c->paths;
    if (method)
        check_ok(nsde_integrator_find(method, &settings.integrator));
    else
        settings.integrator = c->integrator;
    check_ok(nsde_simulate(model, c->parameters, c->x0, &settings, &simulation));
    double *ends = malloc(c->paths * sizeof *ends);
    memcpy(ends, nsde_simulation_row(simulation, 1, c->component), c->paths * sizeof *ends);
    nsde_simulation_destroy(simulation);
    nsde_brownian_destroy(coarse);
    return ends;
}

static inline double *solutions_of(const convergence *c, const nsde_brownian *fine)
{
    const size_t m = nsde_brownian_components(fine);
    double *W = malloc(c->paths * m * sizeof *W);
    nsde_brownian *whole;
    check_ok(nsde_brownian_coarsen(fine, (size_t)1 << c->noise, &whole));
    check_ok(nsde_brownian_increments(whole, 1.0, 0, c->paths, 0, 1, c->paths, W));
    for (size_t i = 0; i < c->paths; i++) {
        for (size_t k = 1; k < m; k++)
            W[i] += W[k * c->paths + i];
        W[i] = c->solution(1.0, W[i]);
    }
    nsde_brownian_destroy(whole);
    return W;
}

/* Least squares of log2 of the values against -level; levels not run are 0. */
static inline double slope_of(const double values[], int coarsest, int finest)
{
    double n = 0.0, x = 0.0, y = 0.0, xx = 0.0, xy = 0.0;
    for (int level = coarsest; level <= finest; level++) {
        if (values[level] == 0.0)
            continue;
        const double a = -level, b = log2(values[level]);
        n += 1.0, x += a, y += b, xx += a * a, xy += a * b;
    }
    return (n * xy - x * y) / (n * xx - x * x);
}

static inline errors measure(const convergence *c)
{
    nsde_model *model;
    nsde_brownian *fine;
    errors e = {.slope = NAN};
    if (c->definition)
        check_ok(nsde_model_create(c->definition, &model));
    else
        check_ok(nsde_model_open(c->shipped, &model));
    const size_t m = nsde_model_describe(model)->noise_dim;
    check_ok(nsde_brownian_grid_areas(c->seed, m, c->terms, &fine));
    nsde_model *right = NULL;
    if (c->reference_model)
        check_ok(nsde_model_create(c->reference_model, &right));
    double *exact =
        c->solution ? solutions_of(c, fine) : ends_of(c, right ? right : model, c->reference, fine, c->noise);
    nsde_model_destroy(right);
    for (int level = c->coarsest; level <= c->finest; level += c->even ? 2 : 1) {
        double *ends = ends_of(c, model, c->method, fine, level), squares = 0.0, x = 0.0, xx = 0.0;
        for (size_t i = 0; i < c->paths; i++) {
            squares += (ends[i] - exact[i]) * (ends[i] - exact[i]);
            x += ends[i];
            xx += ends[i] * ends[i];
        }
        e.rms[level] = sqrt(squares / (double)c->paths);
        e.mean[level] = x / (double)c->paths;
        e.second_moment[level] = xx / (double)c->paths;
        free(ends);
    }
    e.slope = slope_of(e.rms, c->coarsest, c->finest);
    if (getenv("NSDE_TEST_SHOW")) {
        printf("%-26s %-22s", c->definition ? c->definition->name : c->shipped,
               c->method ? c->method : c->integrator->name);
        for (int level = c->coarsest; level <= c->finest; level++)
            printf(" %.4g", e.rms[level]);
        printf("  slope %.4f\n", e.slope);
    }
    free(exact);
    nsde_brownian_destroy(fine);
    nsde_model_destroy(model);
    return e;
}

#endif
