/* Expressions by recursive descent:
 *   sum = product {(+ | -) product}, product = signed {(* | /) signed}, signed = {+ | -} power,
 *   power = operand [^ signed].
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdint.h>
#include <string.h>

#include "core/names.h"
#include "text/expression.h"

typedef struct parser {
    nsde_text *text;
    const nsde_text_scope *scope;
    nsde_expression *out;
    size_t nesting;
} parser;

static nsde_status parse_sum(parser *p);

void nsde_expression_destroy(nsde_expression *expression)
{
    nsde_free(expression->code);
    nsde_free(expression->nets);
    *expression = (nsde_expression){0};
}

/* Appends an instruction that takes `taken` values off the stack and leaves one. */
static nsde_status emit(parser *p, const nsde_text_code *code, size_t taken)
{
    nsde_expression *e = p->out;
    if (e->n == e->room) {
        void *block = e->code;
        const size_t room = e->room ? 2 * e->room : 16;
        const nsde_status status = nsde_resize(&block, e->room, room, sizeof *e->code, "expression");
        if (status)
            return status;
        e->code = block;
        e->room = room;
    }
    e->code[e->n++] = *code;
    e->on_stack += 1 - taken;
    return e->on_stack <= NSDE_TEXT_STACK ? NSDE_OK
                                          : nsde_text_fail(p->text, p->text->at, "too much is nested here");
}

static nsde_status emit_call(parser *p, const char *name)
{
    const nsde_text_function *f = nsde_text_function_find(name, strlen(name));
    return emit(p, &(nsde_text_code){.kind = TEXT_CALL, .function = f}, f->n_args);
}

static nsde_status expect(parser *p, char character, const char *after)
{
    if (nsde_text_accept(p->text, character))
        return NSDE_OK;
    return nsde_text_fail(p->text, p->text->at, "'%c' is missing after %s", character, after);
}

/* ---- names ---- */

static size_t find_name(const nsde_text_scope *scope, const char *word, size_t length)
{
    for (size_t i = 0; i < scope->n; i++)
        if (strlen(scope->names[i].name) == length && memcmp(scope->names[i].name, word, length) == 0)
            return i;
    return SIZE_MAX;
}

static nsde_status unknown(parser *p, size_t at, const char *word, size_t length)
{
    char names[NSDE_MESSAGE_SIZE / 4] = "";
    for (size_t i = 0; i < p->scope->n; i++)
        nsde_name_append(names, sizeof names, p->scope->names[i].name);
    return nsde_text_fail(p->text, at, "there is no name \"%.*s\" here; there are %s, pi, e", (int)length,
                          word, names);
}

static nsde_status parse_name(parser *p, size_t at, const char *word, size_t length)
{
    nsde_text_code code = {.kind = TEXT_NAME, .name = find_name(p->scope, word, length)};
    if (code.name == SIZE_MAX) {
        code.kind = TEXT_NUMBER;
        if (!nsde_text_constant(word, length, &code.number))
            return unknown(p, at, word, length);
        return emit(p, &code, 0);
    }
    if (!p->scope->names[code.name].series)
        return emit(p, &code, 0);
    code.kind = TEXT_ELEMENT;
    code.index = SIZE_MAX; /* the last */
    if (nsde_text_accept(p->text, '[')) {
        nsde_status status = nsde_text_whole(p->text, 0, INT32_MAX, &code.index);
        if (!status)
            status = expect(p, ']', "the number of an observation");
        if (status)
            return status;
    }
    return emit(p, &code, 0);
}

/* ---- calls ---- */

/* mean(x2) */
static nsde_status parse_over(parser *p, nsde_text_over over)
{
    const char *word;
    nsde_text_peek(p->text);
    const size_t at = p->text->at, length = nsde_text_word(p->text, &word);
    nsde_text_code code = {.kind = TEXT_OVER, .over = over};
    code.name = length ? find_name(p->scope, word, length) : SIZE_MAX;
    if (code.name == SIZE_MAX || !p->scope->names[code.name].series)
        return nsde_text_fail(p->text, at, "mean, smallest and largest are of a state over all observations");
    const nsde_status status = expect(p, ')', "the name of a state");
    return status ? status : emit(p, &code, 0);
}

/* mlp(16,16) or mlp(16,16,silu) */
static nsde_status parse_net(parser *p, size_t at)
{
    nsde_text_net net = {.activation = NSDE_ACTIVATION_TANH};
    nsde_status status = NSDE_OK;
    if (!p->scope->nets)
        return nsde_text_fail(p->text, at, "there are no networks here");
    do {
        const char *word;
        char name[32];
        const size_t start = p->text->at, length = net.n_hidden ? nsde_text_word(p->text, &word) : 0;
        if (length) {
            if (length >= sizeof name)
                return nsde_text_fail(p->text, start, "there is no activation of this name");
            memcpy(name, word, length);
            name[length] = '\0';
            status = nsde_activation_find(name, &net.activation);
            if (status)
                return nsde_text_fail(p->text, start, "%s", nsde_error_message());
            break;
        }
        if (net.n_hidden == NSDE_TEXT_LAYERS)
            return nsde_text_fail(p->text, p->text->at, "more than %d layers", NSDE_TEXT_LAYERS);
        status = nsde_text_whole(p->text, 1, NSDE_TEXT_WIDTH, &net.hidden[net.n_hidden++]);
    } while (!status && nsde_text_accept(p->text, ','));
    if (!status)
        status = expect(p, ')', "the layers of a network");
    void *nets = p->out->nets;
    if (!status)
        status = nsde_resize(&nets, p->out->n_nets, p->out->n_nets + 1, sizeof net, "networks");
    if (status)
        return status;
    p->out->nets = nets;
    p->out->nets[p->out->n_nets] = net;
    return emit(p, &(nsde_text_code){.kind = TEXT_NET, .index = p->out->n_nets++}, 0);
}

