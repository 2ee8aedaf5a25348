/* Is the noise of a model of the class it is said to be? Seen at random states and parameters.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "model/noise_class.h"

#include <math.h>

#include "core/error.h"
#include "nsde/noise.h"

enum { TRIALS = 48, STREAM = 0x6e6f69 };

/* What is recorded: inputs x and, for commuting columns, two combinations a, b of them. */
enum { STATE, COMBINATION_A, COMBINATION_B };

typedef struct trial {
    const nsde_model *model;
    const nsde_model_definition *d;
    nsde_program *program;
    nsde_workspace *workspace;
    uint64_t drawn; /* normals so far */
} trial;

static double normal(trial *t)
{
    double z;
    nsde_normals(2385, STREAM, t->drawn++, 1, &z);
    return z;
}

/* A number of an open interval, near `start` when z is small. */
static double inside(double lower, double upper, double start, double z)
{
    if (isfinite(lower) && isfinite(upper)) {
        const double odds = (start - lower) / (upper - start) * exp(z);
        return lower + (upper - lower) * odds / (1.0 + odds);
    }
    if (isfinite(lower))
        return lower + (start - lower) * exp(z);
    return isfinite(upper) ? upper - (upper - start) * exp(z) : start + z;
}

static double random_state(trial *t)
{
    double lower = t->d->state_lower, upper = t->d->state_upper;
    if (lower == 0.0 && upper == 0.0) {
        lower = -INFINITY;
        upper = INFINITY;
    }
    const double start = isfinite(lower) && isfinite(upper) ? 0.5 * (lower + upper)
                         : isfinite(lower)                  ? lower + 1.0
                         : isfinite(upper)                  ? upper - 1.0
                                                            : 0.0;
    return inside(lower, upper, start, normal(t));
}

/* Inputs are the same in all trials, like the time: what is looked for is how g depends on the state. */
static nsde_var record_inputs(const nsde_model *model, nsde_tape *tape)
{
    const size_t n = nsde_model_describe(model)->n_inputs;
    return n ? nsde_uniform(tape, n) : (nsde_var){0};
}

static void put_parameters(trial *t)
{
    double *p = nsde_workspace_parameters(t->workspace);
    for (size_t i = 0; i < nsde_program_parameters(t->program); i++)
        p[i] = inside(t->d->parameters[i].lower, t->d->parameters[i].upper, t->d->parameters[i].start,
                      0.5 * normal(t));
    nsde_workspace_prepare(t->workspace);
    *nsde_workspace_uniform(t->workspace, 0) = 0.37;
    for (size_t i = 0; i < t->d->n_inputs; i++)
        nsde_workspace_uniform(t->workspace, 1)[i] = normal(t);
}

/* g times a combination of its columns. */
static nsde_var combine(const nsde_model *model, nsde_var g, nsde_var v)
{
    return nsde_model_is_diagonal(model) ? nsde_mul(g, v) : nsde_matvec(g, v);
}

/* The derivative of the combination `of` along the combination `along`. */
static nsde_var derivative(const nsde_model *model, nsde_tape *tape, nsde_var x, nsde_var t, nsde_var p,
                           nsde_var u, nsde_var along, nsde_var of)
{
    const nsde_perturbation eps = nsde_perturb(tape, 1);
    const nsde_var direction = combine(model, nsde_model_diffusion(model, x, t, p, u), along);
    const nsde_var g = nsde_model_diffusion(model, nsde_seed(eps, x, &direction), t, p, u);
    const nsde_var slope = nsde_tangent(eps, combine(model, g, of), 0);
    const size_t dim = nsde_model_describe(model)->dim;
    return nsde_rows(slope) == dim ? slope : nsde_broadcast(slope, dim);
}

static nsde_status record(trial *t, nsde_tape *tape)
{
    const nsde_model *model = t->model;
    const nsde_var x = nsde_input(tape, t->d->dim), zero = nsde_mul_real(nsde_row(x, 0), 0.0);
    nsde_var outputs[2] = {zero, zero};
    size_t n = 1;
    if (t->d->noise == NSDE_NOISE_COMMUTATIVE) {
        const nsde_var a = nsde_input(tape, t->d->noise_dim), b = nsde_input(tape, t->d->noise_dim);
        const nsde_var time = nsde_uniform(tape, 1), p = nsde_model_record_parameters(model, tape);
        const nsde_var u = record_inputs(model, tape);
        outputs[0] = nsde_add(derivative(model, tape, x, time, p, u, a, b), zero);
        outputs[1] = nsde_add(derivative(model, tape, x, time, p, u, b, a), zero);
        n = 2;
    } else {
        const nsde_var time = nsde_uniform(tape, 1), p = nsde_model_record_parameters(model, tape);
        const nsde_var u = record_inputs(model, tape);
        outputs[0] = nsde_add(nsde_model_diffusion(model, x, time, p, u), zero);
    }
    return nsde_program_create(tape, n, outputs, &t->program);
}

