/* Strong order of Euler-Maruyama, against exact solutions on the same Brownian paths.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdlib.h>

#include "harness.h"
#include "nsde/simulate.h"
#include "problems/problems.h"

enum { FINEST = 10, COARSEST = 4, BATCH = 4096, FINE_STEPS = 1 << FINEST };

typedef struct problem {
    const nsde_model_definition *definition;
    const char *shipped;
    const double *parameters;
    double x0;
    bool additive; /* OU, else GBM */
    double t1;
} problem;

/* Increments of paths first … first + BATCH - 1, [path][step]. */
static void fine_increments(size_t first, double *fine)
{
    nsde_brownian *grid;
    double *dW = malloc(sizeof *dW * FINE_STEPS * BATCH);
    check_ok(nsde_brownian_grid(20240229, 1, &grid));
    check_ok(nsde_brownian_increments(grid, 1.0 / FINE_STEPS, first, BATCH, 0, FINE_STEPS, BATCH, dW));
    for (size_t k = 0; k < FINE_STEPS; k++)
        for (size_t i = 0; i < BATCH; i++)
            fine[i * FINE_STEPS + k] = dW[k * BATCH + i];
    nsde_brownian_destroy(grid);
    free(dW);
}

/* Sum of squared errors of a batch at step 2^-level, the coarse increments being sums of the fine ones. The
 * exact OU solution is a weighted sum of the increments, up to O(2^-2 FINEST) within each of the fine steps.
 */
static double squared_error(const nsde_model *model, const problem *p, const double *fine, int level)
{
    const size_t steps = (size_t)1 << level, each = FINE_STEPS / steps;
    double *coarse = malloc(sizeof *coarse * BATCH * steps), sum = 0.0;
    for (size_t i = 0; i < BATCH * steps; i++) {
        coarse[i] = 0.0;
        for (size_t k = 0; k < each; k++)
            coarse[i] += fine[i * each + k];
    }
    nsde_simulate_settings settings = nsde_simulate_settings_default();
    nsde_brownian *noise;
    nsde_simulation *simulation;
    check_ok(nsde_brownian_stored(BATCH, steps, 1, 1.0 / (double)steps, coarse, &noise));
    settings.noise = noise;
    settings.steps = steps;
    settings.paths = BATCH;
    check_ok(nsde_simulate(model, p->parameters, &p->x0, &settings, &simulation));
    for (size_t i = 0; i < BATCH; i++) {
        double exact = 0.0, W = 0.0;
        for (size_t k = 0; k < FINE_STEPS; k++) {
            const double dW = fine[i * FINE_STEPS + k];
            W += dW;
            if (p->additive)
                exact += 0.5 * exp(-1.0 + ((double)k + 0.5) / FINE_STEPS) * dW;
        }
        exact += p->additive ? exp(-1.0) : 0.0;
        if (!p->additive)
            exact = 0.5 * exp(1.01 - 0.5 * 0.87 * 0.87 + 0.87 * W);
        const double error = nsde_simulation_row(simulation, 1, 0)[i] - exact;
        sum += error * error;
    }
    nsde_simulation_destroy(simulation);
    nsde_brownian_destroy(noise);
    free(coarse);
    return sum;
}

/* Root-mean-square errors at 2^-COARSEST … 2^-FINEST. */
static void measure(const problem *p, size_t batches, int finest, double rms[])
{
    nsde_model *model;
    double *fine = malloc(sizeof *fine * FINE_STEPS * BATCH);
    if (p->definition)
        check_ok(nsde_model_create(p->definition, &model));
    else
        check_ok(nsde_model_open(p->shipped, &model));
    for (int level = COARSEST; level <= finest; level++)
        rms[level] = 0.0;
    for (size_t b = 0; b < batches; b++) {
        fine_increments(b * BATCH, fine);
        for (int level = COARSEST; level <= finest; level++)
            rms[level] += squared_error(model, p, fine, level);
    }
    for (int level = COARSEST; level <= finest; level++)
        rms[level] = sqrt(rms[level] / (double)(batches * BATCH));
    free(fine);
    nsde_model_destroy(model);
}

/* Least squares of log2 rms against -level. */
static double slope_of(const double rms[], int finest)
{
    double n = 0.0, x = 0.0, y = 0.0, xx = 0.0, xy = 0.0;
    for (int level = COARSEST; level <= finest; level++) {
        const double a = -level, b = log2(rms[level]);
        n += 1.0, x += a, y += b, xx += a * a, xy += a * b;
    }
    return (n * xy - x * y) / (n * xx - x * x);
}

START_TEST(strong_order_half_on_gbm)
{
    const problem p = {.shipped = "gbm", .parameters = gbm0_parameters, .x0 = gbm0_x0};
    double rms[FINEST + 1];
    measure(&p, 24, FINEST, rms); /* 98304 paths: the errors have heavy tails */
    check_absolute(slope_of(rms, FINEST), 0.534, 0.06);
    check_relative(rms[6], 0.1413504472, 0.06);
    check_relative(rms[10], 0.03364821287, 0.06);
}
END_TEST

START_TEST(strong_order_one_on_ou)
{
    const problem p = {.shipped = "ou", .parameters = ou0_parameters, .x0 = ou0_x0, .additive = true};
    double rms[FINEST + 1];
    measure(&p, 12, 8, rms);
    check_absolute(slope_of(rms, 8), 1.0, 0.1);
    check_relative(rms[6], 0.003731297157, 0.01);
}
END_TEST

/* Negative controls: a few percent in a coefficient leave an error that does not shrink. */
static nsde_var wrong_drift(const nsde_at *at)
{
    return nsde_mul_real(at->x, 1.01 * 1.04);
}

static nsde_var right_diffusion(const nsde_at *at)
{
    return nsde_mul_real(at->x, 0.87);
}

static nsde_var ou_drift(const nsde_at *at)
{
    return nsde_neg(at->x);
}

static nsde_var wrong_ou_diffusion(const nsde_at *at)
{
    return nsde_real(at->tape, 0.5 * 1.03);
}

START_TEST(wrong_coefficients_lose_the_order)
{
    const nsde_model_definition gbm = {.name = "wrong gbm",
                                       .dim = 1,
                                       .noise = NSDE_NOISE_DIAGONAL,
                                       .drift = wrong_drift,
                                       .diffusion = right_diffusion};
    const nsde_model_definition ou = {.name = "wrong ou",
                                      .dim = 1,
                                      .noise = NSDE_NOISE_ADDITIVE,
                                      .drift = ou_drift,
                                      .diffusion = wrong_ou_diffusion};
    const problem wrong_gbm = {.definition = &gbm, .x0 = gbm0_x0};
    const problem wrong_ou = {.definition = &ou, .x0 = ou0_x0, .additive = true};
    double rms[FINEST + 1];
    measure(&wrong_ou, 2, 8, rms);
    ck_assert(fabs(slope_of(rms, 8) - 1.0) > 0.1);
    measure(&wrong_gbm, 8, FINEST, rms);
    ck_assert(fabs(rms[10] / 0.03364821287 - 1.0) > 0.06 || fabs(slope_of(rms, FINEST) - 0.534) > 0.06);
}
END_TEST

void test_cases(TCase *cases)
{
    tcase_add_test(cases, strong_order_half_on_gbm);
    tcase_add_test(cases, strong_order_one_on_ou);
    tcase_add_test(cases, wrong_coefficients_lose_the_order);
}
