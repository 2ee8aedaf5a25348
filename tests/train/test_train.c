/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "harness.h"
#include "io/scratch.h"
#include "parabola.h"
#include "train/order.h"

START_TEST(the_minimum_is_found)
{
    parabola q = {0};
    const nsde_training t = parabola_training(&q);
    const nsde_train_settings s = parabola_settings();
    nsde_train_result r;
    double p[DIM] = {0.0, 0.0};
    check_ok(nsde_train_run(&t, &s, p, &r));
    for (size_t i = 0; i < DIM; i++)
        check_absolute(p[i], centre[i], 0.05);
    ck_assert_int_eq(r.outcome, NSDE_TRAIN_LIMIT);
    ck_assert_uint_eq(r.iterations, 400);
    ck_assert_uint_eq(q.evaluations, 400);
    ck_assert_uint_eq(r.best_iteration % 10, 0);
    ck_assert(r.best < 0.002);
}
END_TEST

START_TEST(patience_ends_and_the_best_is_kept)
{
    parabola q = {.overfit = true};
    const nsde_training t = parabola_training(&q);
    nsde_train_settings s = parabola_settings();
    nsde_train_result r;
    double p[DIM] = {0.0, 0.0}, loss;
    s.patience = 3;
    check_ok(nsde_train_run(&t, &s, p, &r));
    ck_assert_int_eq(r.outcome, NSDE_TRAIN_PATIENCE);
    ck_assert_uint_eq(r.iterations, r.best_iteration + 30);
    check_ok(parabola_validate(&q, p, &loss));
    ck_assert(loss == r.best);
    check_absolute(p[0], 0.5 * centre[0], 0.1);
}
END_TEST

static bool stop_at_25(void *context, const nsde_train_state *state)
{
    *(uint64_t *)context += 1;
    ck_assert(state->validated == (state->iteration % 10 == 0));
    ck_assert(state->held_out > 0.0);
    return state->iteration < 25;
}

/* Losses as they were written down: patience counts from the last improvement. */
static nsde_status scripted(void *context, const double *p, double *loss)
{
    static const double losses[] = {5.0, 6.0, 6.0, 4.0, 6.0, 6.0, 3.0, 3.0, 6.0, 6.0, 1.0};
    (void)p;
    *loss = losses[((parabola *)context)->looks++];
    return NSDE_OK;
}

START_TEST(patience_begins_anew_after_an_improvement)
{
    parabola q = {0};
    nsde_training t = parabola_training(&q);
    nsde_train_settings s = parabola_settings();
    nsde_train_result r;
    double p[DIM] = {0.0, 0.0};
    t.validate = scripted;
    s.patience = 3;
    check_ok(nsde_train_run(&t, &s, p, &r));
    ck_assert_int_eq(r.outcome, NSDE_TRAIN_PATIENCE);
    ck_assert_uint_eq(r.iterations, 90);
    ck_assert_uint_eq(r.best_iteration, 60);
    ck_assert(r.best == 3.0);
}
END_TEST

START_TEST(progress_is_told_and_may_cancel)
{
    parabola q = {0};
    const nsde_training t = parabola_training(&q);
    nsde_train_settings s = parabola_settings();
    nsde_train_result r;
    uint64_t calls = 0;
    double p[DIM] = {0.0, 0.0};
    s.progress = stop_at_25;
    s.progress_context = &calls;
    check_ok(nsde_train_run(&t, &s, p, &r));
    ck_assert_int_eq(r.outcome, NSDE_TRAIN_CANCELLED);
    ck_assert_uint_eq(r.iterations, 25);
    ck_assert_uint_eq(calls, 25);
}
END_TEST

START_TEST(divergence_is_an_outcome)
{
    parabola q = {.diverge_at = 30};
    const nsde_training t = parabola_training(&q);
    const nsde_train_settings s = parabola_settings();
    nsde_train_result r;
    double p[DIM] = {0.0, 0.0};
    check_ok(nsde_train_run(&t, &s, p, &r));
    ck_assert_int_eq(r.outcome, NSDE_TRAIN_DIVERGED);
    ck_assert_uint_eq(r.iterations, 29);
    ck_assert_uint_eq(r.best_iteration, 20);
    ck_assert_ptr_nonnull(strstr(nsde_error_message(), "derivative 1 is nan"));
    ck_assert(isfinite(p[0]) && p[0] > 0.0);
}
END_TEST

/* Training that makes things worse gives back the beginning. */
START_TEST(the_beginning_counts)
{
    parabola q = {0};
    const nsde_training t = parabola_training(&q);
    nsde_train_settings s = parabola_settings();
    nsde_train_result r;
    double p[DIM] = {1.5, -0.5};
    s.optimiser.rate = 40.0;
    s.optimiser.clip_norm = 1.0;
    check_ok(nsde_train_run(&t, &s, p, &r));
    ck_assert_uint_eq(r.iterations, 400);
    ck_assert_uint_eq(r.best_iteration, 0);
    ck_assert(r.best == 0.0 && p[0] == 1.5 && p[1] == -0.5);
}
END_TEST

