/* Simulations whose paths go to a file, panel by panel in their order.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>
#include <string.h>

#include "nsde/archive.h"
#include "nsde/statistics.h"
#include "simulate/panel.h"

/* The context of the sink. */
typedef struct stream {
    const char *path;
    nsde_array_writer *array; /* one of both */
    nsde_table_writer *table;
    double *times;
    double *record; /* [n_times][dim] of a path, or a row of the table: path, t, [dim] */
    size_t n_times, dim, failed;
    nsde_arena arena;
} stream;

static bool is_array(const char *path)
{
    const size_t n = strlen(path);
    return n >= 4 && strcmp(path + n - 4, ".npy") == 0;
}

static nsde_status open_table(stream *s)
{
    void *memory;
    nsde_status status = nsde_alloc(s->dim + 2, sizeof(char *) + 24, "table", &memory);
    if (status)
        return status;
    const char **names = memory;
    char(*labels)[24] = (char(*)[24])(names + s->dim + 2);
    names[0] = "path";
    names[1] = "t";
    for (size_t c = 0; c < s->dim; c++) {
        snprintf(labels[c], sizeof labels[c], s->dim == 1 ? "x" : "x%zu", c + 1);
        names[c + 2] = labels[c];
    }
    status = nsde_table_open_csv(s->path, s->dim + 2, names, &s->table);
    nsde_free(memory);
    return status;
}

static nsde_status begin(void *context, const nsde_run *run)
{
    stream *s = context;
    size_t record, total = 0;
    s->n_times = run->n_times;
    s->dim = run->dim;
    if (!nsde_size_mul(s->n_times, s->dim, &record) || !nsde_size_add(record, 2, &record) ||
        !nsde_arena_plan(s->n_times, sizeof(double), &total) ||
        !nsde_arena_plan(record, sizeof(double), &total))
        return nsde_fail(NSDE_OVERFLOW, "%zu times overflow the size of memory", s->n_times);
    const nsde_status status = nsde_arena_create(total, "file", &s->arena);
    if (status)
        return status;
    s->times = nsde_arena_take(&s->arena, s->n_times, sizeof(double));
    s->record = nsde_arena_take(&s->arena, record, sizeof(double));
    nsde_run_times(run, s->times);
    if (!is_array(s->path))
        return open_table(s);
    return nsde_array_open_npy(s->path, 3, (size_t[]){run->settings.paths, s->n_times, s->dim}, &s->array);
}

static nsde_status write_path(stream *s, const nsde_stepper *stepper, size_t i)
{
    const double *x = stepper->block.states + i;
    const size_t row = stepper->block.row;
    if (s->array) {
        for (size_t k = 0; k < s->n_times * s->dim; k++)
            s->record[k] = x[k * row];
        return nsde_array_write(s->array, s->n_times * s->dim, s->record);
    }
    nsde_status status = NSDE_OK;
    s->record[0] = (double)(stepper->run->settings.first_path + stepper->first + i);
    for (size_t k = 0; k < s->n_times && !status; k++) {
        s->record[1] = s->times[k];
        for (size_t c = 0; c < s->dim; c++)
            s->record[c + 2] = x[(k * s->dim + c) * row];
        status = nsde_table_write(s->table, 1, s->record);
    }
    return status;
}

static nsde_status take(void *context, const nsde_stepper *stepper, size_t group, size_t paths)
{
    stream *s = context;
    nsde_status status = NSDE_OK;
    (void)group;
    for (size_t i = 0; i < paths && !status; i++) {
        s->failed += stepper->block.failed_step[i] != 0;
        status = write_path(s, stepper, i);
    }
    return status;
}

/* Puts the file in its place, or leaves none behind. */
static nsde_status finish(stream *s, nsde_status status)
{
    nsde_arena_destroy(&s->arena);
    if (!status)
        return s->array ? nsde_array_close(s->array) : nsde_table_close(s->table);
    nsde_array_discard(s->array);
    nsde_table_discard(s->table);
    return status;
}

nsde_status nsde_simulate_to_file(const nsde_model *model, const double *parameters, const double *x0,
                                  const nsde_simulate_settings *settings, const char *path, size_t *n_failed)
{
    if (!path)
        return nsde_fail(NSDE_INVALID, "nsde_simulate_to_file: the name of a file is needed");
    stream s = {.path = path};
    const nsde_sink sink = {.context = &s, .begin = begin, .take = take, .ordered = true};
    const nsde_status status = finish(&s, nsde_run_paths(model, parameters, x0, settings, &sink));
    if (!status && n_failed)
        *n_failed = s.failed;
    return status;
}
