/* nsde/model_file.h: models with their parameters as JSON files.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef NSDE_MODEL_FILE_H
#define NSDE_MODEL_FILE_H

#include "nsde/fit.h"
#include "nsde/model.h"

#ifdef __cplusplus
extern "C" {
#endif

/** What a model file holds. Plain; what nsde_model_file_read made, nsde_model_file_destroy frees. */
typedef struct nsde_model_file {
    nsde_model *model;
    double *parameters;       /**< [n_parameters] */
    nsde_assignment *results; /**< [n_results] named numbers of a fit, such as "log_likelihood"; finite */
    size_t n_results;
} nsde_model_file;

/** Writes a shipped or neural model: its name or its networks with their standardisation, named blocks of
 *  parameters, results, a version and a checksum over all of it. Numbers have 17 digits, so that reading
 *  gives the same bits and writing what was read the same file, in every locale. The file is replaced as a
 *  whole.
 *  @return NSDE_INVALID (a parameter out of its bounds, a result that is not finite), NSDE_UNSUPPORTED (a
 *          model of the caller's own, which no file can hold), NSDE_IO, NSDE_NO_MEMORY */
NSDE_API NSDE_MUST_USE nsde_status nsde_model_file_write(const nsde_model_file *file, const char *path);
/** Reads a model file; destroy what it holds with nsde_model_file_destroy.
 *  @return NSDE_IO; NSDE_PARSE naming the file: not a model file, another version, damaged or edited by hand
 *          (the checksum tells), or members that contradict one another; NSDE_NOT_FOUND (no such shipped
 *          model); NSDE_OVERFLOW; NSDE_NO_MEMORY */
NSDE_API NSDE_MUST_USE nsde_status nsde_model_file_read(const char *path, nsde_model_file *file);
/** Frees what a file was read into, and zeroes it; takes zeros and NULL. */
NSDE_API void nsde_model_file_destroy(nsde_model_file *file);

/** Writes a model file without results.
 *  @param parameters [n_parameters]
 *  @return as nsde_model_file_write */
NSDE_API NSDE_MUST_USE nsde_status nsde_model_write(const nsde_model *model, const double *parameters,
                                                    const char *path);
/** Reads the model of a file and its parameters.
 *  @param model written; destroy it with nsde_model_destroy
 *  @param parameters [n_parameters], to be freed with nsde_parameters_destroy
 *  @return as nsde_model_file_read */
NSDE_API NSDE_MUST_USE nsde_status nsde_model_read(const char *path, nsde_model **model, double **parameters);
/** Frees what nsde_model_read gave; takes NULL. */
NSDE_API void nsde_parameters_destroy(double *parameters);

#ifdef __cplusplus
}
#endif

#endif
