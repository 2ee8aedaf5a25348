/* Expressions: text, parsed once to instructions for a stack, which are recorded any number of times.
 * Private to src/text.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef NSDE_TEXT_EXPRESSION_H
#define NSDE_TEXT_EXPRESSION_H

#include "core/error.h"
#include "core/memory.h"
#include "nsde/net.h"

enum {
    NSDE_TEXT_NESTING = 200, /* levels of parentheses, signs and powers */
    NSDE_TEXT_STACK = 1024,  /* values an expression may hold at once */
    NSDE_TEXT_LAYERS = 8,    /* hidden layers of a network in text */
    NSDE_TEXT_WIDTH = 4096   /* of one */
};

/* A name that an expression may use. */
typedef struct nsde_text_name {
    const char *name;
    bool series;   /* has a value at every observation: name alone is the last, name[k] number k */
    size_t number; /* for whoever binds it */
} nsde_text_name;

typedef struct nsde_text_scope {
    const nsde_text_name *names;
    size_t n;
    bool nets; /* are networks admitted? */
} nsde_text_scope;

/* A network as the text describes it. */
typedef struct nsde_text_net {
    size_t hidden[NSDE_TEXT_LAYERS], n_hidden;
    nsde_activation activation;
} nsde_text_net;

typedef enum nsde_text_kind {
    TEXT_NUMBER,
    TEXT_NAME,
    TEXT_ELEMENT,
    TEXT_OVER,
    TEXT_NET,
    TEXT_CALL
} nsde_text_kind;

/* A function of the stack's last arguments. */
typedef struct nsde_text_function {
    const char *name;
    size_t n_args;
    nsde_var (*record)(const nsde_var *args);
} nsde_text_function;

typedef enum nsde_text_over { TEXT_MEAN, TEXT_SMALLEST, TEXT_LARGEST } nsde_text_over;

typedef struct nsde_text_code {
    nsde_text_kind kind;
    double number;                      /* TEXT_NUMBER */
    size_t name;                        /* TEXT_NAME, TEXT_ELEMENT, TEXT_OVER: in the scope */
    size_t index;                       /* TEXT_ELEMENT: observation; TEXT_NET: of the expression's nets */
    nsde_text_over over;                /* TEXT_OVER */
    const nsde_text_function *function; /* TEXT_CALL */
} nsde_text_code;

/* Starts as zeros; destroy it with nsde_expression_destroy. */
typedef struct nsde_expression {
    nsde_text_code *code;
    size_t n, room;
    size_t on_stack;
    nsde_text_net *nets;
    size_t n_nets;
} nsde_expression;

void nsde_expression_destroy(nsde_expression *expression);

/* Where reading has come to in a text of `size` bytes, which may be any bytes at all. */
typedef struct nsde_text {
    const char *bytes;
    size_t size, at;
} nsde_text;

/* Refuses text that is too long. */
NSDE_MUST_USE nsde_status nsde_text_begin(const char *bytes, size_t size, nsde_text *text);
/* Fails with NSDE_PARSE, "column N: …". */
nsde_status nsde_text_fail(const nsde_text *text, size_t at, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* The next character that is no blank, or -1 at the end. */
int nsde_text_peek(nsde_text *text);
/* Takes that character if it is this one. */
bool nsde_text_accept(nsde_text *text, char character);
/* A name of letters, digits and '_': its length, and 0 if there is none. */
size_t nsde_text_word(nsde_text *text, const char **word);
/* A number, as nsde_parse_number takes it, without a sign. */
NSDE_MUST_USE nsde_status nsde_text_number(nsde_text *text, double *value);
/* A whole number from `least` to `most`. */
NSDE_MUST_USE nsde_status nsde_text_whole(nsde_text *text, size_t least, size_t most, size_t *value);

/* functions.c: by name, or NULL; operators are functions too: "+", "-", "*", "/", "^", "negative". Names that
 * mean something to every expression cannot be given to parameters. */
const nsde_text_function *nsde_text_function_find(const char *name, size_t length);
bool nsde_text_is_reserved(const char *name, size_t length);
bool nsde_text_constant(const char *name, size_t length, double *value);
bool nsde_text_over_find(const char *name, size_t length, nsde_text_over *over);
void nsde_text_function_names(char *list, size_t size);

/* Reads one expression, up to the first character that does not belong to it. */
NSDE_MUST_USE nsde_status nsde_expression_parse(nsde_text *text, const nsde_text_scope *scope,
                                                nsde_expression *expression);
/* Does it depend on a name of the scope? Networks are left out. */
bool nsde_expression_uses(const nsde_expression *expression, size_t name);

/* record.c: values[n] of the scope's names (series have one row an observation), values of the networks. */
nsde_var nsde_expression_record(const nsde_expression *expression, nsde_tape *tape, const nsde_var *values,
                                const nsde_var *nets);

#endif
