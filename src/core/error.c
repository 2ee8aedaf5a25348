/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static _Thread_local char message[NSDE_MESSAGE_SIZE];

static void format_message(char *out, const char *format, va_list arguments)
{
    const int length = vsnprintf(out, NSDE_MESSAGE_SIZE, format, arguments);
    if (length >= NSDE_MESSAGE_SIZE)
        memcpy(out + NSDE_MESSAGE_SIZE - 4, "...", 4);
}

nsde_status nsde_fail(nsde_status status, const char *format, ...)
{
    char text[NSDE_MESSAGE_SIZE]; /* apart, for an argument may be the old message */
    va_list arguments;
    va_start(arguments, format);
    format_message(text, format, arguments);
    va_end(arguments);
    memcpy(message, text, sizeof message);
    return status;
}

nsde_status nsde_fail_within(nsde_status status, const char *format, ...)
{
    char prefix[NSDE_MESSAGE_SIZE];
    va_list arguments;
    va_start(arguments, format);
    format_message(prefix, format, arguments);
    va_end(arguments);
    return nsde_fail(status, "%s: %s", prefix, message);
}

const char *nsde_error_message(void)
{
    return message;
}

const char *nsde_status_text(nsde_status status)
{
    switch (status) {
#define NSDE_STATUS_CASE(name, text)                                                                         \
    case NSDE_##name:                                                                                        \
        return text;
        NSDE_STATUS_LIST(NSDE_STATUS_CASE)
#undef NSDE_STATUS_CASE
    }
    return "unknown status";
}

const char *nsde_version(void)
{
    return NSDE_VERSION;
}
