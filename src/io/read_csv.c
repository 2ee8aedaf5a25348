/* Series from files of columns.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/error.h"
#include "core/memory.h"
#include "core/number.h"
#include "io/csv.h"
#include "io/date.h"
#include "io/file.h"

enum { FIRST_ROWS = 256 };

/* A series while it is read. */
typedef struct reading {
    const nsde_csv_settings *settings;
    nsde_csv csv;
    size_t n_columns;
    size_t *value_columns; /* [n_values] */
    size_t time_column;
    size_t n, capacity;
    double *times;  /* [capacity] as in the file */
    double *values; /* [capacity][n_values] */
    bool dates;
} reading;

nsde_csv_settings nsde_csv_settings_default(void)
{
    return (nsde_csv_settings){.scale = 1.0};
}

static nsde_status check_settings(const nsde_csv_settings *s)
{
    if (!s)
        return nsde_fail(NSDE_INVALID, "settings are needed to read a file of columns");
    if (!s->n_values || !s->values)
        return nsde_fail(NSDE_INVALID, "values: the name of at least one column is needed");
    for (size_t j = 0; j < s->n_values; j++) {
        if (!s->values[j])
            return nsde_fail(NSDE_INVALID, "values: name %zu is NULL", j + 1);
        for (size_t i = 0; i < j; i++)
            if (strcmp(s->values[i], s->values[j]) == 0)
                return nsde_fail(NSDE_INVALID, "values: column %.100s is named twice", s->values[j]);
    }
    if (!isfinite(s->scale) || s->scale == 0.0)
        return nsde_fail(NSDE_INVALID, "scale = %g: a finite number other than 0 is needed", s->scale);
    if (!isfinite(s->dt) || s->dt < 0.0)
        return nsde_fail(NSDE_INVALID, "dt = %g: 0 or a positive time is needed", s->dt);
    if (!s->time && s->dt == 0.0)
        return nsde_fail(NSDE_INVALID, "either a column of times or the time dt between rows is needed");
    return NSDE_OK;
}

static nsde_status no_such_column(const nsde_csv *csv, const char *name)
{
    char names[NSDE_MESSAGE_SIZE / 2] = "";
    size_t used = 0;
    for (size_t i = 0; i < csv->n_fields && used < sizeof names; i++)
        used +=
            (size_t)snprintf(names + used, sizeof names - used, "%s%.100s", i ? ", " : "", csv->fields[i]);
    if (used >= sizeof names)
        strcpy(names + sizeof names - 4, "...");
    return nsde_fail(NSDE_NOT_FOUND, "%s has no column \"%.100s\"; it has %s", csv->origin, name, names);
}

static nsde_status find_column(const nsde_csv *csv, const char *name, size_t *column)
{
    size_t found = 0;
    for (size_t i = 0; i < csv->n_fields; i++)
        if (strcmp(csv->fields[i], name) == 0 && !found++)
            *column = i;
    if (found > 1)
        return nsde_fail(NSDE_PARSE, "%s: line 1: %zu columns are called \"%.100s\"", csv->origin, found,
                         name);
    return found ? NSDE_OK : no_such_column(csv, name);
}

static nsde_status find_columns(reading *r)
{
    void *memory;
    nsde_status status = nsde_alloc(r->settings->n_values, sizeof(size_t), "columns", &memory);
    r->value_columns = memory;
    r->n_columns = r->csv.n_fields;
    for (size_t j = 0; !status && j < r->settings->n_values; j++)
        status = find_column(&r->csv, r->settings->values[j], &r->value_columns[j]);
    if (!status && r->settings->time)
        status = find_column(&r->csv, r->settings->time, &r->time_column);
    return status;
}

static nsde_status within(const reading *r, nsde_status status, const char *column)
{
    return status
               ? nsde_fail_within(status, "%s: line %zu, column %.100s", r->csv.origin, r->csv.line, column)
               : NSDE_OK;
}

static nsde_status read_time(reading *r, double *time)
{
    const char *const text = r->csv.fields[r->time_column];
    const bool date = nsde_is_date(text);
    if (!*text)
        return nsde_fail(NSDE_PARSE, "the time is missing");
    if (r->n == 0)
        r->dates = date;
    if (date != r->dates && (date || nsde_parse_number(text, time) == NSDE_OK))
        return nsde_fail(NSDE_PARSE, "%.40s: the times are a mix of dates and numbers", text);
    const nsde_status status = r->dates ? nsde_parse_date(text, time) : nsde_parse_number(text, time);
    if (status && !r->n && !date && strchr(text, '-'))
        return nsde_fail(NSDE_PARSE, "\"%.40s\" is neither a number nor a date of the form YYYY-MM-DD", text);
    if (!status && r->n && !(*time > r->times[r->n - 1]))
        return nsde_fail(NSDE_PARSE, "%.40s does not come after the time of the row before", text);
    return status;
}

