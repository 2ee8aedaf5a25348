/* Gradients that keep nothing over time: steps undone, and the adjoint equation.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "estimate/setup.h"

static const nsde_text_model bounded = {
    .drift = "k*(m-x) + 0.3*sin(t)", .diffusion = "s*sqrt(1 + x^2)", .parameters = "k=0.7, m=0.4, s=0.5"};
static const nsde_text_model general = {.drift = "x2 - k*x1; -sin(x1)",
                                        .diffusion = "s, 0.3*x2; 0.4*x1, s*cos(x1)",
                                        .parameters = "k=0.8, s=0.5"};

static setup create_on(const nsde_text_model *text, const char *loss, const char *scheme)
{
    setup s = create(text, loss);
    s.x0[0] = 0.8;
    s.x0[1] = -0.3;
    check_ok(nsde_integrator_find(scheme, &s.settings.run.integrator));
    return s;
}

/* ---- a step back undoes a step ---- */

enum { THERE = 19 };

/* There and back on one tape; the step back is longer by `flaw`. */
static nsde_var record_there_and_back(nsde_step_at *at, nsde_var noise, double flaw)
{
    const nsde_integrator *scheme;
    check_ok(nsde_integrator_find("reversible_heun", &scheme));
    ck_assert(scheme->reversible);
    at->carried = at->x;
    for (size_t k = 0; k < 2 * THERE; k++) {
        const bool back = k >= THERE;
        const nsde_var dW = nsde_slice(noise, 2 * (back ? 2 * THERE - 1 - k : k), 2);
        at->t = nsde_real(at->tape, 0.1 * (double)(back ? 2 * THERE - k : k));
        at->h = nsde_real(at->tape, back ? -0.1 * (1.0 + flaw) : 0.1);
        at->dW = back ? nsde_neg(dW) : dW;
        const nsde_var next = nsde_step_record(scheme, at);
        at->x = nsde_slice(next, 0, 2);
        at->carried = nsde_slice(next, 2, 2);
    }
    return at->x;
}

/* How far the start is missed. */
static double missed_by(double flaw)
{
    nsde_program *program;
    nsde_workspace *w;
    setup s = create_on(&general, "x1", "reversible_heun");
    nsde_step_at at = {.model = s.model};
    double normals[2 * THERE];
    check_ok(nsde_tape_create(&at.tape));
    at.x = nsde_input(at.tape, 2);
    const nsde_var noise = nsde_input_passive(at.tape, 2 * THERE);
    at.p = nsde_model_record_parameters(s.model, at.tape);
    const nsde_var end = record_there_and_back(&at, noise, flaw);
    check_ok(nsde_program_create(at.tape, 1, &end, &program));
    check_ok(nsde_workspace_create(program, 1, NSDE_FORWARD, &w));
    const size_t stride = nsde_workspace_stride(w);
    nsde_normals(5, 0, 0, 2 * THERE, normals);
    for (size_t r = 0; r < 2 * THERE; r++)
        nsde_workspace_input(w, 1)[r * stride] = sqrt(0.1) * normals[r];
    for (size_t c = 0; c < 2; c++)
        nsde_workspace_input(w, 0)[c * stride] = s.x0[c];
    memcpy(nsde_workspace_parameters(w), s.parameters, 2 * sizeof(double));
    nsde_workspace_prepare(w);
    nsde_forward(w, 1);
    const double *x = nsde_workspace_output(w, 0);
    const double missed = hypot(x[0] - s.x0[0], x[stride] - s.x0[1]);
    nsde_workspace_destroy(w);
    nsde_program_destroy(program);
    nsde_tape_destroy(at.tape);
    destroy(&s);
    return missed;
}

START_TEST(steps_are_undone)
{
    ck_assert(missed_by(0.0) < 1e-10);
    ck_assert(missed_by(1e-4) > 1e-6);
}
END_TEST

/* ---- a linear equation, whose solution is known ---- */

static nsde_var half_the_squares(const nsde_loss_at *at)
{
    return nsde_mul_real(nsde_sum(nsde_square(at->x)), 0.5);
}

/* dX = p1 X dt + p2 X o dW, seen at .005, .01, …, .1; the loss is half the sum of squares. The solution
 * x0 exp(p1 t + p2 W) gives the derivatives sum t x^2, sum W x^2 and sum x^2 / x0. */
