/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "io/scratch.h"
#include "nsde/archive.h"

static const double values[6] = {2.385, -0.0, NAN, INFINITY, 1e-310, 7.0};

/* Checks the layout byte by byte, and returns where the numbers are. */
static const unsigned char *check_header(const char *bytes, size_t size, const char *dictionary)
{
    ck_assert(memcmp(bytes, "\x93NUMPY\x01\x00", 8) == 0);
    const size_t length = (unsigned char)bytes[8] + 256u * (unsigned char)bytes[9];
    ck_assert_uint_eq((10 + length) % 64, 0);
    ck_assert_uint_lt(10 + length, size + 1);
    ck_assert(memcmp(bytes + 10, dictionary, strlen(dictionary)) == 0);
    for (size_t i = 10 + strlen(dictionary); i < 10 + length - 1; i++)
        ck_assert_int_eq(bytes[i], ' ');
    ck_assert_int_eq(bytes[10 + length - 1], '\n');
    return (const unsigned char *)bytes + 10 + length;
}

static void check_numbers(const unsigned char *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        unsigned long long bits = 0, expected;
        for (int k = 7; k >= 0; k--)
            bits = 256 * bits + bytes[8 * i + (size_t)k];
        memcpy(&expected, &values[i], 8);
        ck_assert_msg(bits == expected, "number %zu: %llx instead of %llx", i, bits, expected);
    }
}

START_TEST(an_array_has_the_bytes_of_the_format)
{
    scratch place = scratch_open();
    char bytes[1000];
    const size_t shape[] = {3, 2};
    check_ok(nsde_array_write_npy(scratch_path(&place, "a.npy"), 2, shape, values));
    size_t size = scratch_read(&place, "a.npy", bytes, sizeof bytes);
    ck_assert_uint_eq(size, 128 + 48);
    check_numbers(check_header(bytes, size, "{'descr': '<f8', 'fortran_order': False, 'shape': (3, 2), }"),
                  6);
    check_ok(nsde_array_write_npy(scratch_path(&place, "b.npy"), 1, shape, values));
    size = scratch_read(&place, "b.npy", bytes, sizeof bytes);
    check_numbers(check_header(bytes, size, "{'descr': '<f8', 'fortran_order': False, 'shape': (3, ), }"), 3);
    check_ok(nsde_array_write_npy(scratch_path(&place, "c.npy"), 0, NULL, values));
    size = scratch_read(&place, "c.npy", bytes, sizeof bytes);
    check_numbers(check_header(bytes, size, "{'descr': '<f8', 'fortran_order': False, 'shape': (), }"), 1);
    scratch_close(&place);
}
END_TEST

START_TEST(many_dimensions_and_none_at_all_fit)
{
    scratch place = scratch_open();
    char bytes[2000];
    size_t shape[NSDE_ARRAY_MOST_DIMS];
    for (size_t i = 0; i < NSDE_ARRAY_MOST_DIMS; i++)
        shape[i] = i ? (size_t)-1 / 16 : 0; /* the longest header: no numbers, wide dimensions */
    check_ok(nsde_array_write_npy(scratch_path(&place, "a.npy"), NSDE_ARRAY_MOST_DIMS, shape, values));
    char dictionary[1000] = "{'descr': '<f8', 'fortran_order': False, 'shape': (0, ";
    for (size_t i = 1; i < NSDE_ARRAY_MOST_DIMS; i++)
        snprintf(dictionary + strlen(dictionary), 30, i + 1 < NSDE_ARRAY_MOST_DIMS ? "%zu, " : "%zu), }",
                 shape[i]);
    const size_t size = scratch_read(&place, "a.npy", bytes, sizeof bytes);
    const unsigned char *numbers = check_header(bytes, size, dictionary);
    ck_assert_ptr_eq(numbers, bytes + size);
    scratch_close(&place);
}
END_TEST

START_TEST(a_stream_is_the_same_file)
{
    scratch place = scratch_open();
    char once[1000], streamed[1000];
    const size_t shape[] = {3, 2};
    nsde_array_writer *writer;
    check_ok(nsde_array_write_npy(scratch_path(&place, "a.npy"), 2, shape, values));
    check_ok(nsde_array_open_npy(scratch_path(&place, "b.npy"), 2, shape, &writer));
    check_ok(nsde_array_write(writer, 2, values));
    check_ok(nsde_array_write(writer, 0, NULL));
    check_ok(nsde_array_write(writer, 4, values + 2));
    check_ok(nsde_array_close(writer));
    const size_t size = scratch_read(&place, "a.npy", once, sizeof once);
    ck_assert_uint_eq(scratch_read(&place, "b.npy", streamed, sizeof streamed), size);
    ck_assert(memcmp(once, streamed, size) == 0);
    scratch_close(&place);
}
END_TEST

START_TEST(too_many_or_too_few_numbers_are_refused)
{
    scratch place = scratch_open();
    const size_t shape[] = {3, 2}, huge[] = {(size_t)1 << 40, (size_t)1 << 40}, large[] = {(size_t)1 << 62};
    nsde_array_writer *writer;
    check_ok(nsde_array_open_npy(scratch_path(&place, "a.npy"), 2, shape, &writer));
    check_ok(nsde_array_write(writer, 4, values));
    check_refused(nsde_array_write(writer, 3, values), NSDE_INVALID, "3 more numbers");
    check_refused(nsde_array_close(writer), NSDE_INVALID, "4 of its 6");
    ck_assert_uint_eq(scratch_count(&place, false), 0);
    check_refused(nsde_array_open_npy(scratch_path(&place, "a.npy"), 2, huge, &writer), NSDE_OVERFLOW,
                  "overflow");
    check_refused(nsde_array_open_npy(scratch_path(&place, "a.npy"), 1, large, &writer), NSDE_OVERFLOW,
                  "overflow");
    check_refused(nsde_array_open_npy(scratch_path(&place, "a.npy"), 33, shape, &writer), NSDE_INVALID, "33");
    check_refused(nsde_array_open_npy(scratch_path(&place, "a.npy"), 1, NULL, &writer), NSDE_INVALID,
                  "shape");
    ck_assert_ptr_null(writer);
    check_refused(nsde_array_write_npy(place.path, 1, shape, NULL), NSDE_INVALID, "values is NULL");
    check_refused(nsde_array_write_npy("/dev/full", 2, shape, values), NSDE_IO, "/dev/full");
    check_refused(nsde_array_write_npy("/proc/a.npy", 2, shape, values), NSDE_IO, "/proc/a.npy");
    nsde_array_discard(NULL);
    ck_assert_uint_eq(scratch_count(&place, false), 0);
    scratch_close(&place);
}
END_TEST

void test_cases(TCase *cases)
{
    tcase_add_test(cases, an_array_has_the_bytes_of_the_format);
    tcase_add_test(cases, many_dimensions_and_none_at_all_fit);
    tcase_add_test(cases, a_stream_is_the_same_file);
    tcase_add_test(cases, too_many_or_too_few_numbers_are_refused);
}
