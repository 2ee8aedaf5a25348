/* Instructions of an expression, recorded on a tape.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdint.h>
#include <string.h>

#include "text/expression.h"

static nsde_var record_element(const nsde_text_code *code, nsde_var series)
{
    const size_t n = nsde_rows(series);
    if (code->index == SIZE_MAX)
        return nsde_row(series, n - 1);
    if (code->index >= n)
        return nsde_tape_fail(series.tape, "observation [%zu]: there are %zu, counted from 0", code->index,
                              n);
    return nsde_row(series, code->index);
}

static nsde_var record_over(nsde_text_over over, nsde_var series)
{
    const size_t n = nsde_rows(series);
    if (over == TEXT_MEAN)
        return nsde_mul_real(nsde_sum(series), 1.0 / (double)n);
    nsde_var best = nsde_row(series, 0);
    for (size_t k = 1; k < n; k++)
        best = (over == TEXT_SMALLEST ? nsde_min : nsde_max)(best, nsde_row(series, k));
    return best;
}

/* A power whose exponent is a number, which the last instruction then is, has its own function. */
static nsde_var record_call(const nsde_text_code *code, const nsde_var *args)
{
    if (*code->function->name == '^' && code[-1].kind == TEXT_NUMBER)
        return nsde_pow_real(args[0], code[-1].number);
    return code->function->record(args);
}

nsde_var nsde_expression_record(const nsde_expression *expression, nsde_tape *tape, const nsde_var *values,
                                const nsde_var *nets)
{
    nsde_var stack[NSDE_TEXT_STACK + 1];
    size_t top = 0;
    for (size_t i = 0; i < expression->n; i++) {
        const nsde_text_code *c = &expression->code[i];
        nsde_var result;
        switch (c->kind) {
        case TEXT_NUMBER:
            result = nsde_real(tape, c->number);
            break;
        case TEXT_NAME:
            result = values[c->name];
            break;
        case TEXT_ELEMENT:
            result = record_element(c, values[c->name]);
            break;
        case TEXT_OVER:
            result = record_over(c->over, values[c->name]);
            break;
        case TEXT_NET:
            result = nets[c->index];
            break;
        default: /* TEXT_CALL */
            top -= c->function->n_args;
            result = record_call(c, stack + top);
        }
        stack[top++] = result;
    }
    return stack[0];
}
