/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/memory.h"
#include "io/file.h"
#include "io/scratch.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>

static void write_text(const char *path, const char *text)
{
    nsde_file *file;
    check_ok(nsde_file_create(path, &file));
    nsde_file_print(file, "%s", text);
    check_ok(nsde_file_close(file));
}

START_TEST(a_file_appears_whole_when_it_is_closed)
{
    scratch place = scratch_open();
    nsde_file *file;
    char text[200];
    scratch_write(&place, "a.txt", "old", 3);
    check_ok(nsde_file_create(scratch_path(&place, "a.txt"), &file));
    nsde_file_print(file, "%d rows, ", 17);
    nsde_file_number(file, 0.1);
    check_ok(nsde_file_status(file));
    ck_assert_uint_eq(scratch_count(&place, false), 2);
    scratch_read(&place, "a.txt", text, sizeof text);
    ck_assert_str_eq(text, "old");
    check_ok(nsde_file_close(file));
    scratch_read(&place, "a.txt", text, sizeof text);
    ck_assert_str_eq(text, "17 rows, 0.10000000000000001");
    ck_assert_uint_eq(scratch_count(&place, false), 1);
    scratch_close(&place);
}
END_TEST

START_TEST(a_discarded_file_leaves_the_old_one)
{
    scratch place = scratch_open();
    nsde_file *file;
    char text[200];
    scratch_write(&place, "a.txt", "old", 3);
    check_ok(nsde_file_create(scratch_path(&place, "a.txt"), &file));
    nsde_file_print(file, "new");
    nsde_file_discard(file);
    nsde_file_discard(NULL);
    scratch_read(&place, "a.txt", text, sizeof text);
    ck_assert_str_eq(text, "old");
    ck_assert_uint_eq(scratch_count(&place, false), 1);
    scratch_close(&place);
}
END_TEST

START_TEST(permissions_and_links_are_kept)
{
    scratch place = scratch_open();
    char text[200], link[SCRATCH_SIZE];
    struct stat found;
    chmod(scratch_write(&place, "real.txt", "old", 3), 0640);
    snprintf(link, sizeof link, "%s", scratch_path(&place, "link.txt"));
    ck_assert_int_eq(symlink("real.txt", link), 0);
    write_text(link, "new");
    ck_assert_int_eq(lstat(link, &found), 0);
    ck_assert(S_ISLNK(found.st_mode));
    scratch_read(&place, "real.txt", text, sizeof text);
    ck_assert_str_eq(text, "new");
    ck_assert_int_eq(stat(scratch_path(&place, "real.txt"), &found), 0);
    ck_assert_int_eq(found.st_mode & 0777, 0640);
    scratch_close(&place);
}
END_TEST

START_TEST(a_target_that_cannot_be_written_is_refused)
{
    scratch place = scratch_open();
    nsde_file *file = NULL;
    check_refused(nsde_file_create("/proc/no-such-place.csv", &file), NSDE_IO, "/proc/no-such-place.csv");
    check_refused(nsde_file_create(scratch_path(&place, "no/such/folder.csv"), &file), NSDE_IO,
                  "No such file");
    check_refused(nsde_file_create("/sys/no-such-place.csv", &file), NSDE_IO, "/sys/no-such-place.csv");
    check_refused(nsde_file_create(place.folder, &file), NSDE_IO, "directory");
    check_refused(nsde_file_create("", &file), NSDE_INVALID, "name");
    check_refused(nsde_file_create(NULL, &file), NSDE_INVALID, "name");
    ck_assert_ptr_null(file);
    if (geteuid() != 0) { /* nothing is protected from the superuser */
        chmod(scratch_write(&place, "kept.txt", "old", 3), 0444);
        check_refused(nsde_file_create(place.path, &file), NSDE_IO, "Permission");
        chmod(place.folder, 0555);
        check_refused(nsde_file_create(scratch_path(&place, "b.txt"), &file), NSDE_IO, "Permission");
        chmod(place.folder, 0755);
    }
    scratch_close(&place);
}
END_TEST

