/* Making an engine: checks, programs, panels, and the policy of what to keep.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <omp.h>
#include <string.h>

#include "core/settings.h"
#include "gradient/backward.h"
#include "gradient/schedule.h"
#include "noise/brownian.h"

nsde_gradient_settings nsde_gradient_settings_default(void)
{
    return (nsde_gradient_settings){
#define NSDE_SETTING_DEFAULT(type, name, standard, least, most, doc) .name = (standard),
        NSDE_GRADIENT_SETTINGS(NSDE_SETTING_DEFAULT)
#undef NSDE_SETTING_DEFAULT
    };
}

const char *nsde_keep_name(nsde_keep keep)
{
    static const char *const names[] = {"auto", "rows", "states", "binomial", "undo", "adjoint"};
    return keep >= NSDE_KEEP_AUTO && keep <= NSDE_KEEP_ADJOINT ? names[keep] : "unknown policy";
}

nsde_var nsde_loss_state(const nsde_loss_at *at, size_t time)
{
    if (time >= at->n_times)
        return nsde_tape_fail(at->tape, "loss: observation time %zu of %zu", time, at->n_times);
    return nsde_slice(at->x, time * at->dim, at->dim);
}

static nsde_status check(const nsde_model *model, const nsde_loss *loss,
                         const nsde_gradient_settings *settings)
{
    if (!model || !loss || !settings)
        return nsde_fail(NSDE_INVALID, "nsde_gradient_create: a model, a loss and settings are needed");
    if (!loss->record == !loss->ensemble)
        return nsde_fail(NSDE_INVALID, "nsde_gradient_create: a loss is either recorded or of the ensemble");
    if (loss->n_data && !loss->data)
        return nsde_fail(NSDE_INVALID, "nsde_gradient_create: the loss's data are NULL");
    NSDE_GRADIENT_SETTINGS(NSDE_SETTING_CHECK)
    if (settings->keep < NSDE_KEEP_AUTO || settings->keep > NSDE_KEEP_ADJOINT)
        return nsde_fail(NSDE_INVALID, "nsde_gradient_create: there is no policy number %d",
                         (int)settings->keep);
    for (size_t i = 0; i < settings->n_observe; i++) {
        const size_t step = settings->observe[i];
        if (step < 1 || step > settings->steps || (i && step <= settings->observe[i - 1]))
            return nsde_fail(NSDE_INVALID, "observation %zu is after step %zu: they must rise from 1 to %zu",
                             i, step, settings->steps);
    }
    return nsde_grid_check(&(nsde_grid){settings->t0, settings->t1, settings->steps, settings->times});
}

/* Copies the arrays the caller owns: when the loss looks, and its numbers. */
static nsde_status copy_problem(nsde_gradient *e)
{
    const nsde_gradient_settings *s = &e->settings;
    void *observe, *times = NULL, *data = NULL;
    e->n_times = s->n_observe ? s->n_observe : 1;
    nsde_status status = nsde_alloc(e->n_times, sizeof(size_t), "observation times", &observe);
    e->observe = observe;
    if (!status)
        status = nsde_alloc(e->n_times, sizeof(double), "observation times", &times);
    e->observed_times = times;
    if (!status)
        status = nsde_alloc(e->loss.n_data, sizeof(double), "data", &data);
    e->data = data;
    if (status)
        return status;
    for (size_t i = 0; i < e->n_times; i++) {
        e->observe[i] = s->n_observe ? s->observe[i] : s->steps;
        e->observed_times[i] = nsde_grid_time(&e->times, e->observe[i]);
    }
    if (e->loss.n_data)
        memcpy(e->data, e->loss.data, e->loss.n_data * sizeof(double));
    return NSDE_OK;
}

static nsde_status compile_loss(nsde_gradient *e)
{
    size_t rows;
    nsde_tape *tape;
    if (!nsde_size_mul(e->n_times, e->dim, &rows))
        return nsde_fail(NSDE_OVERFLOW, "the loss looks at too many states");
    if (!e->loss.record)
        return NSDE_OK;
    nsde_status status = nsde_tape_create(&tape);
    if (status)
        return status;
    nsde_loss_at at = {.tape = tape, .times = e->observed_times, .n_times = e->n_times, .dim = e->dim};
    at.context = e->loss.context;
    at.x = nsde_input(tape, rows);
    at.u = nsde_model_record_inputs(e->model, tape);
    at.p = nsde_model_record_parameters(e->model, tape);
    if (e->loss.n_data)
        at.data = nsde_uniform(tape, e->loss.n_data);
    nsde_var loss = e->loss.record(&at);
    status = nsde_tape_status(tape);
    if (status)
        status = nsde_fail_within(status, "loss");
    else if (nsde_rows(loss) != 1)
        status = nsde_fail(NSDE_INVALID, "the loss has %zu rows, not 1", nsde_rows(loss));
    if (!status && nsde_is_uniform(loss))
        loss = nsde_add(loss, nsde_mul_real(nsde_row(at.x, 0), 0.0));
    if (!status)
        status = nsde_program_create(tape, 1, &loss, &e->loss_program);
    nsde_tape_destroy(tape);
    return status;
}

