/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/gradient_study.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/error.h"
#include "io/plot.h"
#include "io/progress.h"

int cli_study_check(const cli_command *command, const cli_study *o)
{
    const bool any = o->exact.n || o->state || o->csv || o->component || o->plot_bias || o->plot_variance;
    if (any && !o->replicates)
        return cli_usage(
            command, "--exact, --state, --csv, --component and the plots belong to a study: --replicates N "
                     "is missing");
    return CLI_DONE;
}

/* The number of a component of that name: a parameter, an initial state, or the loss. */
static nsde_status find(const nsde_model *model, const char *name, size_t *number)
{
    const nsde_model_definition *d = nsde_model_describe(model);
    const size_t n = d->n_parameters + d->dim;
    char known[64];
    for (*number = 0; *number < n; ++*number) {
        nsde_estimate_name(model, *number, sizeof known, known);
        if (strcmp(known, name) == 0)
            return NSDE_OK;
    }
    return strcmp(name, "loss") == 0
               ? NSDE_OK
               : nsde_fail(NSDE_NOT_FOUND, "model %s: \"%.100s\" is no parameter, initial state or \"loss\"",
                           d->name, name);
}

static nsde_status take_exact(const cli_study *o, const nsde_model *model, double **exact)
{
    const nsde_model_definition *d = nsde_model_describe(model);
    const size_t n = d->n_parameters + d->dim + 1;
    nsde_status status = NSDE_OK;
    *exact = malloc(n * sizeof **exact);
    if (!*exact)
        return nsde_fail(NSDE_NO_MEMORY, "no memory");
    for (size_t k = 0; k < n; k++)
        (*exact)[k] = NAN;
    for (size_t i = 0; i < o->exact.n && !status; i++) {
        size_t number;
        status = find(model, o->exact.items[i].name, &number);
        if (!status)
            (*exact)[number] = o->exact.items[i].value;
    }
    return status ? nsde_fail_within(status, "--exact") : NSDE_OK;
}

static bool show(void *progress, size_t done, size_t all)
{
    (void)all;
    nsde_progress_update(progress, done);
    return true;
}

enum { SHOWN = 8 }; /* components in the table */

static void print(const nsde_study *s)
{
    printf("%zu replicates", s->replicates);
    if (s->resumed)
        printf(", %zu of them made before", s->resumed);
    printf("\n");
    for (size_t k = 0; k <= s->n; k = k + 1 < SHOWN || k == s->n ? k + 1 : s->n) {
        printf("\n%s%s, ", k < s->n ? "d/d " : "", s->names[k]);
        if (isnan(s->reference[k]))
            printf("nothing known to tell bias from\n");
        else
            printf("%s %.8g\n", s->extrapolated[k] ? "extrapolated:" : "exact:", s->reference[k]);
        printf("  %-22s %7s %8s %14s %10s %11s %9s %11s %9s %10s %11s\n", "", "steps", "paths", "mean",
               "s.e.", "bias", "s.e.", "variance", "seconds", "bytes", "var x s");
        for (size_t i = 0; i < s->n_cells; i++) {
            const nsde_study_cell *c = &s->cells[i];
            if (c->replicates)
                printf("  %-22s %7zu %8zu %14.8g %10.2g %11.3g %9.2g %11.4g %9.3g %10zu %11.3g\n",
                       c->method->name, c->steps, c->paths, c->mean[k],
                       sqrt(c->variance[k] / (double)c->replicates), c->bias[k], c->bias_error[k],
                       c->variance[k], c->seconds, c->peak_bytes, c->variance[k] * c->seconds);
        }
    }
    if (s->n > SHOWN)
        printf("\n... and %zu more components\n", s->n - SHOWN);
    const nsde_estimator *told = NULL;
    for (size_t i = 0; i < s->n_cells; i++)
        if (!s->cells[i].replicates && s->cells[i].method != told) {
            told = s->cells[i].method;
            printf("\n%s does not apply: %s\n", told->name, s->cells[i].note);
        }
}

static nsde_status write(const cli_study_output *out, const nsde_study *s, size_t component)
{
    const cli_study *o = out->options;
    nsde_status status = o->csv ? nsde_study_write_csv(s, o->csv) : NSDE_OK;
    if (!status && out->json)
        status = nsde_study_write_json(s, out->json);
    if (!status && o->plot_bias)
        status = nsde_study_draw_bias(s, component, o->plot_bias);
    if (!status && o->plot_variance)
        status = nsde_study_draw_variance(s, component, o->plot_variance);
    return status;
}

nsde_status cli_study_run(const cli_study_output *out, const nsde_estimate_problem *problem,
                          const nsde_estimate_settings *estimate, const nsde_study_settings *given)
{
    const cli_study *o = out->options;
    nsde_study_settings settings = *given;
    nsde_progress progress;
    nsde_study *study = NULL;
    double *exact = NULL;
    size_t component = 0;
    nsde_status status = o->plot_bias ? nsde_plot_check(o->plot_bias) : NSDE_OK;
    if (!status && o->plot_variance)
        status = nsde_plot_check(o->plot_variance);
    if (!status && o->component)
        status = find(problem->model, o->component, &component);
    if (!status)
        status = take_exact(o, problem->model, &exact);
    if (!status) {
        settings.exact = exact;
        settings.replicates = o->replicates;
        settings.state = o->state;
        settings.progress = show;
        settings.progress_context = &progress;
        nsde_progress_start(&progress, out->quiet ? NULL : stderr, "replicates", o->replicates);
        status = nsde_study_run(problem, estimate, &settings, &study);
        nsde_progress_finish(&progress);
    }
    if (!status && !out->quiet)
        print(study);
    if (!status)
        status = write(out, study, component);
    nsde_study_destroy(study);
    free(exact);
    return status;
}
