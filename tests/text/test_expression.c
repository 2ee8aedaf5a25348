/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "text/expression.h"

#include <stdlib.h>

#include "harness.h"
#include "nsde/text.h"

static const nsde_text_name names[] = {{"x", false, 0}, {"kappa", false, 0}, {"s", true, 0}};
static const nsde_text_scope scope = {names, 3, false};
static const double x = 1.3, kappa = -0.7, s[] = {0.2, -0.9, 0.5};

/* The value of an expression at the numbers above. */
static double value(const char *bytes)
{
    nsde_text text;
    nsde_expression e;
    nsde_tape *tape;
    nsde_program *program;
    nsde_workspace *w;
    check_ok(nsde_text_begin(bytes, strlen(bytes), &text));
    check_ok(nsde_expression_parse(&text, &scope, &e));
    ck_assert_msg(nsde_text_peek(&text) < 0, "%s: not read to its end", bytes);
    check_ok(nsde_tape_create(&tape));
    const nsde_var values[] = {nsde_input(tape, 1), nsde_input(tape, 1), nsde_input(tape, 3)};
    const nsde_var y =
        nsde_add(nsde_mul_real(values[0], 0.0), nsde_expression_record(&e, tape, values, NULL));
    check_ok(nsde_program_create(tape, 1, &y, &program));
    check_ok(nsde_workspace_create(program, 1, NSDE_FORWARD, &w));
    *nsde_workspace_input(w, 0) = x;
    *nsde_workspace_input(w, 1) = kappa;
    for (size_t k = 0; k < 3; k++)
        nsde_workspace_input(w, 2)[k * nsde_workspace_stride(w)] = s[k];
    nsde_workspace_prepare(w);
    nsde_forward(w, 1);
    const double result = *nsde_workspace_output(w, 0);
    nsde_workspace_destroy(w);
    nsde_program_destroy(program);
    nsde_tape_destroy(tape);
    nsde_expression_destroy(&e);
    return result;
}

START_TEST(values_of_expressions)
{
    const double pi = 3.14159265358979323846;
    const struct {
        const char *text;
        double expected;
    } rows[] = {
        {"2.5", 2.5},
        {" .5 + 5.e-1\t", 1.0},
        {"1 - 2 - 3", -4.0},
        {"8 / 4 / 2", 1.0},
        {"2 ^ 3 ^ 2", 512.0},
        {"-x^2", -x * x},
        {"(-x)^2", x * x},
        {"(-x)^3", -x * x * x},
        {"x^-2", 1.0 / (x * x)},
        {"2^-1", 0.5},
        {"2 * -3 + +4", -2.0},
        {"- - x", x},
        {"-2^2", -4.0},
        {"kappa*(x - 0.06)", kappa * (x - 0.06)},
        {"pi*e", pi * exp(1.0)},
        {"2*e", 2.0 * exp(1.0)},
        {"1e3*x", 1e3 * x},
        {"x^kappa", pow(x, kappa)},
        {"pow(x, 0.3)", pow(x, 0.3)},
        {"select(kappa, x, 2*x)", 2.0 * x},
        {"max(x - 100, 0)", 0.0},
        {"min(x, kappa)", kappa},
        {"exp(-0.05)*max(x-1,0)", exp(-0.05) * (x - 1.0)},
        {"softplus(sigmoid(x))", log1p(exp(1.0 / (1.0 + exp(-x))))},
        {"normal_cdf(x) - erf(x/sqrt(2))/2", 0.5},
        {"sin(x)^2 + cos(x)^2", 1.0},
        {"cosh(x)^2 - sinh(x)^2 + atan(0)", 1.0},
        {"asinh(sinh(x)) - log(exp(x))", 0.0},
        {"log1p(expm1(x)) + abs(kappa) + sign(kappa) + square(x) + silu(0) + tanh(0)",
         x - kappa - 1.0 + x * x},
        {"s", 0.5},
        {"s[0] + 10*s[1]", 0.2 - 9.0},
        {"mean(s)", -0.2 / 3.0},
        {"largest(s) - smallest(s)", 1.4},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const double y = value(rows[i].text);
        ck_assert_msg(fabs(y - rows[i].expected) <= 1e-14 * (1.0 + fabs(rows[i].expected)),
                      "%s is %.17g, not %.17g", rows[i].text, y, rows[i].expected);
    }
}
END_TEST

static nsde_status parse(const char *bytes, size_t size)
{
    nsde_text text;
    nsde_expression e = {0};
    nsde_status status = nsde_text_begin(bytes, size, &text);
    if (!status)
        status = nsde_expression_parse(&text, &scope, &e);
    if (!status && nsde_text_peek(&text) >= 0)
        status = nsde_text_fail(&text, text.at, "left over");
    nsde_expression_destroy(&e);
    return status;
}

