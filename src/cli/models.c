/* nsde models: what is shipped.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <stdio.h>

#include "cli/options.h"

static void print_bound(double bound)
{
    if (isinf(bound))
        printf("%s", bound < 0.0 ? "-inf" : "inf");
    else
        printf("%g", bound);
}

static int run(const void *options, const char *argument)
{
    (void)options, (void)argument;
    for (size_t i = 0; i < nsde_shipped_count(); i++) {
        const nsde_model_definition *d = nsde_shipped(i);
        printf("%s%-8s %s\n         %s; %s noise, %s\n", i ? "\n" : "", d->name, d->equation, d->doc,
               nsde_noise_class_name(d->noise), nsde_calculus_name(d->calculus));
        for (size_t k = 0; k < d->n_parameters; k++) {
            printf("         %-8s %s, in (", d->parameters[k].name, d->parameters[k].doc);
            print_bound(d->parameters[k].lower);
            printf(", ");
            print_bound(d->parameters[k].upper);
            printf(")\n");
        }
    }
    return CLI_DONE;
}

const cli_command cli_command_models = {
    .name = "models",
    .summary = "List the shipped models with their equations and parameters",
    .run = run,
};
