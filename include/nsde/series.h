/* nsde/series.h: observed series, from arrays or from text files.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef NSDE_SERIES_H
#define NSDE_SERIES_H

#include "nsde/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Observations of one or more quantities at increasing times. Plain; destroy it with nsde_series_destroy. */
typedef struct nsde_series {
    size_t n, dim;    /**< observations, quantities */
    double *times;    /**< [n], strictly increasing, finite */
    double *values;   /**< [n][dim] row-major; NaN where one is missing, else finite */
    char **names;     /**< [dim] */
    char *time_label; /**< what the times count, such as "year"; for axes */
    char *origin;     /**< the file it came from, for messages; "" for arrays */
} nsde_series;

/** A series from arrays, which are copied.
 *  @param times [n] strictly increasing
 *  @param values [n][dim]; NaN for missing, never infinite
 *  @param names [dim], or NULL for x1, x2, …
 *  @return NSDE_INVALID naming the row */
NSDE_API NSDE_MUST_USE nsde_status nsde_series_create(size_t n, size_t dim, const double *times,
                                                      const double *values, const char *const *names,
                                                      nsde_series **series);
NSDE_API void nsde_series_destroy(nsde_series *series); /**< Takes NULL. */

/** How to read a text file of columns. */
typedef struct nsde_csv_settings {
    const char *time;          /**< name of the column of times; NULL: there is none and dt is needed */
    const char *const *values; /**< [n_values] names of the columns of values */
    size_t n_values;
    double scale; /**< values are multiplied by it; default 1 */
    /** 0: times are as in the file, dates counted in years; else rows are exactly dt apart, from 0 (or from
     *  the first time) on, and the column of times, if there is one, must still increase. */
    double dt;
} nsde_csv_settings;

/** Scale 1, dt 0; the columns of values must still be named. */
NSDE_API nsde_csv_settings nsde_csv_settings_default(void);

/** Reads a series from a file of columns with a header line: separated by comma, semicolon or tab (found from
 *  the header), LF or CRLF, with or without a UTF-8 byte order mark, fields bare or in double quotes. Times
 *  are numbers or ISO 8601 dates (YYYY-MM-DD; a year is 365.2425 days). An empty field, NA and . are missing
 *  values. The decimal point is a point in every locale.
 *  @return NSDE_IO, NSDE_PARSE (naming file and line), NSDE_NOT_FOUND (no such column, with those there are),
 *          NSDE_INVALID (settings), NSDE_NO_MEMORY */
NSDE_API NSDE_MUST_USE nsde_status nsde_series_read_csv(const char *path, const nsde_csv_settings *settings,
                                                        nsde_series **series);

#ifdef __cplusplus
}
#endif

#endif
