/* Models from text.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "nsde/text.h"
#include "tape/tape.h"
#include "text/parameters.h"

enum { STATES = 1000 }; /* most of a text */

typedef enum coefficient { DRIFT, DIFFUSION, COEFFICIENTS } coefficient;

static const char *const coefficient_names[] = {"drift", "diffusion"};

/* The context of a model from text. */
typedef struct text_model {
    size_t dim, columns; /* of the diffusion */
    size_t n_inputs;
    char *name, *equation;
    nsde_text_name *scope;        /* [n_scope]: states, t, inputs, parameters */
    size_t n_scope, n_parameters; /* without the weights of networks */
    char *names;                  /* of the parameters */
    char (*labels)[24];           /* of the states and the inputs */
    nsde_parameter_definition *definitions;
    nsde_expression *expressions[COEFFICIENTS]; /* [dim], [dim][columns] */
    size_t n_expressions[COEFFICIENTS];
    nsde_net **nets; /* [n_nets], those of the drift first */
    size_t n_nets, n_blocks;
} text_model;

static void release(void *context)
{
    text_model *m = context;
    for (int which = 0; which < COEFFICIENTS; which++) {
        for (size_t i = 0; i < m->n_expressions[which]; i++)
            nsde_expression_destroy(&m->expressions[which][i]);
        nsde_free(m->expressions[which]);
    }
    for (size_t i = 0; i < m->n_nets; i++)
        nsde_net_destroy(m->nets[i]);
    nsde_free(m->nets);
    nsde_free(m->scope);
    nsde_free(m->names);
    nsde_free(m->labels);
    nsde_free(m->definitions);
    nsde_free(m->equation);
    nsde_free(m->name);
    nsde_free(m);
}

/* ---- recording ---- */

/* Values of the scope: as many as the text has names. */
static void bind(const text_model *m, const nsde_at *at, nsde_var *values)
{
    size_t n = 0;
    for (size_t i = 0; i < m->dim; i++)
        values[n++] = nsde_row(at->x, i);
    if (m->dim == 1)
        values[n++] = at->x;
    values[n++] = at->t;
    for (size_t i = 0; i < m->n_inputs; i++)
        values[n++] = nsde_row(at->u, i);
    if (m->n_inputs == 1)
        values[n++] = at->u;
    for (size_t k = 0; k < m->n_parameters; k++)
        values[n++] = nsde_row(at->p, k);
}

static void record_nets(const text_model *m, const nsde_at *at, nsde_var *nets)
{
    size_t first = m->n_parameters;
    for (size_t i = 0; i < m->n_nets; i++) {
        const size_t weights = nsde_net_weights(m->nets[i]);
        nets[i] = nsde_net_record(m->nets[i], nsde_slice(at->p, first, weights), m->n_inputs ? 3 : 2,
                                  (nsde_var[]){at->x, at->t, at->u});
        first += weights;
    }
}

/* Networks that the coefficient's own come after. */
static size_t nets_before(const text_model *m, coefficient which)
{
    size_t n = 0;
    for (size_t i = 0; which == DIFFUSION && i < m->n_expressions[DRIFT]; i++)
        n += m->expressions[DRIFT][i].n_nets;
    return n;
}

static nsde_var record(const nsde_at *at, coefficient which)
{
    const text_model *m = at->context;
    const size_t rows = m->n_expressions[which];
    void *memory;
    const nsde_status status =
        nsde_alloc(m->n_scope + m->n_nets + rows, sizeof(nsde_var), "coefficient", &memory);
    if (status)
        return nsde_tape_break(at->tape, status);
    nsde_var *values = memory, *nets = values + m->n_scope, *parts = nets + m->n_nets;
    bind(m, at, values);
    record_nets(m, at, nets); /* what is not used is dropped */
    nets += nets_before(m, which);
    for (size_t i = 0; i < rows; i++) {
        parts[i] = nsde_expression_record(&m->expressions[which][i], at->tape, values, nets);
        nets += m->expressions[which][i].n_nets;
    }
    const nsde_var all = nsde_stack(rows, parts);
    nsde_free(memory);
    return all;
}

