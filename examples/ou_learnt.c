/* An Ornstein-Uhlenbeck process whose coefficients are learnt: the gradient of a loss over the trajectory,
 * the sum of E x(t)^2 at three times, by every estimator against its closed form for the Euler-Maruyama
 * scheme.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <stdio.h>

#include <nsde/estimate.h>
#include <nsde/text.h>

enum { STEPS = 20, KAPPA = 0, MU, SIGMA, X0 };
static const double h = 1.0 / STEPS;
static const size_t observe[] = {5, 10, STEPS};

/* x_n has the mean mu + (x0 - mu) a^n and the variance sigma^2 h (1 - a^2n) / (1 - a^2), a = 1 - kappa h. */
static double expected(const double *p)
{
    double sum = 0.0;
    for (int k = 0; k < 3; k++) {
        const double a = 1.0 - p[KAPPA] * h, n = (double)observe[k];
        const double mean = p[MU] + (p[X0] - p[MU]) * pow(a, n);
        sum += mean * mean + p[SIGMA] * p[SIGMA] * h * (1.0 - pow(a, 2.0 * n)) / (1.0 - a * a);
    }
    return sum;
}

int main(void)
{
    const double p[] = {1.3, 0.4, 0.5, 0.9}, *x0 = &p[X0];
    nsde_model *ou = NULL;
    nsde_loss loss;
    nsde_estimate_settings settings = {.run = nsde_gradient_settings_default(), .antithetic = true};
    nsde_gradient_estimate *e;
    int wrong = 0;
    settings.run.steps = STEPS, settings.run.paths = 40000;
    settings.run.observe = observe, settings.run.n_observe = 3;
    if (nsde_model_open("ou", &ou) || nsde_loss_from_text("x[0]^2 + x[1]^2 + x[2]^2", ou, &loss))
        return 1;
    for (size_t i = 0; i < nsde_estimator_count(); i++) {
        const nsde_estimator *method = nsde_estimator_at(i);
        if (method->second || method->of_equation ||
            nsde_estimate_run(method, &(nsde_estimate_problem){ou, &loss, p, x0}, &settings, &e))
            continue; /* of another kind, or for another scheme */
        printf("%-16s", method->name);
        for (size_t k = 0; k < e->n; k++) {
            double up[] = {p[0], p[1], p[2], p[3]}, down[] = {p[0], p[1], p[2], p[3]};
            up[k] += 1e-5, down[k] -= 1e-5;
            const double exact = (expected(up) - expected(down)) / 2e-5;
            printf(" %8.4f +- %.4f", e->value[k], e->std_error[k]);
            wrong += !(fabs(e->value[k] - exact) <= 3.5 * e->std_error[k] + 1e-6);
        }
        printf("\n");
        nsde_estimate_destroy(e);
    }
    printf("check: all within 3.5 standard errors of the closed form: %s\n", wrong ? "NO" : "yes");
    nsde_loss_release_text(&loss), nsde_model_destroy(ou);
    return wrong != 0;
}
