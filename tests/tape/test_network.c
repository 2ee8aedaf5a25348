/* Small networks: published values, and the classic checks of a gradient.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "tape/network.h"

/* A 2-3-1 network with weights sin(1) ... sin(13), at (0.5, -0.25): its value, gradient, Hessian by duals and
 * by reverse over duals, and the squared norm of the gradient by weights. */
static panel network_2_3_1(nsde_var (*activation)(nsde_var))
{
    nsde_tape *tape = new_tape();
    const nsde_var w = nsde_parameter(tape, 13), x = nsde_input(tape, 2);
    const nsde_var unit[] = {nsde_constant(tape, 2, (double[]){1.0, 0.0}),
                             nsde_constant(tape, 2, (double[]){0.0, 1.0})};
    const nsde_perturbation outer = nsde_perturb(tape, 2), inner = nsde_perturb(tape, 2);
    const nsde_var b1 = nsde_slice(w, 6, 3), b2 = nsde_row(w, 12);
    const nsde_var z = nsde_seed(inner, nsde_seed(outer, x, unit), unit);
    const nsde_var hidden = activation(nsde_dense(nsde_slice(w, 0, 6), &b1, z, 3));
    const nsde_var y = nsde_dense(nsde_slice(w, 9, 3), &b2, hidden, 1);
    nsde_var outputs[6] = {nsde_primal(outer, nsde_primal(inner, y))};
    for (size_t i = 0; i < 2; i++) {
        const nsde_var slope = nsde_tangent(inner, y, i);
        outputs[1 + i] = nsde_primal(outer, slope);
        outputs[3 + i] = nsde_tangent(outer, slope, i);
        outputs[5] = nsde_tangent(outer, slope, 0);
    }
    panel p = panel_create(tape, 6, outputs, 1, NSDE_REVERSE);
    nsde_tape_destroy(tape);
    for (size_t k = 0; k < 13; k++)
        nsde_workspace_parameters(p.workspace)[k] = sin((double)(k + 1));
    panel_fill(&p, 0, 0, 0.5);
    panel_fill(&p, 0, 1, -0.25);
    panel_gradient(&p);
    return p;
}

START_TEST(a_network_of_known_weights)
{
    panel p = network_2_3_1(nsde_tanh);
    const double expected[] = {-0.8052773364094312, 0.2358763145848859, 0.1041712811759634,
                               0.2900363250792929,  0.5977256163955606, 0.2503394228433214};
    for (size_t k = 0; k < 6; k++)
        check_relative(panel_output(&p, k, 0, 0), expected[k], 1e-13);
    check_relative(panel_input_adjoint(&p, 0, 0, 0), expected[1], 1e-13);
    check_relative(panel_input_adjoint(&p, 0, 1, 0), expected[2], 1e-13);
    double norm = 0.0;
    for (size_t k = 0; k < 13; k++)
        norm += pow(nsde_workspace_parameter_adjoint(p.workspace)[k], 2.0);
    check_relative(norm, 2.78432647826054, 1e-13);
    panel_weigh(&p, 0, 0, 0, 0.0);
    panel_weigh(&p, 1, 0, 0, 1.0); /* the gradient of dy/dx_0: a row of the Hessian */
    nsde_reverse(p.workspace, 1);
    check_relative(panel_input_adjoint(&p, 0, 0, 0), expected[3], 1e-13);
    check_relative(panel_input_adjoint(&p, 0, 1, 0), expected[5], 1e-13);
    panel_destroy(&p);
    p = network_2_3_1(nsde_softplus);
    check_relative(panel_output(&p, 0, 0, 0), -2.109828046230349, 1e-13);
    panel_destroy(&p);
    p = network_2_3_1(nsde_silu);
    check_relative(panel_output(&p, 0, 0, 0), -0.8753921168988535, 1e-13);
    panel_destroy(&p);
}
END_TEST

/* loss(w) = |x_T|^2 summed over paths; outputs the loss and its slope along the direction v of the weights.
 */
enum { PATHS = 20 };

static panel loss_panel(void)
{
    nsde_tape *tape = new_tape();
    const nsde_var x = nsde_input(tape, STATE), noise = nsde_input_passive(tape, STATE * STEPS);
    const nsde_var w = nsde_parameter(tape, 2 * N_WEIGHTS), v = nsde_parameter(tape, 2 * N_WEIGHTS);
    const nsde_perturbation eps = nsde_perturb(tape, 1);
    const nsde_var end = unrolled(tape, x, nsde_seed(eps, w, &v), noise), loss = nsde_dot(end, end);
    const nsde_var outputs[] = {nsde_primal(eps, loss), nsde_tangent(eps, loss, 0)};
    panel p = panel_create(tape, 2, outputs, PATHS, NSDE_REVERSE);
    nsde_tape_destroy(tape);
    network_fill(&p, 1);
    return p;
}

static double total(panel *p, size_t k)
{
    double sum = 0.0;
    for (size_t path = 0; path < PATHS; path++)
        sum += panel_output(p, k, 0, path);
    return sum;
}

