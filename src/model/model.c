/* Checking a definition and making a model of it.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/constants.h"
#include "core/error.h"
#include "core/memory.h"
#include "core/names.h"
#include "model/inputs.h"
#include "model/linear.h"
#include "model/noise_class.h"
#include "model/substitute.h"

struct nsde_model {
    nsde_model_definition definition;
    bool diagonal;                         /* g is stored as its diagonal */
    bool linear;                           /* drift affine, noise additive, no time */
    nsde_parameter_definition *parameters; /* blocks spelled out; NULL where there are none */
    char *names;                           /* of those */
};

const char *nsde_noise_class_name(nsde_noise_class noise)
{
    switch (noise) {
#define NSDE_NOISE_CASE(name, text)                                                                          \
    case NSDE_NOISE_##name:                                                                                  \
        return text;
        NSDE_NOISE_LIST(NSDE_NOISE_CASE)
#undef NSDE_NOISE_CASE
    }
    return "unknown noise class";
}

const char *nsde_calculus_name(nsde_calculus calculus)
{
    return calculus == NSDE_ITO ? "Ito" : "Stratonovich";
}

static nsde_status check_parameters(const nsde_model_definition *d)
{
    for (size_t i = 0; i < d->n_parameters; i++) {
        const nsde_parameter_definition *p = &d->parameters[i];
        if (!p->name || !*p->name)
            return nsde_fail(NSDE_INVALID, "model %s: parameter %zu has no name", d->name, i);
        if (strpbrk(p->name, "[]=, \t\n")) /* what stands between names, or numbers those of a block */
            return nsde_fail(NSDE_INVALID, "model %s: \"%.100s\" cannot name a parameter", d->name, p->name);
        for (size_t j = 0; j < i; j++)
            if (strcmp(p->name, d->parameters[j].name) == 0)
                return nsde_fail(NSDE_INVALID, "model %s: two parameters are called %s", d->name, p->name);
        if (!(p->lower < p->upper) || !(p->start > p->lower) || !(p->start < p->upper))
            return nsde_fail(NSDE_INVALID, "model %s: parameter %s starts at %g, outside its bounds (%g, %g)",
                             d->name, p->name, p->start, p->lower, p->upper);
    }
    return NSDE_OK;
}

static nsde_status check_definition(const nsde_model_definition *d)
{
    size_t entries;
    if (!d || !d->name || !*d->name)
        return nsde_fail(NSDE_INVALID, "a model needs a definition with a name");
    if (!d->drift)
        return nsde_fail(NSDE_INVALID, "model %s: a drift is needed", d->name);
    if (!d->diffusion && (d->noise_dim || d->noise != NSDE_NOISE_ADDITIVE))
        return nsde_fail(NSDE_INVALID, "model %s: it has noise but no diffusion", d->name);
    if (d->dim == 0 || d->dim > INT32_MAX || d->noise_dim > INT32_MAX ||
        !nsde_size_mul(d->dim, d->noise_dim ? d->noise_dim : d->dim, &entries) || entries > INT32_MAX)
        return nsde_fail(NSDE_INVALID, "model %s: %zu states and %zu noises are not possible", d->name,
                         d->dim, d->noise_dim);
    if (d->n_parameters && !d->parameters)
        return nsde_fail(NSDE_INVALID, "model %s: parameters is NULL", d->name);
    if (d->n_inputs > INT32_MAX)
        return nsde_fail(NSDE_INVALID, "model %s: %zu inputs are not possible", d->name, d->n_inputs);
    if (d->noise < NSDE_NOISE_ADDITIVE || d->noise > NSDE_NOISE_GENERAL || d->calculus < NSDE_ITO ||
        d->calculus > NSDE_STRATONOVICH)
        return nsde_fail(NSDE_INVALID, "model %s: no such noise class or calculus", d->name);
    if ((d->state_lower != 0.0 || d->state_upper != 0.0) && !(d->state_lower < d->state_upper))
        return nsde_fail(NSDE_INVALID, "model %s: no state lies within (%g, %g)", d->name, d->state_lower,
                         d->state_upper);
    const size_t noises = d->noise_dim ? d->noise_dim : d->dim;
    if ((d->noise == NSDE_NOISE_SCALAR && noises != 1) ||
        (d->noise == NSDE_NOISE_DIAGONAL && noises != d->dim))
        return nsde_fail(NSDE_INVALID, "model %s: %s noise cannot have %zu noises for %zu states", d->name,
                         nsde_noise_class_name(d->noise), noises, d->dim);
    return check_parameters(d);
}

