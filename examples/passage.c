/* How long until dX = (X - X^3) dt + dW / 2 crosses from its well at -1 to the top at 0? 18.4262 in the mean,
 * by quadrature. A scheme of weak order 2 follows the paths well, but who looks after each step alone sees
 * them late, by 0.5826 g sqrt(h) of level (Broadie, Glasserman and Kou 1997); a Brownian bridge looks between
 * the steps.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <stdio.h>

#include <nsde/statistics.h>

static nsde_var drift(const nsde_at *at)
{
    return nsde_sub(at->x, nsde_mul(at->x, nsde_square(at->x)));
}

static nsde_var diffusion(const nsde_at *at)
{
    return nsde_real(at->tape, 0.5);
}

int main(void)
{
    static const nsde_model_definition double_well = {.name = "double well",
                                                      .dim = 1,
                                                      .noise = NSDE_NOISE_ADDITIVE,
                                                      .drift = drift,
                                                      .diffusion = diffusion};
    static const nsde_passage_watch top[] = {{.level = 0.0}, {.level = 0.0, .bridge = true}};
    const nsde_statistics_settings wanted = {.passages = top, .n_passages = 2};
    const double x0 = -1.0, exact = 18.4262;
    nsde_simulate_settings settings = nsde_simulate_settings_default();
    nsde_model *model;
    int near = 1;
    if (nsde_model_create(&double_well, &model) || nsde_integrator_find("sra1", &settings.integrator))
        return fprintf(stderr, "%s\n", nsde_error_message()), 1;
    settings.paths = 4000;
    settings.t1 = 200.0;
    printf("step   after steps   between them too\n");
    for (settings.steps = 2000; settings.steps <= 8000; settings.steps *= 2) {
        nsde_statistics *s;
        if (nsde_simulate_statistics(model, NULL, &x0, &settings, &wanted, &s))
            return fprintf(stderr, "%s\n", nsde_error_message()), 1;
        const nsde_passage *after = &s->passages[0], *between = &s->passages[1];
        const double h = settings.t1 / (double)settings.steps;
        printf("%-5g  %.1f +- %.1f   %.1f +- %.1f\n", h, after->mean, after->std_error, between->mean,
               between->std_error);
        near = near && fabs(between->mean - exact) < 4.0 * between->std_error;
        nsde_statistics_destroy(s);
    }
    printf("check: the bridge is within 4 standard errors of %.4f: %s\n", exact, near ? "yes" : "no");
    nsde_model_destroy(model);
    return !near;
}
