/* SPDX-License-Identifier: GPL-3.0-or-later */
#define _XOPEN_SOURCE 700 /* pseudo-terminals */
#include "io/progress.h"
#include "io/scratch.h"

#include <fcntl.h>
#include <time.h>

static void wait_a_little(void)
{
    nanosleep(&(struct timespec){.tv_nsec = 120000000}, NULL);
}

static void show(FILE *stream)
{
    nsde_progress progress;
    nsde_progress_start(&progress, stream, "simulating", 400);
    for (size_t i = 0; i < 100; i++)
        nsde_progress_update(&progress, i); /* too soon to be shown */
    wait_a_little();
    nsde_progress_update(&progress, 100);
    nsde_progress_update(&progress, 101);
    nsde_progress_finish(&progress);
}

START_TEST(a_terminal_shows_one_line_now_and_then)
{
    const int host = posix_openpt(O_RDWR | O_NOCTTY);
    if (host < 0 || grantpt(host) != 0 || unlockpt(host) != 0) {
        fprintf(stderr, "SKIPPED: no pseudo-terminal is to be had\n");
        return;
    }
    const int guest = open(ptsname(host), O_RDWR | O_NOCTTY);
    ck_assert_int_ge(guest, 0);
    FILE *stream = fdopen(guest, "w");
    show(stream);
    /* the terminal may hand over what was written in pieces, and a busy machine may make time for another
     * line */
    char shown[2000] = "";
    const char *const wiped = "\033[K\r\033[K";
    for (size_t got = 0; !strstr(shown, wiped) && got < sizeof shown - 1;) {
        const ssize_t more = read(host, shown + got, sizeof shown - 1 - got);
        ck_assert_int_gt(more, 0);
        got += (size_t)more;
    }
    size_t lines = 0;
    for (const char *at = shown; (at = strstr(at, "\rsimulating")); at++)
        lines++;
    ck_assert_uint_ge(lines, 1);
    ck_assert_uint_le(lines, 10); /* of 102 updates */
    ck_assert_ptr_nonnull(strstr(shown, "\rsimulating  25 %, 0 s left\033[K"));
    fclose(stream);
    close(host);
}
END_TEST

START_TEST(a_file_shows_nothing)
{
    scratch place = scratch_open();
    char text[10];
    FILE *stream = fopen(scratch_path(&place, "a.txt"), "w");
    show(stream);
    show(NULL);
    fclose(stream);
    ck_assert_uint_eq(scratch_read(&place, "a.txt", text, sizeof text), 0);
    scratch_close(&place);
}
END_TEST

void test_cases(TCase *cases)
{
    tcase_add_test(cases, a_terminal_shows_one_line_now_and_then);
    tcase_add_test(cases, a_file_shows_nothing);
}
