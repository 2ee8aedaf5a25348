/* One linear equation for every class of noise, whose moments up to the fifth degree are known: weak errors
 * have no statistical error on it.
 *
 *   dU = (a (1 + t) + A U) dt + sum over j of (b_j + B_j U) (1 + t / 2) dW_j
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef NSDE_TESTS_LINEAR_H
#define NSDE_TESTS_LINEAR_H

#include "problems/one_step.h"

typedef struct linear_system {
    const char *name;
    nsde_noise_class noise;
    size_t noise_dim;
    bool second_order;
    double a[2], A[2][2], b[2][2], B[2][2][2];
} linear_system;

/* B_2 = 0.4 - B_1 / 2 commutes with B_1; of the general ones neither commutes with the other. */
static const linear_system linear_systems[] = {
    {.name = "additive",
     .noise = NSDE_NOISE_ADDITIVE,
     .noise_dim = 2,
     .a = {0.3, -0.2},
     .A = {{-0.7, 0.4}, {0.5, -0.6}},
     .b = {{0.5, -0.2}, {0.1, 0.6}}},
    {.name = "second order",
     .noise = NSDE_NOISE_ADDITIVE,
     .noise_dim = 1,
     .second_order = true,
     .a = {0.0, 0.4},
     .A = {{0.0, 1.0}, {-1.3, -0.5}},
     .b = {{0.0, 0.6}}},
    {.name = "scalar",
     .noise = NSDE_NOISE_SCALAR,
     .noise_dim = 1,
     .a = {0.3, -0.2},
     .A = {{-0.7, 0.4}, {0.5, -0.6}},
     .b = {{0.5, 0.3}},
     .B = {{{0.6, 0.2}, {0.1, 0.5}}}},
    {.name = "diagonal",
     .noise = NSDE_NOISE_DIAGONAL,
     .noise_dim = 2,
     .a = {0.3, -0.2},
     .A = {{-0.7, 0.4}, {0.5, -0.6}},
     .b = {{0.2, 0.0}, {0.0, 0.3}},
     .B = {{{0.6, 0.0}, {0.0, 0.0}}, {{0.0, 0.0}, {0.0, 0.5}}}},
    {.name = "commutative",
     .noise = NSDE_NOISE_COMMUTATIVE,
     .noise_dim = 2,
     .a = {0.3, -0.2},
     .A = {{-0.7, 0.4}, {0.5, -0.6}},
     .B = {{{0.5, 0.3}, {-0.2, 0.4}}, {{0.15, -0.15}, {0.1, 0.2}}}},
    {.name = "general",
     .noise = NSDE_NOISE_GENERAL,
     .noise_dim = 2,
     .a = {0.3, -0.2},
     .A = {{-0.7, 0.4}, {0.5, -0.6}},
     .b = {{0.2, 0.1}, {-0.1, 0.3}},
     .B = {{{0.5, 0.2}, {0.0, -0.3}}, {{0.1, -0.4}, {0.6, 0.2}}}},
};
enum { LINEAR_SYSTEMS = sizeof linear_systems / sizeof *linear_systems };

/* offset + M x, [2] */
static inline nsde_var affine(const double offset[2], const double M[2][2], nsde_var scale, nsde_var x)
{
    nsde_var rows[2];
    for (int i = 0; i < 2; i++) {
        const nsde_var product =
            nsde_add(nsde_mul_real(nsde_row(x, 0), M[i][0]), nsde_mul_real(nsde_row(x, 1), M[i][1]));
        rows[i] = nsde_add(product, nsde_mul_real(scale, offset[i]));
    }
    return nsde_stack(2, rows);
}

static inline nsde_var linear_drift(const nsde_at *at)
{
    const linear_system *s = at->context;
    return affine(s->a, s->A, nsde_add_real(at->t, 1.0), at->x);
}

static inline nsde_var linear_noise(const nsde_at *at)
{
    const linear_system *s = at->context;
    const nsde_var one = nsde_real(at->tape, 1.0), size = nsde_add_real(nsde_mul_real(at->t, 0.5), 1.0);
    nsde_var columns[2], entries[4];
    for (size_t j = 0; j < s->noise_dim; j++)
        columns[j] = s->noise == NSDE_NOISE_ADDITIVE ? nsde_constant(at->tape, 2, s->b[j])
                                                     : affine(s->b[j], s->B[j], one, at->x);
    if (s->noise_dim == 1)
        return nsde_mul(columns[0], size);
    if (s->noise == NSDE_NOISE_DIAGONAL)
        return nsde_mul(nsde_stack(2, (nsde_var[]){nsde_row(columns[0], 0), nsde_row(columns[1], 1)}), size);
    for (size_t i = 0; i < 4; i++)
        entries[i] = nsde_row(columns[i % 2], i / 2);
    return nsde_mul(nsde_stack(4, entries), size);
}

