/* The Hessian of an expected loss times a direction v, forward over reverse: paths carry their derivative
 * along v by recorded duals, the loss becomes its derivative along v, and reverse mode through that is H v
 * (Pearlmutter 1994).
 *
 * To the engine of reverse mode it is a model of twice the states, (x, dx/dv), with an integrator that takes
 * the step of the given one on duals, and a loss.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <string.h>

#include "estimate/batches.h"
#include "step/compile.h"
#include "tape/tape.h"

/* The problem given, and the one derived from it. */
typedef struct derived {
    const nsde_model *model; /* as given */
    nsde_loss loss;
    const nsde_integrator *integrator;
    const double *direction; /* [n_parameters + dim] */
    nsde_integrator dual;
    nsde_loss slope;
    nsde_model *wide;
    double *x0; /* [2 dim] */
} derived;

static const nsde_model_definition *definition(const derived *d)
{
    return nsde_model_describe(d->model);
}

/* p along the direction, on a perturbation of one partial. */
static nsde_var seed_parameters(const derived *d, nsde_perturbation eps, nsde_var p)
{
    const size_t n = definition(d)->n_parameters;
    if (n == 0)
        return p;
    const nsde_var v = nsde_constant(eps.tape, n, d->direction);
    return nsde_seed(eps, p, &v);
}

/* Copies of (x, dx): [copies][2 dim], as duals [copies][dim] … */
static nsde_var join(const derived *d, nsde_perturbation eps, nsde_var pairs)
{
    const size_t dim = definition(d)->dim, copies = nsde_rows(pairs) / (2 * dim);
    nsde_var all = {0};
    for (size_t c = 0; c < copies; c++) {
        const nsde_var v = nsde_slice(pairs, (2 * c + 1) * dim, dim);
        const nsde_var x = nsde_seed(eps, nsde_slice(pairs, 2 * c * dim, dim), &v);
        all = c ? nsde_stack(2, (nsde_var[]){all, x}) : x;
    }
    return all;
}

/* … and back. */
static nsde_var part(const derived *d, nsde_perturbation eps, nsde_var duals)
{
    const size_t dim = definition(d)->dim, copies = nsde_rows(duals) / dim;
    const nsde_var x = nsde_primal(eps, duals), v = nsde_tangent(eps, duals, 0);
    nsde_var all = {0};
    for (size_t c = 0; c < copies; c++) {
        const nsde_var pair =
            nsde_stack(2, (nsde_var[]){nsde_slice(x, c * dim, dim), nsde_slice(v, c * dim, dim)});
        all = c ? nsde_stack(2, (nsde_var[]){all, pair}) : pair;
    }
    return all;
}

static nsde_var record_step(const nsde_step_at *at)
{
    const derived *d = nsde_model_describe(at->model)->context;
    const nsde_perturbation eps = nsde_perturb(at->tape, 1);
    nsde_step_at here = *at;
    here.model = d->model;
    here.x = join(d, eps, at->x);
    if (at->carried.tape)
        here.carried = join(d, eps, at->carried);
    here.p = seed_parameters(d, eps, at->p);
    return part(d, eps, nsde_step_record(d->integrator, &here));
}

static nsde_var record_loss(const nsde_loss_at *at)
{
    const derived *d = at->context;
    const nsde_perturbation eps = nsde_perturb(at->tape, 1);
    nsde_loss_at here = *at;
    here.dim = definition(d)->dim;
    here.context = d->loss.context;
    here.x = join(d, eps, at->x);
    here.p = seed_parameters(d, eps, at->p);
    return nsde_tangent(eps, d->loss.record(&here), 0);
}

/* Nothing takes these for a step; nsde_model_create looks at their rows. */
static nsde_var no_drift(const nsde_at *at)
{
    return nsde_mul_real(at->x, 0.0);
}

static nsde_var no_diffusion(const nsde_at *at)
{
    return nsde_broadcast(nsde_real(at->tape, 0.0), at->dim * at->noise_dim);
}

