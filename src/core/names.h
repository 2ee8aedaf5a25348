/* Looking things up by name, as registries do.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef NSDE_CORE_NAMES_H
#define NSDE_CORE_NAMES_H

#include <stdbool.h>
#include <stddef.h>

/* Is `asked` that name or one of the aliases (separated by spaces)? Letters in either case; '-' and ' ' read
 * as '_'. */
bool nsde_name_answers(const char *name, const char *aliases, const char *asked);

/* Appends a name to a list of them, separated by commas, as far as it fits into `size` bytes. */
void nsde_name_append(char *list, size_t size, const char *name);

#endif