/* The width of a panel: the program's, but narrower where keeping every step's rows would leave the
 * third-level cache. It does not depend on the policy, for results must not. */
static size_t widest_panel(const nsde_gradient *e)
{
    enum { L3_SHARE = 4 << 20, LEAST = 32 };
    const size_t bytes = sizeof(double) * nsde_program_frame(e->step_program, NSDE_REVERSE, 1);
    const size_t widest = nsde_program_panel(e->step_program, NSDE_REVERSE);
    size_t fits = L3_SHARE / bytes / e->settings.steps;
    fits = fits < LEAST ? LEAST : fits;
    return fits < widest ? fits - fits % NSDE_LANE_QUANTUM : widest;
}

/* Equal panels in at most 64 groups. */
static void divide(nsde_gradient *e)
{
    enum { GROUPS = 64 };
    const size_t widest = widest_panel(e), paths = e->settings.paths;
    e->n_panels = (paths - 1) / widest + 1;
    e->panel = (paths - 1) / e->n_panels + 1;
    e->panel += (NSDE_LANE_QUANTUM - e->panel % NSDE_LANE_QUANTUM) % NSDE_LANE_QUANTUM;
    e->stride = e->panel;
    e->n_panels = (paths - 1) / e->panel + 1;
    e->panels_in_group = (e->n_panels - 1) / GROUPS + 1;
    e->n_groups = (e->n_panels - 1) / e->panels_in_group + 1;
    const size_t threads = e->settings.threads ? (size_t)e->settings.threads : (size_t)omp_get_num_procs();
    e->n_threads = threads < e->n_groups ? threads : e->n_groups;
}

/* The least number of states with which no step is run forward more than twice. */
static size_t standard_snapshots(size_t steps)
{
    size_t c = 1;
    while (nsde_schedule_beta(c, 2) < steps)
        c++;
    return c;
}

static void choose_policy(nsde_gradient *e)
{
    const size_t steps = e->settings.steps, wanted = e->settings.snapshots;
    size_t bytes, snapshots = wanted ? wanted : standard_snapshots(steps);
    snapshots = snapshots < steps ? snapshots : steps;
    e->keep = e->settings.keep;
    if (e->keep == NSDE_KEEP_AUTO) {
        const nsde_keep all[] = {NSDE_KEEP_ROWS, NSDE_KEEP_STATES};
        e->keep = NSDE_KEEP_BINOMIAL;
        for (int i = 1; i >= 0; i--)
            if (nsde_sweeper_storage(e, all[i], steps, &bytes) && bytes <= e->settings.memory / e->n_threads)
                e->keep = all[i];
    }
    e->slots = e->keep == NSDE_KEEP_BINOMIAL ? snapshots
               : nsde_backward_is(e->keep)   ? NSDE_BACKWARD_SLOTS
                                             : steps;
}

static nsde_status allocate_results(nsde_gradient *e)
{
    size_t states, all, inputs;
    const size_t n = e->settings.paths;
    void *groups = NULL, *losses = NULL, *x0 = NULL, *u = NULL, *ensemble = NULL, *adjoint = NULL;
    if (!nsde_size_mul(e->dim, n, &states) || !nsde_size_mul(states, e->n_times, &all) ||
        !nsde_size_mul(e->n_inputs, n, &inputs))
        return nsde_fail(NSDE_OVERFLOW, "%zu paths overflow the size of memory", n);
    nsde_status status = nsde_alloc(e->n_groups * e->n_parameters, sizeof(double), "gradient", &groups);
    if (!status)
        status = nsde_alloc(n, sizeof(double), "losses", &losses);
    if (!status)
        status = nsde_alloc(states, sizeof(double), "gradient", &x0);
    if (!status && inputs)
        status = nsde_alloc(inputs, sizeof(double), "gradient", &u);
    if (!status && e->loss.ensemble)
        status = nsde_alloc(all, sizeof(double), "ensemble", &ensemble);
    if (!status && e->loss.ensemble)
        status = nsde_alloc(all, sizeof(double), "ensemble", &adjoint);
    e->group_adjoint = groups;
    e->path_loss = losses;
    e->x0_adjoint = x0;
    e->input_adjoint = u;
    e->ensemble = ensemble;
    e->ensemble_adjoint = adjoint;
    return status;
}

