/* The rounds of Philox4x32-10, for one counter or for a register of them.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef NSDE_NOISE_PHILOX_H
#define NSDE_NOISE_PHILOX_H

#include <stdint.h>

/* Words of 32 bits in variables of 64, which is how a SIMD lane multiplies them. */
typedef struct nsde_philox_words {
    uint64_t w[4];
} nsde_philox_words;

/* Salmon, Moraes, Dror and Shaw 2011, sections 3.3 and 3.4: two multiplications a round, keys by Weyl steps.
 */
static inline __attribute__((always_inline)) nsde_philox_words nsde_philox_rounds(nsde_philox_words c,
                                                                                  uint32_t k0, uint32_t k1)
{
    for (int round = 0; round < 10; round++) {
        const uint64_t product0 = (uint32_t)c.w[0] * (uint64_t)0xD2511F53u;
        const uint64_t product1 = (uint32_t)c.w[2] * (uint64_t)0xCD9E8D57u;
        c.w[0] = product1 >> 32 ^ c.w[1] ^ k0;
        c.w[2] = product0 >> 32 ^ c.w[3] ^ k1;
        c.w[1] = (uint32_t)product1;
        c.w[3] = (uint32_t)product0;
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
    return c;
}

#endif
