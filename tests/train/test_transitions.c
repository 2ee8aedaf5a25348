/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdlib.h>

#include "core/constants.h"
#include "harness.h"
#include "nsde/fit.h"
#include "nsde/train.h"

/* A walk of `dim` states with gaps of two lengths, without meaning but fixed. */
static nsde_series *walk(size_t n, size_t dim)
{
    nsde_series *series;
    double *times = malloc(n * sizeof *times), *values = malloc(n * dim * sizeof *values);
    for (size_t k = 0; k < n; k++) {
        times[k] = k ? times[k - 1] + (k % 3 ? 0.1 : 0.25) : 0.5;
        for (size_t i = 0; i < dim; i++)
            values[k * dim + i] =
                1.5 + sin(0.7 * (double)k + (double)i) + 0.3 * cos(2.9 * (double)(k * (i + 1)));
    }
    check_ok(nsde_series_create(n, dim, times, values, NULL, &series));
    free(times);
    free(values);
    return series;
}

static nsde_transition_settings all(void)
{
    nsde_transition_settings s = nsde_transition_settings_default();
    s.batch = SIZE_MAX;
    s.held_out = 0.0;
    return s;
}

/* In one dimension it is the Euler likelihood of a fit. */
START_TEST(one_dimension_agrees_with_the_fit)
{
    const char *const names[] = {"ou", "cir", "ckls", "gbm"};
    nsde_series *series = walk(200, 1);
    series->values[50] = NAN; /* passed over by both */
    for (size_t m = 0; m < 4; m++) {
        nsde_model *model;
        nsde_likelihood *likelihood;
        nsde_training t;
        const nsde_objective *objective;
        const nsde_transition_settings s = all();
        const nsde_likelihood_settings l = nsde_likelihood_settings_default();
        const double p[] = {0.7, 1.2, 0.6, 0.8};
        double value, gradient[4], loss, mine[4];
        check_ok(nsde_model_open(names[m], &model));
        check_ok(nsde_objective_find("euler", &objective));
        check_ok(nsde_likelihood_create(model, objective, series, &l, &likelihood));
        check_ok(nsde_likelihood_evaluate(likelihood, p, &value, gradient, NULL));
        check_ok(nsde_training_transitions(model, series, &s, &t));
        ck_assert_uint_eq(t.batch, 198);
        ck_assert_ptr_null(t.validate);
        check_ok(t.evaluate(t.context, 0, p, &loss, mine));
        check_relative(loss, -value / 198.0, 1e-13);
        for (size_t i = 0; i < nsde_model_describe(model)->n_parameters; i++)
            check_close_floor(mine[i], -gradient[i] / 198.0, 1e-11, 1e-2);
        nsde_training_destroy(&t);
        nsde_likelihood_destroy(likelihood);
        nsde_model_destroy(model);
    }
    nsde_series_destroy(series);
}
END_TEST

/* ---- a full matrix in two dimensions, by hand ---- */

static nsde_var zero_drift(const nsde_at *at)
{
    return nsde_mul_real(at->x, 0.0);
}

/* [dim][3]: more noises than states. */
static nsde_var wide_diffusion(const nsde_at *at)
{
    const nsde_var x = nsde_row(at->x, 0), y = nsde_row(at->x, 1), one = nsde_real(at->tape, 1.0);
    return nsde_stack(6, (nsde_var[]){x, one, nsde_real(at->tape, 0.5), y, nsde_mul_real(x, -0.3), one});
}

static const nsde_model_definition wide = {.name = "wide",
                                           .dim = 2,
                                           .noise_dim = 3,
                                           .noise = NSDE_NOISE_GENERAL,
                                           .drift = zero_drift,
                                           .diffusion = wide_diffusion};

