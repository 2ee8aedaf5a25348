/* Driving a fuzz target with mutations that are the same every time, and with every cut of its seeds. Include
 * it after the target (LLVMFuzzerTestOneInput).
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef NSDE_TESTS_FUZZ_MUTATE_H
#define NSDE_TESTS_FUZZ_MUTATE_H

#include "harness.h"

enum { FUZZ_ROOM = 512 };

/* Texts to begin with, and the bytes that mean something to what reads them. */
typedef struct corpus {
    const char *const *seeds;
    size_t n_seeds;
    const char *favourites;
    size_t n_favourites;
} corpus;

static uint64_t draw(uint64_t *state, uint64_t below)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (*state >> 33) % below;
}

/* Replaces, removes, inserts or repeats a few bytes. */
static size_t mutate(const corpus *c, uint8_t *bytes, size_t size, uint64_t *state)
{
    for (uint64_t n = draw(state, 6); n > 0 && size > 1; n--) {
        const size_t at = draw(state, size), length = draw(state, size - at);
        const uint8_t byte = (uint8_t)c->favourites[draw(state, c->n_favourites)];
        switch (draw(state, 4)) {
        case 0:
            bytes[at] = byte;
            break;
        case 1:
            memmove(bytes + at, bytes + at + 1, size - at - 1);
            size--;
            break;
        case 2:
            if (size < FUZZ_ROOM) {
                memmove(bytes + at + 1, bytes + at, size - at);
                bytes[at] = byte;
                size++;
            }
            break;
        default:
            if (size + length <= FUZZ_ROOM) {
                memmove(bytes + at + length, bytes + at, size - at);
                size += length;
            }
        }
    }
    return size;
}

static void fuzz_mutants(const corpus *c, size_t mutants)
{
    uint64_t state = 2385;
    for (size_t i = 0; i < mutants; i++) {
        uint8_t bytes[FUZZ_ROOM];
        const char *seed = c->seeds[i % c->n_seeds];
        size_t size = strlen(seed);
        memcpy(bytes, seed, size);
        size = mutate(c, bytes, size, &state);
        LLVMFuzzerTestOneInput(bytes, size);
    }
}

static void fuzz_cuts(const corpus *c)
{
    for (size_t i = 0; i < c->n_seeds; i++)
        for (size_t size = 0; size <= strlen(c->seeds[i]); size++)
            LLVMFuzzerTestOneInput((const uint8_t *)c->seeds[i], size);
}

#endif
