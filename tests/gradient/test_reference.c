/* Gradients against a reference computed apart, and their independence of the number of threads of BLAS.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <complex.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "harness.h"
#include "nsde/gradient.h"
#include "nsde/neural.h"

/* ---- E X_T^2 of an Ornstein-Uhlenbeck process through 100 steps ---- */

enum { STEPS = 100, PATHS = 200, ARGUMENTS = 4 };

static nsde_var square_of_end(const nsde_loss_at *at)
{
    return nsde_square(nsde_loss_state(at, at->n_times - 1));
}

/* The scheme itself in complex numbers: the imaginary part of f(a + i e) / e is f'(a) to all digits (Squire
 * and Trapp 1998). Arguments: kappa, mu, sigma, x0. */
static double complex reference(const double complex a[ARGUMENTS], const double *dW, double h)
{
    double complex sum = 0.0;
    for (size_t i = 0; i < PATHS; i++) {
        double complex x = a[3];
        for (size_t k = 0; k < STEPS; k++)
            x += a[0] * (a[1] - x) * h + a[2] * dW[k * PATHS + i];
        sum += x * x / (double)PATHS;
    }
    return sum;
}

START_TEST(second_moment_of_an_end_by_complex_steps)
{
    static double dW[STEPS * PATHS];
    nsde_gradient_settings settings = nsde_gradient_settings_default();
    const nsde_loss loss = {.record = square_of_end};
    gsl_rng *rng = gsl_rng_alloc(nsde_rng_philox);
    nsde_model *model;
    gsl_rng_set(rng, 2385);
    settings.steps = STEPS;
    settings.paths = PATHS;
    settings.t1 = 2.0;
    check_ok(nsde_model_open("ou", &model));
    for (int trial = 0; trial < 20; trial++) {
        nsde_gradient *engine;
        nsde_brownian *noise;
        double a[ARGUMENTS], value, gradient[ARGUMENTS];
        a[0] = 0.2 + 2.0 * gsl_rng_uniform(rng);
        a[1] = 2.0 * gsl_rng_uniform(rng) - 1.0;
        a[2] = 0.1 + gsl_rng_uniform(rng);
        a[3] = 3.0 * gsl_rng_uniform(rng) - 1.0;
        settings.seed = gsl_rng_get(rng);
        check_ok(nsde_gradient_create(model, &loss, &settings, &engine));
        check_ok(nsde_gradient_evaluate(
            engine, &(nsde_gradient_point){.parameters = a, .x0 = &a[3]},
            &(nsde_gradient_result){.loss = &value, .parameters = gradient, .x0 = &gradient[3]}));
        nsde_gradient_destroy(engine);
        check_ok(nsde_brownian_grid(settings.seed, 1, &noise));
        check_ok(nsde_brownian_increments(noise, 2.0 / STEPS, 0, PATHS, 0, STEPS, PATHS, dW));
        nsde_brownian_destroy(noise);
        for (int j = 0; j < ARGUMENTS; j++) {
            double complex point[ARGUMENTS];
            for (int k = 0; k < ARGUMENTS; k++)
                point[k] = a[k] + (k == j ? 1e-100 * I : 0.0);
            const double complex f = reference(point, dW, 2.0 / STEPS);
            check_relative(value, creal(f), 1e-12);
            check_close_floor(gradient[j], cimag(f) / 1e-100, 1e-12, 0.1);
        }
    }
    nsde_model_destroy(model);
    gsl_rng_free(rng);
}
END_TEST

/* ---- BLAS with one thread and with two ---- */

static const char child_mark[] = "NSDE_TEST_PRINTS_A_GRADIENT";

static nsde_var squared_norm_of_end(const nsde_loss_at *at)
{
    return nsde_sum(nsde_square(nsde_loss_state(at, at->n_times - 1)));
}

/* Loss and gradient of a neural model whose layers are wide enough for BLAS. Not a test, so that nothing here
 * may use Check. */
static nsde_status compute(nsde_model *model, gsl_rng *rng, double *weights, double *loss, double *gradient)
{
    const nsde_loss norm = {.record = squared_norm_of_end};
    const double x0[8] = {0.3, 0.2, 0.1, 0.0, -0.1, -0.2, -0.3, -0.4};
    nsde_gradient_settings settings = nsde_gradient_settings_default();
    nsde_gradient *engine = NULL;
    settings.steps = 10;
    settings.paths = 500;
    settings.threads = 1;
    nsde_status status = nsde_neural_initialise(model, NSDE_INIT_GLOROT, rng, weights);
    if (!status)
        status = nsde_gradient_create(model, &norm, &settings, &engine);
    if (!status)
        status = nsde_gradient_evaluate(engine, &(nsde_gradient_point){.parameters = weights, .x0 = x0},
                                        &(nsde_gradient_result){.loss = loss, .parameters = gradient});
    nsde_gradient_destroy(engine);
    return status;
}

static int print_gradient(void)
{
    const nsde_neural_settings s = {.dim = 8, .drift = "mlp:128,128", .diffusion = "mlp:128"};
    gsl_rng *rng = gsl_rng_alloc(nsde_rng_philox);
    nsde_model *model;
    double loss;
    nsde_status status = nsde_neural_create(&s, &model);
    const size_t n = status ? 0 : nsde_model_describe(model)->n_parameters;
    double *weights = malloc((2 * n + 1) * sizeof *weights);
    if (!status)
        status = weights ? compute(model, rng, weights, &loss, weights + n) : NSDE_NO_MEMORY;
    if (!status)
        printf("%.17g\n", loss);
    for (size_t i = 0; i < n && !status; i++)
        printf("%.17g\n", weights[n + i]);
    nsde_model_destroy(model);
    gsl_rng_free(rng);
    free(weights);
    return status ? EXIT_FAILURE : EXIT_SUCCESS;
}

/* This program once more, with so many threads for BLAS, which reads that when it is loaded. */
static size_t run_child(const char *threads, double *numbers, size_t most)
{
    char command[600], program[400];
    const ssize_t length = readlink("/proc/self/exe", program, sizeof program - 1);
    ck_assert_int_gt(length, 0);
    program[length] = '\0';
    snprintf(command, sizeof command, "%s=1 OPENBLAS_NUM_THREADS=%s '%s'", child_mark, threads, program);
    FILE *stream = popen(command, "r");
    size_t n = 0;
    ck_assert_ptr_nonnull(stream);
    while (n < most && fscanf(stream, "%lf", &numbers[n]) == 1)
        n++;
    ck_assert_int_eq(pclose(stream), 0);
    return n;
}

START_TEST(threads_of_blas_change_nothing)
{
    enum { MOST = 40000 };
    static double one[MOST], two[MOST];
    const size_t n = run_child("1", one, MOST);
    double largest = 0.0;
    ck_assert_uint_gt(n, 20000);
    ck_assert_uint_lt(n, MOST);
    ck_assert_uint_eq(run_child("2", two, MOST), n);
    for (size_t i = 1; i < n; i++)
        largest = fmax(largest, fabs(one[i]));
    ck_assert(largest > 1e-3);
    check_relative(two[0], one[0], 1e-12);
    for (size_t i = 1; i < n; i++)
        check_absolute(two[i], one[i], 1e-12 * largest);
}
END_TEST

void test_cases(TCase *cases)
{
    if (getenv(child_mark))
        exit(print_gradient());
    tcase_add_test(cases, second_moment_of_an_end_by_complex_steps);
    tcase_add_test(cases, threads_of_blas_change_nothing);
}
