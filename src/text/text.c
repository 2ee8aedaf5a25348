/* Reading the pieces of a text, and failing at a column of it.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/number.h"
#include "nsde/text.h"
#include "text/expression.h"

nsde_status nsde_text_begin(const char *bytes, size_t size, nsde_text *text)
{
    *text = (nsde_text){bytes, size, 0};
    return size <= NSDE_TEXT_SIZE
               ? NSDE_OK
               : nsde_fail(NSDE_PARSE, "the text has %zu bytes, more than the %d that are read", size,
                           NSDE_TEXT_SIZE);
}

/* Columns count characters from 1; in UTF-8 a byte 10xxxxxx goes on with one. */
nsde_status nsde_text_fail(const nsde_text *text, size_t at, const char *format, ...)
{
    char sentence[NSDE_MESSAGE_SIZE / 2];
    size_t column = 1;
    for (size_t i = 0; i < at && i < text->size; i++)
        column += ((unsigned char)text->bytes[i] & 0xC0) != 0x80;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(sentence, sizeof sentence, format, arguments);
    va_end(arguments);
    return nsde_fail(NSDE_PARSE, "column %zu: %s", column, sentence);
}

int nsde_text_peek(nsde_text *text)
{
    while (text->at < text->size && strchr(" \t\r\n", text->bytes[text->at]) && text->bytes[text->at])
        text->at++;
    return text->at < text->size ? (unsigned char)text->bytes[text->at] : -1;
}

bool nsde_text_accept(nsde_text *text, char character)
{
    if (nsde_text_peek(text) != (unsigned char)character)
        return false;
    text->at++;
    return true;
}

static bool is_digit(int c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(int c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

/* The byte `ahead` of the place, -1 beyond the end. */
static int look(const nsde_text *text, size_t ahead)
{
    return text->size - text->at > ahead ? (unsigned char)text->bytes[text->at + ahead] : -1;
}

size_t nsde_text_word(nsde_text *text, const char **word)
{
    size_t length = 0;
    if (!is_letter(nsde_text_peek(text)))
        return 0;
    while (is_letter(look(text, length)) || is_digit(look(text, length)))
        length++;
    *word = text->bytes + text->at;
    text->at += length;
    return length;
}

static size_t number_length(const nsde_text *text)
{
    size_t n = 0;
    while (is_digit(look(text, n)))
        n++;
    if (look(text, n) == '.')
        n++;
    while (is_digit(look(text, n)))
        n++;
    if (look(text, n) == 'e' || look(text, n) == 'E') {
        const size_t sign = look(text, n + 1) == '+' || look(text, n + 1) == '-';
        if (is_digit(look(text, n + 1 + sign)))
            for (n += 1 + sign; is_digit(look(text, n));)
                n++;
    }
    return n;
}

nsde_status nsde_text_number(nsde_text *text, double *value)
{
    char copy[256];
    nsde_text_peek(text);
    const size_t n = number_length(text);
    if (n == 0)
        return nsde_text_fail(text, text->at, "a number is missing");
    if (n >= sizeof copy)
        return nsde_text_fail(text, text->at, "a number of %zu characters", n);
    memcpy(copy, text->bytes + text->at, n);
    copy[n] = '\0';
    if (nsde_parse_number(copy, value))
        return nsde_text_fail(text, text->at, "\"%.40s\" is not a finite number", copy);
    text->at += n;
    return NSDE_OK;
}

nsde_status nsde_text_whole(nsde_text *text, size_t least, size_t most, size_t *value)
{
    nsde_text_peek(text);
    const size_t start = text->at;
    *value = 0;
    while (is_digit(look(text, 0)) && *value <= most)
        *value = 10 * *value + (size_t)(text->bytes[text->at++] - '0');
    if (text->at == start || *value < least || *value > most)
        return nsde_text_fail(text, start, "a whole number from %zu to %zu is expected", least, most);
    return NSDE_OK;
}
