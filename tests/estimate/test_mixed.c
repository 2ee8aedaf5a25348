/* Mixed mode over a trajectory is reverse mode all the way.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#define NSDE_DUAL_PARTIALS 3
#include "nsde/dual.h"

#include <stdlib.h>

#include "harness.h"
#include "nsde/mixed.h"
#include "nsde/text.h"

enum { FEATURES = 2, OUTPUTS = 3, HIDDEN = 7, PATHS = 70, STEPS = 12 };

/* kappa, mu, sigma of an Ornstein-Uhlenbeck process from a network of the features. */
static nsde_net *net;

static nsde_var outputs(nsde_var y)
{
    const nsde_var parts[] = {nsde_softplus(nsde_row(y, 0)), nsde_row(y, 1),
                              nsde_add_real(nsde_softplus(nsde_row(y, 2)), 0.05)};
    return nsde_stack(OUTPUTS, parts);
}

static nsde_var record(const nsde_mixed_at *at)
{
    return outputs(nsde_net_record(at->context, at->weights, 1, &at->features));
}

/* The same, as a model whose states are the process and the features, and whose parameters are the weights:
 * the network is part of every step. */
static nsde_var drift(const nsde_at *at)
{
    const nsde_var features = nsde_slice(at->x, 1, FEATURES);
    const nsde_var y = outputs(nsde_net_record(net, at->p, 1, &features));
    const nsde_var parts[] = {nsde_mul(nsde_row(y, 0), nsde_sub(nsde_row(y, 1), nsde_row(at->x, 0))),
                              nsde_mul_real(features, 0.0)};
    return nsde_stack(2, parts);
}

static nsde_var diffusion(const nsde_at *at)
{
    const nsde_var features = nsde_slice(at->x, 1, FEATURES);
    const nsde_var y = outputs(nsde_net_record(net, at->p, 1, &features));
    const nsde_var parts[] = {nsde_row(y, 2), nsde_mul_real(features, 0.0)};
    return nsde_stack(2, parts);
}

static nsde_var loss(const nsde_loss_at *at)
{
    nsde_var sum = nsde_real(at->tape, 0.0);
    for (size_t k = 0; k < at->n_times; k++)
        sum =
            nsde_add(sum, nsde_square(nsde_sub(nsde_row(nsde_loss_state(at, k), 0), nsde_row(at->data, k))));
    return sum;
}

static const size_t observe[] = {5, STEPS};
static const double targets[] = {0.4, -0.2};
static const nsde_loss distance = {.record = loss, .data = targets, .n_data = 2};

static nsde_gradient_settings settings_of(const nsde_brownian *noise)
{
    nsde_gradient_settings s = nsde_gradient_settings_default();
    s.steps = STEPS;
    s.paths = PATHS;
    s.observe = observe;
    s.n_observe = 2;
    s.noise = noise;
    return s;
}

typedef struct fixture {
    nsde_mixed_network network;
    nsde_model *ou;
    double *weights, *features; /* [FEATURES][PATHS] */
    double increments[PATHS][STEPS];
    nsde_brownian *noise;
} fixture;

static fixture *create(bool per_path)
{
    fixture *f = malloc(sizeof *f);
    gsl_rng *rng = gsl_rng_alloc(nsde_rng_philox);
    const size_t hidden[] = {HIDDEN};
    check_ok(nsde_net_create(
        &(nsde_net_definition){
            .name = "net", .inputs = FEATURES, .outputs = OUTPUTS, .hidden = hidden, .n_hidden = 1},
        &net));
    const size_t n = nsde_net_weights(net);
    f->network = (nsde_mixed_network){FEATURES, n, OUTPUTS, record, net, per_path};
    f->weights = malloc(n * sizeof *f->weights);
    f->features = malloc(FEATURES * PATHS * sizeof *f->features);
    check_ok(nsde_net_initialise(net, NSDE_INIT_GLOROT, rng, f->weights));
    for (size_t i = 0; i < FEATURES * PATHS; i++)
        f->features[i] = per_path ? gsl_rng_uniform(rng) - 0.3 : 0.7 - (double)i;
    nsde_normals(11, 0, 0, PATHS * STEPS, f->increments[0]);
    for (size_t i = 0; i < PATHS; i++)
        for (size_t k = 0; k < STEPS; k++)
            f->increments[i][k] *= sqrt(1.0 / STEPS);
    check_ok(nsde_brownian_stored(PATHS, STEPS, 1, 1.0 / STEPS, f->increments[0], &f->noise));
    check_ok(nsde_model_open("ou", &f->ou));
    gsl_rng_free(rng);
    return f;
}

static void destroy(fixture *f)
{
    nsde_brownian_destroy(f->noise);
    nsde_model_destroy(f->ou);
    nsde_net_destroy(net);
    free(f->weights);
    free(f->features);
    free(f);
}

