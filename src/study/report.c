/* Studies as files: CSV, JSON, pictures.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>

#include "io/file.h"
#include "io/json.h"
#include "io/plot.h"
#include "study/study.h"

/* The numbers of a cell and component, in the order of the columns. */
enum { COLUMNS = 7 };
static const char *const columns[COLUMNS] = {"mean",
                                             "std_error",
                                             "bias",
                                             "bias_std_error",
                                             "variance",
                                             "reported_variance",
                                             "work_normalised_variance"};

static void numbers_of(const nsde_study_cell *c, size_t k, double numbers[COLUMNS])
{
    numbers[0] = c->mean[k];
    numbers[1] = sqrt(c->variance[k] / (double)c->replicates);
    numbers[2] = c->bias[k];
    numbers[3] = c->bias_error[k];
    numbers[4] = c->variance[k];
    numbers[5] = c->reported[k];
    numbers[6] = c->variance[k] * c->seconds;
}

nsde_status nsde_study_write_csv(const nsde_study *s, const char *path)
{
    nsde_file *file;
    const nsde_status status = nsde_file_create(path, &file);
    if (status)
        return status;
    nsde_file_print(file, "method,steps,h,paths,replicates,seconds,peak_bytes,component");
    for (int j = 0; j < COLUMNS; j++)
        nsde_file_print(file, ",%s", columns[j]);
    nsde_file_print(file, "\n");
    for (size_t i = 0; i < s->n_cells; i++)
        for (size_t k = 0; k <= s->n && s->cells[i].replicates; k++) {
            const nsde_study_cell *c = &s->cells[i];
            double numbers[COLUMNS];
            numbers_of(c, k, numbers);
            nsde_file_print(file, "%s,%zu,", c->method->name, c->steps);
            nsde_file_number(file, c->h);
            nsde_file_print(file, ",%zu,%zu,", c->paths, c->replicates);
            nsde_file_number(file, c->seconds);
            nsde_file_print(file, ",%zu,%s", c->peak_bytes, s->names[k]);
            for (int j = 0; j < COLUMNS; j++) {
                nsde_file_print(file, ",");
                if (isnan(numbers[j]))
                    nsde_file_print(file, "NA");
                else
                    nsde_file_number(file, numbers[j]);
            }
            nsde_file_print(file, "\n");
        }
    return nsde_file_close(file);
}

static bool add_component(const nsde_study *s, const nsde_study_cell *c, size_t k, cJSON *list)
{
    double numbers[COLUMNS];
    cJSON *item = cJSON_CreateObject();
    bool added = cJSON_AddItemToArray(list, item) && cJSON_AddStringToObject(item, "name", s->names[k]);
    numbers_of(c, k, numbers);
    for (int j = 0; j < COLUMNS && added; j++)
        added = nsde_json_add_number(item, columns[j], numbers[j]);
    return added;
}

static bool add_cell(const nsde_study *s, const nsde_study_cell *c, cJSON *list)
{
    cJSON *item = cJSON_CreateObject(), *components;
    bool added =
        cJSON_AddItemToArray(list, item) && cJSON_AddStringToObject(item, "method", c->method->name) &&
        nsde_json_add_number(item, "steps", (double)c->steps) && nsde_json_add_number(item, "h", c->h) &&
        nsde_json_add_number(item, "paths", (double)c->paths) &&
        nsde_json_add_number(item, "replicates", (double)c->replicates) &&
        nsde_json_add_number(item, "seconds", c->seconds) &&
        nsde_json_add_number(item, "peak_bytes", (double)c->peak_bytes) &&
        cJSON_AddStringToObject(item, "note", c->note) &&
        (components = cJSON_AddArrayToObject(item, "components")) != NULL;
    for (size_t k = 0; k <= s->n && added && c->replicates; k++)
        added = add_component(s, c, k, components);
    return added;
}

static bool add_reference(const nsde_study *s, cJSON *root)
{
    cJSON *list = cJSON_AddArrayToObject(root, "reference");
    bool added = list;
    for (size_t k = 0; k <= s->n && added; k++) {
        cJSON *item = cJSON_CreateObject();
        added = cJSON_AddItemToArray(list, item) && cJSON_AddStringToObject(item, "name", s->names[k]) &&
                nsde_json_add_number(item, "value", s->reference[k]) &&
                cJSON_AddStringToObject(item, "source",
                                        isnan(s->reference[k]) ? "none"
                                        : s->extrapolated[k]   ? "extrapolated"
                                                               : "exact");
    }
    return added;
}

