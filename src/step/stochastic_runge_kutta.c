/* Stochastic Runge-Kutta schemes of strong order 3/2: Roessler's (2010) SRI for scalar and diagonal noise and
 * SRA for additive noise; ShARK (Foster, dos Reis and Strange 2023) for additive noise. With H0 and H1 the
 * stages of drift and diffusion,
 *
 *   H0_i = x + sum_j A0_ij f(t + c0_j h, H0_j) h + sum_j g(t + c1_j h, H1_j) (B0_ij I10 / h + C0_ij I1)
 *   H1_i = x + sum_j A1_ij f(t + c0_j h, H0_j) h + sum_j B1_ij g(t + c1_j h, H1_j) sqrt(h)
 *   x'   = x + sum_i alpha_i f(H0_i) h + sum_i (beta1_i I1 + beta2_i I11 / sqrt(h) + beta3_i I10 / h
 *              + beta4_i I111 / h) g(H1_i)
 *
 * where I1 = dW, I10 = int W dr = h (H + dW / 2), I11 = (dW^2 - h) / 2, I111 = (dW^3 - 3 h dW) / 6. For
 * additive noise there is no H1, I11 nor I111, and C0 is ShARK's alone.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "step/step.h"

enum { STAGES = 4 };

/* The coefficients of a scheme; rows of A and B are stages. */
typedef struct tableau {
    int stages;
    double c0[STAGES], c1[STAGES];
    double A0[STAGES][STAGES], B0[STAGES][STAGES], C0[STAGES][STAGES], A1[STAGES][STAGES], B1[STAGES][STAGES];
    double alpha[STAGES], beta1[STAGES], beta2[STAGES], beta3[STAGES], beta4[STAGES];
} tableau;

/* SRI1W1 there; c0 and c1 are sums of the rows of A0 and A1. */
static const tableau sri_w1 = {
    .stages = 4,
    .c0 = {0.0, 0.75, 0.0, 0.0},
    .c1 = {0.0, 0.25, 1.0, 0.25},
    .A0 = {{0.0}, {0.75}},
    .B0 = {{0.0}, {1.5}},
    .A1 = {{0.0}, {0.25}, {1.0}, {0.0, 0.0, 0.25}},
    .B1 = {{0.0}, {0.5}, {-1.0}, {-5.0, 3.0, 0.5}},
    .alpha = {1.0 / 3.0, 2.0 / 3.0},
    .beta1 = {-1.0, 4.0 / 3.0, 2.0 / 3.0},
    .beta2 = {-1.0, 4.0 / 3.0, -1.0 / 3.0},
    .beta3 = {2.0, -4.0 / 3.0, -2.0 / 3.0},
    .beta4 = {-2.0, 5.0 / 3.0, -2.0 / 3.0, 1.0},
};

static const tableau sra_1 = {
    .stages = 2,
    .c0 = {0.0, 0.75},
    .c1 = {1.0, 0.0},
    .A0 = {{0.0}, {0.75}},
    .B0 = {{0.0}, {1.5}},
    .alpha = {1.0 / 3.0, 2.0 / 3.0},
    .beta1 = {1.0, 0.0},
    .beta3 = {-1.0, 1.0},
};

/* Third order where there is no noise. */
static const tableau sra_3 = {
    .stages = 3,
    .c0 = {0.0, 1.0, 0.5},
    .c1 = {1.0, 0.0, 0.0},
    .A0 = {{0.0}, {1.0}, {0.25, 0.25}},
    .B0 = {{0.0}, {0.0}, {1.0, 0.5}},
    .alpha = {1.0 / 6.0, 1.0 / 6.0, 2.0 / 3.0},
    .beta1 = {1.0, 0.0, 0.0},
    .beta3 = {-1.0, 1.0, 0.0},
};

/* Its stages stand at g H and g (H + 5/6 dW), written by I10 / h = H + dW / 2; the noise at the end is
 * SRA1's, so that it may depend on time. */
static const tableau shark_1 = {
    .stages = 2,
    .c0 = {0.0, 5.0 / 6.0},
    .c1 = {1.0, 0.0},
    .A0 = {{0.0}, {5.0 / 6.0}},
    .B0 = {{1.0}, {1.0}},
    .C0 = {{-0.5}, {1.0 / 3.0}},
    .alpha = {0.4, 0.6},
    .beta1 = {1.0, 0.0},
    .beta3 = {-1.0, 1.0},
};

/* What multiplies the noise's columns, each [noise_dim]. */
typedef struct integrals {
    nsde_var root, I1, I10_h, I11_root, I111_h;
} integrals;

static integrals integrals_of(const nsde_step_at *at)
{
    integrals n = {.I1 = at->dW};
    const nsde_var squared = nsde_square(at->dW), three_h = nsde_mul_real(at->h, 3.0);
    n.root = nsde_sqrt(at->h);
    n.I10_h = nsde_add(at->H, nsde_mul_real(at->dW, 0.5));
    n.I11_root = nsde_div(nsde_mul_real(nsde_sub(squared, at->h), 0.5), n.root);
    n.I111_h = nsde_div(nsde_mul(nsde_mul_real(at->dW, 1.0 / 6.0), nsde_sub(squared, three_h)), at->h);
    return n;
}

/* sum += weight * a, where the weight is not 0. */
static void accumulate(nsde_var *sum, double weight, nsde_var a)
{
    if (weight != 0.0)
        *sum = sum->tape ? nsde_add(*sum, nsde_mul_real(a, weight)) : nsde_mul_real(a, weight);
}