static const double start = 0.3;

/* By the engine, through solver and network: loss, then gradient [n]. */
static double reverse_all_the_way(const fixture *f, double *gradient)
{
    nsde_model *model;
    nsde_gradient *engine;
    nsde_brownian *noise;
    static double increments[PATHS][STEPS][1 + FEATURES]; /* the features have no noise */
    static double x0[1 + FEATURES][PATHS];
    const nsde_parameter_definition weights = {"w",      "weights", -INFINITY,
                                               INFINITY, 0.0,       f->network.n_weights};
    double value;
    for (size_t i = 0; i < PATHS; i++) {
        x0[0][i] = start;
        for (size_t k = 0; k < FEATURES; k++)
            x0[1 + k][i] = f->network.per_path ? f->features[k * PATHS + i] : f->features[k];
        for (size_t k = 0; k < STEPS; k++)
            increments[i][k][0] = f->increments[i][k];
    }
    check_ok(nsde_brownian_stored(PATHS, STEPS, 1 + FEATURES, 1.0 / STEPS, increments[0][0], &noise));
    check_ok(nsde_model_create(&(nsde_model_definition){.name = "all the way",
                                                        .dim = 1 + FEATURES,
                                                        .noise = NSDE_NOISE_GENERAL,
                                                        .parameters = &weights,
                                                        .n_parameters = 1,
                                                        .drift = drift,
                                                        .diffusion = diffusion},
                               &model));
    const nsde_gradient_settings settings = settings_of(noise);
    check_ok(nsde_gradient_create(model, &distance, &settings, &engine));
    check_ok(nsde_gradient_evaluate(
        engine, &(nsde_gradient_point){.parameters = f->weights, .x0 = x0[0], .x0_per_path = true},
        &(nsde_gradient_result){.loss = &value, .parameters = gradient}));
    nsde_gradient_destroy(engine);
    nsde_brownian_destroy(noise);
    nsde_model_destroy(model);
    return value;
}

/* The same solver in plain C, on dual numbers. */
static nsde_status solve(void *context, size_t path, const double *y, double *result, double *by_y)
{
    const fixture *f = context;
    const double h = 1.0 / STEPS;
    const nsde_dual kappa = nsde_dual_variable(y[0], 0), mu = nsde_dual_variable(y[1], 1),
                    sigma = nsde_dual_variable(y[2], 2);
    nsde_dual x = nsde_dual_real(start), sum = nsde_dual_real(0.0);
    for (size_t k = 0, time = 0; k < STEPS; k++) {
        const nsde_dual pull = nsde_dual_mul(kappa, nsde_dual_sub(mu, x));
        x = nsde_dual_add(nsde_dual_add(x, nsde_dual_mul_real(pull, h)),
                          nsde_dual_mul_real(sigma, f->increments[path][k]));
        if (k + 1 == observe[time])
            sum = nsde_dual_add(sum, nsde_dual_square(nsde_dual_add_real(x, -targets[time++])));
    }
    *result = sum.value;
    memcpy(by_y, sum.partial, sizeof sum.partial);
    return NSDE_OK;
}

static void check_gradients(const double *a, const double *b, size_t n)
{
    double most = 0.0;
    for (size_t k = 0; k < n; k++)
        most = fmax(most, fabs(b[k]));
    for (size_t k = 0; k < n; k++)
        check_absolute(a[k], b[k], 1e-12 * most);
    ck_assert(most > 1e-2);
}

START_TEST(equal_to_reverse_all_the_way)
{
    for (int per_path = 0; per_path < 2; per_path++) {
        fixture *f = create(per_path);
        const size_t n = f->network.n_weights;
        const nsde_gradient_settings settings = settings_of(f->noise);
        const nsde_mixed_point point = {f->weights, f->features, &start};
        double *a = malloc(n * sizeof *a), *b = malloc(n * sizeof *b), value, again;
        nsde_mixed *mixed;
        const double exact = reverse_all_the_way(f, b);
        check_ok(nsde_mixed_create(&f->network, f->ou, &distance, &settings, &mixed));
        check_ok(nsde_mixed_evaluate(mixed, &point, &(nsde_mixed_result){.loss = &value, .weights = a}));
        check_relative(value, exact, 1e-13);
        check_gradients(a, b, n);
        const size_t before = test_allocations();
        check_ok(nsde_mixed_evaluate(mixed, &point, &(nsde_mixed_result){.loss = &again, .weights = b}));
        ck_assert(test_allocations() == before);
        ck_assert(again == value && memcmp(a, b, n * sizeof *a) == 0);
        f->weights[1] += 0.01; /* negative control */
        check_ok(nsde_mixed_evaluate(mixed, &point, &(nsde_mixed_result){.loss = &again}));
        ck_assert(fabs(again - value) > 1e-9);
        nsde_mixed_destroy(mixed);
        destroy(f);
        free(a);
        free(b);
    }
}
END_TEST

