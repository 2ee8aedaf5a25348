/* The Hessian times a direction.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdlib.h>

#include "estimate/setup.h"

static const nsde_text_model bounded = {
    .drift = "k*(m-x) + 0.3*sin(t)", .diffusion = "s*sqrt(1 + x^2)", .parameters = "k=0.7, m=0.4, s=0.5"};

/* A loss that is quadratic in a state that is linear: Euler's own moments, without noise in them. */
START_TEST(exact_where_the_hessian_is_a_number)
{
    enum { N = 16 };
    setup s = create(
        &(nsde_text_model){.drift = "th*(mu-x)", .diffusion = "s", .parameters = "th=1, mu=1.2, s=0.3"},
        "x^2");
    const double b = 1.0 - 1.0 / N, to = pow(b, N);
    const double along_x0[] = {0.0, 0.0, 0.0, 1.0}, along_both[] = {0.0, 2.0, 0.0, -1.0};
    s.x0[0] = 2.0;
    s.settings.run.steps = N;
    s.settings.run.paths = 10;
    s.settings.direction = along_x0;
    nsde_gradient_estimate *e = run(&s, "hessian_vector");
    check_relative(e->value[3], 2.0 * to * to, 1e-13);
    check_relative(e->value[1], 2.0 * to * (1.0 - to), 1e-13);
    check_absolute(e->std_error[1], 0.0, 1e-14);
    nsde_estimate_destroy(e);
    s.settings.direction = along_both;
    e = run(&s, "hessian_vector");
    check_relative(e->value[3], 2.0 * to * (2.0 * (1.0 - to) - to), 1e-13);
    nsde_estimate_destroy(e);
    s.settings.direction = NULL;
    check_refused(attempt(&s, "hessian_vector", &e), NSDE_UNSUPPORTED, "needs a direction");
    destroy(&s);
}
END_TEST

/* E exp(X) with X = log 100 + (r - s^2 / 2) + s Z is 100 exp(r): nothing of s is left, in the mean. */
START_TEST(second_derivatives_of_an_expectation)
{
    setup s = create(
        &(nsde_text_model){.drift = "r - s^2/2", .diffusion = "s", .parameters = "r=0.05, s=0.2"}, "exp(x)");
    const double direction[] = {1.0, 1.0, 0.5};
    const double exact = 1.5 * 100.0 * exp(0.05);
    s.x0[0] = log(100.0);
    s.settings.run.paths = 20000;
    s.settings.direction = direction;
    nsde_gradient_estimate *e = run(&s, "hessian_vector");
    const double by[] = {exact, 0.0, exact}, widest[] = {1.5, 3.0, 1.5};
    for (size_t k = 0; k < 3; k++) {
        ck_assert(fabs(e->value[k] - by[k]) <= 4.0 * e->std_error[k]);
        ck_assert(e->std_error[k] < widest[k]);
    }
    ck_assert(fabs(e->loss - 100.0 * exp(0.05)) <= 4.0 * e->loss_std_error);
    ck_assert(!e->doubtful);
    nsde_estimate_destroy(e);
    destroy(&s);
    s = create(&(nsde_text_model){.drift = "r", .diffusion = "s", .parameters = "r=0.05, s=0.2"},
               "max(x, 0)");
    s.settings.direction = direction;
    e = run(&s, "hessian_vector");
    ck_assert(e->doubtful && strstr(e->note, "gradient jumps") != NULL);
    nsde_estimate_destroy(e);
    destroy(&s);
}
END_TEST

