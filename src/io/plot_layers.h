/* A plot as it is stored, between its making (plot.c) and its drawing (gnuplot.c).
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef NSDE_IO_PLOT_LAYERS_H
#define NSDE_IO_PLOT_LAYERS_H

#include "io/plot.h"

typedef enum nsde_plot_kind {
    LAYER_LINE,
    LAYER_DASHES,
    LAYER_POINTS,
    LAYER_ERRORS,
    LAYER_BAND,
    LAYER_PATHS,
    LAYER_BARS
} nsde_plot_kind;

typedef struct nsde_plot_layer {
    nsde_plot_kind kind;
    nsde_plot_color color;
    double strength; /* of the colour on white */
    size_t n, n_paths, n_columns;
    double *numbers; /* [n_paths][n][n_columns] */
    char *legend;    /* or NULL */
    char **names;    /* [n] of bars, else NULL */
} nsde_plot_layer;

struct nsde_plot {
    char *title, *x_label, *y_label;
    bool log_x, log_y;
    size_t n_layers;
    nsde_plot_layer *layers; /* [n_layers] */
};

/* The script that draws n plots with the data file into the picture, for gnuplot 5. */
typedef struct nsde_file nsde_file;
void nsde_plot_write_data(const nsde_plot *plot, nsde_file *file);
void nsde_plot_write_script(size_t n, const nsde_plot *const plots[], bool svg, const char *data,
                            const char *picture, nsde_file *file);

#endif
