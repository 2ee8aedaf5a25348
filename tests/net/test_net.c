/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdlib.h>

#include "harness.h"
#include "nsde/net.h"
#include "nsde/noise.h"

static const size_t three[] = {3};

static nsde_net *make(const nsde_net_definition *definition)
{
    nsde_net *net;
    check_ok(nsde_net_create(definition, &net));
    return net;
}

/* The network of the reference values: 2-3-1, weights sin(1), sin(2), … */
static nsde_net *reference(nsde_activation activation)
{
    const nsde_net_definition definition = {
        .name = "f", .inputs = 2, .outputs = 1, .hidden = three, .n_hidden = 1, .activation = activation};
    return make(&definition);
}

static void fill(size_t n, double *weights)
{
    for (size_t i = 0; i < n; i++)
        weights[i] = sin((double)(i + 1));
}

/* Output at one point. */
static void output_of(const nsde_net *net, const double *weights, const double *x, double *y)
{
    const nsde_net_definition *d = nsde_net_describe(net);
    nsde_tape *tape;
    nsde_program *program;
    nsde_workspace *w;
    check_ok(nsde_tape_create(&tape));
    const nsde_var parts[] = {nsde_input(tape, d->inputs)};
    const nsde_var p = nsde_parameter(tape, nsde_net_weights(net));
    const nsde_var out = nsde_net_record(net, p, 1, parts);
    check_ok(nsde_program_create(tape, 1, &out, &program));
    check_ok(nsde_workspace_create(program, 1, NSDE_FORWARD, &w));
    memcpy(nsde_workspace_parameters(w), weights, nsde_net_weights(net) * sizeof *weights);
    for (size_t i = 0; i < d->inputs; i++)
        nsde_workspace_input(w, 0)[i * nsde_workspace_stride(w)] = x[i];
    nsde_workspace_prepare(w);
    nsde_forward(w, 1);
    for (size_t i = 0; i < nsde_program_output_rows(program, 0); i++)
        y[i] = nsde_output_is_uniform(program, 0) ? nsde_workspace_output(w, 0)[i]
                                                  : nsde_workspace_output(w, 0)[i * nsde_workspace_stride(w)];
    nsde_workspace_destroy(w);
    nsde_program_destroy(program);
    nsde_tape_destroy(tape);
}

/* ---- values and derivatives ---- */

START_TEST(value_gradient_and_hessian_of_the_reference)
{
    nsde_net *net = reference(NSDE_ACTIVATION_TANH);
    nsde_tape *tape;
    nsde_program *program;
    nsde_workspace *w;
    const double x[] = {0.5, -0.25};
    check_ok(nsde_tape_create(&tape));
    const nsde_var input = nsde_input(tape, 2), p = nsde_parameter(tape, 13);
    const nsde_perturbation eps = nsde_perturb(tape, 2);
    const nsde_var directions[] = {nsde_constant(tape, 2, (double[]){1.0, 0.0}),
                                   nsde_constant(tape, 2, (double[]){0.0, 1.0})};
    const nsde_var seeded = nsde_seed(eps, input, directions);
    const nsde_var y = nsde_net_record(net, p, 1, &seeded);
    const nsde_var outputs[] = {nsde_primal(eps, y), nsde_tangent(eps, y, 0), nsde_tangent(eps, y, 1)};
    check_ok(nsde_program_create(tape, 3, outputs, &program));
    check_ok(nsde_workspace_create(program, 1, NSDE_REVERSE, &w));
    const size_t stride = nsde_workspace_stride(w);
    ck_assert_uint_eq(nsde_net_weights(net), 13);
    fill(13, nsde_workspace_parameters(w));
    nsde_workspace_input(w, 0)[0] = x[0];
    nsde_workspace_input(w, 0)[stride] = x[1];
    nsde_workspace_prepare(w);
    nsde_forward(w, 1);
    check_absolute(nsde_workspace_output(w, 0)[0], -0.8052773364094312, 1e-13);
    check_absolute(nsde_workspace_output(w, 1)[0], 0.2358763145848859, 1e-13);
    check_absolute(nsde_workspace_output(w, 2)[0], 0.1041712811759634, 1e-13);
    const double hessian[2][2] = {{0.2900363250792929, 0.2503394228433214},
                                  {0.2503394228433214, 0.5977256163955606}};
    for (size_t k = 0; k < 3; k++) { /* rows: the gradient again, and the Hessian */
        for (size_t j = 0; j < 3; j++)
            for (size_t lane = 0; lane < stride; lane++)
                nsde_workspace_output_adjoint(w, j)[lane] = j == k && lane == 0 ? 1.0 : 0.0;
        nsde_workspace_clear_adjoint(w);
        nsde_reverse(w, 1);
        const double *adjoint = nsde_workspace_input_adjoint(w, 0);
        if (k > 0) {
            check_absolute(adjoint[0], hessian[k - 1][0], 1e-13);
            check_absolute(adjoint[stride], hessian[k - 1][1], 1e-13);
            continue;
        }
        double squares = 0.0;
        for (size_t i = 0; i < 13; i++)
            squares += pow(nsde_workspace_parameter_adjoint(w)[i], 2.0);
        check_absolute(squares, 2.78432647826054, 1e-13);
        check_absolute(adjoint[0], 0.2358763145848859, 1e-13);
        check_absolute(adjoint[stride], 0.1041712811759634, 1e-13);
    }
    nsde_workspace_destroy(w);
    nsde_program_destroy(program);
    nsde_tape_destroy(tape);
    nsde_net_destroy(net);
}
END_TEST

