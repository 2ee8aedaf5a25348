/* Conditional laws of Brownian motion within an interval, and Cholesky factors.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "noise/bridge.h"

#include <math.h>

#include "core/error.h"

/* Given W, H over the whole, (W, H) of the left part is normal: both are projections on W and H, of variances
 * h and h / 12, with covariances a and a b / (2 h) of W_left, 0 and a^2 / (12 h) of H_left. */
nsde_bridge_law nsde_bridge_law_of(double a, double b)
{
    const double h = a + b, p = a / h, q = b / h;
    const double variance = p * b * (1.0 - 3.0 * p * q);
    const double covariance = -p * p * p * b / 2.0, own = a / 12.0 * (1.0 - p * p * p);
    const double deviation = sqrt(variance);
    const double slope = variance > 0.0 ? covariance / deviation : 0.0;
    return (nsde_bridge_law){.a = a,
                             .b = b,
                             .b_inverse = 1.0 / b,
                             .W_of_W = p,
                             .W_of_H = 6.0 * p * q,
                             .H_of_H = p * p,
                             .deviation = deviation,
                             .slope = slope,
                             .rest = sqrt(fmax(own - slope * slope, 0.0))};
}

nsde_bridge nsde_bridge_split(double a, double b, double W, double H, const double z[2])
{
    const nsde_bridge_law law = nsde_bridge_law_of(a, b);
    nsde_bridge cut;
    nsde_bridge_cut(&law, W, H, z[0], z[1], &cut.W_left, &cut.H_left, &cut.W_right, &cut.H_right);
    return cut;
}

double nsde_bridge_point(double a, double b, double W, double z)
{
    return W * (a / (a + b)) + sqrt(a * b / (a + b)) * z;
}

nsde_status nsde_cholesky(size_t n, const double *matrix, double *lower)
{
    if (!matrix || !lower || n == 0)
        return nsde_fail(NSDE_INVALID, "nsde_cholesky: a matrix and a place for its factor are needed");
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++)
            if (!isfinite(matrix[i * n + j]) ||
                fabs(matrix[i * n + j] - matrix[j * n + i]) > 1e-12 * fabs(matrix[i * n + j]))
                return nsde_fail(NSDE_INVALID,
                                 "the correlation matrix is not symmetric at row %zu, column %zu", i, j);
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++) {
            double sum = matrix[i * n + j];
            for (size_t k = 0; k < j && j <= i; k++)
                sum -= lower[i * n + k] * lower[j * n + k];
            if (i == j && !(sum > 1e-14 * fabs(matrix[i * n + i])))
                return nsde_fail(NSDE_INVALID,
                                 "the correlation matrix is not positive definite: its leading %zu rows and "
                                 "columns are singular or indefinite",
                                 i + 1);
            lower[i * n + j] = j > i ? 0.0 : i == j ? sqrt(sum) : sum / lower[j * n + j];
        }
    return NSDE_OK;
}
