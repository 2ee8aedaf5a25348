/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "train/order.h"

/* The finaliser of SplitMix64 (Steele, Lea and Flood 2014). */
static uint64_t scramble(uint64_t a)
{
    a = (a ^ a >> 30) * 0xBF58476D1CE4E5B9u;
    a = (a ^ a >> 27) * 0x94D049BB133111EBu;
    return a ^ a >> 31;
}

/* A Feistel network (Luby and Rackoff 1988) on the least even number of bits that holds n, applied until it
 * lands below n again (Black and Rogaway 2002, cycle walking): less than 4 times on average. */
uint64_t nsde_order(uint64_t seed, uint64_t n, uint64_t position)
{
    enum { ROUNDS = 6 };
    const uint64_t key = scramble(scramble(seed + 0x9E3779B97F4A7C15u) + position / n);
    unsigned half = 1;
    while (half < 32 && (n - 1) >> 2 * half)
        half++;
    const uint64_t mask = (UINT64_C(1) << half) - 1;
    uint64_t at = position % n;
    do {
        uint64_t left = at >> half, right = at & mask;
        for (uint64_t round = 1; round <= ROUNDS; round++) {
            const uint64_t next = left ^ (scramble((right + round * 0x9E3779B97F4A7C15u) ^ key) & mask);
            left = right;
            right = next;
        }
        at = left << half | right;
    } while (at >= n);
    return at;
}