START_TEST(full_matrices_by_hand)
{
    const double times[] = {0.0, 0.2}, values[] = {0.8, -0.4, 1.1, 0.3};
    const double g[2][3] = {{0.8, 1.0, 0.5}, {-0.4, -0.24, 1.0}}, r[] = {0.3, 0.7};
    double S[3] = {0.0}, loss; /* g g^T h: 11, 12, 22 */
    for (int k = 0; k < 3; k++) {
        S[0] += 0.2 * g[0][k] * g[0][k];
        S[1] += 0.2 * g[0][k] * g[1][k];
        S[2] += 0.2 * g[1][k] * g[1][k];
    }
    const double det = S[0] * S[2] - S[1] * S[1];
    const double form = (S[2] * r[0] * r[0] - 2.0 * S[1] * r[0] * r[1] + S[0] * r[1] * r[1]) / det;
    nsde_series *series;
    nsde_model *model;
    nsde_training t;
    const nsde_transition_settings s = all();
    check_ok(nsde_series_create(2, 2, times, values, NULL, &series));
    check_ok(nsde_model_create(&wide, &model));
    check_ok(nsde_training_transitions(model, series, &s, &t));
    check_ok(t.evaluate(t.context, 0, NULL, &loss, NULL));
    check_relative(loss, 0.5 * (2.0 * NSDE_LOG_2PI + log(det) + form), 1e-13);
    nsde_training_destroy(&t);
    nsde_model_destroy(model);
    nsde_series_destroy(series);
}
END_TEST

/* ---- neural models ---- */

typedef struct neural {
    nsde_model *model;
    double *weights;
    size_t n;
} neural;

static neural create(size_t dim, bool full, bool autonomous, nsde_output_map map, nsde_series *series)
{
    const nsde_neural_settings settings = {.dim = dim,
                                           .drift = "mlp:5,4",
                                           .diffusion = "mlp:6:silu",
                                           .full = full,
                                           .autonomous = autonomous,
                                           .map = map,
                                           .floor = 0.01};
    neural m;
    gsl_rng *rng = gsl_rng_alloc(nsde_rng_philox);
    gsl_rng_set(rng, 2385);
    check_ok(nsde_neural_create(&settings, &m.model));
    if (series)
        check_ok(nsde_neural_standardise(m.model, series));
    m.n = nsde_model_describe(m.model)->n_parameters;
    m.weights = malloc(m.n * sizeof *m.weights);
    check_ok(nsde_neural_initialise(m.model, NSDE_INIT_GLOROT, rng, m.weights));
    for (size_t i = 0; i < m.n; i++)
        m.weights[i] += 0.2 * (gsl_rng_uniform(rng) - 0.5);
    gsl_rng_free(rng);
    return m;
}

static void destroy(neural *m)
{
    nsde_model_destroy(m->model);
    free(m->weights);
}

/* The largest difference to fourth-order central differences, over the largest derivative. */
static double worst_error(const neural *m, const nsde_training *t)
{
    double *gradient = malloc(m->n * sizeof *gradient), worst = 0.0, norm = 0.0, loss;
    check_ok(t->evaluate(t->context, 40, m->weights, &loss, gradient));
    for (size_t i = 0; i < m->n; i++)
        norm = fmax(norm, fabs(gradient[i]));
    for (size_t i = 0; i < m->n; i++) {
        const double before = m->weights[i], h = 1e-3;
        const double at[] = {-2.0, -1.0, 1.0, 2.0}, by[] = {1.0, -8.0, 8.0, -1.0};
        double difference = 0.0;
        for (int k = 0; k < 4; k++) {
            m->weights[i] = before + at[k] * h;
            check_ok(t->evaluate(t->context, 40, m->weights, &loss, NULL));
            difference += by[k] * loss / (12.0 * h);
        }
        m->weights[i] = before;
        worst = fmax(worst, fabs(gradient[i] - difference) / norm);
    }
    free(gradient);
    return worst;
}

START_TEST(all_weights_against_differences)
{
    for (int k = 0; k < 6; k++) {
        const size_t dim = k < 4 ? 2 : 3;
        nsde_series *series = walk(120, dim);
        nsde_transition_settings s = nsde_transition_settings_default();
        neural m = create(dim, k % 2, k > 1, k == 2 ? NSDE_OUTPUT_EXP : NSDE_OUTPUT_SOFTPLUS, series);
        nsde_training t;
        s.batch = 50;
        check_ok(nsde_training_transitions(m.model, series, &s, &t));
        ck_assert(worst_error(&m, &t) < 1e-8);
        nsde_training_destroy(&t);
        destroy(&m);
        nsde_series_destroy(series);
    }
}
END_TEST

