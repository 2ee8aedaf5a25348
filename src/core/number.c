/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/number.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/error.h"

/* The C library knows "C" without loading anything, so this is cheap. */
nsde_status nsde_c_locale_enter(nsde_c_locale *locale)
{
    locale->c = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    if (!locale->c)
        return nsde_fail(NSDE_NO_MEMORY, "no memory for the \"C\" locale");
    locale->before = uselocale(locale->c);
    return NSDE_OK;
}

void nsde_c_locale_leave(nsde_c_locale *locale)
{
    const int error = errno;
    uselocale(locale->before);
    freelocale(locale->c);
    errno = error;
}

/* Formatting cannot fail, so it does without a locale: what is no character of a number in the output of
 * printf is the locale's decimal point, of one byte or more. */
const char *nsde_format_digits(double value, int digits, char text[NSDE_NUMBER_SIZE])
{
    char printed[2 * NSDE_NUMBER_SIZE];
    snprintf(printed, sizeof printed, "%.*g", digits < 1 ? 1 : digits > 17 ? 17 : digits, value);
    size_t n = 0, point = 0;
    for (const char *c = printed; *c && n < NSDE_NUMBER_SIZE - 1; c++) {
        if (strchr("0123456789+-einfa", *c))
            text[n++] = *c;
        else if (!point)
            point = n, text[n++] = '.';
    }
    text[n] = '\0';
    return text;
}

const char *nsde_format_number(double value, char text[NSDE_NUMBER_SIZE])
{
    return nsde_format_digits(value, 17, text);
}

static const char *skip_digits(const char *text)
{
    while (*text >= '0' && *text <= '9')
        text++;
    return text;
}

/* The end of the longest decimal number that text begins with; text itself if there is none. */
static const char *number_end(const char *text)
{
    const char *digits = text + (*text == '+' || *text == '-');
    const char *end = skip_digits(digits);
    size_t n = (size_t)(end - digits);
    if (*end == '.') {
        const char *const decimals = end + 1;
        end = skip_digits(decimals);
        n += (size_t)(end - decimals);
    }
    if (!n)
        return text;
    if (*end == 'e' || *end == 'E') {
        const char *const power = end + 1 + (end[1] == '+' || end[1] == '-');
        if (skip_digits(power) > power)
            end = skip_digits(power);
    }
    return end;
}

static nsde_status not_a_number(const char *text)
{
    return nsde_fail(NSDE_PARSE, "\"%.40s%s\" is not a number%s", text, strlen(text) > 40 ? "..." : "",
                     strchr(text, ',') ? " (the decimal point is a point)" : "");
}

/* Reads the number from text to end, which number_end found. */
static nsde_status convert(const char *text, const char *end, double *value)
{
    nsde_c_locale locale = {0};
    const nsde_status status = nsde_c_locale_enter(&locale);
    if (status)
        return status;
    const double number = strtod(text, NULL);
    nsde_c_locale_leave(&locale);
    if (!isfinite(number))
        return nsde_fail(NSDE_PARSE, "%.*s is too large a number", end - text > 40 ? 40 : (int)(end - text),
                         text);
    *value = number;
    return NSDE_OK;
}

nsde_status nsde_parse_number(const char *text, double *value)
{
    const char *const end = number_end(text);
    return end == text || *end ? not_a_number(text) : convert(text, end, value);
}

nsde_status nsde_parse_fraction(const char *text, double *value)
{
    const char *const end = number_end(text);
    if (end == text || *end != '/')
        return nsde_parse_number(text, value);
    const char *const divisor = end + 1, *const divisor_end = number_end(divisor);
    if (divisor_end == divisor || *divisor_end)
        return not_a_number(text);
    double above = NAN, below = NAN;
    nsde_status status = convert(text, end, &above);
    if (!status)
        status = convert(divisor, divisor_end, &below);
    if (status)
        return status;
    if (!isfinite(above / below))
        return nsde_fail(NSDE_PARSE, "%.80s is not a finite number", text);
    *value = above / below;
    return NSDE_OK;
}

nsde_status nsde_parse_uint64(const char *text, uint64_t *value)
{
    uint64_t number = 0;
    const char *c = text;
    for (; *c >= '0' && *c <= '9'; c++)
        if (__builtin_mul_overflow(number, (uint64_t)10, &number) ||
            __builtin_add_overflow(number, (uint64_t)(*c - '0'), &number))
            return nsde_fail(NSDE_PARSE, "%.40s is too large a number", text);
    if (c == text || *c)
        return nsde_fail(NSDE_PARSE, "\"%.40s\" is not a whole number", text);
    *value = number;
    return NSDE_OK;
}

nsde_status nsde_parse_size(const char *text, size_t *value)
{
    uint64_t number = 0;
    const nsde_status status = nsde_parse_uint64(text, &number);
    if (status)
        return status;
    if (number > SIZE_MAX)
        return nsde_fail(NSDE_PARSE, "%.40s is too large a number", text);
    *value = (size_t)number;
    return NSDE_OK;
}
