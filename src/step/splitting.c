/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "step/splitting.h"

nsde_var nsde_split_force(const nsde_step_at *at, nsde_var q, nsde_var t, nsde_var *friction)
{
    const size_t dim = nsde_model_describe(at->model)->dim, half = dim / 2;
    const nsde_var none = nsde_broadcast(nsde_real(at->tape, 0.0), half);
    const nsde_var at_rest = nsde_stack(2, (nsde_var[]){q, none});
    if (!friction)
        return nsde_slice(nsde_step_drift(at, at_rest, t), half, half);
    const nsde_var ones = nsde_broadcast(nsde_real(at->tape, 1.0), half);
    const nsde_var in_v = nsde_stack(2, (nsde_var[]){none, ones});
    const nsde_perturbation eps = nsde_perturb(at->tape, 1);
    const nsde_var f = nsde_step_drift(at, nsde_seed(eps, at_rest, &in_v), t);
    *friction = nsde_neg(nsde_slice(nsde_tangent(eps, f, 0), half, half));
    return nsde_slice(nsde_primal(eps, f), half, half);
}
