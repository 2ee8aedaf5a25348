/* Writing model files.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/error.h"
#include "core/number.h"
#include "io/checksum.h"
#include "io/file.h"
#include "io/json.h"
#include "nsde/neural.h"
#include "train/model_file.h"

const char *const nsde_standard_names[4] = {"input_mean", "input_scale", "output_mean", "output_scale"};

void nsde_model_file_tail(const char *content, size_t size, char tail[NSDE_MODEL_TAIL + 1])
{
    snprintf(tail, NSDE_MODEL_TAIL + 1, ",\n\t\"checksum\":\t\"%016" PRIx64 "\"\n}\n",
             nsde_checksum(0, content, size));
}

/* Adds an item made by cJSON, or frees it; false when memory was short. */
static bool add(cJSON *object, const char *name, cJSON *item)
{
    if (item && (name ? cJSON_AddItemToObject(object, name, item) : cJSON_AddItemToArray(object, item)))
        return true;
    cJSON_Delete(item);
    return false;
}

/* ---- networks ---- */

static cJSON *net_text(const nsde_net *net)
{
    const nsde_net_definition *d = nsde_net_describe(net);
    cJSON *widths = cJSON_CreateArray(), *object = cJSON_CreateObject();
    bool good = widths && object;
    for (size_t i = 0; good && i < d->n_hidden; i++)
        good = add(widths, NULL, nsde_json_number((double)d->hidden[i]));
    good = good && add(object, "name", cJSON_CreateString(d->name)) &&
           add(object, "activation", cJSON_CreateString(nsde_activation_name(d->activation)));
    if (good) {
        good = add(object, "hidden", widths);
        widths = NULL;
    }
    const double *standard[4];
    const size_t last = nsde_net_blocks(net) - 1;
    size_t outputs;
    nsde_net_block(net, last, NULL, NULL, &outputs, NULL);
    nsde_net_standardisation(net, &standard[0], &standard[1], &standard[2], &standard[3]);
    for (int i = 0; good && i < 4; i++)
        if (standard[i])
            good = nsde_json_add_numbers(object, nsde_standard_names[i], i < 2 ? d->inputs : outputs,
                                         standard[i]);
    if (good)
        return object;
    cJSON_Delete(widths);
    cJSON_Delete(object);
    return NULL;
}

static bool add_neural(cJSON *root, const nsde_model *model)
{
    const nsde_model_definition *d = nsde_model_describe(model);
    const nsde_net_definition *drift = nsde_net_describe(nsde_neural_net(model, 0));
    const nsde_net_definition *diffusion = nsde_net_describe(nsde_neural_net(model, 1));
    cJSON *neural = cJSON_CreateObject(), *nets = cJSON_CreateArray();
    const char *map = diffusion->map == NSDE_OUTPUT_EXP ? "exp" : "softplus";
    bool good = neural && nets && nsde_json_add_number(neural, "dim", (double)d->dim) &&
                add(neural, "autonomous", cJSON_CreateBool(drift->inputs == d->dim + d->n_inputs)) &&
                (!d->n_inputs || nsde_json_add_number(neural, "inputs", (double)d->n_inputs)) &&
                add(neural, "full", cJSON_CreateBool(diffusion->map == NSDE_OUTPUT_CHOLESKY)) &&
                add(neural, "map", cJSON_CreateString(map)) &&
                nsde_json_add_number(neural, "floor", diffusion->floor) &&
                add(neural, "calculus", cJSON_CreateString(nsde_calculus_name(d->calculus)));
    for (size_t k = 0; good && k < 2; k++)
        good = add(nets, NULL, net_text(nsde_neural_net(model, k)));
    if (!good) {
        cJSON_Delete(neural);
        cJSON_Delete(nets);
        return false;
    }
    good = add(root, "neural", neural);
    return add(root, "networks", nets) && good;
}

/* ---- parameters ---- */

static bool add_block(cJSON *list, const char *name, size_t rows, size_t columns, const double *values)
{
    cJSON *block = cJSON_CreateObject();
    if (block && add(block, "name", cJSON_CreateString(name)) &&
        nsde_json_add_number(block, "rows", (double)rows) &&
        nsde_json_add_number(block, "columns", (double)columns) &&
        nsde_json_add_numbers(block, "values", rows * columns, values))
        return add(list, NULL, block);
    cJSON_Delete(block);
    return false;
}

