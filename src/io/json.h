/* What the library needs of JSON beyond cJSON: numbers to the last bit in every locale, whole files.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef NSDE_IO_JSON_H
#define NSDE_IO_JSON_H

#include <cjson/cJSON.h>
#include <stdbool.h>

#include "nsde/status.h"

/* A number with 17 significant digits; null for NaN and infinities, which JSON does not have. NULL when
 * memory is short, which cJSON_AddItemToObject refuses. */
cJSON *nsde_json_number(double value);

/* Adds to an object; false when memory is short. */
bool nsde_json_add_number(cJSON *object, const char *name, double value);
bool nsde_json_add_numbers(cJSON *object, const char *name, size_t n, const double *values);

/* Writes a whole file, indented, with a newline at its end. */
NSDE_MUST_USE nsde_status nsde_json_write(const cJSON *root, const char *path);

/* Reads a file; NSDE_PARSE names file, line and column. Free the root with cJSON_Delete. */
NSDE_MUST_USE nsde_status nsde_json_read(const char *path, cJSON **root);

/* A member of an object: NSDE_PARSE, naming the member, when it is absent or of another kind, when a number
 * is not finite, or when there are not n of them. Put the name of the file in front with nsde_fail_within. */
NSDE_MUST_USE nsde_status nsde_json_get_number(const cJSON *object, const char *name, double *value);
NSDE_MUST_USE nsde_status nsde_json_get_numbers(const cJSON *object, const char *name, size_t n,
                                                double *values);
NSDE_MUST_USE nsde_status nsde_json_get_string(const cJSON *object, const char *name, const char **text);

#endif
