/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fit/inference.h"

#include <math.h>
#include <string.h>

#include <gsl/gsl_cdf.h>
#include <lapacke.h>

#include "fit/transform.h"

static bool is_estimated(const nsde_estimate *e)
{
    return !e->fixed && !e->at_bound;
}

/* The inverse of the information over the k estimated parameters in `matrix`, by Cholesky after scaling to a
 * unit diagonal; false where it is not positive definite, or singular to rounding. */
static bool invert(double *matrix, double *diagonal, size_t k)
{
    const lapack_int n = (lapack_int)k;
    for (size_t i = 0; i < k; i++) {
        if (!(matrix[i * k + i] > 0.0))
            return false;
        diagonal[i] = 1.0 / sqrt(matrix[i * k + i]);
    }
    for (size_t i = 0; i < k; i++)
        for (size_t j = 0; j < k; j++)
            matrix[i * k + j] *= diagonal[i] * diagonal[j];
    if (LAPACKE_dpotrf_work(LAPACK_COL_MAJOR, 'L', n, matrix, n))
        return false;
    for (size_t i = 0; i < k; i++) /* squared pivots: what remains of 1 when the others are known */
        if (!(matrix[i * k + i] * matrix[i * k + i] > 1e-11))
            return false;
    if (LAPACKE_dpotri_work(LAPACK_COL_MAJOR, 'L', n, matrix, n))
        return false;
    for (size_t j = 0; j < k; j++)
        for (size_t i = j; i < k; i++)
            matrix[j * k + i] = matrix[i * k + j] = matrix[j * k + i] * diagonal[i] * diagonal[j];
    return true;
}

/* value +- z std_error, or the same on the scale without bounds where that leaves them. */
static void set_interval(const nsde_parameter_definition *p, double z, nsde_estimate *e)
{
    e->lower = e->value - z * e->std_error;
    e->upper = e->value + z * e->std_error;
    if (e->lower > p->lower && e->upper < p->upper)
        return;
    const double u = nsde_transform_to(p, e->value);
    const double width = z * e->std_error / fabs(nsde_transform_from(p, u).slope);
    const double a = nsde_transform_from(p, u - width).value, b = nsde_transform_from(p, u + width).value;
    e->lower = fmin(a, b);
    e->upper = fmax(a, b);
}

nsde_status nsde_fit_infer(const nsde_model *model, nsde_fit *fit, bool *definite)
{
    const nsde_model_definition *d = nsde_model_describe(model);
    const size_t n = fit->n_parameters;
    void *memory;
    size_t k = 0;
    const nsde_status status = nsde_alloc(n, (n + 1) * sizeof(double), "information", &memory);
    if (status)
        return status;
    double *matrix = memory, *diagonal = matrix + n * n;
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n && is_estimated(&fit->estimates[i]); j++)
            if (is_estimated(&fit->estimates[j]))
                matrix[k++] = -fit->hessian[i * n + j];
    const size_t rows = (size_t)lround(sqrt((double)k));
    *definite = !rows || invert(matrix, diagonal, rows);
    const double z = gsl_cdf_ugaussian_Pinv(0.5 + 0.5 * fit->level);
    k = 0;
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++) {
            const nsde_estimate *a = &fit->estimates[i], *b = &fit->estimates[j];
            const bool known = is_estimated(a) && is_estimated(b);
            fit->covariance[i * n + j] = a->fixed || b->fixed ? 0.0 : known && *definite ? matrix[k] : NAN;
            k += known;
        }
    for (size_t i = 0; i < n; i++) {
        nsde_estimate *e = &fit->estimates[i];
        e->std_error = sqrt(fit->covariance[i * n + i]);
        if (!isnan(e->std_error))
            set_interval(&d->parameters[i], z, e);
    }
    nsde_free(memory);
    return NSDE_OK;
}

/* The standard error of the rate by the delta method; its slopes by central differences, for the rate is a
 * plain function. */
static double rate_error(const nsde_model_definition *d, const nsde_fit *fit, double *p, double *slopes)
{
    const size_t n = fit->n_parameters;
    double variance = 0.0;
    for (size_t i = 0; i < n; i++) {
        const double value = p[i],
                     room = fmin(value - d->parameters[i].lower, d->parameters[i].upper - value);
        const double h = fmin(1e-5 * fmax(fabs(value), 1e-5), 0.5 * room);
        p[i] = value + h;
        slopes[i] = d->reversion_rate(p);
        p[i] = value - h;
        slopes[i] = (slopes[i] - d->reversion_rate(p)) / (2.0 * h);
        p[i] = value;
    }
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++)
            if (slopes[i] != 0.0 && slopes[j] != 0.0)
                variance += slopes[i] * fit->covariance[i * n + j] * slopes[j];
    return sqrt(variance);
}

nsde_status nsde_fit_reversion(const nsde_model *model, nsde_fit *fit)
{
    const nsde_model_definition *d = nsde_model_describe(model);
    nsde_reversion *r = &fit->reversion;
    const size_t n = fit->n_parameters, transitions = fit->n_observations - 1;
    void *memory;
    *r = (nsde_reversion){NAN, NAN, NAN, NAN};
    if (!d->reversion_rate)
        return NSDE_OK;
    const nsde_status status = nsde_alloc(n, 2 * sizeof(double), "rate of reversion", &memory);
    if (status)
        return status;
    double *p = memory;
    for (size_t i = 0; i < n; i++)
        p[i] = fit->estimates[i].value;
    r->rate = d->reversion_rate(p);
    r->std_error = rate_error(d, fit, p, p + n);
    const double decay = exp(r->rate * fit->span / (double)transitions);
    const double bias = (5.0 + 2.0 * decay + decay * decay) / (2.0 * fit->span);
    if (r->rate > 0.0 && isfinite(bias) && r->std_error != 0.0) { /* 0: the rate is fixed */
        r->bias = bias;
        r->corrected = r->rate - bias;
    }
    nsde_free(memory);
    return NSDE_OK;
}
