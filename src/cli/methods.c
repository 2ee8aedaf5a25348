/* nsde methods: integrators, likelihoods, estimators of gradients, optimisers.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>

#include "cli/options.h"
#include "nsde/estimate.h"
#include "nsde/fit.h"
#include "nsde/optimise.h"
#include "nsde/step.h"

static const char *needs(const nsde_integrator *m)
{
    return m->deterministic               ? "nothing"
           : m->detail == NSDE_LEVY       ? "increments; Levy areas where it does not commute"
           : m->detail == NSDE_SPACE_TIME ? "increments and space-time areas"
                                          : "increments";
}

static int run(const void *options, const char *argument)
{
    (void)options, (void)argument;
    printf(
        "Integrators (--method of nsde simulate and convergence, --scheme of gradient and multilevel)\n\n");
    printf("  %-24s %-13s %-12s %6s %11s %8s %5s  %s\n", "", "", "", "strong", "", "", "", "");
    printf("  %-24s %-13s %-12s %6s %11s %8s %5s  %s\n", "name", "solves", "noise up to", "order",
           "commutative", "additive", "weak", "needs of the noise");
    for (size_t i = 0; i < nsde_integrator_count(); i++) {
        const nsde_integrator *m = nsde_integrator_at(i);
        printf("  %-24s %-13s %-12s %6g %11g %8g %5g  %s\n", m->name, nsde_calculus_name(m->calculus),
               m->deterministic ? "none" : nsde_noise_class_name(m->noise), m->strong_order,
               m->commutative_order, m->additive_order, m->weak_order, needs(m));
    }
    printf("\n");
    for (size_t i = 0; i < nsde_integrator_count(); i++) {
        const nsde_integrator *m = nsde_integrator_at(i);
        printf("  %-24s %s (%s)", m->name, m->title, m->source);
        printf(*m->aliases ? "; also called %s\n" : "%s\n", m->aliases);
    }
    printf("\nLikelihoods (nsde fit --method)\n");
    for (size_t i = 0; i < nsde_objective_count(); i++) {
        const nsde_objective *o = nsde_objective_at(i);
        printf("  %-16s %s (%s)\n", o->name, o->title, o->source);
        if (*o->aliases)
            printf("  %16s also called %s\n", "", o->aliases);
    }
    printf("\nEstimators of a gradient (nsde gradient --method)\n");
    for (size_t i = 0; i < nsde_estimator_count(); i++) {
        const nsde_estimator *e = nsde_estimator_at(i);
        printf("  %-16s %s (%s)\n", e->name, e->title, e->source);
        if (*e->aliases)
            printf("  %16s also called %s\n", "", e->aliases);
    }
    printf("\nOptimisers (nsde train --optimiser)\n");
    for (size_t i = 0; i < nsde_optimiser_count(); i++) {
        const nsde_optimiser_method *o = nsde_optimiser_at(i);
        printf("  %-16s %s (%s)\n", o->name, o->title, o->source);
    }
    return CLI_DONE;
}

const cli_command cli_command_methods = {
    .name = "methods",
    .summary = "List the integrators, likelihoods, estimators of gradients and optimisers",
    .run = run,
};
