/* The fuzz target on mutations that are the same every time.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "fuzz/fuzz_csv.c"
#include "harness.h"

enum { MUTANTS = 20000, ROOM = 512 };

static const char *const seeds[] = {
    "t,x\n0,1\n1,2\n2,3.5e-3\n",
    "\xEF\xBB\xBFt;\"x\"\r\n1999-01-31;NA\r\n1999-02-28;\"7\"\r\n",
    "note\tt\tx\n\"a \"\"b\"\"\nc\"\t0.5\t.\n d\t1\t-2\n\n",
    "x\n1\n2\n\n\n",
};

static uint64_t draw(uint64_t *state, uint64_t below)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (*state >> 33) % below;
}

/* Replaces, removes, inserts or repeats a few bytes. */
static size_t mutate(uint8_t *bytes, size_t size, uint64_t *state)
{
    static const char favourites[] = "\",;\t\r\n .-eE0159xtnaNA\0\xEF";
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

START_TEST(no_mutant_breaks_the_reader)
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

START_TEST(no_cut_breaks_the_reader)
{
    for (size_t i = 0; i < sizeof seeds / sizeof *seeds; i++)
        for (size_t size = 0; size <= strlen(seeds[i]); size++)
            LLVMFuzzerTestOneInput((const uint8_t *)seeds[i], size);
}
END_TEST

void test_cases(TCase *cases)
{
    tcase_add_test(cases, no_mutant_breaks_the_reader);
    tcase_add_test(cases, no_cut_breaks_the_reader);
}
