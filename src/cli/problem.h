/* The model that a command works on: a shipped one by name, or one from text.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef NSDE_CLI_PROBLEM_H
#define NSDE_CLI_PROBLEM_H

#include "cli/options.h"

/* A member of a command's options, filled by CLI_PROBLEM_OPTIONS. */
typedef struct cli_problem {
    const char *model, *drift, *diffusion, *parameters;
} cli_problem;

/* Rows of the table of options where `options` has a member `problem`. */
#define CLI_PROBLEM_OPTIONS(options)                                                                         \
    {"model", "NAME", CLI_TEXT, offsetof(options, problem.model), "a shipped model (nsde models)", false},   \
        {"drift",                                                                                            \
         "TEXT",                                                                                             \
         CLI_TEXT,                                                                                           \
         offsetof(options, problem.drift),                                                                   \
         "instead of --model: the drift of each state, separated by ';'",                                    \
         false},                                                                                             \
        {"diffusion",                                                                                        \
         "TEXT",                                                                                             \
         CLI_TEXT,                                                                                           \
         offsetof(options, problem.diffusion),                                                               \
         "with --drift: the diffusion of each state, or rows of a matrix",                                   \
         false},                                                                                             \
    {                                                                                                        \
        "param", "NAME=V:LO:UP,...", CLI_TEXT, offsetof(options, problem.parameters),                        \
            "with --drift: parameters, where they start, their bounds", false                                \
    }

/* Says what text means, for `detail` of a command. */
#define CLI_PROBLEM_DETAIL                                                                                   \
    "In --drift and --diffusion the states are x1, x2, ... (x where there is one), the time is t, "          \
    "mlp(16,16) "                                                                                            \
    "is a network of them; there are + - * / ^, exp, log, sqrt, sin, tanh, min, max, select and more."

/* CLI_USAGE after a sentence on stderr, unless either a model or both coefficients are given. */
int cli_problem_check(const cli_command *command, const cli_problem *problem);
NSDE_MUST_USE nsde_status cli_problem_open(const cli_problem *problem, nsde_model **model);
/* parameters[n_parameters] as --set gives them, all of them; those of a model from text start where the text
 * says, its networks where `seed` puts them. */
NSDE_MUST_USE nsde_status cli_problem_parameters(const cli_problem *problem, const nsde_model *model,
                                                 const cli_assignments *set, uint64_t seed,
                                                 double *parameters);

#endif