static nsde_status create_sweepers(nsde_gradient *e)
{
    void *memory;
    nsde_status status = nsde_alloc(e->n_threads, sizeof(nsde_sweeper), "threads", &memory);
    e->sweepers = memory;
    for (size_t i = 0; i < e->n_threads && !status; i++) {
        status = nsde_sweeper_create(e, &e->sweepers[i]);
        if (!status)
            e->bytes += e->sweepers[i].arena.size + e->sweepers[i].step->arena.size +
                        (e->sweepers[i].loss ? e->sweepers[i].loss->arena.size : 0) +
                        (e->sweepers[i].back ? e->sweepers[i].back->arena.size : 0);
    }
    for (size_t i = 0; i < e->n_threads && !status && e->loss.n_data; i++)
        memcpy(nsde_workspace_uniform(e->sweepers[i].loss, 0), e->data, e->loss.n_data * sizeof(double));
    return status;
}

nsde_status nsde_gradient_create(const nsde_model *model, const nsde_loss *loss,
                                 const nsde_gradient_settings *settings, nsde_gradient **gradient)
{
    void *memory = NULL;
    if (!gradient)
        return nsde_fail(NSDE_INVALID, "nsde_gradient_create: gradient is NULL");
    *gradient = NULL;
    nsde_status status = check(model, loss, settings);
    if (!status)
        status = nsde_alloc(1, sizeof(nsde_gradient), "gradient", &memory);
    if (status)
        return status;
    nsde_gradient *e = memory;
    const nsde_model_definition *d = nsde_model_describe(model);
    e->settings = *settings;
    e->loss = *loss;
    e->model = model;
    e->dim = d->dim;
    e->n_parameters = d->n_parameters;
    e->n_inputs = d->n_inputs;
    e->times = nsde_grid_of(settings->t0, settings->t1, settings->steps, settings->times);
    status = nsde_grid_own(&e->times);
    e->settings.times = e->times.times;
    if (!status && !settings->integrator)
        status = nsde_integrator_find("euler_maruyama", &e->settings.integrator);
    if (!status)
        status = nsde_step_compile(e->settings.integrator, model,
                                   &(nsde_step_options){.precision = settings->precision}, &e->step_program);
    if (!status)
        status = nsde_step_check_noise(e->settings.integrator, model, settings->noise);
    if (!status)
        e->noise_rows = nsde_program_input_rows(e->step_program, NSDE_STEP_NOISE);
    if (!status)
        e->state_rows = nsde_program_input_rows(e->step_program, NSDE_STEP_STATE);
    if (!status)
        status = nsde_backward_check(e);
    if (!status && nsde_backward_is(settings->keep))
        status = nsde_backward_compile(e);
    if (!status)
        status = copy_problem(e);
    if (!status)
        status = compile_loss(e);
    if (!status && !settings->noise)
        status = nsde_brownian_grid(settings->seed, d->noise_dim, &e->grid);
    if (!status) {
        e->settings.noise = settings->noise ? settings->noise : e->grid;
        divide(e);
        choose_policy(e);
        status = allocate_results(e);
    }
    if (!status)
        status = create_sweepers(e);
    if (status)
        nsde_gradient_destroy(e);
    else
        *gradient = e;
    return status;
}

void nsde_gradient_destroy(nsde_gradient *e)
{
    if (!e)
        return;
    for (size_t i = 0; e->sweepers && i < e->n_threads; i++)
        nsde_sweeper_destroy(&e->sweepers[i]);
    nsde_free(e->sweepers);
    nsde_free(e->group_adjoint);
    nsde_free(e->path_loss);
    nsde_free(e->x0_adjoint);
    nsde_free(e->input_adjoint);
    nsde_free(e->ensemble);
    nsde_free(e->ensemble_adjoint);
    nsde_free(e->observe);
    nsde_free(e->observed_times);
    nsde_free(e->data);
    nsde_grid_release(&e->times);
    nsde_brownian_destroy(e->grid);
    nsde_program_destroy(e->step_program);
    nsde_program_destroy(e->loss_program);
    nsde_program_destroy(e->back_program);
    nsde_free(e);
}

void nsde_gradient_set_noise(nsde_gradient *e, uint64_t seed, uint64_t first_path)
{
    e->first_path = first_path;
    if (e->grid)
        nsde_brownian_grid_reseed(e->grid, seed);
}

nsde_gradient_info nsde_gradient_describe(const nsde_gradient *e)
{
    nsde_gradient_info info = {.keep = e->keep,
                               .snapshots = e->keep == NSDE_KEEP_BINOMIAL ? e->slots : 0,
                               .panel = e->panel,
                               .threads = e->n_threads,
                               .bytes = e->bytes};
    for (size_t i = 0; i < e->n_threads; i++)
        info.steps_forward += e->sweepers[i].steps_forward;
    info.steps_forward /= e->n_panels;
    return info;
}