static double softplus(double a)
{
    return log1p(exp(a));
}

static double activated(nsde_activation activation, double a)
{
    switch (activation) {
    case NSDE_ACTIVATION_TANH:
        return tanh(a);
    case NSDE_ACTIVATION_SILU:
        return a / (1.0 + exp(-a));
    case NSDE_ACTIVATION_LIPSWISH:
        return 0.909 * a / (1.0 + exp(-a));
    case NSDE_ACTIVATION_SOFTPLUS:
        return softplus(a);
    case NSDE_ACTIVATION_RELU:
        return a > 0.0 ? a : 0.0;
    case NSDE_ACTIVATION_SIGMOID:
        return 1.0 / (1.0 + exp(-a));
    case NSDE_ACTIVATION_IDENTITY:
        return a;
    }
    return NAN;
}

/* The last layer's numbers by hand: one hidden layer of three. */
static void by_hand(nsde_activation activation, const double *w, const double *x, size_t outputs, double *y)
{
    double hidden[3];
    for (size_t i = 0; i < 3; i++)
        hidden[i] = activated(activation, w[2 * i] * x[0] + w[2 * i + 1] * x[1] + w[6 + i]);
    for (size_t i = 0; i < outputs; i++) {
        y[i] = w[9 + 3 * outputs + i];
        for (size_t j = 0; j < 3; j++)
            y[i] += w[9 + 3 * i + j] * hidden[j];
    }
}

START_TEST(every_activation)
{
    const double x[] = {0.5, -0.25},
                 known[] = {-0.8052773364094312, -0.8753921168988535, NAN, -2.109828046230349};
    double w[13], y, expected;
    fill(13, w);
    for (int a = NSDE_ACTIVATION_TANH; a <= NSDE_ACTIVATION_IDENTITY; a++) {
        nsde_net *net = reference((nsde_activation)a);
        nsde_activation found;
        output_of(net, w, x, &y);
        by_hand((nsde_activation)a, w, x, 1, &expected);
        check_absolute(y, expected, 1e-13);
        if (a < 4 && !isnan(known[a]))
            check_absolute(y, known[a], 1e-13);
        check_ok(nsde_activation_find(nsde_activation_name((nsde_activation)a), &found));
        ck_assert_int_eq(found, a);
        nsde_net_destroy(net);
    }
}
END_TEST

