/* Checking a settings struct against the X-macro rows it was made from.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef NSDE_CORE_SETTINGS_H
#define NSDE_CORE_SETTINGS_H

#include <math.h>

#include "core/error.h"

/* For use as a row of a settings list where `settings` is the struct: fails the calling function. */
#define NSDE_SETTING_CHECK(type, name, standard, least, most, doc)                                           \
    if (!(settings->name >= (type)(least)) || !(settings->name <= (type)(most)))                             \
        return nsde_fail(NSDE_INVALID, "%s = %.17g is out of range (%s)", #name, (double)settings->name, doc);

#endif