nsde_status nsde_study_write_json(const nsde_study *s, const char *path)
{
    cJSON *root = cJSON_CreateObject(), *cells;
    bool added = root && nsde_json_add_number(root, "replicates", (double)s->replicates) &&
                 add_reference(s, root) && (cells = cJSON_AddArrayToObject(root, "cells")) != NULL;
    for (size_t i = 0; i < s->n_cells && added; i++)
        added = add_cell(s, &s->cells[i], cells);
    const nsde_status status =
        added ? nsde_json_write(root, path) : nsde_fail(NSDE_NO_MEMORY, "no memory for the study");
    cJSON_Delete(root);
    return status;
}

/* ---- pictures ---- */

/* x, y, low and high of a cell, or false where it has no place in the picture. */
typedef bool (*point_of)(const nsde_study_cell *c, size_t component, double point[4]);

/* A size with two standard errors up and down, as far as a logarithmic axis goes. */
static bool point_at(double x, double size, double error, double point[4])
{
    point[0] = x;
    point[1] = size;
    point[2] = 2.0 * error < size ? size - 2.0 * error : 0.1 * size;
    point[3] = size + 2.0 * error;
    return size > 0.0;
}

static bool bias_point(const nsde_study_cell *c, size_t k, double point[4])
{
    return point_at(c->h, fabs(c->bias[k]), c->bias_error[k], point);
}

/* The standard error is that of a variance of normal numbers. */
static bool variance_point(const nsde_study_cell *c, size_t k, double point[4])
{
    const double v = c->variance[k];
    return point_at(c->seconds, v, v * sqrt(2.0 / ((double)c->replicates - 1.0)), point);
}

/* Adds the points of an estimator, its cells from `first` to before `end`. */
static nsde_status add_method(const nsde_study *s, nsde_plot *plot, size_t first, size_t end,
                              size_t component, bool by_steps, point_of point)
{
    const nsde_study_cell *last = &s->cells[end - 1];
    void *memory;
    size_t n = 0;
    nsde_status status = nsde_alloc(4 * (end - first), sizeof(double), "picture", &memory);
    if (status)
        return status;
    double *rows[4] = {memory};
    for (int j = 1; j < 4; j++)
        rows[j] = rows[j - 1] + (end - first);
    for (size_t i = first; i < end; i++) {
        double values[4];
        const nsde_study_cell *c = &s->cells[i];
        const bool wanted = by_steps ? c->paths == last->paths : c->steps == last->steps;
        if (!wanted || c->replicates < 2 || !point(c, component, values))
            continue;
        for (int j = 0; j < 4; j++)
            rows[j][n] = values[j];
        n++;
    }
    static const nsde_plot_color colors[] = {NSDE_PLOT_BLUE,   NSDE_PLOT_VERMILION, NSDE_PLOT_GREEN,
                                             NSDE_PLOT_PURPLE, NSDE_PLOT_ORANGE,    NSDE_PLOT_SKY,
                                             NSDE_PLOT_BLACK,  NSDE_PLOT_GREY};
    const size_t number = first / (end - first);
    if (n)
        status = nsde_plot_errors(plot, last->method->name, colors[number % (sizeof colors / sizeof *colors)],
                                  n, rows[0], rows[1], rows[2], rows[3]);
    nsde_free(memory);
    return status;
}

static nsde_status draw(const nsde_study *s, size_t component, const nsde_plot_frame *frame, bool by_steps,
                        point_of point, const char *path)
{
    nsde_plot *plot;
    if (component > s->n)
        return nsde_fail(NSDE_INVALID, "the study has no component %zu", component);
    nsde_status status = nsde_plot_create(frame, &plot);
    size_t end;
    for (size_t first = 0; first < s->n_cells && !status; first = end) {
        for (end = first + 1; end < s->n_cells && s->cells[end].method == s->cells[first].method;)
            end++;
        status = add_method(s, plot, first, end, component, by_steps, point);
    }
    if (!status)
        status = nsde_plot_write(plot, path);
    nsde_plot_destroy(plot);
    return status;
}

nsde_status nsde_study_draw_bias(const nsde_study *s, size_t component, const char *path)
{
    const nsde_plot_frame frame = {.title = component <= s->n ? s->names[component] : NULL,
                                   .x_label = "step h",
                                   .y_label = "bias",
                                   .log_x = true,
                                   .log_y = true};
    return draw(s, component, &frame, true, bias_point, path);
}

nsde_status nsde_study_draw_variance(const nsde_study *s, size_t component, const char *path)
{
    const nsde_plot_frame frame = {.title = component <= s->n ? s->names[component] : NULL,
                                   .x_label = "seconds",
                                   .y_label = "variance",
                                   .log_x = true,
                                   .log_y = true};
    return draw(s, component, &frame, false, variance_point, path);
}
