/* nsde simulate: the same bytes from the same seed, and every kind of bad input.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/program.h"

/* A call that is right but for what a test changes. */
#define OU_BUT_X0 "simulate", "--model", "ou", "--set", "kappa=1.2,mu=0.3,sigma=0.4"
#define OU        OU_BUT_X0, "--x0", "0.5"
#define TIMES     "--t1", "2", "--steps", "23"

static size_t contents(scratch *place, const char *name, char **bytes)
{
    enum { SIZE = 1 << 19 };
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

START_TEST(the_same_bytes_for_any_number_of_threads)
{
    scratch place = scratch_open();
    const char *const kinds[] = {"csv", "npy"};
    for (int k = 0; k < 2; k++) {
        char name[32];
        for (int threads = 1; threads <= 3; threads++) {
            char count[2] = {(char)('0' + threads), '\0'};
            snprintf(name, sizeof name, "%d.%s", threads, kinds[k]);
            program_does(nsde(OU, TIMES, "--paths", "300", "--seed", "5", "--threads", count, "--quiet",
                              "--out", scratch_path(&place, name)));
        }
        snprintf(name, sizeof name, "other.%s", kinds[k]);
        program_does(
            nsde(OU, TIMES, "--paths", "300", "--seed", "6", "--quiet", "--out", scratch_path(&place, name)));
        ck_assert(same_file(&place, k ? "1.npy" : "1.csv", k ? "2.npy" : "2.csv"));
        ck_assert(same_file(&place, k ? "1.npy" : "1.csv", k ? "3.npy" : "3.csv"));
        ck_assert(!same_file(&place, k ? "1.npy" : "1.csv", name));
    }
    ck_assert_uint_eq(scratch_count(&place, false), 8);
    scratch_close(&place);
}
END_TEST

/* Paths 137 … 139 of 300, on their own, are the same lines. */
START_TEST(some_paths_are_replayed)
{
    scratch place = scratch_open();
    char *all, *some;
    program_does(nsde(OU, TIMES, "--paths", "300", "--seed", "5", "--quiet", "--out",
                      scratch_path(&place, "all.csv")));
    program_does(nsde(OU, TIMES, "--paths", "3", "--first-path", "137", "--seed", "5", "--quiet", "--out",
                      scratch_path(&place, "some.csv")));
    contents(&place, "all.csv", &all);
    contents(&place, "some.csv", &some);
    ck_assert_int_eq(strncmp(some, "path,t,x\n137,0,0.5\n", 19), 0);
    const char *const lines = strchr(some, '\n'), *const last = strstr(all, "\n140,0,");
    ck_assert_ptr_nonnull(strstr(all, lines)); /* from the first newline to the last */
    ck_assert(strstr(all, lines) + strlen(lines) == last + 1);
    size_t rows = 0;
    for (const char *c = lines; *c; c++)
        rows += *c == '\n';
    ck_assert_uint_eq(rows, 1 + 3 * 24);
    free(all);
    free(some);
    scratch_close(&place);
}
END_TEST

/* The mean of 40000 paths lies within 5 standard errors of the scheme's exact mean, and of no other. */
START_TEST(the_table_has_the_right_mean)
{
    const program_run *run = program_does(nsde(OU, TIMES, "--paths", "40000"));
    const char *const last = strrchr(strstr(run->out, "\n"), '\n');
    double t, mean, error, deviation;
    size_t component;
    const char *line = last;
    while (line > run->out && line[-1] != '\n')
        line--;
    ck_assert_int_eq(sscanf(line, "%lf %zu %lf %lf %lf", &t, &component, &mean, &error, &deviation), 5);
    const double expected = 0.3 + 0.2 * pow(1.0 - 1.2 * 2.0 / 23.0, 23.0);
    ck_assert(t == 2.0 && component == 1);
    check_absolute(mean, expected, 5.0 * error);
    check_relative(error, deviation / 200.0, 1e-2);
    ck_assert(fabs(mean - 0.3) > 5.0 * error);
}
END_TEST

START_TEST(times_observed_and_steps_chosen)
{
    const program_run *run = program_does(nsde(OU, TIMES, "--paths", "40", "--observe", "0.3,1.7"));
    ck_assert_ptr_nonnull(strstr(run->out, "\n         0.3 "));
    ck_assert_ptr_nonnull(strstr(run->out, "\n         1.7 "));
    ck_assert_ptr_null(strstr(run->out, "accepted"));
    run = program_does(nsde(OU, TIMES, "--paths", "40", "--observe", "0.3,1.7", "--tolerance", "1e-3"));
    ck_assert_ptr_nonnull(strstr(run->out, "\n         1.7 "));
    ck_assert_ptr_nonnull(strstr(run->out, "steps accepted and "));
    program_refuses(nsde(OU, TIMES, "--paths", "2", "--observe", "0.3,2.5"), 1, "after t1 = 2");
    program_refuses(nsde(OU, TIMES, "--paths", "2", "--dense"), 2, "--tolerance is missing");
    program_refuses(nsde(OU, TIMES, "--paths", "2", "--tolerance", "1,2,3"), 2, "--tolerance takes");
    program_refuses(nsde(OU, TIMES, "--paths", "2", "--tolerance", "1e-3", "--dense"), 1, "dormand_prince");
    program_refuses(nsde("simulate", "--model", "gbm", "--set", "mu=1,sigma=1", "--x0", "1", TIMES, "--paths",
                         "2", "--tolerance", "1e-3", "--method", "euler_maruyama"),
                    1, "milstein");
}
END_TEST

START_TEST(pictures_and_paths_left_out)
{
    scratch place = scratch_open();
    char bytes[1 << 10];
    if (program_installed("gnuplot")) {
        program_does(
            nsde(OU, TIMES, "--paths", "60", "--quiet", "--plot", scratch_path(&place, "paths.svg")));
        ck_assert_uint_gt(scratch_read(&place, "paths.svg", bytes, sizeof bytes), 1000);
    }
    /* an unstable step: kappa h = 100 */
#define UNSTABLE                                                                                             \
    "simulate", "--model", "ou", "--set", "kappa=1e4,mu=0,sigma=1", "--x0", "1", "--t1", "10", "--steps",    \
        "1000", "--paths", "2", "--seed", "77"
    program_refuses(nsde(UNSTABLE), 1, "seed 77");
    const program_run *run = program_does(nsde(UNSTABLE, "--drop"));
    ck_assert_ptr_nonnull(strstr(run->out, "2 of 2 paths left the finite numbers"));
    scratch_close(&place);
}
END_TEST

#define REFUSED(status, part, ...) program_refuses(nsde(__VA_ARGS__), status, part)

START_TEST(bad_numbers_are_named)
{
    REFUSED(1, "paths = 0", OU, TIMES, "--paths", "0");
    REFUSED(2, "\"-5\"", OU, TIMES, "--paths", "-5");
    REFUSED(1, "overflow", OU, TIMES, "--paths", "18446744073709551615");
    REFUSED(2, "too large", OU, TIMES, "--paths", "18446744073709551616");
#ifndef __SANITIZE_ADDRESS__ /* which stops the program there, or says more */
    REFUSED(1, "no memory for", OU, TIMES, "--paths", "1000000000000000");
#endif
    REFUSED(1, "overflow", OU, TIMES, "--paths", "2", "--first-path", "18446744073709551615");
    REFUSED(1, "overflow", OU, TIMES, "--paths", "3000000000000000000", "--save-every", "1");
    REFUSED(1, "steps = 0", OU, "--t1", "1", "--steps", "0", "--paths", "2");
    REFUSED(1, "leave no time for a step", OU, "--t1", "1", "--steps", "18446744073709551615", "--paths",
            "2");
    REFUSED(1, "not after", OU, "--t1", "0", "--steps", "3", "--paths", "2");
    REFUSED(1, "not after", OU, "--t1", "1", "--t0", "2", "--steps", "3", "--paths", "2");
    REFUSED(2, "--t1 nan", OU, "--t1", "nan", "--steps", "3", "--paths", "2");
    REFUSED(2, "--x0 inf", OU_BUT_X0, "--x0", "inf", TIMES, "--paths", "2");
    REFUSED(1, "--x0 gives 2 of 1 states", OU_BUT_X0, "--x0", "1,2", TIMES, "--paths", "2");
    REFUSED(2, "--threads 5000 is more than 1024", OU, TIMES, "--paths", "2", "--threads", "5000");
    REFUSED(2, "--steps N is missing", OU, "--t1", "1", "--paths", "2");
}
END_TEST

START_TEST(bad_names_are_named)
{
#define REST "--x0", "0.5", TIMES, "--paths", "2"
    REFUSED(1, "no model \"bates\"", "simulate", "--model", "bates", "--set", "a=1", REST);
    REFUSED(1, "no method \"rk9\"", OU, TIMES, "--paths", "2", "--method", "rk9");
    REFUSED(1, "no parameter \"theta\"", "simulate", "--model", "ou", "--set", "theta=1", REST);
    REFUSED(1, "--set does not give sigma", "simulate", "--model", "ou", "--set", "kappa=1,mu=0", REST);
    REFUSED(1, "sigma = -0.4 is outside its bounds", "simulate", "--model", "ou", "--set",
            "kappa=1.2,mu=0.3,sigma=-0.4", REST);
    REFUSED(2, "mu is given twice", "simulate", "--model", "ou", "--set", "mu=1,mu=1", REST);
    REFUSED(2, "neither .csv nor .npy", OU, TIMES, "--paths", "2", "--out", "paths.txt");
    REFUSED(1, "ends in .png or .svg", OU, TIMES, "--paths", "2", "--plot", "paths.csv");
}
END_TEST

START_TEST(files_that_cannot_be_written)
{
    scratch place = scratch_open();
    const char *const kinds[] = {"csv", "npy"};
    for (int k = 0; k < 2; k++) {
        char full[SCRATCH_SIZE], nowhere[64], name[16];
        snprintf(name, sizeof name, "full.%s", kinds[k]);
        snprintf(nowhere, sizeof nowhere, "/nowhere/paths.%s", kinds[k]);
        snprintf(full, sizeof full, "%s", scratch_path(&place, name));
        ck_assert_int_eq(symlink("/dev/full", full), 0);
        REFUSED(1, name, OU, TIMES, "--paths", "2", "--quiet", "--out", full);
        REFUSED(1, name, OU, TIMES, "--paths", "3000", "--quiet", "--out", full);
        REFUSED(1, nowhere, OU, TIMES, "--paths", "2", "--quiet", "--out", nowhere);
        /* nothing is left of a file whose simulation fails */
        snprintf(name, sizeof name, "paths.%s", kinds[k]);
        REFUSED(1, "seed 77", UNSTABLE, "--quiet", "--out", scratch_path(&place, name));
        ck_assert_uint_eq(scratch_count(&place, true), 1);
    }
    program_refuses(program_start("/dev/full", PROGRAM_WORDS(OU, TIMES, "--paths", "2")), 1,
                    "standard output");
    scratch_close(&place);
}
END_TEST

/* What needs no paths keeps none, and says the same. */
START_TEST(statistics_passages_and_streams)
{
    scratch place = scratch_open();
    char stored[500], *again;
    const program_run *run = program_does(nsde(OU, TIMES, "--paths", "3000", "--statistics"));
    again = strdup(run->out);
    run = program_does(nsde(OU, TIMES, "--paths", "3000")); /* whose lines go on with quantiles */
    const char *a = strchr(again, '\n'), *b = strchr(run->out, '\n');
    for (int line = 0; line < 2; line++, a = strchr(a + 1, '\n'), b = strchr(b + 1, '\n'))
        ck_assert_int_eq(strncmp(a, b, 66), 0);
    free(again);
    run =
        program_does(nsde("simulate", "--drift", "1; -1", "--diffusion", "0; 0", "--x0", "0,0", "--t1", "1",
                          "--steps", "10", "--paths", "5", "--passage", "x1>0.35,x2<-0.85,x2>2", "--bridge"));
    ck_assert_ptr_nonnull(strstr(run->out, "1 >         0.35          5          0           0.35"));
    ck_assert_ptr_nonnull(strstr(run->out, "2 <        -0.85          5          0           0.85"));
    ck_assert_ptr_nonnull(strstr(run->out, "2 >            2          0          5            nan"));
    ck_assert_ptr_nonnull(strstr(run->out, "covariance"));
    snprintf(stored, sizeof stored, "%s", scratch_path(&place, "stored.csv"));
    program_does(nsde(OU, TIMES, "--paths", "700", "--quiet", "--out", stored));
    program_does(nsde(OU, TIMES, "--paths", "700", "--stream", scratch_path(&place, "stream.csv")));
    ck_assert(same_file(&place, "stored.csv", "stream.csv"));
    scratch_close(&place);
}
END_TEST

START_TEST(what_keeps_no_paths_is_refused_where_paths_are_needed)
{
    program_refuses(nsde(OU, TIMES, "--paths", "3", "--stream", "a.txt"), 2, "--stream a.txt ends in");
    program_refuses(nsde(OU, TIMES, "--paths", "3", "--stream", "a.csv", "--out", "b.csv"), 2,
                    "keeps no paths");
    program_refuses(nsde(OU, TIMES, "--paths", "3", "--statistics", "--plot", "b.png"), 2, "keeps no paths");
    program_refuses(nsde(OU, TIMES, "--paths", "3", "--statistics", "--stream", "b.npy"), 2, "paths alone");
    program_refuses(nsde(OU, TIMES, "--paths", "3", "--bridge"), 2, "for --passage");
    program_refuses(nsde(OU, TIMES, "--paths", "3", "--passage", "x=1"), 1, "neither like x>1");
    program_refuses(nsde(OU, TIMES, "--paths", "3", "--passage", "x>1,"), 1, "neither like x>1");
    program_refuses(nsde(OU, TIMES, "--paths", "3", "--passage", "x2>1"), 1, "no state \"x2\"");
    program_refuses(nsde(OU, TIMES, "--paths", "3", "--passage", "x1.5>1"), 1, "no state \"x1.5\"");
    program_refuses(nsde(OU, TIMES, "--paths", "3", "--passage", "x>one"), 1, "one");
}
END_TEST

#define TOWARDS "simulate", "--drift", "u*(1 - x) + u2", "--diffusion", "0", "--x0", "0.5"
#define ONE     "simulate", "--drift", "u*(1 - x)", "--diffusion", "0", "--x0", "0.5"

/* The end of path i: without noise, 1 - e^(-u) / 2 as Euler's scheme has it. */
START_TEST(inputs_of_each_path)
{
    static const char inputs[] = "rate\n0.5\n2\n1\n";
    scratch place = scratch_open();
    char lines[4000];
    char file[500];
    snprintf(file, sizeof file, "%s", scratch_write(&place, "u.csv", inputs, strlen(inputs)));
    const double rates[] = {0.5, 2.0, 1.0};
    program_does(nsde(ONE, "--inputs", file, "--paths", "3", "--t1", "1", "--steps", "4", "--save-every", "4",
                      "--quiet", "--out", scratch_path(&place, "x.csv")));
    scratch_read(&place, "x.csv", lines, sizeof lines);
    const char *at = lines;
    for (int i = 0; i < 3; i++) {
        double path, t, x;
        at = strchr(strchr(at, '\n') + 1, '\n') + 1; /* the header or the line before, and the start */
        ck_assert_int_eq(sscanf(at, "%lf,%lf,%lf", &path, &t, &x), 3);
        ck_assert(path == i && t == 1.0);
        check_relative(x, 1.0 - 0.5 * pow(1.0 - rates[i] / 4.0, 4.0), 1e-14);
    }
    program_refuses(nsde(ONE, "--inputs", file, TIMES, "--paths", "4"), 1,
                    "has 3 rows, not one for each of 4");
    program_refuses(nsde(TOWARDS, "--inputs", file, TIMES, "--paths", "3"), 1, "there is no name \"u2\"");
    program_refuses(nsde(ONE, TIMES, "--paths", "3"), 1, "there is no name \"u\"");
    program_refuses(nsde(OU, "--inputs", file, TIMES, "--paths", "3"), 1, "model ou has 0 inputs");
    scratch_close(&place);
}
END_TEST

START_TEST(precision_is_single_or_double)
{
    program_does(nsde(OU, TIMES, "--paths", "3", "--precision", "double"));
    program_does(nsde(OU, TIMES, "--paths", "3", "--precision", "single"));
    program_refuses(nsde(OU, TIMES, "--paths", "3", "--precision", "half"), 1, "half is neither");
}
END_TEST

void test_cases(TCase *cases)
{
    tcase_add_test(cases, inputs_of_each_path);
    tcase_add_test(cases, statistics_passages_and_streams);
    tcase_add_test(cases, what_keeps_no_paths_is_refused_where_paths_are_needed);
    tcase_add_test(cases, precision_is_single_or_double);
    tcase_add_test(cases, the_same_bytes_for_any_number_of_threads);
    tcase_add_test(cases, some_paths_are_replayed);
    tcase_add_test(cases, the_table_has_the_right_mean);
    tcase_add_test(cases, times_observed_and_steps_chosen);
    tcase_add_test(cases, pictures_and_paths_left_out);
    tcase_add_test(cases, bad_numbers_are_named);
    tcase_add_test(cases, bad_names_are_named);
    tcase_add_test(cases, files_that_cannot_be_written);
}
