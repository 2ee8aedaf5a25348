/* Recording a path with a functional on it: a fine step, a coarse one over the noise of the fine ones, the
 * beginning and the value at the end.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "multilevel/record.h"

#include <string.h>

#include "core/memory.h"

nsde_bundle nsde_bundle_of(const nsde_multilevel_problem *problem, const nsde_multilevel_settings *settings)
{
    const nsde_model_definition *d = nsde_model_describe(problem->model);
    const nsde_functional *f = problem->functional;
    nsde_noise_detail detail = nsde_step_detail(settings->integrator, problem->model);
    if (f->areas && detail < NSDE_SPACE_TIME)
        detail = NSDE_SPACE_TIME;
    const size_t states = d->dim * (1 + settings->integrator->carried);
    return (nsde_bundle){.problem = problem,
                         .settings = settings,
                         .dim = d->dim,
                         .states = states,
                         .accumulators = f->accumulators,
                         .rows = states + f->accumulators,
                         .directions = problem->n_derivatives,
                         .noise_rows = nsde_noise_rows(d->noise_dim, detail),
                         .normals = f->normals,
                         .detail = detail};
}

/* ---- directions ---- */

/* `n` directions of a value, made by `make`; the tape breaks where there is no memory for them. */
static nsde_var seed(const nsde_bundle *b, nsde_perturbation eps, nsde_var x, nsde_var from,
                     nsde_var (*make)(const nsde_bundle *b, nsde_var x, nsde_var from, size_t k))
{
    void *memory;
    if (!b->directions || !x.tape)
        return x;
    if (nsde_alloc(b->directions, sizeof(nsde_var), "directions", &memory))
        return nsde_tape_fail(x.tape, "no memory for %zu directions", b->directions);
    nsde_var *directions = memory;
    for (size_t k = 0; k < b->directions; k++)
        directions[k] = make(b, x, from, k);
    const nsde_var seeded = nsde_seed(eps, x, directions);
    nsde_free(memory);
    return seeded;
}

/* The unit vector that direction k is among the parameters, or among the initial states. */
static nsde_var unit(nsde_var x, size_t number)
{
    void *memory;
    const size_t rows = nsde_rows(x);
    if (number >= rows)
        return (nsde_var){0};
    if (nsde_alloc(rows, sizeof(double), "a direction", &memory))
        return nsde_tape_fail(x.tape, "no memory for a direction of %zu numbers", rows);
    ((double *)memory)[number] = 1.0;
    const nsde_var direction = nsde_constant(x.tape, rows, memory);
    nsde_free(memory);
    return direction;
}

static nsde_var of_parameters(const nsde_bundle *b, nsde_var p, nsde_var from, size_t k)
{
    (void)from;
    const size_t n = nsde_model_describe(b->problem->model)->n_parameters;
    return b->problem->derivatives[k] < n ? unit(p, b->problem->derivatives[k]) : (nsde_var){0};
}

static nsde_var of_initial_state(const nsde_bundle *b, nsde_var x, nsde_var from, size_t k)
{
    (void)from;
    const size_t n = nsde_model_describe(b->problem->model)->n_parameters;
    return b->problem->derivatives[k] >= n ? unit(x, b->problem->derivatives[k] - n) : (nsde_var){0};
}

static nsde_var of_bundle(const nsde_bundle *b, nsde_var x, nsde_var from, size_t k)
{
    (void)x;
    return nsde_slice(from, (k + 1) * b->rows, b->rows);
}

static nsde_perturbation perturb(const nsde_bundle *b, nsde_tape *tape)
{
    return b->directions ? nsde_perturb(tape, b->directions) : (nsde_perturbation){.tape = tape};
}

/* A value of each path, even where nothing in it differs between paths. */
static nsde_var of_path(nsde_var y, nsde_var input, size_t rows)
{
    const nsde_var wide = nsde_rows(y) < rows ? nsde_broadcast(y, rows) : y;
    return nsde_is_uniform(wide) ? nsde_add(wide, nsde_mul_real(nsde_row(input, 0), 0.0)) : wide;
}