/* States of all trials; after the first a component stays that of the first or is another, by chance. */
static void put_states(trial *t)
{
    double *x = nsde_workspace_input(t->workspace, STATE);
    const size_t stride = nsde_workspace_stride(t->workspace);
    for (size_t i = 0; i < t->d->dim; i++)
        for (size_t k = 0; k < TRIALS; k++)
            x[i * stride + k] =
                k && t->d->noise == NSDE_NOISE_DIAGONAL && normal(t) < 0.0 ? x[i * stride] : random_state(t);
    for (int v = COMBINATION_A; v <= COMBINATION_B && t->d->noise == NSDE_NOISE_COMMUTATIVE; v++)
        for (size_t r = 0; r < t->d->noise_dim; r++)
            for (size_t k = 0; k < TRIALS; k++)
                nsde_workspace_input(t->workspace, (size_t)v)[r * stride + k] = normal(t);
}

static bool differ(double a, double b, double tolerance)
{
    return isfinite(a) && isfinite(b) && fabs(a - b) > tolerance * (fabs(a) + fabs(b)) + 1e-300;
}

static nsde_status see_additive(const trial *t)
{
    const double *g = nsde_workspace_output(t->workspace, 0);
    const size_t stride = nsde_workspace_stride(t->workspace);
    for (size_t r = 0; r < nsde_program_output_rows(t->program, 0); r++)
        for (size_t k = 1; k < TRIALS; k++)
            if (differ(g[r * stride], g[r * stride + k], 1e-12))
                return nsde_fail(NSDE_INVALID,
                                 "model %s: its noise is said to be additive, but entry %zu of the diffusion "
                                 "depends on the state",
                                 t->d->name, r);
    return NSDE_OK;
}

static nsde_status see_diagonal(const trial *t)
{
    const double *g = nsde_workspace_output(t->workspace, 0);
    const double *x = nsde_workspace_input(t->workspace, STATE);
    const size_t stride = nsde_workspace_stride(t->workspace);
    for (size_t i = 0; i < t->d->dim; i++)
        for (size_t k = 1; k < TRIALS; k++)
            if (x[i * stride] == x[i * stride + k] && differ(g[i * stride], g[i * stride + k], 1e-12))
                return nsde_fail(
                    NSDE_INVALID,
                    "model %s: its noise is said to be diagonal, but entry %zu of the diffusion "
                    "depends on other states too; such noise does not commute: declare it general",
                    t->d->name, i);
    return NSDE_OK;
}

static nsde_status see_commutative(const trial *t)
{
    const double *one = nsde_workspace_output(t->workspace, 0),
                 *other = nsde_workspace_output(t->workspace, 1);
    const size_t stride = nsde_workspace_stride(t->workspace);
    double size[TRIALS] = {0.0};
    for (size_t i = 0; i < t->d->dim; i++)
        for (size_t k = 0; k < TRIALS; k++)
            size[k] += fabs(one[i * stride + k]) + fabs(other[i * stride + k]);
    for (size_t i = 0; i < t->d->dim; i++)
        for (size_t k = 0; k < TRIALS; k++) {
            const double gap = fabs(one[i * stride + k] - other[i * stride + k]);
            if (isfinite(size[k]) && gap > 1e-9 * size[k])
                return nsde_fail(NSDE_INVALID,
                                 "model %s: its noise is said to be commutative, but the columns of its "
                                 "diffusion do not commute (see state %zu); declare it general",
                                 t->d->name, i);
        }
    return NSDE_OK;
}