static inline nsde_model *linear_model(const linear_system *s)
{
    nsde_model *model;
    const nsde_model_definition definition = {.name = s->name,
                                              .dim = 2,
                                              .noise_dim = s->noise_dim,
                                              .noise = s->noise,
                                              .second_order = s->second_order,
                                              .drift = linear_drift,
                                              .diffusion = linear_noise,
                                              .context = (void *)(uintptr_t)s};
    check_ok(nsde_model_create(&definition, &model));
    return model;
}

/* ---- moments: M[i][k] = E U_1^i U_2^k, i + k <= DEGREE ---- */

enum { DEGREE = 5 };

typedef struct moments {
    double M[DEGREE + 1][DEGREE + 1];
} moments;

/* A function of u of degree 2 times u_1^i u_2^k, in expectation; c: of 1, u_1, u_2, u_1^2, u_1 u_2, u_2^2. */
static inline double expected(const moments *m, const double c[6], int i, int k)
{
    static const int first[6] = {0, 1, 0, 2, 1, 0}, second[6] = {0, 0, 1, 0, 1, 2};
    double sum = 0.0;
    for (int n = 0; n < 6; n++)
        if (c[n] != 0.0)
            sum += c[n] * m->M[i + first[n]][k + second[n]];
    return sum;
}

/* The rate of change of the moments (Dynkin's formula). */
static inline moments moment_rates(const linear_system *s, double t, const moments *m)
{
    double f[2][6] = {{0.0}}, G[3][6] = {{0.0}}; /* G: of (1,1), (1,2), (2,2) */
    moments rates = {{{0.0}}};
    const double size = (1.0 + 0.5 * t) * (1.0 + 0.5 * t);
    for (int i = 0; i < 2; i++) {
        f[i][0] = s->a[i] * (1.0 + t);
        f[i][1] = s->A[i][0];
        f[i][2] = s->A[i][1];
    }
    for (size_t j = 0; j < s->noise_dim; j++)
        for (int n = 0; n < 3; n++) {
            const int i = n / 2, k = (n + 1) / 2;
            const double p[3] = {s->b[j][i], s->B[j][i][0], s->B[j][i][1]};
            const double q[3] = {s->b[j][k], s->B[j][k][0], s->B[j][k][1]};
            G[n][0] += size * p[0] * q[0];
            G[n][1] += size * (p[0] * q[1] + p[1] * q[0]);
            G[n][2] += size * (p[0] * q[2] + p[2] * q[0]);
            G[n][3] += size * p[1] * q[1];
            G[n][4] += size * (p[1] * q[2] + p[2] * q[1]);
            G[n][5] += size * p[2] * q[2];
        }
    for (int i = 0; i <= DEGREE; i++)
        for (int k = 0; i + k <= DEGREE; k++) {
            double *r = &rates.M[i][k];
            *r += i > 0 ? i * expected(m, f[0], i - 1, k) : 0.0;
            *r += k > 0 ? k * expected(m, f[1], i, k - 1) : 0.0;
            *r += i > 1 ? 0.5 * i * (i - 1) * expected(m, G[0], i - 2, k) : 0.0;
            *r += i > 0 && k > 0 ? i * k * expected(m, G[1], i - 1, k - 1) : 0.0;
            *r += k > 1 ? 0.5 * k * (k - 1) * expected(m, G[2], i, k - 2) : 0.0;
        }
    return rates;
}

static inline moments moments_plus(const moments *m, double h, const moments *rates)
{
    moments sum;
    for (int i = 0; i <= DEGREE; i++)
        for (int k = 0; k <= DEGREE; k++)
            sum.M[i][k] = m->M[i][k] + h * rates->M[i][k];
    return sum;
}

static inline moments moments_at(const double x[2])
{
    moments m;
    for (int i = 0; i <= DEGREE; i++)
        for (int k = 0; k <= DEGREE; k++)
            m.M[i][k] = pow(x[0], i) * pow(x[1], k);
    return m;
}

/* The solution's moments from those at t to those at t + h, by the classical Runge-Kutta scheme. */
static inline moments moments_after(const linear_system *s, moments m, double t, double h, int steps)
{
    for (int n = 0; n < steps; n++) {
        const double d = h / steps, at = t + d * n;
        const moments k1 = moment_rates(s, at, &m), y2 = moments_plus(&m, 0.5 * d, &k1);
        const moments k2 = moment_rates(s, at + 0.5 * d, &y2), y3 = moments_plus(&m, 0.5 * d, &k2);
        const moments k3 = moment_rates(s, at + 0.5 * d, &y3), y4 = moments_plus(&m, d, &k3);
        const moments k4 = moment_rates(s, at + d, &y4);
        m = moments_plus(&m, d / 6.0, &k1);
        m = moments_plus(&m, d / 3.0, &k2);
        m = moments_plus(&m, d / 3.0, &k3);
        m = moments_plus(&m, d / 6.0, &k4);
    }
    return m;
}

#endif
