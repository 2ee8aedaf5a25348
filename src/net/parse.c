/* Networks from text: "mlp:64,64", "mlp:32:silu".
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdlib.h>
#include <string.h>

#include "core/error.h"
#include "nsde/net.h"

static nsde_status refuse(const char *text)
{
    return nsde_fail(NSDE_PARSE,
                     "\"%.100s\" is no network: mlp:WIDTH,WIDTH,… with widths from 1 on, then :ACTIVATION if "
                     "it is not tanh",
                     text);
}

nsde_status nsde_net_parse(const char *text, size_t most, size_t *hidden, size_t *n_hidden,
                           nsde_activation *activation)
{
    if (!text || strncmp(text, "mlp:", 4) != 0)
        return refuse(text ? text : "");
    const char *at = text + 4;
    *n_hidden = 0;
    *activation = NSDE_ACTIVATION_TANH;
    while (*at >= '0' && *at <= '9') {
        char *end;
        const unsigned long width = strtoul(at, &end, 10);
        if (width == 0 || width > INT32_MAX)
            return refuse(text);
        if (*n_hidden == most)
            return nsde_fail(NSDE_PARSE, "\"%.100s\" has more than %zu layers", text, most);
        hidden[(*n_hidden)++] = width;
        at = *end == ',' && end[1] >= '0' && end[1] <= '9' ? end + 1 : end;
        if (at == end)
            break;
    }
    if (*n_hidden && *at == ':')
        return nsde_activation_find(at + 1, activation);
    return *n_hidden && *at == '\0' ? NSDE_OK : refuse(text);
}