static nsde_var drift(const nsde_at *at)
{
    return record(at, DRIFT);
}

static nsde_var diffusion(const nsde_at *at)
{
    return record(at, DIFFUSION);
}

/* ---- reading ---- */

static size_t count(const char *text, char wanted)
{
    size_t n = 0;
    for (; *text; text++)
        n += *text == wanted;
    return n;
}

/* Reads the expressions of a coefficient: rows separated by ';', entries by ','; all rows alike. */
static nsde_status read_rows(nsde_text *text, const nsde_text_scope *scope, size_t rows, size_t most,
                             nsde_expression *expressions, size_t *n)
{
    *n = 0;
    size_t columns = 0;
    for (size_t row = 0; row < rows; row++) {
        const size_t first = *n;
        do {
            if (*n - first == most)
                return nsde_text_fail(text, text->at, "a state has %zu entr%s here", most,
                                      most == 1 ? "y" : "ies at most");
            const nsde_status status = nsde_expression_parse(text, scope, &expressions[*n]);
            if (status)
                return status;
            (*n)++;
        } while (nsde_text_accept(text, ','));
        columns = row ? columns : *n - first;
        if (*n - first != columns)
            return nsde_text_fail(text, text->at, "this row has %zu entries, the first has %zu", *n - first,
                                  columns);
        if (row + 1 < rows && !nsde_text_accept(text, ';'))
            return nsde_text_fail(text, text->at, "an operator, or ';' and the next of %zu rows, is expected",
                                  rows);
    }
    return nsde_text_peek(text) < 0 ? NSDE_OK
                                    : nsde_text_fail(text, text->at, "an operator is expected, or the end");
}

static nsde_status read_coefficient(text_model *m, const char *bytes, coefficient which)
{
    nsde_text text;
    void *memory;
    const nsde_text_scope scope = {m->scope, m->n_scope, true};
    nsde_status status = nsde_text_begin(bytes, strlen(bytes), &text);
    const size_t commas = count(bytes, ','), most = which == DRIFT ? 1 : commas + 1;
    if (!status)
        status = nsde_alloc(m->dim + commas, sizeof(nsde_expression), "expressions", &memory);
    if (!status) {
        m->expressions[which] = memory;
        status = read_rows(&text, &scope, m->dim, most, memory, &m->n_expressions[which]);
    }
    return status ? nsde_fail_within(status, "%s", coefficient_names[which]) : NSDE_OK;
}

/* x1, x2, … and x, where there is one; so too of inputs. */
static void name_rows(text_model *m, char letter, size_t n, char (*labels)[24])
{
    for (size_t i = 0; i < n; i++) {
        snprintf(labels[i], sizeof labels[i], "%c%zu", letter, i + 1);
        m->scope[m->n_scope++].name = labels[i];
    }
    if (n == 1)
        m->scope[m->n_scope++].name = letter == 'x' ? "x" : "u";
}

/* Names of states, time, inputs and parameters, in the order of `bind`. */
static nsde_status make_scope(text_model *m)
{
    void *scope, *labels = NULL;
    const size_t n_labels = m->dim + m->n_inputs;
    nsde_status status = nsde_alloc(n_labels + 3 + m->n_parameters, sizeof(nsde_text_name), "names", &scope);
    m->scope = scope;
    if (!status)
        status = nsde_alloc(n_labels, sizeof *m->labels, "names", &labels);
    m->labels = labels;
    if (status)
        return status;
    name_rows(m, 'x', m->dim, m->labels);
    m->scope[m->n_scope++].name = "t";
    name_rows(m, 'u', m->n_inputs, m->labels + m->dim);
    for (size_t k = 0; k < m->n_parameters; k++)
        m->scope[m->n_scope++].name = m->definitions[k].name;
    return NSDE_OK;
}

