/* Strong errors by their published or independently found numbers, with wrong coefficients beside the right
 * ones that the same limits must refuse. (test_orders.c measures every scheme on every class of noise.)
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "problems/convergence.h"
#include "problems/models.h"
#include "problems/one_step.h"
#include "problems/problems.h"

static double gbm_solution(double t, double W)
{
    return 0.5 * exp((1.01 - 0.5 * 0.87 * 0.87) * t + 0.87 * W);
}

/* ---- geometric Brownian motion: root-mean-square errors and slopes known from a million paths ---- */

typedef struct known {
    const char *method;
    bool stratonovich;
    double at_6, at_10, slope;
} known;

static const known gbm[] = {
    {"euler_maruyama", false, 0.1413504472, 0.03364821287, 0.534},
    {"milstein", false, 0.04768422215, 0.003069314082, 0.975},
    {"sriw1", false, 0.002573552, 4.110027e-5, 1.487},
    {"euler_heun", true, 0.1036408217, 0.006739004087, 0.966},
    {"heun", true, 0.03890982287, 0.002439103894, 0.997},
};

/* A step is x times a factor F of its noise, as the solution's is x times a factor S, and steps are
 * independent: after n of them E (X - x)^2 = x0^2 (E[F^2]^n - 2 E[F S]^n + E[S^2]^n). The expectations are
 * sums over the nodes of Gauss and Hermite, so that errors are without statistical error. */
static double rms_on_gbm(const nsde_model *model, bool stratonovich, const nsde_integrator *m, size_t steps)
{
    static quadrature q;
    one_step s;
    const double h = 1.0 / (double)steps, one = 1.0, rate = 1.01 - (stratonovich ? 0.0 : 0.5 * 0.87 * 0.87);
    double FF = 0.0, FS = 0.0, SS = 0.0;
    quadrature_fine(&q);
    one_step_create(&s, m, model, gbm0_parameters, q.n);
    one_step_put(&s, &q, h, &one, 0);
    const double *F = one_step_run(&s, 0.0, h, q.n);
    for (size_t i = 0; i < q.n; i++) {
        const double S = exp(rate * h + 0.87 * sqrt(h) * q.rows[0][i]);
        FF += q.weight[i] * F[i] * F[i];
        FS += q.weight[i] * F[i] * S;
        SS += q.weight[i] * S * S;
    }
    one_step_destroy(&s);
    const double n = (double)steps;
    return gbm0_x0 * sqrt(pow(FF, n) - 2.0 * pow(FS, n) + pow(SS, n));
}

static errors on_gbm(const known *k, const nsde_integrator *integrator)
{
    errors e = {.slope = NAN};
    nsde_model *model;
    if (k->stratonovich)
        check_ok(nsde_model_create(&gbm_stratonovich, &model));
    else
        check_ok(nsde_model_open("gbm", &model));
    if (!integrator)
        check_ok(nsde_integrator_find(k->method, &integrator));
    for (int level = 4; level <= 10; level++)
        e.rms[level] = rms_on_gbm(model, k->stratonovich, integrator, (size_t)1 << level);
    e.slope = slope_of(e.rms, 4, 10);
    if (getenv("NSDE_TEST_SHOW"))
        printf("%s: %.10g at 2^-6, %.10g at 2^-10, slope %.4f\n", integrator->name, e.rms[6], e.rms[10],
               e.slope);
    nsde_model_destroy(model);
    return e;
}

/* Does the scheme meet what is known? Of small errors few digits are left in a difference of squares. */
static bool meets(const errors *e, const known *k)
{
    return fabs(e->rms[6] / k->at_6 - 1.0) < 1e-7 && fabs(e->rms[10] / k->at_10 - 1.0) < 2e-3 &&
           fabs(e->slope - k->slope) < 1e-3;
}

START_TEST(errors_on_geometric_brownian_motion)
{
    const errors e = on_gbm(&gbm[_i], NULL);
    ck_assert_msg(meets(&e, &gbm[_i]), "%s: %g at 2^-6, %g at 2^-10, slope %g", gbm[_i].method, e.rms[6],
                  e.rms[10], e.slope);
}
END_TEST

/* Negative controls: Milstein with another coefficient, or without -h. */
static nsde_var milstein_with(const nsde_step_at *at, double coefficient, double h)
{
    const nsde_var g = nsde_model_diffusion(at->model, at->x, at->t, at->p, at->u);
    const nsde_perturbation eps = nsde_perturb(at->tape, 1);
    const nsde_var Lg =
        nsde_tangent(eps, nsde_model_diffusion(at->model, nsde_seed(eps, at->x, &g), at->t, at->p, at->u), 0);
    const nsde_var area = nsde_sub(nsde_square(at->dW), nsde_mul_real(at->h, h));
    const nsde_var moved = nsde_add(at->x, nsde_mul(nsde_step_drift(at, at->x, at->t), at->h));
    return nsde_add(nsde_add(moved, nsde_mul(g, at->dW)), nsde_mul_real(nsde_mul(Lg, area), coefficient));
}

