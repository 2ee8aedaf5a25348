/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "text/parameters.h"

#include <math.h>
#include <string.h>

static nsde_status read_signed(nsde_text *text, double *value)
{
    const bool minus = nsde_text_accept(text, '-');
    if (!minus)
        nsde_text_accept(text, '+');
    const nsde_status status = nsde_text_number(text, value);
    *value = minus && !status ? -*value : *value;
    return status;
}

/* A bound, if there is one before the next ':' or ','. */
static nsde_status read_bound(nsde_text *text, double *bound)
{
    const int next = nsde_text_peek(text);
    return next < 0 || next == ':' || next == ',' ? NSDE_OK : read_signed(text, bound);
}

static nsde_status read_one(nsde_text *text, nsde_parameter_definition *d, char **names)
{
    const char *word;
    nsde_text_peek(text);
    const size_t at = text->at, length = nsde_text_word(text, &word);
    *d = (nsde_parameter_definition){.doc = "from text", .lower = -INFINITY, .upper = INFINITY, .count = 1};
    if (length == 0)
        return nsde_text_fail(text, at, "the name of a parameter is missing");
    if (nsde_text_is_reserved(word, length))
        return nsde_text_fail(text, at, "\"%.*s\" has a meaning already and cannot name a parameter",
                              (int)length, word);
    memcpy(*names, word, length);
    d->name = *names;
    *names += length + 1;
    if (!nsde_text_accept(text, '='))
        return nsde_text_fail(text, text->at, "'=' is missing after the name of a parameter");
    nsde_status status = read_signed(text, &d->start);
    if (!status && nsde_text_accept(text, ':'))
        status = read_bound(text, &d->lower);
    if (!status && nsde_text_accept(text, ':'))
        status = read_bound(text, &d->upper);
    if (!status && (!(d->start > d->lower) || !(d->start < d->upper)))
        status = nsde_text_fail(text, at, "%s starts at %g, which is not between %g and %g", d->name,
                                d->start, d->lower, d->upper);
    return status;
}

nsde_status nsde_text_parameters(nsde_text *text, char *names, nsde_parameter_definition *definitions,
                                 size_t *n)
{
    *n = 0;
    if (nsde_text_peek(text) < 0)
        return NSDE_OK;
    do {
        const size_t at = text->at;
        const nsde_status status = read_one(text, &definitions[*n], &names);
        if (status)
            return status;
        for (size_t i = 0; i < *n; i++)
            if (strcmp(definitions[i].name, definitions[*n].name) == 0)
                return nsde_text_fail(text, at, "there are two parameters %s", definitions[i].name);
        (*n)++;
    } while (nsde_text_accept(text, ','));
    return nsde_text_peek(text) < 0
               ? NSDE_OK
               : nsde_text_fail(text, text->at,
                                "a parameter is name=start or name=start:lower:upper, and "
                                "',' stands between two");
}
