/* The gradient of a neural SDE's loss by its weights, against the difference quotient along the gradient.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include <nsde/gradient.h>
#include <nsde/neural.h>

/* Squared distance from (0.5, -0.2) at half time and at the end. */
static nsde_var distance(const nsde_loss_at *at)
{
    const nsde_var target = nsde_constant(at->tape, 2, (const double[]){0.5, -0.2});
    return nsde_sum(nsde_add(nsde_square(nsde_sub(nsde_loss_state(at, 0), target)),
                             nsde_square(nsde_sub(nsde_loss_state(at, 1), target))));
}

static double loss_at(nsde_gradient *gradient, const double *weights, double *by_weights)
{
    double x0[] = {0.3, 0.1}, loss = NAN;
    if (nsde_gradient_evaluate(gradient, &(nsde_gradient_point){.parameters = weights, .x0 = x0},
                               &(nsde_gradient_result){.loss = &loss, .parameters = by_weights}))
        fprintf(stderr, "%s\n", nsde_error_message());
    return loss;
}

int main(void)
{
    const nsde_neural_settings networks = {
        .dim = 2, .drift = "mlp:16,16", .diffusion = "mlp:8:silu", .floor = 0.05};
    nsde_gradient_settings settings = nsde_gradient_settings_default();
    settings.steps = 40, settings.observe = (const size_t[]){20, 40}, settings.n_observe = 2;
    nsde_model *model = NULL;
    nsde_gradient *gradient = NULL;
    gsl_rng *rng = gsl_rng_alloc(nsde_rng_philox);
    if (nsde_neural_create(&networks, &model) ||
        nsde_gradient_create(model, &(nsde_loss){.record = distance}, &settings, &gradient)) {
        fprintf(stderr, "%s\n", nsde_error_message());
        return 1;
    }
    const size_t n = nsde_model_describe(model)->n_parameters;
    double *w = malloc(3 * n * sizeof *w), *dw = w + n, *moved = dw + n, slope = 0.0, end[2];
    if (!w || nsde_neural_initialise(model, NSDE_INIT_GLOROT, rng, w))
        return 1;
    const double loss = loss_at(gradient, w, dw), h = 1e-5;
    for (int side = 0; side < 2; side++) {
        for (size_t i = 0; i < n; i++)
            moved[i] = w[i] + (side ? h : -h) * dw[i]; /* along the gradient */
        end[side] = loss_at(gradient, moved, NULL);
    }
    for (size_t i = 0; i < n; i++)
        slope += dw[i] * dw[i];
    const double difference = (end[1] - end[0]) / (2.0 * h);
    printf("loss %.5f with %zu weights\nslope %.5f, differenced %.5f\n", loss, n, slope, difference);
    const bool good = fabs(slope - difference) < 1e-7 * fabs(slope);
    printf("check: they agree to 7 digits: %s\n", good ? "yes" : "NO");
    nsde_gradient_destroy(gradient), nsde_model_destroy(model), gsl_rng_free(rng), free(w);
    return !good;
}
