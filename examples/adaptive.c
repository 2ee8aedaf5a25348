/* Steps chosen by their errors, and the gradient along the steps that were chosen.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <stdio.h>

#include <nsde/gradient.h>
#include <nsde/simulate.h>

enum { PATHS = 64 }; /* one panel: they share their steps */

static nsde_var end_value(const nsde_loss_at *at)
{
    return nsde_loss_state(at, at->n_times - 1);
}

int main(void)
{
    const double p[] = {1.01, 0.87}, x0 = 0.5, observe[] = {0.3, 1.0};
    const nsde_loss loss = {.record = end_value};
    double W[PATHS], mean, by_mu[2], squares = 0.0;
    nsde_model *gbm = NULL;
    nsde_brownian *tree = NULL;
    nsde_simulation *s = NULL;
    nsde_gradient *engine = NULL;
    nsde_adaptive adaptive = nsde_adaptive_default();
    nsde_simulate_settings settings = nsde_simulate_settings_default();
    settings.paths = PATHS, settings.adaptive = &adaptive;
    settings.observe_times = observe, settings.n_observe = 2;
    nsde_status status = nsde_model_open("gbm", &gbm);
    if (!status)
        status = nsde_brownian_tree(1, 1, 0.0, 1.0, 1e-6, &tree);
    if (!status)
        settings.noise = tree, status = nsde_simulate(gbm, p, &x0, &settings, &s);
    nsde_gradient_settings run = nsde_gradient_settings_default();
    if (!status) { /* the steps of the panel, as steps that are given */
        run.times = s->panels[0].times, run.steps = s->panels[0].steps, run.paths = PATHS, run.noise = tree;
        status = nsde_integrator_find("milstein", &run.integrator);
    }
    if (!status)
        status = nsde_gradient_create(gbm, &loss, &run, &engine);
    if (!status)
        status = nsde_gradient_evaluate(engine, &(nsde_gradient_point){.parameters = p, .x0 = &x0},
                                        &(nsde_gradient_result){.loss = &mean, .parameters = by_mu});
    if (!status)
        status = nsde_brownian_interval(tree, NSDE_INCREMENTS, 0.0, 1.0, 0, PATHS, PATHS, W);
    for (size_t i = 0; i < PATHS && !status; i++) /* X = x0 exp((mu - sigma^2 / 2) t + sigma W) */
        squares +=
            pow(nsde_simulation_row(s, 1, 0)[i] / (x0 * exp(p[0] - 0.5 * p[1] * p[1] + p[1] * W[i])) - 1, 2);
    const double error = sqrt(squares / PATHS), gap = by_mu[0] / mean - 1.0; /* dX/dmu is X t */
    const bool good = !status && error < 5e-3 && fabs(gap) < 5e-3;
    if (status)
        fprintf(stderr, "%s\n", nsde_error_message());
    else
        printf("%zu steps and %zu rejected, error %.0e; check: states and gradient are right: %s\n",
               s->n_accepted, s->n_rejected, error, good ? "yes" : "NO");
    nsde_gradient_destroy(engine), nsde_simulation_destroy(s);
    nsde_brownian_destroy(tree), nsde_model_destroy(gbm);
    return !good;
}
