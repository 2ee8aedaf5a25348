/* The relative entropy of the laws of two equations on the space of paths, by Girsanov's theorem: with the
 * drifts f_q, f_p and the diffusion g they share, u = g^+ (f_q - f_p), and W the noise under q, log dQ/dP =
 * int u . dW + int |u|^2 dt / 2,   KL(Q || P) = E_Q int |u|^2 dt / 2. The two integrals are states of one
 * model beside those of q, so that all that gradients know holds for them. On the grid of Euler-Maruyama both
 * are exact for the two chains.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "estimate/estimate.h"
#include "estimate/record.h"
#include "model/inputs.h"
#include "step/step.h"
#include "tape/tape.h"

/* ---- both equations as one model: the states of q, the entropy, the log ratio ---- */

typedef struct pair {
    const nsde_model *q, *p;
    size_t dim, noise_dim, n_q, n_p;
    void *names; /* of the parameters */
} pair;

static nsde_var u_of(const nsde_at *at, const pair *both, nsde_var *f, nsde_var *g)
{
    const nsde_var x = nsde_slice(at->x, 0, both->dim);
    const nsde_var zero = nsde_real(at->tape, 0.0);
    const nsde_var p_q = both->n_q ? nsde_slice(at->p, 0, both->n_q) : zero;
    const nsde_var p_p = both->n_p ? nsde_slice(at->p, both->n_q, both->n_p) : zero;
    *f = nsde_model_drift(both->q, x, at->t, p_q, at->u);
    *g = nsde_model_diffusion(both->q, x, at->t, p_q, at->u);
    const nsde_var gap = nsde_sub(*f, nsde_model_drift(both->p, x, at->t, p_p, at->u));
    return nsde_model_is_diagonal(both->q) ? nsde_div(gap, *g)
                                           : nsde_record_inverse_noise(*g, gap, both->dim, both->noise_dim);
}

static nsde_var drift(const nsde_at *at)
{
    nsde_var f, g;
    const nsde_var u = u_of(at, at->context, &f, &g), rate = nsde_mul_real(nsde_dot(u, u), 0.5);
    return nsde_stack(3, (nsde_var[]){f, rate, rate});
}

/* [dim + 2][noise_dim]: g, then nothing, then u. */
static nsde_var diffusion(const nsde_at *at)
{
    const pair *both = at->context;
    nsde_var f, g;
    const nsde_var u = u_of(at, both, &f, &g), zero = nsde_real(at->tape, 0.0);
    if (nsde_tape_status(at->tape))
        return u;
    if (nsde_model_is_diagonal(both->q)) {
        void *memory;
        const size_t n = both->dim;
        const nsde_status status = nsde_alloc(n * n, sizeof(nsde_var), "diffusion", &memory);
        if (status)
            return nsde_tape_break(at->tape, status);
        nsde_var *entries = memory;
        for (size_t i = 0; i < n * n; i++)
            entries[i] = i % (n + 1) == 0 ? nsde_row(g, i / (n + 1)) : zero;
        g = nsde_stack(n * n, entries);
        nsde_free(memory);
    }
    return nsde_stack(3, (nsde_var[]){g, nsde_broadcast(zero, both->noise_dim), u});
}

static nsde_status create_pair(pair *both, nsde_model **model)
{
    const nsde_model_definition *q = nsde_model_describe(both->q), *p = nsde_model_describe(both->p);
    enum { NAME = 64 };
    void *memory;
    const size_t n = both->n_q + both->n_p;
    nsde_status status = nsde_alloc(n + 1, sizeof(nsde_parameter_definition) + NAME, "parameters", &memory);
    if (status)
        return status;
    nsde_parameter_definition *parameters = memory;
    char *names = (char *)(parameters + n + 1);
    for (size_t k = 0; k < n; k++, names += NAME) {
        parameters[k] = k < both->n_q ? q->parameters[k] : p->parameters[k - both->n_q];
        snprintf(names, NAME, "%c%zu", k < both->n_q ? 'q' : 'p', k);
        parameters[k].name = names;
    }
    const nsde_model_definition d = {.name = q->name,
                                     .equation = q->equation,
                                     .doc = "two equations and their log ratio",
                                     .dim = both->dim + 2,
                                     .noise_dim = both->noise_dim,
                                     .noise = both->noise_dim == 1 ? NSDE_NOISE_SCALAR : NSDE_NOISE_GENERAL,
                                     .calculus = NSDE_ITO,
                                     .parameters = parameters,
                                     .n_parameters = n,
                                     .drift = drift,
                                     .diffusion = diffusion,
                                     .context = both};
    status = nsde_model_create(&d, model);
    if (status)
        nsde_free(memory);
    else
        both->names = memory;
    return status;
}

