/* Checking a settings struct against the X-macro rows it was made from.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef NSDE_CORE_SETTINGS_H
#define NSDE_CORE_SETTINGS_H

#include <stdbool.h>

#include "core/error.h"

/* False for NaN. A long double holds every setting exactly: doubles, sizes and seeds. */
static inline bool nsde_setting_fits(long double value, long double least, long double most)
{
    return value >= least && value <= most;
}

/* For use as a row of a settings list where `settings` is the struct: fails the calling function. */
#define NSDE_SETTING_CHECK(type, name, standard, least, most, doc)                                           \
    if (!nsde_setting_fits((long double)settings->name, (long double)(least), (long double)(most)))          \
        return nsde_fail(NSDE_INVALID, "%s = %.17g is out of range (%s)", #name, (double)settings->name, doc);

#endif