static void check_linear(const char *method, double p2)
{
    enum { TIMES = 20, FINE = 20, STEPS = TIMES * FINE };
    static size_t observe[TIMES];
    static double dW[STEPS];
    const nsde_loss loss = {.record = half_the_squares};
    setup s = create_on(&(nsde_text_model){.drift = "p1*x",
                                           .diffusion = "p2*x",
                                           .parameters = "p1=1.01, p2=0",
                                           .calculus = NSDE_STRATONOVICH},
                        "x", "reversible_heun");
    double W = 0.0, by[3] = {0.0};
    nsde_normals(3, 0, 0, STEPS, dW);
    for (size_t k = 0; k < STEPS; k++) {
        dW[k] *= sqrt(0.1 / STEPS);
        W += dW[k];
        const double t = 0.1 * (double)(k + 1) / STEPS, x = 0.5 * exp(1.01 * t + p2 * W);
        if ((k + 1) % FINE)
            continue;
        observe[k / FINE] = k + 1;
        by[0] += t * x * x;
        by[1] += W * x * x;
        by[2] += x * x / 0.5;
    }
    s.parameters[1] = p2;
    s.x0[0] = 0.5;
    s.settings.run.t1 = 0.1;
    s.settings.run.steps = STEPS;
    s.settings.run.observe = observe;
    s.settings.run.n_observe = TIMES;
    s.settings.run.paths = 1;
    nsde_brownian *noise;
    const nsde_estimator *estimator;
    nsde_gradient_estimate *e;
    check_ok(nsde_brownian_stored(1, STEPS, 1, 0.1 / STEPS, dW, &noise));
    s.settings.run.noise = noise;
    check_ok(nsde_estimator_find(method, &estimator));
    check_ok(nsde_estimate_run(estimator, &(nsde_estimate_problem){s.model, &loss, s.parameters, s.x0},
                               &s.settings, &e));
    for (size_t k = 0; k < 3; k++)
        check_relative(e->value[k], by[k], 1e-4);
    if (p2 == 0.0) { /* the first of 21 values is the start itself: x0^2 / 2 */
        check_relative(e->value[0], 0.3017074467525889, 1e-4);
        check_relative(e->value[2] + 0.5, 11.63764076453932, 1e-4);
    }
    nsde_estimate_destroy(e);
    nsde_brownian_destroy(noise);
    destroy(&s);
}

START_TEST(derivatives_of_a_linear_equation)
{
    const char *const methods[] = {"reversible_heun_adjoint", "stochastic_adjoint"};
    for (int m = 0; m < 2; m++) {
        check_linear(methods[m], 0.0);
        check_linear(methods[m], 0.3);
    }
}
END_TEST

/* ---- what is undone is what was done ---- */

START_TEST(reversible_heun_is_its_own_backprop)
{
    const nsde_text_model *const models[] = {&bounded, &general};
    const size_t steps[] = {8, 10000};
    for (size_t i = 0; i < 4; i++) {
        setup s = create_on(models[i % 2], i % 2 ? "x1[0]*x2" : "x[0]*x^2 + k*x", "reversible_heun");
        const size_t observe[] = {3, steps[i / 2]};
        s.settings.run.observe = observe;
        s.settings.run.n_observe = 2;
        s.settings.run.steps = steps[i / 2];
        s.settings.run.paths = 2;
        nsde_gradient_estimate *a = run(&s, "reversible_heun_adjoint"), *b = run(&s, "reverse");
        for (size_t k = 0; k < a->n; k++)
            check_relative(a->value[k], b->value[k], 1e-9);
        ck_assert(a->loss == b->loss);
        nsde_estimate_destroy(a);
        a = run(&s, "stochastic_adjoint"); /* which is not */
        ck_assert(fabs(a->value[0] - b->value[0]) > 1e-7 * fabs(b->value[0]));
        nsde_estimate_destroy(a);
        nsde_estimate_destroy(b);
        destroy(&s);
    }
}
END_TEST

START_TEST(memory_does_not_grow_with_the_steps)
{
    const char *const methods[] = {"reversible_heun_adjoint", "stochastic_adjoint", "reverse"};
    for (int m = 0; m < 3; m++) {
        size_t bytes[2];
        setup s = create_on(&bounded, "x^2", "reversible_heun");
        s.settings.run.paths = 4;
        for (int i = 0; i < 2; i++) {
            s.settings.run.steps = i ? 10000 : 100;
            nsde_gradient_estimate *e = run(&s, methods[m]);
            bytes[i] = e->peak_bytes;
            nsde_estimate_destroy(e);
        }
        ck_assert(m == 2 ? bytes[1] > 10 * bytes[0] : bytes[1] == bytes[0]);
        destroy(&s);
    }
}
END_TEST

/* ---- the adjoint equation ---- */

/* Root mean square over paths and derivatives of the gap between the adjoint equation and reverse mode on the
 * same paths, whose increments are sums of `factor` fine ones; reverse mode may have another model. */
static double gap(setup *s, nsde_model *other, const nsde_brownian *fine, size_t all, size_t factor)
{
    nsde_brownian *coarse;
    double sum = 0.0;
    check_ok(nsde_brownian_coarsen(fine, factor, &coarse));
    s->settings.run.noise = coarse;
    s->settings.run.steps = all / factor;
    nsde_gradient_estimate *a = run(s, "stochastic_adjoint");
    setup back = *s;
    back.model = other;
    nsde_gradient_estimate *b = run(&back, "reverse");
    const size_t n = a->n * a->n_samples;
    for (size_t i = 0; i < n; i++)
        sum += (a->samples[i] - b->samples[i]) * (a->samples[i] - b->samples[i]);
    nsde_estimate_destroy(a);
    nsde_estimate_destroy(b);
    nsde_brownian_destroy(coarse);
    return sqrt(sum / (double)n);
}

