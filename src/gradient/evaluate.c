/* An evaluation: panels over threads, sums in an order of their own, and what can go wrong.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <omp.h>
#include <string.h>

#include "gradient/engine.h"

static nsde_status check_point(const nsde_gradient *e, const nsde_gradient_point *point)
{
    if (!point || !point->x0)
        return nsde_fail(NSDE_INVALID, "nsde_gradient_evaluate: initial states are needed");
    const size_t states = e->dim * (point->x0_per_path ? e->settings.paths : 1);
    for (size_t i = 0; i < states; i++)
        if (!isfinite(point->x0[i]))
            return nsde_fail(NSDE_INVALID, "nsde_gradient_evaluate: initial state %zu is %g", i,
                             point->x0[i]);
    if (e->n_inputs && !point->inputs)
        return nsde_fail(NSDE_INVALID,
                         "nsde_gradient_evaluate: model %s has %zu inputs of each path, which are needed",
                         nsde_model_describe(e->model)->name, e->n_inputs);
    for (size_t i = 0; i < e->n_inputs * e->settings.paths; i++)
        if (!isfinite(point->inputs[i]))
            return nsde_fail(NSDE_INVALID, "nsde_gradient_evaluate: input %zu of path %zu is %g",
                             i / e->settings.paths, i % e->settings.paths, point->inputs[i]);
    return nsde_model_check_parameters(e->model, point->parameters);
}

static void prepare(nsde_sweeper *s)
{
    const nsde_gradient *e = s->engine;
    nsde_workspace *const all[] = {s->step, s->loss, s->back};
    for (int i = 0; i < 3; i++)
        if (all[i]) {
            if (e->n_parameters) /* else the pointer may be NULL */
                memcpy(nsde_workspace_parameters(all[i]), e->point->parameters,
                       e->n_parameters * sizeof(double));
            nsde_workspace_prepare(all[i]);
        }
    s->status = NSDE_OK;
    s->steps_forward = 0;
}

static void start_panel(nsde_sweeper *s, size_t panel)
{
    const nsde_gradient *e = s->engine;
    const size_t left = e->settings.paths - panel * e->panel;
    s->first = panel * e->panel;
    s->paths = left < e->panel ? left : e->panel;
}

/* The loss of each path and its adjoint by the observed states. */
static void run_loss(nsde_sweeper *s)
{
    const nsde_gradient *e = s->engine;
    double *seed = nsde_workspace_output_adjoint(s->loss, 0);
    if (e->n_inputs)
        nsde_spread_paths(e->point->inputs, e->n_inputs, e->settings.paths, s->first, s->paths, e->stride,
                          nsde_workspace_input(s->loss, NSDE_LOSS_INPUT));
    nsde_forward(s->loss, s->paths);
    memcpy(e->path_loss + s->first, nsde_workspace_output(s->loss, 0), s->paths * sizeof(double));
    for (size_t i = 0; i < e->stride; i++)
        seed[i] = i < s->paths ? 1.0 / (double)e->settings.paths : 0.0;
    nsde_reverse(s->loss, s->paths);
}

/* The adjoint the caller gave for the panel's states. */
static void take_ensemble_adjoint(nsde_sweeper *s)
{
    const nsde_gradient *e = s->engine;
    for (size_t r = 0; r < e->n_times * e->dim; r++)
        for (size_t i = 0; i < e->stride; i++)
            s->seen[r * e->stride + i] =
                i < s->paths ? e->ensemble_adjoint[r * e->settings.paths + s->first + i] : 0.0;
}

static nsde_status there_and_back(nsde_sweeper *s)
{
    nsde_status status = nsde_sweep_forward(s, true);
    if (status)
        return status;
    if (s->loss)
        run_loss(s);
    else
        take_ensemble_adjoint(s);
    return nsde_sweep_back(s);
}

static nsde_status there(nsde_sweeper *s)
{
    return nsde_sweep_forward(s, false);
}

/* One group of panels, and the parameters' adjoint summed over it. */
static void run_group(nsde_sweeper *s, size_t group, nsde_status (*panel_work)(nsde_sweeper *s))
{
    const nsde_gradient *e = s->engine;
    const size_t first = group * e->panels_in_group, end = first + e->panels_in_group;
    double *sum = e->group_adjoint + group * e->n_parameters;
    nsde_workspace_clear_adjoint(s->step);
    if (s->loss)
        nsde_workspace_clear_adjoint(s->loss);
    if (s->back)
        nsde_workspace_clear_adjoint(s->back);
    for (size_t panel = first; panel < end && panel < e->n_panels && !s->status; panel++) {
        start_panel(s, panel);
        s->status = panel_work(s);
        if (s->status)
            memcpy(s->message, nsde_error_message(), sizeof s->message);
    }
    memcpy(sum, nsde_workspace_parameter_adjoint(s->step), e->n_parameters * sizeof *sum);
    if (s->back)
        nsde_accumulate(sum, nsde_workspace_parameter_adjoint(s->back), e->n_parameters);
    if (s->loss)
        nsde_accumulate(sum, nsde_workspace_parameter_adjoint(s->loss), e->n_parameters);
}

