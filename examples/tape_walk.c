/* Walks y = x exp(sin(w x)) forward and back, and compares every line with the adjoints worked out by hand.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <stdio.h>

#include <nsde/tape.h>

static bool all = true; /* lines so far agree */

static void compare(const char *what, double recorded, double by_hand)
{
    const bool good = fabs(recorded - by_hand) <= 1e-14 * fabs(by_hand);
    all = all && good;
    printf("  %-14s %10.6f   by hand %10.6f%s\n", what, recorded, by_hand, good ? "" : "   DIFFERS");
}

int main(void)
{
    nsde_tape *tape = NULL;
    nsde_program *program = NULL;
    nsde_workspace *workspace = NULL;
    nsde_cursor *cursor = NULL;
    nsde_instruction line;
    if (nsde_tape_create(&tape))
        return 1;
    const nsde_var x_in = nsde_input(tape, 1), w_in = nsde_parameter(tape, 1);
    const nsde_var out = nsde_mul(nsde_exp(nsde_sin(nsde_mul(w_in, x_in))), x_in);
    if (nsde_program_create(tape, 1, &out, &program) ||
        nsde_workspace_create(program, 1, NSDE_TRACE, &workspace))
        return 1;
    const double x = 0.8, w = 2.5;
    *nsde_workspace_input(workspace, 0) = x;
    *nsde_workspace_parameters(workspace) = w;
    if (nsde_cursor_create(workspace, 1, &cursor))
        return 1;

    const double a = w * x, b = sin(a), c = exp(b), y = c * x; /* the four instructions */
    const double value[] = {a, b, c, y};
    const double yd = 1.0, cd = yd * x, bd = cd * c, ad = bd * cos(a); /* d y / d each, from the last on */
    const double adjoint[] = {ad, bd, cd, yd};
    printf("forward: values\n");
    while (nsde_cursor_forward(cursor, &line))
        compare(line.operation, *line.value, value[line.number]);
    *nsde_workspace_output_adjoint(workspace, 0) = 1.0;
    nsde_cursor_turn(cursor);
    printf("back: adjoints\n");
    while (nsde_cursor_backward(cursor, &line))
        compare(line.operation, *line.adjoint, adjoint[line.number]);
    compare("of x", *nsde_workspace_input_adjoint(workspace, 0), yd * c + ad * w);
    compare("of w", *nsde_workspace_parameter_adjoint(workspace), ad * x);
    printf("check: every line agrees: %s\n", all ? "yes" : "NO");
    nsde_cursor_destroy(cursor), nsde_workspace_destroy(workspace);
    nsde_program_destroy(program), nsde_tape_destroy(tape);
    return !all;
}
