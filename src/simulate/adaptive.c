/* Runs with adaptive steps: checks, defaults, and what they need beside equal steps.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "simulate/adaptive.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "core/names.h"
#include "core/settings.h"
#include "noise/window.h"
#include "simulate/panel.h"

nsde_adaptive nsde_adaptive_default(void)
{
    return (nsde_adaptive){
#define NSDE_SETTING_DEFAULT(type, name, standard, least, most, doc) .name = (standard),
        NSDE_ADAPTIVE_SETTINGS(NSDE_SETTING_DEFAULT)
#undef NSDE_SETTING_DEFAULT
    };
}

/* The strong order on that model, or without noise the order. */
static double order_of(const nsde_integrator *integrator, const nsde_model *model)
{
    const nsde_noise_class noise = nsde_model_describe(model)->noise;
    if (nsde_model_is_deterministic(model))
        return integrator->weak_order;
    return noise == NSDE_NOISE_ADDITIVE  ? integrator->additive_order
           : noise == NSDE_NOISE_GENERAL ? integrator->strong_order
                                         : integrator->commutative_order;
}

/* Steps that look at the path ahead of them need strong order 1: the left sums of Euler's scheme depend on
 * where the steps end (Gaines and Lyons 1997). */
static nsde_status check_order(const nsde_integrator *integrator, const nsde_model *model)
{
    char names[NSDE_MESSAGE_SIZE / 2] = "";
    const double order = order_of(integrator, model);
    if (order >= 1.0)
        return NSDE_OK;
    for (size_t i = 0; i < nsde_integrator_count(); i++)
        if (order_of(nsde_integrator_at(i), model) >= 1.0 &&
            !nsde_integrator_check(nsde_integrator_at(i), model))
            nsde_name_append(names, sizeof names, nsde_integrator_at(i)->name);
    return nsde_fail(NSDE_UNSUPPORTED,
                     "adaptive steps need strong order 1, and %s has order %g for the noise of model %s; %s "
                     "would do",
                     integrator->name, order, nsde_model_describe(model)->name, names);
}

static nsde_status check(const nsde_run *run, const nsde_adaptive *settings)
{
    NSDE_ADAPTIVE_SETTINGS(NSDE_SETTING_CHECK)
    if (!(settings->relative + settings->absolute > 0.0))
        return nsde_fail(NSDE_INVALID, "relative and absolute tolerance are both 0");
    if (settings->longest > 0.0 && settings->longest < settings->shortest)
        return nsde_fail(NSDE_INVALID, "the longest step, %g, is shorter than the shortest, %g",
                         settings->longest, settings->shortest);
    if (run->settings.times)
        return nsde_fail(NSDE_INVALID, "adaptive steps choose their times: none can be given");
    if (run->sink->n_passages)
        return nsde_fail(NSDE_UNSUPPORTED,
                         "first passages are watched over equal or given steps, not adaptive ones");
    return NSDE_OK;
}

static nsde_status check_integrator(const nsde_run *run, const nsde_adaptive_run *a)
{
    const nsde_integrator *integrator = run->settings.integrator;
    nsde_status status = nsde_integrator_check(integrator, run->model);
    if (!status)
        status = check_order(integrator, run->model);
    if (!status && a->settings.dense && !integrator->dense)
        status = nsde_fail(NSDE_UNSUPPORTED,
                           "%s does not tell states within a step; dense output needs dormand_prince",
                           integrator->name);
    if (!status && a->noisy && run->settings.noise && !nsde_noise_has_intervals(run->settings.noise))
        status =
            nsde_fail(NSDE_UNSUPPORTED, "adaptive steps ask for any interval, which a virtual tree knows "
                                        "(nsde_brownian_tree); this noise has steps of its own");
    return status;
}

/* Lengths that depend on the time there is. */
static void fill_in(const nsde_run *run, nsde_adaptive *s)
{
    enum {
        LEVELS = 20,
        WITH_AREAS = 12,
        ROUNDINGS = 64
    }; /* areas cost what all of the tree's last halves do */
    const bool areas = nsde_step_detail(run->settings.integrator, run->model) == NSDE_LEVY;
    const int levels = areas && nsde_model_describe(run->model)->noise_dim > 1 ? WITH_AREAS : LEVELS;
    const double t0 = run->grid.t0, end = nsde_run_end(run);
    const double least = ROUNDINGS * DBL_EPSILON * fmax(fabs(t0), fabs(end));
    s->shortest = fmax(s->shortest > 0.0 ? s->shortest : ldexp(end - t0, -levels), least);
    s->longest = s->longest > 0.0 ? fmax(s->longest, s->shortest) : INFINITY;
    s->first_step = s->first_step > 0.0 ? s->first_step : nsde_grid_length(&run->grid, 0);
    s->first_step = fmin(fmax(s->first_step, s->shortest), s->longest);
}

