/* Binomial checkpointing: which step to do next; private to src/gradient.
 *
 * Griewank and Walther 2000 (revolve, ACM TOMS algorithm 799): l steps can be swept back with c stored states
 * (the first among them) by r l - beta(c + 1, r - 1) steps forward beside the l recorded ones, where
 * beta(c, r) = (c + r)! / (c! r!) and r is the least with beta(c, r) >= l.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef NSDE_GRADIENT_SCHEDULE_H
#define NSDE_GRADIENT_SCHEDULE_H

#include <stddef.h>

/* beta(c, r), or SIZE_MAX where that overflows. */
size_t nsde_schedule_beta(size_t c, size_t r);
/* Steps forward needed in all, beside the recorded ones: the published optimum. */
size_t nsde_schedule_cost(size_t steps, size_t snapshots);
/* Of `steps` to sweep back from a stored state, with `snapshots` states to spare for them (that one
 * included): after how many steps to store the next. At least 2 of both. */
size_t nsde_schedule_split(size_t steps, size_t snapshots);

#endif