static nsde_var coefficient_one(const nsde_step_at *at)
{
    return milstein_with(at, 1.0, 1.0);
}

static nsde_var coefficient_minus_half(const nsde_step_at *at)
{
    return milstein_with(at, -0.5, 1.0);
}

static nsde_var without_h(const nsde_step_at *at)
{
    return milstein_with(at, 0.5, 0.0);
}

static nsde_var coefficient_half(const nsde_step_at *at)
{
    return milstein_with(at, 0.5, 1.0);
}

START_TEST(wrong_milstein_fails)
{
    const struct {
        nsde_var (*record)(const nsde_step_at *at);
        bool right;
        double slope;
    } all[] = {{coefficient_half, true, 0.975},
               {coefficient_one, false, 0.499},
               {coefficient_minus_half, false, 0.492},
               {without_h, false, -0.08}};
    for (size_t k = 0; k < sizeof all / sizeof *all; k++) {
        const nsde_integrator integrator = {
            .name = "control", .noise = NSDE_NOISE_DIAGONAL, .record = all[k].record};
        const errors e = on_gbm(&gbm[1], &integrator);
        ck_assert(meets(&e, &gbm[1]) == all[k].right);
        check_absolute(e.slope, all[k].slope, 2e-3);
    }
}
END_TEST

/* A scheme for the other calculus, on purpose not converted, does not converge. */
START_TEST(calculus_taken_for_the_other_fails)
{
    const nsde_integrator *heun;
    check_ok(nsde_integrator_find("heun", &heun));
    nsde_integrator wrong = *heun;
    wrong.name = "heun called Ito";
    wrong.calculus = NSDE_ITO;
    const known as = {"heun", false, 0.03890982287, 0.002439103894, 0.997};
    const errors e = on_gbm(&as, &wrong);
    ck_assert(!meets(&e, &as) && e.slope < 0.1);
    const errors converted = on_gbm(&as, heun); /* as it should be */
    check_absolute(converted.slope, 1.0, 0.1);
}
END_TEST

/* A few percent in a coefficient leave an error that does not shrink. */
static nsde_var wrong_drift(const nsde_at *at)
{
    return nsde_mul_real(at->x, 1.01 * 1.04);
}

static nsde_var right_diffusion(const nsde_at *at)
{
    return nsde_mul_real(at->x, 0.87);
}

static nsde_var returning(const nsde_at *at)
{
    return nsde_neg(at->x);
}

static nsde_var half_diffusion(const nsde_at *at)
{
    return nsde_real(at->tape, 0.5);
}

static nsde_var wrong_half_diffusion(const nsde_at *at)
{
    return nsde_real(at->tape, 0.5 * 1.03);
}

START_TEST(wrong_coefficients_lose_the_order)
{
    const nsde_model_definition wrong_gbm = {.name = "wrong gbm",
                                             .dim = 1,
                                             .noise = NSDE_NOISE_DIAGONAL,
                                             .drift = wrong_drift,
                                             .diffusion = right_diffusion};
    const nsde_model_definition ou = {.name = "ou",
                                      .dim = 1,
                                      .noise = NSDE_NOISE_ADDITIVE,
                                      .drift = returning,
                                      .diffusion = half_diffusion};
    nsde_model_definition wrong_ou = ou;
    wrong_ou.diffusion = wrong_half_diffusion;
    convergence c = {.definition = &wrong_gbm,
                     .method = "euler_maruyama",
                     .x0 = &gbm0_x0,
                     .solution = gbm_solution,
                     .coarsest = 4,
                     .finest = 10,
                     .noise = 10,
                     .even = true,
                     .paths = 4096,
                     .seed = 20240229};
    const errors on_wrong_gbm = measure(&c);
    ck_assert(!meets(&on_wrong_gbm, &gbm[0]));
    c = (convergence){.definition = &wrong_ou,
                      .method = "euler_maruyama",
                      .reference = "sra1",
                      .reference_model = &ou,
                      .x0 = &ou0_x0,
                      .coarsest = 4,
                      .finest = 8,
                      .noise = 10,
                      .paths = 4096,
                      .seed = 11};
    ck_assert(fabs(measure(&c).slope - 1.0) > 0.1);
    c.definition = &ou;
    check_absolute(measure(&c).slope, 1.0, 0.1);
}
END_TEST

/* ---- other equations with known solutions ---- */

typedef struct solved {
    const nsde_model_definition *definition;
    double (*solution)(double t, double W);
    double x0;
    const char *method;
    double slope, tolerance;
} solved;