/* Parts of a path, one below another, then their tangents. */
static nsde_var pack(const nsde_bundle *b, nsde_perturbation eps, nsde_var input, size_t n,
                     const nsde_var parts[], const size_t rows[])
{
    void *memory;
    if (nsde_alloc(n * (1 + b->directions), sizeof(nsde_var), "tangents", &memory))
        return nsde_tape_fail(input.tape, "no memory for %zu directions", b->directions);
    nsde_var *all = memory;
    for (size_t k = 0; k <= b->directions; k++)
        for (size_t i = 0; i < n; i++) {
            const nsde_var part = !b->directions ? parts[i]
                                  : k == 0       ? nsde_primal(eps, parts[i])
                                                 : nsde_tangent(eps, parts[i], k - 1);
            all[k * n + i] = of_path(part, input, rows[i]);
        }
    const nsde_var packed = nsde_stack(n * (1 + b->directions), all);
    nsde_free(memory);
    return packed;
}

static nsde_var pack_path(const nsde_bundle *b, nsde_perturbation eps, nsde_var input, nsde_var state,
                          nsde_var accumulators)
{
    const nsde_var parts[] = {state, accumulators};
    const size_t rows[] = {b->states, b->accumulators};
    return pack(b, eps, input, b->accumulators ? 2 : 1, parts, rows);
}

/* The bundle as an input, with its directions. */
static nsde_var take(const nsde_bundle *b, nsde_tape *tape, nsde_perturbation *eps, nsde_var *input)
{
    *input = nsde_input(tape, b->rows * (1 + b->directions));
    *eps = perturb(b, tape);
    return seed(b, *eps, b->directions ? nsde_slice(*input, 0, b->rows) : *input, *input, of_bundle);
}

static nsde_var accumulators_of(const nsde_bundle *b, nsde_var path)
{
    return b->accumulators ? nsde_slice(path, b->states, b->accumulators) : (nsde_var){0};
}

static nsde_var states_of(const nsde_bundle *b, nsde_var path)
{
    return b->accumulators ? nsde_slice(path, 0, b->states) : path;
}

static nsde_var parameters(const nsde_bundle *b, nsde_tape *tape, nsde_perturbation eps)
{
    const nsde_var p = nsde_model_record_parameters(b->problem->model, tape);
    return nsde_model_describe(b->problem->model)->n_parameters ? seed(b, eps, p, p, of_parameters) : p;
}

/* ---- noise of a coarse step ---- */

/* Increments, space-time areas and Levy areas of a step made of fine ones, as far as the detail goes. Areas
 * of the whole follow by Chen's relation; of W they hold the integral, in steps of a fine one. */
typedef struct noise {
    nsde_var dW, H, A;
} noise;

static noise noise_of_piece(const nsde_bundle *b, nsde_var rows, size_t piece)
{
    const size_t m = nsde_model_describe(b->problem->model)->noise_dim, pairs = nsde_noise_pairs(m);
    const size_t first = piece * b->noise_rows;
    noise n = {.dW = nsde_slice(rows, first, m)};
    if (b->detail >= NSDE_SPACE_TIME)
        n.H = nsde_slice(rows, first + m, m);
    if (b->detail >= NSDE_LEVY && pairs)
        n.A = nsde_slice(rows, first + 2 * m, pairs);
    return n;
}

/* W_i dW_j - W_j dW_i for i < j, halved. */
static nsde_var chen(size_t m, nsde_var W, nsde_var dW)
{
    nsde_var all = {0};
    for (size_t i = 0; i + 1 < m; i++) {
        const nsde_var rest = nsde_slice(dW, i + 1, m - i - 1), before = nsde_slice(W, i + 1, m - i - 1);
        const nsde_var areas = nsde_sub(nsde_mul(nsde_row(W, i), rest), nsde_mul(before, nsde_row(dW, i)));
        all = i ? nsde_stack(2, (nsde_var[]){all, areas}) : areas;
    }
    return nsde_mul_real(all, 0.5);
}

