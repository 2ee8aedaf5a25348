/* The fuzz target on mutations that are the same every time.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "fuzz/fuzz_text.c"
#include "harness.h"

enum { MUTANTS = 6000, ROOM = 256 };

static const char *const seeds[] = {
    "a*(0.06-x)",
    "a*x2; -x1 + mlp(3,2,silu)",
    "1, 0; a, select(x1, exp(-2e-3), x2^2^-1)",
    "kappa=0.5:0:, mu=0.06, sigma=.02:0:1e3",
    "exp(-0.05*t)*max(x1[0]-mean(x2), largest(x1))",
};

static uint64_t draw(uint64_t *state, uint64_t below)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (*state >> 33) % below;
}

/* Replaces, removes, inserts or repeats a few bytes. */
static size_t mutate(uint8_t *bytes, size_t size, uint64_t *state)
{
    static const char favourites[] = "+-*/^(),;:=[]. \nxat12eE9_\0\xC3";
    for (uint64_t n = draw(state, 6); n > 0 && size > 1; n--) {
        const size_t at = draw(state, size), length = draw(state, size - at);
        const uint8_t byte = (uint8_t)favourites[draw(state, sizeof favourites - 1)];
        switch (draw(state, 4)) {
        case 0:
            bytes[at] = byte;
            break;
        case 1:
            memmove(bytes + at, bytes + at + 1, size - at - 1);
            size--;
            break;
        case 2:
            if (size < ROOM) {
                memmove(bytes + at + 1, bytes + at, size - at);
                bytes[at] = byte;
                size++;
            }
            break;
        default:
            if (size + length <= ROOM) {
                memmove(bytes + at + length, bytes + at, size - at);
                size += length;
            }
        }
    }
    return size;
}

START_TEST(no_mutant_breaks_the_parser)
{
    uint64_t state = 2385;
    for (size_t i = 0; i < MUTANTS; i++) {
        uint8_t bytes[ROOM];
        const char *seed = seeds[i % (sizeof seeds / sizeof *seeds)];
        size_t size = strlen(seed);
        memcpy(bytes, seed, size);
        size = mutate(bytes, size, &state);
        LLVMFuzzerTestOneInput(bytes, size);
    }
}
END_TEST

START_TEST(no_cut_breaks_the_parser)
{
    for (size_t i = 0; i < sizeof seeds / sizeof *seeds; i++)
        for (size_t size = 0; size <= strlen(seeds[i]); size++)
            LLVMFuzzerTestOneInput((const uint8_t *)seeds[i], size);
}
END_TEST

void test_cases(TCase *cases)
{
    tcase_add_test(cases, no_mutant_breaks_the_parser);
    tcase_add_test(cases, no_cut_breaks_the_parser);
}
