/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "gradient/schedule.h"

#include <stdint.h>

size_t nsde_schedule_beta(size_t c, size_t r)
{
    const size_t fewer = c < r ? c : r, more = c < r ? r : c;
    size_t beta = 1;
    for (size_t i = 1; i <= fewer; i++) { /* C(more + i, i), exact at every stage */
        size_t product;
        if (__builtin_mul_overflow(beta, more + i, &product))
            return SIZE_MAX;
        beta = product / i;
    }
    return beta;
}

/* The least r with beta(c, r) >= steps: how often any step is run forward at most. */
static size_t repetitions(size_t steps, size_t c)
{
    size_t r = 0;
    while (nsde_schedule_beta(c, r) < steps)
        r++;
    return r;
}

size_t nsde_schedule_cost(size_t steps, size_t snapshots)
{
    if (steps <= 1)
        return 0;
    const size_t r = repetitions(steps, snapshots);
    return r * steps - nsde_schedule_beta(snapshots + 1, r - 1);
}

/* The first part k and the rest l - k must again be best served by r - 1 and r repetitions:
 * beta(c, r - 2) <= k <= beta(c, r - 1) and beta(c - 1, r - 1) <= l - k <= beta(c - 1, r). */
size_t nsde_schedule_split(size_t steps, size_t snapshots)
{
    const size_t r = repetitions(steps, snapshots);
    const size_t least = r >= 2 ? nsde_schedule_beta(snapshots, r - 2) : 1;
    const size_t rest = nsde_schedule_beta(snapshots - 1, r);
    const size_t k = rest < steps && steps - rest > least ? steps - rest : least;
    return k < steps ? k : steps - 1;
}
