/* Mixed mode through a step in plain C, against the same step recorded.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#define NSDE_DUAL_PARTIALS 2
#include "nsde/dual.h"

#include <stdlib.h>

#include "harness.h"
#include "nsde/mixed.h"

enum { DIM = 2, OUTPUTS = 3, PATHS = 90, STEPS = 12, HIDDEN = 5 };

static const size_t observe[] = {5, STEPS};
static const double start[DIM] = {0.4, -0.3}, targets[] = {0.2, 0.5};

typedef struct fixture {
    nsde_net *net;
    nsde_mixed_network network;
    double *weights;
    double flaw; /* in the step */
} fixture;

static nsde_var network(const nsde_mixed_at *at)
{
    return nsde_net_record(at->context, at->weights, 1, &at->features);
}

static fixture create(void)
{
    fixture f = {0};
    const size_t hidden[] = {HIDDEN};
    gsl_rng *rng = gsl_rng_alloc(nsde_rng_philox);
    check_ok(nsde_net_create(
        &(nsde_net_definition){
            .name = "net", .inputs = DIM + 1, .outputs = OUTPUTS, .hidden = hidden, .n_hidden = 1},
        &f.net));
    const size_t n = nsde_net_weights(f.net);
    f.network = (nsde_mixed_network){
        .n_features = DIM + 1, .n_weights = n, .n_outputs = OUTPUTS, .record = network, .context = f.net};
    f.weights = malloc(n * sizeof *f.weights);
    check_ok(nsde_net_initialise(f.net, NSDE_INIT_GLOROT, rng, f.weights));
    gsl_rng_free(rng);
    return f;
}

static void destroy(fixture *f)
{
    nsde_net_destroy(f->net);
    free(f->weights);
}

/* Euler's step of dx1 = y1 dt + y3 dW1, dx2 = (y2 - sin x1) dt + 0.2 x1 dW2, on duals … */
static void on_duals(const nsde_dual *x, const nsde_dual *y, double t, double h, const double *dW,
                     nsde_dual *next, void *context)
{
    const fixture *f = context;
    const nsde_dual pull = nsde_dual_sub(y[1], nsde_dual_sin(x[0]));
    (void)t;
    next[0] = nsde_dual_add(nsde_dual_add(x[0], nsde_dual_mul_real(y[0], h * (1.0 + f->flaw))),
                            nsde_dual_mul_real(y[2], dW[0]));
    next[1] = nsde_dual_add(nsde_dual_add(x[1], nsde_dual_mul_real(pull, h)),
                            nsde_dual_mul_real(x[0], 0.2 * dW[1]));
}

static void step(void *context, const double *x, const double *y, double t, double h, const double *dW,
                 double *x_next, double *jacobian)
{
    nsde_dual room[2 * DIM + OUTPUTS];
    nsde_dual_step_jacobian(on_duals, context, DIM, OUTPUTS, x, y, t, h, dW, room, x_next, jacobian);
}

/* … and recorded, the network in the coefficients. */
static nsde_var outputs(const nsde_at *at)
{
    const nsde_var features[] = {at->x, at->t};
    return nsde_net_record(((fixture *)at->context)->net, at->p, 2, features);
}

static nsde_var drift(const nsde_at *at)
{
    const nsde_var y = outputs(at);
    return nsde_stack(2,
                      (nsde_var[]){nsde_row(y, 0), nsde_sub(nsde_row(y, 1), nsde_sin(nsde_row(at->x, 0)))});
}

static nsde_var diffusion(const nsde_at *at)
{
    return nsde_stack(2, (nsde_var[]){nsde_row(outputs(at), 2), nsde_mul_real(nsde_row(at->x, 0), 0.2)});
}

static nsde_var distance(const nsde_loss_at *at)
{
    nsde_var sum = nsde_real(at->tape, 0.0);
    for (size_t k = 0; k < at->n_times; k++)
        sum = nsde_add(sum, nsde_sum(nsde_square(nsde_sub(nsde_loss_state(at, k), nsde_row(at->data, k)))));
    return sum;
}

static const nsde_loss loss = {.record = distance, .data = targets, .n_data = 2};

static nsde_gradient_settings settings(void)
{
    nsde_gradient_settings s = nsde_gradient_settings_default();
    s.steps = STEPS;
    s.paths = PATHS;
    s.observe = observe;
    s.n_observe = 2;
    return s;
}

static nsde_mixed_equation equation_of(fixture *f)
{
    return (nsde_mixed_equation){DIM, DIM, step, f};
}

