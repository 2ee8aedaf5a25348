/* SPDX-License-Identifier: GPL-3.0-or-later */
#define _XOPEN_SOURCE 700 /* realpath */
#include "io/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/error.h"
#include "core/memory.h"
#include "core/number.h"

struct nsde_file {
    FILE *stream;
    char *path;      /* as the caller gave it */
    char *target;    /* what is to be replaced: path with its symbolic links followed */
    char *temporary; /* NULL when the bytes go straight to the target */
    int error;       /* errno of the first failure */
};

enum { MOST_ATTEMPTS = 10000, READ_BLOCK = 1 << 16 };

/* Names of open streams may lead to regular files, which must not be replaced under the stream's feet. */
static bool is_stream_name(const char *path)
{
    return strcmp(path, "/dev/stdout") == 0 || strcmp(path, "/dev/stderr") == 0 ||
           strncmp(path, "/dev/fd/", 8) == 0 || strncmp(path, "/proc/", 6) == 0;
}

static nsde_status cannot_write(const char *path, int error)
{
    return nsde_fail(error == ENOMEM ? NSDE_NO_MEMORY : NSDE_IO, "%s could not be written: %s", path,
                     strerror(error));
}

static nsde_status open_stream(nsde_file *file, int descriptor)
{
    file->stream = fdopen(descriptor, "w");
    if (file->stream)
        return NSDE_OK;
    const int error = errno;
    close(descriptor);
    return cannot_write(file->path, error);
}

static nsde_status open_directly(nsde_file *file)
{
    const int descriptor = open(file->path, O_WRONLY | O_APPEND | O_NOCTTY | O_CLOEXEC);
    return descriptor < 0 ? cannot_write(file->path, errno) : open_stream(file, descriptor);
}

/* The length of the folder's name in a path, its last slash included. */
static size_t folder_length(const char *path)
{
    const char *const slash = strrchr(path, '/');
    return slash ? (size_t)(slash - path) + 1 : 0;
}

/* Opens a new file beside the target with the permissions of the file it will replace, if there is one. */
static nsde_status open_temporary(nsde_file *file, const struct stat *replaced)
{
    const size_t folder = folder_length(file->target), size = folder + 64;
    void *memory;
    nsde_status status = nsde_alloc(size, 1, "file name", &memory);
    char *const name = memory;
    if (status)
        return status;
    int descriptor = -1;
    for (unsigned attempt = 0; attempt < MOST_ATTEMPTS && descriptor < 0; attempt++) {
        snprintf(name, size, "%.*s.nsde-%ld-%u.tmp", (int)folder, file->target, (long)getpid(), attempt);
        descriptor = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (descriptor < 0 && errno != EEXIST)
            break;
    }
    if (descriptor < 0) {
        status = cannot_write(file->path, errno);
        nsde_free(name);
        return status;
    }
    file->temporary = name;
    if (replaced && fchmod(descriptor, replaced->st_mode & 07777) != 0)
        file->error = errno;
    return open_stream(file, descriptor);
}

static nsde_status open_target(nsde_file *file)
{
    struct stat found;
    if (is_stream_name(file->path))
        return open_directly(file);
    if (stat(file->path, &found) != 0)
        return errno == ENOENT ? nsde_copy_string(file->path, &file->target)
                               : cannot_write(file->path, errno);
    if (S_ISDIR(found.st_mode))
        return cannot_write(file->path, EISDIR);
    if (!S_ISREG(found.st_mode))
        return open_directly(file);
    if (access(file->path, W_OK) != 0) /* a rename would replace a file that is protected */
        return cannot_write(file->path, errno);
    char *const resolved = realpath(file->path, NULL);
    if (!resolved)
        return cannot_write(file->path, errno);
    nsde_status status = nsde_copy_string(resolved, &file->target);
    free(resolved);
    return status ? status : open_temporary(file, &found);
}

