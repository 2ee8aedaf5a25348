/* Levy areas of the steps of a grid.
 *
 * On a step of length h the bridge B = W - (r / h) dW is the Fourier series sum_k a_k (cos(2 pi k r / h) - 1)
 * + b_k sin(2 pi k r / h) with a_k, b_k ~ N(0, h / (2 pi^2 k^2)) (Kloeden, Platen and Wright 1992), so that
 * H = -sum_k a_k and A_ij = H_i dW_j - dW_i H_j + pi sum_k k (a_ik b_jk - b_ik a_jk). H is drawn first; the
 * a_k are then drawn given H, and what is left of the last sum becomes a normal number of its variance
 * h^2 / (2 pi^2) sum_k 1 / k^2, k over the rest (Wiktorsson 2001). Without terms the variance is h^2 / 12
 * (Davie 2014).
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <string.h>

#include "core/constants.h"
#include "noise/brownian.h"
#include "noise/normals.h"

enum { LANES = NSDE_NORMAL_BLOCK };

/* One step of a block of lanes. */
typedef struct area_step {
    uint64_t seed, step, lane; /* lane: the first */
    double h;
    size_t terms;
} area_step;

/* Standard normals of a draw whose even and odd numbers are for steps 2 k and 2 k + 1. */
static void draw_by_parity(const area_step *s, nsde_draw draw, size_t component, double scale, double *z)
{
    double even[LANES], odd[LANES];
    const nsde_draw_at at = {s->seed, draw, s->step / 2, (uint32_t)component};
    nsde_normal_pairs(&at, s->lane, scale, even, odd);
    memcpy(z, s->step % 2 ? odd : even, sizeof even);
}

/* Normals of term k (from 1) of a component, or with k = 0 of the rest of the sum of a_k. */
static void draw_term(const area_step *s, size_t component, size_t k, double scale, double *a, double *b)
{
    const nsde_draw_at at = {s->seed, NSDE_DRAW_FOURIER, s->step << 10 | k, (uint32_t)component};
    nsde_normal_pairs(&at, s->lane, scale, a, b);
}

static double term_deviation(double h, size_t k)
{
    return sqrt(0.5 * h) / (NSDE_PI * (double)k);
}

/* 1 / k^2 summed over k > n. */
static double rest_of_squares(size_t n)
{
    double sum = NSDE_PI * NSDE_PI / 6.0;
    for (size_t k = 1; k <= n; k++)
        sum -= 1.0 / (double)(k * k);
    return fmax(sum, 0.0);
}

/* What the condition sum_k a_k = -H adds to a_k, per unit of its variance. */
static void condition(const area_step *s, size_t component, const double *H, double *shift)
{
    double a[LANES], b[LANES];
    const double rest = 0.5 * s->h / (NSDE_PI * NSDE_PI) * rest_of_squares(s->terms);
    for (size_t i = 0; i < LANES; i++)
        shift[i] = -H[i];
    for (size_t k = 0; k <= s->terms; k++) {
        draw_term(s, component, k, k ? term_deviation(s->h, k) : sqrt(rest), a, b);
        for (size_t i = 0; i < LANES; i++)
            shift[i] -= a[i];
    }
    for (size_t i = 0; i < LANES; i++)
        shift[i] *= 12.0 / s->h;
}

/* Adds the terms of the series for components `one` and `other`. */
static void add_terms(const area_step *s, size_t one, size_t other, const double *H_one,
                      const double *H_other, double *A)
{
    double shift[2][LANES], a[2][LANES], b[2][LANES];
    condition(s, one, H_one, shift[0]);
    condition(s, other, H_other, shift[1]);
    for (size_t k = 1; k <= s->terms; k++) {
        const double deviation = term_deviation(s->h, k), variance = deviation * deviation;
        draw_term(s, one, k, deviation, a[0], b[0]);
        draw_term(s, other, k, deviation, a[1], b[1]);
        for (size_t i = 0; i < LANES; i++) {
            const double left = a[0][i] + variance * shift[0][i], right = a[1][i] + variance * shift[1][i];
            A[i] += NSDE_PI * (double)k * (left * b[1][i] - b[0][i] * right);
        }
    }
}

/* A block of lanes of one row, with zeros where the panel ends. */
static void load(const double *row, size_t count, double *block)
{
    memset(block, 0, LANES * sizeof *block);
    memcpy(block, row, count * sizeof *block);
}

/* Rows of one step: increments and space-time areas are there already. */
static void levy_areas(const area_step *s, size_t components, size_t stride, size_t count, double *rows)
{
    double W[2][LANES], H[2][LANES], A[LANES];
    const double rest = s->h * sqrt(0.5 * rest_of_squares(s->terms)) / NSDE_PI;
    size_t pair = 0;
    for (size_t i = 0; i < components; i++)
        for (size_t j = i + 1; j < components; j++, pair++) {
            load(rows + i * stride, count, W[0]);
            load(rows + j * stride, count, W[1]);
            load(rows + (components + i) * stride, count, H[0]);
            load(rows + (components + j) * stride, count, H[1]);
            draw_by_parity(s, NSDE_DRAW_LEVY, pair, rest, A);
            if (s->terms)
                add_terms(s, i, j, H[0], H[1], A);
            for (size_t k = 0; k < LANES; k++)
                A[k] += H[0][k] * W[1][k] - W[0][k] * H[1][k];
            memcpy(rows + (2 * components + pair) * stride, A, count * sizeof *A);
        }
}

void nsde_grid_areas(uint64_t seed, size_t components, size_t terms, const nsde_increments_at *at,
                     uint64_t step, double *rows)
{
    for (size_t done = 0; done < at->stride; done += LANES) {
        const size_t left = at->stride - done, count = left < LANES ? left : LANES;
        const area_step s = {seed, step, at->first_path + done, at->h, terms};
        levy_areas(&s, components, at->stride, count, rows + done);
    }
}
