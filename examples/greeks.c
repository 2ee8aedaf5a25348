/* Price and Greeks of a call in the Black-Scholes model, by several estimators: how far each is
 * from the closed form, in standard errors, and how large those are.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <stdio.h>

#include "nsde/estimate.h"
#include "nsde/text.h"

enum { PRICE, RHO, VEGA, DELTA, GAMMA, N };
static const double exact[N] = {10.45058357218557, 53.23248154537634, 37.52403469169379, .6368306511756191,
                                .0187620173458469};

static void print(const char *name, const double *off, const double *error)
{
    printf("%-24s", name);
    for (int i = 0; i < N; i++)
        if (isnan(off[i]))
            printf("%14s", "-");
        else
            printf("  %4.1f (%.0e)", off[i] / error[i], error[i]);
    printf("\n");
}

int main(void)
{
    static const char *const names[] = {"forward",  "reverse", "differences",           "likelihood_ratio",
                                        "smoothed", "gamma",   "gamma_likelihood_ratio"};
    const double parameters[] = {0.05, 0.2}, x0[] = {100.0}; /* mu, the rate of interest; sigma */
    nsde_model *model;
    nsde_loss loss;
    const nsde_estimator *method;
    nsde_gradient_estimate *e;
    nsde_estimate_settings settings = {.run = nsde_gradient_settings_default()};
    settings.run.paths = 100000;
    settings.run.steps = 1;
    if (nsde_integrator_find("exact", &settings.run.integrator) || nsde_model_open("gbm", &model) ||
        nsde_loss_from_text("exp(-mu)*max(x - 100, 0)", model, &loss))
        return fprintf(stderr, "%s\n", nsde_error_message()), 1;
    printf("off by so many standard errors (of this size)\n%-24s", "");
    printf("%13s%14s%14s%14s%14s\n", "price", "rho", "vega", "delta", "gamma");
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const nsde_estimate_problem problem = {model, &loss, parameters, x0};
        double off[N] = {NAN, NAN, NAN, NAN, NAN}, error[N];
        if (nsde_estimator_find(names[i], &method) || nsde_estimate_run(method, &problem, &settings, &e))
            return fprintf(stderr, "%s\n", nsde_error_message()), 1;
        off[PRICE] = e->loss - exact[PRICE];
        error[PRICE] = e->loss_std_error;
        for (int k = method->second ? 2 : 0; k < 3; k++) {
            const int at = method->second ? GAMMA : RHO + k;
            off[at] = e->value[k] - exact[at];
            error[at] = e->std_error[k];
        }
        print(names[i], off, error);
        nsde_estimate_destroy(e);
    }
    nsde_loss_release_text(&loss);
    nsde_model_destroy(model);
}
