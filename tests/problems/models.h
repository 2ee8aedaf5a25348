/* Models whose solutions are functions of W at the end, for tests of several layers.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef NSDE_TESTS_MODELS_H
#define NSDE_TESTS_MODELS_H

#include <math.h>

#include "nsde/model.h"

static const nsde_parameter_definition gbm_like_parameters[] = {
    {"mu", "growth", -INFINITY, INFINITY, 1.01, 1},
    {"sigma", "volatility", -INFINITY, INFINITY, 0.87, 1},
};

static inline nsde_var gbm_like_drift(const nsde_at *at)
{
    return nsde_mul(nsde_row(at->p, 0), at->x);
}

static inline nsde_var gbm_like_diffusion(const nsde_at *at)
{
    return nsde_mul(nsde_row(at->p, 1), at->x);
}

/* dX = mu X dt + sigma X o dW: X = x0 exp(mu t + sigma W). */
static const nsde_model_definition gbm_stratonovich = {.name = "gbm, Stratonovich",
                                                       .dim = 1,
                                                       .noise = NSDE_NOISE_DIAGONAL,
                                                       .calculus = NSDE_STRATONOVICH,
                                                       .parameters = gbm_like_parameters,
                                                       .n_parameters = 2,
                                                       .drift = gbm_like_drift,
                                                       .diffusion = gbm_like_diffusion};

/* dX = -X (1 - X^2) / 4 dt + (1 - X^2) / 2 dW: X = tanh(W / 2 + artanh x0). */
static inline nsde_var cubic_drift(const nsde_at *at)
{
    const nsde_var well = nsde_sub(nsde_real(at->tape, 1.0), nsde_square(at->x));
    return nsde_mul_real(nsde_mul(at->x, well), -0.25);
}

static inline nsde_var cubic_diffusion(const nsde_at *at)
{
    return nsde_mul_real(nsde_sub(nsde_real(at->tape, 1.0), nsde_square(at->x)), 0.5);
}

static inline double cubic_solution(double t, double W)
{
    (void)t;
    return tanh(0.5 * W + atanh(0.5));
}

static const nsde_model_definition cubic = {.name = "cubic",
                                            .dim = 1,
                                            .noise = NSDE_NOISE_DIAGONAL,
                                            .drift = cubic_drift,
                                            .diffusion = cubic_diffusion};

/* dX = -0.01 sin X cos^3 X dt + 0.1 cos^2 X dW: X = atan(0.1 W + tan x0). */
static inline nsde_var wave_drift(const nsde_at *at)
{
    const nsde_var c = nsde_cos(at->x);
    return nsde_mul_real(nsde_mul(nsde_sin(at->x), nsde_mul(nsde_square(c), c)), -0.01);
}

static inline nsde_var wave_diffusion(const nsde_at *at)
{
    return nsde_mul_real(nsde_square(nsde_cos(at->x)), 0.1);
}

static inline double wave_solution(double t, double W)
{
    (void)t;
    return atan(0.1 * W + tan(1.0));
}

static const nsde_model_definition wave = {
    .name = "wave", .dim = 1, .noise = NSDE_NOISE_DIAGONAL, .drift = wave_drift, .diffusion = wave_diffusion};

/* dX = (1 / sqrt(1 + t) - X / (2 + 2 t)) dt + dW / sqrt(1 + t): X = (x0 + t + W) / sqrt(1 + t). */
static inline nsde_var fading_drift(const nsde_at *at)
{
    const nsde_var s = nsde_add_real(at->t, 1.0);
    return nsde_sub(nsde_reciprocal(nsde_sqrt(s)), nsde_div(nsde_mul_real(at->x, 0.5), s));
}

static inline nsde_var fading_diffusion(const nsde_at *at)
{
    return nsde_reciprocal(nsde_sqrt(nsde_add_real(at->t, 1.0)));
}

static inline double fading_solution(double t, double W)
{
    return (1.0 + t + W) / sqrt(1.0 + t);
}

static const nsde_model_definition fading = {.name = "fading",
                                             .dim = 1,
                                             .noise = NSDE_NOISE_ADDITIVE,
                                             .drift = fading_drift,
                                             .diffusion = fading_diffusion};

/* dX = sin(2 X) dt + 0.8 dW. */
static inline nsde_var sine_drift(const nsde_at *at)
{
    return nsde_sin(nsde_mul_real(at->x, 2.0));
}

static inline nsde_var sine_diffusion(const nsde_at *at)
{
    return nsde_real(at->tape, 0.8);
}