static nsde_status read_parameters(text_model *m, const char *bytes)
{
    nsde_text text;
    void *names = NULL, *definitions = NULL;
    nsde_status status = nsde_text_begin(bytes, strlen(bytes), &text);
    if (!status)
        status = nsde_alloc(text.size + 1, 1, "parameters", &names);
    m->names = names;
    if (!status)
        status = nsde_alloc(count(bytes, ',') + 1, sizeof *m->definitions, "parameters", &definitions);
    m->definitions = definitions;
    if (!status)
        status = nsde_text_parameters(&text, m->names, m->definitions, &m->n_parameters);
    return status ? nsde_fail_within(status, "parameters") : NSDE_OK;
}

/* ---- networks ---- */

static nsde_status create_net(text_model *m, const nsde_text_net *text, size_t *weights)
{
    enum { WEIGHTS = 1 << 22 }; /* most of all networks of a text */
    char name[32];
    snprintf(name, sizeof name, "net%zu", m->n_nets + 1);
    const nsde_net_definition d = {.name = name,
                                   .inputs = m->dim + 1 + m->n_inputs,
                                   .outputs = 1,
                                   .hidden = text->hidden,
                                   .n_hidden = text->n_hidden,
                                   .activation = text->activation};
    const nsde_status status = nsde_net_create(&d, &m->nets[m->n_nets]);
    if (status)
        return status;
    *weights += nsde_net_weights(m->nets[m->n_nets]);
    m->n_blocks += nsde_net_blocks(m->nets[m->n_nets++]);
    return *weights <= WEIGHTS ? NSDE_OK
                               : nsde_fail(NSDE_PARSE, "the networks have more than %d weights", WEIGHTS);
}

static nsde_status create_nets(text_model *m)
{
    void *nets;
    size_t all = 0, weights = 0;
    for (int which = 0; which < COEFFICIENTS; which++)
        for (size_t i = 0; i < m->n_expressions[which]; i++)
            all += m->expressions[which][i].n_nets;
    nsde_status status = nsde_alloc(all, sizeof(nsde_net *), "networks", &nets);
    m->nets = nets;
    for (int which = 0; which < COEFFICIENTS; which++)
        for (size_t i = 0; i < m->n_expressions[which]; i++)
            for (size_t k = 0; k < m->expressions[which][i].n_nets && !status; k++)
                status = create_net(m, &m->expressions[which][i].nets[k], &weights);
    return status;
}

/* Adds the blocks of the networks to the parameters. */
static nsde_status list_blocks(text_model *m)
{
    void *block = m->definitions;
    const size_t n = m->n_parameters;
    const nsde_status status = nsde_resize(&block, n, n + m->n_blocks, sizeof *m->definitions, "parameters");
    if (status)
        return status;
    m->definitions = block;
    nsde_parameter_definition *d = m->definitions + n;
    for (size_t i = 0; i < m->n_nets; i++)
        for (size_t b = 0; b < nsde_net_blocks(m->nets[i]); b++, d++) {
            size_t rows, columns;
            *d = (nsde_parameter_definition){.doc = "weights", .lower = -INFINITY, .upper = INFINITY};
            nsde_net_block(m->nets[i], b, &d->name, NULL, &rows, &columns);
            d->count = rows * columns;
        }
    return NSDE_OK;
}

/* ---- the class of the noise ---- */

/* Does an entry of the diffusion depend on state i? Networks see all states. */
static bool sees(const text_model *m, const nsde_expression *entry, size_t state)
{
    return entry->n_nets || nsde_expression_uses(entry, state) ||
           (m->dim == 1 && nsde_expression_uses(entry, 1));
}

static nsde_noise_class classify(const text_model *m, bool diagonal)
{
    bool any = false, others = false;
    for (size_t e = 0; e < m->n_expressions[DIFFUSION]; e++)
        for (size_t i = 0; i < m->dim; i++)
            if (sees(m, &m->expressions[DIFFUSION][e], i)) {
                any = true;
                others = others || i != e / m->columns;
            }
    if (!any)
        return NSDE_NOISE_ADDITIVE;
    if (diagonal)
        return others ? NSDE_NOISE_GENERAL : NSDE_NOISE_DIAGONAL;
    return m->columns == 1 ? NSDE_NOISE_SCALAR : NSDE_NOISE_GENERAL;
}

