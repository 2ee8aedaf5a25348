/* Training on transitions of models with inputs: columns of the series beside the states.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "failing.h"
#include "nsde/neural.h"
#include "nsde/text.h"
#include "nsde/train.h"

enum { N = 40, COLUMNS = 3 }; /* two states and an input */

static nsde_series *observed(bool constant)
{
    double times[N], values[N][COLUMNS];
    nsde_series *series;
    for (int k = 0; k < N; k++) {
        times[k] = 0.1 * k + 0.01 * sin(k);
        values[k][0] = cos(1.7 * k);
        values[k][1] = sin(2.3 * k) + 0.1 * k;
        values[k][2] = constant ? 1.0 : 3.0 * sin(0.4 * k * k) + 10.0;
    }
    values[7][2] = NAN; /* a row that is passed over */
    check_ok(nsde_series_create(N, COLUMNS, times, values[0], NULL, &series));
    return series;
}

static nsde_model *linear(void)
{
    nsde_model *model;
    check_ok(nsde_model_from_text(&(nsde_text_model){.drift = "a*u - x1; u*x1",
                                                     .diffusion = "1; b + 0.1*u",
                                                     .parameters = "a=0.3, b=0.5:0:",
                                                     .n_inputs = 1},
                                  &model));
    return model;
}

static nsde_transition_settings all_at_once(void)
{
    nsde_transition_settings settings = nsde_transition_settings_default();
    settings.batch = SIZE_MAX;
    settings.held_out = 0.0;
    return settings;
}

static double minus_log_normal(double gap, double variance)
{
    return 0.5 * (log(2.0 * acos(-1.0) * variance) + gap * gap / variance);
}

/* The mean over the transitions, by hand. */
static double by_hand(const nsde_series *s, const double *p)
{
    double sum = 0.0;
    size_t n = 0, last = 0;
    for (size_t k = 1; k < s->n; k++) {
        const double *x = s->values + last * COLUMNS, *next = s->values + k * COLUMNS;
        const double h = s->times[k] - s->times[last], g = p[1] + 0.1 * x[2];
        if (isnan(next[2]))
            continue;
        sum += minus_log_normal(next[0] - x[0] - (p[0] * x[2] - x[0]) * h, h) +
               minus_log_normal(next[1] - x[1] - x[2] * x[0] * h, g * g * h);
        n++;
        last = k;
    }
    return sum / (double)n;
}

START_TEST(the_density_knows_the_input_of_the_row)
{
    nsde_model *model = linear();
    nsde_series *series = observed(false);
    nsde_training training;
    const nsde_transition_settings settings = all_at_once();
    const double p[] = {0.31, 0.45};
    double loss, gradient[2];
    check_ok(nsde_training_transitions(model, series, &settings, &training));
    check_ok(training.evaluate(training.context, 0, p, &loss, gradient));
    check_relative(loss, by_hand(series, p), 1e-12);
    for (int k = 0; k < 2; k++) {
        double moved[2][2] = {{p[0], p[1]}, {p[0], p[1]}};
        moved[0][k] += 1e-5;
        moved[1][k] -= 1e-5;
        check_relative(gradient[k], (by_hand(series, moved[0]) - by_hand(series, moved[1])) / 2e-5, 1e-7);
    }
    nsde_training_destroy(&training);
    nsde_series_destroy(series);
    nsde_model_destroy(model);
}
END_TEST

START_TEST(networks_are_scaled_to_their_inputs)
{
    for (int autonomous = 0; autonomous < 2; autonomous++) {
        nsde_model *model;
        nsde_series *series = observed(false), *still = observed(true);
        const double *mean, *scale, *ignored[2];
        const size_t at = autonomous ? 2 : 3;
        check_ok(nsde_neural_create(
            &(nsde_neural_settings){
                .dim = 2, .drift = "mlp:4", .diffusion = "mlp:4", .autonomous = autonomous, .n_inputs = 1},
            &model));
        check_ok(nsde_neural_standardise(model, series));
        nsde_net_standardisation(nsde_neural_net(model, 0), &mean, &scale, &ignored[0], &ignored[1]);
        ck_assert(mean[at] > 9.0 && mean[at] < 11.0 && scale[at] > 1.5 && scale[at] < 2.8);
        ck_assert(fabs(mean[0]) < 1.0);
        check_refused(nsde_neural_standardise(model, still), NSDE_INVALID, "x3 never changes");
        nsde_series_destroy(series);
        nsde_series_destroy(still);
        nsde_model_destroy(model);
    }
}
END_TEST

static nsde_status create(void *context)
{
    nsde_training training;
    const nsde_transition_settings settings = all_at_once();
    nsde_series *series = context;
    nsde_model *model;
    nsde_status status =
        nsde_model_from_text(&(nsde_text_model){.drift = "u; 0", .diffusion = "1; 1", .n_inputs = 1}, &model);
    if (!status)
        status = nsde_training_transitions(model, series, &settings, &training);
    if (!status)
        nsde_training_destroy(&training);
    nsde_model_destroy(model);
    return status;
}

START_TEST(it_may_fail_anywhere_and_counts_columns)
{
    nsde_series *series = observed(false), *narrow;
    nsde_model *model = linear();
    nsde_training training;
    const nsde_transition_settings settings = all_at_once();
    check_failing_allocations(create, series, 8);
    check_ok(nsde_series_create(2, 2, (double[]){0.0, 1.0}, (double[]){1.0, 2.0, 3.0, 4.0}, NULL, &narrow));
    check_refused(nsde_training_transitions(model, narrow, &settings, &training), NSDE_INVALID,
                  "the series has 2 quantities and model text has 2 states and 1 inputs");
    nsde_series_destroy(narrow);
    nsde_series_destroy(series);
    nsde_model_destroy(model);
}
END_TEST

void test_cases(TCase *cases)
{
    tcase_add_test(cases, the_density_knows_the_input_of_the_row);
    tcase_add_test(cases, networks_are_scaled_to_their_inputs);
    tcase_add_test(cases, it_may_fail_anywhere_and_counts_columns);
}
