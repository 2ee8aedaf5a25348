/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "estimate/local.h"

#include <string.h>

#include "model/substitute.h"
#include "step/compile.h"
#include "tape/tape.h"

/* What is known while a step is recorded. */
typedef struct recording {
    nsde_local *local;
    const nsde_model *model; /* whose coefficients stages ask for */
    nsde_tape *tape;
    nsde_perturbation eps; /* of the step on duals; no partials while stages are found */
    size_t stage;          /* the next */
    bool diffusion[NSDE_LOCAL_KINDS];
    size_t directions[NSDE_LOCAL_KINDS];
    nsde_var x[NSDE_LOCAL_STAGES], t[NSDE_LOCAL_STAGES], y[NSDE_LOCAL_STAGES];
} recording;

/* Outputs are of each path, even where nothing in them differs between paths. */
static nsde_var of_path(nsde_var y, nsde_var x)
{
    return nsde_is_uniform(y) ? nsde_add(y, nsde_mul_real(nsde_row(x, 0), 0.0)) : y;
}

/* ---- duals as rows ---- */

/* The perturbation that the integrator made, and a carries: one of no partials if there is none. */
static nsde_perturbation perturbation_of(const recording *r, nsde_var a)
{
    if (nsde_level(a) <= r->eps.level)
        return (nsde_perturbation){.tape = a.tape};
    return (nsde_perturbation){a.tape, nsde_level(a), nsde_dual_at(a.tape, a.id)->partials};
}

/* The value of a, then its tangents: [1 + partials][rows]. */
static nsde_var part(nsde_perturbation eps, nsde_var a)
{
    if (!eps.partials)
        return a;
    nsde_var all = nsde_primal(eps, a);
    for (size_t k = 0; k < eps.partials; k++)
        all = nsde_stack(2, (nsde_var[]){all, nsde_tangent(eps, a, k)});
    return all;
}

static nsde_var join(nsde_perturbation eps, nsde_var parts)
{
    void *memory;
    if (!eps.partials)
        return parts;
    const size_t rows = nsde_rows(parts) / (1 + eps.partials);
    const nsde_status status = nsde_alloc(eps.partials, sizeof(nsde_var), "tangents", &memory);
    if (status)
        return nsde_tape_break(eps.tape, status);
    nsde_var *tangents = memory;
    for (size_t k = 0; k < eps.partials; k++)
        tangents[k] = nsde_slice(parts, (1 + k) * rows, rows);
    const nsde_var joined = nsde_seed(eps, nsde_slice(parts, 0, rows), tangents);
    nsde_free(memory);
    return joined;
}

/* x along the partials first … of eps, one a row. */
static nsde_var seed_rows(nsde_perturbation eps, size_t first, nsde_var x)
{
    const size_t rows = nsde_rows(x);
    void *memory;
    const nsde_status status =
        nsde_alloc(eps.partials * sizeof(nsde_var) + rows * sizeof(double), 1, "seeds", &memory);
    if (status)
        return nsde_tape_break(eps.tape, status);
    nsde_var *directions = memory;
    double *unit = (double *)(directions + eps.partials);
    for (size_t i = 0; i < rows; i++) {
        memset(unit, 0, rows * sizeof *unit);
        unit[i] = 1.0;
        directions[first + i] = nsde_constant(eps.tape, rows, unit);
    }
    const nsde_var seeded = nsde_seed(eps, x, directions);
    nsde_free(memory);
    return seeded;
}

/* ---- coefficients of a step that is recorded ---- */

static nsde_var coefficient(const recording *r, bool diffusion, nsde_var x, nsde_var t, nsde_var p)
{
    const nsde_var none = {0}; /* models with inputs of each path are refused */
    return (diffusion ? nsde_model_diffusion : nsde_model_drift)(r->model, x, t, p, none);
}

/* The kind of a coefficient with so many directions; SIZE_MAX where there are too many kinds. */
static size_t kind_of(recording *r, bool diffusion, size_t directions)
{
    size_t k = 0;
    while (k < r->local->n_kinds && (r->diffusion[k] != diffusion || r->directions[k] != directions))
        k++;
    if (k == NSDE_LOCAL_KINDS)
        return SIZE_MAX;
    if (k == r->local->n_kinds) {
        r->diffusion[k] = diffusion;
        r->directions[k] = directions;
        r->local->n_kinds++;
    }
    return k;
}

