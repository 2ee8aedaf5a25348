/* The objective of simulated paths: the gradient engine on fresh noise at every step, or on noise that is
 * given.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "core/error.h"
#include "core/memory.h"
#include "io/checksum.h"
#include "model/inputs.h"
#include "nsde/train.h"
#include "train/constrain.h"

typedef struct paths {
    const nsde_model *model;
    nsde_gradient *engine;
    uint64_t seed;
    size_t batch;
    bool given; /* the noise: the same paths at every position */
    double *x0; /* [dim] */
} paths;

static void destroy(void *context)
{
    paths *p = context;
    nsde_gradient_destroy(p->engine);
    nsde_free(p->x0);
    nsde_free(p);
}

static nsde_status evaluate(void *context, uint64_t position, const double *parameters, double *loss,
                            double *gradient)
{
    const paths *p = context;
    nsde_gradient_set_noise(p->engine, p->seed, p->given ? 0 : position);
    const nsde_gradient_point point = {.parameters = parameters, .x0 = p->x0};
    return nsde_gradient_evaluate(p->engine, &point,
                                  &(nsde_gradient_result){.loss = loss, .parameters = gradient});
}

static nsde_status validate(void *context, const double *parameters, double *loss)
{
    const paths *p = context;
    nsde_gradient_set_noise(p->engine, p->seed + 1, p->given ? p->batch : 0);
    const nsde_gradient_point point = {.parameters = parameters, .x0 = p->x0};
    return nsde_gradient_evaluate(p->engine, &point, &(nsde_gradient_result){.loss = loss});
}

static void constrain(void *context, const double *before, double *parameters)
{
    nsde_constrain_to_bounds(((paths *)context)->model, before, parameters);
}

static uint64_t identify(const nsde_model *model, const nsde_loss *loss, const nsde_gradient_settings *s,
                         const double *x0)
{
    const double times[] = {s->t0, s->t1};
    const uint64_t numbers[] = {s->steps,        s->paths, s->seed, s->n_observe, (uint64_t)s->precision,
                                s->noise != NULL};
    uint64_t sum = nsde_model_identity(model);
    sum = nsde_checksum(sum, times, sizeof times);
    sum = nsde_checksum(sum, numbers, sizeof numbers);
    if (s->n_observe)
        sum = nsde_checksum(sum, s->observe, s->n_observe * sizeof *s->observe);
    if (s->integrator)
        sum = nsde_checksum(sum, s->integrator->name, strlen(s->integrator->name));
    if (loss->n_data)
        sum = nsde_checksum(sum, loss->data, loss->n_data * sizeof *loss->data);
    return nsde_checksum(sum, x0, nsde_model_describe(model)->dim * sizeof *x0);
}

nsde_status nsde_training_paths(const nsde_model *model, const nsde_loss *loss,
                                const nsde_gradient_settings *settings, const double *x0,
                                nsde_training *training)
{
    void *memory = NULL, *start = NULL;
    if (!training || !model || !loss || !settings || !x0)
        return nsde_fail(NSDE_INVALID,
                         "nsde_training_paths: a model, a loss, settings, an initial state and a "
                         "place for the result are needed");
    *training = (nsde_training){0};
    const nsde_model_definition *d = nsde_model_describe(model);
    nsde_status status = nsde_model_refuse_inputs(model, "training does");
    if (!status)
        status = nsde_alloc(1, sizeof(paths), "training", &memory);
    if (status)
        return status;
    paths *p = memory;
    *p = (paths){.model = model, .seed = settings->seed, .batch = settings->paths, .given = settings->noise};
    status = nsde_alloc(d->dim, sizeof(double), "training", &start);
    p->x0 = start;
    if (!status)
        status = nsde_gradient_create(model, loss, settings, &p->engine);
    if (status) {
        destroy(p);
        return status;
    }
    memcpy(p->x0, x0, d->dim * sizeof *x0);
    *training = (nsde_training){.n_parameters = d->n_parameters,
                                .batch = settings->paths,
                                .identity = identify(model, loss, settings, x0),
                                .evaluate = evaluate,
                                .validate = validate,
                                .constrain = constrain,
                                .destroy = destroy,
                                .context = p,
                                .deterministic = settings->noise};
    return NSDE_OK;
}
