/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "comma_locale.h"
#include "io/plot.h"
#include "io/scratch.h"

#include <math.h>
#include <signal.h>

enum { N = 200, FUTURE = 60, PATHS = 30 };

static bool has_gnuplot(void)
{
    if (system("gnuplot --version >/dev/null 2>&1") == 0)
        return true;
    fprintf(stderr, "SKIPPED: gnuplot is not installed\n");
    return false;
}

/* A picture that NSDE_TEST_PICTURES keeps for looking at. */
static void keep(const char *path, const char *name)
{
    char command[SCRATCH_SIZE + 300];
    const char *folder = getenv("NSDE_TEST_PICTURES");
    if (folder && strlen(folder) < 200) {
        snprintf(command, sizeof command, "cp '%s' '%s/%s'", path, folder, name);
        ck_assert_int_eq(system(command), 0);
    }
}

/* Width and height stand big endian in the header of a PNG. */
static void check_png(scratch *place, const char *name)
{
    static char bytes[1 << 20];
    const size_t size = scratch_read(place, name, bytes, sizeof bytes);
    ck_assert_uint_gt(size, 5000);
    ck_assert(memcmp(bytes, "\x89PNG\r\n\x1a\n", 8) == 0);
    ck_assert_int_eq(256 * (unsigned char)bytes[18] + (unsigned char)bytes[19], 1200);
    ck_assert_int_eq(256 * (unsigned char)bytes[22] + (unsigned char)bytes[23], 700);
    ck_assert(memcmp(bytes + size - 8, "IEND", 4) == 0);
}

static nsde_plot *forecast(void)
{
    const nsde_plot_frame frame = {.title = "Federal funds rate, O'Neil's `forecast` {x}_2 $HOME @me",
                                   .x_label = "year",
                                   .y_label = "percent"};
    static double t[N], y[N], s[FUTURE], low[FUTURE], high[FUTURE], middle[FUTURE];
    const double spreads[] = {1.96, 1.28, 0.67}, strengths[] = {0.18, 0.35, 0.55};
    const char *const legends[] = {"95 %", "80 %", "50 %"};
    nsde_plot *plot;
    check_ok(nsde_plot_create(&frame, &plot));
    for (size_t i = 0; i < N; i++) {
        t[i] = 1977.0 + (double)i / 12.0;
        y[i] = 7.0 + 3.0 * sin(0.05 * (double)i) + 0.5 * sin(7.0 * (double)(i * i % 31));
    }
    y[70] = y[71] = NAN;
    for (size_t k = 0; k < 3; k++) {
        for (size_t i = 0; i < FUTURE; i++) {
            s[i] = t[N - 1] + (double)i / 12.0;
            middle[i] = 7.0 + (y[N - 1] - 7.0) * exp(-0.02 * (double)i);
            const double deviation = 2.2 * sqrt(1.0 - exp(-0.04 * (double)i));
            low[i] = middle[i] - spreads[k] * deviation;
            high[i] = middle[i] + spreads[k] * deviation;
        }
        check_ok(nsde_plot_band(plot, legends[k], NSDE_PLOT_BLUE, strengths[k], FUTURE, s, low, high));
    }
    check_ok(nsde_plot_dashes(plot, "median", NSDE_PLOT_BLUE, FUTURE, s, middle));
    check_ok(nsde_plot_line(plot, "observed", NSDE_PLOT_BLACK, N, t, y));
    return plot;
}

static nsde_plot *convergence(void)
{
    const nsde_plot_frame frame = {"Strong error of two schemes", "step h", "error", true, true};
    double h[7], e[7], low[7], high[7];
    nsde_plot *plot;
    check_ok(nsde_plot_create(&frame, &plot));
    for (int scheme = 0; scheme < 2; scheme++) {
        for (int i = 0; i < 7; i++) {
            h[i] = ldexp(1.0, -4 - i);
            e[i] = (scheme ? 0.4 : 0.6) * pow(h[i], scheme ? 1.0 : 0.5) * (1.0 + 0.05 * sin(5.0 * i));
            low[i] = 0.9 * e[i];
            high[i] = 1.1 * e[i];
        }
        check_ok(nsde_plot_errors(plot, scheme ? "Milstein" : "Euler-Maruyama",
                                  scheme ? NSDE_PLOT_VERMILION : NSDE_PLOT_BLUE, 7, h, e, low, high));
    }
    check_ok(nsde_plot_slope(plot, "slope 1/2", 0.5, h[0], 0.25, h[6]));
    check_ok(nsde_plot_slope(plot, "slope 1", 1.0, h[0], 0.015, h[6]));
    return plot;
}