static nsde_status parse_call(parser *p, size_t at, const char *word, size_t length)
{
    nsde_text_over over;
    if (length == 3 && memcmp(word, "mlp", 3) == 0)
        return parse_net(p, at);
    if (nsde_text_over_find(word, length, &over))
        return parse_over(p, over);
    const nsde_text_function *f = nsde_text_function_find(word, length);
    if (!f) {
        char names[NSDE_MESSAGE_SIZE / 4] = "";
        nsde_text_function_names(names, sizeof names);
        return nsde_text_fail(p->text, at, "there is no function \"%.*s\"; there are %s", (int)length, word,
                              names);
    }
    size_t n = 0;
    do {
        const nsde_status status = parse_sum(p);
        if (status)
            return status;
        n++;
    } while (nsde_text_accept(p->text, ','));
    if (n != f->n_args)
        return nsde_text_fail(p->text, at, "%s takes %zu argument%s, not %zu", f->name, f->n_args,
                              f->n_args == 1 ? "" : "s", n);
    const nsde_status status = expect(p, ')', "the arguments of a function");
    return status ? status : emit(p, &(nsde_text_code){.kind = TEXT_CALL, .function = f}, n);
}

/* ---- expressions ---- */

static nsde_status parse_operand(parser *p)
{
    const char *word;
    const int next = nsde_text_peek(p->text);
    const size_t at = p->text->at, length = nsde_text_word(p->text, &word);
    nsde_text_code code = {.kind = TEXT_NUMBER};
    if (length)
        return nsde_text_accept(p->text, '(') ? parse_call(p, at, word, length)
                                              : parse_name(p, at, word, length);
    if ((next >= '0' && next <= '9') || next == '.') {
        const nsde_status status = nsde_text_number(p->text, &code.number);
        return status ? status : emit(p, &code, 0);
    }
    if (!nsde_text_accept(p->text, '('))
        return next < 0
                   ? nsde_text_fail(p->text, at, "the text ends where a number, a name or '(' is expected")
               : next > ' ' && next < 127
                   ? nsde_text_fail(p->text, at, "a number, a name or '(' is expected, not '%c'", next)
                   : nsde_text_fail(p->text, at, "a number, a name or '(' is expected, not the byte 0x%02X",
                                    (unsigned)next);
    const nsde_status status = parse_sum(p);
    return status ? status : expect(p, ')', "an expression in parentheses");
}

/* Signs, then a power. Signs of numbers are taken into them, so that x^-1 has a constant exponent. */
static nsde_status parse_signed(parser *p)
{
    if (++p->nesting > NSDE_TEXT_NESTING)
        return nsde_text_fail(p->text, p->text->at, "more than %d levels are nested here", NSDE_TEXT_NESTING);
    nsde_status status;
    if (nsde_text_accept(p->text, '-')) {
        const size_t before = p->out->n;
        status = parse_signed(p);
        if (!status && p->out->n == before + 1 && p->out->code[before].kind == TEXT_NUMBER)
            p->out->code[before].number *= -1.0;
        else if (!status)
            status = emit_call(p, "0-");
    } else if (nsde_text_accept(p->text, '+')) {
        status = parse_signed(p);
    } else {
        status = parse_operand(p);
        if (!status && nsde_text_accept(p->text, '^')) {
            status = parse_signed(p);
            if (!status)
                status = emit_call(p, "^");
        }
    }
    p->nesting--;
    return status;
}

static nsde_status parse_product(parser *p)
{
    nsde_status status = parse_signed(p);
    while (!status) {
        const char *sign = nsde_text_accept(p->text, '*') ? "*" : nsde_text_accept(p->text, '/') ? "/" : NULL;
        if (!sign)
            break;
        status = parse_signed(p);
        if (!status)
            status = emit_call(p, sign);
    }
    return status;
}

static nsde_status parse_sum(parser *p)
{
    nsde_status status = parse_product(p);
    while (!status) {
        const char *sign = nsde_text_accept(p->text, '+') ? "+" : nsde_text_accept(p->text, '-') ? "-" : NULL;
        if (!sign)
            break;
        status = parse_product(p);
        if (!status)
            status = emit_call(p, sign);
    }
    return status;
}

nsde_status nsde_expression_parse(nsde_text *text, const nsde_text_scope *scope, nsde_expression *expression)
{
    *expression = (nsde_expression){0};
    parser p = {.text = text, .scope = scope, .out = expression};
    const nsde_status status = parse_sum(&p);
    if (status)
        nsde_expression_destroy(expression);
    return status;
}

bool nsde_expression_uses(const nsde_expression *expression, size_t name)
{
    for (size_t i = 0; i < expression->n; i++) {
        const nsde_text_kind kind = expression->code[i].kind;
        if ((kind == TEXT_NAME || kind == TEXT_ELEMENT || kind == TEXT_OVER) &&
            expression->code[i].name == name)
            return true;
    }
    return false;
}
