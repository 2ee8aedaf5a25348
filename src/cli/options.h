/* Options of a command, described once: the table serves parsing, help and the manual page.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef NSDE_CLI_OPTIONS_H
#define NSDE_CLI_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "nsde/fit.h"

/* Exit statuses. */
enum { CLI_DONE = 0, CLI_FAILED = 1, CLI_USAGE = 2 };

typedef struct cli_assignments {
    size_t n;
    nsde_assignment *items;
    char *text; /* that the names point into */
} cli_assignments;

typedef struct cli_numbers {
    size_t n;
    double *items;
} cli_numbers;

typedef struct cli_sizes {
    size_t n, *items;
} cli_sizes;

/* What a value is read as, and the type of the member it goes to. */
typedef enum cli_kind {
    CLI_TEXT,        /* const char * */
    CLI_NUMBER,      /* double */
    CLI_FRACTION,    /* double; "1/12" will do */
    CLI_SIZE,        /* size_t */
    CLI_SEED,        /* uint64_t */
    CLI_FLAG,        /* bool */
    CLI_ASSIGNMENTS, /* cli_assignments: name=value,… */
    CLI_NUMBERS,     /* cli_numbers: a,b,… */
    CLI_SIZES        /* cli_sizes: n,m,… */
} cli_kind;

typedef struct cli_option {
    const char *name;  /* without the dashes */
    const char *value; /* what stands for its value in help; NULL for a flag */
    cli_kind kind;
    size_t offset; /* of the member in the command's struct of options */
    const char *doc;
    bool required;
} cli_option;

/* A command: a file NAME.c that defines cli_command_NAME. */
typedef struct cli_command {
    const char *name;
    const char *argument; /* what stands for its one argument in help; NULL for none */
    const char *summary;
    const char *detail; /* a paragraph for --help and the manual; may be NULL */
    const cli_option *options;
    size_t n_options;
    size_t options_size;             /* bytes of the struct of options, which starts as zeros … */
    void (*defaults)(void *options); /* … and may be set here; may be NULL */
    int (*run)(const void *options, const char *argument);
} cli_command;

/* Reads the words after the command's name into options; CLI_USAGE after a sentence on stderr. */
int cli_parse(const cli_command *command, int count, char **words, void *options, const char **argument);
void cli_free_options(const cli_command *command, void *options);

/* One line on stderr, whatever stands in the words that the text quotes. */
void cli_print_line(const char *text);
/* One line on stderr, "nsde: …", and CLI_FAILED. */
int cli_fail(void);
/* One line on stderr about how the command was called, and CLI_USAGE. */
int cli_usage(const cli_command *command, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* help.c: the text of --help for all commands or one, and the manual page in troff. */
void cli_print_help(const cli_command *const commands[], size_t n);
void cli_print_command_help(const cli_command *command);
void cli_print_manual(const cli_command *const commands[], size_t n);

#define X(name) extern const cli_command cli_command_##name;
#include "commands.def"
#undef X

#endif
