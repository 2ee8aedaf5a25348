/* The nsde program.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/options.h"

static const cli_command *const commands[] = {
#define X(name) &cli_command_##name,
#include "commands.def"
#undef X
};

enum { N_COMMANDS = sizeof commands / sizeof *commands };

static int run(const cli_command *command, int count, char **words)
{
    for (int i = 0; i < count; i++)
        if (strcmp(words[i], "--help") == 0) {
            cli_print_command_help(command);
            return CLI_DONE;
        }
    void *options = calloc(1, command->options_size + 1);
    const char *argument;
    if (!options) {
        fprintf(stderr, "nsde: no memory\n");
        return CLI_FAILED;
    }
    if (command->defaults)
        command->defaults(options);
    int status = cli_parse(command, count, words, options, &argument);
    if (status == CLI_DONE)
        status = command->run(options, argument);
    cli_free_options(command, options);
    free(options);
    return status;
}

static int dispatch(int count, char **words)
{
    if (count < 2) {
        fprintf(stderr, "usage: nsde COMMAND …; see nsde --help\n");
        return CLI_USAGE;
    }
    if (strcmp(words[1], "--help") == 0 || strcmp(words[1], "help") == 0) {
        cli_print_help(commands, N_COMMANDS);
        return CLI_DONE;
    }
    if (strcmp(words[1], "--version") == 0) {
        printf("nsde %s\n", nsde_version());
        return CLI_DONE;
    }
    if (strcmp(words[1], "--manual") == 0) { /* for the build, which installs it */
        cli_print_manual(commands, N_COMMANDS);
        return CLI_DONE;
    }
    for (size_t i = 0; i < N_COMMANDS; i++)
        if (strcmp(words[1], commands[i]->name) == 0)
            return run(commands[i], count - 2, words + 2);
    char line[200];
    snprintf(line, sizeof line, "nsde: there is no command \"%.100s\"; see nsde --help", words[1]);
    cli_print_line(line);
    return CLI_USAGE;
}

int main(int count, char **words)
{
    const int status = dispatch(count, words);
    const bool lost = fflush(stdout) != 0 || ferror(stdout);
    if (status || !lost) /* a command that failed has said why */
        return status;
    fprintf(stderr, "nsde: standard output could not be written\n");
    return CLI_FAILED;
}