/* Numbers in all parameters, and the bytes their names take; false on overflow. */
static bool measure_blocks(const nsde_model_definition *d, size_t *numbers, size_t *bytes)
{
    enum { SUFFIX = 24 }; /* "[", 20 digits, "]", NUL */
    *numbers = *bytes = 0;
    for (size_t i = 0; i < d->n_parameters; i++) {
        const size_t count = d->parameters[i].count ? d->parameters[i].count : 1;
        size_t all;
        if (!nsde_size_mul(strlen(d->parameters[i].name) + SUFFIX, count, &all) ||
            !nsde_size_add(*bytes, all, bytes) || !nsde_size_add(*numbers, count, numbers))
            return false;
    }
    return *numbers <= INT32_MAX;
}

/* Makes one parameter of each number in a block. */
static nsde_status spell_out_blocks(nsde_model *model)
{
    nsde_model_definition *d = &model->definition;
    size_t numbers, bytes, n = 0;
    void *parameters, *names;
    if (!measure_blocks(d, &numbers, &bytes))
        return nsde_fail(NSDE_OVERFLOW, "model %s: its parameters are too many", d->name);
    if (numbers == d->n_parameters)
        return NSDE_OK;
    nsde_status status = nsde_alloc(numbers, sizeof(nsde_parameter_definition), "parameters", &parameters);
    model->parameters = parameters;
    if (!status)
        status = nsde_alloc(bytes, 1, "parameters", &names);
    if (status)
        return status;
    char *name = model->names = names;
    for (size_t i = 0; i < d->n_parameters; i++)
        for (size_t k = 0; k == 0 || k < d->parameters[i].count; k++) {
            nsde_parameter_definition *one = &model->parameters[n++];
            *one = d->parameters[i];
            one->count = 1;
            if (d->parameters[i].count > 1) {
                one->name = name;
                name += 1 + sprintf(name, "%s[%zu]", d->parameters[i].name, k);
            }
        }
    d->parameters = model->parameters;
    d->n_parameters = numbers;
    return NSDE_OK;
}

static nsde_at at_of(const nsde_model *model, nsde_var x, nsde_var t, nsde_var p, nsde_var u)
{
    const nsde_model_definition *d = &model->definition;
    return (nsde_at){.tape = x.tape,
                     .x = x,
                     .t = t,
                     .p = p,
                     .u = u,
                     .dim = d->dim,
                     .noise_dim = d->noise_dim,
                     .context = d->context};
}

/* A coefficient that is the same in every row may be recorded as one row. */
static nsde_var widened(nsde_var a, size_t rows)
{
    return nsde_rows(a) == 1 && rows > 1 ? nsde_broadcast(a, rows) : a;
}

nsde_var nsde_model_record_parameters(const nsde_model *model, nsde_tape *tape)
{
    const size_t n = model->definition.n_parameters;
    return n ? nsde_parameter(tape, n) : nsde_real(tape, 0.0);
}

nsde_var nsde_model_record_inputs(const nsde_model *model, nsde_tape *tape)
{
    const size_t n = model->definition.n_inputs;
    return n ? nsde_input(tape, n) : (nsde_var){0};
}

nsde_status nsde_model_refuse_inputs(const nsde_model *model, const char *who)
{
    const nsde_model_definition *d = &model->definition;
    return d->n_inputs
               ? nsde_fail(NSDE_UNSUPPORTED, "model %s has %zu inputs of each path, which %s not take",
                           d->name, d->n_inputs, who)
               : NSDE_OK;
}

static bool lacks_inputs(const nsde_model *model, nsde_var u)
{
    return model->definition.n_inputs && nsde_rows(u) != model->definition.n_inputs;
}

/* The mistake of a recording that does not know of inputs, on a model that has some. */
static nsde_var fail_inputs(const nsde_model *model, nsde_tape *tape, nsde_var u)
{
    return nsde_tape_fail(tape, "model %s has %zu inputs of each path, and %zu are given here",
                          model->definition.name, model->definition.n_inputs, nsde_rows(u));
}

nsde_var nsde_model_drift(const nsde_model *model, nsde_var x, nsde_var t, nsde_var p, nsde_var u)
{
    const nsde_at at = at_of(model, x, t, p, u);
    if (lacks_inputs(model, u))
        return fail_inputs(model, x.tape, u);
    return widened(model->definition.drift(&at), model->definition.dim);
}

