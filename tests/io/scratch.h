/* A folder for the files of a test, and what tests do with files.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef NSDE_TESTS_IO_SCRATCH_H
#define NSDE_TESTS_IO_SCRATCH_H

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "harness.h"

enum { SCRATCH_SIZE = 400 };

typedef struct scratch {
    char folder[64];
    char path[SCRATCH_SIZE];
} scratch;

static inline scratch scratch_open(void)
{
    scratch place = {.folder = "/tmp/nsde-test-XXXXXX"};
    ck_assert_ptr_nonnull(mkdtemp(place.folder));
    return place;
}

/* The path of a file in the folder, valid until the next call. */
static inline const char *scratch_path(scratch *place, const char *name)
{
    snprintf(place->path, sizeof place->path, "%s/%s", place->folder, name);
    return place->path;
}

static inline const char *scratch_write(scratch *place, const char *name, const void *bytes, size_t size)
{
    FILE *stream = fopen(scratch_path(place, name), "wb");
    ck_assert_ptr_nonnull(stream);
    ck_assert_uint_eq(fwrite(bytes, 1, size, stream), size);
    ck_assert_int_eq(fclose(stream), 0);
    return place->path;
}

/* Reads up to size - 1 bytes and ends them in NUL; returns how many. */
static inline size_t scratch_read(scratch *place, const char *name, char *bytes, size_t size)
{
    FILE *stream = fopen(scratch_path(place, name), "rb");
    ck_assert_ptr_nonnull(stream);
    const size_t got = fread(bytes, 1, size - 1, stream);
    bytes[got] = '\0';
    fclose(stream);
    return got;
}

/* How many files the folder holds; with `empty` they are removed. */
static inline size_t scratch_count(scratch *place, bool empty)
{
    DIR *folder = opendir(place->folder);
    ck_assert_ptr_nonnull(folder);
    size_t count = 0;
    for (struct dirent *entry; (entry = readdir(folder));)
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) {
            count++;
            if (empty)
                remove(scratch_path(place, entry->d_name));
        }
    closedir(folder);
    return count;
}

static inline void scratch_close(scratch *place)
{
    scratch_count(place, true);
    ck_assert_int_eq(rmdir(place->folder), 0);
}

#endif