/* ---- all together ---- */

static nsde_status write_equation(text_model *m, const nsde_text_model *text)
{
    void *memory;
    const size_t size = strlen(text->drift) + strlen(text->diffusion) + 32;
    const nsde_status status = nsde_alloc(size, 1, "equation", &memory);
    m->equation = memory;
    if (!status)
        snprintf(m->equation, size, "dX = (%s) dt + (%s) dW", text->drift, text->diffusion);
    return status;
}

static nsde_status read_all(text_model *m, const nsde_text_model *text)
{
    nsde_status status = nsde_copy_string(text->name ? text->name : "text", &m->name);
    m->dim = count(text->drift, ';') + 1;
    m->n_inputs = text->n_inputs;
    if (!status && m->n_inputs > STATES)
        status = nsde_fail(NSDE_INVALID, "%zu inputs, more than the %d that are read", m->n_inputs, STATES);
    if (!status && m->dim > STATES)
        status = nsde_fail(NSDE_PARSE, "drift: %zu states, more than the %d that are read", m->dim, STATES);
    if (!status)
        status = read_parameters(m, text->parameters ? text->parameters : "");
    if (!status)
        status = make_scope(m);
    if (!status)
        status = read_coefficient(m, text->drift, DRIFT);
    if (!status)
        status = read_coefficient(m, text->diffusion, DIFFUSION);
    if (!status)
        status = create_nets(m);
    if (!status)
        status = list_blocks(m);
    return status ? status : write_equation(m, text);
}

nsde_status nsde_model_from_text(const nsde_text_model *text, nsde_model **model)
{
    void *memory;
    if (!model)
        return nsde_fail(NSDE_INVALID, "nsde_model_from_text: model is NULL");
    *model = NULL;
    if (!text || !text->drift || !text->diffusion)
        return nsde_fail(NSDE_INVALID, "nsde_model_from_text: a drift and a diffusion are needed");
    nsde_status status = nsde_alloc(1, sizeof(text_model), "model", &memory);
    if (status)
        return status;
    text_model *m = memory;
    status = read_all(m, text);
    if (status) {
        release(m);
        return nsde_fail_within(status, "model %.100s", text->name ? text->name : "text");
    }
    m->columns = m->n_expressions[DIFFUSION] / m->dim;
    const bool diagonal = m->columns == 1 && !(text->column && m->dim > 1);
    return nsde_model_create(&(nsde_model_definition){.name = m->name,
                                                      .equation = m->equation,
                                                      .doc = "from text",
                                                      .dim = m->dim,
                                                      .noise_dim = diagonal ? m->dim : m->columns,
                                                      .noise = classify(m, diagonal),
                                                      .calculus = text->calculus,
                                                      .n_inputs = m->n_inputs,
                                                      .parameters = m->definitions,
                                                      .n_parameters = m->n_parameters + m->n_blocks,
                                                      .drift = drift,
                                                      .diffusion = diffusion,
                                                      .context = m,
                                                      .release = release},
                             model);
}

nsde_status nsde_text_initialise(const nsde_model *model, nsde_initialisation scheme, gsl_rng *rng,
                                 double *parameters)
{
    if (!model || !parameters)
        return nsde_fail(NSDE_INVALID,
                         "nsde_text_initialise: a model and a place for its parameters are needed");
    const nsde_model_definition *d = nsde_model_describe(model);
    for (size_t k = 0; k < d->n_parameters; k++)
        parameters[k] = d->parameters[k].start;
    if (d->drift != drift)
        return NSDE_OK;
    const text_model *m = d->context;
    nsde_status status = NSDE_OK;
    double *weights = parameters + m->n_parameters;
    for (size_t i = 0; i < m->n_nets && !status; i++) {
        status = nsde_net_initialise(m->nets[i], scheme, rng, weights);
        weights += nsde_net_weights(m->nets[i]);
    }
    return status;
}
