/* Mixed mode over a trajectory: duals through the solver, a pull back through the network.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "nsde/mixed.h"

#include <math.h>
#include <omp.h>
#include <string.h>

#include "core/settings.h"
#include "core/simd.h"
#include "estimate/run_settings.h"
#include "estimate/tangents.h"
#include "step/compile.h"
#include "tape/workspace.h"

enum { OUTPUTS = 1024 }; /* most that a solver of the caller's takes */
enum { GROUPS = 64 };    /* of panels; weights are added up within groups, then over groups */

typedef struct puller {
    nsde_workspace *network;
    nsde_status status;
    char message[NSDE_MESSAGE_SIZE];
} puller;

struct nsde_mixed {
    nsde_mixed_network network;
    nsde_program *program; /* of the network */
    size_t paths, n_sets;  /* sets of features: 1 or paths */
    size_t panel, n_panels, panels_in_group, n_groups, n_threads;
    puller *pullers;
    nsde_tangents *tangents; /* of a model … */
    const nsde_model *model;
    nsde_brownian *grid;
    nsde_mixed_solver solver; /* … or a solver of the caller's */
    void *context;
    double *outputs;    /* [n_outputs][n_sets] */
    double *loss;       /* [paths] */
    double *derivative; /* [n_outputs][paths]: of each path's loss */
    double *adjoint;    /* [n_outputs][n_sets]: of the mean loss */
    double *sums;       /* [n_groups][n_weights] */
    size_t bytes;
    const nsde_mixed_point *point; /* during an evaluation */
};

/* ---- making one ---- */

static nsde_status compile_network(nsde_mixed *m)
{
    const nsde_mixed_network *n = &m->network;
    nsde_mixed_at at = {.context = n->context};
    nsde_status status = nsde_tape_create(&at.tape);
    if (status)
        return status;
    at.features = n->per_path ? nsde_input(at.tape, n->n_features) : nsde_uniform(at.tape, n->n_features);
    at.weights = nsde_parameter(at.tape, n->n_weights);
    nsde_var y = n->record(&at);
    status = nsde_tape_status(at.tape);
    if (status)
        status = nsde_fail_within(status, "network");
    else if (nsde_rows(y) != n->n_outputs)
        status = nsde_fail(NSDE_INVALID, "the network has %zu outputs, not %zu", nsde_rows(y), n->n_outputs);
    if (!status && n->per_path && nsde_is_uniform(y))
        y = nsde_add(y, nsde_mul_real(nsde_row(at.features, 0), 0.0));
    if (!status)
        status = nsde_program_create(at.tape, 1, &y, &m->program);
    nsde_tape_destroy(at.tape);
    return status;
}

static void divide(nsde_mixed *m, int threads)
{
    const size_t widest = nsde_program_panel(m->program, NSDE_REVERSE);
    m->n_panels = (m->n_sets - 1) / widest + 1;
    m->panel = (m->n_sets - 1) / m->n_panels + 1;
    m->panel += (NSDE_LANE_QUANTUM - m->panel % NSDE_LANE_QUANTUM) % NSDE_LANE_QUANTUM;
    m->n_panels = (m->n_sets - 1) / m->panel + 1;
    m->panels_in_group = (m->n_panels - 1) / GROUPS + 1;
    m->n_groups = (m->n_panels - 1) / m->panels_in_group + 1;
    m->n_threads = threads ? (size_t)threads : (size_t)omp_get_num_procs();
}

static nsde_status allocate(nsde_mixed *m)
{
    const size_t k = m->network.n_outputs;
    const struct {
        double **to;
        size_t count, of;
    } all[] = {{&m->outputs, k, m->n_sets},
               {&m->adjoint, k, m->n_sets},
               {&m->loss, 1, m->paths},
               {&m->derivative, k, m->paths},
               {&m->sums, m->n_groups, m->network.n_weights}};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        size_t count;
        void *memory;
        if (!nsde_size_mul(all[i].count, all[i].of, &count))
            return nsde_fail(NSDE_OVERFLOW, "%zu paths overflow the size of memory", m->paths);
        const nsde_status status = nsde_alloc(count, sizeof(double), "mixed mode", &memory);
        if (status)
            return status;
        *all[i].to = memory;
        m->bytes += count * sizeof(double);
    }
    return NSDE_OK;
}

static nsde_status create_pullers(nsde_mixed *m)
{
    void *memory;
    nsde_status status = nsde_alloc(m->n_threads, sizeof(puller), "threads", &memory);
    m->pullers = memory;
    for (size_t i = 0; i < m->n_threads && i < m->n_groups && !status; i++) {
        status = nsde_workspace_create(m->program, m->panel, NSDE_REVERSE, &m->pullers[i].network);
        if (!status)
            m->bytes += m->pullers[i].network->arena.size;
    }
    return status;
}

