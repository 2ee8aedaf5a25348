/* The registry of integrators, and what their steps have in common.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "step/step.h"

#include "core/error.h"
#include "core/names.h"
#include "step/linear.h"

static const nsde_integrator *const integrators[] = {
#define X(name) &nsde_integrator_##name,
#include "integrators.def"
#undef X
};

NSDE_REGISTRY(nsde_integrator, nsde_integrator, integrators, "method")

static bool admits(const nsde_integrator *integrator, const nsde_model *model)
{
    if (integrator->solution)
        return nsde_model_describe(model)->solution || nsde_model_describe(model)->transition ||
               nsde_linear_admits(model);
    if (integrator->second_order)
        return nsde_model_describe(model)->second_order;
    return integrator->deterministic ? nsde_model_is_deterministic(model)
                                     : nsde_model_describe(model)->noise <= integrator->noise;
}

nsde_status nsde_integrator_check(const nsde_integrator *integrator, const nsde_model *model)
{
    const nsde_model_definition *d = nsde_model_describe(model);
    if (admits(integrator, model))
        return NSDE_OK;
    char names[NSDE_MESSAGE_SIZE / 2] = "";
    for (size_t i = 0; i < nsde_integrator_count(); i++)
        if (admits(integrators[i], model))
            nsde_name_append(names, sizeof names, integrators[i]->name);
    if (integrator->solution)
        return nsde_fail(NSDE_UNSUPPORTED,
                         "%s is for models with a solution or a transition that is known, which "
                         "model %s does not have; %s would do",
                         integrator->name, d->name, names);
    if (integrator->second_order)
        return nsde_fail(
            NSDE_UNSUPPORTED,
            "%s is for positions and velocities, which the states of model %s are not said to be; "
            "%s would do",
            integrator->name, d->name, names);
    if (integrator->deterministic)
        return nsde_fail(NSDE_UNSUPPORTED,
                         "%s is for equations without noise and model %s has noise; %s would do",
                         integrator->name, d->name, names);
    return nsde_fail(NSDE_UNSUPPORTED, "%s admits %s noise at most and model %s has %s noise; %s would do",
                     integrator->name, nsde_noise_class_name(integrator->noise), d->name,
                     nsde_noise_class_name(d->noise), *names ? names : "none");
}

nsde_noise_detail nsde_step_detail(const nsde_integrator *integrator, const nsde_model *model)
{
    const nsde_model_definition *d = nsde_model_describe(model);
    const bool commutes = d->noise != NSDE_NOISE_GENERAL || d->noise_dim == 1;
    if (integrator->solution && !d->solution && !d->transition)
        return nsde_linear_needs_areas(model) ? NSDE_SPACE_TIME : NSDE_INCREMENTS;
    /* where the noise commutes, what areas (and the signs that a weak scheme takes from them) do cancels */
    return integrator->detail == NSDE_LEVY && commutes ? NSDE_INCREMENTS : integrator->detail;
}

nsde_status nsde_step_check_noise(const nsde_integrator *integrator, const nsde_model *model,
                                  const nsde_brownian *noise)
{
    const nsde_model_definition *d = nsde_model_describe(model);
    if (noise && nsde_brownian_components(noise) != d->noise_dim)
        return nsde_fail(NSDE_INVALID, "the noise has %zu components and model %s needs %zu",
                         nsde_brownian_components(noise), d->name, d->noise_dim);
    if (noise && nsde_brownian_is_correlated(noise) && integrator->solution && !d->solution)
        return nsde_fail(NSDE_UNSUPPORTED,
                         "%s draws the transition of model %s from independent components alone; put the "
                         "correlation into the diffusion",
                         integrator->name, d->name);
    if (noise && nsde_brownian_is_correlated(noise) && d->noise != NSDE_NOISE_ADDITIVE &&
        !integrator->linear_in_noise)
        return nsde_fail(NSDE_UNSUPPORTED,
                         "%s has terms that are quadratic in the noise and right for independent components "
                         "alone; put the correlation into the diffusion of model %s, or use euler_maruyama",
                         integrator->name, d->name);
    return NSDE_OK;
}

bool nsde_step_is_diagonal(const nsde_step_at *at)
{
    const nsde_model_definition *d = nsde_model_describe(at->model);
    return d->noise == NSDE_NOISE_DIAGONAL || (d->dim == 1 && d->noise_dim == 1);
}

nsde_var nsde_step_column(const nsde_step_at *at, nsde_var g, size_t j)
{
    const nsde_model_definition *d = nsde_model_describe(at->model);
    if (d->dim == 1 && d->noise_dim == 1)
        return g;
    if (nsde_model_is_diagonal(at->model)) {
        nsde_var selected[1] = {nsde_row(g, j)};
        const nsde_var before = nsde_broadcast(nsde_real(at->tape, 0.0), j ? j : 1);
        const nsde_var after = nsde_broadcast(nsde_real(at->tape, 0.0), d->dim - j > 1 ? d->dim - j - 1 : 1);
        nsde_var parts[3];
        size_t n = 0;
        if (j)
            parts[n++] = before;
        parts[n++] = selected[0];
        if (j + 1 < d->dim)
            parts[n++] = after;
        return nsde_stack(n, parts);
    }
    if (d->noise_dim == 1)
        return g;
    nsde_var column = nsde_row(g, j);
    for (size_t i = 1; i < d->dim; i++)
        column = nsde_stack(2, (nsde_var[]){column, nsde_row(g, i * d->noise_dim + j)});
    return column;
}

