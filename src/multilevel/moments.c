/* What the sums of levels say: moments, orders, and how many samples are needed.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "multilevel/moments.h"

#include <math.h>
#include <stdint.h>

#include "core/error.h"

/* Mean, variance over n - 1 and kurtosis from sums of powers. A variance below the rounding of the sums is 0.
 */
static void central(const double *sums, double n, double *mean, double *variance, double *kurtosis)
{
    const double m = sums[0] / n, spread = sums[1] / n - m * m, m2 = spread > 1e-14 * m * m ? spread : 0.0;
    *mean = m;
    *variance = n > 1.0 ? m2 * n / (n - 1.0) : NAN;
    if (kurtosis) {
        const double m4 =
            sums[3] / n - 4.0 * m * sums[2] / n + 6.0 * m * m * sums[1] / n - 3.0 * m * m * m * m;
        *kurtosis = m2 > 0.0 ? m4 / (m2 * m2) : NAN;
    }
}

nsde_multilevel_moments nsde_multilevel_describe(const nsde_multilevel_result *result, size_t level,
                                                 size_t component)
{
    nsde_multilevel_moments m = {0};
    const nsde_multilevel_level *l = &result->levels[level];
    const double *sums = l->sums + component * NSDE_MULTILEVEL_SUMS, n = (double)l->n_samples;
    central(sums, n, &m.mean, &m.variance, &m.kurtosis);
    central(sums + 4, n, &m.fine_mean, &m.fine_variance, NULL);
    if (level == 0)
        return m;
    double before, before_variance;
    const nsde_multilevel_level *b = l - 1;
    central(b->sums + component * NSDE_MULTILEVEL_SUMS + 4, (double)b->n_samples, &before, &before_variance,
            NULL);
    const double gap = fabs(before + m.mean - m.fine_mean);
    const double errors =
        sqrt(m.variance / n) + sqrt(m.fine_variance / n) + sqrt(before_variance / (double)b->n_samples);
    m.consistency = gap > 0.0 ? gap / (3.0 * errors) : 0.0;
    return m;
}

double nsde_fall_of(size_t n, const double *values, size_t refinement)
{
    double count = 0.0, x = 0.0, y = 0.0, xx = 0.0, xy = 0.0;
    for (size_t l = 0; l < n; l++) {
        const double a = (double)l, b = log(fabs(values[l]));
        if (!(fabs(values[l]) > 0.0))
            continue;
        count += 1.0, x += a, y += b, xx += a * a, xy += a * b;
    }
    return count < 2.0 ? NAN : -(count * xy - x * y) / (count * xx - x * x) / log((double)refinement);
}

nsde_status nsde_multilevel_allocate(size_t levels, const double *variance, const double *cost,
                                     double epsilon, double bias_share, size_t *samples)
{
    double sum = 0.0;
    if (!variance || !cost || !samples)
        return nsde_fail(NSDE_INVALID, "nsde_multilevel_allocate: an argument is NULL");
    if (!(epsilon > 0.0) || !isfinite(epsilon) || !(bias_share >= 0.0) || !(bias_share < 1.0))
        return nsde_fail(NSDE_INVALID,
                         "multilevel: a target of %g, of whose square the bias has a share of %g", epsilon,
                         bias_share);
    for (size_t l = 0; l < levels; l++) {
        if (!(variance[l] >= 0.0) || !isfinite(variance[l]) || !(cost[l] > 0.0) || !isfinite(cost[l]))
            return nsde_fail(NSDE_INVALID, "level %zu: variance %g, cost %g", l, variance[l], cost[l]);
        sum += sqrt(variance[l] * cost[l]);
    }
    for (size_t l = 0; l < levels; l++) {
        const double share = (1.0 - bias_share) * epsilon * epsilon;
        const double n = sqrt(variance[l] / cost[l]) * sum / share, least = ceil(n);
        if (!(least < 0.5 * (double)SIZE_MAX))
            return nsde_fail(NSDE_OVERFLOW, "level %zu would need %g samples for a target of %g", l, n,
                             epsilon);
        samples[l] = (size_t)least;
    }
    return NSDE_OK;
}
