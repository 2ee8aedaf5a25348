/* The series that a command works on: columns of a file.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef NSDE_CLI_SERIES_H
#define NSDE_CLI_SERIES_H

#include "cli/options.h"
#include "nsde/series.h"

/* A member of a command's options, filled by CLI_SERIES_OPTIONS; cli_series_defaults begins it. */
typedef struct cli_series {
    const char *time, *values; /* values: names separated by commas */
    double scale, dt;          /* dt: NaN where it is not given */
} cli_series;

/* Rows of the table of options where `options` has a member `series`, but for --value. */
#define CLI_SERIES_OPTIONS(options)                                                                          \
    {"time",                                                                                                 \
     "COLUMN",                                                                                               \
     CLI_TEXT,                                                                                               \
     offsetof(options, series.time),                                                                         \
     "the column of times: numbers, or dates counted in years",                                              \
     false},                                                                                                 \
        {"dt",                                                                                               \
         "D",                                                                                                \
         CLI_FRACTION,                                                                                       \
         offsetof(options, series.dt),                                                                       \
         "rows are exactly this far apart: a number or a fraction (1/12)",                                   \
         false},                                                                                             \
    {                                                                                                        \
        "scale", "S", CLI_FRACTION, offsetof(options, series.scale),                                         \
            "values are multiplied by this (0.01 for per cent); 1", false                                    \
    }

cli_series cli_series_defaults(void);
/* CLI_USAGE after a sentence on stderr where --dt is not above 0. */
int cli_series_check(const cli_command *command, const cli_series *series);
NSDE_MUST_USE nsde_status cli_series_read(const cli_series *options, const char *path, nsde_series **series);

#endif
