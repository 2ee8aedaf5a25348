/* Simulation: one recorded step, panels shared among threads.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <omp.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "core/settings.h"
#include "simulate/panel.h"

nsde_simulate_settings nsde_simulate_settings_default(void)
{
    return (nsde_simulate_settings){
#define NSDE_SETTING_DEFAULT(type, name, standard, least, most, doc) .name = (standard),
        NSDE_SIMULATE_SETTINGS(NSDE_SETTING_DEFAULT)
#undef NSDE_SETTING_DEFAULT
    };
}

static nsde_status check_settings(const nsde_simulate_settings *settings)
{
    NSDE_SIMULATE_SETTINGS(NSDE_SETTING_CHECK)
    if (settings->first_path > SIZE_MAX - settings->paths)
        return nsde_fail(NSDE_OVERFLOW, "paths %zu from %zu on overflow", settings->paths,
                         settings->first_path);
    if (settings->precision != NSDE_DOUBLE && settings->precision != NSDE_SINGLE)
        return nsde_fail(NSDE_INVALID, "there is no precision number %d", (int)settings->precision);
    if (settings->on_failure != NSDE_STOP && settings->on_failure != NSDE_DROP)
        return nsde_fail(NSDE_INVALID, "on_failure is neither NSDE_STOP nor NSDE_DROP");
    return nsde_grid_check(&(nsde_grid){settings->t0, settings->t1, settings->steps});
}

static nsde_status check_states(const nsde_model *model, const double *x0,
                                const nsde_simulate_settings *settings)
{
    const size_t paths = settings->x0_per_path ? settings->paths : 1;
    for (size_t k = 0; k < nsde_model_describe(model)->dim; k++)
        for (size_t i = 0; i < paths; i++)
            if (!isfinite(x0[k * paths + i]))
                return settings->x0_per_path
                           ? nsde_fail(NSDE_INVALID, "initial state x0[%zu] of path %zu is %g", k, i,
                                       x0[k * paths + i])
                           : nsde_fail(NSDE_INVALID, "initial state x0[%zu] is %g", k, x0[k]);
    return NSDE_OK;
}

static nsde_status check_inputs(const nsde_model *model, const nsde_simulate_settings *settings)
{
    const nsde_model_definition *d = nsde_model_describe(model);
    if (!settings->inputs != !d->n_inputs)
        return nsde_fail(NSDE_INVALID, "model %s has %zu inputs of each path, and %s given", d->name,
                         d->n_inputs, settings->inputs ? "some are" : "none are");
    for (size_t k = 0; k < d->n_inputs; k++)
        for (size_t i = 0; i < settings->paths; i++)
            if (!isfinite(settings->inputs[k * settings->paths + i]))
                return nsde_fail(NSDE_INVALID, "input %zu of path %zu is %g", k, i,
                                 settings->inputs[k * settings->paths + i]);
    return NSDE_OK;
}

static nsde_status check_problem(const nsde_model *model, const double *parameters, const double *x0,
                                 const nsde_simulate_settings *settings)
{
    if (!model || !x0 || !settings)
        return nsde_fail(NSDE_INVALID, "nsde_simulate: a model, initial states and settings are needed");
    nsde_status status = check_settings(settings);
    if (!status)
        status = settings->parameters_per_path
                     ? nsde_model_check_path_parameters(model, settings->paths, parameters)
                     : nsde_model_check_parameters(model, parameters);
    if (!status)
        status = check_states(model, x0, settings);
    return status ? status : check_inputs(model, settings);
}

/* Steppers for all threads, so that nothing is allocated, and nothing can fail for want of memory, later. */
static nsde_status make_steppers(const nsde_run *run, size_t threads, nsde_stepper **steppers)
{
    void *memory;
    nsde_status status = nsde_alloc(threads, sizeof(nsde_stepper), "threads", &memory);
    *steppers = memory;
    for (size_t i = 0; i < threads && !status; i++)
        status = nsde_stepper_create(run, &(*steppers)[i]);
    return status;
}

static void destroy_steppers(nsde_stepper *steppers, size_t threads)
{
    for (size_t i = 0; steppers && i < threads; i++)
        nsde_stepper_destroy(&steppers[i]);
    nsde_free(steppers);
}