/* The combination of integrals that stage i of the diffusion is multiplied by; void if none. */
static nsde_var weights_of(const tableau *T, const integrals *n, int i)
{
    nsde_var sum = {0};
    accumulate(&sum, T->beta1[i], n->I1);
    accumulate(&sum, T->beta2[i], n->I11_root);
    accumulate(&sum, T->beta3[i], n->I10_h);
    accumulate(&sum, T->beta4[i], n->I111_h);
    return sum;
}

static nsde_var time_of(const nsde_step_at *at, double c)
{
    return c == 0.0 ? at->t : nsde_add(at->t, nsde_mul_real(at->h, c));
}

/* The stage of the drift: g times (B0 I10 / h + C0 I1) is added to what the drifts make of it. */
static nsde_var shifted(const nsde_step_at *at, const tableau *T, const integrals *n, const nsde_var *H1,
                        int i, nsde_var H0)
{
    for (int j = 0; j <= i; j++) {
        nsde_var weights = {0};
        accumulate(&weights, T->B0[i][j], n->I10_h);
        accumulate(&weights, T->C0[i][j], n->I1);
        if (weights.tape)
            H0 = nsde_add(H0, nsde_step_noise_along(at, H1[j], time_of(at, T->c1[j]), weights));
    }
    return H0;
}

static nsde_var record(const nsde_step_at *at, const tableau *T)
{
    const integrals n = integrals_of(at);
    const nsde_var step_root = nsde_add(nsde_mul_real(at->dW, 0.0), n.root); /* sqrt(h), one a noise */
    nsde_var f[STAGES], H1[STAGES], next = at->x;
    for (int i = 0; i < T->stages; i++) {
        nsde_var H0 = at->x;
        H1[i] = at->x;
        for (int j = 0; j < i; j++) {
            const nsde_var fh = nsde_mul(f[j], at->h);
            accumulate(&H0, T->A0[i][j], fh);
            accumulate(&H1[i], T->A1[i][j], fh);
            if (T->B1[i][j] != 0.0)
                accumulate(&H1[i], T->B1[i][j],
                           nsde_step_noise_along(at, H1[j], time_of(at, T->c1[j]), step_root));
        }
        if (T->alpha[i] != 0.0) {
            f[i] = nsde_step_drift(at, shifted(at, T, &n, H1, i, H0), time_of(at, T->c0[i]));
            accumulate(&next, T->alpha[i], nsde_mul(f[i], at->h));
        } else { /* no later stage looks at it unless it is that of the first */
            f[i] = f[0];
        }
    }
    for (int i = 0; i < T->stages; i++) {
        const nsde_var weights = weights_of(T, &n, i);
        if (weights.tape)
            next = nsde_add(next, nsde_step_noise_along(at, H1[i], time_of(at, T->c1[i]), weights));
    }
    return next;
}

static nsde_var record_sriw1(const nsde_step_at *at)
{
    return record(at, &sri_w1);
}

static nsde_var record_sra1(const nsde_step_at *at)
{
    return record(at, &sra_1);
}

static nsde_var record_sra3(const nsde_step_at *at)
{
    return record(at, &sra_3);
}

static nsde_var record_shark(const nsde_step_at *at)
{
    return record(at, &shark_1);
}

const nsde_integrator nsde_integrator_sriw1 = {
    .name = "sriw1",
    .aliases = "sri1w1 sri srk",
    .title = "stochastic Runge-Kutta SRI1W1",
    .source = "Roessler 2010, scheme SRI1W1",
    .strong_order = 1.5,
    .weak_order = 1.5,
    .commutative_order = 1.5,
    .additive_order = 1.5,
    .calculus = NSDE_ITO,
    .noise = NSDE_NOISE_DIAGONAL,
    .detail = NSDE_SPACE_TIME,
    .record = record_sriw1,
};

const nsde_integrator nsde_integrator_sra1 = {
    .name = "sra1",
    .aliases = "sra",
    .title = "stochastic Runge-Kutta SRA1",
    .source = "Roessler 2010, scheme SRA1",
    .strong_order = 1.5,
    .weak_order = 2.0,
    .commutative_order = 1.5,
    .additive_order = 1.5,
    .calculus = NSDE_ITO,
    .noise = NSDE_NOISE_ADDITIVE,
    .detail = NSDE_SPACE_TIME,
    .record = record_sra1,
};

const nsde_integrator nsde_integrator_sra3 = {
    .name = "sra3",
    .aliases = "",
    .title = "stochastic Runge-Kutta SRA3",
    .source = "Roessler 2010, scheme SRA3",
    .strong_order = 1.5,
    .weak_order = 2.0,
    .commutative_order = 1.5,
    .additive_order = 1.5,
    .calculus = NSDE_ITO,
    .noise = NSDE_NOISE_ADDITIVE,
    .detail = NSDE_SPACE_TIME,
    .record = record_sra3,
};

const nsde_integrator nsde_integrator_shark = {
    .name = "shark",
    .aliases = "",
    .title = "shifted additive-noise Runge-Kutta (ShARK)",
    .source = "Foster, dos Reis and Strange 2023",
    .strong_order = 1.5,
    .weak_order = 2.0,
    .commutative_order = 1.5,
    .additive_order = 1.5,
    .calculus = NSDE_ITO,
    .noise = NSDE_NOISE_ADDITIVE,
    .detail = NSDE_SPACE_TIME,
    .record = record_shark,
};