nsde_var nsde_model_diffusion(const nsde_model *model, nsde_var x, nsde_var t, nsde_var p, nsde_var u)
{
    if (lacks_inputs(model, u))
        return fail_inputs(model, x.tape, u);
    if (!model->definition.diffusion)
        return nsde_broadcast(nsde_real(x.tape, 0.0), model->definition.dim);
    const nsde_at at = at_of(model, x, t, p, u);
    const nsde_var g = model->definition.diffusion(&at);
    return model->diagonal ? widened(g, model->definition.dim) : g;
}

nsde_var nsde_model_solution(const nsde_model *model, nsde_var x, nsde_var t, nsde_var p, nsde_var u,
                             nsde_var h, nsde_var W)
{
    if (lacks_inputs(model, u))
        return fail_inputs(model, x.tape, u);
    if (!model->definition.solution)
        return nsde_tape_fail(x.tape, "model %s has no solution that is a function of W",
                              model->definition.name);
    const nsde_at at = at_of(model, x, t, p, u);
    return model->definition.solution(&at, h, W);
}

nsde_var nsde_model_transition(const nsde_model *model, nsde_var x, nsde_var t, nsde_var p, nsde_var u,
                               nsde_var h, nsde_var z)
{
    if (lacks_inputs(model, u))
        return fail_inputs(model, x.tape, u);
    if (!model->definition.transition)
        return nsde_tape_fail(x.tape, "model %s has no transition of its own", model->definition.name);
    const nsde_at at = at_of(model, x, t, p, u);
    return model->definition.transition(&at, h, z);
}

/* Records both coefficients once, to see their rows and the mistakes they make. */
static nsde_status check_coefficients(nsde_model *model, nsde_tape *tape)
{
    const nsde_model_definition *d = &model->definition;
    const nsde_var x = nsde_input(tape, d->dim), t = nsde_uniform(tape, 1);
    const nsde_var p = nsde_model_record_parameters(model, tape), u = nsde_model_record_inputs(model, tape);
    const size_t f_rows = nsde_rows(nsde_model_drift(model, x, t, p, u));
    const nsde_status status = nsde_tape_status(tape);
    if (status)
        return nsde_fail_within(status, "model %s: drift", d->name);
    if (f_rows != d->dim)
        return nsde_fail(NSDE_INVALID, "model %s: the drift has %zu rows for %zu states", d->name, f_rows,
                         d->dim);
    model->diagonal = true;
    if (!d->diffusion)
        return NSDE_OK;
    const nsde_at at = at_of(model, x, t, p, u);
    const size_t g_rows = nsde_rows(d->diffusion(&at)), full = d->dim * d->noise_dim;
    if (nsde_tape_status(tape))
        return nsde_fail_within(nsde_tape_status(tape), "model %s: diffusion", d->name);
    model->diagonal = d->noise_dim == d->dim && (g_rows == d->dim || g_rows == 1);
    if (!model->diagonal && g_rows != full)
        return nsde_fail(NSDE_INVALID, "model %s: the diffusion has %zu rows for %zu states and %zu noises",
                         d->name, g_rows, d->dim, d->noise_dim);
    if (d->noise == NSDE_NOISE_DIAGONAL && !model->diagonal)
        return nsde_fail(NSDE_INVALID, "model %s: a diagonal diffusion has %zu rows, one a state, not %zu",
                         d->name, d->dim, g_rows);
    return NSDE_OK;
}

static void release(const nsde_model_definition *definition)
{
    if (definition && definition->release)
        definition->release(definition->context);
}

nsde_status nsde_model_create(const nsde_model_definition *definition, nsde_model **model)
{
    void *memory = NULL;
    nsde_tape *tape = NULL;
    nsde_status status = model ? NSDE_OK : nsde_fail(NSDE_INVALID, "nsde_model_create: model is NULL");
    if (!status) {
        *model = NULL;
        status = check_definition(definition);
    }
    if (!status)
        status = nsde_alloc(1, sizeof(nsde_model), "model", &memory);
    if (status) {
        release(definition);
        return status;
    }
    nsde_model *made = memory;
    made->definition = *definition;
    if (!made->definition.noise_dim)
        made->definition.noise_dim = definition->dim;
    status = spell_out_blocks(made);
    if (!status)
        status = nsde_tape_create(&tape);
    if (!status)
        status = check_coefficients(made, tape);
    nsde_tape_destroy(tape);
    if (!status)
        status = nsde_noise_class_check(made);
    if (!status)
        status = nsde_linear_check(made, &made->linear);
    if (status)
        nsde_model_destroy(made);
    else
        *model = made;
    return status;
}

