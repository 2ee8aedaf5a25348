/* Schemes with areas: their strong orders on paths whose W, H and A are those of far finer ones, and what a
 * changed coefficient makes of them.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "problems/convergence.h"
#include "problems/models.h"
#include "problems/problems.h"

static const nsde_integrator *find(const char *name)
{
    const nsde_integrator *found;
    check_ok(nsde_integrator_find(name, &found));
    return found;
}

/* ---- additive noise ---- */

static errors on_sine(const nsde_integrator *integrator)
{
    const double x0 = 1.0;
    const convergence c = {.definition = &sine,
                           .integrator = integrator,
                           .reference = "sra1",
                           .x0 = &x0,
                           .coarsest = 3,
                           .finest = 8,
                           .noise = 11,
                           .paths = 1024,
                           .seed = 31};
    return measure(&c);
}

static nsde_var shark_with_half_of_H(const nsde_step_at *at)
{
    nsde_step_at as = *at;
    as.H = nsde_mul_real(at->H, 0.5);
    return find("shark")->record(&as);
}

START_TEST(shark_has_order_three_halves)
{
    const nsde_integrator wrong = {.name = "half of H",
                                   .noise = NSDE_NOISE_ADDITIVE,
                                   .detail = NSDE_SPACE_TIME,
                                   .record = shark_with_half_of_H};
    const errors shark = on_sine(find("shark")), sra = on_sine(find("sra1"));
    check_absolute(shark.slope, 1.55, 0.12);
    ck_assert(shark.rms[6] < 1.5 * sra.rms[6]);
    check_absolute(on_sine(&wrong).slope, 1.0, 0.1);
}
END_TEST

/* Noise that depends on time: the end of a step sees the noise's change as well. */
START_TEST(shark_takes_noise_that_depends_on_time)
{
    const double x0 = 1.0;
    const convergence c = {.definition = &fading,
                           .method = "shark",
                           .x0 = &x0,
                           .solution = fading_solution,
                           .coarsest = 4,
                           .finest = 9,
                           .noise = 9,
                           .paths = 1024,
                           .seed = 777};
    ck_assert(measure(&c).slope > 1.45);
}
END_TEST

/* ---- the log-ODE ---- */

static errors on_crossed(const nsde_integrator *integrator, const nsde_model_definition *definition,
                         const char *reference)
{
    const double x0[] = {0.3, 0.45};
    const convergence c = {.definition = definition,
                           .integrator = integrator,
                           .reference = reference,
                           .x0 = x0,
                           .coarsest = 3,
                           .finest = 7,
                           .noise = 10,
                           .paths = 1024,
                           .seed = 4242,
                           .component = 1};
    return measure(&c);
}

static nsde_var log_ode_with_areas_the_wrong_way(const nsde_step_at *at)
{
    nsde_step_at as = *at;
    as.A = nsde_neg(at->A);
    return find("log_ode")->record(&as);
}

START_TEST(log_ode_has_order_one)
{
    const nsde_integrator wrong = {.name = "wrong areas",
                                   .noise = NSDE_NOISE_GENERAL,
                                   .calculus = NSDE_STRATONOVICH,
                                   .detail = NSDE_LEVY,
                                   .record = log_ode_with_areas_the_wrong_way};
    const errors right = on_crossed(find("log_ode"), &crossed, "log_ode");
    check_absolute(right.slope, 1.0, 0.1);
    check_absolute(on_crossed(&wrong, &crossed, "log_ode").slope, 0.5, 0.1);
    /* it goes where Milstein goes, from either calculus */
    const errors beside = on_crossed(find("log_ode"), &crossed, "milstein");
    check_absolute(beside.slope, 1.0, 0.1);
    const errors other = on_crossed(find("log_ode"), &crossed_stratonovich, "milstein");
    check_absolute(other.slope, 1.0, 0.1);
    check_absolute(on_crossed(find("log_ode"), &shared, "sriw1").slope, 1.0, 0.12);
}
END_TEST

/* A linear Stratonovich equation is its own log-ODE: what is left is the Runge-Kutta scheme's error. */
START_TEST(log_ode_on_a_linear_equation)
{
    const convergence c = {.definition = &gbm_stratonovich,
                           .method = "log_ode",
                           .parameters = gbm0_parameters,
                           .x0 = &gbm0_x0,
                           .reference = "log_ode",
                           .coarsest = 4,
                           .finest = 7,
                           .noise = 10,
                           .paths = 512,
                           .seed = 5};
    check_absolute(measure(&c).slope, 2.0, 0.15); /* (dW)^5 has mean 0 */
}
END_TEST