/* What the threads of a run write to. */
typedef struct progress {
    size_t first_failed; /* panel; SIZE_MAX for none */
    size_t done;
    nsde_stepper failed; /* that ran the panel */
} progress;

static void note_failure(progress *p, const nsde_stepper *stepper, size_t panel)
{
#pragma omp critical(nsde_simulate_failure)
    if (panel < p->first_failed) {
#pragma omp atomic write
        p->first_failed = panel; /* others look at it outside this section */
        p->failed = *stepper;
    }
}

static void hand_over(const nsde_run *run, nsde_stepper *stepper, progress *p, size_t group, size_t panel)
{
    const size_t left = run->settings.paths - panel * run->panel;
    stepper->status =
        run->sink->take(run->sink->context, stepper, group, left < run->panel ? left : run->panel);
    if (stepper->status) {
        memcpy(stepper->message, nsde_error_message(), sizeof stepper->message);
        note_failure(p, stepper, panel);
    }
}

static void run_panel(const nsde_run *run, nsde_stepper *stepper, progress *p, size_t group, size_t panel)
{
    size_t limit, finished;
#pragma omp atomic read
    limit = p->first_failed;
    if (panel > limit) /* its result is no longer wanted; earlier ones still decide what is reported */
        return;
    if (!nsde_stepper_run(stepper, panel)) {
        note_failure(p, stepper, panel);
    } else if (run->sink->take && run->sink->ordered) {
#pragma omp ordered
        hand_over(run, stepper, p, group, panel);
    } else if (run->sink->take) {
        hand_over(run, stepper, p, group, panel);
    }
#pragma omp atomic capture
    finished = ++p->done;
    if (run->settings.progress && omp_get_thread_num() == 0) {
        const size_t paths = finished * run->panel;
        run->settings.progress(run->settings.progress_context,
                               paths < run->settings.paths ? paths : run->settings.paths,
                               run->settings.paths);
    }
}

static void run_group(const nsde_run *run, nsde_stepper *stepper, progress *p, size_t group)
{
    const size_t first = group * run->panels_in_group;
    for (size_t panel = first; panel < first + run->panels_in_group && panel < run->n_panels; panel++)
        run_panel(run, stepper, p, group, panel);
}

static void run_groups(const nsde_run *run, nsde_stepper *steppers, size_t threads, progress *p)
{
    if (run->sink->ordered) {
#pragma omp parallel for ordered schedule(dynamic) num_threads((int)threads)
        for (size_t group = 0; group < run->n_groups; group++)
            run_group(run, &steppers[omp_get_thread_num()], p, group);
    } else {
#pragma omp parallel for schedule(dynamic) num_threads((int)threads)
        for (size_t group = 0; group < run->n_groups; group++)
            run_group(run, &steppers[omp_get_thread_num()], p, group);
    }
}

static nsde_status report(const nsde_run *run, const nsde_stepper *failed)
{
    const nsde_failure *f = &failed->failure;
    uint64_t seed;
    char origin[64] = "noise given by the caller";
    const nsde_simulate_settings *settings = &run->settings;
    const bool own = settings->x0_per_path || settings->parameters_per_path || settings->inputs;
    if (failed->status != NSDE_DIVERGED)
        return nsde_fail(failed->status, "%s", failed->message);
    if (nsde_brownian_seed(run->noise, &seed))
        snprintf(origin, sizeof origin, "seed %llu", (unsigned long long)seed);
    return nsde_fail(
        NSDE_DIVERGED,
        "model %s, %s: path %zu left the finite numbers at step %zu of %zu (t = %g, %s): x[%zu] "
        "was %g before; replay it with first_path = %zu, paths = 1%s and the same %s, or take smaller "
        "steps",
        nsde_model_describe(run->model)->name, run->settings.integrator->name, f->path, f->step,
        run->settings.steps, f->time, origin, f->component, f->state, f->path,
        own ? ", x0, parameters and inputs of its own" : "",
        nsde_brownian_seed(run->noise, &seed) ? "seed" : "noise");
}

