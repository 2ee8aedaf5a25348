/* Mixed mode over a trajectory: its cost in forward runs of the solver, 1 + k at most 1.3 times over, and the
 * memory it holds, the same for any number of steps. Against it, reverse mode through solver and network.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <stdlib.h>

#include "bench.h"
#include "estimate/tangents.h"
#include "nsde/mixed.h"
#include "nsde/text.h"

enum { PATHS = 1024, STEPS = 1000, FEATURES = 4, MOST = 8 };

/* A model of k parameters, all of which matter to drift or diffusion. */
static const char *const parameters = "p1=0.9, p2=0.3, p3=0.2, p4=0.1, p5=0.4, p6=-0.2, p7=0.15, p8=0.05";
static const char *const drifts[] = {"p1*(0.3-x)",
                                     "p1*(p2-x)",
                                     "p1*(p2-x)",
                                     "p1*(p2-x) + p4*sin(t)",
                                     "p1*(p2-x) + p4*sin(p5*t)",
                                     "p1*(p2-x) + p4*sin(p5*t) + p6*x^2",
                                     "p1*(p2-x) + p4*sin(p5*t) + p6*x^2",
                                     "p1*(p2-x) + p4*sin(p5*t) + p6*x^2 + p8*cos(t)"};

typedef struct timing {
    nsde_net *net;
    nsde_model *model;
    nsde_loss loss;
    nsde_gradient_settings settings;
    double *weights, *features, x0;
    double y[MOST];
    nsde_mixed *mixed;
    nsde_tangents *values;
} timing;

static nsde_var network(const nsde_mixed_at *at)
{
    return nsde_net_record(at->context, at->weights, 1, &at->features);
}

static void run_mixed(void *context)
{
    const timing *t = context;
    double loss;
    bench_check(nsde_mixed_evaluate(t->mixed, &(nsde_mixed_point){t->weights, t->features, &t->x0},
                                    &(nsde_mixed_result){.loss = &loss}));
}

static void run_values(void *context)
{
    const timing *t = context;
    bench_check(nsde_tangents_run(t->values, t->y, &t->x0, 0, &(nsde_tangents_result){0}));
}

static void create(timing *t, size_t k, size_t width, size_t steps)
{
    char used[128];
    size_t cut = 0; /* the first k parameters */
    for (size_t commas = 0; parameters[cut] && (commas += parameters[cut] == ',') < k; cut++)
        used[cut] = parameters[cut];
    used[cut] = '\0';
    const nsde_text_model text = {.drift = drifts[k - 1],
                                  .diffusion = k >= 7   ? "p3 + p7*x"
                                               : k >= 3 ? "p3"
                                                        : "0.2",
                                  .parameters = used};
    const nsde_net_definition d = {
        .name = "net", .inputs = FEATURES, .outputs = k, .hidden = &width, .n_hidden = 1};
    gsl_rng *rng = gsl_rng_alloc(nsde_rng_philox);
    *t = (timing){.settings = nsde_gradient_settings_default(), .x0 = 0.2};
    bench_check(nsde_net_create(&d, &t->net));
    bench_check(nsde_model_from_text(&text, &t->model));
    bench_check(nsde_loss_from_text("(x - 0.4)^2", t->model, &t->loss));
    const size_t n = nsde_net_weights(t->net);
    t->weights = malloc((n + FEATURES) * sizeof *t->weights);
    t->features = t->weights + n;
    bench_check(nsde_net_initialise(t->net, NSDE_INIT_GLOROT, rng, t->weights));
    for (size_t i = 0; i < FEATURES; i++)
        t->features[i] = 0.3 * (double)i - 0.4;
    for (size_t i = 0; i < k; i++)
        t->y[i] = nsde_model_describe(t->model)->parameters[i].start;
    t->settings.paths = PATHS;
    t->settings.steps = steps;
    t->settings.threads = 1;
    bench_check(nsde_integrator_find("euler_maruyama", &t->settings.integrator));
    const nsde_mixed_network network_of = {FEATURES, n, k, network, t->net, false};
    bench_check(nsde_mixed_create(&network_of, t->model, &t->loss, &t->settings, &t->mixed));
    gsl_rng_free(rng);
}

static void destroy(timing *t)
{
    nsde_mixed_destroy(t->mixed);
    nsde_loss_release_text(&t->loss);
    nsde_model_destroy(t->model);
    nsde_net_destroy(t->net);
    free(t->weights);
}

/* Time over that of 1 + k runs of the solver alone. */
static void measure_cost(size_t k)
{
    timing t;
    nsde_brownian *grid;
    create(&t, k, 16, STEPS);
    bench_check(nsde_brownian_grid(1, 1, &grid));
    t.settings.noise = grid;
    bench_check(nsde_tangents_create(
        &(nsde_tangents_settings){.model = t.model, .loss = &t.loss, .run = &t.settings}, &t.values));
    const double mixed = bench_seconds(run_mixed, &t, 0.3), forward = bench_seconds(run_values, &t, 0.3);
    bench_print(mixed, "s", "mixed.k%zu.seconds", k);
    bench_print(mixed / forward / (1.0 + (double)k), "ratio", "mixed.k%zu.over_forward_runs", k);
    nsde_tangents_destroy(t.values);
    nsde_brownian_destroy(grid);
    destroy(&t);
}

static void measure_memory(size_t steps)
{
    timing t;
    create(&t, 3, 16, steps);
    bench_print((double)nsde_mixed_bytes(t.mixed), "bytes", "mixed.steps%zu.bytes", steps);
    destroy(&t);
}

static void measure_weights(size_t width)
{
    timing t;
    create(&t, 3, width, STEPS);
    const size_t n = nsde_net_weights(t.net);
    bench_print(bench_seconds(run_mixed, &t, 0.2), "s", "mixed.weights%zu.seconds", n);
    bench_print((double)nsde_mixed_bytes(t.mixed), "bytes", "mixed.weights%zu.bytes", n);
    destroy(&t);
}

void bench_mixed(void)
{
    for (size_t k = 1; k <= MOST; k++)
        measure_cost(k);
    for (size_t steps = 100; steps <= 1000000; steps *= 10)
        measure_memory(steps);
    for (size_t width = 1; width <= 10000; width *= 10)
        measure_weights(width);
}