/* Gradient [n_weights + DIM]; returns the loss. */
static double by_own_step(fixture *f, int threads, double *gradient)
{
    double value, again;
    nsde_mixed_steps *steps;
    nsde_gradient_settings s = settings();
    const nsde_mixed_equation equation = equation_of(f);
    s.threads = threads;
    check_ok(nsde_mixed_steps_create(&f->network, &equation, &loss, &s, &steps));
    const nsde_mixed_steps_result result = {
        .loss = &value, .weights = gradient, .x0 = gradient + f->network.n_weights};
    check_ok(nsde_mixed_steps_evaluate(steps, f->weights, start, &result));
    const size_t before = test_allocations();
    check_ok(nsde_mixed_steps_evaluate(steps, f->weights, start, &(nsde_mixed_steps_result){.loss = &again}));
    ck_assert(test_allocations() == before && again == value);
    nsde_mixed_steps_destroy(steps);
    return value;
}

static double by_engine(fixture *f, double *gradient)
{
    double value;
    nsde_model *model;
    nsde_gradient *engine;
    const nsde_gradient_settings s = settings();
    const nsde_parameter_definition p = {"w", "weights", -INFINITY, INFINITY, 0.0, f->network.n_weights};
    check_ok(nsde_model_create(&(nsde_model_definition){.name = "recorded",
                                                        .dim = DIM,
                                                        .noise = NSDE_NOISE_GENERAL,
                                                        .parameters = &p,
                                                        .n_parameters = 1,
                                                        .drift = drift,
                                                        .diffusion = diffusion,
                                                        .context = f},
                               &model));
    check_ok(nsde_gradient_create(model, &loss, &s, &engine));
    check_ok(nsde_gradient_evaluate(engine, &(nsde_gradient_point){.parameters = f->weights, .x0 = start},
                                    &(nsde_gradient_result){.loss = &value,
                                                            .parameters = gradient,
                                                            .x0 = gradient + f->network.n_weights}));
    nsde_gradient_destroy(engine);
    nsde_model_destroy(model);
    return value;
}

START_TEST(equal_to_the_recorded_step)
{
    fixture f = create();
    const size_t n = f.network.n_weights + DIM;
    double *a = malloc(n * sizeof *a), *b = malloc(n * sizeof *b), *c = malloc(n * sizeof *c), most = 0.0;
    const double exact = by_engine(&f, b);
    check_relative(by_own_step(&f, 1, a), exact, 1e-13);
    for (size_t k = 0; k < n; k++)
        most = fmax(most, fabs(b[k]));
    for (size_t k = 0; k < n; k++)
        check_absolute(a[k], b[k], 1e-12 * most);
    ck_assert(most > 0.1);
    ck_assert(by_own_step(&f, 3, c) > 0.0 && memcmp(a, c, n * sizeof *a) == 0);
    f.flaw = 1e-6; /* negative control */
    check_relative(by_own_step(&f, 1, c), exact, 1e-4);
    double gap = 0.0;
    for (size_t k = 0; k < n; k++)
        gap = fmax(gap, fabs(c[k] - b[k]));
    ck_assert(gap > 1e-9 * most);
    free(a);
    free(b);
    free(c);
    destroy(&f);
}
END_TEST

static void explode(void *context, const double *x, const double *y, double t, double h, const double *dW,
                    double *x_next, double *jacobian)
{
    step(context, x, y, t, h, dW, x_next, jacobian);
    x_next[0] /= 0.0 * x[0];
}

START_TEST(refusals)
{
    fixture f = create();
    nsde_mixed_steps *steps;
    nsde_gradient_settings s = settings();
    nsde_mixed_equation equation = equation_of(&f);
    equation.dim = 3;
    check_refused(nsde_mixed_steps_create(&f.network, &equation, &loss, &s, &steps), NSDE_INVALID,
                  "3 features, not the 3 states and the time");
    ck_assert(steps == NULL);
    equation = equation_of(&f);
    f.network.n_outputs = 2;
    check_refused(nsde_mixed_steps_create(&f.network, &equation, &loss, &s, &steps), NSDE_INVALID,
                  "the network has 3 rows, not 2");
    f.network.n_outputs = OUTPUTS;
    equation.step = explode;
    check_ok(nsde_mixed_steps_create(&f.network, &equation, &loss, &s, &steps));
    check_refused(nsde_mixed_steps_evaluate(steps, f.weights, start, &(nsde_mixed_steps_result){0}),
                  NSDE_DIVERGED, "the loss of path 0");
    f.weights[1] = NAN;
    check_refused(nsde_mixed_steps_evaluate(steps, f.weights, start, &(nsde_mixed_steps_result){0}),
                  NSDE_INVALID, "weight 1 is nan");
    nsde_mixed_steps_destroy(steps);
    size_t k = 1;
    for (bool failed = true; failed; k++) {
        test_fail_allocation(k);
        const nsde_status status = nsde_mixed_steps_create(&f.network, &equation, &loss, &s, &steps);
        failed = test_allocation_failed();
        test_fail_allocation(0);
        ck_assert(failed ? status == NSDE_NO_MEMORY && !steps : status == NSDE_OK);
        nsde_mixed_steps_destroy(steps);
    }
    ck_assert(k > 20);
    destroy(&f);
}
END_TEST

void test_cases(TCase *cases)
{
    tcase_add_test(cases, equal_to_the_recorded_step);
    tcase_add_test(cases, refusals);
}