static nsde_plot *bars(void)
{
    const nsde_plot_frame frame = {.title = "Standard error of a gradient", .y_label = "standard error"};
    const char *const names[] = {"pathwise", "likelihood ratio", "finite differences"};
    nsde_plot *plot;
    check_ok(nsde_plot_create(&frame, &plot));
    check_ok(nsde_plot_bars(plot, "delta", NSDE_PLOT_BLUE, 3, names, (const double[]){0.58, 1.47, 0.61}));
    check_ok(nsde_plot_bars(plot, "vega", NSDE_PLOT_ORANGE, 3, names, (const double[]){0.75, 2.385, 0.8}));
    return plot;
}

static nsde_plot *paths(void)
{
    const nsde_plot_frame frame = {.title = "Sample paths", .x_label = "time", .y_label = "X"};
    static double t[N], y[PATHS][N];
    nsde_plot *plot;
    check_ok(nsde_plot_create(&frame, &plot));
    for (size_t i = 0; i < N; i++) {
        t[i] = (double)i / N;
        for (size_t k = 0; k < PATHS; k++)
            y[k][i] = i ? y[k][i - 1] + 0.1 * sin((double)(k + 1) * (double)(i * i % 97)) : 1.0;
    }
    check_ok(nsde_plot_paths(plot, "30 paths", NSDE_PLOT_SKY, PATHS, N, t, y[0]));
    check_ok(nsde_plot_line(plot, "the first", NSDE_PLOT_VERMILION, N, t, y[0]));
    check_ok(nsde_plot_points(plot, "and its points", NSDE_PLOT_BLACK, 10, t, y[0]));
    return plot;
}

START_TEST(all_kinds_of_pictures_are_drawn)
{
    if (!has_gnuplot())
        return;
    nsde_plot *const plots[] = {forecast(), convergence(), bars(), paths()};
    const char *const names[] = {"forecast.png", "convergence.png", "bars.png", "paths.png"};
    scratch place = scratch_open();
    for (int i = 0; i < 4; i++) {
        check_ok(nsde_plot_write(plots[i], scratch_path(&place, names[i])));
        keep(place.path, names[i]);
        check_png(&place, names[i]);
        nsde_plot_destroy(plots[i]);
    }
    ck_assert_uint_eq(scratch_count(&place, false), 4);
    scratch_close(&place);
}
END_TEST

START_TEST(texts_are_shown_as_they_are)
{
    if (!has_gnuplot())
        return;
    static char text[1 << 20];
    scratch place = scratch_open();
    nsde_plot *plot = forecast();
    check_ok(nsde_plot_write(plot, scratch_path(&place, "a.svg")));
    keep(place.path, "forecast.svg");
    scratch_read(&place, "a.svg", text, sizeof text);
    ck_assert_ptr_nonnull(strstr(text, "<svg"));
    ck_assert_ptr_nonnull(strstr(text, "</svg>"));
    ck_assert_ptr_nonnull(strstr(text, "`forecast` {x}_2 $HOME @me"));
    nsde_plot_destroy(plot);
    const nsde_plot_frame frame = {.title = "a\nset output '/tmp/elsewhere'\n`touch /tmp/elsewhere`"};
    check_ok(nsde_plot_create(&frame, &plot));
    check_ok(
        nsde_plot_line(plot, "'7 \"title\" '\\", NSDE_PLOT_GREEN, 2, (double[]){0, 1}, (double[]){2.385, 1}));
    check_ok(nsde_plot_write(plot, scratch_path(&place, "a.svg")));
    scratch_read(&place, "a.svg", text, sizeof text);
    keep(place.path, "quotes.svg");
    ck_assert_ptr_nonnull(strstr(text, ">'7 \"title\" '\\<"));
    ck_assert_ptr_nonnull(strstr(text, "`touch /tmp/elsewhere`"));
    ck_assert_int_ne(access("/tmp/elsewhere", F_OK), 0);
    nsde_plot_destroy(plot);
    scratch_close(&place);
}
END_TEST

