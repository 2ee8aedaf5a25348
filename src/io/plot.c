/* What a picture shows.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "io/plot.h"

#include <math.h>
#include <string.h>

#include "core/error.h"
#include "core/memory.h"
#include "io/plot_layers.h"

nsde_status nsde_plot_check(const char *path)
{
    const size_t length = path ? strlen(path) : 0;
    if (length > 4 && (strcmp(path + length - 4, ".png") == 0 || strcmp(path + length - 4, ".svg") == 0))
        return NSDE_OK;
    return nsde_fail(NSDE_INVALID, "%s: the name of a picture ends in .png or .svg",
                     path ? path : "(no name)");
}

static nsde_status copy_text(const char *text, char **copy)
{
    *copy = NULL;
    return text ? nsde_copy_string(text, copy) : NSDE_OK;
}

nsde_status nsde_plot_create(const nsde_plot_frame *frame, nsde_plot **plot)
{
    void *memory;
    *plot = NULL;
    nsde_status status = nsde_alloc(1, sizeof(nsde_plot), "plot", &memory);
    if (status)
        return status;
    nsde_plot *const made = memory;
    made->log_x = frame->log_x;
    made->log_y = frame->log_y;
    status = copy_text(frame->title, &made->title);
    if (!status)
        status = copy_text(frame->x_label, &made->x_label);
    if (!status)
        status = copy_text(frame->y_label, &made->y_label);
    if (status) {
        nsde_plot_destroy(made);
        return status;
    }
    *plot = made;
    return NSDE_OK;
}

static void free_layer(nsde_plot_layer *layer)
{
    for (size_t i = 0; layer->names && i < layer->n; i++)
        nsde_free(layer->names[i]);
    nsde_free(layer->names);
    nsde_free(layer->numbers);
    nsde_free(layer->legend);
}

void nsde_plot_destroy(nsde_plot *plot)
{
    if (!plot)
        return;
    for (size_t i = 0; i < plot->n_layers; i++)
        free_layer(&plot->layers[i]);
    nsde_free(plot->layers);
    nsde_free(plot->title);
    nsde_free(plot->x_label);
    nsde_free(plot->y_label);
    nsde_free(plot);
}

/* Adds a layer of n points with the numbers of each of the given columns, [n_paths][n][n_columns]. */
static nsde_status add_layer(nsde_plot *plot, nsde_plot_layer layer, const char *legend,
                             const double *const *columns)
{
    void *block = plot->layers;
    size_t count;
    if (!layer.n || !layer.n_paths || !nsde_size_mul(layer.n, layer.n_paths, &count) ||
        !nsde_size_mul(count, layer.n_columns, &count))
        return nsde_fail(NSDE_INVALID, "a layer of %zu times %zu points cannot be drawn", layer.n_paths,
                         layer.n);
    for (size_t k = 0; k < layer.n_columns; k++)
        if (!columns[k])
            return nsde_fail(NSDE_INVALID, "an array of a layer of the plot is NULL");
    nsde_status status =
        nsde_resize(&block, plot->n_layers, plot->n_layers + 1, sizeof(nsde_plot_layer), "plot");
    plot->layers = block;
    if (status)
        return status;
    void *memory;
    status = nsde_alloc(count, sizeof(double), "layer of a plot", &memory);
    layer.numbers = memory;
    if (!status)
        status = copy_text(legend, &layer.legend);
    if (status) {
        free_layer(&layer);
        return status;
    }
    double *number = layer.numbers;
    for (size_t path = 0; path < layer.n_paths; path++)
        for (size_t i = 0; i < layer.n; i++)
            for (size_t k = 0; k < layer.n_columns; k++)
                *number++ = columns[k][i + (k ? path * layer.n : 0)];
    plot->layers[plot->n_layers++] = layer;
    return NSDE_OK;
}

nsde_status nsde_plot_line(nsde_plot *plot, const char *legend, nsde_plot_color color, size_t n,
                           const double *x, const double *y)
{
    const nsde_plot_layer layer = {LAYER_LINE, color, .strength = 1.0, .n = n, .n_paths = 1, .n_columns = 2};
    return add_layer(plot, layer, legend, (const double *const[]){x, y});
}

nsde_status nsde_plot_dashes(nsde_plot *plot, const char *legend, nsde_plot_color color, size_t n,
                             const double *x, const double *y)
{
    const nsde_plot_layer layer = {LAYER_DASHES, color,        .strength = 1.0,
                                   .n = n,       .n_paths = 1, .n_columns = 2};
    return add_layer(plot, layer, legend, (const double *const[]){x, y});
}

nsde_status nsde_plot_points(nsde_plot *plot, const char *legend, nsde_plot_color color, size_t n,
                             const double *x, const double *y)
{
    const nsde_plot_layer layer = {LAYER_POINTS, color,        .strength = 1.0,
                                   .n = n,       .n_paths = 1, .n_columns = 2};
    return add_layer(plot, layer, legend, (const double *const[]){x, y});
}

nsde_status nsde_plot_errors(nsde_plot *plot, const char *legend, nsde_plot_color color, size_t n,
                             const double *x, const double *y, const double *low, const double *high)
{
    const nsde_plot_layer layer = {LAYER_ERRORS, color,        .strength = 1.0,
                                   .n = n,       .n_paths = 1, .n_columns = 4};
    return add_layer(plot, layer, legend, (const double *const[]){x, y, low, high});
}

nsde_status nsde_plot_band(nsde_plot *plot, const char *legend, nsde_plot_color color, double strength,
                           size_t n, const double *x, const double *low, const double *high)
{
    const double within = strength >= 0.0 && strength <= 1.0 ? strength : 1.0;
    const nsde_plot_layer layer = {LAYER_BAND, color,        .strength = within,
                                   .n = n,     .n_paths = 1, .n_columns = 3};
    return add_layer(plot, layer, legend, (const double *const[]){x, low, high});
}

nsde_status nsde_plot_paths(nsde_plot *plot, const char *legend, nsde_plot_color color, size_t n_paths,
                            size_t n, const double *x, const double *y)
{
    const nsde_plot_layer layer = {LAYER_PATHS,        color,         .strength = 0.6, .n = n,
                                   .n_paths = n_paths, .n_columns = 2};
    return add_layer(plot, layer, legend, (const double *const[]){x, y});
}

nsde_status nsde_plot_slope(nsde_plot *plot, const char *legend, double slope, double x, double y,
                            double x_end)
{
    const double xs[] = {x, x_end}, ys[] = {y, y * pow(x_end / x, slope)};
    return nsde_plot_dashes(plot, legend, NSDE_PLOT_GREY, 2, xs, ys);
}

nsde_status nsde_plot_bars(nsde_plot *plot, const char *legend, nsde_plot_color color, size_t n,
                           const char *const *names, const double *y)
{
    const nsde_plot_layer layer = {LAYER_BARS, color, .strength = 0.85, .n = n, .n_paths = 1, .n_columns = 1};
    if (!names)
        return nsde_fail(NSDE_INVALID, "the bars of a plot need names");
    nsde_status status = add_layer(plot, layer, legend, (const double *const[]){y});
    if (status)
        return status;
    nsde_plot_layer *const made = &plot->layers[plot->n_layers - 1];
    void *memory;
    status = nsde_alloc(n, sizeof(char *), "names of bars", &memory);
    made->names = memory;
    for (size_t i = 0; !status && i < n; i++)
        status = nsde_copy_string(names[i] ? names[i] : "", &made->names[i]);
    return status;
}
