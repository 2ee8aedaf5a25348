/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "io/csv.h"

#include <string.h>

#include "core/error.h"
#include "core/memory.h"

/* What ends a field: the next character, looked at before the field's final NUL is written over it. */
typedef enum field_end { END_OF_FIELD, END_OF_RECORD } field_end;

static bool is_blank(const nsde_csv *csv, char c)
{
    return (c == ' ' || c == '\t') && c != csv->separator;
}

static void skip_blanks(nsde_csv *csv)
{
    while (csv->next < csv->end && is_blank(csv, *csv->next))
        csv->next++;
}

static nsde_status fail_at(const nsde_csv *csv, size_t line, const char *what)
{
    return nsde_fail(NSDE_PARSE, "%s: line %zu: %s", csv->origin, line, what);
}

static nsde_status add_field(nsde_csv *csv, char *field)
{
    if (csv->n_fields == csv->capacity) {
        void *block = csv->fields;
        const size_t grown = csv->capacity ? 2 * csv->capacity : 16;
        const nsde_status status =
            nsde_resize(&block, csv->capacity, grown, sizeof(char *), "fields of a line");
        if (status)
            return status;
        csv->fields = block;
        csv->capacity = grown;
    }
    csv->fields[csv->n_fields++] = field;
    return NSDE_OK;
}

/* Steps over the separator or the end of the line. */
static nsde_status step_over_end(nsde_csv *csv, field_end *end)
{
    *end = END_OF_RECORD;
    if (csv->next == csv->end)
        return NSDE_OK;
    if (*csv->next == csv->separator)
        *end = END_OF_FIELD;
    else if (*csv->next == '\r' && csv->next + 1 < csv->end && *++csv->next != '\n')
        return fail_at(csv, csv->next_line, "a carriage return stands within the line");
    csv->next_line += *end == END_OF_RECORD;
    csv->next++;
    return NSDE_OK;
}

/* Reads a field in double quotes, in which "" stands for one; moves its text together. */
static nsde_status read_quoted(nsde_csv *csv, field_end *end)
{
    const size_t line = csv->next_line;
    char *const field = ++csv->next, *write = field;
    for (;; csv->next++) {
        if (csv->next == csv->end)
            return fail_at(csv, line, "a double quote is opened and never closed");
        if (*csv->next == '"' && *++csv->next != '"')
            break;
        csv->next_line += *csv->next == '\n';
        *write++ = *csv->next;
    }
    skip_blanks(csv);
    if (csv->next < csv->end && *csv->next != csv->separator && *csv->next != '\n' && *csv->next != '\r')
        return fail_at(csv, csv->next_line, "text follows a closing double quote");
    const nsde_status status = step_over_end(csv, end);
    *write = '\0'; /* at the closing quote or before it */
    return status ? status : add_field(csv, field);
}

static nsde_status read_field(nsde_csv *csv, field_end *end)
{
    skip_blanks(csv);
    if (csv->next < csv->end && *csv->next == '"')
        return read_quoted(csv, end);
    char *const field = csv->next;
    while (csv->next < csv->end && *csv->next != csv->separator && *csv->next != '\n' && *csv->next != '\r')
        csv->next++;
    char *stop = csv->next;
    while (stop > field && is_blank(csv, stop[-1]))
        stop--;
    const nsde_status status = step_over_end(csv, end);
    *stop = '\0';
    return status ? status : add_field(csv, field);
}

static nsde_status read_record(nsde_csv *csv)
{
    field_end end = END_OF_FIELD;
    csv->line = csv->next_line;
    csv->n_fields = 0;
    while (end == END_OF_FIELD) {
        const nsde_status status = read_field(csv, &end);
        if (status)
            return status;
    }
    return NSDE_OK;
}

/* The separator that the header line has most of, outside of quotes; a comma where it has none. */
static char find_separator(const char *text, const char *end)
{
    size_t commas = 0, semicolons = 0, tabs = 0;
    bool quoted = false;
    for (const char *c = text; c < end && (quoted || *c != '\n'); c++) {
        quoted ^= *c == '"';
        commas += !quoted && *c == ',';
        semicolons += !quoted && *c == ';';
        tabs += !quoted && *c == '\t';
    }
    if (tabs > commas && tabs > semicolons)
        return '\t';
    return semicolons > commas ? ';' : ',';
}

static nsde_status check_text(nsde_csv *csv, const char *text, size_t size)
{
    const char *const zero = size ? memchr(text, '\0', size) : NULL;
    if (!size)
        return nsde_fail(NSDE_PARSE, "%s is empty", csv->origin);
    if (zero) {
        size_t line = 1;
        for (const char *c = text; c < zero; c++)
            line += *c == '\n';
        return fail_at(csv, line, "a NUL byte: this is no text file in UTF-8");
    }
    return NSDE_OK;
}

nsde_status nsde_csv_open(char *text, size_t size, const char *origin, nsde_csv *csv)
{
    *csv = (nsde_csv){.origin = origin, .next = text, .end = text + size, .next_line = 1, .separator = ','};
    const nsde_status status = check_text(csv, text, size);
    if (status)
        return status;
    if (size >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0)
        csv->next += 3;
    csv->separator = find_separator(csv->next, csv->end);
    skip_blanks(csv);
    if (csv->next == csv->end || *csv->next == '\n' || *csv->next == '\r')
        return fail_at(csv, 1, "a header line with the names of the columns is needed, and it is empty");
    return read_record(csv);
}

/* True at an empty line that only empty lines follow; they are stepped over. */
static bool at_end(nsde_csv *csv)
{
    const char *c = csv->next;
    while (c < csv->end && (*c == '\n' || *c == '\r' || is_blank(csv, *c)))
        c++;
    return c == csv->end;
}

nsde_status nsde_csv_next(nsde_csv *csv, size_t n_columns, bool *more)
{
    *more = false;
    if (at_end(csv))
        return NSDE_OK;
    skip_blanks(csv);
    if (*csv->next == '\n' || *csv->next == '\r')
        return fail_at(csv, csv->next_line, "the line is empty (write NA for a missing value)");
    const nsde_status status = read_record(csv);
    if (status)
        return status;
    if (csv->n_fields != n_columns)
        return nsde_fail(NSDE_PARSE, "%s: line %zu has %zu field%s where the header has %zu", csv->origin,
                         csv->line, csv->n_fields, csv->n_fields == 1 ? "" : "s", n_columns);
    *more = true;
    return NSDE_OK;
}

void nsde_csv_close(nsde_csv *csv)
{
    nsde_free(csv->fields);
    csv->fields = NULL;
}
