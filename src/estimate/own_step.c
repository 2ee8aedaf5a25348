/* Mixed mode through a step of the caller's: the network runs on panels, the step path by path; going back,
 * the step's small Jacobian feeds the reverse recursion, and what it says of the network's outputs is pulled
 * back through the network's tape. Only the states are kept over time.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <omp.h>
#include <string.h>

#include "core/simd.h"
#include "estimate/run_settings.h"
#include "estimate/tangents.h"
#include "noise/window.h"
#include "nsde/mixed.h"
#include "step/compile.h"
#include "tape/program.h"
#include "tape/workspace.h"

enum { GROUPS = 64 }; /* of panels; weights are added up within groups, then over groups */

/* What a thread owns. */
typedef struct walker {
    nsde_workspace *network, *loss;
    nsde_noise_window noise;
    double *states;                         /* [steps + 1][dim][stride] */
    double *lambda;                         /* [dim][stride] */
    double *x, *y, *dW, *x_next, *jacobian; /* of one path */
    nsde_arena arena;
    nsde_status status;
    char message[NSDE_MESSAGE_SIZE];
} walker;

struct nsde_mixed_steps {
    nsde_mixed_network network;
    nsde_mixed_equation equation;
    nsde_gradient_settings run;
    nsde_program *network_program, *loss_program;
    nsde_brownian *grid;
    nsde_grid times;
    size_t *observe;
    double *observed_times, *data;
    size_t n_times, n_data;
    size_t panel, n_panels, panels_in_group, n_groups, n_threads;
    walker *walkers;
    double *sums;               /* [n_groups][n_weights + dim] */
    double *loss;               /* [paths] */
    const double *weights, *x0; /* during an evaluation */
};

/* ---- programs ---- */

static nsde_var of_path(nsde_var y, nsde_var x)
{
    return nsde_is_uniform(y) ? nsde_add(y, nsde_mul_real(nsde_row(x, 0), 0.0)) : y;
}

static nsde_status compile(nsde_tape *tape, const char *what, nsde_var y, size_t rows, nsde_var x,
                           nsde_program **program)
{
    const nsde_status status = nsde_tape_status(tape);
    if (status)
        return nsde_fail_within(status, "%s", what);
    if (nsde_rows(y) != rows)
        return nsde_fail(NSDE_INVALID, "the %s has %zu rows, not %zu", what, nsde_rows(y), rows);
    y = of_path(y, x);
    return nsde_program_create(tape, 1, &y, program);
}

static nsde_status compile_network(nsde_mixed_steps *s)
{
    nsde_mixed_at at = {.context = s->network.context};
    nsde_status status = nsde_tape_create(&at.tape);
    if (status)
        return status;
    at.features = nsde_input(at.tape, s->network.n_features);
    at.weights = nsde_parameter(at.tape, s->network.n_weights);
    status = compile(at.tape, "network", s->network.record(&at), s->network.n_outputs, at.features,
                     &s->network_program);
    nsde_tape_destroy(at.tape);
    return status;
}

static nsde_status compile_loss(nsde_mixed_steps *s, const nsde_loss *loss)
{
    nsde_loss_at at = {.times = s->observed_times, .n_times = s->n_times, .dim = s->equation.dim};
    nsde_status status = nsde_tape_create(&at.tape);
    if (status)
        return status;
    at.context = loss->context;
    at.x = nsde_input(at.tape, s->n_times * s->equation.dim);
    at.p = nsde_real(at.tape, 0.0);
    if (loss->n_data)
        at.data = nsde_uniform(at.tape, loss->n_data);
    status = compile(at.tape, "loss", loss->record(&at), 1, at.x, &s->loss_program);
    nsde_tape_destroy(at.tape);
    return status;
}

/* ---- a panel ---- */

static double *state(const nsde_mixed_steps *s, const walker *w, size_t k)
{
    return w->states + k * s->equation.dim * s->panel;
}