static const nsde_model_definition sine = {
    .name = "sine", .dim = 1, .noise = NSDE_NOISE_ADDITIVE, .drift = sine_drift, .diffusion = sine_diffusion};

/* Noise that does not commute, [L_1, L_2] != 0, and acts on both states:
 *   dX = -X / 2 dt + dW_1 + sin(Y) / 2 dW_2,  dY = (X - Y) / 3 dt + cos(X) dW_2 + X / 2 dW_1. */
static inline nsde_var crossed_drift(const nsde_at *at)
{
    const nsde_var X = nsde_row(at->x, 0), Y = nsde_row(at->x, 1);
    return nsde_stack(2, (nsde_var[]){nsde_mul_real(X, -0.5), nsde_mul_real(nsde_sub(X, Y), 1.0 / 3.0)});
}

static inline nsde_var crossed_diffusion(const nsde_at *at)
{
    const nsde_var X = nsde_row(at->x, 0), Y = nsde_row(at->x, 1);
    return nsde_stack(4, (nsde_var[]){nsde_real(at->tape, 1.0), nsde_mul_real(nsde_sin(Y), 0.5),
                                      nsde_mul_real(X, 0.5), nsde_cos(X)});
}

static const nsde_model_definition crossed = {.name = "crossed",
                                              .dim = 2,
                                              .noise_dim = 2,
                                              .noise = NSDE_NOISE_GENERAL,
                                              .drift = crossed_drift,
                                              .diffusion = crossed_diffusion};

static const nsde_model_definition crossed_stratonovich = {.name = "crossed, Stratonovich",
                                                           .dim = 2,
                                                           .noise_dim = 2,
                                                           .noise = NSDE_NOISE_GENERAL,
                                                           .calculus = NSDE_STRATONOVICH,
                                                           .drift = crossed_drift,
                                                           .diffusion = crossed_diffusion};

/* dU = (A + 1.01) U dt + 0.87 U sum of four dW, A = [[-2, 1], [1, -2]]: commuting noise. */
static inline nsde_var channels_drift(const nsde_at *at)
{
    const nsde_var U = nsde_row(at->x, 0), V = nsde_row(at->x, 1);
    return nsde_stack(
        2, (nsde_var[]){nsde_add(nsde_mul_real(U, -0.99), V), nsde_add(U, nsde_mul_real(V, -0.99))});
}

static inline nsde_var channels_diffusion(const nsde_at *at)
{
    const nsde_var U = nsde_mul_real(nsde_row(at->x, 0), 0.87), V = nsde_mul_real(nsde_row(at->x, 1), 0.87);
    return nsde_stack(8, (nsde_var[]){U, U, U, U, V, V, V, V});
}

static const nsde_model_definition channels = {.name = "channels",
                                               .dim = 2,
                                               .noise_dim = 4,
                                               .noise = NSDE_NOISE_COMMUTATIVE,
                                               .drift = channels_drift,
                                               .diffusion = channels_diffusion};

/* The first state, from (0.3, 0.45): A has the eigenvectors (1, 1) and (1, -1). */
static inline double channels_solution(double t, double W)
{
    const double both = 0.5 * (0.3 + 0.45) * exp(-t), apart = 0.5 * (0.3 - 0.45) * exp(-3.0 * t);
    return (both + apart) * exp((1.01 - 2.0 * 0.87 * 0.87) * t + 0.87 * W);
}

/* Two states, one noise: dX = -X dt + Y dW, dY = (X - Y) dt + (1 + X / 2) dW. */
static inline nsde_var shared_drift(const nsde_at *at)
{
    const nsde_var X = nsde_row(at->x, 0), Y = nsde_row(at->x, 1);
    return nsde_stack(2, (nsde_var[]){nsde_neg(X), nsde_sub(nsde_sin(X), Y)});
}

static inline nsde_var shared_diffusion(const nsde_at *at)
{
    const nsde_var X = nsde_row(at->x, 0), Y = nsde_row(at->x, 1);
    return nsde_stack(2, (nsde_var[]){nsde_cos(Y), nsde_add_real(nsde_mul_real(X, 0.5), 1.0)});
}

static const nsde_model_definition shared = {.name = "shared",
                                             .dim = 2,
                                             .noise_dim = 1,
                                             .noise = NSDE_NOISE_SCALAR,
                                             .drift = shared_drift,
                                             .diffusion = shared_diffusion};

#endif
