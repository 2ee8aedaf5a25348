/* The form of model files; private to src/train.
 *
 * A model file is JSON whose last member is the checksum of all the bytes before it:
 *
 *     {"format": "nsde model", "version": 1, "model": NAME, "neural": {…}, "networks": [{…}, {…}],
 *      "parameters": [{"name", "rows", "columns", "values"}, …], "results": [{"name", "value"}, …],
 *      "checksum": "16 hexadecimal digits"}
 *
 * "neural" and "networks" are there for neural models only. A number that is written with the same 17 digits
 * each time makes the text canonical, so that a checksum of bytes will do.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef NSDE_TRAIN_MODEL_FILE_H
#define NSDE_TRAIN_MODEL_FILE_H

#include "nsde/model_file.h"

#define NSDE_MODEL_FORMAT "nsde model"

enum {
    NSDE_MODEL_VERSION = 1,
    NSDE_MODEL_TAIL = 36 /* bytes of the last lines, with the checksum and the closing brace */
};

/* What stands between the content and the end of the file: the member "checksum". */
void nsde_model_file_tail(const char *content, size_t size, char tail[NSDE_MODEL_TAIL + 1]);

/* Reads the text of a file, which ends in a NUL byte that size does not count. */
NSDE_MUST_USE nsde_status nsde_model_file_parse(const char *text, size_t size, nsde_model_file *file);

/* The names of what nsde_net_standardisation gives, in its order. */
extern const char *const nsde_standard_names[4];

#endif