/* The network's outputs before step k. */
static void run_network(const nsde_mixed_steps *s, walker *w, size_t k, size_t paths)
{
    const size_t size = s->equation.dim * s->panel;
    double *features = nsde_workspace_input(w->network, 0);
    memcpy(features, state(s, w, k), size * sizeof *features);
    for (size_t i = 0; i < s->panel; i++)
        features[size + i] = nsde_grid_time(&s->times, k);
    nsde_forward(w->network, paths);
}

/* Step k of path i: w->x_next, and the Jacobian where it is wanted. */
static void step_path(const nsde_mixed_steps *s, walker *w, size_t k, size_t i, const double *noise,
                      double *jacobian)
{
    const nsde_mixed_equation *e = &s->equation;
    const double *y = nsde_workspace_output(w->network, 0), *x = state(s, w, k);
    for (size_t c = 0; c < e->dim; c++)
        w->x[c] = x[c * s->panel + i];
    for (size_t j = 0; j < s->network.n_outputs; j++)
        w->y[j] = y[j * s->panel + i];
    for (size_t j = 0; j < e->noise_dim; j++)
        w->dW[j] = noise[j * s->panel + i];
    e->step(e->context, w->x, w->y, nsde_grid_time(&s->times, k), nsde_grid_length(&s->times, k), w->dW,
            w->x_next, jacobian);
}

static nsde_status step_there(const nsde_mixed_steps *s, walker *w, size_t k, size_t paths)
{
    const double *noise;
    const nsde_status status = nsde_noise_window_get(&w->noise, k, &noise);
    if (status)
        return status;
    double *next = state(s, w, k + 1);
    run_network(s, w, k, paths);
    for (size_t i = 0; i < s->panel; i++) {
        if (i < paths)
            step_path(s, w, k, i, noise, NULL);
        for (size_t c = 0; c < s->equation.dim; c++) /* other lanes repeat the first */
            next[c * s->panel + i] = i < paths ? w->x_next[c] : next[c * s->panel];
    }
    return NSDE_OK;
}

/* lambda after step k becomes lambda before it. */
static nsde_status step_back(const nsde_mixed_steps *s, walker *w, size_t k, size_t paths)
{
    const size_t dim = s->equation.dim, n = dim + s->network.n_outputs;
    const double *noise;
    const nsde_status status = nsde_noise_window_get(&w->noise, k, &noise);
    if (status)
        return status;
    run_network(s, w, k, paths);
    double *by_y = nsde_workspace_output_adjoint(w->network, 0);
    memset(by_y, 0, s->network.n_outputs * s->panel * sizeof *by_y);
    for (size_t i = 0; i < paths; i++) {
        step_path(s, w, k, i, noise, w->jacobian);
        for (size_t c = 0; c < dim; c++)
            w->x_next[c] = w->lambda[c * s->panel + i];
        for (size_t r = 0; r < n; r++) {
            double sum = 0.0;
            for (size_t c = 0; c < dim; c++)
                sum += w->jacobian[r * dim + c] * w->x_next[c];
            (r < dim ? w->lambda + r * s->panel : by_y + (r - dim) * s->panel)[i] = sum;
        }
    }
    nsde_reverse(w->network, paths);
    nsde_accumulate(w->lambda, nsde_workspace_input_adjoint(w->network, 0), dim * s->panel);
    return NSDE_OK;
}

static nsde_status look(const nsde_mixed_steps *s, walker *w, size_t first, size_t paths)
{
    const size_t size = s->equation.dim * s->panel;
    double *seed = nsde_workspace_output_adjoint(w->loss, 0);
    for (size_t t = 0; t < s->n_times; t++)
        memcpy(nsde_workspace_input(w->loss, 0) + t * size, state(s, w, s->observe[t]), size * sizeof *seed);
    nsde_forward(w->loss, paths);
    memcpy(s->loss + first, nsde_workspace_output(w->loss, 0), paths * sizeof *seed);
    for (size_t i = 0; i < s->panel; i++) {
        seed[i] = i < paths ? 1.0 / (double)s->run.paths : 0.0;
        if (i < paths && !isfinite(s->loss[first + i]))
            return nsde_fail(NSDE_DIVERGED, "the loss of path %zu is %g", first + i, s->loss[first + i]);
    }
    nsde_reverse(w->loss, paths);
    return NSDE_OK;
}