/* Every kind of scheme: carried states, space-time areas, two noises, no noise at all. */
START_TEST(agrees_with_differences_of_the_gradient)
{
    static const size_t observe[] = {4, 9};
    const nsde_text_model general = {.drift = "x2 - k*x1; -sin(x1)",
                                     .diffusion = "s, 0.3*x2; 0.4*x1, s*cos(x1)",
                                     .parameters = "k=0.8, s=0.5"};
    const struct {
        const nsde_text_model *text;
        const char *scheme;
    } rows[] = {
        {&bounded, "euler_maruyama"},  {&bounded, "milstein"},       {&bounded, "heun"}, {&bounded, "sriw1"},
        {&bounded, "reversible_heun"}, {&general, "euler_maruyama"}, {&general, "heun"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        setup s =
            create(rows[i].text, rows[i].text == &bounded ? "x[0]^2*x + exp(-k*t)*(x - m)^3" : "x1[0]*x2^2");
        double direction[6], sides[2][6], step = 1e-4;
        const size_t n = nsde_model_describe(s.model)->n_parameters, dim = nsde_model_describe(s.model)->dim;
        s.x0[0] = 0.8;
        s.x0[1] = -0.3;
        s.settings.run.paths = 70;
        s.settings.run.steps = 9;
        s.settings.run.observe = observe;
        s.settings.run.n_observe = 2;
        check_ok(nsde_integrator_find(rows[i].scheme, &s.settings.run.integrator));
        for (size_t k = 0; k < n + dim; k++)
            direction[k] = 0.4 - 0.3 * (double)k;
        s.settings.direction = direction;
        nsde_gradient_estimate *e = run(&s, "hessian_vector"), *g;
        for (int side = 0; side < 2; side++) {
            const double by = side ? 2.0 * step : -step; /* from - step to + step */
            for (size_t k = 0; k < n; k++)
                s.parameters[k] += by * direction[k];
            for (size_t c = 0; c < dim; c++)
                s.x0[c] += by * direction[n + c];
            g = run(&s, "reverse");
            memcpy(sides[side], g->value, g->n * sizeof *g->value);
            nsde_estimate_destroy(g);
        }
        for (size_t k = 0; k < e->n; k++)
            check_close_floor(e->value[k], (sides[1][k] - sides[0][k]) / (2.0 * step), 1e-6, 0.1);
        ck_assert(fabs(e->value[0]) > 1e-2);
        nsde_estimate_destroy(e);
        destroy(&s);
    }
}
END_TEST

/* ---- the remainder of Taylor's series ---- */

/* The loss, its slope along v, and v H v, of a neural model. */
typedef struct expansion {
    double loss, slope, curvature;
} expansion;

static expansion expand(const setup *s, const double *weights, const double *x0, const double *v)
{
    const nsde_estimate_problem problem = {s->model, &s->loss, weights, x0};
    const nsde_estimator *reverse, *hessian;
    nsde_gradient_estimate *g, *h;
    expansion at = {0};
    nsde_estimate_settings settings = s->settings;
    settings.direction = v;
    check_ok(nsde_estimator_find("reverse", &reverse));
    check_ok(nsde_estimator_find("hessian_vector", &hessian));
    check_ok(nsde_estimate_run(reverse, &problem, &settings, &g));
    check_ok(nsde_estimate_run(hessian, &problem, &settings, &h));
    at.loss = g->loss;
    for (size_t k = 0; k < g->n; k++) {
        at.slope += v[k] * g->value[k];
        at.curvature += v[k] * h->value[k];
    }
    check_relative(h->loss, g->loss, 1e-13);
    nsde_estimate_destroy(g);
    nsde_estimate_destroy(h);
    return at;
}

START_TEST(taylor_remainder_falls_at_slope_three)
{
    enum { FIRST = 3, LAST = 10 };
    setup s = create(&(nsde_text_model){.drift = "mlp(5)", .diffusion = "softplus(mlp(4))"}, "x^2");
    const size_t n = nsde_model_describe(s.model)->n_parameters;
    double *weights = malloc(2 * n * sizeof *weights), *v = malloc((n + 1) * sizeof *v), x0 = 0.4;
    double *moved = weights + n, rest[LAST + 1], flawed[LAST + 1];
    gsl_rng *rng = gsl_rng_alloc(nsde_rng_philox);
    check_ok(nsde_text_initialise(s.model, NSDE_INIT_GLOROT, rng, weights));
    nsde_normals(8, 0, 0, n + 1, v);
    gsl_rng_free(rng);
    s.settings.run.steps = 10;
    s.settings.run.paths = 16;
    const expansion at = expand(&s, weights, &x0, v);
    for (int i = FIRST; i <= LAST; i++) {
        const double by = ldexp(0.25, -i), moved_x0 = x0 + by * v[n];
        for (size_t k = 0; k < n; k++)
            moved[k] = weights[k] + by * v[k];
        const double gap = expand(&s, moved, &moved_x0, v).loss - at.loss - by * at.slope;
        rest[i] = fabs(gap - 0.5 * by * by * at.curvature);
        flawed[i] = fabs(gap - 0.505 * by * by * at.curvature);
    }
    const double slope = log2(rest[LAST - 4] / rest[LAST]) / 4.0;
    check_absolute(slope, 3.0, 0.05);
    ck_assert(log2(flawed[LAST - 4] / flawed[LAST]) / 4.0 < 2.5);
    free(weights);
    free(v);
    destroy(&s);
}
END_TEST

START_TEST(threads_and_memory)
{
    const double direction[] = {1.0, 0.5, -1.0, 0.2};
    setup s = create(&bounded, "x^3");
    s.x0[0] = 0.3;
    s.settings.run.paths = 500;
    s.settings.run.steps = 3;
    s.settings.run.threads = 3;
    s.settings.direction = direction;
    nsde_gradient_estimate *a = run(&s, "hessian_vector");
    s.settings.run.threads = 1;
    nsde_gradient_estimate *b = run(&s, "hessian_vector");
    ck_assert(a->loss == b->loss && memcmp(a->value, b->value, a->n * sizeof *a->value) == 0);
    nsde_estimate_destroy(a);
    nsde_estimate_destroy(b);
    size_t k = 1;
    for (bool failed = true; failed; k++) {
        test_fail_allocation(k);
        const nsde_status status = attempt(&s, "hessian_vector", &a);
        failed = test_allocation_failed();
        test_fail_allocation(0);
        ck_assert_msg(failed ? status == NSDE_NO_MEMORY && !a : status == NSDE_OK, "allocation %zu: %s", k,
                      nsde_error_message());
        nsde_estimate_destroy(a);
    }
    ck_assert(k > 20);
    destroy(&s);
}
END_TEST

void test_cases(TCase *cases)
{
    tcase_add_test(cases, exact_where_the_hessian_is_a_number);
    tcase_add_test(cases, second_derivatives_of_an_expectation);
    tcase_add_test(cases, agrees_with_differences_of_the_gradient);
    tcase_add_test(cases, taylor_remainder_falls_at_slope_three);
    tcase_add_test(cases, threads_and_memory);
}
