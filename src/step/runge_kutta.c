/* Runge-Kutta schemes for equations without noise.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "step/step.h"

enum { STAGES = 6 };

/* Butcher's tableau of an explicit scheme; rows of A are stages. */
typedef struct tableau {
    int stages;
    double c[STAGES], A[STAGES][STAGES], b[STAGES];
} tableau;

static const tableau classical = {
    .stages = 4,
    .c = {0.0, 0.5, 0.5, 1.0},
    .A = {{0.0}, {0.5}, {0.0, 0.5}, {0.0, 0.0, 1.0}},
    .b = {1.0 / 6.0, 1.0 / 3.0, 1.0 / 3.0, 1.0 / 6.0},
};

/* The fifth-order solution. */
static const tableau dormand_prince = {
    .stages = 6,
    .c = {0.0, 0.2, 0.3, 0.8, 8.0 / 9.0, 1.0},
    .A = {{0.0},
          {0.2},
          {3.0 / 40.0, 9.0 / 40.0},
          {44.0 / 45.0, -56.0 / 15.0, 32.0 / 9.0},
          {19372.0 / 6561.0, -25360.0 / 2187.0, 64448.0 / 6561.0, -212.0 / 729.0},
          {9017.0 / 3168.0, -355.0 / 33.0, 46732.0 / 5247.0, 49.0 / 176.0, -5103.0 / 18656.0}},
    .b = {35.0 / 384.0, 0.0, 500.0 / 1113.0, 125.0 / 192.0, -2187.0 / 6784.0, 11.0 / 84.0},
};

/* The difference of the solutions of order 5 and 4, by stages; the seventh is at the solution. */
static const double dormand_prince_error[] = {
    71.0 / 57600.0, 0.0, -71.0 / 16695.0, 71.0 / 1920.0, -17253.0 / 339200.0, 22.0 / 525.0, -1.0 / 40.0};

/* Of the interpolant of order 4, by stages (Hairer, Norsett and Wanner 1993, section II.6). */
static const double dormand_prince_dense[] = {-12715105075.0 / 11282082432.0,  0.0,
                                              87487479700.0 / 32700410799.0,   -10690763975.0 / 1880347072.0,
                                              701980252875.0 / 199316789632.0, -1453857185.0 / 822651844.0,
                                              69997945.0 / 29380423.0};

/* h sum_j weights_j k_j over the first n slopes, added to x. */
static nsde_var plus(const nsde_step_at *at, nsde_var x, int n, const double *weights, const nsde_var *k)
{
    for (int j = 0; j < n; j++)
        if (weights[j] != 0.0)
            x = nsde_add(x, nsde_mul(nsde_mul_real(at->h, weights[j]), k[j]));
    return x;
}

/* The solution, and the slopes of the stages. */
static nsde_var record(const nsde_step_at *at, const tableau *T, nsde_var *k)
{
    for (int i = 0; i < T->stages; i++)
        k[i] = nsde_step_drift(at, plus(at, at->x, i, T->A[i], k),
                               nsde_add(at->t, nsde_mul_real(at->h, T->c[i])));
    return plus(at, at->x, T->stages, T->b, k);
}

static nsde_var record_rk4(const nsde_step_at *at)
{
    nsde_var k[STAGES];
    return record(at, &classical, k);
}

static nsde_var record_dormand_prince(const nsde_step_at *at)
{
    nsde_var k[STAGES];
    return record(at, &dormand_prince, k);
}

/* With the slope at the solution as seventh stage. */
static nsde_var record_seven(const nsde_step_at *at, nsde_var *k)
{
    const nsde_var next = record(at, &dormand_prince, k);
    k[STAGES] = nsde_step_drift(at, next, nsde_add(at->t, at->h));
    return next;
}

static nsde_var error_of_dormand_prince(const nsde_step_at *at)
{
    nsde_var k[STAGES + 1];
    record_seven(at, k);
    return plus(at, nsde_mul_real(at->x, 0.0), STAGES + 1, dormand_prince_error, k);
}

/* Hermite's cubic on the step and a term of fourth degree: x + theta (d + (1 - theta) (a + theta (c + (1 -
 * theta) q))) with d the difference over the step, a = h k_1 - d, c = d - h k_7 - a. */
static nsde_var dense_dormand_prince(const nsde_step_at *at, nsde_var theta)
{
    nsde_var k[STAGES + 1];
    const nsde_var rest = nsde_sub(nsde_real(at->tape, 1.0), theta);
    const nsde_var d = nsde_sub(record_seven(at, k), at->x);
    const nsde_var a = nsde_sub(nsde_mul(k[0], at->h), d);
    const nsde_var c = nsde_sub(nsde_sub(d, nsde_mul(k[STAGES], at->h)), a);
    const nsde_var q = plus(at, nsde_mul_real(at->x, 0.0), STAGES + 1, dormand_prince_dense, k);
    const nsde_var inner = nsde_add(a, nsde_mul(nsde_add(c, nsde_mul(q, rest)), theta));
    return nsde_add(at->x, nsde_mul(nsde_add(d, nsde_mul(inner, rest)), theta));
}

const nsde_integrator nsde_integrator_rk4 = {
    .name = "rk4",
    .aliases = "runge_kutta",
    .title = "classical Runge-Kutta",
    .source = "Kutta 1901",
    .strong_order = 4.0,
    .weak_order = 4.0,
    .commutative_order = 4.0,
    .additive_order = 4.0,
    .calculus = NSDE_ITO,
    .noise = NSDE_NOISE_ADDITIVE,
    .deterministic = true,
    .record = record_rk4,
};

const nsde_integrator nsde_integrator_dormand_prince = {
    .name = "dormand_prince",
    .aliases = "dopri5 rk45",
    .title = "Dormand-Prince of order 5(4)",
    .source = "Dormand and Prince 1980",
    .strong_order = 5.0,
    .weak_order = 5.0,
    .commutative_order = 5.0,
    .additive_order = 5.0,
    .calculus = NSDE_ITO,
    .noise = NSDE_NOISE_ADDITIVE,
    .deterministic = true,
    .record = record_dormand_prince,
    .error = error_of_dormand_prince,
    .error_order = 5.0,
    .dense = dense_dormand_prince,
};
