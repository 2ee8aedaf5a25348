/* nsde methods: integrators, objectives and estimators of gradients.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>

#include "cli/options.h"
#include "nsde/estimate.h"
#include "nsde/step.h"

static int run(const void *options, const char *argument)
{
    (void)options, (void)argument;
    printf("Integrators (nsde simulate --method)\n");
    for (size_t i = 0; i < nsde_integrator_count(); i++) {
        const nsde_integrator *m = nsde_integrator_at(i);
        printf("  %-16s %s (%s)\n", m->name, m->title, m->source);
        printf("  %16s strong order %g (additive noise %g), weak order %g; %s; %s noise\n", "",
               m->strong_order, m->additive_order, m->weak_order, nsde_calculus_name(m->calculus),
               nsde_noise_class_name(m->noise));
        if (*m->aliases)
            printf("  %16s also called %s\n", "", m->aliases);
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
    return CLI_DONE;
}

const cli_command cli_command_methods = {
    .name = "methods",
    .summary = "List the integrators, the likelihoods and the estimators of gradients",
    .run = run,
};
