/* Arrays in NumPy's format, version 1.0 (NumPy Enhancement Proposal 1).
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "core/error.h"
#include "core/memory.h"
#include "io/file.h"
#include "nsde/archive.h"

struct nsde_array_writer {
    nsde_file *file;
    size_t count, written; /* numbers */
};

enum { MAGIC_SIZE = 10, HEADER_SIZE = 1024, HEADER_UNIT = 64 };

static nsde_status check_shape(size_t n_dims, const size_t *shape, size_t *count)
{
    size_t bytes;
    if (n_dims > NSDE_ARRAY_MOST_DIMS || (n_dims && !shape))
        return nsde_fail(NSDE_INVALID, "an array of %zu dimensions is not possible%s", n_dims,
                         n_dims > NSDE_ARRAY_MOST_DIMS ? "" : " without a shape");
    *count = 1;
    for (size_t i = 0; i < n_dims; i++)
        if (!nsde_size_mul(*count, shape[i], count))
            return nsde_fail(NSDE_OVERFLOW, "the size of the array overflows at dimension %zu", i + 1);
    if (!nsde_size_mul(*count, sizeof(double), &bytes))
        return nsde_fail(NSDE_OVERFLOW, "the size of the array overflows");
    return NSDE_OK;
}

/* Magic, version, and the length of a dictionary that is padded to a whole number of units. */
static void write_header(nsde_file *file, size_t n_dims, const size_t *shape)
{
    char text[HEADER_SIZE];
    size_t n = (size_t)snprintf(text, sizeof text, "{'descr': '<f8', 'fortran_order': False, 'shape': (");
    for (size_t i = 0; i < n_dims; i++)
        n += (size_t)snprintf(text + n, sizeof text - n, i && i + 1 == n_dims ? "%zu" : "%zu, ", shape[i]);
    n += (size_t)snprintf(text + n, sizeof text - n, "), }");
    while ((MAGIC_SIZE + n + 1) % HEADER_UNIT)
        text[n++] = ' ';
    text[n++] = '\n';
    const unsigned char magic[MAGIC_SIZE] = {
        0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0, (unsigned char)(n % 256), (unsigned char)(n / 256)};
    nsde_file_append(file, magic, sizeof magic);
    nsde_file_append(file, text, n);
}

nsde_status nsde_array_open_npy(const char *path, size_t n_dims, const size_t *shape,
                                nsde_array_writer **writer)
{
    if (!writer)
        return nsde_fail(NSDE_INVALID, "nsde_array_open_npy: writer is NULL");
    *writer = NULL;
    size_t count;
    void *memory = NULL;
    nsde_status status = check_shape(n_dims, shape, &count);
    if (!status)
        status = nsde_alloc(1, sizeof(nsde_array_writer), "array writer", &memory);
    if (status)
        return status;
    nsde_array_writer *const made = memory;
    made->count = count;
    status = nsde_file_create(path, &made->file);
    if (status) {
        nsde_array_discard(made);
        return status;
    }
    write_header(made->file, n_dims, shape);
    *writer = made;
    return NSDE_OK;
}

static bool is_little_endian(void)
{
    const uint16_t one = 1;
    unsigned char first;
    memcpy(&first, &one, 1);
    return first == 1;
}

static void append_swapped(nsde_file *file, size_t count, const double *values)
{
    for (size_t i = 0; i < count; i++) {
        uint64_t bits;
        memcpy(&bits, &values[i], sizeof bits);
        bits = __builtin_bswap64(bits);
        nsde_file_append(file, &bits, sizeof bits);
    }
}

nsde_status nsde_array_write(nsde_array_writer *writer, size_t count, const double *values)
{
    if (!writer || (count && !values))
        return nsde_fail(NSDE_INVALID, "nsde_array_write: %s is NULL", writer ? "values" : "writer");
    if (count > writer->count - writer->written)
        return nsde_fail(NSDE_INVALID, "%zu more numbers do not fit an array of %zu that has %zu", count,
                         writer->count, writer->written);
    writer->written += count;
    if (is_little_endian())
        nsde_file_append(writer->file, values, count * sizeof(double));
    else
        append_swapped(writer->file, count, values);
    return nsde_file_status(writer->file);
}

nsde_status nsde_array_close(nsde_array_writer *writer)
{
    if (!writer)
        return nsde_fail(NSDE_INVALID, "nsde_array_close: writer is NULL");
    nsde_status status = nsde_file_status(writer->file);
    if (!status && writer->written < writer->count)
        status = nsde_fail(NSDE_INVALID, "the array has %zu of its %zu numbers: no file is written",
                           writer->written, writer->count);
    if (!status) {
        status = nsde_file_close(writer->file);
        writer->file = NULL;
    }
    nsde_array_discard(writer);
    return status;
}

void nsde_array_discard(nsde_array_writer *writer)
{
    if (!writer)
        return;
    nsde_file_discard(writer->file);
    nsde_free(writer);
}

nsde_status nsde_array_write_npy(const char *path, size_t n_dims, const size_t *shape, const double *values)
{
    nsde_array_writer *writer;
    nsde_status status = nsde_array_open_npy(path, n_dims, shape, &writer);
    if (!status)
        status = nsde_array_write(writer, writer->count, values);
    if (!status)
        return nsde_array_close(writer);
    nsde_array_discard(writer);
    return status;
}