static nsde_var entropy(const nsde_loss_at *at)
{
    return nsde_row(nsde_loss_state(at, at->n_times - 1), at->dim - 2);
}

static nsde_var log_ratio(const nsde_loss_at *at)
{
    return nsde_row(nsde_loss_state(at, at->n_times - 1), at->dim - 1);
}

/* ---- what is refused ---- */

/* The diffusions at the start and beside it. */
static nsde_status check_shared(const pair *both, const double *p_q, const double *p_p, const double *x0)
{
    enum { POINTS = 3 };
    const size_t entries = nsde_model_is_diagonal(both->q) ? both->dim : both->dim * both->noise_dim;
    void *memory;
    nsde_status status =
        nsde_alloc(POINTS * (both->dim + 2 * entries), sizeof(double), "diffusions", &memory);
    if (status)
        return status;
    double *x = memory, *g_q = x + POINTS * both->dim, *g_p = g_q + POINTS * entries;
    for (size_t i = 0; i < POINTS * both->dim; i++)
        x[i] = x0[i % both->dim] * (1.0 + 0.01 * (double)(i / both->dim));
    status = nsde_model_evaluate(both->q, p_q, POINTS, x, 0.0, NULL, NULL, g_q);
    if (!status)
        status = nsde_model_evaluate(both->p, p_p, POINTS, x, 0.0, NULL, NULL, g_p);
    for (size_t i = 0; i < POINTS * entries && !status; i++)
        if (fabs(g_q[i] - g_p[i]) > 1e-12 * fabs(g_q[i]))
            status = nsde_fail(
                NSDE_INVALID,
                "the laws of two equations on paths have a density only where they share the diffusion: "
                "entry %zu is %g and %g",
                i % entries, g_q[i], g_p[i]);
    nsde_free(memory);
    return status;
}

static nsde_status check(const pair *both, const nsde_gradient_settings *run)
{
    const nsde_model_definition *q = nsde_model_describe(both->q), *p = nsde_model_describe(both->p);
    if (q->dim != p->dim || q->noise_dim != p->noise_dim ||
        nsde_model_is_diagonal(both->q) != nsde_model_is_diagonal(both->p))
        return nsde_fail(NSDE_INVALID, "models %s and %s differ in their states, noises or kind of diffusion",
                         q->name, p->name);
    if (nsde_model_is_deterministic(both->q) || q->noise_dim < q->dim ||
        (!nsde_model_is_diagonal(both->q) && q->dim > NSDE_SCORE_MOST))
        return nsde_fail(
            NSDE_UNSUPPORTED,
            "path KL needs as many noises as states, and a full diffusion of up to %d: model %s has %zu "
            "states and %zu noises",
            NSDE_SCORE_MOST, q->name, q->dim, nsde_model_is_deterministic(both->q) ? 0 : q->noise_dim);
    nsde_status status = nsde_model_refuse_inputs(both->q, "path KL does");
    if (!status)
        status = nsde_model_refuse_inputs(both->p, "path KL does");
    if (status)
        return status;
    if (q->calculus != NSDE_ITO || p->calculus != NSDE_ITO)
        return nsde_fail(NSDE_UNSUPPORTED, "path KL needs both models in Ito's calculus");
    if (run->integrator && run->integrator != &nsde_integrator_euler_maruyama)
        return nsde_fail(NSDE_UNSUPPORTED, "path KL knows the density of paths of euler_maruyama, not of %s",
                         run->integrator->name);
    if (run->noise && nsde_brownian_is_correlated(run->noise))
        return nsde_fail(NSDE_UNSUPPORTED, "path KL needs independent noise");
    return NSDE_OK;
}

/* ---- the entropy and the law of the log ratio ---- */

