/* The registry of integrators, and what their steps have in common.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "step/step.h"

#include "core/error.h"
#include "core/names.h"

static const nsde_integrator *const integrators[] = {
#define X(name) &nsde_integrator_##name,
#include "integrators.def"
#undef X
};

size_t nsde_integrator_count(void)
{
    return sizeof integrators / sizeof *integrators;
}

const nsde_integrator *nsde_integrator_at(size_t number)
{
    return number < nsde_integrator_count() ? integrators[number] : NULL;
}

nsde_status nsde_integrator_find(const char *name, const nsde_integrator **integrator)
{
    if (!name || !integrator)
        return nsde_fail(NSDE_INVALID,
                         "nsde_integrator_find: a name and a place for the integrator are needed");
    *integrator = NULL;
    char names[NSDE_MESSAGE_SIZE / 2] = "";
    for (size_t i = 0; i < nsde_integrator_count(); i++) {
        if (nsde_name_answers(integrators[i]->name, integrators[i]->aliases, name)) {
            *integrator = integrators[i];
            return NSDE_OK;
        }
        nsde_name_append(names, sizeof names, integrators[i]->name);
    }
    return nsde_fail(NSDE_NOT_FOUND, "there is no method \"%.100s\"; there are %s", name, names);
}

static bool admits(const nsde_integrator *integrator, const nsde_model_definition *model)
{
    return (integrator->calculus == model->calculus || model->noise == NSDE_NOISE_ADDITIVE) &&
           model->noise <= integrator->noise;
}

nsde_status nsde_integrator_check(const nsde_integrator *integrator, const nsde_model *model)
{
    const nsde_model_definition *d = nsde_model_describe(model);
    if (admits(integrator, d))
        return NSDE_OK;
    char names[NSDE_MESSAGE_SIZE / 2] = "";
    for (size_t i = 0; i < nsde_integrator_count(); i++)
        if (admits(integrators[i], d))
            nsde_name_append(names, sizeof names, integrators[i]->name);
    if (d->noise > integrator->noise)
        return nsde_fail(NSDE_UNSUPPORTED,
                         "%s admits %s noise at most and model %s has %s noise; %s would do",
                         integrator->name, nsde_noise_class_name(integrator->noise), d->name,
                         nsde_noise_class_name(d->noise), *names ? names : "none");
    return nsde_fail(NSDE_UNSUPPORTED, "%s solves %s equations and model %s is meant as %s; %s would do",
                     integrator->name, nsde_calculus_name(integrator->calculus), d->name,
                     nsde_calculus_name(d->calculus), *names ? names : "none");
}

nsde_var nsde_step_drift(const nsde_step_at *at, nsde_var x, nsde_var t)
{
    return nsde_model_drift(at->model, x, t, at->p);
}

nsde_var nsde_step_noise(const nsde_step_at *at, nsde_var x, nsde_var t)
{
    const nsde_var g = nsde_model_diffusion(at->model, x, t, at->p);
    return nsde_model_is_diagonal(at->model) ? nsde_mul(g, at->dW) : nsde_matvec(g, at->dW);
}

nsde_var nsde_step_record(const nsde_integrator *integrator, const nsde_step_at *at)
{
    if (nsde_integrator_check(integrator, at->model))
        return nsde_tape_fail(at->tape, "%s", nsde_error_message());
    return integrator->record(at);
}
