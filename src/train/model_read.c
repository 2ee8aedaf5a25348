/* Reading model files. Nothing in them is believed: the checksum guards against damage, and every size is
 * compared with what is there before anything is made of it.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>
#include <string.h>

#include "core/error.h"
#include "core/memory.h"
#include "core/number.h"
#include "io/file.h"
#include "io/json.h"
#include "nsde/neural.h"
#include "train/model_file.h"

enum { LAYERS = 32 };

static nsde_status get(const cJSON *object, const char *name, const cJSON **item)
{
    *item = cJSON_GetObjectItemCaseSensitive(object, name);
    return *item ? NSDE_OK : nsde_fail(NSDE_PARSE, "\"%s\" is missing", name);
}

static nsde_status get_size(const cJSON *object, const char *name, size_t *value)
{
    double number;
    const nsde_status status = nsde_json_get_number(object, name, &number);
    if (status)
        return status;
    if (!(number >= 0.0) || number > INT32_MAX || number != (double)(size_t)number)
        return nsde_fail(NSDE_PARSE, "\"%s\" = %g is no size", name, number);
    *value = (size_t)number;
    return NSDE_OK;
}

static nsde_status get_bool(const cJSON *object, const char *name, bool *value)
{
    const cJSON *item;
    const nsde_status status = get(object, name, &item);
    if (status)
        return status;
    *value = cJSON_IsTrue(item);
    return cJSON_IsBool(item) ? NSDE_OK : nsde_fail(NSDE_PARSE, "\"%s\" is neither true nor false", name);
}

/* One of two texts: is it the second? */
static nsde_status get_choice(const cJSON *object, const char *name, const char *first, const char *second,
                              bool *is_second)
{
    const char *text;
    const nsde_status status = nsde_json_get_string(object, name, &text);
    if (status)
        return status;
    *is_second = strcmp(text, second) == 0;
    return *is_second || strcmp(text, first) == 0
               ? NSDE_OK
               : nsde_fail(NSDE_PARSE, "\"%s\" is neither %s nor %s", name, first, second);
}

/* ---- neural models ---- */

/* The text of nsde_net_parse for a network of the file; *weights is how many it has, SIZE_MAX for too many.
 */
static nsde_status read_net(const cJSON *net, size_t inputs, size_t outputs, char *text, size_t size,
                            size_t *weights)
{
    const cJSON *hidden;
    const char *activation;
    nsde_activation ignored;
    nsde_status status = get(net, "hidden", &hidden);
    if (!status)
        status = nsde_json_get_string(net, "activation", &activation);
    if (!status)
        status = nsde_activation_find(activation, &ignored);
    if (status)
        return status;
    const int n = cJSON_IsArray(hidden) ? cJSON_GetArraySize(hidden) : 0;
    if (n < 1 || n > LAYERS)
        return nsde_fail(NSDE_PARSE, "\"hidden\" is no list of 1 to %d widths", LAYERS);
    size_t at = (size_t)snprintf(text, size, "mlp:"), before = inputs;
    *weights = 0;
    for (int i = 0; i <= n; i++) {
        const cJSON *item = cJSON_GetArrayItem(hidden, i);
        const double width = i < n ? cJSON_GetNumberValue(item) : (double)outputs;
        size_t entries;
        if (!(width >= 1.0) || width > INT32_MAX || width != (double)(size_t)width)
            return nsde_fail(NSDE_PARSE, "a layer of %g units", width);
        if (!nsde_size_mul(before + 1, (size_t)width, &entries) || !nsde_size_add(*weights, entries, weights))
            *weights = SIZE_MAX;
        before = (size_t)width;
        if (i < n)
            at += (size_t)snprintf(text + at, size - at, "%zu%s", before, i + 1 < n ? "," : "");
    }
    snprintf(text + at, size - at, ":%s", activation);
    return NSDE_OK;
}

