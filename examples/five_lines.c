/* The gradient of a neural SDE's loss, by all the weights.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <stdio.h>

#include <nsde/gradient.h>
#include <nsde/neural.h>

static nsde_var squared_end(const nsde_loss_at *at)
{
    return nsde_square(nsde_loss_state(at, 0));
}

int main(void)
{
    enum { WEIGHTS = 16 * 2 + 16 + 16 + 1 + 8 * 2 + 8 + 8 + 1 }; /* networks of (x, t), 16 and 8 wide */
    double p[WEIGHTS], dp[WEIGHTS] = {0}, loss = NAN, x0 = 0.6;
    nsde_model *model = NULL;
    nsde_gradient *gradient = NULL;
    gsl_rng *rng = gsl_rng_alloc(nsde_rng_philox);
    const nsde_neural_settings networks = {.dim = 1, .drift = "mlp:16", .diffusion = "mlp:8"};
    const nsde_gradient_settings settings = nsde_gradient_settings_default();
    if (nsde_neural_create(&networks, &model) || nsde_model_describe(model)->n_parameters != WEIGHTS ||
        nsde_neural_initialise(model, NSDE_INIT_GLOROT, rng, p) ||
        nsde_gradient_create(model, &(nsde_loss){.record = squared_end}, &settings, &gradient) ||
        nsde_gradient_evaluate(gradient, &(nsde_gradient_point){.parameters = p, .x0 = &x0},
                               &(nsde_gradient_result){.loss = &loss, .parameters = dp}))
        fprintf(stderr, "%s\n", nsde_error_message());
    printf("loss %.4f, its derivative by the first weight %.4f\n", loss, dp[0]);
    nsde_gradient_destroy(gradient), nsde_model_destroy(model), gsl_rng_free(rng);
    return !isfinite(loss);
}
