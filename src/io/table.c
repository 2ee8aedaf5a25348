/* Tables of numbers as files of columns.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <string.h>

#include "core/error.h"
#include "core/memory.h"
#include "io/file.h"
#include "nsde/archive.h"

struct nsde_table_writer {
    nsde_file *file;
    size_t n_columns;
};

static nsde_status check_columns(size_t n_columns, const char *const *names)
{
    if (!n_columns || !names)
        return nsde_fail(NSDE_INVALID, "a table needs at least one column with a name");
    for (size_t j = 0; j < n_columns; j++)
        if (!names[j] || !*names[j])
            return nsde_fail(NSDE_INVALID, "column %zu of the table has no name", j + 1);
    return NSDE_OK;
}

/* Between double quotes, each doubled, when a reader could misunderstand the name otherwise. */
static void write_name(nsde_file *file, const char *name)
{
    const size_t length = strlen(name);
    if (!strpbrk(name, "\",;\t\r\n") && name[0] != ' ' && name[length - 1] != ' ') {
        nsde_file_append(file, name, length);
        return;
    }
    nsde_file_append(file, "\"", 1);
    for (const char *c = name; *c; c++)
        nsde_file_append(file, *c == '"' ? "\"\"" : c, *c == '"' ? 2 : 1);
    nsde_file_append(file, "\"", 1);
}

nsde_status nsde_table_open_csv(const char *path, size_t n_columns, const char *const *names,
                                nsde_table_writer **writer)
{
    if (!writer)
        return nsde_fail(NSDE_INVALID, "nsde_table_open_csv: writer is NULL");
    *writer = NULL;
    void *memory = NULL;
    nsde_status status = check_columns(n_columns, names);
    if (!status)
        status = nsde_alloc(1, sizeof(nsde_table_writer), "table writer", &memory);
    if (status)
        return status;
    nsde_table_writer *const made = memory;
    made->n_columns = n_columns;
    status = nsde_file_create(path, &made->file);
    if (status) {
        nsde_table_discard(made);
        return status;
    }
    for (size_t j = 0; j < n_columns; j++) {
        write_name(made->file, names[j]);
        nsde_file_append(made->file, j + 1 < n_columns ? "," : "\n", 1);
    }
    *writer = made;
    return NSDE_OK;
}

nsde_status nsde_table_write(nsde_table_writer *writer, size_t n_rows, const double *values)
{
    if (!writer || (n_rows && !values))
        return nsde_fail(NSDE_INVALID, "nsde_table_write: %s is NULL", writer ? "values" : "writer");
    for (size_t i = 0; i < n_rows; i++)
        for (size_t j = 0; j < writer->n_columns; j++) {
            const double value = *values++;
            if (isnan(value))
                nsde_file_append(writer->file, "NA", 2);
            else
                nsde_file_number(writer->file, value);
            nsde_file_append(writer->file, j + 1 < writer->n_columns ? "," : "\n", 1);
        }
    return nsde_file_status(writer->file);
}

nsde_status nsde_table_close(nsde_table_writer *writer)
{
    if (!writer)
        return nsde_fail(NSDE_INVALID, "nsde_table_close: writer is NULL");
    const nsde_status status = nsde_file_close(writer->file);
    writer->file = NULL;
    nsde_table_discard(writer);
    return status;
}

void nsde_table_discard(nsde_table_writer *writer)
{
    if (!writer)
        return;
    nsde_file_discard(writer->file);
    nsde_free(writer);
}

nsde_status nsde_table_write_csv(const char *path, size_t n_columns, const char *const *names, size_t n_rows,
                                 const double *values)
{
    nsde_table_writer *writer;
    nsde_status status = nsde_table_open_csv(path, n_columns, names, &writer);
    if (!status)
        status = nsde_table_write(writer, n_rows, values);
    if (!status)
        return nsde_table_close(writer);
    nsde_table_discard(writer);
    return status;
}
