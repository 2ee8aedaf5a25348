/* Scaling the networks of a model to the data they will see.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <lapacke.h>
#include <math.h>

#include "core/error.h"
#include "nsde/train.h"
#include "train/transitions.h"

/* What the data show. */
typedef struct scales {
    size_t dim;
    double *mean, *sd;     /* [dim + 1 + n_inputs]: the states, the time if networks see it, the inputs */
    double *covariance;    /* [dim][dim] of the increments, per unit of time; then its Cholesky factor */
    double *zero, *rate;   /* [dim] */
    double *level, *reach; /* [dim (dim + 1) / 2] of the diffusion's last layer */
    nsde_arena arena;
} scales;

static nsde_status create(scales *s, size_t dim, size_t n_inputs)
{
    size_t total = 0;
    const size_t sizes[] = {dim + 1 + n_inputs, dim + 1 + n_inputs, dim * dim, dim, dim,
                            dim * dim,          dim * dim};
    double **vectors[] = {&s->mean, &s->sd, &s->covariance, &s->zero, &s->rate, &s->level, &s->reach};
    enum { VECTORS = sizeof vectors / sizeof *vectors };
    for (int i = 0; i < VECTORS; i++)
        if (!nsde_arena_plan(sizes[i], sizeof(double), &total))
            return nsde_fail(NSDE_OVERFLOW, "%zu states overflow the size of memory", dim);
    const nsde_status status = nsde_arena_create(total, "scales", &s->arena);
    for (int i = 0; i < VECTORS && !status; i++)
        *vectors[i] = nsde_arena_take(&s->arena, sizes[i], sizeof(double));
    s->dim = dim;
    return status;
}

/* Mean and standard deviation of values[n]: exactly 0 where they are all the same. */
static void measure_one(size_t n, const double *values, double *mean, double *sd)
{
    bool moves = false;
    *mean = *sd = 0.0;
    for (size_t k = 0; k < n; k++)
        *mean += values[k] / (double)n;
    for (size_t k = 0; k < n; k++)
        *sd += (values[k] - *mean) * (values[k] - *mean) / (double)n;
    for (size_t k = 1; k < n; k++)
        moves = moves || values[k] != values[0];
    *sd = moves ? sqrt(*sd) : 0.0;
}

static nsde_status measure(scales *s, const nsde_steps *steps, const nsde_series *series, bool autonomous)
{
    double length = 0.0;
    const size_t n = steps->n, inputs = s->dim + (autonomous ? 0 : 1);
    for (size_t i = 0; i < s->dim; i++) {
        measure_one(n, steps->x + i * n, &s->mean[i], &s->sd[i]);
        if (!(s->sd[i] > 0.0))
            return nsde_fail(NSDE_INVALID, "%s never changes", series->names[i]);
    }
    measure_one(n, steps->t, &s->mean[s->dim], &s->sd[s->dim]);
    if (!(s->sd[s->dim] > 0.0))
        s->sd[s->dim] = 1.0; /* a single transition */
    for (size_t i = 0; i < steps->n_inputs; i++) {
        measure_one(n, steps->u + i * n, &s->mean[inputs + i], &s->sd[inputs + i]);
        if (!(s->sd[inputs + i] > 0.0))
            return nsde_fail(NSDE_INVALID, "%s never changes", series->names[s->dim + i]);
    }
    for (size_t k = 0; k < steps->n; k++)
        length += steps->h[k];
    for (size_t i = 0; i < s->dim; i++)
        for (size_t j = 0; j < s->dim; j++)
            for (size_t k = 0; k < steps->n; k++) {
                const size_t a = i * steps->n + k, b = j * steps->n + k;
                s->covariance[i * s->dim + j] +=
                    (steps->next[a] - steps->x[a]) * (steps->next[b] - steps->x[b]) / length;
            }
    /* A stationary process whose law has this spread against this noise: a mean reversion of C / (2 sd^2). */
    for (size_t i = 0; i < s->dim; i++)
        s->rate[i] = s->covariance[i * s->dim + i] / (2.0 * s->sd[i]);
    return NSDE_OK;
}

/* Where the last layer gives `value` through the map, and how far it must go to change that by as much. */
static void set_level(nsde_output_map map, double floor, double value, double *level, double *reach)
{
    const double above = fmax(value - floor, 1e-3 * value);
    *level = map == NSDE_OUTPUT_EXP ? log(above) : above + log(-expm1(-above)); /* softplus backwards */
    *reach = map == NSDE_OUTPUT_EXP ? 1.0 : above / -expm1(-above);
}

static nsde_status find_levels(scales *s, const nsde_net_definition *net)
{
    const size_t d = s->dim;
    if (net->map != NSDE_OUTPUT_CHOLESKY) {
        for (size_t i = 0; i < d; i++)
            set_level(net->map, net->floor, sqrt(s->covariance[i * d + i]), &s->level[i], &s->reach[i]);
        return NSDE_OK;
    }
    if (LAPACKE_dpotrf(LAPACK_ROW_MAJOR, 'L', (int)d, s->covariance, (int)d) != 0)
        return nsde_fail(NSDE_INVALID, "the increments of the series lie in fewer than %zu dimensions", d);
    for (size_t i = 0, k = 0; i < d; i++)
        for (size_t j = 0; j <= i; j++, k++) {
            const double entry = s->covariance[i * d + j];
            s->level[k] = entry;
            s->reach[k] = s->covariance[i * d + i];
            if (i == j)
                set_level(net->map, net->floor, entry, &s->level[k], &s->reach[k]);
        }
    return NSDE_OK;
}

nsde_status nsde_neural_standardise(nsde_model *model, const nsde_series *series)
{
    nsde_steps steps = {0};
    scales s = {0};
    if (!model || !series || !nsde_neural_net(model, 0))
        return nsde_fail(NSDE_INVALID, "nsde_neural_standardise: a neural model and a series are needed");
    nsde_net *drift = nsde_neural_net(model, 0), *diffusion = nsde_neural_net(model, 1);
    const size_t inputs = nsde_net_describe(drift)->inputs;
    nsde_status status = nsde_steps_create(model, series, &steps);
    if (!status)
        status = create(&s, steps.dim, steps.n_inputs);
    if (!status)
        status = measure(&s, &steps, series, inputs == steps.dim + steps.n_inputs);
    if (!status)
        status = find_levels(&s, nsde_net_describe(diffusion));
    if (!status)
        status = nsde_net_standardise(drift, s.mean, s.sd, s.zero, s.rate);
    if (!status)
        status = nsde_net_standardise(diffusion, s.mean, s.sd, s.level, s.reach);
    nsde_arena_destroy(&s.arena);
    nsde_steps_destroy(&steps);
    return status;
}
