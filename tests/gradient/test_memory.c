/* Memory of gradients: every allocation may fail, evaluating allocates nothing, and a loop does not grow.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "failing.h"
#include "nsde/gradient.h"
#include "nsde/neural.h"
#include "resident.h"

static nsde_var squared_distance(const nsde_loss_at *at)
{
    nsde_var sum = nsde_real(at->tape, 0.0);
    for (size_t k = 0; k < at->n_times; k++)
        sum = nsde_add(sum, nsde_sum(nsde_square(nsde_sub(nsde_loss_state(at, k), nsde_row(at->data, 0)))));
    return sum;
}

static nsde_status ensemble_mean(void *context, const nsde_ensemble *e, double *loss, double *adjoint)
{
    (void)context;
    *loss = 0.0;
    for (size_t i = 0; i < e->n_times * e->dim * e->n_paths; i++) {
        *loss += e->states[i] / (double)e->n_paths;
        adjoint[i] = 1.0 / (double)e->n_paths;
    }
    return NSDE_OK;
}

static const double target = 0.3;
static const nsde_loss distance = {.record = squared_distance, .data = &target, .n_data = 1},
                       mean = {.ensemble = ensemble_mean};
static const size_t observe[] = {3, 11};

static nsde_gradient_settings small(void)
{
    nsde_gradient_settings settings = nsde_gradient_settings_default();
    settings.steps = 11;
    settings.paths = 40;
    settings.observe = observe;
    settings.n_observe = 2;
    settings.threads = 1;
    return settings;
}

static const double ou_p[] = {0.7, 0.3, 0.2}, ou_x0 = 0.25;

/* ---- creation ---- */

static nsde_status create_neural(void *context)
{
    nsde_model *model;
    const nsde_status status = nsde_neural_create(context, &model);
    ck_assert((model == NULL) == (status != NSDE_OK));
    nsde_model_destroy(model);
    return status;
}

START_TEST(a_neural_model_may_fail_anywhere)
{
    nsde_neural_settings settings = {.name = "mine", .dim = 2, .drift = "mlp:4,3", .diffusion = "mlp:3"};
    check_failing_allocations(create_neural, &settings, 15);
    settings.full = true;
    settings.autonomous = true;
    check_failing_allocations(create_neural, &settings, 15);
}
END_TEST

static nsde_status create_in_single(void *context)
{
    const nsde_gradient_settings *settings = context;
    const nsde_neural_settings nets = {.dim = 2, .drift = "mlp:4,3", .diffusion = "mlp:3"};
    nsde_model *model;
    nsde_gradient *engine = NULL;
    nsde_status status = nsde_neural_create(&nets, &model);
    if (!status)
        status = nsde_gradient_create(model, &distance, settings, &engine);
    ck_assert((engine == NULL) == (status != NSDE_OK));
    nsde_gradient_destroy(engine);
    nsde_model_destroy(model);
    return status;
}

START_TEST(an_engine_in_single_precision_may_fail_anywhere)
{
    nsde_gradient_settings settings = small();
    settings.precision = NSDE_SINGLE;
    check_failing_allocations(create_in_single, &settings, 40);
}
END_TEST

typedef struct creation {
    const nsde_loss *loss;
    nsde_gradient_settings settings;
} creation;

static nsde_status create_and_evaluate(void *context)
{
    const creation *c = context;
    nsde_model *model;
    nsde_gradient *engine = NULL;
    double gradient[3];
    nsde_status status = nsde_model_open("ou", &model);
    if (!status)
        status = nsde_gradient_create(model, c->loss, &c->settings, &engine);
    ck_assert((engine == NULL) == (status != NSDE_OK));
    if (!status)
        status = nsde_gradient_evaluate(engine, &(nsde_gradient_point){.parameters = ou_p, .x0 = &ou_x0},
                                        &(nsde_gradient_result){.parameters = gradient});
    nsde_gradient_destroy(engine);
    nsde_model_destroy(model);
    return status;
}

