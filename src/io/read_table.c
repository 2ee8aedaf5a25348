/* Reading tables of numbers from files of columns.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "core/error.h"
#include "core/memory.h"
#include "core/number.h"
#include "io/csv.h"
#include "io/file.h"
#include "nsde/archive.h"

static nsde_status read_number(const char *text, double *value)
{
    *value = NAN;
    return *text && strcmp(text, "NA") != 0 && strcmp(text, ".") != 0 ? nsde_parse_number(text, value)
                                                                      : NSDE_OK;
}

/* Makes room for one row more. */
static nsde_status grow(nsde_table *table, size_t *room)
{
    size_t held, wanted;
    void *block = table->values;
    if (table->n_rows < *room)
        return NSDE_OK;
    const size_t rows = *room ? 2 * *room : 64;
    if (!nsde_size_mul(*room, table->n_columns, &held) || !nsde_size_mul(rows, table->n_columns, &wanted))
        return nsde_fail(NSDE_OVERFLOW, "the table overflows the size of memory");
    const nsde_status status = nsde_resize(&block, held, wanted, sizeof(double), "table");
    if (status)
        return status;
    table->values = block;
    *room = rows;
    return NSDE_OK;
}

static nsde_status read_rows(nsde_csv *csv, nsde_table *table)
{
    size_t room = 0;
    bool more;
    table->n_columns = csv->n_fields;
    nsde_status status = nsde_csv_next(csv, table->n_columns, &more);
    while (!status && more) {
        status = grow(table, &room);
        for (size_t j = 0; j < table->n_columns && !status; j++) {
            status = read_number(csv->fields[j], &table->values[table->n_rows * table->n_columns + j]);
            if (status)
                status = nsde_fail_within(status, "%s: line %zu", csv->origin, csv->line);
        }
        table->n_rows++;
        if (!status)
            status = nsde_csv_next(csv, table->n_columns, &more);
    }
    return status;
}

nsde_status nsde_table_read_csv(const char *path, nsde_table *table)
{
    char *text;
    size_t size;
    nsde_csv csv;
    if (!path || !table)
        return nsde_fail(NSDE_INVALID, "nsde_table_read_csv: a file and a place for the table are needed");
    *table = (nsde_table){0};
    nsde_status status = nsde_file_read(path, &text, &size);
    if (status)
        return status;
    status = nsde_csv_open(text, size, path, &csv);
    if (!status)
        status = read_rows(&csv, table);
    nsde_csv_close(&csv);
    nsde_free(text);
    if (status)
        nsde_table_release(table);
    return status;
}

void nsde_table_release(nsde_table *table)
{
    if (!table)
        return;
    nsde_free(table->values);
    *table = (nsde_table){0};
}