static nsde_status derive(nsde_estimate_work *w, derived *d)
{
    void *x0;
    const nsde_model_definition *given = definition(d);
    const nsde_parameter_definition all = {
        .name = "p", .lower = -INFINITY, .upper = INFINITY, .count = given->n_parameters};
    const bool noisy = !nsde_model_is_deterministic(d->model);
    d->dual = *d->integrator;
    d->dual.noise = NSDE_NOISE_GENERAL;
    d->dual.detail = nsde_step_detail(d->integrator, d->model);
    d->dual.solution = d->dual.second_order = false; /* the step within asks for that, and … */
    d->dual.linear_in_noise = true;                  /* … the noise has been checked */
    d->dual.record = record_step;
    d->slope = d->loss;
    d->slope.record = record_loss;
    d->slope.context = d;
    nsde_status status = nsde_integrator_check(d->integrator, d->model);
    if (!status)
        status = nsde_alloc(2 * given->dim, sizeof(double), "initial states", &x0);
    if (status)
        return status;
    d->x0 = x0;
    memcpy(d->x0, w->problem.x0, given->dim * sizeof *d->x0);
    memcpy(d->x0 + given->dim, d->direction + given->n_parameters, given->dim * sizeof *d->x0);
    return nsde_model_create(
        &(nsde_model_definition){.name = given->name,
                                 .dim = 2 * given->dim,
                                 .noise_dim = given->noise_dim,
                                 .noise = noisy ? NSDE_NOISE_GENERAL : NSDE_NOISE_ADDITIVE,
                                 .calculus = given->calculus,
                                 .parameters = &all,
                                 .n_parameters = given->n_parameters > 0,
                                 .drift = no_drift,
                                 .diffusion = noisy ? no_diffusion : NULL,
                                 .context = d},
        &d->wide);
}

/* The losses, which the engine does not see. */
static nsde_status run_losses(nsde_estimate_work *w)
{
    void *loss;
    nsde_tangents *values = NULL;
    nsde_status status = nsde_alloc(w->paths, sizeof(double), "losses", &loss);
    if (!status)
        status = nsde_tangents_create(&(nsde_tangents_settings){.model = w->problem.model,
                                                                .loss = w->problem.loss,
                                                                .run = &w->settings.run},
                                      &values);
    if (!status) {
        nsde_estimate_count(w, nsde_tangents_bytes(values) + w->paths * sizeof(double));
        status = nsde_tangents_run(values, w->problem.parameters, w->problem.x0, 0,
                                   &(nsde_tangents_result){.loss = loss});
    }
    if (!status)
        nsde_estimate_take_loss(w, loss);
    nsde_tangents_destroy(values);
    nsde_free(loss);
    return status;
}

static nsde_status run(nsde_estimate_work *w)
{
    derived d = {.model = w->problem.model,
                 .loss = *w->problem.loss,
                 .integrator = w->settings.run.integrator,
                 .direction = w->settings.direction};
    if (!d.direction)
        return nsde_fail(NSDE_UNSUPPORTED, "the Hessian times a direction needs a direction");
    nsde_status status = derive(w, &d);
    nsde_estimate_work wide = *w;
    wide.problem.model = d.wide;
    wide.problem.loss = &d.slope;
    wide.problem.x0 = d.x0;
    wide.settings.run.integrator = &d.dual;
    if (!status)
        status = nsde_estimate_by_engine(&wide);
    if (!status)
        status = run_losses(w);
    if (!status && w->result->doubtful)
        nsde_estimate_note(w,
                           "does not apply where the loss or its gradient jumps, and they branch: what comes "
                           "from jumps is missing");
    nsde_model_destroy(d.wide);
    nsde_free(d.x0);
    return status;
}

const nsde_estimator nsde_estimator_hessian_vector = {
    .name = "hessian_vector",
    .aliases = "hvp",
    .title = "the Hessian times a direction, forward over reverse",
    .source = "Pearlmutter 1994",
    .second = true,
    .run = run,
};