/* Numbers that the blocks of the file hold: a model of another size is not even made. */
static size_t count_values(const cJSON *root)
{
    const cJSON *block;
    size_t n = 0;
    cJSON_ArrayForEach(block, cJSON_GetObjectItemCaseSensitive(root, "parameters"))
    {
        n += (size_t)cJSON_GetArraySize(cJSON_GetObjectItemCaseSensitive(block, "values"));
    }
    return n;
}

static nsde_status read_settings(const cJSON *neural, nsde_neural_settings *s)
{
    bool is_exp = false, is_stratonovich = false;
    nsde_status status = get_size(neural, "dim", &s->dim);
    if (!status && (s->dim < 1 || s->dim > INT16_MAX))
        status = nsde_fail(NSDE_PARSE, "a model of %zu states", s->dim);
    if (!status)
        status = get_bool(neural, "autonomous", &s->autonomous);
    if (!status && cJSON_GetObjectItemCaseSensitive(neural, "inputs")) /* of models that have some */
        status = get_size(neural, "inputs", &s->n_inputs);
    if (!status)
        status = get_bool(neural, "full", &s->full);
    if (!status)
        status = get_choice(neural, "map", "softplus", "exp", &is_exp);
    if (!status)
        status = nsde_json_get_number(neural, "floor", &s->floor);
    if (!status)
        status = get_choice(neural, "calculus", nsde_calculus_name(NSDE_ITO),
                            nsde_calculus_name(NSDE_STRATONOVICH), &is_stratonovich);
    s->map = is_exp ? NSDE_OUTPUT_EXP : NSDE_OUTPUT_SOFTPLUS;
    s->calculus = is_stratonovich ? NSDE_STRATONOVICH : NSDE_ITO;
    return status;
}

static nsde_status standardise(const cJSON *object, nsde_net *net)
{
    void *memory;
    const size_t inputs = nsde_net_describe(net)->inputs;
    size_t outputs;
    nsde_net_block(net, nsde_net_blocks(net) - 1, NULL, NULL, &outputs, NULL);
    nsde_status status = nsde_alloc(2 * (inputs + outputs), sizeof(double), "standardisation", &memory);
    if (status)
        return status;
    double *at = memory;
    const double *standard[4] = {NULL};
    for (int i = 0; i < 4 && !status; i++) {
        const size_t n = i < 2 ? inputs : outputs;
        if (!cJSON_GetObjectItemCaseSensitive(object, nsde_standard_names[i]))
            continue;
        status = nsde_json_get_numbers(object, nsde_standard_names[i], n, at);
        standard[i] = at;
        at += n;
    }
    if (!status)
        status = nsde_net_standardise(net, standard[0], standard[1], standard[2], standard[3]);
    nsde_free(memory);
    return status;
}

static nsde_status read_neural(const cJSON *root, const char *name, nsde_model **model)
{
    char texts[2][16 * LAYERS];
    size_t weights[2];
    const cJSON *neural, *nets;
    nsde_neural_settings s = {.name = name, .drift = texts[0], .diffusion = texts[1]};
    nsde_status status = get(root, "neural", &neural);
    if (!status)
        status = read_settings(neural, &s);
    if (!status)
        status = get(root, "networks", &nets);
    if (!status && (!cJSON_IsArray(nets) || cJSON_GetArraySize(nets) != 2))
        status = nsde_fail(NSDE_PARSE, "\"networks\" is no list of two");
    if (status)
        return status;
    for (int k = 0; k < 2 && !status; k++) {
        const size_t outputs = k == 1 && s.full ? s.dim * (s.dim + 1) / 2 : s.dim;
        status = read_net(cJSON_GetArrayItem(nets, k), s.dim + !s.autonomous + s.n_inputs, outputs, texts[k],
                          sizeof texts[k], &weights[k]);
    }
    size_t all = 0;
    if (!status && (!nsde_size_add(weights[0], weights[1], &all) || all != count_values(root)))
        status = nsde_fail(NSDE_PARSE, "\"parameters\" has %zu numbers and the networks have %zu weights",
                           count_values(root), all);
    if (!status)
        status = nsde_neural_create(&s, model);
    for (int k = 0; k < 2 && !status; k++)
        status = standardise(cJSON_GetArrayItem(nets, k), nsde_neural_net(*model, (size_t)k));
    return status;
}

