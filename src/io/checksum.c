/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "io/checksum.h"

static const uint64_t polynomial = 0xC96C5795D7870F42u; /* ECMA-182, bits reversed */

uint64_t nsde_checksum(uint64_t before, const void *bytes, size_t size)
{
    const unsigned char *byte = bytes;
    uint64_t table[256], rest = ~before;
    for (unsigned i = 0; i < 256; i++) {
        table[i] = i;
        for (int bit = 0; bit < 8; bit++)
            table[i] = table[i] >> 1 ^ (table[i] & 1 ? polynomial : 0);
    }
    for (size_t i = 0; i < size; i++)
        rest = rest >> 8 ^ table[(rest ^ byte[i]) & 0xFF];
    return ~rest;
}
