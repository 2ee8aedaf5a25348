/* Brownian motion with stored increments: given by the caller, or drawn from any GSL generator.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>

#include <gsl/gsl_randist.h>

#include "noise/brownian.h"

typedef struct stored {
    nsde_brownian base;
    size_t paths, steps, rows; /* rows of a step */
    nsde_noise_detail detail;
    double h;
} stored;

static nsde_status check(const stored *s, const nsde_increments_at *at)
{
    if (at->detail > s->detail && at->rows > s->rows) {
        static const char *const names[] = {"increments", "space-time areas", "Levy areas"};
        return nsde_fail(NSDE_UNSUPPORTED, "the stored noise has no %s, which are asked for",
                         names[at->detail]);
    }
    if (fabs(at->h - s->h) > 1e-12 * s->h)
        return nsde_fail(NSDE_INVALID, "the stored noise has steps of %.17g, not %.17g", s->h, at->h);
    if (at->first_path > s->paths || at->paths > s->paths - at->first_path)
        return nsde_fail(NSDE_INVALID, "the stored noise has %zu paths, and %zu from %llu on are asked for",
                         s->paths, at->paths, (unsigned long long)at->first_path);
    if (at->step > s->steps || at->steps > s->steps - at->step)
        return nsde_fail(NSDE_INVALID, "the stored noise has %zu steps, and %zu from %llu on are asked for",
                         s->steps, at->steps, (unsigned long long)at->step);
    return NSDE_OK;
}

static nsde_status rows_of(const nsde_brownian *brownian, const nsde_increments_at *at, double *rows)
{
    const stored *s = (const stored *)brownian;
    const double *all = brownian->memory;
    const nsde_status status = check(s, at);
    for (size_t k = 0; k < at->steps && !status; k++)
        for (size_t c = 0; c < at->rows; c++)
            for (size_t i = 0; i < at->stride; i++) {
                const size_t path = at->first_path + i;
                rows[(k * at->rows + c) * at->stride + i] =
                    i < at->paths ? all[(path * s->steps + at->step + k) * s->rows + c] : 0.0;
            }
    return status;
}

static const nsde_brownian_kind kind = {.rows = rows_of};

/* With room for the increments, yet to be filled. */
static nsde_status create(size_t paths, size_t steps, size_t components, nsde_noise_detail detail, double h,
                          nsde_brownian **brownian)
{
    const size_t rows = nsde_noise_rows(components, detail);
    size_t numbers;
    nsde_status status = nsde_brownian_create(&kind, sizeof(stored), components, brownian);
    if (status)
        return status;
    if (paths == 0 || steps == 0 || !(h > 0.0) || !isfinite(h))
        status =
            nsde_fail(NSDE_INVALID, "stored noise needs paths, steps and a step length, not %zu, %zu and %g",
                      paths, steps, h);
    else if (!nsde_size_mul(paths, steps, &numbers) || !nsde_size_mul(numbers, rows, &numbers))
        status = nsde_fail(NSDE_OVERFLOW, "stored noise: %zu paths of %zu steps overflow the size of memory",
                           paths, steps);
    else
        status = nsde_alloc(numbers, sizeof(double), "stored noise", &(*brownian)->memory);
    if (status) {
        nsde_brownian_destroy(*brownian);
        *brownian = NULL;
        return status;
    }
    stored *s = (stored *)*brownian;
    s->paths = paths;
    s->steps = steps;
    s->rows = rows;
    s->detail = detail;
    s->h = h;
    return NSDE_OK;
}

nsde_status nsde_brownian_stored_detail(size_t paths, size_t steps, size_t components,
                                        nsde_noise_detail detail, double h, const double *given,
                                        nsde_brownian **brownian)
{
    if (detail < NSDE_INCREMENTS || detail > NSDE_LEVY)
        detail = NSDE_INCREMENTS;
    nsde_status status = create(paths, steps, components, detail, h, brownian);
    if (status)
        return status;
    const size_t rows = nsde_noise_rows(components, detail);
    if (!given)
        status = nsde_fail(NSDE_INVALID, "nsde_brownian_stored: increments is NULL");
    double *to = (*brownian)->memory;
    for (size_t i = 0; i < paths * steps * rows && !status; i++) {
        to[i] = given[i];
        if (!isfinite(to[i]))
            status = nsde_fail(NSDE_INVALID,
                               "nsde_brownian_stored: the increment of path %zu, step %zu, component "
                               "%zu is %g",
                               i / rows / steps, i / rows % steps, i % rows, to[i]);
    }
    if (status) {
        nsde_brownian_destroy(*brownian);
        *brownian = NULL;
    }
    return status;
}

nsde_status nsde_brownian_stored(size_t paths, size_t steps, size_t components, double h, const double *given,
                                 nsde_brownian **brownian)
{
    return nsde_brownian_stored_detail(paths, steps, components, NSDE_INCREMENTS, h, given, brownian);
}

nsde_status nsde_brownian_from_rng(gsl_rng *rng, size_t paths, size_t steps, size_t components, double h,
                                   nsde_brownian **brownian)
{
    if (brownian)
        *brownian = NULL;
    if (!rng || !brownian)
        return nsde_fail(NSDE_INVALID,
                         "nsde_brownian_from_rng: a generator and a place for the noise are needed");
    const nsde_status status = create(paths, steps, components, NSDE_INCREMENTS, h, brownian);
    const double scale = sqrt(h);
    for (size_t i = 0; !status && i < paths * steps * components; i++)
        ((double *)(*brownian)->memory)[i] = gsl_ran_gaussian_ziggurat(rng, scale);
    return status;
}