START_TEST(nothing_is_allocated_while_training)
{
    parabola q = {0};
    const nsde_training t = parabola_training(&q);
    nsde_train_settings s = parabola_settings();
    nsde_train_result r;
    size_t made[2];
    for (int k = 0; k < 2; k++) {
        double p[DIM] = {0.0, 0.0};
        s.iterations = k ? 400 : 10;
        const size_t before = test_allocations();
        check_ok(nsde_train_run(&t, &s, p, &r));
        made[k] = test_allocations() - before;
    }
    ck_assert_uint_eq(made[0], made[1]);
    for (size_t k = 1;; k++) {
        double p[DIM] = {2.385, 0.0};
        test_fail_allocation(k);
        const nsde_status status = nsde_train_run(&t, &s, p, &r);
        const bool failed = test_allocation_failed();
        test_fail_allocation(0);
        if (!failed)
            break;
        ck_assert_int_eq(status, NSDE_NO_MEMORY);
        ck_assert(p[0] == 2.385);
    }
}
END_TEST

START_TEST(bad_settings_are_refused)
{
    parabola q = {0};
    nsde_training t = parabola_training(&q);
    nsde_train_settings s = parabola_settings();
    nsde_train_result r;
    double p[DIM] = {0.0, NAN};
    check_refused(nsde_train_run(&t, &s, p, &r), NSDE_INVALID, "parameter 1 is nan");
    p[1] = 0.0;
    s.save_every = 0;
    check_refused(nsde_train_run(&t, &s, p, &r), NSDE_INVALID, "save_every");
    s = parabola_settings();
    s.patience = 2;
    t.validate = NULL;
    check_refused(nsde_train_run(&t, &s, p, &r), NSDE_INVALID, "held-out");
    s.patience = 0;
    check_ok(nsde_train_run(&t, &s, p, &r));
    ck_assert(isnan(r.best));
    check_absolute(p[0], centre[0], 0.1);
    s.checkpoint = "/nowhere/state";
    check_refused(nsde_train_run(&t, &s, p, &r), NSDE_IO, "/nowhere/state");
}
END_TEST

/* ---- simulated paths ---- */

static nsde_var moments(const nsde_loss_at *at)
{
    return nsde_square(nsde_sub(nsde_row(nsde_loss_state(at, 0), 0), nsde_real(at->tape, 1.25)));
}

/* A mean reversion of E X(1) = x0 e^-kappa + mu (1 - e^-kappa): the mean of the target is fitted, and the
 * noise shrinks as the loss is a square. */
START_TEST(paths_are_fitted_on_fresh_noise)
{
    nsde_model *model;
    nsde_training t;
    nsde_train_result r;
    const nsde_loss loss = {.record = moments};
    nsde_gradient_settings g = nsde_gradient_settings_default();
    nsde_train_settings s = parabola_settings();
    const double x0 = 0.5;
    double p[3] = {0.8, 0.5, 0.3}, a, b, gradient[3], other[3];
    g.steps = 20;
    g.paths = 64;
    check_ok(nsde_model_open("ou", &model));
    check_ok(nsde_training_paths(model, &loss, &g, &x0, &t));
    check_ok(t.evaluate(t.context, 0, p, &a, gradient));
    check_ok(t.evaluate(t.context, 64, p, &b, other));
    ck_assert(a != b);
    check_ok(t.validate(t.context, p, &b));
    check_ok(t.evaluate(t.context, 0, p, &b, other));
    ck_assert(a == b);
    ck_assert_mem_eq(gradient, other, sizeof other);
    s.iterations = 300;
    s.optimiser.rate = 0.03;
    check_ok(nsde_train_run(&t, &s, p, &r));
    scratch place = scratch_open();
    s.checkpoint = scratch_path(&place, "state");
    s.optimiser.horizon = 300;
    for (s.iterations = 101; s.iterations <= 300; s.iterations += 199) { /* in two runs */
        other[0] = 0.8, other[1] = 0.5, other[2] = 0.3;
        check_ok(nsde_train_run(&t, &s, other, &r));
    }
    ck_assert_uint_eq(r.resumed, 101);
    ck_assert_mem_eq(p, other, sizeof p);
    scratch_close(&place);
    ck_assert(p[0] > 0.0 && p[2] > 0.0 && p[2] < 0.05);
    check_absolute(x0 * exp(-p[0]) + p[1] * (1.0 - exp(-p[0])), 1.25, 0.05);
    nsde_training_destroy(&t);
    nsde_model_destroy(model);
}
END_TEST