/* The order at which they meet, between steps of 1/16 and 1/256. */
static double order_of(const nsde_text_model *text, const nsde_text_model *other, const char *scheme)
{
    enum { FINE = 256 };
    nsde_brownian *fine;
    const bool one = text->drift != general.drift;
    setup s = create_on(text, one ? "x^2" : "x1^2", scheme),
          t = create_on(other, one ? "x^2" : "x1^2", scheme);
    const size_t noises = nsde_model_describe(s.model)->noise_dim;
    s.settings.run.paths = 64; /* each a sample of its own */
    s.settings.keep_samples = true;
    check_ok(nsde_brownian_grid(9, noises, &fine));
    const double rough = gap(&s, t.model, fine, FINE, 16), close = gap(&s, t.model, fine, FINE, 1);
    ck_assert(rough > 1e-6 && rough < 1.0);
    nsde_brownian_destroy(fine);
    destroy(&s);
    destroy(&t);
    return log2(rough / close) / 4.0;
}

static double order(const nsde_text_model *text, const char *scheme)
{
    return order_of(text, text, scheme);
}

START_TEST(it_converges_to_reverse_mode)
{
    const char *const first[] = {"heun", "milstein", "reversible_heun"};
    nsde_text_model scalar = bounded;
    for (int i = 0; i < 3; i++)
        for (int calculus = 0; calculus < 2; calculus++) {
            scalar.calculus = calculus ? NSDE_STRATONOVICH : NSDE_ITO;
            const double found = order(&scalar, first[i]);
            ck_assert_msg(found > 0.85 && found < 1.4, "%s: order %g", first[i], found);
        }
    ck_assert(order_of(&bounded, &scalar, "heun") < 0.2); /* negative control: calculus confused */
    check_absolute(order(&bounded, "euler_maruyama"), 0.5, 0.15);
    /* neither way knows the Levy areas: what they lack is the same */
    check_absolute(order(&general, "heun"), 1.1, 0.3);
    const nsde_text_model quiet = {.drift = "-k*x^3", .diffusion = "0*x", .parameters = "k=0.7"};
    ck_assert(order(&quiet, "heun") > 1.9);
}
END_TEST

/* ---- what does not matter, and what is refused ---- */

START_TEST(threads_and_memory)
{
    const char *const methods[] = {"reversible_heun_adjoint", "stochastic_adjoint"};
    for (int m = 0; m < 2; m++) {
        setup s = create_on(&bounded, "x^2", "reversible_heun");
        s.settings.run.paths = 500;
        s.settings.run.steps = 5;
        s.settings.run.threads = 3;
        nsde_gradient_estimate *a = run(&s, methods[m]);
        s.settings.run.threads = 1;
        nsde_gradient_estimate *b = run(&s, methods[m]);
        ck_assert(a->loss == b->loss && memcmp(a->value, b->value, a->n * sizeof *a->value) == 0);
        nsde_estimate_destroy(a);
        nsde_estimate_destroy(b);
        size_t k = 1;
        for (bool failed = true; failed; k++) {
            test_fail_allocation(k);
            const nsde_status status = attempt(&s, methods[m], &a);
            failed = test_allocation_failed();
            test_fail_allocation(0);
            ck_assert_msg(failed ? status == NSDE_NO_MEMORY && !a : status == NSDE_OK,
                          "%s, allocation %zu: %s", methods[m], k, nsde_error_message());
            nsde_estimate_destroy(a);
        }
        ck_assert(k > 20);
        destroy(&s);
    }
}
END_TEST

START_TEST(refusals)
{
    nsde_gradient_estimate *e;
    nsde_brownian *independent, *correlated;
    const double matrix[] = {1.0, 0.5, 0.5, 1.0};
    setup s = create_on(&general, "x1", "euler_maruyama");
    check_refused(attempt(&s, "reversible_heun_adjoint", &e), NSDE_UNSUPPORTED, "cannot undo its steps");
    check_ok(nsde_brownian_grid(1, 2, &independent));
    check_ok(nsde_brownian_correlate(independent, matrix, &correlated));
    s.settings.run.noise = correlated;
    check_refused(attempt(&s, "stochastic_adjoint", &e), NSDE_UNSUPPORTED, "the adjoint equation");
    nsde_brownian_destroy(correlated);
    nsde_brownian_destroy(independent);
    destroy(&s);
}
END_TEST

void test_cases(TCase *cases)
{
    tcase_add_test(cases, steps_are_undone);
    tcase_add_test(cases, derivatives_of_a_linear_equation);
    tcase_add_test(cases, reversible_heun_is_its_own_backprop);
    tcase_add_test(cases, memory_does_not_grow_with_the_steps);
    tcase_add_test(cases, it_converges_to_reverse_mode);
    tcase_add_test(cases, threads_and_memory);
    tcase_add_test(cases, refusals);
}