static nsde_status run_panel(const nsde_mixed_steps *s, walker *w, size_t panel, double *by_x0)
{
    const size_t first = panel * s->panel, left = s->run.paths - first,
                 paths = left < s->panel ? left : s->panel;
    const size_t dim = s->equation.dim, size = dim * s->panel;
    nsde_status status = NSDE_OK;
    nsde_noise_window_move(&w->noise, first, paths);
    for (size_t r = 0; r < size; r++)
        w->states[r] = s->x0[r / s->panel];
    for (size_t k = 0; k < s->run.steps && !status; k++)
        status = step_there(s, w, k, paths);
    if (!status)
        status = look(s, w, first, paths);
    memset(w->lambda, 0, size * sizeof *w->lambda);
    for (size_t k = s->run.steps, time = s->n_times; k-- > 0 && !status;) {
        if (time && s->observe[time - 1] == k + 1)
            nsde_accumulate(w->lambda, nsde_workspace_input_adjoint(w->loss, 0) + --time * size, size);
        status = step_back(s, w, k, paths);
    }
    for (size_t c = 0; c < dim; c++)
        by_x0[c] += nsde_total(w->lambda + c * s->panel, paths);
    return status;
}

/* ---- all panels ---- */

static void run_groups(const nsde_mixed_steps *s, walker *w, size_t thread)
{
    const size_t n = s->network.n_weights, row = n + s->equation.dim;
    w->status = NSDE_OK;
    memcpy(nsde_workspace_parameters(w->network), s->weights, n * sizeof(double));
    nsde_workspace_prepare(w->network);
    nsde_workspace_prepare(w->loss);
    if (s->n_data)
        memcpy(nsde_workspace_uniform(w->loss, 0), s->data, s->n_data * sizeof(double));
    for (size_t group = thread; group < s->n_groups && !w->status; group += s->n_threads) {
        double *sums = s->sums + group * row;
        const size_t end = (group + 1) * s->panels_in_group;
        memset(sums, 0, row * sizeof *sums);
        nsde_workspace_clear_adjoint(w->network);
        for (size_t panel = group * s->panels_in_group; panel < end && panel < s->n_panels && !w->status;
             panel++)
            w->status = run_panel(s, w, panel, sums + n);
        memcpy(sums, nsde_workspace_parameter_adjoint(w->network), n * sizeof *sums);
    }
    if (w->status)
        memcpy(w->message, nsde_error_message(), sizeof w->message);
}

static nsde_status check_finite(const char *what, const double *values, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!isfinite(values[i]))
            return nsde_fail(NSDE_INVALID, "nsde_mixed_steps_evaluate: %s %zu is %g", what, i, values[i]);
    return NSDE_OK;
}

nsde_status nsde_mixed_steps_evaluate(nsde_mixed_steps *s, const double *weights, const double *x0,
                                      const nsde_mixed_steps_result *result)
{
    if (!s || !weights || !x0 || !result)
        return nsde_fail(NSDE_INVALID, "nsde_mixed_steps_evaluate: an argument is NULL");
    const size_t n = s->network.n_weights, dim = s->equation.dim;
    nsde_status status = check_finite("weight", weights, n);
    if (!status)
        status = check_finite("initial state", x0, dim);
    if (status)
        return status;
    s->weights = weights;
    s->x0 = x0;
#pragma omp parallel for num_threads((int)s->n_threads) schedule(static, 1)
    for (size_t i = 0; i < s->n_threads; i++)
        run_groups(s, &s->walkers[i], i);
    for (size_t i = 0; i < s->n_threads; i++)
        if (s->walkers[i].status)
            return nsde_fail(s->walkers[i].status, "%s", s->walkers[i].message);
    for (size_t group = 1; group < s->n_groups; group++)
        nsde_accumulate(s->sums, s->sums + group * (n + dim), n + dim);
    if (result->loss)
        *result->loss = nsde_total(s->loss, s->run.paths) / (double)s->run.paths;
    if (result->loss_per_path)
        memcpy(result->loss_per_path, s->loss, s->run.paths * sizeof(double));
    if (result->weights)
        memcpy(result->weights, s->sums, n * sizeof(double));
    if (result->x0)
        memcpy(result->x0, s->sums + n, dim * sizeof(double));
    return NSDE_OK;
}

