/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "noise/window.h"

#include "noise/brownian.h"

bool nsde_noise_has_intervals(const nsde_brownian *noise)
{
    return noise->lengths == NSDE_LENGTHS_INTERVALS;
}

nsde_status nsde_noise_steps(const nsde_brownian *noise, nsde_noise_detail detail, double h,
                             const double *times, uint64_t first_path, size_t paths, size_t step,
                             size_t steps, size_t stride, double *rows)
{
    if (!times)
        return nsde_brownian_rows(noise, detail, h, first_path, paths, step, steps, stride, rows);
    if (noise->lengths == NSDE_LENGTHS_EQUAL)
        return nsde_fail(NSDE_UNSUPPORTED,
                         "steps of different lengths need noise for which each may have its own: a grid "
                         "(nsde_brownian_grid) or a virtual tree (nsde_brownian_tree), not stored or coarse "
                         "increments");
    const size_t row = nsde_noise_rows(noise->components, detail) * stride;
    nsde_status status = NSDE_OK;
    for (size_t k = step; k < step + steps && !status; k++, rows += row)
        status = noise->lengths == NSDE_LENGTHS_FREE
                     ? nsde_brownian_rows(noise, detail, times[k + 1] - times[k], first_path, paths, k, 1,
                                          stride, rows)
                     : nsde_brownian_interval(noise, detail, times[k], times[k + 1], first_path, paths,
                                              stride, rows);
    return status;
}

void nsde_noise_window_move(nsde_noise_window *window, uint64_t first_path, size_t paths)
{
    window->first_path = first_path;
    window->paths = paths;
    window->at = SIZE_MAX;
}

nsde_status nsde_noise_window_get(nsde_noise_window *window, size_t step, const double **rows)
{
    const size_t n_rows = nsde_noise_rows(nsde_brownian_components(window->noise), window->detail);
    const size_t row = n_rows * window->stride, at = step - step % window->chunk;
    if (at != window->at) {
        const size_t left = window->steps - at, steps = left < window->chunk ? left : window->chunk;
        const nsde_status status =
            nsde_noise_steps(window->noise, window->detail, window->h, window->times, window->first_path,
                             window->paths, at, steps, window->stride, window->rows);
        if (status)
            return status;
        for (size_t r = 0; r < steps * n_rows; r++)
            for (size_t i = window->paths; i < window->stride; i++)
                window->rows[r * window->stride + i] = window->rows[r * window->stride];
        window->at = at;
    }
    *rows = window->rows + (step - at) * row;
    return NSDE_OK;
}