/* ---- parameters and results ---- */

static nsde_status read_block(const cJSON *item, const char *name, size_t rows, size_t columns,
                              double *values)
{
    const char *found;
    size_t size[2] = {0};
    nsde_status status = item ? NSDE_OK : nsde_fail(NSDE_PARSE, "parameter %s is missing", name);
    if (!status)
        status = nsde_json_get_string(item, "name", &found);
    if (!status)
        status = get_size(item, "rows", &size[0]);
    if (!status)
        status = get_size(item, "columns", &size[1]);
    if (status)
        return status;
    if (strcmp(found, name) != 0 || size[0] != rows || size[1] != columns)
        return nsde_fail(NSDE_PARSE, "parameter %.100s [%zu][%zu] stands where %s [%zu][%zu] belongs", found,
                         size[0], size[1], name, rows, columns);
    return nsde_json_get_numbers(item, "values", rows * columns, values);
}

static nsde_status read_parameters(const cJSON *root, nsde_model_file *file)
{
    const nsde_model_definition *d = nsde_model_describe(file->model);
    void *memory;
    const cJSON *list;
    nsde_status status = get(root, "parameters", &list);
    if (!status)
        status = nsde_alloc(d->n_parameters, sizeof(double), "parameters", &memory);
    if (status)
        return status;
    double *at = file->parameters = memory;
    const cJSON *item = cJSON_IsArray(list) ? list->child : NULL;
    for (size_t k = 0; k < 2 && nsde_neural_net(file->model, k); k++) {
        const nsde_net *net = nsde_neural_net(file->model, k);
        for (size_t b = 0; b < nsde_net_blocks(net) && !status; b++, item = item->next) {
            const char *name;
            size_t first, rows, columns;
            nsde_net_block(net, b, &name, &first, &rows, &columns);
            status = read_block(item, name, rows, columns, at + first);
            if (status)
                return status;
        }
        at += nsde_net_weights(net);
    }
    for (size_t i = 0; i < d->n_parameters && !nsde_neural_net(file->model, 0); i++, item = item->next) {
        status = read_block(item, d->parameters[i].name, 1, 1, &at[i]);
        if (status)
            return status;
    }
    if (item)
        return nsde_fail(NSDE_PARSE, "\"parameters\" has more blocks than the model");
    return nsde_model_check_parameters(file->model, file->parameters);
}

static nsde_status read_results(const cJSON *root, nsde_model_file *file)
{
    void *memory;
    const cJSON *list, *item;
    nsde_status status = get(root, "results", &list);
    if (status)
        return status;
    if (!cJSON_IsArray(list))
        return nsde_fail(NSDE_PARSE, "\"results\" is no list");
    status = nsde_alloc((size_t)cJSON_GetArraySize(list), sizeof(nsde_assignment), "results", &memory);
    if (status)
        return status;
    file->results = memory;
    cJSON_ArrayForEach(item, list)
    {
        const char *name;
        char *copy;
        nsde_assignment *result = &file->results[file->n_results];
        status = nsde_json_get_string(item, "name", &name);
        if (!status)
            status = nsde_json_get_number(item, "value", &result->value);
        if (!status)
            status = nsde_copy_string(name, &copy);
        if (status)
            return status;
        result->name = copy;
        file->n_results++;
    }
    return NSDE_OK;
}

/* ---- the file ---- */

