/* Rough estimates for models with a linear drift.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>

#include "nsde/model.h"

void nsde_start_linear_drift(const nsde_observations *data, double gamma, double *a, double *b, double *s)
{
    double sum_w = 0.0, sum_x = 0.0, sum_xx = 0.0, sum_r = 0.0, sum_xr = 0.0, span = 0.0;
    const size_t n = data->n - 1;
    for (size_t i = 0; i < n; i++) {
        const double x = data->values[i], h = data->gaps[i];
        const double w = h / pow(fmax(fabs(x), 1e-12), 2.0 * gamma), rate = (data->values[i + 1] - x) / h;
        sum_w += w;
        sum_x += w * x;
        sum_xx += w * x * x;
        sum_r += w * rate;
        sum_xr += w * x * rate;
        span += h;
    }
    const double spread = sum_xx - sum_x * sum_x / sum_w;
    *b = spread > 1e-14 * sum_xx ? (sum_xr - sum_x * sum_r / sum_w) / spread : -1.0 / span;
    *a = (sum_r - *b * sum_x) / sum_w;
    double squares = 0.0;
    for (size_t i = 0; i < n; i++) {
        const double x = data->values[i], h = data->gaps[i];
        const double left = data->values[i + 1] - x - (*a + *b * x) * h;
        squares += left * left / (h * pow(fmax(fabs(x), 1e-12), 2.0 * gamma));
    }
    *s = squares > 0.0 ? sqrt(squares / (double)n) : 1e-8;
}

void nsde_start_mean_reversion(const nsde_observations *data, double a, double b, double *kappa, double *mu)
{
    double span = 0.0, mean = 0.0, least = data->values[0], most = data->values[0];
    for (size_t i = 0; i < data->n; i++) {
        span += i + 1 < data->n ? data->gaps[i] : 0.0;
        mean += data->values[i] / (double)data->n;
        least = fmin(least, data->values[i]);
        most = fmax(most, data->values[i]);
    }
    const bool reverts = -b * span > 1e-3;
    *kappa = reverts ? -b : 1.0 / span;
    *mu = reverts && -a / b > least && -a / b < most ? -a / b : mean;
}
