/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/names.h"

#include <string.h>

static char plain(char c)
{
    if (c >= 'A' && c <= 'Z')
        return (char)(c - 'A' + 'a');
    return c == '-' || c == ' ' ? '_' : c;
}

static bool same_name(const char *name, size_t length, const char *asked)
{
    for (size_t i = 0; i < length; i++)
        if (plain(name[i]) != plain(asked[i]))
            return false;
    return asked[length] == '\0';
}

bool nsde_name_answers(const char *name, const char *aliases, const char *asked)
{
    if (same_name(name, strlen(name), asked))
        return true;
    for (const char *word = aliases; *word;) {
        const size_t length = strcspn(word, " ");
        if (same_name(word, length, asked))
            return true;
        word += length + strspn(word + length, " ");
    }
    return false;
}

void nsde_name_append(char *list, size_t size, const char *name)
{
    if (strlen(list) + strlen(name) + 3 < size) {
        strcat(list, *list ? ", " : "");
        strcat(list, name);
    }
}
