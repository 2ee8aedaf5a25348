/* The programs that tangents run; private to src/estimate.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef NSDE_ESTIMATE_RECORD_H
#define NSDE_ESTIMATE_RECORD_H

#include "estimate/tangents.h"

/* Inputs of a step: state (with what the integrator carries below it, all of which `rows` counts), noise,
 * then what there is of tangents of the state and parameters of each path. Uniforms: time, length, then seeds
 * [partials][n_parameters] of the parameters. Outputs: the state, then its tangents [partials][rows] or the
 * score [partials]. */
enum { NSDE_TANGENTS_STATE, NSDE_TANGENTS_NOISE, NSDE_TANGENTS_OF_STATE };

/* Are the seeds constants? Then there is no such uniform, and one chunk alone: the first. */
bool nsde_tangents_are_fixed(const nsde_tangents_settings *s);
NSDE_MUST_USE nsde_status nsde_tangents_record_step(const nsde_tangents_settings *s, nsde_program **program);
/* Inputs of a loss: states [n_times][dim], then what there is of tangents [partials][n_times][dim] and
 * parameters of each path. Uniforms: data if there are any, seeds. Outputs: the loss, then tangents
 * [partials]. */
NSDE_MUST_USE nsde_status nsde_tangents_record_loss(const nsde_tangents_settings *s, const double *times,
                                                    size_t n_times, nsde_program **program);

/* score.c: derivatives of the log density of an Euler-Maruyama step along its duals: [partials]. */
nsde_var nsde_record_score(const nsde_tangents_settings *s, nsde_perturbation eps, const nsde_step_at *at,
                           nsde_var *next);

#endif
