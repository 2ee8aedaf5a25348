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

/* The fifth-order solution; the seventh stage serves error estimates alone. */
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

/* x + h sum_j weights_j k_j over the first n slopes. */
static nsde_var moved(const nsde_step_at *at, int n, const double *weights, const nsde_var *k)
{
    nsde_var x = at->x;
    for (int j = 0; j < n; j++)
        if (weights[j] != 0.0)
            x = nsde_add(x, nsde_mul(nsde_mul_real(at->h, weights[j]), k[j]));
    return x;
}

static nsde_var record(const nsde_step_at *at, const tableau *T)
{
    nsde_var k[STAGES];
    for (int i = 0; i < T->stages; i++)
        k[i] = nsde_step_drift(at, moved(at, i, T->A[i], k), nsde_add(at->t, nsde_mul_real(at->h, T->c[i])));
    return moved(at, T->stages, T->b, k);
}

static nsde_var record_rk4(const nsde_step_at *at)
{
    return record(at, &classical);
}

static nsde_var record_dormand_prince(const nsde_step_at *at)
{
    return record(at, &dormand_prince);
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
    .title = "Dormand-Prince of order 5, fixed steps",
    .source = "Dormand and Prince 1980",
    .strong_order = 5.0,
    .weak_order = 5.0,
    .commutative_order = 5.0,
    .additive_order = 5.0,
    .calculus = NSDE_ITO,
    .noise = NSDE_NOISE_ADDITIVE,
    .deterministic = true,
    .record = record_dormand_prince,
};
