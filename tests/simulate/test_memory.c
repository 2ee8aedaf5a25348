/* Memory of simulations: every allocation may fail, and many steps take no more than few.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdlib.h>

#include "failing.h"
#include "nsde/fit.h"
#include "nsde/simulate.h"
#include "resident.h"

static const double p[] = {0.7, 0.3, 0.2}, x0 = 0.25;

static nsde_status simulate(void *context)
{
    const nsde_simulate_settings *settings = context;
    nsde_model *model;
    nsde_simulation *simulation = NULL;
    nsde_status status = nsde_model_open("ou", &model);
    if (!status)
        status = nsde_simulate(model, p, &x0, settings, &simulation);
    ck_assert((simulation == NULL) == (status != NSDE_OK));
    nsde_simulation_destroy(simulation);
    nsde_model_destroy(model);
    return status;
}

START_TEST(a_simulation_may_fail_anywhere)
{
    nsde_simulate_settings settings = nsde_simulate_settings_default();
    settings.paths = 2000;
    settings.steps = 10;
    for (settings.threads = 1; settings.threads <= 3; settings.threads++)
        check_failing_allocations(simulate, &settings, 12);
}
END_TEST

/* Steps that land on times, and steps that are chosen. */
START_TEST(steps_of_their_own_may_fail_anywhere)
{
    const double observe[] = {0.1, 0.4};
    nsde_simulate_settings settings = nsde_simulate_settings_default();
    settings.paths = 100;
    settings.threads = 1;
    settings.observe_times = observe;
    settings.n_observe = 2;
    check_failing_allocations(simulate, &settings, 12);
    const nsde_adaptive adaptive = nsde_adaptive_default();
    settings.adaptive = &adaptive;
    check_failing_allocations(simulate, &settings, 12);
}
END_TEST

static nsde_status take_quantiles(void *context)
{
    const nsde_simulation *simulation = context;
    double q[2] = {2.385, 2.385};
    const nsde_status status = nsde_simulation_quantiles(simulation, 1, 0, 2, (double[]){0.25, 0.75}, q);
    ck_assert(!status || q[0] == 2.385);
    return status;
}

START_TEST(quantiles_may_fail_anywhere)
{
    nsde_simulate_settings settings = nsde_simulate_settings_default();
    nsde_model *model;
    nsde_simulation *simulation;
    settings.paths = 20;
    check_ok(nsde_model_open("ou", &model));
    check_ok(nsde_simulate(model, p, &x0, &settings, &simulation));
    check_failing_allocations(take_quantiles, simulation, 1);
    nsde_simulation_destroy(simulation);
    nsde_model_destroy(model);
}
END_TEST

static nsde_status read_and_forecast(void *context)
{
    nsde_csv_settings csv = nsde_csv_settings_default();
    nsde_forecast_settings settings = nsde_forecast_settings_default();
    nsde_model *model;
    nsde_series *series = NULL;
    nsde_forecast *forecast = NULL;
    (void)context;
    csv.values = (const char *const[]){"percent"};
    csv.n_values = 1;
    csv.time = "date";
    csv.scale = 0.01;
    settings.paths = 50;
    settings.steps = 10;
    settings.times = 5;
    settings.threads = 2;
    nsde_status status = nsde_model_open("ou", &model);
    if (!status)
        status = nsde_series_read_csv(NSDE_EXAMPLE_DATA "/fedfunds_monthly.csv", &csv, &series);
    ck_assert(series || status);
    if (!status)
        status = nsde_forecast_run(model, p, series, 0, &settings, &forecast);
    ck_assert((forecast == NULL) == (status != NSDE_OK));
    nsde_forecast_destroy(forecast);
    nsde_series_destroy(series);
    nsde_model_destroy(model);
    return status;
}

/* A forecast simulates from the end of a series. */
START_TEST(a_forecast_of_a_file_may_fail_anywhere)
{
    check_failing_allocations(read_and_forecast, NULL, 30);
}
END_TEST

START_TEST(many_steps_take_no_more_memory)
{
    enum { MIB = 1 << 20 };
    nsde_simulate_settings settings = nsde_simulate_settings_default();
    settings.paths = 4;
    settings.threads = 1;
    settings.steps = 10000;
    check_ok(simulate(&settings));
    const size_t few = resident_bytes();
    settings.steps = 1000000;
    check_ok(simulate(&settings));
    const size_t many = resident_bytes();
    ck_assert_msg(many < few + MIB, "%zu bytes more", many - few);
    /* the control: states that are kept are seen */
    nsde_model *model;
    nsde_simulation *kept;
    settings.save_every = 1;
    check_ok(nsde_model_open("ou", &model));
    check_ok(nsde_simulate(model, p, &x0, &settings, &kept));
    ck_assert_uint_gt(resident_bytes(), many + 20 * MIB);
    nsde_simulation_destroy(kept);
    nsde_model_destroy(model);
}
END_TEST

void test_cases(TCase *cases)
{
    tcase_add_test(cases, a_simulation_may_fail_anywhere);
    tcase_add_test(cases, steps_of_their_own_may_fail_anywhere);
    tcase_add_test(cases, quantiles_may_fail_anywhere);
    tcase_add_test(cases, a_forecast_of_a_file_may_fail_anywhere);
    tcase_add_test(cases, many_steps_take_no_more_memory);
}