START_TEST(output_maps)
{
    const double x[] = {0.5, -0.25}, floor = 0.05;
    double w[40], raw[6], y[9];
    fill(40, w);
    nsde_net_definition d = {
        .name = "g", .inputs = 2, .outputs = 3, .hidden = three, .n_hidden = 1, .floor = floor};
    for (int map = NSDE_OUTPUT_LINEAR; map <= NSDE_OUTPUT_EXP; map++) {
        d.map = (nsde_output_map)map;
        nsde_net *net = make(&d);
        output_of(net, w, x, y);
        by_hand(NSDE_ACTIVATION_TANH, w, x, 3, raw);
        for (size_t i = 0; i < 3; i++)
            check_absolute(y[i],
                           map == NSDE_OUTPUT_LINEAR     ? raw[i]
                           : map == NSDE_OUTPUT_SOFTPLUS ? softplus(raw[i]) + floor
                                                         : exp(raw[i]) + floor,
                           1e-13);
        nsde_net_destroy(net);
    }
    d.map = NSDE_OUTPUT_CHOLESKY;
    d.outputs = 9;
    nsde_net *net = make(&d);
    ck_assert_uint_eq(nsde_net_weights(net), 9 + 6 * 3 + 6);
    output_of(net, w, x, y);
    by_hand(NSDE_ACTIVATION_TANH, w, x, 6, raw);
    for (size_t i = 0, k = 0; i < 3; i++)
        for (size_t j = 0; j < 3; j++) {
            if (j > i)
                ck_assert(y[3 * i + j] == 0.0);
            else
                check_absolute(y[3 * i + j], i == j ? softplus(raw[k]) + floor : raw[k], 1e-13);
            ck_assert(i != j || y[3 * i + j] > floor);
            k += j <= i;
        }
    nsde_net_destroy(net);
}
END_TEST

START_TEST(inputs_come_in_parts)
{
    nsde_net *net = reference(NSDE_ACTIVATION_TANH);
    nsde_tape *tape;
    nsde_program *program;
    nsde_workspace *w;
    check_ok(nsde_tape_create(&tape));
    const nsde_var parts[] = {nsde_input(tape, 1), nsde_uniform(tape, 1)};
    const nsde_var y = nsde_net_record(net, nsde_parameter(tape, 13), 2, parts);
    check_ok(nsde_program_create(tape, 1, &y, &program));
    check_ok(nsde_workspace_create(program, 2, NSDE_FORWARD, &w));
    fill(13, nsde_workspace_parameters(w));
    nsde_workspace_input(w, 0)[0] = 0.5;
    nsde_workspace_input(w, 0)[1] = 0.75;
    *nsde_workspace_uniform(w, 0) = -0.25;
    nsde_workspace_prepare(w);
    nsde_forward(w, 2);
    check_absolute(nsde_workspace_output(w, 0)[0], -0.8052773364094312, 1e-13);
    ck_assert(nsde_workspace_output(w, 0)[0] != nsde_workspace_output(w, 0)[1]);
    nsde_workspace_destroy(w);
    nsde_program_destroy(program);
    nsde_tape_destroy(tape);
    check_ok(nsde_tape_create(&tape));
    const nsde_var three_rows = nsde_input(tape, 3);
    nsde_net_record(net, nsde_parameter(tape, 13), 1, &three_rows);
    check_refused(nsde_tape_status(tape), NSDE_RECORDING, "network f: 2 inputs");
    nsde_tape_destroy(tape);
    nsde_net_destroy(net);
}
END_TEST

START_TEST(standardisation_equals_doing_it_by_hand)
{
    const double mean[] = {0.3, -2.0}, scale[] = {1.7, -0.4}, level[] = {0.1, -0.7, 2.0},
                 reach[] = {3.0, 0.2, -1.1};
    const double x[] = {0.5, -0.25}, z[] = {(0.5 - 0.3) / 1.7, (-0.25 + 2.0) / -0.4};
    const nsde_net_definition d = {
        .name = "g", .inputs = 2, .outputs = 3, .hidden = three, .n_hidden = 1, .map = NSDE_OUTPUT_SOFTPLUS};
    double w[21], raw[3], y[3];
    fill(21, w);
    nsde_net *net = make(&d);
    check_ok(nsde_net_standardise(net, mean, scale, level, reach));
    output_of(net, w, x, y);
    by_hand(NSDE_ACTIVATION_TANH, w, z, 3, raw);
    for (size_t i = 0; i < 3; i++)
        check_absolute(y[i], softplus(level[i] + reach[i] * raw[i]), 1e-13);
    const double *set[4];
    nsde_net_standardisation(net, &set[0], &set[1], &set[2], &set[3]);
    ck_assert_mem_eq(set[1], scale, sizeof scale);
    ck_assert_mem_eq(set[2], level, sizeof level);
    check_refused(nsde_net_standardise(net, NULL, (double[]){1.0, 0.0}, NULL, NULL), NSDE_INVALID,
                  "input scale 1");
    check_refused(nsde_net_standardise(net, NULL, NULL, (double[]){1.0, NAN, 0.0}, NULL), NSDE_INVALID,
                  "output mean 1");
    nsde_net_destroy(net);
    net = make(&d);
    nsde_net_standardisation(net, &set[0], &set[1], &set[2], &set[3]);
    ck_assert(!set[0] && !set[1] && !set[2] && !set[3]);
    nsde_net_destroy(net);
}
END_TEST

