/* The option of Black and Scholes that the tests price: S = K = 100, r = 0.05, sigma = 0.2, one year.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef NSDE_TESTS_MULTILEVEL_MARKET_H
#define NSDE_TESTS_MULTILEVEL_MARKET_H

#include "harness.h"
#include "nsde/multilevel.h"

enum { MU, SIGMA, SPOT }; /* numbers of derivatives */

/* Values of the named functionals, continuously monitored; barrier at 85. */
static const struct price {
    const char *name;
    double value;
} prices[] = {{"call", 10.450583572},        {"asian", 5.7630879},         {"geometric_asian", 5.5468186338},
              {"lookback", 17.216802237361}, {"barrier", 9.9492703086342}, {"digital", 53.232481545}};

enum { N_PRICES = sizeof prices / sizeof *prices };

typedef struct market {
    nsde_model *model;
    double parameters[2], x0[1];
    size_t derivatives[3];
    nsde_payoff payoff;
    nsde_functional functional;
    nsde_multilevel_problem problem;
    nsde_multilevel_settings settings;
    nsde_multilevel *multilevel;
} market;

static inline void market_open(market *m, const char *functional, const char *scheme)
{
    *m = (market){.parameters = {0.05, 0.2}, .x0 = {100.0}, .payoff = nsde_payoff_default()};
    m->payoff.strike = 100.0;
    m->payoff.barrier = 85.0;
    m->payoff.factor = exp(-0.05);
    check_ok(nsde_model_open("gbm", &m->model));
    if (functional)
        check_ok(nsde_functional_find(functional, &m->payoff, &m->functional));
    m->problem = (nsde_multilevel_problem){m->model, &m->functional, m->parameters, m->x0, m->derivatives, 0};
    m->settings = nsde_multilevel_settings_default();
    check_ok(nsde_integrator_find(scheme, &m->settings.integrator));
}

static inline void market_create(market *m)
{
    check_ok(nsde_multilevel_create(&m->problem, &m->settings, &m->multilevel));
}

static inline void market_close(market *m)
{
    nsde_multilevel_destroy(m->multilevel);
    nsde_model_destroy(m->model);
}

/* A study and its end. */
static inline const nsde_multilevel_result *market_study(market *m, size_t levels, size_t samples)
{
    const nsde_multilevel_result *result;
    market_create(m);
    check_ok(nsde_multilevel_study(m->multilevel, levels, samples, &result));
    return result;
}

/* The worst consistency of a component over all levels. */
static inline double worst_consistency(const nsde_multilevel_result *r, size_t component)
{
    double worst = 0.0;
    for (size_t l = 1; l < r->n_levels; l++)
        worst = fmax(worst, nsde_multilevel_describe(r, l, component).consistency);
    return worst;
}

#endif
