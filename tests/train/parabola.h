/* A small problem of training.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef NSDE_TESTS_TRAIN_PARABOLA_H
#define NSDE_TESTS_TRAIN_PARABOLA_H

#include "harness.h"
#include "nsde/train.h"
#include "train/order.h"

/* Fitting a parabola's minimum through noise: samples scatter about (1.5, -0.5). */
enum { DIM = 2, BATCH = 4 };
static const double centre[DIM] = {1.5, -0.5};

typedef struct parabola {
    size_t evaluations, looks, diverge_at; /* diverge_at: 0 for never */
    bool overfit;                          /* the held-out loss rises after a while */
} parabola;

static inline double parabola_noise(uint64_t sample)
{
    return (double)nsde_order(7, 1000, sample) / 500.0 - 1.0;
}

static inline nsde_status parabola_evaluate(void *context, uint64_t position, const double *p, double *loss,
                                            double *gradient)
{
    parabola *q = context;
    *loss = 0.0;
    memset(gradient, 0, DIM * sizeof *gradient);
    for (uint64_t k = 0; k < BATCH; k++)
        for (size_t i = 0; i < DIM; i++) {
            const double gap = p[i] - centre[i] - parabola_noise(DIM * (position + k) + i);
            *loss += 0.5 * gap * gap / BATCH;
            gradient[i] += gap / BATCH;
        }
    if (++q->evaluations == q->diverge_at)
        gradient[1] = NAN;
    return NSDE_OK;
}

static inline nsde_status parabola_validate(void *context, const double *p, double *loss)
{
    const parabola *q = context;
    *loss = 0.0;
    for (size_t i = 0; i < DIM; i++) {
        const double gap = p[i] - (q->overfit ? 0.5 : 1.0) * centre[i];
        *loss += 0.5 * gap * gap;
    }
    return NSDE_OK;
}

static inline nsde_training parabola_training(parabola *q)
{
    return (nsde_training){.n_parameters = DIM,
                           .batch = BATCH,
                           .identity = 2385,
                           .evaluate = parabola_evaluate,
                           .validate = parabola_validate,
                           .context = q};
}

static inline nsde_train_settings parabola_settings(void)
{
    nsde_train_settings s = nsde_train_settings_default();
    s.iterations = 400;
    s.validate_every = 10;
    s.save_every = 35;
    s.optimiser.rate = 0.02;
    s.optimiser.schedule = NSDE_SCHEDULE_COSINE;
    return s;
}

#endif