static nsde_status create(const nsde_mixed_network *network, size_t paths, int threads, nsde_mixed **out)
{
    void *memory;
    if (!network || !network->record || !network->n_features || !network->n_weights || !network->n_outputs)
        return nsde_fail(NSDE_INVALID, "mixed mode needs a network with features, weights and outputs");
    if (paths == 0 || threads < 0 || threads > 1024)
        return nsde_fail(NSDE_INVALID, "mixed mode: %zu paths and %d threads are not possible", paths,
                         threads);
    nsde_status status = nsde_alloc(1, sizeof(nsde_mixed), "mixed mode", &memory);
    if (status)
        return status;
    nsde_mixed *m = *out = memory;
    m->network = *network;
    m->paths = paths;
    m->n_sets = network->per_path ? paths : 1;
    status = compile_network(m);
    if (!status) {
        divide(m, threads);
        status = allocate(m);
    }
    return status ? status : create_pullers(m);
}

static nsde_status create_tangents(nsde_mixed *m, const nsde_loss *loss,
                                   const nsde_gradient_settings *settings)
{
    nsde_gradient_settings run = *settings;
    const nsde_model_definition *d = nsde_model_describe(m->model);
    nsde_status status = NSDE_OK;
    if (m->network.n_outputs != d->n_parameters)
        return nsde_fail(NSDE_INVALID, "the network has %zu outputs and model %s %zu parameters",
                         m->network.n_outputs, d->name, d->n_parameters);
    if (!run.integrator)
        status = nsde_integrator_find("euler_maruyama", &run.integrator);
    if (!status)
        status = nsde_step_check_noise(run.integrator, m->model, run.noise);
    if (!status && !run.noise) {
        status = nsde_brownian_grid(run.seed, d->noise_dim, &m->grid);
        run.noise = m->grid;
    }
    if (!status)
        status = nsde_tangents_create(&(nsde_tangents_settings){.model = m->model,
                                                                .loss = loss,
                                                                .run = &run,
                                                                .partials = m->network.n_outputs,
                                                                .outputs = true,
                                                                .per_path = m->network.per_path},
                                      &m->tangents);
    if (!status)
        m->bytes += nsde_tangents_bytes(m->tangents);
    return status;
}

nsde_status nsde_run_settings_check(const nsde_gradient_settings *settings)
{
    NSDE_GRADIENT_SETTINGS(NSDE_SETTING_CHECK)
    for (size_t i = 0; i < settings->n_observe; i++)
        if (settings->observe[i] < 1 || settings->observe[i] > settings->steps ||
            (i && settings->observe[i] <= settings->observe[i - 1]))
            return nsde_fail(NSDE_INVALID, "observation %zu is after step %zu: they must rise from 1 to %zu",
                             i, settings->observe[i], settings->steps);
    return nsde_grid_check(&(nsde_grid){settings->t0, settings->t1, settings->steps, settings->times});
}

nsde_status nsde_mixed_create(const nsde_mixed_network *network, const nsde_model *model,
                              const nsde_loss *loss, const nsde_gradient_settings *settings,
                              nsde_mixed **mixed)
{
    nsde_mixed *m = NULL;
    if (!mixed)
        return nsde_fail(NSDE_INVALID, "nsde_mixed_create: mixed is NULL");
    *mixed = NULL;
    if (!model || !loss || !loss->record || !settings)
        return nsde_fail(NSDE_INVALID, "nsde_mixed_create: a model, a recorded loss and settings are needed");
    nsde_status status = nsde_run_settings_check(settings);
    if (!status)
        status = create(network, settings->paths, settings->threads, &m);
    if (!status) {
        m->model = model;
        status = create_tangents(m, loss, settings);
    }
    if (status)
        nsde_mixed_destroy(m);
    else
        *mixed = m;
    return status;
}

nsde_status nsde_mixed_create_solver(const nsde_mixed_network *network, nsde_mixed_solver solver,
                                     void *context, size_t paths, int threads, nsde_mixed **mixed)
{
    nsde_mixed *m = NULL;
    if (!mixed || !solver)
        return nsde_fail(NSDE_INVALID,
                         "nsde_mixed_create_solver: a solver and a place for the result are needed");
    *mixed = NULL;
    nsde_status status = create(network, paths, threads, &m);
    if (!status && network->n_outputs > OUTPUTS)
        status = nsde_fail(NSDE_INVALID, "a solver of the caller's takes %d numbers at most, not %zu",
                           OUTPUTS, network->n_outputs);
    if (status) {
        nsde_mixed_destroy(m);
        return status;
    }
    m->solver = solver;
    m->context = context;
    *mixed = m;
    return NSDE_OK;
}