/* ---- positions and velocities ---- */

static const double double_well[] = {1.0, 1.0, 0.8, 0.5};

static errors on_langevin(const nsde_integrator *integrator, const char *reference, size_t component)
{
    const double x0[] = {0.3, 0.45};
    const convergence c = {.shipped = "langevin",
                           .parameters = double_well,
                           .integrator = integrator,
                           .reference = reference,
                           .x0 = x0,
                           .coarsest = 2,
                           .finest = 6,
                           .noise = 10,
                           .paths = 1024,
                           .seed = 4242,
                           .component = component};
    return measure(&c);
}

static nsde_var ubu_without_H(const nsde_step_at *at)
{
    nsde_step_at as = *at;
    as.H = nsde_mul_real(at->H, 0.0);
    return find("ubu")->record(&as);
}

static nsde_var ubu_with_H_the_wrong_way(const nsde_step_at *at)
{
    nsde_step_at as = *at;
    as.H = nsde_neg(at->H);
    return find("ubu")->record(&as);
}

START_TEST(ubu_has_order_two)
{
    nsde_var (*const records[])(const nsde_step_at *at) = {ubu_without_H, ubu_with_H_the_wrong_way};
    for (size_t component = 0; component < 2; component++) {
        check_absolute(on_langevin(find("ubu"), "ubu", component).slope, 2.0, 0.12);
        check_absolute(on_langevin(find("ubu"), "sra3", component).slope, 2.0, 0.12);
        for (int k = 0; k < 2; k++) {
            const nsde_integrator wrong = {.name = "wrong H",
                                           .noise = NSDE_NOISE_ADDITIVE,
                                           .detail = NSDE_SPACE_TIME,
                                           .second_order = true,
                                           .record = records[k]};
            check_absolute(on_langevin(&wrong, "ubu", component).slope, 1.0, 0.15);
        }
    }
}
END_TEST

/* ---- weak orders ---- */

/* Slopes of the errors of E X and E X^2 against the finest level on the same paths. */
static void weak_slopes(convergence c, double slopes[2])
{
    double gaps[2][LEVELS] = {{0.0}};
    c.reference = "euler_maruyama"; /* only levels are compared */
    convergence finest = c;
    finest.coarsest = finest.finest = c.noise;
    const errors e = measure(&c), at_end = measure(&finest);
    for (int level = c.coarsest; level <= c.finest; level++) {
        gaps[0][level] = fabs(e.mean[level] - at_end.mean[c.noise]);
        gaps[1][level] = fabs(e.second_moment[level] - at_end.second_moment[c.noise]);
    }
    for (int k = 0; k < 2; k++)
        slopes[k] = slope_of(gaps[k], c.coarsest, c.finest);
}

static void check_weak_order(convergence c, double tolerance)
{
    double slopes[2], rough[2];
    weak_slopes(c, slopes);
    c.method = "euler_maruyama"; /* the control */
    weak_slopes(c, rough);
    for (int k = 0; k < 2; k++) {
        check_absolute(slopes[k], 2.0, tolerance);
        ck_assert(rough[k] < 2.0 - tolerance);
    }
}

START_TEST(weak_orders)
{
    const double x0 = 1.0, at_rest[] = {0.3, 0.45};
    convergence c = {.definition = &sine,
                     .method = "shark",
                     .x0 = &x0,
                     .coarsest = 1,
                     .finest = 4,
                     .noise = 7,
                     .paths = 5000,
                     .seed = 12};
    check_weak_order(c, 0.3);
    c.definition = NULL;
    c.shipped = "langevin";
    c.parameters = double_well;
    c.method = "ubu";
    c.x0 = at_rest;
    c.component = 1; /* positions are so good that their errors are not told from those of few paths */
    check_weak_order(c, 0.3);
}
END_TEST

void test_cases(TCase *cases)
{
    tcase_add_test(cases, shark_has_order_three_halves);
    tcase_add_test(cases, shark_takes_noise_that_depends_on_time);
    tcase_add_test(cases, log_ode_has_order_one);
    tcase_add_test(cases, log_ode_on_a_linear_equation);
    tcase_add_test(cases, ubu_has_order_two);
    tcase_add_test(cases, weak_orders);
}
