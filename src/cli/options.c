/* Parsing a command line by its table of options.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/options.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/error.h"
#include "core/memory.h"
#include "core/number.h"

void cli_print_line(const char *text)
{
    for (; *text; text++)
        fputc((unsigned char)*text < ' ' ? '?' : *text, stderr);
    fputc('\n', stderr);
}

int cli_fail(void)
{
    fprintf(stderr, "nsde: ");
    cli_print_line(nsde_error_message());
    return CLI_FAILED;
}

int cli_usage(const cli_command *command, const char *format, ...)
{
    char text[NSDE_MESSAGE_SIZE], line[NSDE_MESSAGE_SIZE + 200];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    snprintf(line, sizeof line, "nsde %s: %s (see nsde %s --help)", command->name, text, command->name);
    cli_print_line(line);
    return CLI_USAGE;
}

/* Pieces of a list separated by commas. */
static size_t count_pieces(const char *text)
{
    size_t n = 1;
    for (; *text; text++)
        n += *text == ',';
    return n;
}

/* Cuts the piece that begins at *rest off and moves on; NULL when none is left. */
static char *next_piece(char **rest)
{
    char *piece = *rest;
    if (!piece)
        return NULL;
    char *comma = strchr(piece, ',');
    *rest = comma ? comma + 1 : NULL;
    if (comma)
        *comma = '\0';
    return piece;
}

static nsde_status parse_assignments(const char *text, cli_assignments *list)
{
    void *items;
    nsde_status status = nsde_alloc(count_pieces(text), sizeof(nsde_assignment), "options", &items);
    if (status)
        return status;
    *list = (cli_assignments){.items = items};
    status = nsde_copy_string(text, &list->text);
    char *rest = list->text;
    for (char *piece; !status && (piece = next_piece(&rest)); list->n++) {
        char *equals = strchr(piece, '=');
        if (!equals || equals == piece)
            return nsde_fail(NSDE_PARSE, "\"%.100s\" is not of the form name=value", piece);
        *equals = '\0';
        for (size_t i = 0; i < list->n; i++)
            if (strcmp(list->items[i].name, piece) == 0)
                return nsde_fail(NSDE_PARSE, "%.100s is given twice", piece);
        list->items[list->n].name = piece;
        status = nsde_parse_number(equals + 1, &list->items[list->n].value);
    }
    return status;
}

static nsde_status parse_numbers(const char *text, cli_numbers *list)
{
    void *items;
    char *copy;
    nsde_status status = nsde_alloc(count_pieces(text), sizeof(double), "options", &items);
    if (status)
        return status;
    *list = (cli_numbers){.items = items};
    status = nsde_copy_string(text, &copy);
    char *rest = copy;
    for (char *piece; !status && (piece = next_piece(&rest)); list->n++)
        status = nsde_parse_number(piece, &list->items[list->n]);
    nsde_free(copy);
    return status;
}

static nsde_status parse_sizes(const char *text, cli_sizes *list)
{
    void *items;
    char *copy;
    nsde_status status = nsde_alloc(count_pieces(text), sizeof(size_t), "options", &items);
    if (status)
        return status;
    *list = (cli_sizes){.items = items};
    status = nsde_copy_string(text, &copy);
    char *rest = copy;
    for (char *piece; !status && (piece = next_piece(&rest)); list->n++)
        status = nsde_parse_size(piece, &list->items[list->n]);
    nsde_free(copy);
    return status;
}

static nsde_status set(const cli_option *option, const char *text, void *options)
{
    void *member = (char *)options + option->offset;
    switch (option->kind) {
    case CLI_TEXT:
        *(const char **)member = text;
        return *text ? NSDE_OK : nsde_fail(NSDE_PARSE, "it is empty");
    case CLI_NUMBER:
        return nsde_parse_number(text, member);
    case CLI_FRACTION:
        return nsde_parse_fraction(text, member);
    case CLI_SIZE:
        return nsde_parse_size(text, member);
    case CLI_SEED:
        return nsde_parse_uint64(text, member);
    case CLI_FLAG:
        *(bool *)member = true;
        return NSDE_OK;
    case CLI_ASSIGNMENTS:
        return parse_assignments(text, member);
    case CLI_NUMBERS:
        return parse_numbers(text, member);
    case CLI_SIZES:
        return parse_sizes(text, member);
    }
    return NSDE_OK;
}

/* The option that a word "--name" or "--name=value" names, and where its value begins (NULL: the next word);
 * NULL where there is none, which is so for every word with a single dash. */
static const cli_option *find(const cli_command *command, const char *word, const char **value)
{
    const char *equals = strchr(word, '=');
    *value = equals ? equals + 1 : NULL;
    if (strncmp(word, "--", 2) != 0)
        return NULL;
    const char *name = word + 2;
    const size_t length = equals ? (size_t)(equals - name) : strlen(name);
    for (size_t i = 0; i < command->n_options; i++)
        if (strlen(command->options[i].name) == length &&
            strncmp(command->options[i].name, name, length) == 0)
            return &command->options[i];
    return NULL;
}

static int check_required(const cli_command *command, const bool *given, const char *argument)
{
    if (command->argument && !argument)
        return cli_usage(command, "%s is missing", command->argument);
    for (size_t i = 0; i < command->n_options; i++)
        if (command->options[i].required && !given[i])
            return cli_usage(command, "--%s %s is missing", command->options[i].name,
                             command->options[i].value);
    return CLI_DONE;
}

/* The option at words[*i] with its value, which may be the next word. */
static int parse_option(const cli_command *command, int count, char **words, int *i, void *options,
                        bool *given)
{
    const char *value;
    const cli_option *option = find(command, words[*i], &value);
    if (!option)
        return cli_usage(command, "there is no option %.100s", words[*i]);
    if (option->kind == CLI_FLAG && value)
        return cli_usage(command, "--%s takes no value", option->name);
    if (option->kind != CLI_FLAG && !value) {
        if (*i + 1 == count || strncmp(words[*i + 1], "--", 2) == 0)
            return cli_usage(command, "--%s needs a value: %s", option->name, option->value);
        value = words[++*i];
    }
    if (given[option - command->options])
        return cli_usage(command, "--%s is given twice", option->name);
    given[option - command->options] = true;
    if (set(option, value, options))
        return cli_usage(command, "--%s %.100s: %s", option->name, value, nsde_error_message());
    return CLI_DONE;
}

int cli_parse(const cli_command *command, int count, char **words, void *options, const char **argument)
{
    enum { MOST = 64 };
    bool given[MOST] = {false};
    *argument = NULL;
    for (int i = 0; i < count; i++) {
        if (words[i][0] == '-' && words[i][1]) {
            const int status = parse_option(command, count, words, &i, options, given);
            if (status)
                return status;
            continue;
        }
        if (!command->argument || *argument)
            return cli_usage(command, "\"%.100s\" is one word too many", words[i]);
        *argument = words[i];
    }
    return check_required(command, given, *argument);
}

void cli_free_options(const cli_command *command, void *options)
{
    for (size_t i = 0; i < command->n_options; i++) {
        void *member = (char *)options + command->options[i].offset;
        if (command->options[i].kind == CLI_ASSIGNMENTS) {
            nsde_free(((cli_assignments *)member)->items);
            nsde_free(((cli_assignments *)member)->text);
        } else if (command->options[i].kind == CLI_NUMBERS) {
            nsde_free(((cli_numbers *)member)->items);
        } else if (command->options[i].kind == CLI_SIZES) {
            nsde_free(((cli_sizes *)member)->items);
        }
    }
}
