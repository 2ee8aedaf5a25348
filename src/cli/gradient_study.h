/* Studies by nsde gradient: its options for them, running one, its table and files.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef NSDE_CLI_GRADIENT_STUDY_H
#define NSDE_CLI_GRADIENT_STUDY_H

#include "cli/problem.h"
#include "nsde/study.h"

/* A member of a command's options, filled by CLI_STUDY_OPTIONS. */
typedef struct cli_study {
    size_t replicates;
    cli_assignments exact;
    const char *state, *csv, *component, *plot_bias, *plot_variance;
} cli_study;

/* Rows of the table of options where `options` has a member `study`. */
#define CLI_STUDY_OPTIONS(options)                                                                           \
    {"replicates",                                                                                           \
     "N",                                                                                                    \
     CLI_SIZE,                                                                                               \
     offsetof(options, study.replicates),                                                                    \
     "study the estimators over so many replicates, each with noise of its own",                             \
     false},                                                                                                 \
        {"exact",                                                                                            \
         "NAME=VALUE,...",                                                                                   \
         CLI_ASSIGNMENTS,                                                                                    \
         offsetof(options, study.exact),                                                                     \
         "study: derivatives (and loss) without bias, where they are known; else they are extrapolated",     \
         false},                                                                                             \
        {"state",                                                                                            \
         "FILE",                                                                                             \
         CLI_TEXT,                                                                                           \
         offsetof(options, study.state),                                                                     \
         "study: keep the state here; go on from it where it exists",                                        \
         false},                                                                                             \
        {"csv", "FILE", CLI_TEXT, offsetof(options, study.csv), "study: write the table as CSV", false},     \
        {"component",                                                                                        \
         "NAME",                                                                                             \
         CLI_TEXT,                                                                                           \
         offsetof(options, study.component),                                                                 \
         "study: the component that is drawn; the first",                                                    \
         false},                                                                                             \
        {"plot-bias",                                                                                        \
         "FILE.png|.svg",                                                                                    \
         CLI_TEXT,                                                                                           \
         offsetof(options, study.plot_bias),                                                                 \
         "study: draw bias against step size",                                                               \
         false},                                                                                             \
    {                                                                                                        \
        "plot-variance", "FILE.png|.svg", CLI_TEXT, offsetof(options, study.plot_variance),                  \
            "study: draw variance against seconds", false                                                    \
    }

/* Where a study goes. */
typedef struct cli_study_output {
    const cli_study *options;
    const char *json;
    bool quiet;
} cli_study_output;

/* CLI_USAGE after a sentence on stderr where options of a study are given without one. */
int cli_study_check(const cli_command *command, const cli_study *options);
/* settings: estimators, steps and paths; the rest is as the options say. */
NSDE_MUST_USE nsde_status cli_study_run(const cli_study_output *output, const nsde_estimate_problem *problem,
                                        const nsde_estimate_settings *estimate,
                                        const nsde_study_settings *settings);

#endif
