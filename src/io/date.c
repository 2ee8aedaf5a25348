/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "io/date.h"

#include "core/error.h"

static const char shape[] = "0000-00-00";

bool nsde_is_date(const char *text)
{
    for (size_t i = 0; i < sizeof shape - 1; i++)
        if (shape[i] == '-' ? text[i] != '-' : text[i] < '0' || text[i] > '9')
            return false;
    return text[sizeof shape - 1] == '\0';
}

static int digits(const char *text, int n)
{
    int value = 0;
    for (int i = 0; i < n; i++)
        value = 10 * value + (text[i] - '0');
    return value;
}

static bool is_leap(int year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static int month_days(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return days[month - 1] + (month == 2 && is_leap(year));
}

/* Days from 0001-01-01 to the first day of a year. */
static long days_before(int year)
{
    const long past = year - 1;
    return 365 * past + past / 4 - past / 100 + past / 400;
}

nsde_status nsde_parse_date(const char *text, double *years)
{
    if (!nsde_is_date(text))
        return nsde_fail(NSDE_PARSE, "\"%.40s\" is not a date of the form YYYY-MM-DD", text);
    const int year = digits(text, 4), month = digits(text + 5, 2), day = digits(text + 8, 2);
    if (year < 1 || month < 1 || month > 12 || day < 1 || day > month_days(year, month))
        return nsde_fail(NSDE_PARSE, "%s is not a day of the calendar", text);
    long days = days_before(year) - days_before(1970) + day - 1;
    for (int m = 1; m < month; m++)
        days += month_days(year, m);
    *years = 1970.0 + (double)days / 365.2425;
    return NSDE_OK;
}
