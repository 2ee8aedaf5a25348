/* What a gradient costs: counts of operations, and of bytes.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>

#include "estimate/setup.h"
#include "step/compile.h"
#include "tape/work.h"

/* ---- the choice ---- */

static void check_choice(const nsde_text_model *text, const char *expected)
{
    setup s = create(text, "x^2");
    s.x0[0] = 0.4;
    s.settings.run.steps = 5;
    s.settings.run.paths = 20;
    nsde_gradient_estimate *e = run(&s, "auto");
    ck_assert_msg(strcmp(e->method->name, expected) == 0, "%s", e->note);
    ck_assert(strstr(e->note, "by a count of operations") != NULL);
    nsde_estimate_destroy(e);
    destroy(&s);
}

START_TEST(few_derivatives_forward_many_back)
{
    check_choice(&(nsde_text_model){.drift = "-x", .diffusion = "0.3"}, "forward");
    check_choice(&(nsde_text_model){.drift = "a + b*x + c*x^2 + d*x^3 + q*x^4",
                                    .diffusion = "s",
                                    .parameters = "a=0.1, b=0.1, c=0.1, d=0.1, q=-0.1, s=0.3"},
                 "reverse");
    check_choice(&(nsde_text_model){.drift = "mlp(3)", .diffusion = "0.3"}, "reverse");
}
END_TEST

/* ---- reverse costs a few forward runs, however many parameters there are ---- */

/* sum_k p_k sin(k x): one parameter a term. */
static nsde_var series(const nsde_at *at)
{
    nsde_var sum = nsde_real(at->tape, 0.0);
    for (size_t k = 0; k < nsde_rows(at->p); k++)
        sum = nsde_add(sum, nsde_mul(nsde_row(at->p, k), nsde_sin(nsde_mul_real(at->x, (double)k + 1.0))));
    return sum;
}

/* Operations there and back over those there, of a step. */
static double ratio_of(size_t parameters, bool forward)
{
    nsde_model *model;
    nsde_program *step;
    const nsde_integrator *scheme;
    const nsde_parameter_definition p = {"p", "factors", -INFINITY, INFINITY, 0.1, parameters};
    check_ok(nsde_model_create(
        &(nsde_model_definition){
            .name = "series", .dim = 1, .parameters = &p, .n_parameters = 1, .drift = series},
        &model));
    check_ok(nsde_integrator_find("euler_maruyama", &scheme));
    check_ok(nsde_step_compile(scheme, model, &(nsde_step_options){0}, &step));
    const double once = nsde_program_work(step, NSDE_FORWARD), all = nsde_program_work(step, NSDE_REVERSE);
    ck_assert(once >= 8.0 * (double)parameters); /* the sines, at least */
    nsde_program_destroy(step);
    nsde_model_destroy(model);
    return forward ? once : all / once;
}

START_TEST(reverse_costs_a_few_runs)
{
    const double few = ratio_of(5, false), some = ratio_of(50, false), many = ratio_of(500, false);
    ck_assert(few > 1.2 && some > 1.2 && many > 1.2);
    ck_assert(few < 5.0 && some < 5.0 && many < 5.0);
    check_relative(many, some, 0.05);
    ck_assert(ratio_of(50, true) > 9.0 * ratio_of(5, true)); /* the count counts */
}
END_TEST

/* ---- bytes ---- */

static size_t bytes_of(const setup *s, size_t steps, size_t snapshots, size_t *state)
{
    nsde_gradient *engine;
    nsde_gradient_settings settings = s->settings.run;
    settings.steps = steps;
    settings.snapshots = snapshots;
    settings.keep = NSDE_KEEP_BINOMIAL;
    settings.threads = 1;
    settings.paths = 16;
    check_ok(nsde_gradient_create(s->model, &s->loss, &settings, &engine));
    const nsde_gradient_info info = nsde_gradient_describe(engine);
    *state = info.panel * nsde_model_describe(s->model)->dim * sizeof(double);
    nsde_gradient_destroy(engine);
    return info.bytes;
}

/* 20 states for 10^5 steps, beside what one step needs with its one state. */
START_TEST(snapshots_are_all_that_is_kept)
{
    size_t state;
    setup s = create(&(nsde_text_model){.drift = "x2 - k*x1; -sin(x1)",
                                        .diffusion = "s*x1; s",
                                        .parameters = "k=0.8, s=0.5"},
                     "x1^2");
    const size_t one = bytes_of(&s, 1, 1, &state), all = bytes_of(&s, 100000, 20, &state);
    ck_assert(state == 16 * 2 * sizeof(double));
    const size_t numbers = 20 * sizeof(size_t) + 64, noise = 32 * 1024; /* of the states; drawn ahead */
    ck_assert_msg(all - one <= 20 * state + numbers + noise, "%zu bytes for 1 step, %zu for 100000", one,
                  all);
    ck_assert(bytes_of(&s, 100000, 2000, &state) > one + 1900 * state);
    destroy(&s);
}
END_TEST

void test_cases(TCase *cases)
{
    tcase_add_test(cases, few_derivatives_forward_many_back);
    tcase_add_test(cases, reverse_costs_a_few_runs);
    tcase_add_test(cases, snapshots_are_all_that_is_kept);
}