void nsde_mixed_destroy(nsde_mixed *m)
{
    if (!m)
        return;
    for (size_t i = 0; m->pullers && i < m->n_threads; i++)
        nsde_workspace_destroy(m->pullers[i].network);
    nsde_free(m->pullers);
    nsde_tangents_destroy(m->tangents);
    nsde_brownian_destroy(m->grid);
    nsde_program_destroy(m->program);
    nsde_free(m->outputs);
    nsde_free(m->adjoint);
    nsde_free(m->loss);
    nsde_free(m->derivative);
    nsde_free(m->sums);
    nsde_free(m);
}

size_t nsde_mixed_bytes(const nsde_mixed *m)
{
    return m->bytes;
}

/* ---- the network, there and back ---- */

/* Sets of features that all paths share are uniform, and so are their outputs: [n_outputs]. */
static size_t put_features(const nsde_mixed *m, puller *p, size_t first)
{
    if (!m->network.per_path) {
        memcpy(nsde_workspace_uniform(p->network, 0), m->point->features,
               m->network.n_features * sizeof(double));
        nsde_forward(p->network, 1);
        return 1;
    }
    const size_t left = m->n_sets - first, sets = left < m->panel ? left : m->panel;
    double *features = nsde_workspace_input(p->network, 0);
    for (size_t f = 0; f < m->network.n_features; f++)
        for (size_t i = 0; i < m->panel; i++)
            features[f * m->panel + i] = m->point->features[f * m->n_sets + first + (i < sets ? i : 0)];
    nsde_forward(p->network, sets);
    return sets;
}

static void forward_panel(const nsde_mixed *m, puller *p, size_t panel)
{
    const size_t first = panel * m->panel, sets = put_features(m, p, first);
    const size_t stride = m->network.per_path ? m->panel : 1;
    for (size_t k = 0; k < m->network.n_outputs; k++)
        memcpy(m->outputs + k * m->n_sets + first, nsde_workspace_output(p->network, 0) + k * stride,
               sets * sizeof(double));
}

static void back_panel(const nsde_mixed *m, puller *p, size_t panel)
{
    const size_t first = panel * m->panel, sets = put_features(m, p, first);
    double *adjoint = nsde_workspace_output_adjoint(p->network, 0);
    const size_t stride = m->network.per_path ? m->panel : 1;
    for (size_t k = 0; k < m->network.n_outputs; k++)
        for (size_t i = 0; i < stride; i++)
            adjoint[k * stride + i] = i < sets ? m->adjoint[k * m->n_sets + first + i] : 0.0;
    nsde_reverse(p->network, sets);
}

/* The panels of every so many groups. */
static void run_groups(const nsde_mixed *m, puller *p, size_t thread, bool back)
{
    memcpy(nsde_workspace_parameters(p->network), m->point->weights, m->network.n_weights * sizeof(double));
    nsde_workspace_prepare(p->network);
    for (size_t group = thread; group < m->n_groups; group += m->n_threads) {
        const size_t end = (group + 1) * m->panels_in_group;
        nsde_workspace_clear_adjoint(p->network);
        for (size_t panel = group * m->panels_in_group; panel < end && panel < m->n_panels; panel++)
            (back ? back_panel : forward_panel)(m, p, panel);
        if (back)
            memcpy(m->sums + group * m->network.n_weights, nsde_workspace_parameter_adjoint(p->network),
                   m->network.n_weights * sizeof(double));
    }
}

static void run_network(const nsde_mixed *m, bool back)
{
    const size_t threads = m->n_threads < m->n_groups ? m->n_threads : m->n_groups;
    if (threads == 1) {
        run_groups(m, &m->pullers[0], 0, back);
        return;
    }
#pragma omp parallel for num_threads((int)threads) schedule(static, 1)
    for (size_t i = 0; i < threads; i++)
        run_groups(m, &m->pullers[i], i, back);
}

/* ---- the solver ---- */

static void solve_some(const nsde_mixed *m, puller *p, size_t thread)
{
    double y[OUTPUTS], by_y[OUTPUTS];
    const size_t k = m->network.n_outputs;
    p->status = NSDE_OK;
    for (size_t i = thread; i < m->paths && !p->status; i += m->n_threads) {
        for (size_t j = 0; j < k; j++)
            y[j] = m->outputs[j * m->n_sets + (m->n_sets == 1 ? 0 : i)];
        p->status = m->solver(m->context, i, y, &m->loss[i], by_y);
        for (size_t j = 0; j < k; j++)
            m->derivative[j * m->paths + i] = by_y[j];
        if (!p->status && !isfinite(m->loss[i]))
            p->status = nsde_fail(NSDE_DIVERGED, "the loss of path %zu is %g", i, m->loss[i]);
        if (p->status)
            memcpy(p->message, nsde_error_message(), sizeof p->message);
    }
}