/* Batches of one pass make up the whole; threads do not matter. */
START_TEST(a_pass_of_batches_is_the_whole)
{
    nsde_series *series = walk(1001, 2);
    nsde_transition_settings s = all();
    neural m = create(2, true, true, NSDE_OUTPUT_SOFTPLUS, series);
    nsde_training t;
    double whole, sum = 0.0, part, *g = calloc(3 * m.n, sizeof *g);
    s.threads = 3;
    check_ok(nsde_training_transitions(m.model, series, &s, &t));
    check_ok(t.evaluate(t.context, 0, m.weights, &whole, g));
    nsde_training_destroy(&t);
    s.threads = 1;
    check_ok(nsde_training_transitions(m.model, series, &s, &t));
    check_ok(t.evaluate(t.context, 0, m.weights, &part, g + m.n));
    ck_assert(whole == part);
    ck_assert_mem_eq(g, g + m.n, m.n * sizeof *g);
    nsde_training_destroy(&t);
    s.batch = 250;
    check_ok(nsde_training_transitions(m.model, series, &s, &t));
    double first;
    for (uint64_t position = 3000; position < 4000; position += 250) {
        check_ok(t.evaluate(t.context, position, m.weights, &part, g + m.n));
        sum += part / 4.0;
        first = part;
        for (size_t i = 0; i < m.n; i++)
            g[2 * m.n + i] += g[m.n + i] / 4.0;
    }
    ck_assert(first != whole);
    check_relative(sum, whole, 1e-13);
    for (size_t i = 0; i < m.n; i++)
        check_close_floor(g[2 * m.n + i], g[i], 1e-11, 1e-2);
    nsde_training_destroy(&t);
    free(g);
    destroy(&m);
    nsde_series_destroy(series);
}
END_TEST

START_TEST(what_is_held_out_is_the_end)
{
    nsde_series *series = walk(101, 2), *end;
    nsde_transition_settings s = nsde_transition_settings_default();
    neural m = create(2, false, true, NSDE_OUTPUT_SOFTPLUS, series);
    nsde_training t;
    double held, whole;
    s.held_out = 0.2;
    check_ok(nsde_training_transitions(m.model, series, &s, &t));
    ck_assert_uint_eq(t.batch, 80);
    check_ok(t.validate(t.context, m.weights, &held));
    nsde_training_destroy(&t);
    check_ok(nsde_series_create(21, 2, series->times + 80, series->values + 160, NULL, &end));
    s.held_out = 0.0;
    check_ok(nsde_training_transitions(m.model, end, &s, &t));
    check_ok(t.evaluate(t.context, 0, m.weights, &whole, NULL));
    check_relative(held, whole, 1e-14);
    nsde_training_destroy(&t);
    destroy(&m);
    nsde_series_destroy(end);
    nsde_series_destroy(series);
}
END_TEST