nsde_status nsde_adaptive_prepare(nsde_run *run, nsde_adaptive_run *a, nsde_step_options *options)
{
    const double most = 8.0; /* of an order, for control */
    *a = (nsde_adaptive_run){.noisy = !nsde_model_is_deterministic(run->model)};
    nsde_status status = check(run, run->settings.adaptive);
    if (!status && !run->settings.integrator)
        status = nsde_integrator_find(a->noisy ? "milstein" : "dormand_prince", &run->settings.integrator);
    if (status)
        return status;
    a->settings = *run->settings.adaptive;
    status = check_integrator(run, a);
    if (status)
        return status;
    const nsde_integrator *integrator = run->settings.integrator;
    a->embedded = integrator->error != NULL;
    a->order = fmin(order_of(integrator, run->model), most) + (a->noisy ? 0.5 : 1.0);
    if (a->embedded)
        a->order = integrator->error_order;
    fill_in(run, &a->settings);
    options->error = a->embedded;
    run->adaptive = a;
    return NSDE_OK;
}

nsde_status nsde_adaptive_make(nsde_run *run, nsde_adaptive_run *a)
{
    enum { DEPTH = 38 }; /* of a tree, at most */
    const double t0 = run->grid.t0, end = nsde_run_end(run);
    void *saved = NULL, *panels = NULL;
    nsde_status status = NSDE_OK;
    if (a->noisy && !run->settings.noise)
        status = nsde_brownian_tree(run->settings.seed, nsde_model_describe(run->model)->noise_dim, t0, end,
                                    fmax(0.5 * a->settings.shortest, ldexp(end - t0, -DEPTH)), &a->tree);
    if (a->tree)
        run->noise = a->tree;
    if (!status)
        status = nsde_alloc(run->n_times, sizeof(double), "times", &saved);
    if (!status)
        nsde_run_times(run, saved);
    a->saved = saved;
    if (!status)
        status = nsde_alloc(run->n_panels, sizeof(nsde_panel_steps), "panels", &panels);
    a->panels = panels;
    a->n_panels = panels ? run->n_panels : 0;
    if (!status && a->settings.dense) {
        const nsde_step_options dense = {.precision = run->settings.precision,
                                         .parameters_per_path = run->settings.parameters_per_path,
                                         .dense = true};
        status = nsde_step_compile(run->settings.integrator, run->model, &dense, &a->dense);
    }
    return status;
}

void nsde_adaptive_hand_over(nsde_adaptive_run *a, nsde_simulation *simulation)
{
    simulation->panels = a->panels;
    simulation->n_panels = a->n_panels;
    a->panels = NULL;
    for (size_t k = 0; k < simulation->n_panels; k++) {
        const nsde_panel_steps *panel = &simulation->panels[k];
        simulation->n_accepted += panel->accepted;
        simulation->n_rejected += panel->rejected;
        if (k == 0 || panel->smallest < simulation->smallest_step)
            simulation->smallest_step = panel->smallest;
    }
}

void nsde_panel_steps_release(nsde_panel_steps *panels, size_t n)
{
    for (size_t k = 0; panels && k < n; k++) {
        nsde_free(panels[k].times);
        nsde_free(panels[k].observed);
    }
    nsde_free(panels);
}

void nsde_adaptive_release(nsde_adaptive_run *a)
{
    nsde_panel_steps_release(a->panels, a->n_panels);
    nsde_program_destroy(a->dense);
    nsde_brownian_destroy(a->tree);
    nsde_free(a->saved);
    *a = (nsde_adaptive_run){0};
}

nsde_status nsde_adaptive_stepper_create(nsde_stepper *stepper)
{
    const nsde_run *run = stepper->run;
    nsde_adaptive_stepper *a = &stepper->adaptive;
    const size_t stride = nsde_workspace_stride(stepper->workspace), rows = run->state_rows;
    size_t total = 0;
    nsde_status status = NSDE_OK;
    if (!nsde_arena_plan(rows * stride, sizeof(double), &total) ||
        !nsde_arena_plan(stride, sizeof(double), &total))
        status = nsde_fail(NSDE_OVERFLOW, "nsde_simulate: a panel of %zu states overflows the size of memory",
                           run->dim);
    if (!status)
        status = nsde_arena_create(total, "simulation", &a->arena);
    if (!status && run->adaptive->dense)
        status = nsde_workspace_create(run->adaptive->dense, run->panel, NSDE_FORWARD, &a->dense);
    if (status)
        return status;
    a->rough = nsde_arena_take(&a->arena, rows * stride, sizeof(double));
    a->worst = nsde_arena_take(&a->arena, stride, sizeof(double));
    if (a->dense)
        nsde_stepper_put_parameters(run, a->dense);
    return NSDE_OK;
}

void nsde_adaptive_stepper_destroy(nsde_stepper *stepper)
{
    nsde_adaptive_stepper *a = &stepper->adaptive;
    nsde_workspace_destroy(a->dense);
    nsde_free(a->times);
    nsde_arena_destroy(&a->arena);
    *a = (nsde_adaptive_stepper){0};
}