/* ---- weights ---- */

START_TEST(blocks_lie_one_behind_another)
{
    const size_t hidden[] = {5, 4};
    const nsde_net_definition d = {
        .name = "drift", .inputs = 3, .outputs = 2, .hidden = hidden, .n_hidden = 2};
    const struct {
        const char *name;
        size_t first, rows, columns;
    } known[] = {{"drift.W1", 0, 5, 3},  {"drift.b1", 15, 5, 1}, {"drift.W2", 20, 4, 5},
                 {"drift.b2", 40, 4, 1}, {"drift.W3", 44, 2, 4}, {"drift.b3", 52, 2, 1}};
    nsde_net *net = make(&d);
    ck_assert_uint_eq(nsde_net_blocks(net), 6);
    ck_assert_uint_eq(nsde_net_weights(net), 54);
    for (size_t b = 0; b < 6; b++) {
        const char *name;
        size_t first, rows, columns;
        nsde_net_block(net, b, &name, &first, &rows, &columns);
        ck_assert_str_eq(name, known[b].name);
        ck_assert(first == known[b].first && rows == known[b].rows && columns == known[b].columns);
    }
    nsde_net_destroy(net);
}
END_TEST

enum { WIDE = 120 };

/* First weights of 120 inputs and `outputs` units, and the network. */
static nsde_net *initialised(nsde_initialisation scheme, const size_t *outputs, double *weights)
{
    const nsde_net_definition d = {
        .name = "n", .inputs = WIDE, .outputs = 1, .hidden = outputs, .n_hidden = 1};
    gsl_rng *rng = gsl_rng_alloc(nsde_rng_philox);
    nsde_net *net = make(&d);
    gsl_rng_set(rng, 2385);
    memset(weights, 0xFF, nsde_net_weights(net) * sizeof *weights);
    check_ok(nsde_net_initialise(net, scheme, rng, weights));
    gsl_rng_free(rng);
    for (size_t i = 0; i < *outputs; i++)
        ck_assert(weights[WIDE * *outputs + i] == 0.0);
    return net;
}

START_TEST(first_weights_have_the_moments_of_their_law)
{
    const size_t units = 80, n = WIDE * units;
    double *w = malloc((n + 2 * units + 1) * sizeof *w);
    for (int scheme = NSDE_INIT_GLOROT; scheme <= NSDE_INIT_LECUN; scheme++) {
        nsde_net *net = initialised((nsde_initialisation)scheme, &units, w);
        double m[4] = {0.0}, largest = 0.0;
        for (size_t i = 0; i < n; i++) {
            for (int k = 0; k < 4; k++)
                m[k] += pow(w[i], k + 1.0) / (double)n;
            largest = fmax(largest, fabs(w[i]));
        }
        const bool uniform = scheme == NSDE_INIT_GLOROT;
        const double limit = sqrt(6.0 / (WIDE + (double)units)),
                     v = uniform ? limit * limit / 3.0 : 1.0 / WIDE;
        const double kurtosis = uniform ? 1.8 : 3.0;
        check_absolute(m[0], 0.0, 4.0 * sqrt(v / (double)n));
        check_absolute(m[1], v, 4.0 * v * sqrt((kurtosis - 1.0) / (double)n));
        check_absolute(m[3] / (m[1] * m[1]), kurtosis, 0.25);
        ck_assert(uniform ? largest <= limit && largest > 0.999 * limit : largest > 3.0 * sqrt(v));
        nsde_net_destroy(net);
    }
    free(w);
}
END_TEST

