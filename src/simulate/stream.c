/* Paths in files: of a simulation that is stored, or as they are simulated, panel by panel in their order.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>
#include <string.h>

#include "nsde/archive.h"
#include "nsde/statistics.h"
#include "simulate/panel.h"

/* A file of paths on its way. */
typedef struct paths_file {
    nsde_array_writer *array; /* one of both */
    nsde_table_writer *table;
    double *times;  /* [n_times] */
    double *record; /* a path [n_times][dim], or a row of the table: path, t, [dim] */
    size_t n_paths, n_times, dim;
    nsde_arena arena;
} paths_file;

static bool is_array(const char *path)
{
    const size_t n = strlen(path);
    return n >= 4 && strcmp(path + n - 4, ".npy") == 0;
}

static nsde_status open_table(paths_file *f, const char *path)
{
    void *memory;
    nsde_status status = nsde_alloc(f->dim + 2, sizeof(char *) + 24, "table", &memory);
    if (status)
        return status;
    const char **names = memory;
    char(*labels)[24] = (char(*)[24])(names + f->dim + 2);
    names[0] = "path";
    names[1] = "t";
    for (size_t c = 0; c < f->dim; c++) {
        snprintf(labels[c], sizeof labels[c], f->dim == 1 ? "x" : "x%zu", c + 1);
        names[c + 2] = labels[c];
    }
    status = nsde_table_open_csv(path, f->dim + 2, names, &f->table);
    nsde_free(memory);
    return status;
}

/* f: zeros but for n_paths, n_times and dim; the times are to be filled. */
static nsde_status open_file(paths_file *f, const char *path)
{
    size_t record, total = 0;
    if (!nsde_size_mul(f->n_times, f->dim, &record) || !nsde_size_add(record, 2, &record) ||
        !nsde_arena_plan(f->n_times, sizeof(double), &total) ||
        !nsde_arena_plan(record, sizeof(double), &total))
        return nsde_fail(NSDE_OVERFLOW, "%zu times overflow the size of memory", f->n_times);
    const nsde_status status = nsde_arena_create(total, "file", &f->arena);
    if (status)
        return status;
    f->times = nsde_arena_take(&f->arena, f->n_times, sizeof(double));
    f->record = nsde_arena_take(&f->arena, record, sizeof(double));
    if (!is_array(path))
        return open_table(f, path);
    return nsde_array_open_npy(path, 3, (size_t[]){f->n_paths, f->n_times, f->dim}, &f->array);
}

/* x: the first state of the path; each time and component is `row` numbers further on. */
static nsde_status write_path(paths_file *f, size_t number, const double *x, size_t row)
{
    if (f->array) {
        for (size_t k = 0; k < f->n_times * f->dim; k++)
            f->record[k] = x[k * row];
        return nsde_array_write(f->array, f->n_times * f->dim, f->record);
    }
    nsde_status status = NSDE_OK;
    f->record[0] = (double)number;
    for (size_t k = 0; k < f->n_times && !status; k++) {
        f->record[1] = f->times[k];
        for (size_t c = 0; c < f->dim; c++)
            f->record[c + 2] = x[(k * f->dim + c) * row];
        status = nsde_table_write(f->table, 1, f->record);
    }
    return status;
}

/* Puts the file in its place, or leaves none behind. */
static nsde_status finish(paths_file *f, nsde_status status)
{
    nsde_arena_destroy(&f->arena);
    if (!status)
        return f->array ? nsde_array_close(f->array) : nsde_table_close(f->table);
    nsde_array_discard(f->array);
    nsde_table_discard(f->table);
    return status;
}

nsde_status nsde_simulation_write(const nsde_simulation *simulation, size_t first_path, const char *path)
{
    if (!simulation || !path)
        return nsde_fail(NSDE_INVALID,
                         "nsde_simulation_write: a simulation and the name of a file are needed");
    paths_file f = {.n_paths = simulation->n_paths, .n_times = simulation->n_times, .dim = simulation->dim};
    nsde_status status = open_file(&f, path);
    if (!status)
        memcpy(f.times, simulation->times, f.n_times * sizeof(double));
    for (size_t i = 0; i < f.n_paths && !status; i++)
        status = write_path(&f, first_path + i, simulation->states + i, f.n_paths);
    return finish(&f, status);
}

/* ---- as they are simulated ---- */

/* The context of the sink. */
typedef struct stream {
    const char *path;
    paths_file file;
    size_t failed;
} stream;

static nsde_status begin(void *context, const nsde_run *run)
{
    stream *s = context;
    s->file.n_paths = run->settings.paths;
    s->file.n_times = run->n_times;
    s->file.dim = run->dim;
    const nsde_status status = open_file(&s->file, s->path);
    if (!status)
        nsde_run_times(run, s->file.times);
    return status;
}

static nsde_status take(void *context, const nsde_stepper *stepper, size_t group, size_t paths)
{
    stream *s = context;
    const size_t first = stepper->run->settings.first_path + stepper->first;
    nsde_status status = NSDE_OK;
    (void)group;
    for (size_t i = 0; i < paths && !status; i++) {
        s->failed += stepper->block.failed_step[i] != 0;
        status = write_path(&s->file, first + i, stepper->block.states + i, stepper->block.row);
    }
    return status;
}

nsde_status nsde_simulate_to_file(const nsde_model *model, const double *parameters, const double *x0,
                                  const nsde_simulate_settings *settings, const char *path, size_t *n_failed)
{
    if (!path)
        return nsde_fail(NSDE_INVALID, "nsde_simulate_to_file: the name of a file is needed");
    stream s = {.path = path};
    const nsde_sink sink = {.context = &s, .begin = begin, .take = take, .ordered = true};
    nsde_status status = nsde_run_paths(model, parameters, x0, settings, &sink);
    status = finish(&s.file, status);
    if (!status && n_failed)
        *n_failed = s.failed;
    return status;
}