/* ---- making and unmaking ---- */

static nsde_status check(const nsde_mixed_network *network, const nsde_mixed_equation *equation,
                         const nsde_loss *loss, const nsde_gradient_settings *settings)
{
    if (!network || !network->record || !network->n_weights || !network->n_outputs || !equation ||
        !equation->step || !equation->dim || !equation->noise_dim || !loss || !loss->record || !settings)
        return nsde_fail(NSDE_INVALID,
                         "nsde_mixed_steps_create: a network with weights and outputs, a step with "
                         "states and noises, a recorded loss and settings are needed");
    if (network->n_features != equation->dim + 1)
        return nsde_fail(NSDE_INVALID, "the network has %zu features, not the %zu states and the time",
                         network->n_features, equation->dim);
    if (loss->n_data && !loss->data)
        return nsde_fail(NSDE_INVALID, "nsde_mixed_steps_create: the loss's data are NULL");
    if (settings->noise && nsde_brownian_components(settings->noise) != equation->noise_dim)
        return nsde_fail(NSDE_INVALID, "the noise has %zu components and the step needs %zu",
                         nsde_brownian_components(settings->noise), equation->noise_dim);
    return nsde_run_settings_check(settings);
}

static void divide(nsde_mixed_steps *s)
{
    const size_t widest = nsde_program_panel(s->network_program, NSDE_REVERSE), paths = s->run.paths;
    s->n_panels = (paths - 1) / widest + 1;
    s->panel = nsde_round_up((paths - 1) / s->n_panels + 1);
    s->n_panels = (paths - 1) / s->panel + 1;
    s->panels_in_group = (s->n_panels - 1) / GROUPS + 1;
    s->n_groups = (s->n_panels - 1) / s->panels_in_group + 1;
    const size_t threads = s->run.threads ? (size_t)s->run.threads : (size_t)omp_get_num_procs();
    s->n_threads = threads < s->n_groups ? threads : s->n_groups;
}

static nsde_status allocate(size_t count, size_t of, double **to)
{
    size_t all;
    void *memory;
    if (!nsde_size_mul(count, of, &all))
        return nsde_fail(NSDE_OVERFLOW, "the paths overflow the size of memory");
    const nsde_status status = nsde_alloc(all, sizeof(double), "mixed mode", &memory);
    *to = memory;
    return status;
}

static nsde_status copy_problem(nsde_mixed_steps *s, const nsde_loss *loss)
{
    void *observe;
    s->n_times = s->run.n_observe ? s->run.n_observe : 1;
    s->n_data = loss->n_data;
    nsde_status status = nsde_alloc(s->n_times, sizeof(size_t), "observation times", &observe);
    s->observe = observe;
    if (!status)
        status = allocate(s->n_times, 1, &s->observed_times);
    if (!status)
        status = allocate(s->n_data, 1, &s->data);
    if (status)
        return status;
    for (size_t i = 0; i < s->n_times; i++) {
        s->observe[i] = s->run.n_observe ? s->run.observe[i] : s->run.steps;
        s->observed_times[i] = nsde_grid_time(&s->times, s->observe[i]);
    }
    if (s->n_data)
        memcpy(s->data, loss->data, s->n_data * sizeof(double));
    return NSDE_OK;
}

