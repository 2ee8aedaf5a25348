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

bool nsde_brownian_is_correlated(const nsde_brownian *brownian)
{
    return brownian->correlated;
}

size_t nsde_noise_pairs(size_t components)
{
    return components ? components * (components - 1) / 2 : 0;
}

size_t nsde_noise_rows(size_t components, nsde_noise_detail detail)
{
    return components * (detail >= NSDE_SPACE_TIME ? 2 : 1) +
           (detail >= NSDE_LEVY ? nsde_noise_pairs(components) : 0);
}

static nsde_status check(const nsde_brownian *brownian, nsde_noise_detail detail, size_t paths, size_t stride,
                         const double *rows)
{
    if (!brownian || !rows)
        return nsde_fail(NSDE_INVALID, "nsde_brownian_increments: the noise or the place for it is NULL");
    if (detail < NSDE_INCREMENTS || detail > NSDE_LEVY)
        return nsde_fail(NSDE_INVALID, "nsde_brownian_rows: there is no detail number %d", (int)detail);
    if (stride < paths)
        return nsde_fail(NSDE_INVALID, "nsde_brownian_increments: a stride of %zu for %zu paths", stride,
                         paths);
    return NSDE_OK;
}

nsde_status nsde_brownian_rows(const nsde_brownian *brownian, nsde_noise_detail detail, double h,
                               uint64_t first_path, size_t paths, uint64_t step, size_t steps, size_t stride,
                               double *rows)
{
    const nsde_status status = check(brownian, detail, paths, stride, rows);
    if (status)
        return status;
    if (!(h > 0.0) || !(h - h == 0.0))
        return nsde_fail(NSDE_INVALID, "nsde_brownian_increments: a step of length %g", h);
    const nsde_increments_at at = {.h = h,
                                   .first_path = first_path,
                                   .step = step,
                                   .paths = paths,
                                   .steps = steps,
                                   .stride = stride,
                                   .detail = detail,
                                   .rows = nsde_noise_rows(brownian->components, detail)};
    return brownian->kind->rows(brownian, &at, rows);
}

nsde_status nsde_brownian_increments(const nsde_brownian *brownian, double h, uint64_t first_path,
                                     size_t paths, uint64_t step, size_t steps, size_t stride, double *dW)
{
    return nsde_brownian_rows(brownian, NSDE_INCREMENTS, h, first_path, paths, step, steps, stride, dW);
}

nsde_status nsde_brownian_interval(const nsde_brownian *brownian, nsde_noise_detail detail, double s,
                                   double t, uint64_t first_path, size_t paths, size_t stride, double *rows)
{
    const nsde_status status = check(brownian, detail, paths, stride, rows);
    if (status)
        return status;
    if (!brownian->kind->interval)
        return nsde_fail(NSDE_UNSUPPORTED, "this noise has steps of its own; only a virtual tree "
                                           "(nsde_brownian_tree) can be asked for any interval");
    const nsde_increments_at at = {.first_path = first_path,
                                   .paths = paths,
                                   .steps = 1,
                                   .stride = stride,
                                   .detail = detail,
                                   .rows = nsde_noise_rows(brownian->components, detail)};
    return brownian->kind->interval(brownian, &at, s, t, rows);
}