static nsde_status run_all(nsde_run *run)
{
    const size_t wanted = run->settings.threads ? (size_t)run->settings.threads : (size_t)omp_get_num_procs();
    const size_t threads = wanted < run->n_groups ? wanted : run->n_groups;
    nsde_stepper *steppers = NULL;
    progress p = {.first_failed = SIZE_MAX};
    nsde_status status = run->sink->begin(run->sink->context, run);
    if (!status)
        status = make_steppers(run, threads, &steppers);
    if (!status) {
        run_groups(run, steppers, threads, &p);
        if (p.first_failed != SIZE_MAX)
            status = report(run, &p.failed);
    }
    destroy_steppers(steppers, threads);
    return status;
}

/* Panels, groups of them, and times, when the program is there. */
static void divide(nsde_run *run)
{
    enum { CHUNK_BYTES = 32 * 1024 }; /* noise drawn at once stays in the first-level cache */
    const nsde_simulate_settings *s = &run->settings;
    const size_t widest = nsde_program_panel(run->program, NSDE_FORWARD);
    run->panel = s->paths < widest ? s->paths : widest;
    run->n_panels = (s->paths - 1) / run->panel + 1;
    const size_t most = run->sink->groups ? run->sink->groups : run->n_panels;
    run->panels_in_group = (run->n_panels - 1) / most + 1;
    run->n_groups = (run->n_panels - 1) / run->panels_in_group + 1;
    const size_t chunk = CHUNK_BYTES / (sizeof(double) * run->panel * run->noise_rows);
    run->chunk = chunk < 2 ? 2 : chunk < s->steps ? chunk : s->steps;
    const size_t every = s->save_every ? s->save_every : s->steps;
    run->n_times = 1 + s->steps / every + (s->steps % every != 0);
    if (!nsde_brownian_seed(run->noise, &run->seed))
        run->seed = s->seed;
}

/* Components whose variance the step tells: those whose passages are looked for between steps. */
static nsde_status compile(nsde_run *run)
{
    void *memory;
    const nsde_sink *sink = run->sink;
    nsde_step_options options = {.precision = run->settings.precision,
                                 .parameters_per_path = run->settings.parameters_per_path};
    nsde_status status = nsde_alloc(sink->n_passages, sizeof(size_t), "passages", &memory);
    size_t *variances = memory;
    for (size_t q = 0; q < sink->n_passages && !status; q++)
        if (sink->passages[q].bridge)
            variances[options.n_variances++] = sink->passages[q].component;
    options.variances = variances;
    if (!status)
        status = nsde_step_compile(run->settings.integrator, run->model, &options, &run->program);
    nsde_free(variances);
    return status;
}

nsde_status nsde_run_paths(const nsde_model *model, const double *parameters, const double *x0,
                           const nsde_simulate_settings *settings, const nsde_sink *sink)
{
    nsde_status status = check_problem(model, parameters, x0, settings);
    if (!status)
        status = nsde_passages_check(sink, model, settings->noise);
    if (status)
        return status;
    const nsde_model_definition *d = nsde_model_describe(model);
    nsde_brownian *grid = NULL;
    nsde_run run = {.model = model,
                    .parameters = parameters,
                    .x0 = x0,
                    .settings = *settings,
                    .dim = d->dim,
                    .n_inputs = d->n_inputs,
                    .n_parameters = d->n_parameters,
                    .grid = {settings->t0, settings->t1, settings->steps},
                    .sink = sink};
    if (!run.settings.integrator)
        status = nsde_integrator_find("euler_maruyama", &run.settings.integrator);
    if (!status)
        status = compile(&run);
    if (!status)
        status = nsde_step_check_noise(run.settings.integrator, model, settings->noise);
    if (!status && !settings->noise)
        status = nsde_brownian_grid(settings->seed, d->noise_dim, &grid);
    if (!status) {
        run.detail = nsde_step_detail(run.settings.integrator, model);
        run.state_rows = nsde_program_input_rows(run.program, NSDE_STEP_STATE);
        run.noise_rows = nsde_program_input_rows(run.program, NSDE_STEP_NOISE);
        run.noise = settings->noise ? settings->noise : grid;
        divide(&run);
        status = run_all(&run);
    }
    nsde_program_destroy(run.program);
    nsde_brownian_destroy(grid);
    return status;
}
