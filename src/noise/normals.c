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

/* Ratios of polynomials in three regions of Wichura (1988): numerator and denominator, lowest power first. */
static const double middle[2][8] = {
    {3.3871328727963666080e0, 1.3314166789178437745e2, 1.9715909503065514427e3, 1.3731693765509461125e4,
     4.5921953931549871457e4, 6.7265770927008700853e4, 3.3430575583588128105e4, 2.5090809287301226727e3},
    {1.0, 4.2313330701600911252e1, 6.8718700749205790830e2, 5.3941960214247511077e3, 2.1213794301586595867e4,
     3.9307895800092710610e4, 2.8729085735721942674e4, 5.2264952788528545610e3}};
static const double outer[2][8] = {
    {1.42343711074968357734e0, 4.63033784615654529590e0, 5.76949722146069140550e0, 3.64784832476320460504e0,
     1.27045825245236838258e0, 2.41780725177450611770e-1, 2.27238449892691845833e-2,
     7.74545014278341407640e-4},
    {1.0, 2.05319162663775882187e0, 1.67638483018380384940e0, 6.89767334985100004550e-1,
     1.48103976427480074590e-1, 1.51986665636164571966e-2, 5.47593808499534494600e-4,
     1.05075007164441684324e-9}};
static const double far[2][8] = {
    {6.65790464350110377720e0, 5.46378491116411436990e0, 1.78482653991729133580e0, 2.96560571828504891230e-1,
     2.65321895265761230930e-2, 1.24266094738807843860e-3, 2.71155556874348757815e-5,
     2.01033439929228813265e-7},
    {1.0, 5.99832206555887937690e-1, 1.36929880922735805310e-1, 1.48753612908506148525e-2,
     7.86869131145613259100e-4, 1.84631831751005468180e-5, 1.42151175831644588870e-7,
     2.04426310338993978564e-15}};

LANE double polynomial(const double c[8], double x)
{
    double p = c[7];
    for (int k = 6; k >= 0; k--)
        p = p * x + c[k];
    return p;
}

LANE double normal_quantile(double u)
{
    const double q = u - 0.5, smaller = u < 1.0 - u ? u : 1.0 - u;
    const double r = sqrt(-logarithm(smaller)), near = 0.180625 - q * q;
    const double one = polynomial(outer[0], r - 1.6) / polynomial(outer[1], r - 1.6);
    const double two = polynomial(far[0], r - 5.0) / polynomial(far[1], r - 5.0);
    const double tail = r <= 5.0 ? one : two;
    const double centre = q * (polynomial(middle[0], near) / polynomial(middle[1], near));
    return near >= 0.0 ? centre : q < 0.0 ? -tail : tail;
}

static NSDE_CLONES void normal_quantiles(const uint64_t *words, size_t n, double *z)
{
#pragma omp simd
    for (size_t i = 0; i < n; i++)
        z[i] = normal_quantile(open_unit(words[i]));
}

void nsde_normal_quantiles(const uint64_t *words, size_t n, double *z)
{
    normal_quantiles(words, n, z);
}

double nsde_cosine_of_turn(uint64_t numerator, uint64_t denominator)
{
    const uint64_t eighths = 8 * numerator / denominator; /* of a turn */
    const uint64_t quarters = (eighths + 1) / 2;
    const double rest = ((double)(4 * numerator) - (double)(quarters * denominator)) / (double)denominator;
    const double x = rest * (0.5 * NSDE_PI), even = small_cosine(x), odd = small_sine(x);
    return quarters % 4 == 0 ? even : quarters % 4 == 1 ? -odd : quarters % 4 == 2 ? -even : odd;
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
