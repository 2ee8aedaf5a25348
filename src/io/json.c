/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "io/json.h"

#include <math.h>
#include <string.h>

#include "core/error.h"
#include "core/memory.h"
#include "core/number.h"
#include "io/file.h"

cJSON *nsde_json_number(double value)
{
    char text[NSDE_NUMBER_SIZE];
    return isfinite(value) ? cJSON_CreateRaw(nsde_format_number(value, text)) : cJSON_CreateNull();
}

static bool add(cJSON *object, const char *name, cJSON *item)
{
    if (item && cJSON_AddItemToObject(object, name, item))
        return true;
    cJSON_Delete(item);
    return false;
}

bool nsde_json_add_number(cJSON *object, const char *name, double value)
{
    return add(object, name, nsde_json_number(value));
}

bool nsde_json_add_numbers(cJSON *object, const char *name, size_t n, const double *values)
{
    cJSON *const array = cJSON_CreateArray();
    for (size_t i = 0; array && i < n; i++)
        if (!cJSON_AddItemToArray(array, nsde_json_number(values[i]))) {
            cJSON_Delete(array);
            return false;
        }
    return add(object, name, array);
}

nsde_status nsde_json_write(const cJSON *root, const char *path)
{
    nsde_c_locale locale = {0};
    nsde_status status = nsde_c_locale_enter(&locale);
    if (status)
        return status;
    char *const text = cJSON_Print(root);
    nsde_c_locale_leave(&locale);
    if (!text)
        return nsde_fail(NSDE_NO_MEMORY, "%s: no memory for the text of the file", path);
    nsde_file *file;
    status = nsde_file_create(path, &file);
    if (!status) {
        nsde_file_append(file, text, strlen(text));
        nsde_file_append(file, "\n", 1);
        status = nsde_file_close(file);
    }
    cJSON_free(text);
    return status;
}

static nsde_status fail_at(const char *path, const char *text, const char *place)
{
    size_t line = 1, column = 1;
    for (const char *c = text; c < place; c++) {
        column = *c == '\n' ? 1 : column + 1;
        line += *c == '\n';
    }
    return nsde_fail(NSDE_PARSE, "%s: line %zu, column %zu: the text is not JSON from here on", path, line,
                     column);
}

nsde_status nsde_json_read(const char *path, cJSON **root)
{
    *root = NULL;
    char *text;
    size_t size;
    nsde_c_locale locale = {0};
    nsde_status status = nsde_file_read(path, &text, &size);
    if (status)
        return status;
    status = nsde_c_locale_enter(&locale);
    if (!status) {
        const char *place = text;
        if (memchr(text, '\0', size))
            place = memchr(text, '\0', size);
        else
            *root = cJSON_ParseWithLengthOpts(text, size + 1, &place, true);
        nsde_c_locale_leave(&locale);
        if (!*root)
            status = fail_at(path, text, place);
    }
    nsde_free(text);
    return status;
}

static nsde_status number_of(const cJSON *item, const char *name, double *value)
{
    if (!cJSON_IsNumber(item) || !isfinite(item->valuedouble))
        return nsde_fail(NSDE_PARSE, "\"%.100s\" is not a %snumber", name,
                         cJSON_IsNumber(item) ? "finite " : "");
    *value = item->valuedouble;
    return NSDE_OK;
}

static nsde_status member(const cJSON *object, const char *name, const cJSON **item)
{
    *item = cJSON_GetObjectItemCaseSensitive(object, name);
    return *item ? NSDE_OK : nsde_fail(NSDE_PARSE, "\"%.100s\" is missing", name);
}

nsde_status nsde_json_get_number(const cJSON *object, const char *name, double *value)
{
    const cJSON *item;
    const nsde_status status = member(object, name, &item);
    return status ? status : number_of(item, name, value);
}

nsde_status nsde_json_get_numbers(const cJSON *object, const char *name, size_t n, double *values)
{
    const cJSON *array;
    nsde_status status = member(object, name, &array);
    if (status)
        return status;
    if (!cJSON_IsArray(array))
        return nsde_fail(NSDE_PARSE, "\"%.100s\" is not a list of numbers", name);
    size_t count = 0;
    for (const cJSON *item = array->child; item; item = item->next)
        count++;
    if (count != n)
        return nsde_fail(NSDE_PARSE, "\"%.100s\" has %zu numbers where %zu are needed", name, count, n);
    for (const cJSON *item = array->child; item && !status; item = item->next)
        status = number_of(item, name, values++);
    return status;
}

nsde_status nsde_json_get_string(const cJSON *object, const char *name, const char **text)
{
    const cJSON *item;
    const nsde_status status = member(object, name, &item);
    if (status)
        return status;
    if (!cJSON_IsString(item))
        return nsde_fail(NSDE_PARSE, "\"%.100s\" is not a text", name);
    *text = item->valuestring;
    return NSDE_OK;
}
