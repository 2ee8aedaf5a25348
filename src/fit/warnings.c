/* What a person should know about a fit, in sentences.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>

#include "fit/inference.h"

static nsde_status add(nsde_fit *fit, const char *format, ...) __attribute__((format(printf, 2, 3)));

static nsde_status add(nsde_fit *fit, const char *format, ...)
{
    char text[NSDE_MESSAGE_SIZE];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    void *block = fit->warnings;
    nsde_status status =
        nsde_resize(&block, fit->n_warnings, fit->n_warnings + 1, sizeof(char *), "warnings");
    fit->warnings = block;
    if (!status)
        status = nsde_copy_string(text, &fit->warnings[fit->n_warnings]);
    fit->n_warnings += !status;
    return status;
}

static nsde_status warn_bounds(const nsde_model_definition *d, nsde_fit *fit)
{
    for (size_t i = 0; i < fit->n_parameters; i++) {
        const nsde_estimate *e = &fit->estimates[i];
        const nsde_parameter_definition *p = &d->parameters[i];
        const bool low = e->value - p->lower < p->upper - e->value;
        if (!e->at_bound)
            continue;
        const nsde_status status =
            add(fit,
                "the estimate of %s runs to its bound %g: it has no standard error, and those of the "
                "others hold for %s at the bound",
                e->name, low ? p->lower : p->upper, e->name);
        if (status)
            return status;
    }
    return NSDE_OK;
}

static nsde_status warn_outcome(bool definite, nsde_fit *fit)
{
    nsde_status status = NSDE_OK;
    if (fit->outcome == NSDE_FIT_FLAT)
        status = add(fit, "the data do not determine all the parameters: in some direction the likelihood is "
                          "flat");
    else if (fit->outcome != NSDE_FIT_CONVERGED && fit->outcome != NSDE_FIT_AT_BOUND)
        status = add(fit, "the search did not reach a maximum: %s", nsde_fit_outcome_text(fit->outcome));
    if (!status && !definite)
        status =
            add(fit, "the Hessian of the log likelihood is singular or not negative definite: there are no "
                     "standard errors");
    return status;
}

static nsde_status warn_reversion(nsde_fit *fit)
{
    const nsde_reversion *r = &fit->reversion;
    if (r->rate <= 0.0)
        return add(fit, "the fitted mean does not revert (rate %.4g per unit of time)", r->rate);
    if (!(r->bias > 0.5 * r->std_error))
        return NSDE_OK;
    if (r->corrected <= 0.0)
        return add(fit,
                   "mean reversion is too weak to tell from %.4g units of time: the estimated rate %.4g is "
                   "no larger than the bias of %.4g that is expected of it (Tang and Chen 2009)",
                   fit->span, r->rate, r->bias);
    return add(fit,
               "mean reversion is weak for a span of %.4g units of time: the estimated rate %.4g (std. error "
               "%.4g) is expected to be too large by %.4g (Tang and Chen 2009), which leaves %.4g",
               fit->span, r->rate, r->std_error, r->bias, r->corrected);
}

nsde_status nsde_fit_warn(const nsde_model *model, bool definite, nsde_fit *fit)
{
    nsde_status status = warn_bounds(nsde_model_describe(model), fit);
    if (!status)
        status = warn_outcome(definite, fit);
    return status ? status : warn_reversion(fit);
}
