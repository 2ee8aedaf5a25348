/* nsde multilevel: what it found, and how it is shown.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef NSDE_CLI_MULTILEVEL_H
#define NSDE_CLI_MULTILEVEL_H

#include "cli/problem.h"
#include "nsde/multilevel.h"

enum { CLI_LEVELS = 41, CLI_COMPONENTS = 1 + 64, CLI_NAME = 64 };

/* One target: of the first run, but for costs, which are means over all runs, and rmse. */
typedef struct cli_target {
    double epsilon;
    nsde_multilevel_end end;
    size_t n_levels, samples[CLI_LEVELS];
    double value[CLI_COMPONENTS], std_error[CLI_COMPONENTS], bias[CLI_COMPONENTS];
    double rmse[CLI_COMPONENTS]; /* over the runs, about what is exact or, if that is not known, their mean */
    double cost, standard_cost[CLI_COMPONENTS];
} cli_target;

typedef struct cli_multilevel {
    const char *model, *scheme, *what;
    size_t n, target, repeats; /* n: components; target: the one that targets are for */
    bool exact;                /* is the exact value known? */
    char names[CLI_COMPONENTS][CLI_NAME];
    size_t n_levels, samples;
    size_t steps[CLI_LEVELS];
    double cost[CLI_LEVELS];
    nsde_multilevel_moments levels[CLI_LEVELS][CLI_COMPONENTS];
    double sums[CLI_LEVELS][CLI_COMPONENTS][NSDE_MULTILEVEL_SUMS];
    double alpha[CLI_COMPONENTS], beta[CLI_COMPONENTS], gamma;
    size_t n_romberg; /* pairs of levels */
    double order;
    nsde_romberg romberg[CLI_LEVELS][CLI_COMPONENTS];
    size_t n_targets;
    cli_target *targets;
} cli_multilevel;

void cli_multilevel_print(const cli_multilevel *found);
NSDE_MUST_USE nsde_status cli_multilevel_write_json(const cli_multilevel *found, const char *path);
NSDE_MUST_USE nsde_status cli_multilevel_draw(const cli_multilevel *found, const char *path);

#endif