static nsde_status read_root(const cJSON *root, nsde_model_file *file)
{
    const char *name;
    nsde_status status = nsde_json_get_string(root, "model", &name);
    if (status)
        return status;
    status = cJSON_GetObjectItemCaseSensitive(root, "neural") ? read_neural(root, name, &file->model)
                                                              : nsde_model_open(name, &file->model);
    if (!status)
        status = read_parameters(root, file);
    return status ? status : read_results(root, file);
}

/* Format and version come first, so that a file of another kind is called so; then the checksum. */
static nsde_status check(const cJSON *root, const char *text, size_t size)
{
    const char *format;
    char tail[NSDE_MODEL_TAIL + 1];
    double version;
    const nsde_status status = nsde_json_get_string(root, "format", &format);
    if (status || strcmp(format, NSDE_MODEL_FORMAT) != 0 || nsde_json_get_number(root, "version", &version))
        return nsde_fail(NSDE_PARSE, "this is no model file");
    if (version != NSDE_MODEL_VERSION)
        return nsde_fail(NSDE_PARSE, "a model file of version %g; this library reads version %d", version,
                         NSDE_MODEL_VERSION);
    if (size > NSDE_MODEL_TAIL)
        nsde_model_file_tail(text, size - NSDE_MODEL_TAIL, tail);
    if (size <= NSDE_MODEL_TAIL || memcmp(text + size - NSDE_MODEL_TAIL, tail, NSDE_MODEL_TAIL) != 0)
        return nsde_fail(NSDE_PARSE, "the checksum is not that of the content: the file is damaged, or was "
                                     "edited");
    return NSDE_OK;
}

nsde_status nsde_model_file_parse(const char *text, size_t size, nsde_model_file *file)
{
    nsde_c_locale locale;
    *file = (nsde_model_file){0};
    nsde_status status = nsde_c_locale_enter(&locale);
    if (status)
        return status;
    cJSON *root = memchr(text, '\0', size) ? NULL : cJSON_ParseWithLengthOpts(text, size + 1, NULL, true);
    nsde_c_locale_leave(&locale);
    status = root ? check(root, text, size)
                  : nsde_fail(NSDE_PARSE, "this is no JSON, or only the beginning of a model file");
    if (!status)
        status = read_root(root, file);
    cJSON_Delete(root);
    if (status)
        nsde_model_file_destroy(file);
    return status == NSDE_INVALID ? NSDE_PARSE : status;
}

nsde_status nsde_model_file_read(const char *path, nsde_model_file *file)
{
    char *text;
    size_t size;
    if (!file)
        return nsde_fail(NSDE_INVALID, "nsde_model_file_read: file is NULL");
    *file = (nsde_model_file){0};
    nsde_status status = nsde_file_read(path, &text, &size);
    if (status)
        return status;
    status = nsde_model_file_parse(text, size, file);
    if (status)
        status = nsde_fail_within(status, "%s", path);
    nsde_free(text);
    return status;
}

void nsde_model_file_destroy(nsde_model_file *file)
{
    if (!file)
        return;
    for (size_t i = 0; i < file->n_results; i++)
        nsde_free((char *)file->results[i].name); /* ours: nsde_model_file_read copied it */
    nsde_free(file->results);
    nsde_free(file->parameters);
    nsde_model_destroy(file->model);
    *file = (nsde_model_file){0};
}

nsde_status nsde_model_read(const char *path, nsde_model **model, double **parameters)
{
    nsde_model_file file;
    if (!model || !parameters)
        return nsde_fail(NSDE_INVALID, "nsde_model_read: places for the model and its parameters are needed");
    *model = NULL;
    *parameters = NULL;
    const nsde_status status = nsde_model_file_read(path, &file);
    if (status)
        return status;
    *model = file.model;
    *parameters = file.parameters;
    nsde_model_file_destroy(&(nsde_model_file){.results = file.results, .n_results = file.n_results});
    return NSDE_OK;
}

void nsde_parameters_destroy(double *parameters)
{
    nsde_free(parameters);
}
