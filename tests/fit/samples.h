/* Series that the tests of fit share.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef NSDE_TESTS_FIT_SAMPLES_H
#define NSDE_TESTS_FIT_SAMPLES_H

#include <stdio.h>
#include <stdlib.h>

#include "harness.h"
#include "nsde/fit.h"

enum { SAMPLE_MOST = 2048 };

/* A series of one column at equal gaps that needs no destroying. */
typedef struct sample {
    nsde_series series;
    double times[SAMPLE_MOST], values[SAMPLE_MOST];
    char *names[1];
} sample;

static inline void sample_finish(sample *s, size_t n, double dt, char *name, char *origin)
{
    s->names[0] = name;
    s->series = (nsde_series){n, 1, s->times, s->values, s->names, "year", origin};
    for (size_t i = 0; i < n; i++)
        s->times[i] = (double)i * dt;
}

static inline void sample_fill(sample *s, size_t n, const double *values, double dt)
{
    memcpy(s->values, values, n * sizeof(double));
    sample_finish(s, n, dt, "x", "");
}

/* Eleven values, half a unit of time apart, whose OU likelihood is known in closed form. */
static const double eleven[] = {0.0, 0.31, 0.12, -0.25, -0.48, -0.2, 0.15, 0.42, 0.66, 0.38, 0.05};

static inline void sample_eleven(sample *s)
{
    sample_fill(s, 11, eleven, 0.5);
}

/* A column of one of the example files, scaled, with gaps of dt. */
static inline void sample_read(sample *s, const char *file, const char *column, double scale, double dt)
{
    char path[512];
    nsde_series *series;
    nsde_csv_settings settings = nsde_csv_settings_default();
    settings.values = &column;
    settings.n_values = 1;
    settings.scale = scale;
    settings.dt = dt;
    snprintf(path, sizeof path, "%s/%s", NSDE_EXAMPLE_DATA, file);
    check_ok(nsde_series_read_csv(path, &settings, &series));
    ck_assert_uint_le(series->n, SAMPLE_MOST);
    memcpy(s->values, series->values, series->n * sizeof(double));
    sample_finish(s, series->n, dt, "rate", "example.csv");
    nsde_series_destroy(series);
}

static inline nsde_model *open_model(const char *name)
{
    nsde_model *model;
    check_ok(nsde_model_open(name, &model));
    return model;
}

static inline nsde_likelihood *open_likelihood(const nsde_model *model, const char *name, const sample *s)
{
    const nsde_objective *objective;
    const nsde_likelihood_settings settings = nsde_likelihood_settings_default();
    nsde_likelihood *likelihood;
    check_ok(nsde_objective_find(name, &objective));
    check_ok(nsde_likelihood_create(model, objective, &s->series, &settings, &likelihood));
    return likelihood;
}

#endif
