/* What a step of each scheme costs beside one of Euler-Maruyama, noise included, on one thread:
 * steps.MODEL.METHOD.ratio, on models whose coefficients are formulas.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>

#include "bench.h"
#include "nsde/simulate.h"

enum { PATHS = 4096, STEPS = 100 };

typedef struct work {
    nsde_model *model;
    const nsde_integrator *integrator;
    const double *parameters, *x0;
} work;

static void simulate(void *context)
{
    const work *w = context;
    nsde_simulate_settings settings = nsde_simulate_settings_default();
    nsde_simulation *simulation;
    settings.paths = PATHS;
    settings.steps = STEPS;
    settings.threads = 1;
    settings.integrator = w->integrator;
    settings.on_failure = NSDE_DROP;
    bench_check(nsde_simulate(w->model, w->parameters, w->x0, &settings, &simulation));
    nsde_simulation_destroy(simulation);
}

static double nanoseconds(work *w)
{
    return bench_seconds(simulate, w, 0.02) / ((double)PATHS * STEPS) * 1e9;
}

/* Both in turns, each at its best, so that what else the machine does meets both. */
static void compare(work *w, const char *model, const nsde_integrator *euler, const nsde_integrator *m)
{
    double best[2] = {1e300, 1e300};
    for (int turn = 0; turn < 4; turn++) {
        w->integrator = turn % 2 ? m : euler;
        const double taken = nanoseconds(w);
        best[turn % 2] = taken < best[turn % 2] ? taken : best[turn % 2];
    }
    bench_print(best[1], "ns", "steps.%s.%s.step", model, m->name);
    bench_print(best[1] / best[0], "ratio", "steps.%s.%s.ratio", model, m->name);
}

void bench_steps(void)
{
    const struct {
        const char *name;
        double parameters[6], x0[2];
    } models[] = {
        {"gbm", {0.05, 0.2}, {1.0}},
        {"ckls", {0.02, -0.3, 0.4, 0.8}, {0.06}},
        {"lotka_volterra", {1.0, 0.5, 0.7, 0.3, 0.1, 0.1}, {2.0, 1.5}},
        {"gbm_2d", {0.05, 0.03, 0.2, 0.3, 0.5}, {1.0, 1.5}},
        {"heston", {0.05, 2.0, 0.09, 0.2, -0.6}, {1.0, 0.09}},
    };
    const nsde_integrator *euler;
    bench_check(nsde_integrator_find("euler_maruyama", &euler));
    for (size_t i = 0; i < sizeof models / sizeof *models; i++) {
        work w = {.parameters = models[i].parameters, .x0 = models[i].x0};
        bench_check(nsde_model_open(models[i].name, &w.model));
        for (size_t k = 0; k < nsde_integrator_count(); k++) {
            const nsde_integrator *m = nsde_integrator_at(k);
            char name[100];
            snprintf(name, sizeof name, "steps.%s.%s", models[i].name, m->name);
            if (m != euler && nsde_integrator_check(m, w.model) == NSDE_OK && bench_wanted(name))
                compare(&w, models[i].name, euler, m);
        }
        nsde_model_destroy(w.model);
    }
}
