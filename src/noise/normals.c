/* Vector normals by Box and Muller (1958). The logarithm and the circular functions are series on reduced
 * arguments, written out: exact to about 2 units in the last place, and the same bits on every machine.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "noise/normals.h"

#include <math.h>
#include <string.h>

#include "core/constants.h"
#include "core/simd.h"
#include "noise/philox.h"
#include "nsde/noise.h"

#define LANE static inline __attribute__((always_inline))

/* Adding this to a small number leaves its nearest integer in the low bits. */
static const double to_integer = 0x1.8p52;

LANE double from_bits(uint64_t bits)
{
    double x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

LANE uint64_t to_bits(double x)
{
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

/* The upper 52 bits as a number strictly between 0 and 1: (m + 1/2) / 2^52. */
LANE double open_unit(uint64_t word)
{
    return from_bits(word >> 12 | to_bits(1.0)) - (1.0 - 0x1p-53);
}

/* log(u) for a normal u > 0: u = 2^e m with m in [sqrt(1/2), sqrt(2)), log m = 2 artanh((m - 1) / (m + 1)).
 */
LANE double logarithm(double u)
{
    const uint64_t bits = to_bits(u);
    const int64_t e = (int64_t)(bits - to_bits(NSDE_SQRT1_2)) >> 52;
    const double m = from_bits(bits - ((uint64_t)e << 52));
    const double exponent = from_bits((uint64_t)(e + (int64_t)to_bits(to_integer))) - to_integer;
    const double s = (m - 1.0) / (m + 1.0), z = s * s;
    double p = 1.0 / 23.0;
    p = p * z + 1.0 / 21.0;
    p = p * z + 1.0 / 19.0;
    p = p * z + 1.0 / 17.0;
    p = p * z + 1.0 / 15.0;
    p = p * z + 1.0 / 13.0;
    p = p * z + 1.0 / 11.0;
    p = p * z + 1.0 / 9.0;
    p = p * z + 1.0 / 7.0;
    p = p * z + 1.0 / 5.0;
    p = p * z + 1.0 / 3.0;
    return exponent * NSDE_LN2 + (2.0 * s + 2.0 * s * z * p);
}

/* sin(x) and cos(x) for |x| <= pi / 4 by their Taylor series. */
LANE double small_sine(double x)
{
    const double z = x * x;
    double p = -1.0 / 1307674368000.0;
    p = p * z + 1.0 / 6227020800.0;
    p = p * z - 1.0 / 39916800.0;
    p = p * z + 1.0 / 362880.0;
    p = p * z - 1.0 / 5040.0;
    p = p * z + 1.0 / 120.0;
    p = p * z - 1.0 / 6.0;
    return x + x * z * p;
}

LANE double small_cosine(double x)
{
    const double z = x * x;
    double p = 1.0 / 20922789888000.0;
    p = p * z - 1.0 / 87178291200.0;
    p = p * z + 1.0 / 479001600.0;
    p = p * z - 1.0 / 3628800.0;
    p = p * z + 1.0 / 40320.0;
    p = p * z - 1.0 / 720.0;
    p = p * z + 1.0 / 24.0;
    p = p * z - 0.5;
    return 1.0 + z * p;
}

/* The angle 2 pi v is q quarter turns and at most an eighth more: turning by a quarter takes (cos, sin) to
 * (-sin, cos). */
LANE void box_muller(uint64_t radius_bits, uint64_t angle_bits, double scale, double *cosine, double *sine)
{
    const double quarters = 4.0 * open_unit(angle_bits), shifted = quarters + to_integer;
    const uint64_t q = to_bits(shifted);
    const double rest = (quarters - (shifted - to_integer)) * (0.5 * NSDE_PI);
    const double s = small_sine(rest), c = small_cosine(rest);
    const double radius = scale * sqrt(-2.0 * logarithm(open_unit(radius_bits)));
    const uint64_t x = to_bits(q & 1 ? s : c) ^ ((q + 1) & 2) << 62, y = to_bits(q & 1 ? c : s) ^ (q & 2)
                                                                                                      << 62;
    *cosine = radius * from_bits(x);
    *sine = radius * from_bits(y);
}

static NSDE_CLONES void box_muller_block(const uint64_t *radius, const uint64_t *angle, double scale,
                                         double *cosine, double *sine)
{
#pragma omp simd
    for (size_t i = 0; i < NSDE_NORMAL_BLOCK; i++)
        box_muller(radius[i], angle[i], scale, &cosine[i], &sine[i]);
}

void nsde_box_muller(const uint64_t *radius, const uint64_t *angle, double scale, double *cosine,
                     double *sine)
{
    box_muller_block(radius, angle, scale, cosine, sine);
}

static NSDE_CLONES void normal_pairs_block(const nsde_draw_at *at, uint64_t first_lane, double scale,
                                           double *even, double *odd)
{
    uint64_t radius[NSDE_NORMAL_BLOCK], angle[NSDE_NORMAL_BLOCK];
    const uint64_t low = (uint32_t)at->pair;
    const uint64_t high = at->component | (uint64_t)at->draw << 20 | (at->pair >> 32) << 24;
    const uint32_t key0 = (uint32_t)at->seed, key1 = (uint32_t)(at->seed >> 32);
#pragma omp simd
    for (size_t i = 0; i < NSDE_NORMAL_BLOCK; i++) {
        const uint64_t lane = first_lane + i;
        const nsde_philox_words block =
            nsde_philox_rounds((nsde_philox_words){{low, high, (uint32_t)lane, lane >> 32}}, key0, key1);
        radius[i] = block.w[0] | block.w[1] << 32;
        angle[i] = block.w[2] | block.w[3] << 32;
    }
#pragma omp simd
    for (size_t i = 0; i < NSDE_NORMAL_BLOCK; i++)
        box_muller(radius[i], angle[i], scale, &even[i], &odd[i]);
}

void nsde_normal_pairs(const nsde_draw_at *at, uint64_t first_lane, double scale, double *even, double *odd)
{
    normal_pairs_block(at, first_lane, scale, even, odd);
}

/* Normal number i of a stream is in chunk i / 128: the even normals of 64 lanes, then the odd ones. */
void nsde_normals(uint64_t seed, uint64_t stream, uint64_t first, size_t n, double *z)
{
    enum { CHUNK = 2 * NSDE_NORMAL_BLOCK };
    const nsde_draw_at at = {.seed = seed, .draw = NSDE_DRAW_STREAM, .pair = stream};
    double chunk[CHUNK];
    for (size_t done = 0; done < n;) {
        const size_t skip = (first + done) % CHUNK, left = n - done;
        const size_t count = left < CHUNK - skip ? left : CHUNK - skip;
        const uint64_t lane = (first + done) / CHUNK * NSDE_NORMAL_BLOCK;
        double *to = count == CHUNK ? z + done : chunk;
        nsde_normal_pairs(&at, lane, 1.0, to, to + NSDE_NORMAL_BLOCK);
        if (to == chunk)
            memcpy(z + done, chunk + skip, count * sizeof *z);
        done += count;
    }
}