START_TEST(an_engine_may_fail_anywhere)
{
    for (int keep = NSDE_KEEP_AUTO; keep <= NSDE_KEEP_BINOMIAL; keep++)
        for (int threads = 1; threads <= 2; threads++)
            for (int ensemble = 0; ensemble < 2; ensemble++) {
                creation c = {ensemble ? &mean : &distance, small()};
                c.settings.keep = (nsde_keep)keep;
                c.settings.threads = threads;
                c.settings.paths = 3000;
                check_failing_allocations(create_and_evaluate, &c, 20);
            }
}
END_TEST

/* ---- evaluation ---- */

START_TEST(evaluation_allocates_nothing)
{
    for (int keep = NSDE_KEEP_ROWS; keep <= NSDE_KEEP_BINOMIAL; keep++)
        for (int ensemble = 0; ensemble < 2; ensemble++) {
            nsde_gradient_settings settings = small();
            nsde_model *model;
            nsde_gradient *engine;
            double loss, gradient[3], x0_adjoint;
            settings.keep = (nsde_keep)keep;
            settings.paths = 3000;
            check_ok(nsde_model_open("ou", &model));
            const size_t start = test_allocations();
            check_ok(nsde_gradient_create(model, ensemble ? &mean : &distance, &settings, &engine));
            const size_t before = test_allocations();
            for (int i = 0; i < 3; i++) {
                nsde_gradient_set_noise(engine, 2385, (uint64_t)(3000 * i));
                check_ok(nsde_gradient_evaluate(
                    engine, &(nsde_gradient_point){.parameters = ou_p, .x0 = &ou_x0},
                    &(nsde_gradient_result){.loss = &loss, .parameters = gradient, .x0 = &x0_adjoint}));
            }
            ck_assert_uint_eq(test_allocations(), before);
            ck_assert_uint_gt(before, start); /* the counter counts */
            nsde_gradient_destroy(engine);
            nsde_model_destroy(model);
        }
}
END_TEST

START_TEST(a_loop_of_gradients_does_not_grow)
{
    enum { WARM = 10, LOOP = 100000 };
    const nsde_gradient_settings settings = small();
    nsde_model *model;
    nsde_gradient *engine;
    double gradient[3];
    size_t before = 0, failures = 0; /* looked at afterwards, for a check allocates */
    check_ok(nsde_model_open("ou", &model));
    check_ok(nsde_gradient_create(model, &distance, &settings, &engine));
    for (int i = 0; i < LOOP; i++) {
        if (i == WARM)
            before = resident_bytes();
        nsde_gradient_set_noise(engine, (uint64_t)i, 0);
        failures += NSDE_OK !=
                    nsde_gradient_evaluate(engine, &(nsde_gradient_point){.parameters = ou_p, .x0 = &ou_x0},
                                           &(nsde_gradient_result){.parameters = gradient});
    }
    const size_t after = resident_bytes();
    ck_assert_uint_eq(failures, 0);
    /* room for pages of code that come in meanwhile; 6 bytes lost at each turn would be seen */
    ck_assert_msg(after <= before + (1 << 20), "%zu bytes more", after - before);
    nsde_gradient_destroy(engine);
    nsde_model_destroy(model);
}
END_TEST

/* The same with an engine made and unmade each time. Address sanitizers keep freed memory; they see leaks. */
#ifndef __SANITIZE_ADDRESS__
START_TEST(a_loop_of_engines_does_not_grow)
{
    enum { WARM = 50, LOOP = 2000 };
    creation c = {&distance, small()};
    size_t before = 0;
    for (int i = 0; i < LOOP; i++) {
        if (i == WARM)
            before = resident_bytes();
        check_ok(create_and_evaluate(&c));
    }
    const size_t after = resident_bytes();
    ck_assert_msg(after <= before + (1 << 20), "%zu bytes more", after - before);
}
END_TEST
#endif

void test_cases(TCase *cases)
{
    tcase_add_test(cases, a_neural_model_may_fail_anywhere);
    tcase_add_test(cases, an_engine_in_single_precision_may_fail_anywhere);
    tcase_add_test(cases, an_engine_may_fail_anywhere);
    tcase_add_test(cases, evaluation_allocates_nothing);
    tcase_add_test(cases, a_loop_of_gradients_does_not_grow);
#ifndef __SANITIZE_ADDRESS__
    tcase_add_test(cases, a_loop_of_engines_does_not_grow);
#endif
}