nsde_status nsde_file_create(const char *path, nsde_file **file)
{
    *file = NULL;
    if (!path || !*path)
        return nsde_fail(NSDE_INVALID, "a file to write needs a name");
    void *memory;
    nsde_status status = nsde_alloc(1, sizeof(nsde_file), "file", &memory);
    if (status)
        return status;
    nsde_file *const made = memory;
    status = nsde_copy_string(path, &made->path);
    if (!status)
        status = open_target(made);
    if (!status && !made->stream)
        status = open_temporary(made, NULL);
    if (status) {
        nsde_file_discard(made);
        return status;
    }
    *file = made;
    return NSDE_OK;
}

static void note_error(nsde_file *file)
{
    file->error = errno ? errno : EIO;
}

void nsde_file_append(nsde_file *file, const void *bytes, size_t size)
{
    if (!file->error && size && fwrite(bytes, 1, size, file->stream) != size)
        note_error(file);
}

void nsde_file_print(nsde_file *file, const char *format, ...)
{
    if (file->error)
        return;
    va_list arguments;
    va_start(arguments, format);
    if (vfprintf(file->stream, format, arguments) < 0)
        note_error(file);
    va_end(arguments);
}

void nsde_file_number(nsde_file *file, double value)
{
    char text[NSDE_NUMBER_SIZE];
    nsde_format_number(value, text);
    nsde_file_append(file, text, strlen(text));
}

nsde_status nsde_file_status(const nsde_file *file)
{
    return file->error ? cannot_write(file->path, file->error) : NSDE_OK;
}

/* Makes the new name itself last; some file systems cannot, and the file is whole in any case. */
static void sync_folder(const nsde_file *file)
{
    const size_t folder = folder_length(file->temporary);
    file->temporary[folder] = '\0';
    const int descriptor = open(folder ? file->temporary : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (descriptor >= 0) {
        (void)fsync(descriptor);
        close(descriptor);
    }
}

nsde_status nsde_file_close(nsde_file *file)
{
    if (!file->error && fflush(file->stream) != 0)
        note_error(file);
    if (!file->error && file->temporary && fsync(fileno(file->stream)) != 0)
        note_error(file);
    if (fclose(file->stream) != 0 && !file->error)
        note_error(file);
    file->stream = NULL;
    if (!file->error && file->temporary) {
        if (rename(file->temporary, file->target) != 0) {
            note_error(file);
        } else {
            sync_folder(file);
            nsde_free(file->temporary);
            file->temporary = NULL;
        }
    }
    const nsde_status status = nsde_file_status(file);
    nsde_file_discard(file);
    return status;
}

void nsde_file_discard(nsde_file *file)
{
    if (!file)
        return;
    if (file->stream)
        fclose(file->stream);
    if (file->temporary)
        unlink(file->temporary);
    nsde_free(file->temporary);
    nsde_free(file->target);
    nsde_free(file->path);
    nsde_free(file);
}

static nsde_status cannot_read(const char *path, int error)
{
    return nsde_fail(NSDE_IO, "%s could not be read: %s", path, strerror(error));
}

static nsde_status read_all(int descriptor, const char *path, char **text, size_t *size)
{
    size_t capacity = 0;
    for (;;) {
        if (capacity - *size < 2) { /* room for a byte and the NUL behind it */
            void *block = *text;
            const size_t grown = capacity ? 2 * capacity : READ_BLOCK;
            const nsde_status status = nsde_resize(&block, *size, grown, 1, path);
            *text = block;
            if (status)
                return status;
            capacity = grown;
        }
        const ssize_t got = read(descriptor, *text + *size, capacity - *size - 1);
        if (got < 0 && errno != EINTR)
            return cannot_read(path, errno);
        if (got == 0)
            return NSDE_OK; /* what follows is zeroed */
        if (got > 0)
            *size += (size_t)got;
    }
}

nsde_status nsde_file_read(const char *path, char **text, size_t *size)
{
    *text = NULL;
    *size = 0;
    if (!path || !*path)
        return nsde_fail(NSDE_INVALID, "a file to read needs a name");
    const int descriptor = open(path, O_RDONLY | O_NOCTTY | O_CLOEXEC);
    if (descriptor < 0)
        return cannot_read(path, errno);
    const nsde_status status = read_all(descriptor, path, text, size);
    close(descriptor);
    if (status) {
        nsde_free(*text);
        *text = NULL;
        *size = 0;
    }
    return status;
}