/* With all weights at 0 the diffusion is what the increments show, and the drift is 0. */
START_TEST(standardised_networks_begin_at_the_data)
{
    nsde_series *series = walk(300, 2);
    double C[2][2] = {{0.0}}, span = series->times[299] - series->times[0];
    for (size_t k = 0; k < 299; k++)
        for (int i = 0; i < 2; i++)
            for (int j = 0; j < 2; j++)
                C[i][j] += (series->values[2 * k + 2 + i] - series->values[2 * k + i]) *
                           (series->values[2 * k + 2 + j] - series->values[2 * k + j]) / span;
    for (int full = 0; full < 2; full++) {
        neural m = create(2, full, false, NSDE_OUTPUT_SOFTPLUS, series);
        double f[2], g[4];
        const double *standard[4];
        nsde_net_standardisation(nsde_neural_net(m.model, 0), &standard[0], &standard[1], &standard[2],
                                 &standard[3]);
        for (int i = 0; i < 2; i++) { /* the rate of a mean reversion with this spread and noise */
            double mean = 0.0, variance = 0.0;
            for (int k = 0; k < 299; k++)
                mean += series->values[2 * k + i] / 299.0;
            for (int k = 0; k < 299; k++)
                variance += pow(series->values[2 * k + i] - mean, 2.0) / 299.0;
            check_relative(standard[0][i], mean, 1e-12);
            check_relative(standard[1][i], sqrt(variance), 1e-12);
            check_relative(standard[3][i], C[i][i] / (2.0 * sqrt(variance)), 1e-12);
        }
        memset(m.weights, 0, m.n * sizeof *m.weights);
        check_ok(nsde_model_evaluate(m.model, m.weights, 1, (double[]){1.2, 0.7}, 3.0, NULL, f, g));
        ck_assert(f[0] == 0.0 && f[1] == 0.0);
        if (full) {
            check_relative(g[0] * g[0], C[0][0], 1e-12);
            check_relative(g[2] * g[0], C[0][1], 1e-12);
            check_relative(g[2] * g[2] + g[3] * g[3], C[1][1], 1e-12);
            ck_assert(g[1] == 0.0);
        } else {
            check_relative(g[0] * g[0], C[0][0], 1e-12);
            check_relative(g[1] * g[1], C[1][1], 1e-12);
        }
        destroy(&m);
    }
    nsde_series_destroy(series);
}
END_TEST

/* Also where a coefficient is the same at all points. */
START_TEST(coefficients_at_points)
{
    enum { N = 1000 };
    const double p[] = {0.7, 1.2, 0.6};
    double x[N], f[N], g[N];
    nsde_model *model;
    check_ok(nsde_model_open("ou", &model));
    for (int k = 0; k < N; k++)
        x[k] = 0.01 * k;
    check_ok(nsde_model_evaluate(model, p, N, x, 0.0, NULL, f, g));
    for (int k = 0; k < N; k++) {
        check_absolute(f[k], 0.7 * (1.2 - x[k]), 1e-14);
        ck_assert(g[k] == 0.6);
    }
    check_ok(nsde_model_evaluate(model, p, 0, NULL, 0.0, NULL, f, NULL));
    check_refused(nsde_model_evaluate(model, (double[]){0.7, 1.2, -1.0}, N, x, 0.0, NULL, f, g), NSDE_INVALID,
                  "sigma");
    nsde_model_destroy(model);
}
END_TEST

START_TEST(clipping_bounds_the_weights)
{
    nsde_series *series = walk(101, 2);
    nsde_transition_settings s = nsde_transition_settings_default();
    neural m = create(2, false, true, NSDE_OUTPUT_SOFTPLUS, series);
    nsde_training t;
    check_ok(nsde_training_transitions(m.model, series, &s, &t));
    t.clip = m.model;
    for (size_t i = 0; i < m.n; i++)
        m.weights[i] = 5.0;
    nsde_train_settings once = nsde_train_settings_default();
    nsde_train_result r;
    once.iterations = 1;
    once.optimiser.rate = 0.0;
    s.held_out = 0.0;
    t.validate = NULL;
    check_ok(nsde_train_run(&t, &once, m.weights, &r));
    ck_assert(m.weights[0] == 0.5 && m.weights[10] == 5.0 && m.weights[15] == 0.2);
    size_t first;
    nsde_net_block(nsde_neural_net(m.model, 1), 2, NULL, &first, NULL, NULL);
    ck_assert(m.weights[nsde_net_weights(nsde_neural_net(m.model, 0)) + first] == 1.0 / 6.0);
    nsde_training_destroy(&t);
    destroy(&m);
    nsde_series_destroy(series);
}
END_TEST