static noise noise_of_step(const nsde_bundle *b, nsde_var rows, size_t pieces)
{
    const size_t m = nsde_model_describe(b->problem->model)->noise_dim;
    noise whole = noise_of_piece(b, rows, 0);
    nsde_var integral = {0};
    if (pieces == 1)
        return whole;
    if (b->detail >= NSDE_SPACE_TIME)
        integral = nsde_add(whole.H, nsde_mul_real(whole.dW, 0.5));
    for (size_t k = 1; k < pieces; k++) {
        const noise piece = noise_of_piece(b, rows, k);
        if (whole.A.tape)
            whole.A = nsde_add(nsde_add(whole.A, piece.A), chen(m, whole.dW, piece.dW));
        if (integral.tape)
            integral =
                nsde_add(integral, nsde_add(whole.dW, nsde_add(piece.H, nsde_mul_real(piece.dW, 0.5))));
        whole.dW = nsde_add(whole.dW, piece.dW);
    }
    if (integral.tape)
        whole.H = nsde_sub(nsde_mul_real(integral, 1.0 / (double)pieces), nsde_mul_real(whole.dW, 0.5));
    return whole;
}

/* ---- a step ---- */

/* Diagonal of g g'. */
static nsde_var variance_of(const nsde_step_at *at, nsde_var g)
{
    const nsde_model_definition *d = nsde_model_describe(at->model);
    if (nsde_model_is_diagonal(at->model) || d->noise_dim == 1)
        return nsde_square(g);
    nsde_var all = {0};
    for (size_t i = 0; i < d->dim; i++) {
        const nsde_var row = nsde_slice(g, i * d->noise_dim, d->noise_dim), sum = nsde_dot(row, row);
        all = i ? nsde_stack(2, (nsde_var[]){all, sum}) : sum;
    }
    return all;
}

/* What a piece has of the beginning of its step. */
typedef struct beginning {
    const nsde_step_at *at;
    nsde_var drift, x_next;
    nsde_functional_at piece; /* with what all pieces have in common */
} beginning;

static nsde_var noise_along(const beginning *from, nsde_var v)
{
    if (nsde_model_is_deterministic(from->at->model))
        return nsde_mul_real(from->at->x, 0.0);
    return nsde_step_noise_along(from->at, from->at->x, from->at->t, v);
}

/* Between its ends a step moves by a share of the whole and by what W is beyond that share of its own. */
static nsde_var between(const beginning *from, nsde_var W, nsde_var whole, double share)
{
    const nsde_var x = from->at->x, bridge = nsde_sub(W, nsde_mul_real(whole, share));
    const nsde_var chord = nsde_add(x, nsde_mul_real(nsde_sub(from->x_next, x), share));
    return nsde_add(chord, noise_along(from, bridge));
}

static beginning begin(const nsde_bundle *b, const nsde_step_at *at, nsde_var x_next)
{
    const nsde_model_definition *d = nsde_model_describe(at->model);
    beginning from = {.at = at, .x_next = x_next, .drift = nsde_step_drift(at, at->x, at->t)};
    nsde_functional_at *piece = &from.piece;
    *piece = (nsde_functional_at){.tape = at->tape,
                                  .p = at->p,
                                  .dim = d->dim,
                                  .noise_dim = d->noise_dim,
                                  .t0 = b->settings->t0,
                                  .t1 = b->settings->t1,
                                  .context = b->problem->functional->context};
    if (nsde_model_is_deterministic(at->model)) {
        piece->g = piece->variance = nsde_mul_real(at->x, 0.0);
    } else {
        const nsde_var g = nsde_model_diffusion(at->model, at->x, at->t, at->p, at->u);
        const size_t rows = nsde_model_is_diagonal(at->model) ? d->dim : d->dim * d->noise_dim;
        piece->g = nsde_rows(g) < rows ? nsde_broadcast(g, rows) : g;
        piece->variance = variance_of(at, piece->g);
    }
    return from;
}