static nsde_var refuse(const nsde_at *at)
{
    return nsde_tape_break(at->tape, nsde_fail(NSDE_UNSUPPORTED,
                                               "the step asks for more than coefficients and their first "
                                               "derivatives at up to %d stages",
                                               NSDE_LOCAL_STAGES));
}

/* Stages are found: the coefficient as it is, noted. */
static nsde_var find_stage(recording *r, const nsde_at *at, bool diffusion)
{
    const nsde_perturbation eps = perturbation_of(r, at->x);
    const size_t s = r->stage++,
                 kind = s < NSDE_LOCAL_STAGES ? kind_of(r, diffusion, eps.partials) : SIZE_MAX;
    if (kind == SIZE_MAX)
        return refuse(at);
    const nsde_var y = coefficient(r, diffusion, at->x, at->t, at->p);
    r->x[s] = part(eps, at->x);
    r->t[s] = at->t;
    r->y[s] = of_path(part(eps, y), r->x[s]); /* an integrator may do otherwise where it is uniform */
    if (nsde_level(r->x[s]) || nsde_level(r->t[s]) || nsde_level(r->y[s]))
        return refuse(at);
    r->local->stages[s] =
        (nsde_local_stage){.kind = kind, .x_rows = nsde_rows(r->x[s]), .y_rows = nsde_rows(r->y[s])};
    r->local->n_stages = r->stage;
    return join(eps, r->y[s]);
}

/* Stages are known: what the coefficient gives is an input. */
static nsde_var take_stage(recording *r, const nsde_at *at)
{
    const nsde_perturbation eps = perturbation_of(r, at->x);
    const size_t s = r->stage++;
    if (s >= r->local->n_stages || eps.partials != r->directions[r->local->stages[s].kind])
        return refuse(at);
    r->x[s] = part(eps, at->x);
    return join(eps, seed_rows(r->eps, r->local->stages[s].first, r->y[s]));
}

static nsde_var answer(const nsde_at *at, bool diffusion)
{
    recording *r = at->context;
    if (at->x.tape != r->tape)
        return refuse(at);
    return r->eps.partials ? take_stage(r, at) : find_stage(r, at, diffusion);
}

static nsde_var answer_drift(const nsde_at *at)
{
    return answer(at, false);
}

static nsde_var answer_diffusion(const nsde_at *at)
{
    return answer(at, true);
}

/* ---- programs ---- */

static nsde_status compile(const recording *r, size_t n, nsde_var outputs[], nsde_program **program)
{
    const nsde_status status = nsde_tape_status(r->tape);
    return status ? status : nsde_program_create(r->tape, n, outputs, program);
}

static nsde_status record_step(recording *r, const nsde_integrator *integrator, nsde_step_at *at)
{
    nsde_var outputs[1 + 3 * NSDE_LOCAL_STAGES];
    const nsde_var state = nsde_step_take_state(at, integrator);
    nsde_step_take_noise(at, nsde_step_detail(integrator, r->model));
    at->t = nsde_uniform(at->tape, 1);
    at->h = nsde_uniform(at->tape, 1);
    at->p = nsde_model_record_parameters(r->model, at->tape);
    outputs[0] = of_path(nsde_step_record(integrator, at), state);
    for (size_t s = 0; s < r->local->n_stages; s++) {
        outputs[nsde_local_x(s)] = of_path(r->x[s], state);
        outputs[nsde_local_time(s)] = r->t[s];
        outputs[nsde_local_y(s)] = of_path(r->y[s], state);
    }
    r->local->state_rows = r->local->partials = nsde_rows(state);
    for (size_t s = 0; s < r->local->n_stages; s++) {
        r->local->stages[s].first = r->local->partials;
        r->local->partials += r->local->stages[s].y_rows;
    }
    return compile(r, 1 + 3 * r->local->n_stages, outputs, &r->local->step);
}