START_TEST(other_endings_are_refused)
{
    const char *const bad[] = {"a.pdf", "a", ".png", "a.PNG.gz", "", "png", NULL};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        check_refused(nsde_plot_check(bad[i]), NSDE_INVALID, "ends in .png or .svg");
    check_ok(nsde_plot_check("a.png"));
    check_ok(nsde_plot_check("some/where.else/a.svg"));
    nsde_plot *plot;
    check_ok(nsde_plot_create(&(nsde_plot_frame){.title = "nothing"}, &plot));
    check_refused(nsde_plot_write(plot, "a.pdf"), NSDE_INVALID, ".png or .svg");
    check_refused(nsde_plot_write(plot, "a.png"), NSDE_INVALID, "shows nothing");
    check_refused(nsde_plot_line(plot, NULL, NSDE_PLOT_BLUE, 0, (double[]){1}, (double[]){1}), NSDE_INVALID,
                  "0");
    check_refused(nsde_plot_line(plot, NULL, NSDE_PLOT_BLUE, 1, (double[]){1}, NULL), NSDE_INVALID, "NULL");
    nsde_plot_destroy(plot);
    nsde_plot_destroy(NULL);
}
END_TEST

START_TEST(a_machine_without_gnuplot_is_told_what_to_install)
{
    scratch place = scratch_open();
    char *path = strdup(getenv("PATH"));
    nsde_plot *plot = bars();
    setenv("PATH", place.folder, 1);
    const nsde_status status = nsde_plot_write(plot, scratch_path(&place, "a.png"));
    setenv("PATH", path, 1);
    check_refused(status, NSDE_UNSUPPORTED, "gnuplot-nox");
    ck_assert_uint_eq(scratch_count(&place, false), 0);
    free(path);
    nsde_plot_destroy(plot);
    scratch_close(&place);
}
END_TEST

START_TEST(the_words_of_gnuplot_reach_the_caller)
{
    if (!has_gnuplot())
        return;
    scratch place = scratch_open();
    nsde_plot *plot;
    setenv("TMPDIR", place.folder, 1);
    check_ok(nsde_plot_create(&(nsde_plot_frame){.log_y = true}, &plot));
    check_ok(nsde_plot_line(plot, "none", NSDE_PLOT_GREEN, 2, (double[]){0, 1}, (double[]){NAN, NAN}));
    char message[1000];
    check_refused(nsde_plot_write(plot, scratch_path(&place, "a.png")), NSDE_IO, "gnuplot drew no picture: ");
    snprintf(message, sizeof message, "%s", nsde_error_message());
    ck_assert_msg(strstr(message, "undefined"), "%s", message);
    ck_assert_uint_eq(scratch_count(&place, false), 0);
    nsde_plot_destroy(plot);
    plot = bars();
    check_refused(nsde_plot_write(plot, "/proc/a.png"), NSDE_IO, "/proc/a.png");
    setenv("TMPDIR", "/proc/no-such-place", 1);
    check_refused(nsde_plot_write(plot, scratch_path(&place, "a.png")), NSDE_IO, "/proc/no-such-place");
    nsde_plot_destroy(plot);
    ck_assert_uint_eq(scratch_count(&place, false), 0);
    scratch_close(&place);
}
END_TEST

START_TEST(a_host_may_ignore_its_children_and_use_a_decimal_comma)
{
    if (!has_gnuplot() || !use_comma_locale())
        return;
    scratch place = scratch_open();
    nsde_plot *plot = bars();
    signal(SIGCHLD, SIG_IGN);
    check_ok(nsde_plot_write(plot, scratch_path(&place, "a.png")));
    signal(SIGCHLD, SIG_DFL);
    check_png(&place, "a.png");
    nsde_plot_destroy(plot);
    scratch_close(&place);
}
END_TEST

void test_cases(TCase *cases)
{
    tcase_add_test(cases, all_kinds_of_pictures_are_drawn);
    tcase_add_test(cases, texts_are_shown_as_they_are);
    tcase_add_test(cases, other_endings_are_refused);
    tcase_add_test(cases, a_machine_without_gnuplot_is_told_what_to_install);
    tcase_add_test(cases, the_words_of_gnuplot_reach_the_caller);
    tcase_add_test(cases, a_host_may_ignore_its_children_and_use_a_decimal_comma);
}