static nsde_status create_walker(const nsde_mixed_steps *s, walker *w)
{
    enum { CHUNK = 16 }; /* steps whose noise is drawn at once */
    const size_t dim = s->equation.dim, m = s->equation.noise_dim, k = s->network.n_outputs;
    const struct {
        size_t count, of;
        double **to;
    } all[] = {{s->run.steps + 1, dim * s->panel, &w->states},
               {dim, s->panel, &w->lambda},
               {CHUNK * m, s->panel, &w->noise.rows},
               {1, dim, &w->x},
               {1, k, &w->y},
               {1, m, &w->dW},
               {1, dim, &w->x_next},
               {dim + k, dim, &w->jacobian}};
    const size_t n = sizeof all / sizeof *all;
    size_t bytes = 0, numbers;
    nsde_status status = nsde_workspace_create(s->network_program, s->panel, NSDE_REVERSE, &w->network);
    if (!status)
        status = nsde_workspace_create(s->loss_program, s->panel, NSDE_REVERSE, &w->loss);
    for (size_t i = 0; i < n && !status; i++)
        if (!nsde_size_mul(all[i].count, all[i].of, &numbers) ||
            !nsde_arena_plan(numbers, sizeof(double), &bytes))
            status =
                nsde_fail(NSDE_OVERFLOW, "the states of %zu steps overflow the size of memory", s->run.steps);
    if (!status)
        status = nsde_arena_create(bytes, "states", &w->arena);
    if (status)
        return status;
    w->noise = (nsde_noise_window){.noise = s->run.noise,
                                   .detail = NSDE_INCREMENTS,
                                   .h = nsde_grid_length(&s->times, 0),
                                   .times = s->times.times,
                                   .stride = s->panel,
                                   .steps = s->run.steps,
                                   .chunk = CHUNK};
    for (size_t i = 0; i < n; i++)
        *all[i].to = nsde_arena_take(&w->arena, all[i].count * all[i].of, sizeof(double));
    return NSDE_OK;
}

static nsde_status create(nsde_mixed_steps *s, const nsde_loss *loss)
{
    void *walkers;
    nsde_status status = copy_problem(s, loss);
    if (!status)
        status = compile_network(s);
    if (!status)
        status = compile_loss(s, loss);
    if (!status && !s->run.noise) {
        status = nsde_brownian_grid(s->run.seed, s->equation.noise_dim, &s->grid);
        s->run.noise = s->grid;
    }
    if (status)
        return status;
    divide(s);
    status = allocate(s->run.paths, 1, &s->loss);
    if (!status)
        status = allocate(s->n_groups, s->network.n_weights + s->equation.dim, &s->sums);
    if (!status)
        status = nsde_alloc(s->n_threads, sizeof(walker), "threads", &walkers);
    if (status)
        return status;
    s->walkers = walkers;
    for (size_t i = 0; i < s->n_threads && !status; i++)
        status = create_walker(s, &s->walkers[i]);
    return status;
}

nsde_status nsde_mixed_steps_create(const nsde_mixed_network *network, const nsde_mixed_equation *equation,
                                    const nsde_loss *loss, const nsde_gradient_settings *settings,
                                    nsde_mixed_steps **steps)
{
    void *memory;
    if (!steps)
        return nsde_fail(NSDE_INVALID, "nsde_mixed_steps_create: steps is NULL");
    *steps = NULL;
    nsde_status status = check(network, equation, loss, settings);
    if (!status)
        status = nsde_alloc(1, sizeof(nsde_mixed_steps), "mixed mode", &memory);
    if (status)
        return status;
    nsde_mixed_steps *s = memory;
    s->network = *network;
    s->equation = *equation;
    s->run = *settings;
    s->times = nsde_grid_of(settings->t0, settings->t1, settings->steps, settings->times);
    status = nsde_grid_own(&s->times);
    if (!status)
        status = create(s, loss);
    if (status)
        nsde_mixed_steps_destroy(s);
    else
        *steps = s;
    return status;
}

void nsde_mixed_steps_destroy(nsde_mixed_steps *s)
{
    if (!s)
        return;
    nsde_grid_release(&s->times);
    for (size_t i = 0; s->walkers && i < s->n_threads; i++) {
        nsde_workspace_destroy(s->walkers[i].network);
        nsde_workspace_destroy(s->walkers[i].loss);
        nsde_arena_destroy(&s->walkers[i].arena);
    }
    nsde_free(s->walkers);
    nsde_brownian_destroy(s->grid);
    nsde_program_destroy(s->network_program);
    nsde_program_destroy(s->loss_program);
    nsde_free(s->observe);
    nsde_free(s->observed_times);
    nsde_free(s->data);
    nsde_free(s->loss);
    nsde_free(s->sums);
    nsde_free(s);
}
