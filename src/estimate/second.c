/* Second derivatives, of each direction with itself, by the score and duals around duals. Inside, eta follows
 * the law of the path as the score does. Outside, eps follows the path as the noise makes it, or, where the
 * path is to be held as well, moves the noise so that the step goes where it went.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "estimate/record.h"
#include "step/compile.h"
#include "tape/tape.h"

/* Tangent k of y_k for all k. */
static nsde_var own_tangents(const nsde_tangents_settings *s, nsde_perturbation eps, nsde_var y)
{
    void *memory;
    const nsde_status status = nsde_alloc(s->partials, sizeof(nsde_var), "tangents", &memory);
    if (status)
        return nsde_tape_break(eps.tape, status);
    nsde_var *parts = memory;
    for (size_t k = 0; k < s->partials; k++)
        parts[k] = nsde_tangent(eps, nsde_row(y, k), k);
    const nsde_var all = nsde_stack(s->partials, parts);
    nsde_free(memory);
    return all;
}

/* The noise as it must move for the step to go where it went: dW - sum_k eps_k F_k / B. */
static nsde_var hold_path(const nsde_tangents_settings *s, nsde_perturbation eps, const nsde_step_at *at)
{
    nsde_var next, bend;
    void *memory;
    const nsde_status status = nsde_alloc(s->partials, sizeof(nsde_var), "noise", &memory);
    if (status)
        return nsde_tape_break(at->tape, status);
    nsde_var *directions = memory;
    const nsde_var slope = nsde_primal(eps, nsde_record_noise_slope(s, at, &next, &bend));
    for (size_t k = 0; k < s->partials; k++)
        directions[k] = nsde_neg(nsde_div(nsde_tangent(eps, next, k), slope));
    const nsde_var dW = nsde_seed(eps, at->dW, directions);
    nsde_free(memory);
    return dW;
}

void nsde_record_second_step(const nsde_tangents_settings *s, nsde_step_at *at, nsde_var tangents,
                             nsde_var outputs[4])
{
    const bool held = s->kind == NSDE_TANGENTS_SECOND_SCORE;
    const nsde_var first = nsde_uniform(at->tape, 1);
    const nsde_perturbation eps = nsde_perturb(at->tape, s->partials);
    at->x = nsde_tangents_seed_state(s, eps, tangents, at->x);
    at->p = nsde_tangents_seed_parameters(s, eps, at->p);
    if (held)
        at->dW = hold_path(s, eps, at);
    const nsde_perturbation eta = nsde_perturb(at->tape, s->partials);
    nsde_var next;
    at->x =
        nsde_tangents_seed_state(s, eta, nsde_mul(tangents, first), at->x); /* the law of where it starts */
    at->p = nsde_tangents_seed_parameters(s, eta, at->p);
    const nsde_var score = nsde_record_score(s, eta, at, &next);
    if (nsde_tape_status(at->tape))
        return;
    outputs[0] = nsde_primal(eps, next);
    if (!held)
        outputs[1] = nsde_tangents_stack(s, eps, next);
    outputs[held ? 1 : 2] = nsde_primal(eps, score);
    outputs[held ? 2 : 3] = own_tangents(s, eps, score);
}

void nsde_record_second_loss(const nsde_tangents_settings *s, nsde_loss_at *at, nsde_var tangents,
                             nsde_var outputs[3])
{
    const nsde_perturbation eps = nsde_perturb(at->tape, s->partials);
    at->x = nsde_tangents_seed_state(s, eps, tangents, at->x);
    at->p = nsde_tangents_seed_parameters(s, eps, at->p);
    const nsde_perturbation eta = nsde_perturb(at->tape, s->partials);
    at->p = nsde_tangents_seed_parameters(s, eta, at->p);
    const nsde_var loss = s->loss->record(at), outside = nsde_primal(eta, loss);
    outputs[0] = nsde_primal(eps, outside);
    outputs[1] = nsde_tangents_stack(s, eps, outside);
    outputs[2] = own_tangents(s, eps, nsde_tangents_stack(s, eta, loss));
}