static nsde_status run_solver(const nsde_mixed *m)
{
#pragma omp parallel for num_threads((int)m->n_threads) schedule(static, 1)
    for (size_t i = 0; i < m->n_threads; i++)
        solve_some(m, &m->pullers[i], i);
    for (size_t i = 0; i < m->n_threads; i++)
        if (m->pullers[i].status)
            return nsde_fail(m->pullers[i].status, "%s", m->pullers[i].message);
    return NSDE_OK;
}

/* ---- an evaluation ---- */

static nsde_status check_finite(const char *what, const double *values, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!isfinite(values[i]))
            return nsde_fail(NSDE_INVALID, "nsde_mixed_evaluate: %s %zu is %g", what, i, values[i]);
    return NSDE_OK;
}

static nsde_status check_point(const nsde_mixed *m, const nsde_mixed_point *point)
{
    if (!point || !point->weights || !point->features || (m->model && !point->x0))
        return nsde_fail(NSDE_INVALID,
                         "nsde_mixed_evaluate: weights, features and initial states are needed");
    nsde_status status = check_finite("weight", point->weights, m->network.n_weights);
    if (!status)
        status = check_finite("feature", point->features, m->network.n_features * m->n_sets);
    if (!status && m->model)
        status = check_finite("initial state", point->x0, nsde_model_describe(m->model)->dim);
    return status;
}

/* The parameters that the network puts out are those of the model: they have bounds. */
static nsde_status check_outputs(const nsde_mixed *m)
{
    const nsde_model_definition *d = nsde_model_describe(m->model);
    for (size_t k = 0; k < m->network.n_outputs; k++)
        for (size_t i = 0; i < m->n_sets; i++) {
            const double y = m->outputs[k * m->n_sets + i];
            if (!(y > d->parameters[k].lower) || !(y < d->parameters[k].upper))
                return nsde_fail(
                    NSDE_INVALID,
                    "the network gives path %zu the parameter %s = %g, outside its bounds (%g, %g)", i,
                    d->parameters[k].name, y, d->parameters[k].lower, d->parameters[k].upper);
        }
    return NSDE_OK;
}

/* dL/dy of the mean loss. */
static void average(const nsde_mixed *m)
{
    const double weight = 1.0 / (double)m->paths;
    for (size_t k = 0; k < m->network.n_outputs; k++) {
        const double *from = m->derivative + k * m->paths;
        if (m->n_sets == 1)
            m->adjoint[k] = weight * nsde_total(from, m->paths);
        for (size_t i = 0; m->n_sets > 1 && i < m->paths; i++)
            m->adjoint[k * m->paths + i] = weight * from[i];
    }
}

static void hand_out(const nsde_mixed *m, const nsde_mixed_result *result)
{
    if (result->loss)
        *result->loss = nsde_total(m->loss, m->paths) / (double)m->paths;
    if (result->loss_per_path)
        memcpy(result->loss_per_path, m->loss, m->paths * sizeof(double));
    if (result->weights)
        memcpy(result->weights, m->sums, m->network.n_weights * sizeof(double));
    if (result->outputs)
        memcpy(result->outputs, m->outputs, m->network.n_outputs * m->n_sets * sizeof(double));
}

nsde_status nsde_mixed_evaluate(nsde_mixed *m, const nsde_mixed_point *point, const nsde_mixed_result *result)
{
    if (!m || !result)
        return nsde_fail(NSDE_INVALID, "nsde_mixed_evaluate: an argument is NULL");
    nsde_status status = check_point(m, point);
    if (status)
        return status;
    m->point = point;
    run_network(m, false);
    if (m->model)
        status = check_outputs(m);
    if (!status && m->model)
        status = nsde_tangents_run(m->tangents, m->outputs, point->x0, 0,
                                   &(nsde_tangents_result){.loss = m->loss, .tangents = m->derivative});
    else if (!status)
        status = run_solver(m);
    if (status)
        return status;
    average(m);
    run_network(m, true);
    for (size_t group = 1; group < m->n_groups; group++)
        nsde_accumulate(m->sums, m->sums + group * m->network.n_weights, m->network.n_weights);
    hand_out(m, result);
    return NSDE_OK;
}