/* The functional over a step, piece by piece. */
static nsde_var accumulate(const nsde_bundle *b, const nsde_step_at *at, nsde_var x_next, nsde_var rows,
                           nsde_var normals, size_t pieces, bool last, nsde_var accumulators)
{
    const nsde_functional *f = b->problem->functional;
    beginning from = begin(b, at, x_next);
    nsde_functional_at *piece = &from.piece;
    const size_t n = f->whole_steps ? 1 : pieces;
    const noise whole = noise_of_step(b, rows, pieces);
    nsde_var W = nsde_mul_real(whole.dW, 0.0);
    piece->h = nsde_mul_real(at->h, 1.0 / (double)n);
    piece->x = at->x;
    for (size_t k = 0; k < n; k++) {
        const noise here = f->whole_steps ? whole : noise_of_piece(b, rows, k);
        const double share = (double)(k + 1) / (double)n;
        const nsde_var W_next = k ? nsde_add(W, here.dW) : here.dW;
        piece->accumulators = accumulators;
        piece->x_next = k + 1 < n ? between(&from, W_next, whole.dW, share) : x_next;
        piece->t = k ? nsde_add(at->t, nsde_mul_real(at->h, (double)k / (double)n)) : at->t;
        piece->mean = nsde_add(at->x, nsde_mul(from.drift, nsde_mul_real(at->h, share)));
        if (k)
            piece->mean = nsde_add(piece->mean, noise_along(&from, W));
        piece->dW = here.dW;
        if (f->areas)
            piece->area = noise_along(&from, here.H);
        if (f->normals)
            piece->z = nsde_slice(normals, k * f->normals, f->normals);
        piece->last = last && k + 1 == n;
        if (!f->last_alone || piece->last)
            accumulators = f->step(piece);
        piece->x = piece->x_next;
        W = W_next;
    }
    return accumulators;
}

static nsde_status check_accumulators(const nsde_bundle *b, nsde_tape *tape, nsde_var accumulators)
{
    const nsde_status status = nsde_tape_status(tape);
    if (status)
        return nsde_fail_within(status, "functional %s", b->problem->functional->name);
    const size_t rows = nsde_rows(accumulators);
    if (b->accumulators && rows != b->accumulators && rows != 1)
        return nsde_fail(NSDE_INVALID, "functional %s has %zu accumulators, not %zu",
                         b->problem->functional->name, rows, b->accumulators);
    return NSDE_OK;
}

static nsde_status record_step(const nsde_bundle *b, nsde_tape *tape, size_t pieces, bool last,
                               nsde_program **program)
{
    nsde_perturbation eps;
    nsde_var input, normals = {0};
    nsde_step_at at = {.tape = tape, .model = b->problem->model, .calculus = NSDE_ITO};
    const nsde_var path = take(b, tape, &eps, &input);
    const nsde_var rows = nsde_input_passive(tape, pieces * b->noise_rows);
    if (b->normals)
        normals = nsde_input_passive(tape, pieces * b->normals);
    at.t = nsde_uniform(tape, 1);
    at.h = nsde_uniform(tape, 1);
    at.p = parameters(b, tape, eps);
    nsde_step_split_state(&at, states_of(b, path));
    const noise whole = noise_of_step(b, rows, pieces);
    const nsde_noise_detail needed = nsde_step_detail(b->settings->integrator, b->problem->model);
    at.dW = whole.dW;
    if (needed >= NSDE_SPACE_TIME)
        at.H = whole.H;
    if (needed >= NSDE_LEVY)
        at.A = whole.A;
    const nsde_var next = nsde_step_record(b->settings->integrator, &at);
    nsde_status status = nsde_tape_status(tape);
    nsde_var accumulators = accumulators_of(b, path);
    if (!status && b->accumulators) {
        const nsde_var x_next = b->states > b->dim ? nsde_slice(next, 0, b->dim) : next;
        accumulators = accumulate(b, &at, x_next, rows, normals, pieces, last, accumulators);
        status = check_accumulators(b, tape, accumulators);
    }
    if (status)
        return status;
    const nsde_var output = pack_path(b, eps, input, next, accumulators);
    return nsde_program_create(tape, 1, &output, program);
}

