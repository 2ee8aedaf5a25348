/* Philox4x32-10 as a block function and as a generator for GSL.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "noise/philox.h"

#include "nsde/noise.h"

void nsde_philox(const uint32_t counter[4], const uint32_t key[2], uint32_t words[4])
{
    const nsde_philox_words block = nsde_philox_rounds(
        (nsde_philox_words){{counter[0], counter[1], counter[2], counter[3]}}, key[0], key[1]);
    for (int i = 0; i < 4; i++)
        words[i] = (uint32_t)block.w[i];
}

typedef struct generator {
    uint32_t counter[4], key[2], words[4];
    uint32_t used; /* of the words; 4 when none is left */
} generator;

static void set(void *state, unsigned long seed)
{
    const uint64_t wide = seed;
    *(generator *)state = (generator){.key = {(uint32_t)wide, (uint32_t)(wide >> 32)}, .used = 4};
}

static unsigned long get(void *state)
{
    generator *g = state;
    if (g->used == 4) {
        nsde_philox(g->counter, g->key, g->words);
        g->used = 0;
        for (int i = 0; i < 4 && ++g->counter[i] == 0; i++)
            continue;
    }
    return g->words[g->used++];
}

static double get_double(void *state)
{
    const uint64_t low = get(state), high = get(state);
    return (double)((high << 32 | low) >> 11) * 0x1p-53;
}

static const gsl_rng_type type = {.name = "philox4x32-10",
                                  .max = 0xffffffffu,
                                  .min = 0,
                                  .size = sizeof(generator),
                                  .set = set,
                                  .get = get,
                                  .get_double = get_double};

const gsl_rng_type *const nsde_rng_philox = &type;
