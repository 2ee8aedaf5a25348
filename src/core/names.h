/* Looking things up by name, as registries do.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef NSDE_CORE_NAMES_H
#define NSDE_CORE_NAMES_H

#include <stdbool.h>
#include <stddef.h>

#include "core/error.h"

/* Is `asked` that name or one of the aliases (separated by spaces)? Letters in either case; '-' and ' ' read
 * as '_'. */
bool nsde_name_answers(const char *name, const char *aliases, const char *asked);

/* Appends a name to a list of them, separated by commas, as far as it fits into `size` bytes. */
void nsde_name_append(char *list, size_t size, const char *name);

/* Defines PREFIX_count, PREFIX_at and PREFIX_find over `array`, of pointers to structs of that type, which
 * have a name and aliases; `what` they are called in messages. */
#define NSDE_REGISTRY(type, prefix, array, what)                                                             \
    size_t prefix##_count(void)                                                                              \
    {                                                                                                        \
        return sizeof(array) / sizeof *(array);                                                              \
    }                                                                                                        \
    const type *prefix##_at(size_t number)                                                                   \
    {                                                                                                        \
        return number < prefix##_count() ? (array)[number] : NULL;                                           \
    }                                                                                                        \
    nsde_status prefix##_find(const char *name, const type **found)                                          \
    {                                                                                                        \
        char names[NSDE_MESSAGE_SIZE / 2] = "";                                                              \
        if (!name || !found)                                                                                 \
            return nsde_fail(NSDE_INVALID, #prefix "_find: a name and a place for the " what " are needed"); \
        *found = NULL;                                                                                       \
        for (size_t i = 0; i < prefix##_count(); i++) {                                                      \
            if (nsde_name_answers((array)[i]->name, (array)[i]->aliases, name)) {                            \
                *found = (array)[i];                                                                         \
                return NSDE_OK;                                                                              \
            }                                                                                                \
            nsde_name_append(names, sizeof names, (array)[i]->name);                                         \
        }                                                                                                    \
        return nsde_fail(NSDE_NOT_FOUND, "there is no " what " \"%.100s\"; there are %s", name, names);      \
    }

#endif
