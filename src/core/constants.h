/* Mathematical constants that C11 does not name.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef NSDE_CORE_CONSTANTS_H
#define NSDE_CORE_CONSTANTS_H

#define NSDE_PI         3.14159265358979323846
#define NSDE_2_SQRT_PI  1.12837916709551257390 /* 2 / sqrt(pi) */
#define NSDE_1_SQRT_2PI 0.39894228040143267794 /* 1 / sqrt(2 pi) */
#define NSDE_LOG_2PI    1.83787706640934548356 /* log(2 pi) */
#define NSDE_SQRT1_2    0.70710678118654752440 /* sqrt(1 / 2) */
#define NSDE_LN2        0.69314718055994530942 /* log(2) */

#endif
