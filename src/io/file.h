/* Whole files: written all or not at all, and read at once.
 *
 * A file is written under a temporary name in its own folder, forced to the disk and renamed when it is
 * closed, so that a reader, a full disk or a crash never meets half a file. Where that makes no sense
 * (/dev/stdout, a pipe, a device) the bytes go straight to the target.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef NSDE_IO_FILE_H
#define NSDE_IO_FILE_H

#include "nsde/status.h"

typedef struct nsde_file nsde_file;

NSDE_MUST_USE nsde_status nsde_file_create(const char *path, nsde_file **file);

/* Appending never fails at once: the first error stays and is reported by status and close. The format is
 * printf's, but for numbers with a decimal point, which must not depend on the locale. */
void nsde_file_print(nsde_file *file, const char *format, ...) __attribute__((format(printf, 2, 3)));
void nsde_file_number(nsde_file *file, double value); /* 17 digits */
void nsde_file_append(nsde_file *file, const void *bytes, size_t size);

/* What the first error so far was, so that a long computation can stop early. */
NSDE_MUST_USE nsde_status nsde_file_status(const nsde_file *file);

/* Puts the file in its place and frees it; after an error nothing is left behind, and an older file of that
 * name is as it was. */
NSDE_MUST_USE nsde_status nsde_file_close(nsde_file *file);
void nsde_file_discard(nsde_file *file); /* leaves nothing behind; takes NULL; keeps the message */

/* Reads a whole file; *text ends in a NUL byte that *size does not count. Free it with nsde_free. */
NSDE_MUST_USE nsde_status nsde_file_read(const char *path, char **text, size_t *size);

#endif
