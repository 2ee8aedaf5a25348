/* The programs that tangents run; private to src/estimate.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef NSDE_ESTIMATE_RECORD_H
#define NSDE_ESTIMATE_RECORD_H

#include "estimate/tangents.h"

/* Inputs of a step: state (with what the integrator carries below it, all of which `rows` counts), noise,
 * then what there is of tangents of the state and parameters of each path. Uniforms: time, length, then seeds
 * [partials][n_parameters] of the parameters; for second derivatives, where seeds are fixed, 1 in the first
 * step and 0 in others. Outputs: the
 * state, its tangents [partials][rows] where it is not held, the score [partials] and its derivatives
 * [partials] where there are such. */
enum { NSDE_TANGENTS_STATE, NSDE_TANGENTS_NOISE, NSDE_TANGENTS_OF_STATE };
enum { NSDE_TANGENTS_FIRST_STEP = 2 };

bool nsde_tangents_are_second(const nsde_tangents_settings *s);
/* Parameters on a tape; what they are with their duals; a state with tangents [partials][its rows]. */
nsde_var nsde_tangents_parameters(const nsde_tangents_settings *s, nsde_tape *tape);
nsde_var nsde_tangents_seed_parameters(const nsde_tangents_settings *s, nsde_perturbation eps, nsde_var p);
nsde_var nsde_tangents_seed_state(const nsde_tangents_settings *s, nsde_perturbation eps, nsde_var tangents,
                                  nsde_var x);
/* All tangents of y, one below another. */
nsde_var nsde_tangents_stack(const nsde_tangents_settings *s, nsde_perturbation eps, nsde_var y);

/* Are the seeds constants? Then there is no such uniform, and one chunk alone: the first. */
bool nsde_tangents_are_fixed(const nsde_tangents_settings *s);
NSDE_MUST_USE nsde_status nsde_tangents_record_step(const nsde_tangents_settings *s, nsde_program **program);
/* Inputs of a loss: states [n_times][dim], then what there is of tangents [partials][n_times][dim] and
 * parameters of each path. Uniforms: data if there are any, seeds. Outputs: the loss, then tangents
 * [partials], then second derivatives [partials] as far as there are. */
NSDE_MUST_USE nsde_status nsde_tangents_record_loss(const nsde_tangents_settings *s, const double *times,
                                                    size_t n_times, nsde_program **program);

/* second.c: the outputs of a step and of a loss for second derivatives; the state has no duals yet. */
void nsde_record_second_step(const nsde_tangents_settings *s, nsde_step_at *at, nsde_var tangents,
                             nsde_var outputs[4]);
void nsde_record_second_loss(const nsde_tangents_settings *s, nsde_loss_at *at, nsde_var tangents,
                             nsde_var outputs[3]);

/* score.c: whether the scheme has a score on the model, in the name of an estimator; the derivatives of the
 * log density of a step along its duals: [partials]; and, with one noise for each state, how the state after
 * the step grows with its noise, and how that does (bend). */
enum { NSDE_SCORE_MOST = 8 };                                 /* states of a full diffusion */
bool nsde_score_is_diagonal(const nsde_tangents_settings *s); /* one noise for each state, moving it alone? */
NSDE_MUST_USE nsde_status nsde_score_check(const nsde_tangents_settings *s, const char *who);
nsde_var nsde_record_noise_slope(const nsde_tangents_settings *s, const nsde_step_at *at, nsde_var *next,
                                 nsde_var *bend);
nsde_var nsde_record_score(const nsde_tangents_settings *s, nsde_perturbation eps, const nsde_step_at *at,
                           nsde_var *next);

/* score.c: g^T (g g^T)^-1 b, [m], for g [d][m] of d at most NSDE_SCORE_MOST rows. */
nsde_var nsde_record_inverse_noise(nsde_var g, nsde_var b, size_t d, size_t m);

#endif
