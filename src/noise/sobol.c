/* Sobol's sequence with the direction numbers of Joe and Kuo (2008), linearly scrambled.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "noise/sobol.h"

#include "noise/normals.h"

enum { BITS = NSDE_SOBOL_BITS };

const uint16_t nsde_sobol_polynomials[NSDE_SOBOL_DIMENSIONS - 1] = {
#include "noise/sobol_polynomials.def"
};
static const uint16_t numbers[] = {
#include "noise/sobol_numbers.def"
};

/* m_k of a primitive polynomial of degree s, from m_0 … m_(s-1) (Joe and Kuo 2008, equation 2, counted from
 * 0): m_k = 2 a_1 m_(k-1) + … + 2^s m_(k-s) + m_(k-s), modulo 2. */
static void recur(unsigned polynomial, int s, uint64_t m[BITS])
{
    for (int k = s; k < BITS; k++) {
        m[k] = m[k - s];
        for (int i = 1; i <= s; i++)
            if (polynomial >> (s - i) & 1)
                m[k] ^= m[k - i] << i;
    }
}

void nsde_sobol_sequence(size_t n, nsde_sobol_dimension *dimensions)
{
    const uint16_t *next = numbers;
    for (size_t d = 0; d < n; d++) {
        uint64_t m[BITS];
        int s = 0;
        for (int k = 0; k < BITS; k++)
            m[k] = 1; /* the first dimension reverses the bits of the number */
        if (d > 0) {
            while (nsde_sobol_polynomials[d - 1] >> (s + 1))
                s++;
            for (int k = 1; k < s; k++)
                m[k] = *next++;
            recur(nsde_sobol_polynomials[d - 1], s, m);
        }
        for (int k = 0; k < BITS; k++)
            dimensions[d].directions[k] = m[k] << (63 - k);
        dimensions[d].shift = 0;
    }
}

/* Four words of Philox of a dimension, as two of 64 bits. */
static void draw(uint64_t seed, size_t d, uint32_t number, uint64_t words[2])
{
    uint32_t w[4];
    const uint32_t at[4] = {number, (uint32_t)d | (uint32_t)NSDE_DRAW_SCRAMBLING << 20, 0, 0};
    nsde_philox(at, (const uint32_t[2]){(uint32_t)seed, (uint32_t)(seed >> 32)}, w);
    words[0] = w[0] | (uint64_t)w[1] << 32;
    words[1] = w[2] | (uint64_t)w[3] << 32;
}

/* Each binary digit becomes itself plus random multiples of those before it (Matousek 1998): digit k of a
 * number adds column k, 1 in its own place and random digits after it. */
void nsde_sobol_scramble(uint64_t seed, size_t n, nsde_sobol_dimension *dimensions)
{
    for (size_t d = 0; d < n; d++) {
        uint64_t columns[BITS], shift[2];
        for (uint32_t k = 0; k < BITS; k += 2)
            draw(seed, d, k / 2, columns + k);
        draw(seed, d, BITS / 2, shift);
        for (int k = 0; k < BITS; k++) {
            const uint64_t own = (uint64_t)1 << (63 - k);
            columns[k] = own | (columns[k] & (own - 1));
        }
        for (int j = 0; j < BITS; j++) {
            uint64_t sum = 0;
            for (int k = 0; k < BITS; k++)
                if (dimensions[d].directions[j] >> (63 - k) & 1)
                    sum ^= columns[k];
            dimensions[d].directions[j] = sum;
        }
        dimensions[d].shift = shift[0];
    }
}

void nsde_sobol_points(const nsde_sobol_dimension *dimension, uint64_t first, size_t n, uint64_t *points)
{
    uint32_t number = (uint32_t)first;
    uint64_t x = dimension->shift;
    for (uint32_t gray = number ^ number >> 1, k = 0; gray >> k; k++) {
        if (gray >> k & 1)
            x ^= dimension->directions[k];
        if (k == BITS - 1)
            break;
    }
    for (size_t i = 0; i < n; i++) { /* codes of neighbours differ in one bit */
        points[i] = x;
        number++;
        x ^= number ? dimension->directions[__builtin_ctz(number)] : dimension->directions[BITS - 1];
    }
}
