/* Pictures of series, paths, forecasts, errors and comparisons, drawn by gnuplot.
 *
 * A plot is filled with layers, which copy their arrays and are drawn in the order they were added, and is
 * then written as PNG or SVG, by the ending of the name. gnuplot runs as a child process that reads temporary
 * files: no shell, no pipe, no signal.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef NSDE_IO_PLOT_H
#define NSDE_IO_PLOT_H

#include <stdbool.h>
#include <stddef.h>

#include "nsde/status.h"

typedef struct nsde_plot nsde_plot;

/* Colours that the colour-blind tell apart (Okabe and Ito 2008). */
typedef enum nsde_plot_color {
    NSDE_PLOT_BLUE,
    NSDE_PLOT_VERMILION,
    NSDE_PLOT_GREEN,
    NSDE_PLOT_PURPLE,
    NSDE_PLOT_ORANGE,
    NSDE_PLOT_SKY,
    NSDE_PLOT_BLACK,
    NSDE_PLOT_GREY
} nsde_plot_color;

/* The whole of a picture. Texts are shown as they are; NULL for none; copied. */
typedef struct nsde_plot_frame {
    const char *title, *x_label, *y_label;
    bool log_x, log_y;
} nsde_plot_frame;

/* Refuses a name that does not end in .png or .svg: NSDE_INVALID. To be called before any long work. */
NSDE_MUST_USE nsde_status nsde_plot_check(const char *path);

NSDE_MUST_USE nsde_status nsde_plot_create(const nsde_plot_frame *frame, nsde_plot **plot);
void nsde_plot_destroy(nsde_plot *plot); /* takes NULL */

/* The layers. A legend of NULL leaves the layer out of the legend; NaN leaves a gap; arrays are [n] each. */
NSDE_MUST_USE nsde_status nsde_plot_line(nsde_plot *plot, const char *legend, nsde_plot_color color, size_t n,
                                         const double *x, const double *y);
NSDE_MUST_USE nsde_status nsde_plot_dashes(nsde_plot *plot, const char *legend, nsde_plot_color color,
                                           size_t n, const double *x, const double *y);
NSDE_MUST_USE nsde_status nsde_plot_points(nsde_plot *plot, const char *legend, nsde_plot_color color,
                                           size_t n, const double *x, const double *y);

/* Joined points with error bars from low to high. */
NSDE_MUST_USE nsde_status nsde_plot_errors(nsde_plot *plot, const char *legend, nsde_plot_color color,
                                           size_t n, const double *x, const double *y, const double *low,
                                           const double *high);

/* A filled band; strength from 0 (white) to 1 (the colour itself). Add the widest of a fan first. */
NSDE_MUST_USE nsde_status nsde_plot_band(nsde_plot *plot, const char *legend, nsde_plot_color color,
                                         double strength, size_t n, const double *x, const double *low,
                                         const double *high);

/* Many thin lines over the same x: y is [n_paths][n]. */
NSDE_MUST_USE nsde_status nsde_plot_paths(nsde_plot *plot, const char *legend, nsde_plot_color color,
                                          size_t n_paths, size_t n, const double *x, const double *y);

/* A dashed reference line of this slope on logarithmic axes, from (x, y) to x_end. */
NSDE_MUST_USE nsde_status nsde_plot_slope(nsde_plot *plot, const char *legend, double slope, double x,
                                          double y, double x_end);

/* A bar for each of n named groups; several such layers stand side by side. The names are those of the first
 * such layer. */
NSDE_MUST_USE nsde_status nsde_plot_bars(nsde_plot *plot, const char *legend, nsde_plot_color color, size_t n,
                                         const char *const *names, const double *y);

/* Draws the plot, 1200 by 700 pixels. NSDE_INVALID (ending; no layers), NSDE_UNSUPPORTED when gnuplot is not
 * installed, NSDE_IO with what gnuplot had to say. */
NSDE_MUST_USE nsde_status nsde_plot_write(const nsde_plot *plot, const char *path);
/* The same with several plots in one picture, two in a row. */
NSDE_MUST_USE nsde_status nsde_plot_write_panels(size_t n, const nsde_plot *const plots[], const char *path);

#endif
