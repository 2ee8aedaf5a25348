/* Losses from text.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>
#include <string.h>

#include "nsde/text.h"
#include "tape/tape.h"
#include "text/expression.h"

/* The context of a loss from text. Names: states, x where there is one, t, the parameters. */
typedef struct text_loss {
    size_t n_inputs, dim, n_scope;
    char (*labels)[24];
    nsde_text_name *scope;
    nsde_expression expression;
} text_loss;

static void destroy(text_loss *l)
{
    nsde_expression_destroy(&l->expression);
    nsde_free(l->scope);
    nsde_free(l->labels);
    nsde_free(l);
}

/* A state at all observations: [n_times]. */
static nsde_var series(const nsde_loss_at *at, size_t state, nsde_var *rows)
{
    for (size_t k = 0; k < at->n_times; k++)
        rows[k] = nsde_row(at->x, k * at->dim + state);
    return nsde_stack(at->n_times, rows);
}

static nsde_var record(const nsde_loss_at *at)
{
    const text_loss *l = at->context;
    void *memory;
    if (at->dim != l->dim)
        return nsde_tape_fail(at->tape, "made for %zu states, not %zu", l->dim, at->dim);
    const nsde_status status = nsde_alloc(l->n_scope + at->n_times, sizeof(nsde_var), "loss", &memory);
    if (status)
        return nsde_tape_break(at->tape, status);
    nsde_var *values = memory, *rows = values + l->n_scope;
    size_t n = 0;
    for (size_t i = 0; i < l->dim; i++)
        values[n++] = series(at, i, rows);
    if (l->dim == 1)
        values[n++] = values[0];
    values[n++] = nsde_real(at->tape, at->times[at->n_times - 1]);
    for (size_t i = 0; i < l->n_inputs; i++)
        values[n++] = nsde_row(at->u, i);
    if (l->n_inputs == 1)
        values[n++] = at->u;
    for (; n < l->n_scope; n++)
        values[n] = nsde_row(at->p, l->scope[n].number);
    const nsde_var loss = nsde_expression_record(&l->expression, at->tape, values, NULL);
    nsde_free(memory);
    return loss;
}

static nsde_status make_scope(text_loss *l, const nsde_model_definition *d)
{
    void *scope, *labels = NULL;
    nsde_status status =
        nsde_alloc(d->dim + d->n_inputs + 3 + d->n_parameters, sizeof(nsde_text_name), "names", &scope);
    l->scope = scope;
    if (!status)
        status = nsde_alloc(d->dim + d->n_inputs, sizeof *l->labels, "names", &labels);
    l->labels = labels;
    if (status)
        return status;
    for (size_t i = 0; i < d->dim; i++) {
        snprintf(l->labels[i], sizeof l->labels[i], "x%zu", i + 1);
        l->scope[l->n_scope++] = (nsde_text_name){l->labels[i], true, 0};
    }
    if (d->dim == 1)
        l->scope[l->n_scope++] = (nsde_text_name){"x", true, 0};
    l->scope[l->n_scope++] = (nsde_text_name){"t", false, 0};
    for (size_t i = 0; i < d->n_inputs; i++) {
        snprintf(l->labels[d->dim + i], sizeof *l->labels, "u%zu", i + 1);
        l->scope[l->n_scope++] = (nsde_text_name){l->labels[d->dim + i], false, 0};
    }
    if (d->n_inputs == 1)
        l->scope[l->n_scope++] = (nsde_text_name){"u", false, 0};
    for (size_t k = 0; k < d->n_parameters; k++)
        if (!strchr(d->parameters[k].name, '[')) /* not a weight */
            l->scope[l->n_scope++] = (nsde_text_name){d->parameters[k].name, false, k};
    return NSDE_OK;
}

static nsde_status read_loss(text_loss *l, const char *bytes, const nsde_text_scope *scope)
{
    nsde_text text;
    nsde_status status = nsde_text_begin(bytes, strlen(bytes), &text);
    if (!status)
        status = nsde_expression_parse(&text, scope, &l->expression);
    if (!status && nsde_text_peek(&text) >= 0)
        status = nsde_text_fail(&text, text.at, "an operator is expected, or the end");
    return status ? nsde_fail_within(status, "loss") : NSDE_OK;
}

nsde_status nsde_loss_from_text(const char *text, const nsde_model *model, nsde_loss *loss)
{
    void *memory;
    if (!loss)
        return nsde_fail(NSDE_INVALID, "nsde_loss_from_text: loss is NULL");
    *loss = (nsde_loss){0};
    if (!text || !model)
        return nsde_fail(NSDE_INVALID, "nsde_loss_from_text: a text and a model are needed");
    const nsde_model_definition *d = nsde_model_describe(model);
    nsde_status status = nsde_alloc(1, sizeof(text_loss), "loss", &memory);
    if (status)
        return status;
    text_loss *l = memory;
    l->dim = d->dim;
    l->n_inputs = d->n_inputs;
    status = make_scope(l, d);
    if (!status)
        status = read_loss(l, text, &(nsde_text_scope){l->scope, l->n_scope, false});
    if (status) {
        destroy(l);
        return status;
    }
    loss->record = record;
    loss->context = l;
    return NSDE_OK;
}

void nsde_loss_release_text(nsde_loss *loss)
{
    if (loss && loss->record == record)
        destroy(loss->context);
    if (loss)
        *loss = (nsde_loss){0};
}