/* Positions move with the velocities, and each velocity has a friction of its own. */
static nsde_status see_second_order(const trial *t)
{
    nsde_workspace *w = t->workspace;
    const size_t stride = nsde_workspace_stride(w), half = t->d->dim / 2;
    const double *v = nsde_workspace_input(w, STATE) + half * stride;
    const double *f = nsde_workspace_output(w, 0), *still = nsde_workspace_output(w, 1);
    const double *slope = nsde_workspace_output(w, 2), *g = nsde_workspace_output(w, 3);
    const size_t in_q = nsde_program_output_rows(t->program, 3) / 2;
    for (size_t i = 0; i < half; i++)
        for (size_t k = 0; k < TRIALS; k++) {
            const size_t q_at = i * stride + k, v_at = (half + i) * stride + k;
            const double force = still[v_at] + slope[v_at] * v[q_at];
            if (differ(f[q_at], v[q_at], 1e-12) || fabs(f[v_at] - force) > 1e-9 * fabs(f[v_at]) + 1e-9)
                return nsde_fail(
                    NSDE_INVALID,
                    "model %s: its states are said to be positions and velocities, but the drift "
                    "of pair %zu is not v, and a force less a friction of that v",
                    t->d->name, i);
        }
    for (size_t r = 0; r < in_q; r++)
        if (g[r * stride] != 0.0)
            return nsde_fail(NSDE_INVALID, "model %s: there is noise on its positions", t->d->name);
    return NSDE_OK;
}

/* The drift, the drift at rest with its slopes along the velocities, and the diffusion. */
static nsde_status record_second_order(trial *t, nsde_tape *tape)
{
    const size_t dim = t->d->dim, half = dim / 2;
    const nsde_var x = nsde_input(tape, dim), time = nsde_uniform(tape, 1);
    const nsde_var p = nsde_model_record_parameters(t->model, tape),
                   zero = nsde_mul_real(nsde_row(x, 0), 0.0);
    const nsde_var u = record_inputs(t->model, tape);
    const nsde_var none = nsde_broadcast(nsde_real(tape, 0.0), half);
    const nsde_var ones = nsde_broadcast(nsde_real(tape, 1.0), half);
    const nsde_var at_rest = nsde_stack(2, (nsde_var[]){nsde_slice(x, 0, half), none});
    const nsde_var in_v = nsde_stack(2, (nsde_var[]){none, ones});
    const nsde_perturbation eps = nsde_perturb(tape, 1);
    const nsde_var moving = nsde_model_drift(t->model, nsde_seed(eps, at_rest, &in_v), time, p, u);
    const nsde_var slope = nsde_tangent(eps, moving, 0);
    const nsde_var outputs[] = {nsde_add(nsde_model_drift(t->model, x, time, p, u), zero),
                                nsde_add(nsde_primal(eps, moving), zero),
                                nsde_add(nsde_rows(slope) == dim ? slope : nsde_broadcast(slope, dim), zero),
                                nsde_add(nsde_model_diffusion(t->model, x, time, p, u), zero)};
    return nsde_program_create(tape, 4, outputs, &t->program);
}

/* Records what is looked at, runs it at the trial points, and looks. */
static nsde_status try(const nsde_model *model, nsde_status (*record_it)(trial *t, nsde_tape *tape),
                       nsde_status (*see)(const trial *t))
{
    trial t = {.model = model, .d = nsde_model_describe(model)};
    nsde_tape *tape;
    nsde_status status = nsde_tape_create(&tape);
    if (status)
        return status;
    status = record_it(&t, tape);
    nsde_tape_destroy(tape);
    if (!status)
        status = nsde_workspace_create(t.program, TRIALS, NSDE_FORWARD, &t.workspace);
    if (!status) {
        put_parameters(&t);
        put_states(&t);
        nsde_forward(t.workspace, TRIALS);
        status = see(&t);
    }
    nsde_workspace_destroy(t.workspace);
    nsde_program_destroy(t.program);
    return status;
}

static nsde_status check_second_order(const nsde_model *model)
{
    const nsde_model_definition *d = nsde_model_describe(model);
    if (d->dim % 2 || d->noise != NSDE_NOISE_ADDITIVE)
        return nsde_fail(NSDE_INVALID,
                         "model %s: positions and velocities are as many of both, with additive noise",
                         d->name);
    return try(model, record_second_order, see_second_order);
}

nsde_status nsde_noise_class_check(const nsde_model *model)
{
    const nsde_model_definition *d = nsde_model_describe(model);
    const nsde_noise_class noise = d->noise;
    const nsde_status status = d->second_order ? check_second_order(model) : NSDE_OK;
    if (status || noise == NSDE_NOISE_GENERAL || noise == NSDE_NOISE_SCALAR ||
        nsde_model_is_deterministic(model) ||
        (noise != NSDE_NOISE_ADDITIVE && d->dim == 1 && d->noise_dim == 1))
        return status;
    return try(model, record,
               noise == NSDE_NOISE_ADDITIVE   ? see_additive
               : noise == NSDE_NOISE_DIAGONAL ? see_diagonal
                                              : see_commutative);
}