static nsde_status run_all(nsde_gradient *e, nsde_status (*panel_work)(nsde_sweeper *s))
{
    if (e->n_threads == 1) {
        prepare(&e->sweepers[0]);
        for (size_t group = 0; group < e->n_groups; group++)
            run_group(&e->sweepers[0], group, panel_work);
    } else {
#pragma omp parallel num_threads((int)e->n_threads)
        {
            nsde_sweeper *s = &e->sweepers[omp_get_thread_num()];
            prepare(s);
#pragma omp for schedule(dynamic)
            for (size_t group = 0; group < e->n_groups; group++)
                run_group(s, group, panel_work);
        }
    }
    for (size_t i = 0; i < e->n_threads; i++)
        if (e->sweepers[i].status)
            return nsde_fail(e->sweepers[i].status, "%s", e->sweepers[i].message);
    return NSDE_OK;
}

static nsde_status run_ensemble(nsde_gradient *e, double *loss)
{
    const nsde_ensemble ensemble = {.n_times = e->n_times,
                                    .dim = e->dim,
                                    .n_paths = e->settings.paths,
                                    .times = e->observed_times,
                                    .states = e->ensemble};
    nsde_status status = run_all(e, there);
    if (status)
        return status;
    memset(e->ensemble_adjoint, 0, e->n_times * e->dim * e->settings.paths * sizeof(double));
    status = e->loss.ensemble(e->loss.context, &ensemble, loss, e->ensemble_adjoint);
    return status ? status : run_all(e, there_and_back);
}

static nsde_status run_recorded(nsde_gradient *e, double *loss)
{
    const nsde_status status = run_all(e, there_and_back);
    double sum = 0.0;
    for (size_t i = 0; i < e->settings.paths && !status; i++)
        sum += e->path_loss[i];
    *loss = sum / (double)e->settings.paths;
    return status;
}

/* Groups in their order, into the first. */
static void add_up(nsde_gradient *e)
{
    for (size_t group = 1; group < e->n_groups; group++)
        nsde_accumulate(e->group_adjoint, e->group_adjoint + group * e->n_parameters, e->n_parameters);
}

static nsde_status check_finite(const nsde_gradient *e, double loss)
{
    uint64_t seed;
    const nsde_model_definition *d = nsde_model_describe(e->model);
    for (size_t i = 0; i < e->settings.paths && e->loss.record; i++)
        if (!isfinite(e->path_loss[i])) {
            const bool seeded = nsde_brownian_seed(e->settings.noise, &seed);
            return nsde_fail(NSDE_DIVERGED,
                             "model %s, %s: the loss of path %llu is %g (seed %llu%s); nsde_simulate with "
                             "first_path = %llu and paths = 1 shows where it leaves the finite numbers",
                             d->name, e->settings.integrator->name, (unsigned long long)(e->first_path + i),
                             e->path_loss[i], seeded ? (unsigned long long)seed : 0,
                             seeded ? "" : ", of noise given by the caller",
                             (unsigned long long)(e->first_path + i));
        }
    if (!isfinite(loss))
        return nsde_fail(NSDE_DIVERGED, "model %s, %s: the loss is %g", d->name, e->settings.integrator->name,
                         loss);
    for (size_t k = 0; k < e->n_parameters; k++)
        if (!isfinite(e->group_adjoint[k]))
            return nsde_fail(NSDE_DIVERGED, "model %s, %s: the derivative of the loss by %s is %g", d->name,
                             e->settings.integrator->name, d->parameters[k].name, e->group_adjoint[k]);
    return NSDE_OK;
}

static void hand_out(const nsde_gradient *e, double loss, const nsde_gradient_result *result)
{
    const size_t n = e->settings.paths;
    if (result->loss)
        *result->loss = loss;
    if (result->loss_per_path && e->loss.record)
        memcpy(result->loss_per_path, e->path_loss, n * sizeof(double));
    if (result->parameters)
        memcpy(result->parameters, e->group_adjoint, e->n_parameters * sizeof(double));
    if (result->x0 && e->point->x0_per_path)
        memcpy(result->x0, e->x0_adjoint, e->dim * n * sizeof(double));
    if (result->inputs && e->n_inputs)
        memcpy(result->inputs, e->input_adjoint, e->n_inputs * n * sizeof(double));
    for (size_t c = 0; result->x0 && !e->point->x0_per_path && c < e->dim; c++)
        result->x0[c] = nsde_total(e->x0_adjoint + c * n, n);
}

nsde_status nsde_gradient_evaluate(nsde_gradient *e, const nsde_gradient_point *point,
                                   const nsde_gradient_result *result)
{
    double loss = 0.0;
    if (!e || !result)
        return nsde_fail(NSDE_INVALID,
                         "nsde_gradient_evaluate: an engine and a place for results are needed");
    nsde_status status = check_point(e, point);
    if (status)
        return status;
    e->point = point;
    status = e->loss.record ? run_recorded(e, &loss) : run_ensemble(e, &loss);
    if (status)
        return status;
    add_up(e);
    status = check_finite(e, loss);
    if (!status)
        hand_out(e, loss, result);
    return status;
}