START_TEST(orthogonal_weights_are)
{
    const size_t sizes[] = {80, 120, 200};
    double mean = 0.0, trace = 0.0;
    for (int s = 0; s < 3; s++) {
        const size_t units = sizes[s], narrow = units < WIDE ? units : WIDE;
        double *w = malloc((WIDE * units + 2 * units + 1) * sizeof *w);
        nsde_net *net = initialised(NSDE_INIT_ORTHOGONAL, &units, w);
        for (size_t i = 0; i < narrow; i++)
            for (size_t j = 0; j < narrow; j++) {
                double dot = 0.0;
                for (size_t k = 0; k < (units < WIDE ? WIDE : units); k++)
                    dot +=
                        units < WIDE ? w[i * WIDE + k] * w[j * WIDE + k] : w[k * WIDE + i] * w[k * WIDE + j];
                check_absolute(dot, i == j ? 1.0 : 0.0, 1e-13);
            }
        for (size_t i = 0; i < WIDE * units; i++)
            mean += w[i] / (double)(WIDE * units);
        for (size_t i = 0; i < narrow; i++)
            trace += w[i * WIDE + i] / sqrt((double)narrow);
        nsde_net_destroy(net);
        free(w);
    }
    /* a law without a preferred sign: QR alone would have a trace far from 0 */
    check_absolute(mean, 0.0, 0.01);
    check_absolute(trace, 0.0, 4.0 * sqrt(3.0 / WIDE));
}
END_TEST

START_TEST(clipping_bounds_the_lipschitz_constant)
{
    const size_t hidden[] = {8, 8};
    const nsde_net_definition d = {.name = "critic",
                                   .inputs = 4,
                                   .outputs = 1,
                                   .hidden = hidden,
                                   .n_hidden = 2,
                                   .activation = NSDE_ACTIVATION_LIPSWISH};
    nsde_net *net = make(&d);
    double w[200], before[200], x[4] = {0.3, -0.8, 1.2, 0.1}, y[2];
    fill(nsde_net_weights(net), w);
    for (size_t i = 0; i < nsde_net_weights(net); i++)
        before[i] = w[i] *= 5.0;
    nsde_net_clip(net, w);
    for (size_t b = 0; b < nsde_net_blocks(net); b++) {
        size_t first, rows, columns;
        nsde_net_block(net, b, NULL, &first, &rows, &columns);
        for (size_t i = first; i < first + rows * columns; i++) {
            const double limit = 1.0 / (b == 0 ? 4.0 : 8.0);
            ck_assert(w[i] == (b % 2 ? before[i] : fmin(fmax(before[i], -limit), limit)));
        }
    }
    for (int k = 0; k < 50; k++) {
        double step = 0.0;
        output_of(net, w, x, &y[0]);
        for (size_t i = 0; i < 4; i++) {
            const double move = 0.7 * sin(3.0 * k + 2.0 * (double)i);
            x[i] += move;
            step = fmax(step, fabs(move));
        }
        output_of(net, w, x, &y[1]);
        ck_assert(fabs(y[1] - y[0]) <= step);
    }
    nsde_net_destroy(net);
}
END_TEST

START_TEST(no_hidden_layer_is_a_line)
{
    const nsde_net_definition d = {.name = "line", .inputs = 2, .outputs = 2};
    const double w[] = {1.5, -0.5, 2.0, 0.25, 0.1, -0.2}, x[] = {0.8, 0.6};
    double y[2];
    nsde_net *net = make(&d);
    output_of(net, w, x, y);
    check_absolute(y[0], 1.5 * 0.8 - 0.5 * 0.6 + 0.1, 1e-15);
    check_absolute(y[1], 2.0 * 0.8 + 0.25 * 0.6 - 0.2, 1e-15);
    nsde_net_destroy(net);
}
END_TEST

void test_cases(TCase *cases)
{
    tcase_add_test(cases, value_gradient_and_hessian_of_the_reference);
    tcase_add_test(cases, every_activation);
    tcase_add_test(cases, output_maps);
    tcase_add_test(cases, inputs_come_in_parts);
    tcase_add_test(cases, standardisation_equals_doing_it_by_hand);
    tcase_add_test(cases, blocks_lie_one_behind_another);
    tcase_add_test(cases, first_weights_have_the_moments_of_their_law);
    tcase_add_test(cases, orthogonal_weights_are);
    tcase_add_test(cases, clipping_bounds_the_lipschitz_constant);
    tcase_add_test(cases, no_hidden_layer_is_a_line);
}
