/* Splitting the text of a file of columns into records and fields, in place.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef NSDE_IO_CSV_H
#define NSDE_IO_CSV_H

#include <stdbool.h>

#include "nsde/series.h"

typedef struct nsde_csv {
    const char *origin; /* for messages */
    char *next, *end;   /* what is still to be read */
    size_t next_line;   /* the number of the line there, from 1 */
    size_t line;        /* where the record began */
    char separator;
    char **fields; /* [n_fields] of the record last read, without quotes and surrounding blanks */
    size_t n_fields, capacity;
} nsde_csv;

/* Begins to read a text of `size` bytes, followed by a NUL, which is changed while it is read; the fields are
 * those of the header. Close it also after a failure. */
NSDE_MUST_USE nsde_status nsde_csv_open(char *text, size_t size, const char *origin, nsde_csv *csv);

/* Reads the next record, which has as many fields as the header; *more is false when there is none left. */
NSDE_MUST_USE nsde_status nsde_csv_next(nsde_csv *csv, size_t n_columns, bool *more);
void nsde_csv_close(nsde_csv *csv);

/* nsde_series_read_csv for a text in memory, as above. */
NSDE_MUST_USE nsde_status nsde_series_parse_csv(char *text, size_t size, const char *origin,
                                                const nsde_csv_settings *settings, nsde_series **series);

#endif