nsde_var nsde_step_correction(const nsde_step_at *at, nsde_var x, nsde_var t)
{
    const nsde_model_definition *d = nsde_model_describe(at->model);
    const nsde_var g = nsde_model_diffusion(at->model, x, t, at->p, at->u);
    if (d->noise == NSDE_NOISE_ADDITIVE)
        return nsde_broadcast(nsde_real(at->tape, 0.0), d->dim);
    nsde_var sum = nsde_broadcast(nsde_real(at->tape, 0.0), d->dim);
    const size_t partials = nsde_step_is_diagonal(at) ? 1 : d->noise_dim;
    for (size_t j = 0; j < partials; j++) {
        const nsde_perturbation eps = nsde_perturb(at->tape, 1);
        const nsde_var along = nsde_step_is_diagonal(at) ? g : nsde_step_column(at, g, j);
        const nsde_var moved = nsde_model_diffusion(at->model, nsde_seed(eps, x, &along), t, at->p, at->u);
        const nsde_var slope = nsde_tangent(eps, moved, 0);
        const nsde_var wide = nsde_rows(slope) == nsde_rows(g) ? slope : nsde_broadcast(slope, nsde_rows(g));
        sum = nsde_add(sum, nsde_step_is_diagonal(at) ? wide : nsde_step_column(at, wide, j));
    }
    return sum;
}

nsde_var nsde_step_drift(const nsde_step_at *at, nsde_var x, nsde_var t)
{
    const nsde_model_definition *d = nsde_model_describe(at->model);
    const nsde_var f = nsde_model_drift(at->model, x, t, at->p, at->u);
    if (at->calculus == d->calculus || d->noise == NSDE_NOISE_ADDITIVE)
        return f;
    const double half = at->calculus == NSDE_ITO ? 0.5 : -0.5;
    return nsde_add(f, nsde_mul_real(nsde_step_correction(at, x, t), half));
}

nsde_var nsde_step_noise_along(const nsde_step_at *at, nsde_var x, nsde_var t, nsde_var v)
{
    const nsde_var g = nsde_model_diffusion(at->model, x, t, at->p, at->u);
    return nsde_model_is_diagonal(at->model) ? nsde_mul(g, v) : nsde_matvec(g, v);
}

nsde_var nsde_step_noise(const nsde_step_at *at, nsde_var x, nsde_var t)
{
    return nsde_step_noise_along(at, x, t, at->dW);
}

nsde_var nsde_step_increment(const nsde_step_at *at, nsde_var x, nsde_var t)
{
    return nsde_add(nsde_mul(nsde_step_drift(at, x, t), at->h), nsde_step_noise(at, x, t));
}

/* The number of the area A_jk, j < k. */
static size_t pair_of(size_t m, size_t j, size_t k)
{
    return j * (2 * m - j - 1) / 2 + (k - j - 1);
}

nsde_var nsde_step_iterated(const nsde_step_at *at, size_t j)
{
    const size_t m = nsde_model_describe(at->model)->noise_dim;
    const nsde_var half = nsde_mul(nsde_mul_real(nsde_row(at->dW, j), 0.5), at->dW);
    if (!at->A.tape)
        return half;
    nsde_var areas = nsde_real(at->tape, 0.0);
    for (size_t k = 0; k < m; k++) {
        const nsde_var A = k == j  ? nsde_real(at->tape, 0.0)
                           : j < k ? nsde_row(at->A, pair_of(m, j, k))
                                   : nsde_neg(nsde_row(at->A, pair_of(m, k, j)));
        areas = k ? nsde_stack(2, (nsde_var[]){areas, A}) : A;
    }
    return nsde_add(half, areas);
}

nsde_var nsde_step_record(const nsde_integrator *integrator, const nsde_step_at *at)
{
    if (nsde_integrator_check(integrator, at->model))
        return nsde_tape_fail(at->tape, "%s", nsde_error_message());
    nsde_step_at here = *at;
    const size_t m = nsde_model_describe(at->model)->noise_dim;
    const nsde_noise_detail detail = nsde_step_detail(integrator, at->model);
    if ((detail >= NSDE_SPACE_TIME && !at->H.tape) || (detail >= NSDE_LEVY && m > 1 && !at->A.tape))
        return nsde_tape_fail(at->tape, "%s needs areas, which the step is not given", integrator->name);
    if (integrator->carried && nsde_rows(at->carried) != integrator->carried * nsde_rows(at->x))
        return nsde_tape_fail(at->tape, "%s carries %zu copies of the state, which the step is not given",
                              integrator->name, integrator->carried);
    here.calculus = integrator->calculus;
    return integrator->record(&here);
}

nsde_var nsde_step_record_error(const nsde_integrator *integrator, const nsde_step_at *at)
{
    nsde_step_at here = *at;
    here.calculus = integrator->calculus;
    return integrator->error(&here);
}

nsde_var nsde_step_record_dense(const nsde_integrator *integrator, const nsde_step_at *at, nsde_var theta)
{
    nsde_step_at here = *at;
    here.calculus = integrator->calculus;
    return integrator->dense(&here, theta);
}
