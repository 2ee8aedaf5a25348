/* The programs of mixed mode step by step: coefficients, and a step on dual numbers seeded on the state and
 * on what the coefficients gave. Private to src/estimate.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef NSDE_ESTIMATE_LOCAL_H
#define NSDE_ESTIMATE_LOCAL_H

#include "estimate/tangents.h"

enum { NSDE_LOCAL_STATE, NSDE_LOCAL_COEFFICIENTS, NSDE_LOCAL_NOISE };

/* Input: the state; uniform: the time; output y: the drift [dim], then the diffusion [dim] or
 * [dim][noise_dim] (nothing for an equation without noise). */
NSDE_MUST_USE nsde_status nsde_local_coefficients(const nsde_model *model, const nsde_integrator *integrator,
                                                  nsde_program **program);
/* Inputs: state, y, noise; uniforms: time, length; outputs: the state after the step, and its derivatives by
 * state and y, [dim + rows of y][dim]. */
NSDE_MUST_USE nsde_status nsde_local_step(const nsde_model *model, const nsde_integrator *integrator,
                                          nsde_program **program);
/* Rows of y. */
size_t nsde_local_rows(const nsde_model *model);

#endif
