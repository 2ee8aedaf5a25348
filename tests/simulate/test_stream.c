/* Paths in files, as they are simulated: the bytes of those that are stored first.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdlib.h>

#include "failing.h"
#include "io/scratch.h"
#include "nsde/statistics.h"
#include "nsde/text.h"
#include "resident.h"

static nsde_model *two_states(void)
{
    nsde_model *model;
    check_ok(nsde_model_from_text(&(nsde_text_model){.drift = "-x1; x1 - x2", .diffusion = "0.5; 0.1*x2"},
                                  &model));
    return model;
}

static const double x0[] = {1.0, -0.5};

static nsde_simulate_settings settings_of(size_t paths)
{
    nsde_simulate_settings settings = nsde_simulate_settings_default();
    settings.paths = paths;
    settings.first_path = 7;
    settings.steps = 9;
    settings.save_every = 4;
    return settings;
}

static size_t contents(scratch *place, const char *name, char **bytes)
{
    enum { SIZE = 1 << 20 };
    *bytes = malloc(SIZE);
    ck_assert_ptr_nonnull(*bytes);
    return scratch_read(place, name, *bytes, SIZE);
}

static bool same_file(scratch *place, const char *a, const char *b)
{
    char *one, *other;
    const size_t n = contents(place, a, &one), m = contents(place, b, &other);
    ck_assert_uint_gt(n, 1000);
    const bool same = n == m && memcmp(one, other, n) == 0;
    free(one);
    free(other);
    return same;
}

START_TEST(the_bytes_are_those_of_a_stored_simulation)
{
    const char *const names[] = {"a.csv", "b.csv", "a.npy", "b.npy"};
    nsde_model *model = two_states();
    scratch place = scratch_open();
    nsde_simulate_settings settings = settings_of(2385);
    nsde_simulation *simulation;
    size_t failed = 99;
    check_ok(nsde_simulate(model, NULL, x0, &settings, &simulation));
    for (int kind = 0; kind < 4; kind += 2) {
        check_ok(nsde_simulation_write(simulation, 7, scratch_path(&place, names[kind])));
        for (settings.threads = 1; settings.threads <= 4; settings.threads++) {
            check_ok(nsde_simulate_to_file(model, NULL, x0, &settings, scratch_path(&place, names[kind + 1]),
                                           &failed));
            ck_assert_uint_eq(failed, 0);
            ck_assert(same_file(&place, names[kind], names[kind + 1]));
        }
        settings.first_path = 8; /* the control */
        check_ok(
            nsde_simulate_to_file(model, NULL, x0, &settings, scratch_path(&place, names[kind + 1]), NULL));
        ck_assert(!same_file(&place, names[kind], names[kind + 1]));
        settings.first_path = 7;
    }
    ck_assert_uint_eq(scratch_count(&place, false), 4); /* nothing temporary is left */
    nsde_simulation_destroy(simulation);
    scratch_close(&place);
    nsde_model_destroy(model);
}
END_TEST

/* Paths beyond 2 leave the finite numbers: the file has them missing, or there is none. */
START_TEST(paths_that_fail)
{
    nsde_model *model;
    nsde_simulation *simulation;
    scratch place = scratch_open();
    nsde_simulate_settings settings = settings_of(3000);
    size_t failed = 0;
    settings.t1 = 3.0;
    check_ok(nsde_model_from_text(
        &(nsde_text_model){.drift = "select(x - 2, exp(1000*x), -x)", .diffusion = "1"}, &model));
    check_refused(nsde_simulate_to_file(model, NULL, x0, &settings, scratch_path(&place, "a.csv"), NULL),
                  NSDE_DIVERGED, "left the finite numbers");
    ck_assert_uint_eq(scratch_count(&place, false), 0);
    settings.on_failure = NSDE_DROP;
    check_ok(nsde_simulate(model, NULL, x0, &settings, &simulation));
    check_ok(nsde_simulation_write(simulation, 7, scratch_path(&place, "a.csv")));
    check_ok(nsde_simulate_to_file(model, NULL, x0, &settings, scratch_path(&place, "b.csv"), &failed));
    ck_assert(failed > 0 && failed == simulation->n_failed);
    ck_assert(same_file(&place, "a.csv", "b.csv"));
    nsde_simulation_destroy(simulation);
    scratch_close(&place);
    nsde_model_destroy(model);
}
END_TEST

START_TEST(what_cannot_be_written_is_refused)
{
    nsde_model *model = two_states();
    const nsde_simulate_settings settings = settings_of(3);
    check_refused(nsde_simulate_to_file(model, NULL, x0, &settings, "/nowhere/a.npy", NULL), NSDE_IO,
                  "nowhere");
    check_refused(nsde_simulate_to_file(model, NULL, x0, &settings, NULL, NULL), NSDE_INVALID, "file");
    check_refused(nsde_simulate_to_file(model, NULL, x0, NULL, "a.npy", NULL), NSDE_INVALID, "settings");
    check_refused(nsde_simulation_write(NULL, 0, "a.npy"), NSDE_INVALID, "simulation");
    nsde_model_destroy(model);
}
END_TEST

typedef struct attempt {
    nsde_model *model;
    nsde_simulate_settings settings;
    const char *path;
} attempt;

static nsde_status write_file(void *context)
{
    const attempt *a = context;
    return nsde_simulate_to_file(a->model, NULL, x0, &a->settings, a->path, NULL);
}

START_TEST(it_may_fail_anywhere)
{
    attempt a = {two_states(), settings_of(4000), NULL};
    scratch place = scratch_open();
    a.settings.threads = 2;
    a.path = scratch_path(&place, "a.npy");
    check_failing_allocations(write_file, &a, 10);
    a.path = scratch_path(&place, "a.csv");
    check_failing_allocations(write_file, &a, 10);
    scratch_close(&place);
    nsde_model_destroy(a.model);
}
END_TEST

START_TEST(many_paths_take_no_more_memory)
{
    enum { MIB = 1 << 20 };
    attempt a = {two_states(), settings_of(5000), "/dev/null"};
    a.settings.threads = 1;
    check_ok(write_file(&a));
    const size_t few = resident_bytes();
    a.settings.paths = 60000; /* 6 MiB of states, were they kept */
    check_ok(write_file(&a));
    const size_t many = resident_bytes();
    ck_assert_msg(many < few + MIB, "%zu bytes more", many - few);
    nsde_model_destroy(a.model);
}
END_TEST

void test_cases(TCase *cases)
{
    tcase_add_test(cases, the_bytes_are_those_of_a_stored_simulation);
    tcase_add_test(cases, paths_that_fail);
    tcase_add_test(cases, what_cannot_be_written_is_refused);
    tcase_add_test(cases, it_may_fail_anywhere);
    tcase_add_test(cases, many_paths_take_no_more_memory);
}
