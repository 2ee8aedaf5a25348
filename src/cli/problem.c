/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/problem.h"

#include <math.h>

#include "core/error.h"
#include "nsde/model_file.h"
#include "nsde/text.h"

int cli_problem_check(const cli_command *command, const cli_problem *p)
{
    const int n = (p->model != NULL) + (p->file != NULL) + (p->drift || p->diffusion || p->parameters);
    if (n > 1)
        return cli_usage(command,
                         "one of --model and --file, or --drift with --diffusion, is needed, not several");
    if (n == 0 || (!p->model && !p->file && (!p->drift || !p->diffusion)))
        return cli_usage(command, "--model NAME is missing, or --drift and --diffusion");
    return CLI_DONE;
}

nsde_status cli_problem_open(const cli_problem *p, nsde_model **model, double **stored)
{
    if (stored)
        *stored = NULL;
    if (p->file)
        return nsde_model_read(p->file, model, stored);
    if (p->model)
        return nsde_model_open(p->model, model);
    return nsde_model_from_text(&(nsde_text_model){.drift = p->drift,
                                                   .diffusion = p->diffusion,
                                                   .parameters = p->parameters,
                                                   .n_inputs = p->n_inputs},
                                model);
}

static nsde_status start_text(const nsde_model *model, uint64_t seed, double *parameters)
{
    gsl_rng *rng = gsl_rng_alloc(nsde_rng_philox);
    if (!rng)
        return nsde_fail(NSDE_NO_MEMORY, "no memory");
    gsl_rng_set(rng, (unsigned long)seed);
    const nsde_status status = nsde_text_initialise(model, NSDE_INIT_GLOROT, rng, parameters);
    gsl_rng_free(rng);
    return status;
}

nsde_status cli_problem_parameters(const cli_problem *problem, const nsde_model *model, const double *stored,
                                   const cli_assignments *set, uint64_t seed, double *parameters)
{
    const nsde_model_definition *d = nsde_model_describe(model);
    nsde_status status = problem->drift ? start_text(model, seed, parameters) : NSDE_OK;
    for (size_t k = 0; !problem->drift && k < d->n_parameters; k++)
        parameters[k] = stored ? stored[k] : NAN; /* not given */
    for (size_t i = 0; i < set->n && !status; i++) {
        size_t number;
        status = nsde_model_parameter(model, set->items[i].name, &number);
        if (!status)
            parameters[number] = set->items[i].value;
    }
    for (size_t k = 0; k < d->n_parameters && !status; k++)
        if (isnan(parameters[k]))
            status =
                nsde_fail(NSDE_INVALID, "model %s: --set does not give %s", d->name, d->parameters[k].name);
    return status;
}

nsde_status cli_check_states(const nsde_model *model, const cli_numbers *x0)
{
    const nsde_model_definition *d = nsde_model_describe(model);
    return x0->n == d->dim
               ? NSDE_OK
               : nsde_fail(NSDE_INVALID, "model %s: --x0 gives %zu of %zu states", d->name, x0->n, d->dim);
}
