/* dx/dt = b x by Euler steps unrolled on a tape, x_k = x_0 (1 + b h)^k, with a loss at three times: its
 * derivative back through the solver, and forward by a dual, is that of the discrete solution.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <stdio.h>

#include <nsde/tape.h>

static const double h = 0.05, data[] = {1.9, 3.0, 5.5};
static const int observed[] = {10, 25, 40}; /* steps */

/* Records sum_i (x(t_i) - data_i)^2. */
static nsde_var solve(nsde_var x, nsde_var b)
{
    nsde_var loss = nsde_real(x.tape, 0.0);
    for (int k = 1, i = 0; i < 3; k++) {
        x = nsde_add(x, nsde_mul_real(nsde_mul(b, x), h));
        if (k == observed[i])
            loss = nsde_add(loss, nsde_square(nsde_add_real(x, -data[i++])));
    }
    return loss;
}

int main(void)
{
    const double b = 0.7, x0 = 1.2;
    nsde_tape *tape = NULL;
    nsde_program *program = NULL;
    nsde_workspace *work = NULL;
    if (nsde_tape_create(&tape))
        return 1;
    const nsde_var start = nsde_input(tape, 1), rate = nsde_parameter(tape, 1), one = nsde_real(tape, 1.0);
    const nsde_perturbation eps = nsde_perturb(tape, 1);
    const nsde_var loss = solve(start, nsde_seed(eps, rate, &one)); /* at b + eps */
    const nsde_var outputs[] = {nsde_primal(eps, loss), nsde_tangent(eps, loss, 0)};
    if (nsde_program_create(tape, 2, outputs, &program) ||
        nsde_workspace_create(program, 1, NSDE_REVERSE, &work)) {
        fprintf(stderr, "%s\n", nsde_error_message());
        return 1;
    }
    *nsde_workspace_input(work, 0) = x0, *nsde_workspace_parameters(work) = b;
    nsde_workspace_prepare(work), nsde_forward(work, 1);
    *nsde_workspace_output_adjoint(work, 0) = 1.0; /* of the loss alone, not of its tangent */
    nsde_reverse(work, 1);
    const double back = *nsde_workspace_parameter_adjoint(work), dual = *nsde_workspace_output(work, 1);
    double by_hand = 0.0;
    for (int i = 0; i < 3; i++) {
        const double x = x0 * pow(1.0 + b * h, observed[i]);
        by_hand += 2.0 * (x - data[i]) * observed[i] * h * x / (1.0 + b * h);
    }
    printf("loss %.6f; its derivative by b:\n", *nsde_workspace_output(work, 0));
    printf("  back    %.6f\n  dual    %.6f\n  by hand %.6f\n", back, dual, by_hand);
    const bool good = fabs(back / by_hand - 1.0) < 1e-13 && fabs(dual / by_hand - 1.0) < 1e-13;
    printf("check: they agree to 13 digits: %s\n", good ? "yes" : "NO");
    nsde_workspace_destroy(work), nsde_program_destroy(program), nsde_tape_destroy(tape);
    return !good;
}