/* The squared distances of mean and variance from 1.25 and 0.2. */
static nsde_status of_ensemble(void *context, const nsde_ensemble *e, double *loss, double *adjoint)
{
    const double n = (double)e->n_paths;
    double mean = 0.0, variance = 0.0;
    (void)context;
    for (size_t i = 0; i < e->n_paths; i++)
        mean += e->states[i] / n;
    for (size_t i = 0; i < e->n_paths; i++)
        variance += (e->states[i] - mean) * (e->states[i] - mean) / n;
    *loss = (mean - 1.25) * (mean - 1.25) + (variance - 0.2) * (variance - 0.2);
    for (size_t i = 0; i < e->n_paths; i++)
        adjoint[i] = 2.0 * (mean - 1.25) / n + 4.0 * (variance - 0.2) * (e->states[i] - mean) / n;
    return NSDE_OK;
}

/* L-BFGS on given noise: to the minimum of the sample average, within the bounds, in runs that are cut short
 * or in one. */
START_TEST(given_noise_is_searched_to_the_end)
{
    nsde_model *model;
    nsde_brownian *noise;
    nsde_training t;
    nsde_train_result r;
    const nsde_loss loss = {.ensemble = of_ensemble};
    nsde_gradient_settings g = nsde_gradient_settings_default();
    nsde_train_settings s = nsde_train_settings_default();
    const double x0 = 0.5;
    double p[3] = {0.8, 0.5, 0.05}, other[3], a, b, gradient[3];
    g.steps = 20;
    g.paths = 64;
    check_ok(nsde_brownian_grid(5, 1, &noise));
    check_ok(nsde_model_open("ou", &model));
    check_ok(nsde_optimiser_find("l-bfgs", &s.method));
    check_ok(nsde_training_paths(model, &loss, &g, &x0, &t));
    check_refused(nsde_train_run(&t, &s, p, &r), NSDE_INVALID, "lbfgs needs an objective");
    nsde_training_destroy(&t);
    g.noise = noise;
    check_ok(nsde_training_paths(model, &loss, &g, &x0, &t));
    check_ok(t.evaluate(t.context, 0, p, &a, gradient));
    check_ok(t.evaluate(t.context, 64, p, &b, gradient));
    ck_assert(a == b && a > 0.01);
    check_ok(t.validate(t.context, p, &b));
    ck_assert(a != b);
    t.validate = NULL;
    s.iterations = 200;
    check_ok(nsde_train_run(&t, &s, p, &r));
    ck_assert_int_eq(r.outcome, NSDE_TRAIN_CONVERGED);
    ck_assert_uint_le(r.iterations, 60);
    check_ok(t.evaluate(t.context, 0, p, &a, gradient));
    ck_assert(r.loss == a && a < 1e-14 && p[2] > 0.0);
    scratch place = scratch_open();
    s.checkpoint = scratch_path(&place, "state");
    for (s.iterations = 3; s.iterations <= 200; s.iterations += 4) {
        other[0] = 0.8, other[1] = 0.5, other[2] = 0.05;
        check_ok(nsde_train_run(&t, &s, other, &r));
    }
    ck_assert_mem_eq(p, other, sizeof p);
    scratch_close(&place);
    s.checkpoint = NULL;
    s.optimiser.clip_norm = 1.0;
    check_refused(nsde_train_run(&t, &s, p, &r), NSDE_INVALID, "clip_norm");
    nsde_training_destroy(&t);
    nsde_model_destroy(model);
    nsde_brownian_destroy(noise);
}
END_TEST

/* ---- the order of samples ---- */

START_TEST(every_pass_meets_every_sample_once)
{
    const uint64_t sizes[] = {1, 2, 3, 5, 16, 17, 100, 1000};
    for (size_t k = 0; k < sizeof sizes / sizeof *sizes; k++) {
        const uint64_t n = sizes[k];
        size_t same = 0, still = 0;
        uint64_t before[1000] = {0};
        for (uint64_t pass = 0; pass < 4; pass++) {
            bool seen[1000] = {false};
            for (uint64_t i = 0; i < n; i++) {
                const uint64_t at = nsde_order(31, n, pass * n + i);
                ck_assert(at < n && !seen[at]);
                seen[at] = true;
                still += at == i;
                same += pass && before[i] == at;
                before[i] = at;
            }
        }
        if (n >= 100) { /* one fixed point is expected a pass, and one that the last pass had */
            ck_assert_uint_le(still, 14);
            ck_assert_uint_le(same, 12);
        }
    }
    ck_assert(nsde_order(31, 1000, 5) != nsde_order(32, 1000, 5));
}
END_TEST

void test_cases(TCase *cases)
{
    tcase_add_test(cases, the_minimum_is_found);
    tcase_add_test(cases, patience_ends_and_the_best_is_kept);
    tcase_add_test(cases, patience_begins_anew_after_an_improvement);
    tcase_add_test(cases, progress_is_told_and_may_cancel);
    tcase_add_test(cases, divergence_is_an_outcome);
    tcase_add_test(cases, the_beginning_counts);
    tcase_add_test(cases, nothing_is_allocated_while_training);
    tcase_add_test(cases, bad_settings_are_refused);
    tcase_add_test(cases, paths_are_fitted_on_fresh_noise);
    tcase_add_test(cases, given_noise_is_searched_to_the_end);
    tcase_add_test(cases, every_pass_meets_every_sample_once);
}
