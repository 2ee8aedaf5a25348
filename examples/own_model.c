/* A model of one's own: dX = a (m - X) dt + s sqrt(1 + X^2) dW, simulated, against its exact moments.
 *
 * The equations of the moments close: M1' = a (m - M1), M2' = 2 a (m M1 - M2) + s^2 (1 + M2).
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <stdio.h>

#include <nsde/simulate.h>

enum { A, M, S };

static nsde_var drift(const nsde_at *at)
{
    return nsde_mul(nsde_row(at->p, A), nsde_sub(nsde_row(at->p, M), at->x));
}

static nsde_var diffusion(const nsde_at *at)
{
    return nsde_mul(nsde_row(at->p, S), nsde_sqrt(nsde_add_real(nsde_square(at->x), 1.0)));
}

static const nsde_parameter_definition parameters[] = {{.name = "a", .upper = INFINITY, .start = 1.0},
                                                       {.name = "m", .lower = -10.0, .upper = 10.0},
                                                       {.name = "s", .upper = INFINITY, .start = 1.0}};

int main(void)
{
    const double p[] = {1.3, 0.7, 0.4}, x0 = -0.5, t = 1.5;
    const nsde_model_definition definition = {
        .name = "own",
        .dim = 1,
        .noise = NSDE_NOISE_DIAGONAL,
        .parameters = parameters,
        .n_parameters = 3,
        .drift = drift,
        .diffusion = diffusion,
    };
    nsde_model *model = NULL;
    nsde_simulation *simulation = NULL;
    nsde_simulate_settings settings = nsde_simulate_settings_default();
    settings.t1 = t, settings.steps = 500, settings.paths = 40000;
    if (nsde_model_create(&definition, &model) || nsde_simulate(model, p, &x0, &settings, &simulation)) {
        fprintf(stderr, "%s\n", nsde_error_message());
        return 1;
    }
    double mean, variance, std_error;
    nsde_simulation_moments(simulation, 1, 0, &mean, &variance, &std_error);
    const double a = p[A], m = p[M], s = p[S], b = 2.0 * a - s * s, ea = exp(-a * t), eb = exp(-b * t);
    const double m1 = m + (x0 - m) * ea, m2 = x0 * x0 * eb + (2.0 * a * m * m + s * s) * (1.0 - eb) / b +
                                              2.0 * a * m * (x0 - m) * (ea - eb) / (b - a);
    const double sd = sqrt(variance), exact = sqrt(m2 - m1 * m1);
    printf("mean %.4f, exact %.4f (standard error %.4f)\nsd   %.4f, exact %.4f\n", mean, m1, std_error, sd,
           exact);
    const bool good = fabs(mean - m1) < 4.0 * std_error && fabs(sd - exact) < 0.02 * exact;
    printf("check: mean within 4 standard errors, sd within 2 per cent: %s\n", good ? "yes" : "NO");
    nsde_simulation_destroy(simulation), nsde_model_destroy(model);
    return !good;
}