/* The tangents of y, which is of no path's own where nothing depends on it. */
static nsde_var stack_tangents(nsde_perturbation eps, nsde_var y, nsde_var state)
{
    void *memory;
    const nsde_status status = nsde_alloc(eps.partials, sizeof(nsde_var), "tangents", &memory);
    if (status)
        return nsde_tape_break(eps.tape, status);
    nsde_var *parts = memory;
    for (size_t k = 0; k < eps.partials; k++)
        parts[k] = nsde_tangent(eps, y, k);
    const nsde_var all = nsde_stack(eps.partials, parts);
    nsde_free(memory);
    return of_path(all, state);
}

static nsde_status record_dual(recording *r, const nsde_integrator *integrator, nsde_step_at *at)
{
    nsde_var outputs[1 + NSDE_LOCAL_STAGES];
    const nsde_var state = nsde_step_take_state(at, integrator);
    nsde_step_take_noise(at, nsde_step_detail(integrator, r->model));
    at->t = nsde_uniform(at->tape, 1);
    at->h = nsde_uniform(at->tape, 1);
    at->p = nsde_real(at->tape, 0.0); /* nobody looks at them */
    for (size_t s = 0; s < r->local->n_stages; s++)
        r->y[s] = nsde_input(at->tape, r->local->stages[s].y_rows);
    r->eps = nsde_perturb(at->tape, r->local->partials);
    nsde_step_split_state(at, seed_rows(r->eps, 0, state));
    outputs[0] = stack_tangents(r->eps, nsde_step_record(integrator, at), state);
    for (size_t s = 0; s < r->local->n_stages; s++)
        outputs[1 + s] = stack_tangents(r->eps, r->x[s], state);
    return compile(r, 1 + r->local->n_stages, outputs, &r->local->dual);
}

static nsde_status record_kind(recording *r, size_t kind)
{
    const size_t dim = nsde_model_describe(r->model)->dim, directions = r->directions[kind];
    const nsde_var x = nsde_input(r->tape, (1 + directions) * dim), t = nsde_uniform(r->tape, 1);
    const nsde_perturbation eps =
        directions ? nsde_perturb(r->tape, directions) : (nsde_perturbation){.tape = r->tape};
    const nsde_var p = nsde_model_record_parameters(r->model, r->tape);
    nsde_var y = of_path(part(eps, coefficient(r, r->diffusion[kind], join(eps, x), t, p)), x);
    return compile(r, 1, &y, &r->local->kinds[kind]);
}

typedef nsde_status (*recorder)(recording *r, const nsde_integrator *integrator, nsde_step_at *at);

/* One of the two recordings of the step, on a tape of its own. */
static nsde_status record(recording *r, const nsde_integrator *integrator, const nsde_model *answering,
                          recorder write)
{
    nsde_step_at at = {.model = answering};
    const nsde_status status = nsde_tape_create(&at.tape);
    if (status)
        return status;
    r->tape = at.tape;
    r->stage = 0;
    const nsde_status recorded = write(r, integrator, &at);
    nsde_tape_destroy(at.tape);
    return recorded;
}

nsde_status nsde_local_create(const nsde_model *model, const nsde_integrator *integrator, nsde_local *local)
{
    nsde_model *answering;
    *local = (nsde_local){0};
    recording r = {.local = local, .model = model};
    nsde_status status = nsde_integrator_check(integrator, model);
    if (!status && integrator->solution)
        status = nsde_fail(NSDE_UNSUPPORTED, "%s does not ask for coefficients", integrator->name);
    if (!status)
        status =
            nsde_model_substitute(model, &(nsde_substitute){answer_drift, answer_diffusion, &r}, &answering);
    if (status)
        return status;
    status = record(&r, integrator, answering, record_step);
    if (!status)
        status = record(&r, integrator, answering, record_dual);
    nsde_model_destroy(answering);
    for (size_t k = 0; k < local->n_kinds && !status; k++) {
        status = nsde_tape_create(&r.tape);
        if (status)
            break;
        status = record_kind(&r, k);
        nsde_tape_destroy(r.tape);
    }
    if (!status)
        local->noise_rows = nsde_program_input_rows(local->step, NSDE_STEP_NOISE);
    return status ? nsde_fail_within(status, "mixed mode step by step, %s", integrator->name) : NSDE_OK;
}

void nsde_local_release(nsde_local *local)
{
    nsde_program_destroy(local->step);
    nsde_program_destroy(local->dual);
    for (size_t k = 0; k < local->n_kinds; k++)
        nsde_program_destroy(local->kinds[k]);
}
