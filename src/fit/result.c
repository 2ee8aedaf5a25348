/* The result of a fit: its memory, and a table of it for people.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>

#include "fit/inference.h"

nsde_status nsde_fit_allocate(const nsde_model *model, nsde_fit **fit)
{
    const nsde_model_definition *d = nsde_model_describe(model);
    const size_t n = d->n_parameters;
    void *memory, *block;
    *fit = NULL;
    nsde_status status = nsde_alloc(1, sizeof(nsde_fit), "fit", &memory);
    if (status)
        return status;
    nsde_fit *made = memory;
    status = nsde_alloc(n, sizeof(nsde_estimate), "estimates", &block);
    made->estimates = block;
    if (!status)
        status = nsde_alloc(n, sizeof(double), "gradient", &block);
    made->gradient = status ? NULL : block;
    if (!status)
        status = nsde_alloc(n * n, sizeof(double), "Hessian", &block);
    made->hessian = status ? NULL : block;
    if (!status)
        status = nsde_alloc(n * n, sizeof(double), "covariance", &block);
    made->covariance = status ? NULL : block;
    for (; !status && made->n_parameters < n; made->n_parameters++) {
        nsde_estimate *e = &made->estimates[made->n_parameters];
        *e = (nsde_estimate){.value = NAN, .std_error = NAN, .lower = NAN, .upper = NAN};
        status = nsde_copy_string(d->parameters[made->n_parameters].name, &e->name);
    }
    if (status)
        nsde_fit_destroy(made);
    else
        *fit = made;
    return status;
}

void nsde_fit_destroy(nsde_fit *fit)
{
    if (!fit)
        return;
    char *texts[] = {fit->model,  fit->equation, fit->objective, fit->objective_title,
                     fit->origin, fit->column,   fit->time_label};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        nsde_free(texts[i]);
    for (size_t i = 0; i < fit->n_parameters; i++)
        nsde_free(fit->estimates[i].name);
    for (size_t i = 0; i < fit->n_warnings; i++)
        nsde_free(fit->warnings[i]);
    nsde_free(fit->warnings);
    nsde_free(fit->estimates);
    nsde_free(fit->gradient);
    nsde_free(fit->hessian);
    nsde_free(fit->covariance);
    nsde_free(fit);
}

/* The data in a line. */
static void print_data(const nsde_fit *fit, FILE *stream)
{
    fprintf(stream, "%s", fit->column);
    if (*fit->origin)
        fprintf(stream, " of %s", fit->origin);
    fprintf(stream, ": %zu observations over %.6g units of time", fit->n_observations, fit->span);
    if (*fit->time_label)
        fprintf(stream, " (%s)", fit->time_label);
    if (fit->n_missing)
        fprintf(stream, ", %zu missing", fit->n_missing);
    fprintf(stream, "\n%s, %s\n", fit->objective_title,
            fit->initial == NSDE_INITIAL_FIXED ? "given the first observation"
                                               : "the first observation under the stationary law");
}

static void print_estimate(const nsde_estimate *e, FILE *stream)
{
    fprintf(stream, "  %-12s %13.6g", e->name, e->value);
    if (e->fixed)
        fprintf(stream, "  %11s\n", "fixed");
    else if (e->at_bound)
        fprintf(stream, "  %11s\n", "at bound");
    else if (isnan(e->std_error))
        fprintf(stream, "  %11s\n", "-");
    else
        fprintf(stream, "  %11.4g  %13.6g %13.6g\n", e->std_error, e->lower, e->upper);
}

nsde_status nsde_fit_print(const nsde_fit *fit, FILE *stream)
{
    if (!fit || !stream)
        return nsde_fail(NSDE_INVALID, "nsde_fit_print: a fit and a stream are needed");
    fprintf(stream, "%s: %s\n", fit->model, fit->equation);
    print_data(fit, stream);
    fprintf(stream, "\n  %-12s %13s  %11s  %12.4g%% confidence\n", "parameter", "estimate", "std. error",
            100.0 * fit->level);
    for (size_t i = 0; i < fit->n_parameters; i++)
        print_estimate(&fit->estimates[i], stream);
    fprintf(stream, "\nlog likelihood %.5f, AIC %.3f, BIC %.3f\n", fit->log_likelihood, fit->aic, fit->bic);
    fprintf(stream, "%s after %zu steps (%zu evaluations, %.3f s)\n", nsde_fit_outcome_text(fit->outcome),
            fit->iterations, fit->evaluations, fit->seconds);
    for (size_t i = 0; i < fit->n_warnings; i++)
        fprintf(stream, "warning: %s\n", fit->warnings[i]);
    if (ferror(stream))
        return nsde_fail(NSDE_IO, "nsde_fit_print: writing failed");
    return NSDE_OK;
}