static nsde_status read_value(const reading *r, size_t column, double *value)
{
    const char *const text = r->csv.fields[column];
    *value = NAN;
    if (!*text || strcmp(text, "NA") == 0 || strcmp(text, ".") == 0)
        return NSDE_OK;
    const nsde_status status = nsde_parse_number(text, value);
    if (status)
        return status;
    *value *= r->settings->scale;
    return isfinite(*value) ? NSDE_OK
                            : nsde_fail(NSDE_PARSE, "%.40s times scale is too large a number", text);
}

static nsde_status make_room(reading *r)
{
    if (r->n < r->capacity)
        return NSDE_OK;
    const size_t grown = r->capacity ? 2 * r->capacity : FIRST_ROWS, dim = r->settings->n_values;
    void *times = r->times, *values = r->values;
    nsde_status status = nsde_resize(&times, r->capacity, grown, sizeof(double), "times");
    r->times = times;
    if (!status)
        status = nsde_resize(&values, r->capacity, grown, dim * sizeof(double), "values");
    r->values = values;
    if (!status)
        r->capacity = grown;
    return status;
}

static nsde_status read_row(reading *r)
{
    const nsde_csv_settings *const s = r->settings;
    nsde_status status = make_room(r);
    if (!status && s->time)
        status = within(r, read_time(r, &r->times[r->n]), s->time);
    for (size_t j = 0; !status && j < s->n_values; j++)
        status =
            within(r, read_value(r, r->value_columns[j], &r->values[r->n * s->n_values + j]), s->values[j]);
    return status;
}

static nsde_status read_rows(reading *r)
{
    bool more = true;
    while (more) {
        nsde_status status = nsde_csv_next(&r->csv, r->n_columns, &more);
        if (!status && more)
            status = read_row(r);
        if (status)
            return status;
        r->n += more;
    }
    return NSDE_OK;
}

/* What only the whole file shows. */
static nsde_status check_rows(const reading *r)
{
    const nsde_csv_settings *const s = r->settings;
    if (r->n < 2)
        return nsde_fail(NSDE_PARSE,
                         "%s: line %zu: the file ends after %zu observation%s, and a series needs two",
                         r->csv.origin, r->csv.line, r->n, r->n == 1 ? "" : "s");
    for (size_t j = 0; j < s->n_values; j++) {
        size_t i = 0;
        while (i < r->n && isnan(r->values[i * s->n_values + j]))
            i++;
        if (i == r->n)
            return nsde_fail(NSDE_PARSE, "%s: lines 2 to %zu: all values of column %.100s are missing",
                             r->csv.origin, r->csv.line, s->values[j]);
    }
    return NSDE_OK;
}

static nsde_status make_series(reading *r, nsde_series **series)
{
    const nsde_csv_settings *const s = r->settings;
    const double first = s->time ? r->times[0] : 0.0;
    for (size_t i = 0; s->dt > 0.0 && i < r->n; i++)
        r->times[i] = first + (double)i * s->dt;
    nsde_series *made;
    nsde_status status = nsde_series_create(r->n, s->n_values, r->times, r->values, s->values, &made);
    if (status)
        return nsde_fail_within(status, "%s", r->csv.origin);
    nsde_free(made->time_label);
    nsde_free(made->origin);
    made->origin = NULL;
    status = nsde_copy_string(r->dates ? "year" : s->time ? s->time : "time", &made->time_label);
    if (!status)
        status = nsde_copy_string(r->csv.origin, &made->origin);
    if (status) {
        nsde_series_destroy(made);
        return status;
    }
    *series = made;
    return NSDE_OK;
}

nsde_status nsde_series_parse_csv(char *text, size_t size, const char *origin,
                                  const nsde_csv_settings *settings, nsde_series **series)
{
    *series = NULL;
    reading r = {.settings = settings};
    nsde_status status = check_settings(settings);
    if (status)
        return status;
    status = nsde_csv_open(text, size, origin, &r.csv);
    if (!status)
        status = find_columns(&r);
    if (!status)
        status = read_rows(&r);
    if (!status)
        status = check_rows(&r);
    if (!status)
        status = make_series(&r, series);
    nsde_csv_close(&r.csv);
    nsde_free(r.value_columns);
    nsde_free(r.times);
    nsde_free(r.values);
    return status;
}

nsde_status nsde_series_read_csv(const char *path, const nsde_csv_settings *settings, nsde_series **series)
{
    if (!series)
        return nsde_fail(NSDE_INVALID, "nsde_series_read_csv: series is NULL");
    *series = NULL;
    char *text;
    size_t size;
    nsde_status status = check_settings(settings);
    if (!status)
        status = nsde_file_read(path, &text, &size);
    if (status)
        return status;
    status = nsde_series_parse_csv(text, size, path, settings, series);
    nsde_free(text);
    return status;
}
