/* Dates of the Gregorian calendar as times in years.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef NSDE_IO_DATE_H
#define NSDE_IO_DATE_H

#include <stdbool.h>

#include "nsde/status.h"

/* Whether text has the shape YYYY-MM-DD (of whatever digits). */
bool nsde_is_date(const char *text);

/* A date as a time in years of 365.2425 days, such that 1970-01-01 is 1970: close to the year that people
 * read, and an exact number of days apart. NSDE_PARSE when the calendar has no such day. */
NSDE_MUST_USE nsde_status nsde_parse_date(const char *text, double *years);

#endif