START_TEST(solver_of_the_caller_on_duals)
{
    for (int per_path = 0; per_path < 2; per_path++) {
        fixture *f = create(per_path);
        const size_t n = f->network.n_weights;
        double *a = malloc(n * sizeof *a), *b = malloc(n * sizeof *b), *c = malloc(n * sizeof *c), value,
               other;
        nsde_mixed *mixed;
        const double exact = reverse_all_the_way(f, b);
        const nsde_mixed_point point = {f->weights, f->features, NULL};
        check_ok(nsde_mixed_create_solver(&f->network, solve, f, PATHS, 1, &mixed));
        check_ok(nsde_mixed_evaluate(mixed, &point, &(nsde_mixed_result){.loss = &value, .weights = a}));
        nsde_mixed_destroy(mixed);
        check_relative(value, exact, 1e-13);
        check_gradients(a, b, n);
        check_ok(nsde_mixed_create_solver(&f->network, solve, f, PATHS, 3, &mixed));
        check_ok(nsde_mixed_evaluate(mixed, &point, &(nsde_mixed_result){.loss = &other, .weights = c}));
        nsde_mixed_destroy(mixed);
        ck_assert(other == value && memcmp(a, c, n * sizeof *a) == 0);
        destroy(f);
        free(a);
        free(b);
        free(c);
    }
}
END_TEST

/* Memory does not grow with the steps. */
START_TEST(nothing_is_stored_over_time)
{
    fixture *f = create(true);
    size_t bytes[2];
    for (int k = 0; k < 2; k++) {
        nsde_gradient_settings settings = settings_of(NULL);
        nsde_mixed *mixed;
        settings.steps = k ? 100000 : 100;
        check_ok(nsde_mixed_create(&f->network, f->ou, &distance, &settings, &mixed));
        bytes[k] = nsde_mixed_bytes(mixed);
        nsde_mixed_destroy(mixed);
    }
    ck_assert(bytes[0] == bytes[1] && bytes[0] > 0);
    destroy(f);
}
END_TEST

static nsde_status give_up(void *context, size_t path, const double *y, double *result, double *by_y)
{
    (void)context, (void)y;
    *result = path == 40 ? NAN : 1.0;
    memset(by_y, 0, OUTPUTS * sizeof *by_y);
    return NSDE_OK;
}

START_TEST(refusals)
{
    fixture *f = create(false);
    const nsde_gradient_settings settings = settings_of(f->noise);
    nsde_mixed *mixed;
    nsde_mixed_network wrong = f->network;
    wrong.n_outputs = 2;
    check_refused(nsde_mixed_create(&wrong, f->ou, &distance, &settings, &mixed), NSDE_INVALID,
                  "the network has 3 outputs, not 2");
    ck_assert(mixed == NULL);
    check_ok(nsde_mixed_create(&f->network, f->ou, &distance, &settings, &mixed));
    f->weights[0] = NAN;
    double value;
    const nsde_mixed_point point = {f->weights, f->features, &start};
    check_refused(nsde_mixed_evaluate(mixed, &point, &(nsde_mixed_result){.loss = &value}), NSDE_INVALID,
                  "weight 0 is nan");
    nsde_mixed_destroy(mixed);
    f->weights[0] = 0.1;
    check_ok(nsde_mixed_create_solver(&f->network, give_up, f, PATHS, 2, &mixed));
    check_refused(nsde_mixed_evaluate(mixed, &point, &(nsde_mixed_result){.loss = &value}), NSDE_DIVERGED,
                  "the loss of path 40");
    nsde_mixed_destroy(mixed);
    nsde_model *gbm;
    check_ok(nsde_model_open("gbm", &gbm));
    check_refused(nsde_mixed_create(&f->network, gbm, &distance, &settings, &mixed), NSDE_INVALID,
                  "3 outputs and model gbm 2 parameters");
    nsde_model_destroy(gbm);
    size_t k = 1;
    for (bool failed = true; failed; k++) {
        test_fail_allocation(k);
        const nsde_status status = nsde_mixed_create(&f->network, f->ou, &distance, &settings, &mixed);
        failed = test_allocation_failed();
        test_fail_allocation(0);
        ck_assert(failed ? status == NSDE_NO_MEMORY && !mixed : status == NSDE_OK);
        nsde_mixed_destroy(mixed);
    }
    destroy(f);
}
END_TEST

void test_cases(TCase *cases)
{
    tcase_add_test(cases, equal_to_reverse_all_the_way);
    tcase_add_test(cases, solver_of_the_caller_on_duals);
    tcase_add_test(cases, nothing_is_stored_over_time);
    tcase_add_test(cases, refusals);
}