void nsde_model_destroy(nsde_model *model)
{
    if (!model)
        return;
    release(&model->definition);
    nsde_free(model->parameters);
    nsde_free(model->names);
    nsde_free(model);
}

nsde_status nsde_model_substitute(const nsde_model *model, const nsde_substitute *substitute,
                                  nsde_model **substituted)
{
    void *memory;
    const nsde_status status = nsde_alloc(1, sizeof(nsde_model), "model", &memory);
    *substituted = memory;
    if (status)
        return status;
    nsde_model *made = memory;
    *made = *model;
    made->parameters = NULL; /* borrowed: the definition points to them */
    made->names = NULL;
    made->definition.drift = substitute->drift;
    made->definition.diffusion = model->definition.diffusion ? substitute->diffusion : NULL;
    made->definition.context = substitute->context;
    made->definition.release = NULL;
    return NSDE_OK;
}

const nsde_model_definition *nsde_model_describe(const nsde_model *model)
{
    return &model->definition;
}

bool nsde_model_is_deterministic(const nsde_model *model)
{
    return !model->definition.diffusion;
}

bool nsde_model_is_linear(const nsde_model *model)
{
    return model->linear;
}

bool nsde_model_is_diagonal(const nsde_model *model)
{
    return model->diagonal;
}

nsde_status nsde_model_parameter(const nsde_model *model, const char *name, size_t *number)
{
    const nsde_model_definition *d = &model->definition;
    char names[NSDE_MESSAGE_SIZE / 2] = "";
    if (!name || !number)
        return nsde_fail(NSDE_INVALID, "model %s: the parameter's name or the place for its number is NULL",
                         d->name);
    for (size_t i = 0; i < d->n_parameters; i++) {
        if (strcmp(d->parameters[i].name, name) == 0) {
            *number = i;
            return NSDE_OK;
        }
        nsde_name_append(names, sizeof names, d->parameters[i].name);
    }
    return nsde_fail(NSDE_NOT_FOUND, "model %s has no parameter \"%.100s\"; it has %s", d->name, name,
                     *names ? names : "none");
}

static nsde_status check_parameter(const nsde_model *model, size_t i, double value)
{
    const nsde_model_definition *d = &model->definition;
    const nsde_parameter_definition *p = &d->parameters[i];
    if (!isfinite(value))
        return nsde_fail(NSDE_INVALID, "model %s: parameter %s is %g", d->name, p->name, value);
    if (!(value > p->lower) || !(value < p->upper))
        return nsde_fail(NSDE_INVALID, "model %s: parameter %s = %g is outside its bounds (%g, %g)", d->name,
                         p->name, value, p->lower, p->upper);
    return NSDE_OK;
}

nsde_status nsde_model_check_parameters(const nsde_model *model, const double *parameters)
{
    const nsde_model_definition *d = &model->definition;
    if (!parameters && d->n_parameters)
        return nsde_fail(NSDE_INVALID, "model %s: parameters are needed", d->name);
    nsde_status status = NSDE_OK;
    for (size_t i = 0; i < d->n_parameters && !status; i++)
        status = check_parameter(model, i, parameters[i]);
    return status;
}

nsde_status nsde_model_check_path_parameters(const nsde_model *model, size_t paths, const double *parameters)
{
    const nsde_model_definition *d = &model->definition;
    if (!parameters && d->n_parameters)
        return nsde_fail(NSDE_INVALID, "model %s: parameters are needed", d->name);
    for (size_t i = 0; i < d->n_parameters; i++)
        for (size_t path = 0; path < paths; path++) {
            const nsde_status status = check_parameter(model, i, parameters[i * paths + path]);
            if (status)
                return nsde_fail_within(status, "path %zu", path);
        }
    return NSDE_OK;
}

nsde_var nsde_normal_log_density(nsde_var x, nsde_var mean, nsde_var variance)
{
    const nsde_var distance = nsde_div(nsde_square(nsde_sub(x, mean)), variance);
    const nsde_var log_scale = nsde_add_real(nsde_log(variance), NSDE_LOG_2PI);
    return nsde_mul_real(nsde_add(log_scale, distance), -0.5);
}