static bool add_parameters(cJSON *root, const nsde_model *model, const double *parameters)
{
    const nsde_model_definition *d = nsde_model_describe(model);
    cJSON *list = cJSON_CreateArray();
    bool good = list != NULL;
    for (size_t k = 0; good && k < 2 && nsde_neural_net(model, k); k++) {
        const nsde_net *net = nsde_neural_net(model, k);
        for (size_t b = 0; good && b < nsde_net_blocks(net); b++) {
            const char *name;
            size_t first, rows, columns;
            nsde_net_block(net, b, &name, &first, &rows, &columns);
            good = add_block(list, name, rows, columns, parameters + first);
        }
        parameters += nsde_net_weights(net);
    }
    for (size_t i = 0; good && !nsde_neural_net(model, 0) && i < d->n_parameters; i++)
        good = add_block(list, d->parameters[i].name, 1, 1, &parameters[i]);
    if (good)
        return add(root, "parameters", list);
    cJSON_Delete(list);
    return false;
}

static bool add_results(cJSON *root, const nsde_model_file *file)
{
    cJSON *list = cJSON_CreateArray();
    bool good = list != NULL;
    for (size_t i = 0; good && i < file->n_results; i++) {
        cJSON *one = cJSON_CreateObject();
        good = one && add(one, "name", cJSON_CreateString(file->results[i].name)) &&
               nsde_json_add_number(one, "value", file->results[i].value);
        if (!good) {
            cJSON_Delete(one);
            break;
        }
        good = add(list, NULL, one);
    }
    if (good)
        return add(root, "results", list);
    cJSON_Delete(list);
    return false;
}

/* ---- the file ---- */

static bool is_shipped(const nsde_model_definition *d)
{
    for (size_t i = 0; nsde_shipped(i); i++)
        if (strcmp(nsde_shipped(i)->name, d->name) == 0)
            return nsde_shipped(i)->drift == d->drift && nsde_shipped(i)->diffusion == d->diffusion;
    return false;
}

static nsde_status check(const nsde_model_file *file)
{
    if (!file || !file->model || (file->n_results && !file->results))
        return nsde_fail(NSDE_INVALID, "a model file needs a model");
    const nsde_model_definition *d = nsde_model_describe(file->model);
    if (!nsde_neural_net(file->model, 0) && !is_shipped(d))
        return nsde_fail(NSDE_UNSUPPORTED, "model %s is neither shipped nor neural: a file cannot hold it",
                         d->name);
    for (size_t i = 0; i < file->n_results; i++)
        if (!file->results[i].name || !isfinite(file->results[i].value))
            return nsde_fail(NSDE_INVALID, "result %zu has no name or is not finite", i);
    return nsde_model_check_parameters(file->model, file->parameters);
}

static cJSON *make_text(const nsde_model_file *file)
{
    cJSON *root = cJSON_CreateObject();
    if (root && add(root, "format", cJSON_CreateString(NSDE_MODEL_FORMAT)) &&
        nsde_json_add_number(root, "version", NSDE_MODEL_VERSION) &&
        add(root, "model", cJSON_CreateString(nsde_model_describe(file->model)->name)) &&
        (!nsde_neural_net(file->model, 0) || add_neural(root, file->model)) &&
        add_parameters(root, file->model, file->parameters) && add_results(root, file))
        return root;
    cJSON_Delete(root);
    return NULL;
}

/* The text ends in "\n}", which the tail takes the place of. */
static nsde_status write_text(const char *text, const char *path)
{
    char tail[NSDE_MODEL_TAIL + 1];
    nsde_file *file;
    const size_t size = strlen(text) - 2;
    const nsde_status status = nsde_file_create(path, &file);
    if (status)
        return status;
    nsde_model_file_tail(text, size, tail);
    nsde_file_append(file, text, size);
    nsde_file_append(file, tail, NSDE_MODEL_TAIL);
    return nsde_file_close(file);
}

nsde_status nsde_model_file_write(const nsde_model_file *file, const char *path)
{
    nsde_c_locale locale;
    nsde_status status = check(file);
    if (!status)
        status = nsde_c_locale_enter(&locale);
    if (status)
        return status;
    cJSON *root = make_text(file);
    char *text = root ? cJSON_Print(root) : NULL;
    nsde_c_locale_leave(&locale);
    status = text ? write_text(text, path) : nsde_fail(NSDE_NO_MEMORY, "no memory for the text of a model");
    cJSON_free(text);
    cJSON_Delete(root);
    return status;
}

nsde_status nsde_model_write(const nsde_model *model, const double *parameters, const char *path)
{
    /* The model and the parameters are read only. */
    return nsde_model_file_write(
        &(nsde_model_file){.model = (nsde_model *)model, .parameters = (double *)parameters}, path);
}
