/* Activations by name.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "core/error.h"
#include "nsde/net.h"

static const char *const names[] = {
#define X(name, text) text,
    NSDE_ACTIVATION_LIST(X)
#undef X
};

static const int count = sizeof names / sizeof *names;

const char *nsde_activation_name(nsde_activation activation)
{
    return activation >= 0 && (int)activation < count ? names[activation] : "unknown activation";
}

nsde_status nsde_activation_find(const char *name, nsde_activation *activation)
{
    for (int i = 0; i < count; i++)
        if (strcmp(names[i], name) == 0) {
            *activation = (nsde_activation)i;
            return NSDE_OK;
        }
#define X(name, text) text ", "
    return nsde_fail(NSDE_NOT_FOUND, "there is no activation \"%.100s\"; there are %.*s", name,
                     (int)sizeof(NSDE_ACTIVATION_LIST(X)) - 3, NSDE_ACTIVATION_LIST(X));
#undef X
}

nsde_var nsde_activate(nsde_activation activation, nsde_var a)
{
    switch (activation) {
    case NSDE_ACTIVATION_TANH:
        return nsde_tanh_unit(a);
    case NSDE_ACTIVATION_SILU:
        return nsde_silu(a);
    case NSDE_ACTIVATION_LIPSWISH:
        return nsde_mul_real(nsde_silu(a), 0.909);
    case NSDE_ACTIVATION_SOFTPLUS:
        return nsde_softplus(a);
    case NSDE_ACTIVATION_RELU:
        return nsde_max(a, nsde_real(a.tape, 0.0));
    case NSDE_ACTIVATION_SIGMOID:
        return nsde_sigmoid(a);
    case NSDE_ACTIVATION_IDENTITY:
        return a;
    }
    return nsde_tape_fail(a.tape, "activate: there is no activation number %d", (int)activation);
}
