/* The order in which samples are taken: a permutation for every pass that is a pure function of the position,
 * so that nothing of it needs to be stored; private to src/train.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef NSDE_TRAIN_ORDER_H
#define NSDE_TRAIN_ORDER_H

#include <stdint.h>

/* The sample, of n >= 1, that stands at this position of the endless sequence of passes. */
uint64_t nsde_order(uint64_t seed, uint64_t n, uint64_t position);

#endif