static const solved solutions[] = {
    {&cubic, cubic_solution, 0.5, "euler_maruyama", 0.505, 0.08},
    {&cubic, cubic_solution, 0.5, "milstein", 1.003, 0.08},
    {&cubic, cubic_solution, 0.5, "sriw1", 1.516, 0.08},
    {&wave, wave_solution, 1.0, "euler_maruyama", 0.497, 0.05},
    {&wave, wave_solution, 1.0, "milstein", 1.001, 0.05},
    {&wave, wave_solution, 1.0, "sriw1", 1.501, 0.05},
    {&fading, fading_solution, 1.0, "euler_maruyama", 1.005, 0.05},
    {&fading, fading_solution, 1.0, "sra1", 2.0, 0.05}, /* the drift is linear */
    {&channels, channels_solution, 0.3, "euler_maruyama", 0.5, 0.15},
    {&channels, channels_solution, 0.3, "milstein", 1.0, 0.15},
};

START_TEST(slopes_where_the_solution_is_known)
{
    const solved *s = &solutions[_i];
    const double x0[] = {s->x0, 0.45};
    const convergence c = {.definition = s->definition,
                           .method = s->method,
                           .x0 = x0,
                           .solution = s->solution,
                           .coarsest = 4,
                           .finest = 9,
                           .noise = 9,
                           .paths = s->definition == &channels ? 8192 : 4096,
                           .seed = 777};
    check_absolute(measure(&c).slope, s->slope, s->tolerance);
}
END_TEST

/* ---- against a far finer path ---- */

/* dX = sin(2 X) dt + 0.8 dW: the real 3/2, which a linear drift hides. */
START_TEST(additive_noise_with_a_curved_drift)
{
    const struct {
        const char *method;
        double slope;
    } all[] = {{"euler_maruyama", 0.99}, {"sra1", 1.57}};
    const double one = 1.0;
    for (int k = 0; k < 2; k++) {
        const convergence c = {.definition = &sine,
                               .method = all[k].method,
                               .reference = "sra1",
                               .x0 = &one,
                               .coarsest = 3,
                               .finest = 8,
                               .noise = 10,
                               .paths = 2048,
                               .seed = 4242};
        check_absolute(measure(&c).slope, all[k].slope, 0.12);
    }
}
END_TEST

/* Without the areas' antisymmetric part Milstein falls back to order 1/2 where noise does not commute. */
static nsde_var without_areas(const nsde_step_at *at)
{
    const nsde_integrator *milstein;
    if (nsde_integrator_find("milstein", &milstein))
        return nsde_tape_fail(at->tape, "no milstein");
    nsde_step_at as = *at;
    as.A.tape = NULL;
    return milstein->record(&as);
}

static nsde_var with_areas_the_wrong_way(const nsde_step_at *at)
{
    const nsde_integrator *milstein;
    if (nsde_integrator_find("milstein", &milstein))
        return nsde_tape_fail(at->tape, "no milstein");
    nsde_step_at as = *at;
    as.A = nsde_neg(at->A);
    return milstein->record(&as);
}

START_TEST(areas_matter_where_noise_does_not_commute)
{
    nsde_var (*const records[])(const nsde_step_at *at) = {without_areas, with_areas_the_wrong_way};
    const double x0[] = {0.3, 0.45};
    for (int k = 0; k < 2; k++) {
        const nsde_integrator wrong = {
            .name = "wrong areas", .noise = NSDE_NOISE_GENERAL, .detail = NSDE_LEVY, .record = records[k]};
        const convergence c = {.definition = &crossed,
                               .integrator = &wrong,
                               .reference = "milstein",
                               .x0 = x0,
                               .coarsest = 3,
                               .finest = 8,
                               .noise = 10,
                               .paths = 1024,
                               .seed = 4242,
                               .component = 1};
        check_absolute(measure(&c).slope, 0.5, 0.1);
    }
}
END_TEST

/* Root-mean-square errors of OU from 1 at steps of 2^-6. */
START_TEST(additive_noise_by_its_numbers)
{
    const struct {
        const char *method;
        double rms;
    } all[] = {{"euler_maruyama", 0.003731297157}, {"sra1", 2.157467e-5}};
    for (int k = 0; k < 2; k++) {
        const convergence c = {.shipped = "ou",
                               .method = all[k].method,
                               .reference = "sra1",
                               .parameters = ou0_parameters,
                               .x0 = &ou0_x0,
                               .coarsest = 6,
                               .finest = 6,
                               .noise = 10,
                               .paths = 25000,
                               .seed = 11};
        check_relative(measure(&c).rms[6], all[k].rms, 0.01);
    }
}
END_TEST

void test_cases(TCase *cases)
{
    tcase_add_loop_test(cases, errors_on_geometric_brownian_motion, 0, (int)(sizeof gbm / sizeof *gbm));
    tcase_add_test(cases, wrong_milstein_fails);
    tcase_add_test(cases, calculus_taken_for_the_other_fails);
    tcase_add_test(cases, wrong_coefficients_lose_the_order);
    tcase_add_loop_test(cases, slopes_where_the_solution_is_known, 0,
                        (int)(sizeof solutions / sizeof *solutions));
    tcase_add_test(cases, additive_noise_with_a_curved_drift);
    tcase_add_test(cases, areas_matter_where_noise_does_not_commute);
    tcase_add_test(cases, additive_noise_by_its_numbers);
}
