/* A plot as data and script for gnuplot.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>

#include "core/number.h"
#include "io/file.h"
#include "io/plot_layers.h"

/* Red, green, blue in the order of nsde_plot_color (Okabe and Ito 2008). */
static const unsigned char palette[][3] = {{0, 114, 178}, {213, 94, 0},   {0, 158, 115}, {204, 121, 167},
                                           {230, 159, 0}, {86, 180, 233}, {0, 0, 0},     {110, 110, 110}};

/* A text for gnuplot in which nothing is special: all that is neither letter, digit nor blank is written as
 * an octal code (of four digits, so that a digit may follow); line ends and their like become blanks. */
static void write_quoted(nsde_file *file, const char *text)
{
    nsde_file_append(file, "\"", 1);
    for (const char *c = text ? text : ""; *c; c++) {
        const unsigned char byte = (unsigned char)*c;
        const bool digit = byte >= '0' && byte <= '9', letter = (byte | 32) >= 'a' && (byte | 32) <= 'z';
        if (byte <= ' ' || byte == 127)
            nsde_file_append(file, " ", 1);
        else if (digit || letter || byte > 127)
            nsde_file_append(file, c, 1);
        else
            nsde_file_print(file, "\\%04o", byte);
    }
    nsde_file_append(file, "\"", 1);
}

static void write_setting(nsde_file *file, const char *setting, const char *text, const char *style)
{
    if (!text)
        return;
    nsde_file_print(file, "set %s ", setting);
    write_quoted(file, text);
    nsde_file_print(file, " %s\n", style);
}

/* The colour mixed with white: opaque, so that bands do not darken each other. */
static void write_color(nsde_file *file, nsde_plot_color color, double strength)
{
    const size_t count = sizeof palette / sizeof *palette;
    const unsigned char *const rgb = palette[(size_t)color < count ? (size_t)color : count - 1];
    unsigned mixed[3];
    for (int i = 0; i < 3; i++)
        mixed[i] = (unsigned)lround(255.0 + strength * (rgb[i] - 255.0));
    nsde_file_print(file, " lc rgb '#%02x%02x%02x'", mixed[0], mixed[1], mixed[2]);
}

/* A block for each layer, two empty lines between blocks and one between paths. Bars get their places. */
void nsde_plot_write_data(const nsde_plot *plot, nsde_file *file)
{
    for (size_t j = 0; j < plot->n_layers; j++) {
        const nsde_plot_layer *const layer = &plot->layers[j];
        const double *number = layer->numbers;
        for (size_t path = 0; path < layer->n_paths; path++) {
            for (size_t i = 0; i < layer->n; i++) {
                if (layer->kind == LAYER_BARS)
                    nsde_file_print(file, "%zu ", i);
                for (size_t k = 0; k < layer->n_columns; k++, number++) {
                    if (isfinite(*number))
                        nsde_file_number(file, *number);
                    else
                        nsde_file_print(file, "NaN");
                    nsde_file_print(file, k + 1 < layer->n_columns ? " " : "\n");
                }
            }
            nsde_file_print(file, "\n");
        }
        nsde_file_print(file, "\n");
    }
}

/* A logarithmic axis would reach to the next powers of ten: shorter where the powers within are enough. */
static void write_log_range(const nsde_plot *plot, nsde_file *file)
{
    double least = INFINITY, most = 0.0;
    for (size_t j = 0; j < plot->n_layers; j++) {
        const nsde_plot_layer *const layer = &plot->layers[j];
        for (size_t i = 0; layer->kind != LAYER_BARS && i < layer->n; i++) {
            const double x = layer->numbers[i * layer->n_columns];
            least = x > 0.0 ? fmin(least, x) : least;
            most = isfinite(x) ? fmax(most, x) : most;
        }
    }
    nsde_file_print(file, "set logscale x\nset format x '%%g'\n");
    if (most > 20.0 * least) {
        nsde_file_print(file, "set xrange [");
        nsde_file_number(file, least / 1.25);
        nsde_file_print(file, ":");
        nsde_file_number(file, most * 1.25);
        nsde_file_print(file, "]\n");
    }
}

static void write_output(size_t n, bool svg, const char *picture, nsde_file *file)
{
    const size_t rows = (n + 1) / 2;
    nsde_file_print(file,
                    "set encoding utf8\n"
                    "set terminal %s noenhanced size 1200,%zu font '%s' background rgb 'white'\n"
                    "set output ",
                    svg ? "svg" : "pngcairo", n > 1 ? 500 * rows : 700, svg ? "sans-serif,16" : "Sans,14");
    write_quoted(file, picture);
    nsde_file_print(file, "\n");
    if (n > 1)
        nsde_file_print(file, "set multiplot layout %zu,2\n", rows);
}

