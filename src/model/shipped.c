/* The models shipped with the library, from the registry that meson writes.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "core/error.h"
#include "core/names.h"
#include "nsde/model.h"

#define X(name) extern const nsde_model_definition nsde_model_##name;
#include "models.def"
#undef X

static const nsde_model_definition *const shipped[] = {
#define X(name) &nsde_model_##name,
#include "models.def"
#undef X
};

size_t nsde_shipped_count(void)
{
    return sizeof shipped / sizeof *shipped;
}

const nsde_model_definition *nsde_shipped(size_t number)
{
    return number < nsde_shipped_count() ? shipped[number] : NULL;
}

nsde_status nsde_model_open(const char *name, nsde_model **model)
{
    char names[NSDE_MESSAGE_SIZE / 2] = "";
    if (!name || !model)
        return nsde_fail(NSDE_INVALID, "nsde_model_open: a name and a place for the model are needed");
    *model = NULL;
    for (size_t i = 0; i < nsde_shipped_count(); i++) {
        if (strcmp(shipped[i]->name, name) == 0)
            return nsde_model_create(shipped[i], model);
        nsde_name_append(names, sizeof names, shipped[i]->name);
    }
    return nsde_fail(NSDE_NOT_FOUND, "there is no model \"%.100s\"; there are %s", name, names);
}