nsde_status nsde_bundle_step(const nsde_bundle *bundle, size_t pieces, bool last, nsde_program **program)
{
    nsde_tape *tape;
    nsde_status status = nsde_tape_create(&tape);
    if (status)
        return status;
    status = record_step(bundle, tape, pieces, last, program);
    nsde_tape_destroy(tape);
    return status;
}

/* ---- the ends ---- */

static nsde_functional_at at_end(const nsde_bundle *b, nsde_tape *tape, nsde_var x, nsde_var p, double t)
{
    const nsde_model_definition *d = nsde_model_describe(b->problem->model);
    return (nsde_functional_at){.tape = tape,
                                .x = x,
                                .t = nsde_real(tape, t),
                                .p = p,
                                .dim = d->dim,
                                .noise_dim = d->noise_dim,
                                .t0 = b->settings->t0,
                                .t1 = b->settings->t1,
                                .context = b->problem->functional->context};
}

static nsde_status record_start(const nsde_bundle *b, nsde_tape *tape, nsde_program **program)
{
    const nsde_var input = nsde_input(tape, b->dim);
    const nsde_perturbation eps = perturb(b, tape);
    const nsde_var x = seed(b, eps, input, input, of_initial_state), p = parameters(b, tape, eps);
    const nsde_functional *f = b->problem->functional;
    const nsde_functional_at at = at_end(b, tape, x, p, b->settings->t0);
    nsde_var state = x, accumulators = {0};
    for (size_t k = b->dim; k < b->states; k += b->dim)
        state = nsde_stack(2, (nsde_var[]){state, x});
    if (b->accumulators)
        accumulators = f->start ? f->start(&at) : nsde_real(tape, 0.0);
    const nsde_status status = check_accumulators(b, tape, accumulators);
    if (status)
        return status;
    const nsde_var output = pack_path(b, eps, input, state, accumulators);
    return nsde_program_create(tape, 1, &output, program);
}

nsde_status nsde_bundle_start(const nsde_bundle *bundle, nsde_program **program)
{
    nsde_tape *tape;
    nsde_status status = nsde_tape_create(&tape);
    if (status)
        return status;
    status = record_start(bundle, tape, program);
    nsde_tape_destroy(tape);
    return status;
}

static nsde_status record_value(const nsde_bundle *b, nsde_tape *tape, nsde_program **program)
{
    nsde_perturbation eps;
    nsde_var input;
    const nsde_var path = take(b, tape, &eps, &input), states = states_of(b, path);
    const nsde_var x = b->states > b->dim ? nsde_slice(states, 0, b->dim) : states;
    nsde_functional_at at = at_end(b, tape, x, parameters(b, tape, eps), b->settings->t1);
    at.accumulators = accumulators_of(b, path);
    const nsde_var value = b->problem->functional->value(&at);
    const nsde_status status = nsde_tape_status(tape);
    if (status)
        return nsde_fail_within(status, "functional %s", b->problem->functional->name);
    if (nsde_rows(value) != 1)
        return nsde_fail(NSDE_INVALID, "the value of functional %s has %zu rows, not 1",
                         b->problem->functional->name, nsde_rows(value));
    const size_t one = 1;
    const nsde_var output = pack(b, eps, input, 1, &value, &one);
    return nsde_program_create(tape, 1, &output, program);
}

nsde_status nsde_bundle_value(const nsde_bundle *bundle, nsde_program **program)
{
    nsde_tape *tape;
    nsde_status status = nsde_tape_create(&tape);
    if (status)
        return status;
    status = record_value(bundle, tape, program);
    nsde_tape_destroy(tape);
    return status;
}
