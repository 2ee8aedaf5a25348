/* nsde/archive.h: arrays and tables as files, at once or as a stream while they are computed.
 *
 * A file appears whole under its name when it is closed, or not at all; an older one of that name is kept
 * until then. /dev/stdout, pipes and devices are written directly.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef NSDE_ARCHIVE_H
#define NSDE_ARCHIVE_H

#include "nsde/status.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { NSDE_ARRAY_MOST_DIMS = 32 };

/** An array of double on its way to a file in NumPy's format NPY 1.0: little endian, row-major. */
typedef struct nsde_array_writer nsde_array_writer;

/** Begins a file of shape [shape[0]]…[shape[n_dims - 1]]; with n_dims = 0 it holds one number.
 *  @return NSDE_INVALID, NSDE_OVERFLOW, NSDE_IO naming the file, NSDE_NO_MEMORY */
NSDE_API NSDE_MUST_USE nsde_status nsde_array_open_npy(const char *path, size_t n_dims, const size_t *shape,
                                                       nsde_array_writer **writer);

/** Appends the next `count` numbers in row-major order.
 *  @return NSDE_INVALID when they are more than the shape holds, NSDE_IO */
NSDE_API NSDE_MUST_USE nsde_status nsde_array_write(nsde_array_writer *writer, size_t count,
                                                    const double *values);

/** Puts the file in its place and frees the writer, whatever is returned; after a failure there is no file.
 *  @return NSDE_INVALID when numbers are missing, NSDE_IO */
NSDE_API NSDE_MUST_USE nsde_status nsde_array_close(nsde_array_writer *writer);
NSDE_API void nsde_array_discard(nsde_array_writer *writer); /**< Leaves no file; takes NULL. */

/** The three at once.
 *  @param values [shape[0]]…[shape[n_dims - 1]]
 *  @return as the three */
NSDE_API NSDE_MUST_USE nsde_status nsde_array_write_npy(const char *path, size_t n_dims, const size_t *shape,
                                                        const double *values);

/** Rows of numbers on their way to a file of columns: comma, a header line, 17 significant digits (reading
 *  gives the same bits), a decimal point in every locale, NA for NaN. */
typedef struct nsde_table_writer nsde_table_writer;

/** Begins a file with a header line; names are quoted where they must be.
 *  @param names [n_columns], not empty
 *  @return NSDE_INVALID, NSDE_IO naming the file, NSDE_NO_MEMORY */
NSDE_API NSDE_MUST_USE nsde_status nsde_table_open_csv(const char *path, size_t n_columns,
                                                       const char *const *names, nsde_table_writer **writer);

/** Appends rows.
 *  @param values [n_rows][n_columns]
 *  @return NSDE_INVALID, NSDE_IO */
NSDE_API NSDE_MUST_USE nsde_status nsde_table_write(nsde_table_writer *writer, size_t n_rows,
                                                    const double *values);

/** Puts the file in its place and frees the writer, whatever is returned; after a failure there is no file.
 *  @return NSDE_INVALID, NSDE_IO */
NSDE_API NSDE_MUST_USE nsde_status nsde_table_close(nsde_table_writer *writer);
NSDE_API void nsde_table_discard(nsde_table_writer *writer); /**< Leaves no file; takes NULL. */

/** Rows of numbers from a file of columns. */
typedef struct nsde_table {
    size_t n_rows, n_columns;
    double *values; /**< [n_rows][n_columns]; NaN where one is missing */
} nsde_table;

/** Reads a file of columns of numbers with a header line, as nsde_series_read_csv takes it.
 *  @param table written; release it with nsde_table_release
 *  @return NSDE_IO, NSDE_PARSE naming file and line, NSDE_NO_MEMORY */
NSDE_API NSDE_MUST_USE nsde_status nsde_table_read_csv(const char *path, nsde_table *table);
NSDE_API void nsde_table_release(nsde_table *table); /**< Takes a zeroed table. */

/** The three at once.
 *  @param values [n_rows][n_columns]
 *  @return as the three */
NSDE_API NSDE_MUST_USE nsde_status nsde_table_write_csv(const char *path, size_t n_columns,
                                                        const char *const *names, size_t n_rows,
                                                        const double *values);

#ifdef __cplusplus
}
#endif

#endif
