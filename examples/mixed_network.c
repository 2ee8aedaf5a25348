/* A network makes b of features, and dx/dt = b x is solved: forward on one dual through the solver, then back
 * through the network, it is reverse mode all the way, without storing anything over time.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include <nsde/mixed.h>
#include <nsde/text.h>

static const double features[] = {0.6, -0.2}, x0 = 1.2;
static nsde_net *net;

static nsde_var network(const nsde_mixed_at *at) /* b */
{
    return nsde_net_record(net, at->weights, 1, &at->features);
}

static nsde_var drift(const nsde_at *at) /* b x, the network inside */
{
    const nsde_var f = nsde_constant(at->tape, 2, features);
    return nsde_mul(nsde_net_record(net, at->p, 1, &f), at->x);
}

/* Prints how both modes do for a hidden layer of this width; the largest difference of their gradients. */
static double compare(size_t width, const nsde_gradient_settings *run)
{
    const nsde_net_definition d = {"net", 2, 1, &width, 1, NSDE_ACTIVATION_TANH, NSDE_OUTPUT_LINEAR, 0.0};
    nsde_parameter_definition weights = {"w", "weights", -INFINITY, INFINITY, 0.0, 4 * width + 1};
    const nsde_model_definition all = {
        .name = "net", .dim = 1, .parameters = &weights, .n_parameters = 1, .drift = drift};
    const nsde_text_model text = {.drift = "b*x", .diffusion = "0", .parameters = "b=1"};
    const size_t n = weights.count;
    const nsde_mixed_network made = {2, n, 1, network, NULL, false};
    double *w = malloc(3 * n * sizeof *w), *a = w + n, *c = a + n, gap = 0.0, size = 0.0;
    nsde_model *rate, *whole;
    nsde_mixed *m;
    nsde_gradient *g;
    nsde_loss loss;
    for (size_t k = 0; k < n; k++)
        w[k] = sin((double)k + 1.0) / sqrt((double)width);
    if (nsde_net_create(&d, &net) || nsde_model_from_text(&text, &rate) || nsde_model_create(&all, &whole) ||
        nsde_loss_from_text("(x - 2)^2", rate, &loss) || nsde_mixed_create(&made, rate, &loss, run, &m) ||
        nsde_mixed_evaluate(m, &(nsde_mixed_point){w, features, &x0}, &(nsde_mixed_result){.weights = a}) ||
        nsde_gradient_create(whole, &loss, run, &g) ||
        nsde_gradient_evaluate(g, &(nsde_gradient_point){.parameters = w, .x0 = &x0},
                               &(nsde_gradient_result){.parameters = c}))
        return printf("%s\n", nsde_error_message());
    for (size_t k = 0; k < n; k++)
        gap = fmax(gap, fabs(a[k] - c[k])), size = fmax(size, fabs(c[k]));
    printf("%6zu weights: mixed holds %.0e bytes, reverse %.0e; they agree to 1e-12: %s\n", n,
           (double)nsde_mixed_bytes(m), (double)nsde_gradient_describe(g).bytes,
           gap < 1e-12 * size ? "yes" : "NO");
    nsde_mixed_destroy(m), nsde_gradient_destroy(g), nsde_loss_release_text(&loss), nsde_model_destroy(rate);
    nsde_model_destroy(whole), nsde_net_destroy(net), free(w);
    return gap / size;
}

int main(void)
{
    nsde_gradient_settings run = nsde_gradient_settings_default();
    bool good = true;
    run.paths = 1, run.threads = 1, run.steps = 1000;
    for (size_t width = 3; width <= 30000; width *= 10)
        good = compare(width, &run) < 1e-12 && good;
    printf("check: mixed mode is reverse mode: %s\n", good ? "yes" : "NO");
    return !good;
}