static void write_frame(const nsde_plot *plot, nsde_file *file)
{
    nsde_file_print(
        file, "set border 3 lw 1.2 lc rgb '#404040'\n"
              "set tics nomirror out scale 0.6 textcolor rgb '#404040'\n"
              "set grid back lt 1 lw 0.8 lc rgb '#dcdcdc'\n"
              "set rmargin 4\n"
              "set bars small\n"
              "set key outside center bottom horizontal Left reverse samplen 2.5 height 1 noautotitle\n");
    write_setting(file, "title", plot->title, "font ',18' textcolor rgb '#202020'");
    write_setting(file, "xlabel", plot->x_label, "offset 0,0.4 textcolor rgb '#202020'");
    write_setting(file, "ylabel", plot->y_label, "textcolor rgb '#202020'");
    if (plot->log_x)
        write_log_range(plot, file);
    if (plot->log_y)
        nsde_file_print(file, "set logscale y\nset format y '%%g'\n");
}

/* Names under the groups of bars, and the axis from 0. Returns how many layers of bars there are. */
static size_t write_bar_names(const nsde_plot *plot, nsde_file *file)
{
    size_t count = 0;
    for (size_t j = 0; j < plot->n_layers; j++) {
        const nsde_plot_layer *const layer = &plot->layers[j];
        if (layer->kind != LAYER_BARS || count++)
            continue;
        nsde_file_print(file, "set xtics (");
        for (size_t i = 0; i < layer->n; i++) {
            nsde_file_print(file, i ? ", " : "");
            write_quoted(file, layer->names[i]);
            nsde_file_print(file, " %zu", i);
        }
        nsde_file_print(file, ") scale 0\nset xrange [-0.6:%zu.6]\n%sset grid noxtics\n", layer->n - 1,
                        plot->log_y ? "" : "set yrange [*<0:0<*]\n");
    }
    if (!count && !plot->log_x)
        nsde_file_print(file, "set autoscale xfix\n");
    return count;
}

/* The bars of a group fill eight tenths of its place. */
static void write_bar_columns(nsde_file *file, size_t bar, size_t n_bars)
{
    const double width = 0.8 / (double)n_bars, place = ((double)bar + 0.5) * width - 0.4;
    nsde_file_print(file, "($1 + (");
    nsde_file_number(file, place);
    nsde_file_print(file, ")):2:(");
    nsde_file_number(file, 0.92 * width);
    nsde_file_print(file, ")");
}

static void write_style(const nsde_plot_layer *layer, nsde_file *file)
{
    static const char *const styles[] = {[LAYER_LINE] = "lines lw 2",
                                         [LAYER_DASHES] = "lines lw 2 dt 2",
                                         [LAYER_POINTS] = "points pt 7 ps 0.8",
                                         [LAYER_ERRORS] = "yerrorlines lw 2 pt 7 ps 1.1",
                                         [LAYER_BAND] = "filledcurves fs solid noborder",
                                         [LAYER_PATHS] = "lines lw 0.8",
                                         [LAYER_BARS] = "boxes fs solid noborder"};
    nsde_file_print(file, " with %s", styles[layer->kind]);
    write_color(file, layer->color, layer->strength);
}

/* A plot whose first layer has the number `index` in the data file. */
static void write_plot(const nsde_plot *plot, size_t index, const char *data, nsde_file *file)
{
    static const char *const columns[] = {
        [LAYER_LINE] = "1:2",   [LAYER_DASHES] = "1:2", [LAYER_POINTS] = "1:2", [LAYER_ERRORS] = "1:2:3:4",
        [LAYER_BAND] = "1:2:3", [LAYER_PATHS] = "1:2",  [LAYER_BARS] = ""};
    write_frame(plot, file);
    const size_t n_bars = write_bar_names(plot, file);
    size_t bar = 0;
    nsde_file_print(file, "plot ");
    for (size_t j = 0; j < plot->n_layers; j++) {
        const nsde_plot_layer *const layer = &plot->layers[j];
        nsde_file_print(file, j ? ", \\\n " : "");
        write_quoted(file, data);
        nsde_file_print(file, " index %zu using %s", index + j, columns[layer->kind]);
        if (layer->kind == LAYER_BARS)
            write_bar_columns(file, bar++, n_bars);
        write_style(layer, file);
        if (layer->legend) {
            nsde_file_print(file, " title ");
            write_quoted(file, layer->legend);
        }
    }
    nsde_file_print(file, "\n");
}

void nsde_plot_write_script(size_t n, const nsde_plot *const plots[], bool svg, const char *data,
                            const char *picture, nsde_file *file)
{
    size_t index = 0;
    write_output(n, svg, picture, file);
    for (size_t i = 0; i < n; i++) {
        if (i)
            nsde_file_print(file, "reset\n");
        write_plot(plots[i], index, data, file);
        index += plots[i]->n_layers;
    }
    nsde_file_print(file, n > 1 ? "unset multiplot\nset output\n" : "set output\n");
}