START_TEST(mistakes_name_their_column)
{
    const struct {
        const char *text, *part;
    } rows[] = {
        {"", "column 1: the text ends"},
        {"x +", "column 4: the text ends"},
        {"x + * 2", "column 5: a number, a name or '(' is expected, not '*'"},
        {"2 x", "column 3: left over"},
        {"kapa*x", "column 1: there is no name \"kapa\" here; there are x, kappa, s, pi, e"},
        {"x + sine(x)", "column 5: there is no function \"sine\"; there are exp, log"},
        {"(x + 1", "column 7: ')' is missing"},
        {"x + 1)", "column 6: left over"},
        {"exp(x, 1)", "column 1: exp takes 1 argument, not 2"},
        {"min(x)", "column 1: min takes 2 arguments, not 1"},
        {"exp", "column 1: there is no name \"exp\""},
        {"x[0]", "column 2: left over"},
        {"s[", "column 3: a whole number"},
        {"s[-1]", "column 3: a whole number"},
        {"s[99999999999999999999]", "column 3: a whole number"},
        {"mean(x)", "column 6: mean, smallest and largest are of a state"},
        {"x + 1e999", "column 5: \"1e999\" is not a finite number"},
        {"x + mlp(4)", "column 5: there are no networks here"},
        {"x + 1..2", "column 7: left over"},
        {"\xC3\xA9 + x", "column 1: a number, a name or '(' is expected, not the byte 0xC3"},
        {"x + \"\xC3\xA9\" + y", "column 5: "},
        {"x ? 1", "column 3: left over"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        check_refused(parse(rows[i].text, strlen(rows[i].text)), NSDE_PARSE, rows[i].part);
    check_refused(parse("x + \0 1", 7), NSDE_PARSE,
                  "column 5: a number, a name or '(' is expected, not the byte 0x00");
    check_refused(parse("x\0", 2), NSDE_PARSE, "column 2: left over");
    check_ok(parse("x + s[1]", 8));
}
END_TEST

/* Characters of UTF-8 count once. */
START_TEST(columns_count_characters)
{
    const nsde_text text = {"\xC3\xA9\xE2\x82\xAC+x", 7, 0};
    check_refused(nsde_text_fail(&text, 6, "here"), NSDE_PARSE, "column 4: here");
}
END_TEST

static char *repeat(const char *piece, size_t n, const char *end)
{
    const size_t size = strlen(piece);
    char *text = malloc(n * size + strlen(end) + 1);
    for (size_t i = 0; i < n; i++)
        memcpy(text + i * size, piece, size);
    strcpy(text + n * size, end);
    return text;
}

START_TEST(hostile_text_gets_a_sentence)
{
    const struct {
        const char *piece, *end, *part;
        size_t n;
    } rows[] = {
        {"(", "x", "more than 200 levels", 30000},
        {"-", "x", "more than 200 levels", 30000},
        {"2^", "x", "more than 200 levels", 30000},
        {"exp(", "x", "more than 200 levels", 10000},
        {"1+", "x", "bytes", 1000000},
        {"9", "", "a number of", 60000},
        {"x", "", "there is no name", 60000},
        {"select(1,1,", "x", "more than 200 levels", 5000},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char *text = repeat(rows[i].piece, rows[i].n, rows[i].end);
        check_refused(parse(text, strlen(text)), NSDE_PARSE, rows[i].part);
        free(text);
    }
    char *closing = repeat(")", 150, ""), *text = repeat("(", 150, "x");
    text = realloc(text, 400);
    check_relative(value(strcat(text, closing)), x, 0.0);
    free(closing);
    free(text);
    text = repeat("x+", 30000, "x"); /* long but flat */
    check_ok(parse(text, strlen(text)));
    free(text);
}
END_TEST

START_TEST(memory_that_is_short_is_reported)
{
    static const char text[] = "x+x+x+x+x+x+x+x+x+x+x+x+x+x+x+x+x+x+x+x+x+x";
    size_t k = 1;
    for (;; k++) {
        test_fail_allocation(k);
        const nsde_status status = parse(text, strlen(text));
        const bool failed = test_allocation_failed();
        test_fail_allocation(0);
        ck_assert(failed ? status == NSDE_NO_MEMORY : status == NSDE_OK);
        if (!failed)
            break;
    }
    ck_assert(k > 1);
}
END_TEST

void test_cases(TCase *cases)
{
    tcase_add_test(cases, values_of_expressions);
    tcase_add_test(cases, mistakes_name_their_column);
    tcase_add_test(cases, columns_count_characters);
    tcase_add_test(cases, hostile_text_gets_a_sentence);
    tcase_add_test(cases, memory_that_is_short_is_reported);
}
