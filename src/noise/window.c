/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "noise/window.h"

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
            nsde_brownian_rows(window->noise, window->detail, window->h, window->first_path, window->paths,
                               at, steps, window->stride, window->rows);
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
