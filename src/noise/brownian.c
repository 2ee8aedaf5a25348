/* What all kinds of Brownian motion share.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "noise/brownian.h"

nsde_status nsde_brownian_create(const nsde_brownian_kind *kind, size_t size, size_t components,
                                 nsde_brownian **brownian)
{
    void *memory;
    if (!brownian)
        return nsde_fail(NSDE_INVALID, "Brownian motion: there is no place for the result (NULL)");
    *brownian = NULL;
    if (components == 0 || components > NSDE_NOISE_COMPONENTS)
        return nsde_fail(NSDE_INVALID, "Brownian motion: %zu components (must be 1 to %d)", components,
                         NSDE_NOISE_COMPONENTS);
    const nsde_status status = nsde_alloc(1, size, "Brownian motion", &memory);
    if (status)
        return status;
    *brownian = memory;
    (*brownian)->kind = kind;
    (*brownian)->components = components;
    return NSDE_OK;
}

void nsde_brownian_destroy(nsde_brownian *brownian)
{
    if (!brownian)
        return;
    nsde_free(brownian->memory);
    nsde_free(brownian);
}

size_t nsde_brownian_components(const nsde_brownian *brownian)
{
    return brownian->components;
}

bool nsde_brownian_seed(const nsde_brownian *brownian, uint64_t *seed)
{
    return brownian->kind->seed && brownian->kind->seed(brownian, seed);
}

nsde_status nsde_brownian_increments(const nsde_brownian *brownian, double h, uint64_t first_path,
                                     size_t paths, uint64_t step, size_t steps, size_t stride, double *dW)
{
    if (!brownian || !dW)
        return nsde_fail(NSDE_INVALID, "nsde_brownian_increments: the noise or the place for it is NULL");
    if (!(h > 0.0) || !(h - h == 0.0))
        return nsde_fail(NSDE_INVALID, "nsde_brownian_increments: a step of length %g", h);
    if (stride < paths)
        return nsde_fail(NSDE_INVALID, "nsde_brownian_increments: a stride of %zu for %zu paths", stride,
                         paths);
    const nsde_increments_at at = {h, first_path, step, paths, steps, stride};
    return brownian->kind->increments(brownian, &at, dW);
}