static nsde_status take_log_ratio(const nsde_estimate_problem *problem,
                                  const nsde_estimate_settings *settings, nsde_path_kl *kl)
{
    const nsde_loss loss = {.record = log_ratio};
    nsde_estimate_settings values = *settings;
    nsde_brownian *grid = NULL;
    nsde_tangents *tangents = NULL;
    void *memory = NULL;
    const size_t n = settings->run.paths;
    double sum = 0.0, squares = 0.0, inverse = 0.0;
    values.run.integrator = &nsde_integrator_euler_maruyama;
    nsde_status status = nsde_alloc(n, sizeof(double), "log ratios", &memory);
    if (!status && !values.run.noise) {
        status = nsde_brownian_grid(values.run.seed, nsde_model_describe(problem->model)->noise_dim, &grid);
        values.run.noise = grid;
    }
    if (!status)
        status = nsde_tangents_create(
            &(nsde_tangents_settings){.model = problem->model, .loss = &loss, .run = &values.run}, &tangents);
    double *ratio = memory;
    if (!status)
        status = nsde_tangents_run(tangents, problem->parameters, problem->x0, 0,
                                   &(nsde_tangents_result){.loss = ratio});
    for (size_t i = 0; i < n && !status; i++) {
        sum += ratio[i];
        inverse += exp(-ratio[i]);
    }
    const double mean = sum / (double)n, one = inverse / (double)n;
    double spread = 0.0;
    for (size_t i = 0; i < n && !status; i++) {
        squares += (ratio[i] - mean) * (ratio[i] - mean);
        spread += (exp(-ratio[i]) - one) * (exp(-ratio[i]) - one);
    }
    kl->log_ratio = mean;
    kl->log_ratio_variance = n > 1 ? squares / (double)(n - 1) : NAN;
    kl->log_ratio_std_error = sqrt(kl->log_ratio_variance / (double)n);
    kl->inverse_ratio = one;
    kl->inverse_ratio_std_error = n > 1 ? sqrt(spread / (double)(n - 1) / (double)n) : NAN;
    nsde_tangents_destroy(tangents);
    nsde_brownian_destroy(grid);
    nsde_free(memory);
    return status;
}

static nsde_status take(const nsde_estimate_problem *problem, const nsde_gradient_settings *run,
                        nsde_path_kl *kl)
{
    nsde_gradient_estimate *e = NULL;
    nsde_estimate_settings settings = {.run = *run};
    settings.run.observe = NULL;
    settings.run.n_observe = 0;
    nsde_status status = nsde_estimate_run(&nsde_estimator_forward, problem, &settings, &e);
    if (!status) {
        kl->value = e->loss;
        kl->std_error = e->loss_std_error;
        memcpy(kl->gradient, e->value, kl->n * sizeof *kl->gradient);
        memcpy(kl->gradient_std_error, e->std_error, kl->n * sizeof *kl->gradient_std_error);
        status = take_log_ratio(problem, &settings, kl);
    }
    nsde_estimate_destroy(e);
    return status;
}

nsde_status nsde_path_kl_estimate(const nsde_path_kl_problem *given, const nsde_gradient_settings *run,
                                  nsde_path_kl **out)
{
    void *memory = NULL, *point = NULL;
    nsde_model *model = NULL;
    if (!out || !given || !given->q || !given->p || !given->x0 || !run)
        return nsde_fail(NSDE_INVALID, "nsde_path_kl_estimate: an argument is NULL");
    *out = NULL;
    const nsde_model_definition *q = nsde_model_describe(given->q), *p = nsde_model_describe(given->p);
    pair both = {.q = given->q,
                 .p = given->p,
                 .dim = q->dim,
                 .noise_dim = q->noise_dim,
                 .n_q = q->n_parameters,
                 .n_p = p->n_parameters};
    const size_t n = both.n_q + both.n_p, all = n + both.dim;
    nsde_status status = check(&both, run);
    if (!status)
        status = nsde_model_check_parameters(given->q, given->q_parameters);
    if (!status)
        status = nsde_model_check_parameters(given->p, given->p_parameters);
    if (!status)
        status = check_shared(&both, given->q_parameters, given->p_parameters, given->x0);
    if (!status)
        status = create_pair(&both, &model);
    if (!status)
        status = nsde_alloc(1, sizeof(nsde_path_kl) + 2 * (all + 2) * sizeof(double), "path KL", &memory);
    if (!status)
        status = nsde_alloc(all + 2, sizeof(double), "path KL", &point);
    if (status)
        goto done;
    nsde_path_kl *kl = memory;
    double *parameters = point, *x0 = parameters + n; /* the integrals start from 0 */
    kl->n = all;
    kl->gradient = (double *)(kl + 1);
    kl->gradient_std_error = kl->gradient + all;
    if (both.n_q)
        memcpy(parameters, given->q_parameters, both.n_q * sizeof(double));
    if (both.n_p)
        memcpy(parameters + both.n_q, given->p_parameters, both.n_p * sizeof(double));
    memcpy(x0, given->x0, both.dim * sizeof(double));
    const nsde_loss loss = {.record = entropy};
    status = take(&(nsde_estimate_problem){model, &loss, parameters, x0}, run, kl);
done:
    nsde_free(point);
    nsde_model_destroy(model);
    nsde_free(both.names);
    if (status)
        nsde_free(memory);
    else
        *out = memory;
    return status;
}

void nsde_path_kl_destroy(nsde_path_kl *kl)
{
    nsde_free(kl);
}
