/* A locale whose decimal point is a comma, for tests; built on the spot where none is installed.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef NSDE_TESTS_COMMA_LOCALE_H
#define NSDE_TESTS_COMMA_LOCALE_H

#include <locale.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static inline bool comma_locale_in_use(void)
{
    char text[16];
    snprintf(text, sizeof text, "%.1f", 2.5);
    return strcmp(text, "2,5") == 0;
}

/* Puts the test program into such a locale; false, said on stderr, when there is none to be had. */
static inline bool use_comma_locale(void)
{
    if (setlocale(LC_ALL, "de_DE.UTF-8") && comma_locale_in_use())
        return true;
    char place[] = "/tmp/nsde-locale-XXXXXX", command[200];
    if (mkdtemp(place)) {
        snprintf(command, sizeof command, "localedef -i de_DE -f UTF-8 %s/de_DE.UTF-8 >%s/log 2>&1", place,
                 place);
        const int built = system(command);
        setenv("LOCPATH", place, 1);
        const bool found = built != -1 && setlocale(LC_ALL, "de_DE.UTF-8") && comma_locale_in_use();
        snprintf(command, sizeof command, "rm -rf %s", place);
        if (system(command) == 0 && found)
            return true;
    }
    fprintf(stderr, "SKIPPED: no locale with a decimal comma is installed, and localedef made none\n");
    return false;
}

#endif
