/* Numbers as text, the same in every locale.
 *
 * The decimal point is a point whatever setlocale() said: the calling thread (never the process) is put in
 * the "C" locale for the moment of a conversion.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef NSDE_CORE_NUMBER_H
#define NSDE_CORE_NUMBER_H

#include <locale.h>
#include <stdint.h>

#include "nsde/status.h"

enum { NSDE_NUMBER_SIZE = 32 }; /* bytes that hold any number as text */

/* The calling thread's locale is "C" between enter and leave; for calls of libraries that heed it. */
typedef struct nsde_c_locale {
    locale_t c, before;
} nsde_c_locale;

NSDE_MUST_USE nsde_status nsde_c_locale_enter(nsde_c_locale *locale);
void nsde_c_locale_leave(nsde_c_locale *locale); /* keeps errno */

/* Writes value with 17 significant digits, so that reading it gives the same bits, and returns text. */
const char *nsde_format_number(double value, char text[NSDE_NUMBER_SIZE]);

/* The same with `digits` (1 to 17) significant digits, for people. */
const char *nsde_format_digits(double value, int digits, char text[NSDE_NUMBER_SIZE]);

/* Reads the whole of text as a finite decimal number with or without an exponent; refuses "nan", "inf",
 * hexadecimal, blanks, trailing text and numbers too large for a double (too small ones read as 0).
 * NSDE_PARSE, *value untouched. */
NSDE_MUST_USE nsde_status nsde_parse_number(const char *text, double *value);

/* The same, or a fraction of two such numbers such as "1/12". */
NSDE_MUST_USE nsde_status nsde_parse_fraction(const char *text, double *value);

/* Reads the whole of text as a whole number of decimal digits, without a sign. */
NSDE_MUST_USE nsde_status nsde_parse_uint64(const char *text, uint64_t *value);
NSDE_MUST_USE nsde_status nsde_parse_size(const char *text, size_t *value);

#endif
