/* The model that a command works on: a shipped one by name, one in a file, or one from text.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef NSDE_CLI_PROBLEM_H
#define NSDE_CLI_PROBLEM_H

#include "cli/options.h"

/* A member of a command's options, filled by CLI_PROBLEM_OPTIONS. */
typedef struct cli_problem {
    const char *model, *file, *drift, *diffusion, *parameters;
    size_t n_inputs; /* of a model from text; for commands that take inputs to set */
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

/* Rows of commands that take a model together with its parameters; `options` has a member `set`. */
#define CLI_PROBLEM_FILE(options)                                                                            \
    {                                                                                                        \
        "file", "MODEL.json", CLI_TEXT, offsetof(options, problem.file),                                     \
            "instead of --model: one with its parameters (nsde train)", false                                \
    }
#define CLI_PROBLEM_SET(options)                                                                             \
    {                                                                                                        \
        "set", "NAME=VALUE,...", CLI_ASSIGNMENTS, offsetof(options, set),                                    \
            "parameters: all of --model's, or those that differ from the file's or from --param", false      \
    }

/* Says what text means, for `detail` of a command. */
#define CLI_PROBLEM_DETAIL                                                                                   \
    "In --drift and --diffusion the states are x1, x2, ... (x where there is one), the time is t, "          \
    "mlp(16,16) "                                                                                            \
    "is a network of them; there are + - * / ^, exp, log, sqrt, sin, tanh, min, max, select and more."

/* CLI_USAGE after a sentence on stderr, unless there is one model. */
int cli_problem_check(const cli_command *command, const cli_problem *problem);
/* stored: the parameters of a model in a file, for nsde_parameters_destroy; else NULL. May be NULL for
 * commands without --file. */
NSDE_MUST_USE nsde_status cli_problem_open(const cli_problem *problem, nsde_model **model, double **stored);
/* parameters[n_parameters] as --set gives them: all of them, unless the model is from a file (`stored`) or
 * from text, where they start as it says, with networks where `seed` puts them. */
NSDE_MUST_USE nsde_status cli_problem_parameters(const cli_problem *problem, const nsde_model *model,
                                                 const double *stored, const cli_assignments *set,
                                                 uint64_t seed, double *parameters);
/* --x0 gives every state? */
NSDE_MUST_USE nsde_status cli_check_states(const nsde_model *model, const cli_numbers *x0);

#endif