/* Gradient of output k summed over paths, by the weights. */
static void gradient_of(panel *p, size_t k, double *gradient)
{
    for (size_t path = 0; path < PATHS; path++) {
        panel_weigh(p, k, 0, path, 1.0);
        panel_weigh(p, 1 - k, 0, path, 0.0);
    }
    nsde_workspace_clear_adjoint(p->workspace);
    nsde_reverse(p->workspace, PATHS);
    memcpy(gradient, nsde_workspace_parameter_adjoint(p->workspace), 2 * N_WEIGHTS * sizeof(double));
}

/* Slopes of log |remainder| over log eps, eps = 2^-3 ... 2^-10: 1 without derivatives, 2 with the gradient, 3
 * with the Hessian besides; a gradient that is wrong by a thousandth shows as a slope near 1. */
START_TEST(taylor_remainders_fall_as_they_should)
{
    enum { N = 2 * N_WEIGHTS, FIRST = 3, LAST = 10 };
    panel p = loss_panel();
    double *w = nsde_workspace_parameters(p.workspace), start[N], v[N], gradient[N], second[N];
    memcpy(start, w, sizeof start);
    for (size_t k = 0; k < N; k++) /* short, so that the last halvings lie where the leading terms rule */
        v[k] = w[N + k] *= 0.125;
    panel_forward(&p);
    const double loss = total(&p, 0);
    gradient_of(&p, 0, gradient);
    gradient_of(&p, 1, second); /* Hessian times v */
    double slope = 0.0, bend = 0.0, first[4] = {0.0}, last[4] = {0.0};
    for (size_t k = 0; k < N; k++) {
        slope += gradient[k] * v[k];
        bend += 0.5 * second[k] * v[k];
    }
    check_relative(slope, total(&p, 1), 1e-12);
    for (int e = FIRST; e <= LAST; e++) {
        const double eps = ldexp(1.0, -e);
        for (size_t k = 0; k < N; k++)
            w[k] = start[k] + eps * v[k];
        panel_forward(&p);
        const double change = total(&p, 0) - loss, wrong = 1.001 * slope;
        const double rest[] = {change, change - eps * slope, change - eps * slope - eps * eps * bend,
                               change - eps * wrong};
        memcpy(e == FIRST ? first : last, rest, sizeof rest);
        if (e == LAST - 3) /* slopes over the last three halvings */
            memcpy(first, rest, sizeof rest);
    }
    const double expected[] = {1.0, 2.0, 3.0};
    for (size_t k = 0; k < 3; k++)
        check_absolute(log2(fabs(first[k] / last[k])) / 3.0, expected[k], 0.05);
    ck_assert(fabs(log2(fabs(first[3] / last[3])) / 3.0 - 2.0) > 0.05); /* the wrong one is found out */
    panel_destroy(&p);
}
END_TEST

/* <J v, u> = <v, J' u> from the end point to the start and the weights, for a hundred random pairs. */
START_TEST(tangents_and_adjoints_are_transposed)
{
    enum { N = 2 * N_WEIGHTS };
    nsde_tape *tape = new_tape();
    const nsde_var x = nsde_input(tape, STATE), noise = nsde_input_passive(tape, STATE * STEPS);
    const nsde_var vx = nsde_input(tape, STATE), w = nsde_parameter(tape, N), vw = nsde_parameter(tape, N);
    const nsde_perturbation eps = nsde_perturb(tape, 1);
    const nsde_var end = unrolled(tape, nsde_seed(eps, x, &vx), nsde_seed(eps, w, &vw), noise);
    const nsde_var outputs[] = {nsde_primal(eps, end), nsde_tangent(eps, end, 0)};
    panel p = panel_create(tape, 2, outputs, PATHS, NSDE_REVERSE);
    nsde_tape_destroy(tape);
    network_fill(&p, 1);
    uint64_t state = 17;
    for (int trial = 0; trial < 100; trial++) {
        double *along_w = nsde_workspace_parameters(p.workspace) + N,
               *along_x = nsde_workspace_input(p.workspace, 2);
        for (size_t k = 0; k < N; k++)
            along_w[k] = uniform_number(&state, -1.0, 1.0);
        for (size_t k = 0; k < STATE * p.stride; k++)
            along_x[k] = uniform_number(&state, -1.0, 1.0);
        panel_forward(&p);
        double tangent = 0.0, adjoint = 0.0, size = 0.0;
        for (size_t r = 0; r < STATE; r++)
            for (size_t path = 0; path < PATHS; path++) {
                const double u = uniform_number(&state, -1.0, 1.0), term = u * panel_output(&p, 1, r, path);
                panel_weigh(&p, 0, r, path, u);
                tangent += term;
                size += fabs(term);
            }
        nsde_workspace_clear_adjoint(p.workspace);
        nsde_reverse(p.workspace, PATHS);
        for (size_t k = 0; k < N; k++)
            adjoint += along_w[k] * nsde_workspace_parameter_adjoint(p.workspace)[k];
        for (size_t r = 0; r < STATE; r++)
            for (size_t path = 0; path < PATHS; path++)
                adjoint += along_x[r * p.stride + path] * panel_input_adjoint(&p, 0, r, path);
        check_absolute(adjoint, tangent, 1e-13 * size);
    }
    panel_destroy(&p);
}
END_TEST

void test_cases(TCase *cases)
{
    tcase_add_test(cases, a_network_of_known_weights);
    tcase_add_test(cases, taylor_remainders_fall_as_they_should);
    tcase_add_test(cases, tangents_and_adjoints_are_transposed);
}
