/* Help and manual page, from the tables of options.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>
#include <string.h>

#include "cli/options.h"

static const char title[] = "stochastic neural differential equations";
static const char statuses[] =
    "Exit status: 0 done; 1 it could not be done (one line on stderr says why); 2 the call was mistaken.";

void cli_print_help(const cli_command *const commands[], size_t n)
{
    printf("nsde %s: %s\n\nusage: nsde COMMAND …\n\n", nsde_version(), title);
    for (size_t i = 0; i < n; i++)
        printf("  %-12s %s\n", commands[i]->name, commands[i]->summary);
    printf("\n  nsde COMMAND --help    the options of a command\n"
           "  nsde --version         the version\n\n%s\n",
           statuses);
}

static void print_usage(const cli_command *command)
{
    printf("usage: nsde %s%s%s", command->name, command->argument ? " " : "",
           command->argument ? command->argument : "");
    for (size_t i = 0; i < command->n_options; i++)
        if (command->options[i].required)
            printf(" --%s %s", command->options[i].name, command->options[i].value);
    printf(command->n_options ? " [OPTION …]\n" : "\n");
}

void cli_print_command_help(const cli_command *command)
{
    print_usage(command);
    printf("\n%s.\n", command->summary);
    if (command->detail)
        printf("%s\n", command->detail);
    if (command->n_options)
        printf("\n");
    for (size_t i = 0; i < command->n_options; i++) {
        char left[64];
        const cli_option *o = &command->options[i];
        snprintf(left, sizeof left, "--%s %s", o->name, o->value ? o->value : "");
        printf("  %-29s %s\n", left, o->doc);
    }
}

/* Text for troff: a backslash or a dash is written as such, nothing starts a request. */
static void print_troff(const char *text, const char *end)
{
    if (*text == '.' || *text == '\'')
        printf("\\&");
    for (; *text; text++) {
        if (*text == '\\')
            printf("\\e");
        else if (*text == '-')
            printf("\\-");
        else
            putchar(*text);
    }
    printf("%s\n", end);
}

void cli_print_manual(const cli_command *const commands[], size_t n)
{
    printf(".TH NSDE 1 \"\" \"nsde %s\" \"User Commands\"\n.SH NAME\nnsde \\- %s\n", nsde_version(), title);
    printf(".SH SYNOPSIS\n.B nsde\n.I COMMAND\n[\\fIOPTION\\fR ...]\n.SH COMMANDS\n");
    for (size_t i = 0; i < n; i++) {
        printf(".SS \"nsde %s%s%s\"\n", commands[i]->name, commands[i]->argument ? " " : "",
               commands[i]->argument ? commands[i]->argument : "");
        print_troff(commands[i]->summary, ".");
        if (commands[i]->detail)
            print_troff(commands[i]->detail, "");
        for (size_t k = 0; k < commands[i]->n_options; k++) {
            const cli_option *o = &commands[i]->options[k];
            printf(".TP\n\\fB\\-\\-%s\\fR \\fI%s\\fR%s\n", o->name, o->value ? o->value : "",
                   o->required ? " (required)" : "");
            print_troff(o->doc, "");
        }
    }
    printf(".SH EXIT STATUS\n");
    print_troff(statuses, "");
}