START_TEST(bad_input_is_refused)
{
    nsde_series *one = walk(50, 1), *two = walk(50, 2);
    nsde_transition_settings s = nsde_transition_settings_default();
    nsde_model *model, *ou;
    nsde_training t;
    nsde_model_definition narrow = wide;
    check_ok(nsde_model_create(&wide, &model));
    check_ok(nsde_model_open("ou", &ou));
    check_refused(nsde_training_transitions(model, one, &s, &t), NSDE_INVALID, "1 quantities");
    ck_assert_ptr_null(t.context);
    check_refused(nsde_neural_standardise(ou, one), NSDE_INVALID, "neural");
    s.batch = 0;
    check_refused(nsde_training_transitions(model, two, &s, &t), NSDE_INVALID, "batch");
    s = nsde_transition_settings_default();
    for (size_t k = 1; k < 50; k++)
        two->values[2 * k] = NAN;
    check_refused(nsde_training_transitions(model, two, &s, &t), NSDE_INVALID, "1 of 50 rows");
    nsde_model_destroy(model);
    narrow.calculus = NSDE_STRATONOVICH;
    check_ok(nsde_model_create(&narrow, &model));
    check_refused(nsde_training_transitions(model, two, &s, &t), NSDE_UNSUPPORTED, "Stratonovich");
    nsde_model_destroy(model);
    /* a state outside of the model's, and a density that is no number */
    check_ok(nsde_model_open("cir", &model));
    one->values[7] = -0.25;
    check_refused(nsde_training_transitions(model, one, &s, &t), NSDE_DOMAIN, "row 8");
    nsde_model_destroy(model);
    check_ok(nsde_training_transitions(ou, one, &s, &t));
    double loss, gradient[3];
    check_refused(t.evaluate(t.context, 0, (double[]){1.0, 1e300, 1e-10}, &loss, gradient), NSDE_DIVERGED,
                  "transition from t");
    check_refused(t.evaluate(t.context, 0, (double[]){1.0, 1.0, -1.0}, &loss, gradient), NSDE_INVALID,
                  "sigma");
    nsde_training_destroy(&t);
    nsde_model_destroy(ou);
    nsde_series_destroy(one);
    nsde_series_destroy(two);
}
END_TEST

START_TEST(memory_that_is_short_is_reported)
{
    nsde_series *series = walk(101, 2);
    neural m = create(2, true, true, NSDE_OUTPUT_SOFTPLUS, series);
    const nsde_transition_settings s = nsde_transition_settings_default();
    nsde_training t;
    for (size_t k = 1;; k++) {
        test_fail_allocation(k);
        const nsde_status status = nsde_training_transitions(m.model, series, &s, &t);
        const bool failed = test_allocation_failed();
        test_fail_allocation(0);
        if (!failed) {
            check_ok(status);
            break;
        }
        ck_assert(status == NSDE_NO_MEMORY || status == NSDE_RECORDING); /* while coefficients are recorded */
        ck_assert_ptr_nonnull(strstr(nsde_error_message(), "memory"));
        ck_assert_ptr_null(t.context);
    }
    double loss, *gradient = malloc(m.n * sizeof *gradient);
    const size_t before = test_allocations();
    check_ok(t.evaluate(t.context, 0, m.weights, &loss, gradient));
    check_ok(t.validate(t.context, m.weights, &loss));
    ck_assert_uint_eq(test_allocations(), before);
    free(gradient);
    nsde_training_destroy(&t);
    destroy(&m);
    nsde_series_destroy(series);
}
END_TEST

void test_cases(TCase *cases)
{
    tcase_add_test(cases, one_dimension_agrees_with_the_fit);
    tcase_add_test(cases, full_matrices_by_hand);
    tcase_add_test(cases, all_weights_against_differences);
    tcase_add_test(cases, a_pass_of_batches_is_the_whole);
    tcase_add_test(cases, what_is_held_out_is_the_end);
    tcase_add_test(cases, standardised_networks_begin_at_the_data);
    tcase_add_test(cases, coefficients_at_points);
    tcase_add_test(cases, clipping_bounds_the_weights);
    tcase_add_test(cases, bad_input_is_refused);
    tcase_add_test(cases, memory_that_is_short_is_reported);
}
