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
    return nsde_grid_check(&(nsde_grid){settings->t0, settings->t1, settings->steps, settings->times});
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

static nsde_status make_result(const nsde_run *run, nsde_simulation **result)
{
    const nsde_simulate_settings *s = &run->settings;
    const size_t n_times = run->n_times;
    size_t numbers;
    void *memory, *times = NULL, *states = NULL, *failed = NULL;
    if (!nsde_size_mul(n_times, run->dim, &numbers) || !nsde_size_mul(numbers, s->paths, &numbers))
        return nsde_fail(NSDE_OVERFLOW, "%zu times of %zu paths overflow the size of memory", n_times,
                         s->paths);
    nsde_status status = nsde_alloc(1, sizeof **result, "simulation", &memory);
    if (status)
        return status;
    *result = memory;
    **result = (nsde_simulation){.n_times = n_times, .dim = run->dim, .n_paths = s->paths};
    status = nsde_alloc(n_times, sizeof(double), "times", &times);
    if (!status)
        status = nsde_alloc(numbers, sizeof(double), "states", &states);
    if (!status)
        status = nsde_alloc(s->paths, sizeof(size_t), "paths", &failed);
    (*result)->times = times;
    (*result)->states = states;
    (*result)->failed_step = failed;
    return status;
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

/* Runs all panels; SIZE_MAX, or the first panel that failed with the stepper that ran it. */
static size_t run_panels(const nsde_run *run, nsde_stepper *steppers, size_t threads, nsde_stepper *failed)
{
    size_t first_failed = SIZE_MAX, done = 0;
#pragma omp parallel num_threads((int)threads)
    {
        nsde_stepper *stepper = &steppers[omp_get_thread_num()];
#pragma omp for schedule(dynamic)
        for (size_t panel = 0; panel < run->n_panels; panel++) {
            size_t limit, finished;
#pragma omp atomic read
            limit = first_failed;
            if (panel >
                limit) /* its result is no longer wanted; earlier ones still decide what is reported */
                continue;
            if (!nsde_stepper_run(stepper, panel)) {
#pragma omp critical(nsde_simulate_failure)
                if (panel < first_failed) {
#pragma omp atomic write
                    first_failed = panel; /* others look at it outside this section */
                    *failed = *stepper;
                }
            }
#pragma omp atomic capture
            finished = ++done;
            if (run->settings.progress && omp_get_thread_num() == 0) {
                const size_t paths = finished * run->panel;
                run->settings.progress(run->settings.progress_context,
                                       paths < run->settings.paths ? paths : run->settings.paths,
                                       run->settings.paths);
            }
        }
    }
    return first_failed;
}

static nsde_status report(const nsde_run *run, const nsde_stepper *failed)
{
    const nsde_failure *f = &failed->failure;
    uint64_t seed;
    char origin[64] = "noise given by the caller";
    const nsde_simulate_settings *settings = &run->settings;
    const bool own = settings->x0_per_path || settings->parameters_per_path || settings->inputs;
    if (failed->status != NSDE_DIVERGED || f->step == 0)
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

static nsde_status simulate(nsde_run *run, nsde_simulation **result)
{
    const size_t wanted = run->settings.threads ? (size_t)run->settings.threads : (size_t)omp_get_num_procs();
    const size_t threads = wanted < run->n_panels ? wanted : run->n_panels;
    nsde_stepper *steppers = NULL, failed;
    nsde_status status = make_result(run, result);
    run->result = *result;
    if (!status)
        status = make_steppers(run, threads, &steppers);
    if (!status) {
        nsde_run_times(run, run->result->times);
        if (run_panels(run, steppers, threads, &failed) != SIZE_MAX)
            status = report(run, &failed);
    }
    for (size_t i = 0; i < run->settings.paths && !status; i++)
        run->result->n_failed += run->result->failed_step[i] != 0;
    destroy_steppers(steppers, threads);
    return status;
}

nsde_status nsde_simulate(const nsde_model *model, const double *parameters, const double *x0,
                          const nsde_simulate_settings *settings, nsde_simulation **simulation)
{
    enum { CHUNK_BYTES = 32 * 1024 }; /* noise drawn at once stays in the first-level cache */
    if (!simulation)
        return nsde_fail(NSDE_INVALID, "nsde_simulate: simulation is NULL");
    *simulation = NULL;
    nsde_status status = check_problem(model, parameters, x0, settings);
    if (status)
        return status;
    const nsde_model_definition *d = nsde_model_describe(model);
    nsde_brownian *grid = NULL;
    nsde_simulation *result = NULL;
    nsde_step_times *times = NULL;
    nsde_adaptive_run adaptive = {0};
    nsde_step_options options = {.precision = settings->precision,
                                 .parameters_per_path = settings->parameters_per_path};
    nsde_run run = {.model = model,
                    .parameters = parameters,
                    .x0 = x0,
                    .settings = *settings,
                    .dim = d->dim,
                    .n_inputs = d->n_inputs,
                    .n_parameters = d->n_parameters,
                    .grid = nsde_grid_of(settings->t0, settings->t1, settings->steps, settings->times)};
    if (settings->adaptive)
        status = nsde_adaptive_prepare(&run, &adaptive, &options);
    if (!status && !run.settings.integrator)
        status = nsde_integrator_find("euler_maruyama", &run.settings.integrator);
    if (!status)
        status = nsde_step_compile(run.settings.integrator, model, &options, &run.program);
    if (!status)
        status = nsde_step_check_noise(run.settings.integrator, model, settings->noise);
    if (!status && !settings->noise)
        status = nsde_brownian_grid(settings->seed, d->noise_dim, &grid);
    if (!status)
        status = nsde_run_make_times(&run, &times);
    if (!status) {
        run.detail = nsde_step_detail(run.settings.integrator, model);
        run.state_rows = nsde_program_input_rows(run.program, NSDE_STEP_STATE);
        run.noise_rows = nsde_program_input_rows(run.program, NSDE_STEP_NOISE);
        run.noise = settings->noise ? settings->noise : grid;
        run.n_times = nsde_run_count_times(&run);
        const size_t widest =
            settings->adaptive ? adaptive.settings.panel : nsde_program_panel(run.program, NSDE_FORWARD);
        run.panel = settings->paths < widest ? settings->paths : widest;
        run.n_panels = (settings->paths - 1) / run.panel + 1;
        const size_t chunk = CHUNK_BYTES / (sizeof(double) * run.panel * run.noise_rows);
        run.chunk = chunk < 2 ? 2 : chunk < run.settings.steps ? chunk : run.settings.steps;
        if (settings->adaptive) {
            run.chunk = 3; /* a step and its halves */
            status = nsde_adaptive_make(&run, &adaptive, &options);
        }
    }
    if (!status)
        status = simulate(&run, &result);
    if (!status)
        nsde_adaptive_hand_over(&adaptive, result);
    nsde_adaptive_release(&adaptive);
    nsde_program_destroy(run.program);
    nsde_brownian_destroy(grid);
    nsde_step_times_destroy(times);
    if (status)
        nsde_simulation_destroy(result);
    else
        *simulation = result;
    return status;
}

void nsde_simulation_destroy(nsde_simulation *simulation)
{
    if (!simulation)
        return;
    nsde_free(simulation->times);
    nsde_free(simulation->states);
    nsde_free(simulation->failed_step);
    nsde_panel_steps_release(simulation->panels, simulation->n_panels);
    nsde_free(simulation);
}
