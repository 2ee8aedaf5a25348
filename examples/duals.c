/* Duals nest: f(x) = exp(x) / sqrt(sin(x)^3 + cos(x)^3) (Squire and Trapp 1998) with f' and f'' recorded as
 * rows beside it; a sweep back over f'' gives f'''.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <stdio.h>

#include <nsde/tape.h>

static nsde_var f(nsde_var x)
{
    const nsde_var cubes = nsde_add(nsde_pow_real(nsde_sin(x), 3.0), nsde_pow_real(nsde_cos(x), 3.0));
    return nsde_div(nsde_exp(x), nsde_sqrt(cubes));
}

/* f'' at x: log f = x - log(u) / 2 with u = sin^3 + cos^3, and f'' = f ((log f)'' + (log f)'^2). */
static double second_by_hand(double x)
{
    const double s = sin(x), c = cos(x), u = s * s * s + c * c * c, u1 = 3.0 * s * c * (s - c);
    const double u2 = 3.0 * (2.0 * s * c * (s + c) - s * s * s - c * c * c), l1 = 1.0 - 0.5 * u1 / u;
    return exp(x) / sqrt(u) * (0.5 * (u1 * u1 - u2 * u) / (u * u) + l1 * l1);
}

int main(void)
{
    nsde_tape *tape = NULL;
    nsde_program *program = NULL;
    nsde_workspace *workspace = NULL;
    if (nsde_tape_create(&tape))
        return 1;
    const nsde_var x = nsde_input(tape, 1), one = nsde_real(tape, 1.0);
    const nsde_perturbation inner = nsde_perturb(tape, 1), outer = nsde_perturb(tape, 1);
    const nsde_var y = f(nsde_seed(outer, nsde_seed(inner, x, &one), &one)); /* x + inner + outer */
    const nsde_var first = nsde_tangent(outer, y, 0); /* the later perturbation is taken first */
    const nsde_var values = nsde_primal(outer, y);
    const nsde_var outputs[] = {nsde_primal(inner, values), nsde_tangent(inner, values, 0),
                                nsde_tangent(inner, first, 0)};
    if (nsde_program_create(tape, 3, outputs, &program) ||
        nsde_workspace_create(program, 1, NSDE_REVERSE, &workspace)) {
        fprintf(stderr, "%s\n", nsde_error_message());
        return 1;
    }
    const double at = 1.5, by_hand = second_by_hand(at), h = 1e-4;
    *nsde_workspace_input(workspace, 0) = at;
    nsde_workspace_prepare(workspace);
    nsde_forward(workspace, 1);
    *nsde_workspace_output_adjoint(workspace, 2) = 1.0;
    nsde_reverse(workspace, 1);
    const double f2 = *nsde_workspace_output(workspace, 2), f3 = *nsde_workspace_input_adjoint(workspace, 0);
    const double difference = (second_by_hand(at + h) - second_by_hand(at - h)) / (2.0 * h);
    printf("f    %.6f\nf'   %.6f\nf''  %.6f   by hand     %.6f\nf''' %.4f     differenced %.4f\n",
           *nsde_workspace_output(workspace, 0), *nsde_workspace_output(workspace, 1), f2, by_hand, f3,
           difference);
    const bool good = fabs(f2 / by_hand - 1.0) < 1e-13 && fabs(f3 / difference - 1.0) < 1e-6;
    printf("check: f'' to 13 digits, f''' to 6: %s\n", good ? "yes" : "NO");
    nsde_workspace_destroy(workspace), nsde_program_destroy(program), nsde_tape_destroy(tape);
    return !good;
}