START_TEST(a_full_device_is_an_error)
{
    nsde_file *file;
    check_ok(nsde_file_create("/dev/full", &file)); /* little is only found out at the end */
    nsde_file_print(file, "2.385");
    check_refused(nsde_file_close(file), NSDE_IO, "/dev/full could not be written: No space left");
    check_ok(nsde_file_create("/dev/full", &file)); /* much is found out early */
    for (int i = 0; i < 10000; i++)
        nsde_file_number(file, i / 7.0);
    check_refused(nsde_file_status(file), NSDE_IO, "No space left");
    check_refused(nsde_file_close(file), NSDE_IO, "No space left");
    struct stat found;
    ck_assert_int_eq(stat("/dev/full", &found), 0);
    ck_assert(S_ISCHR(found.st_mode)); /* not renamed over */
}
END_TEST

START_TEST(a_disk_that_fills_up_leaves_nothing_behind)
{
    scratch place = scratch_open();
    struct rlimit before, small = {.rlim_cur = 4096};
    ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &before), 0);
    small.rlim_max = before.rlim_max;
    signal(SIGXFSZ, SIG_IGN);
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &small), 0);
    nsde_file *file;
    check_ok(nsde_file_create(scratch_path(&place, "a.txt"), &file));
    for (int i = 0; i < 10000; i++)
        nsde_file_number(file, i / 7.0);
    check_refused(nsde_file_close(file), NSDE_IO, "a.txt could not be written");
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &before), 0);
    ck_assert_uint_eq(scratch_count(&place, false), 0);
    scratch_close(&place);
}
END_TEST

START_TEST(a_stream_is_written_in_place)
{
    scratch place = scratch_open();
    char text[200];
    const int kept = dup(STDOUT_FILENO);
    const int target = open(scratch_write(&place, "out.txt", "before, ", 8), O_WRONLY | O_APPEND);
    fflush(stdout);
    ck_assert_int_eq(dup2(target, STDOUT_FILENO), STDOUT_FILENO);
    nsde_file *file;
    const nsde_status status = nsde_file_create("/dev/stdout", &file);
    if (!status)
        nsde_file_print(file, "between, ");
    const nsde_status closed = status ? status : nsde_file_close(file);
    const ssize_t written = write(target, "after", 5);
    dup2(kept, STDOUT_FILENO);
    close(kept);
    close(target);
    check_ok(closed);
    ck_assert_int_eq(written, 5);
    scratch_read(&place, "out.txt", text, sizeof text);
    ck_assert_str_eq(text, "before, between, after");
    scratch_close(&place);
}
END_TEST

START_TEST(a_file_is_read_at_once)
{
    scratch place = scratch_open();
    char *text;
    size_t size;
    static char large[200001];
    memset(large, 'x', sizeof large);
    check_ok(nsde_file_read(scratch_write(&place, "a.txt", large, sizeof large), &text, &size));
    ck_assert_uint_eq(size, sizeof large);
    ck_assert_uint_eq(strlen(text), size);
    nsde_free(text);
    check_ok(nsde_file_read(scratch_write(&place, "empty.txt", "", 0), &text, &size));
    ck_assert_uint_eq(size, 0);
    ck_assert_str_eq(text, "");
    nsde_free(text);
    check_refused(nsde_file_read(place.folder, &text, &size), NSDE_IO, "directory");
    check_refused(nsde_file_read("/no/such.csv", &text, &size), NSDE_IO, "/no/such.csv could not be read");
    ck_assert_ptr_null(text);
    scratch_close(&place);
}
END_TEST

void test_cases(TCase *cases)
{
    tcase_add_test(cases, a_file_appears_whole_when_it_is_closed);
    tcase_add_test(cases, a_discarded_file_leaves_the_old_one);
    tcase_add_test(cases, permissions_and_links_are_kept);
    tcase_add_test(cases, a_target_that_cannot_be_written_is_refused);
    tcase_add_test(cases, a_full_device_is_an_error);
    tcase_add_test(cases, a_disk_that_fills_up_leaves_nothing_behind);
    tcase_add_test(cases, a_stream_is_written_in_place);
    tcase_add_test(cases, a_file_is_read_at_once);
}
