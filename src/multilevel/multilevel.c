/* Multilevel Monte Carlo: how many levels, how many samples of each, and what comes of them.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <string.h>

#include "core/memory.h"
#include "model/inputs.h"
#include "multilevel/levels.h"
#include "multilevel/moments.h"

enum { MOST_LEVELS = 41, SUMS = NSDE_MULTILEVEL_SUMS };

struct nsde_multilevel {
    nsde_multilevel_problem problem;
    nsde_multilevel_settings settings;
    nsde_levels *levels;
    size_t n; /* components */
    nsde_multilevel_level level[MOST_LEVELS];
    nsde_multilevel_result result;
    double *extrapolated; /* [n][SUMS] for nsde_multilevel_romberg */
    nsde_arena arena;
    double done, wanted; /* steps, for the progress */
};

nsde_multilevel_settings nsde_multilevel_settings_default(void)
{
    return (nsde_multilevel_settings){
#define NSDE_SETTING_DEFAULT(type, name, standard, least, most, doc) .name = (standard),
        NSDE_MULTILEVEL_SETTINGS(NSDE_SETTING_DEFAULT)
#undef NSDE_SETTING_DEFAULT
    };
}

/* ---- creation ---- */

static nsde_status check_settings(const nsde_multilevel_settings *settings, size_t n_derivatives)
{
    NSDE_MULTILEVEL_SETTINGS(NSDE_SETTING_CHECK)
    double finest = (double)settings->coarsest;
    const nsde_grid grid = {settings->t0, settings->t1, settings->coarsest};
    for (size_t l = 1; l < settings->max_levels; l++)
        finest *= (double)settings->refinement;
    if (finest > 0x1p40)
        return nsde_fail(NSDE_INVALID, "max_levels = %zu: the finest would have %g steps",
                         settings->max_levels, finest);
    if (settings->min_levels > settings->max_levels)
        return nsde_fail(NSDE_INVALID, "min_levels = %zu are more than max_levels = %zu",
                         settings->min_levels, settings->max_levels);
    if (settings->first_samples > settings->max_samples)
        return nsde_fail(NSDE_INVALID, "first_samples = %zu are more than max_samples = %zu",
                         settings->first_samples, settings->max_samples);
    if (settings->target > n_derivatives && settings->target != SIZE_MAX)
        return nsde_fail(NSDE_INVALID, "target = %zu of %zu derivatives", settings->target, n_derivatives);
    return nsde_grid_check(&grid);
}

static nsde_status check_problem(const nsde_multilevel_problem *p, const nsde_multilevel_settings *settings)
{
    if (!p || !settings || !p->model || !p->functional || !p->x0 || (p->n_derivatives && !p->derivatives))
        return nsde_fail(NSDE_INVALID, "multilevel: a model, a functional, initial states and settings are "
                                       "needed");
    const nsde_model_definition *d = nsde_model_describe(p->model);
    nsde_status status = check_settings(settings, p->n_derivatives);
    if (!status)
        status = nsde_model_refuse_inputs(p->model, "multilevel Monte Carlo does");
    if (!status)
        status = nsde_model_check_parameters(p->model, p->parameters);
    if (!status)
        status = nsde_functional_check(p->functional, d->dim);
    for (size_t k = 0; k < d->dim && !status; k++)
        if (!isfinite(p->x0[k]))
            status = nsde_fail(NSDE_INVALID, "initial state x0[%zu] is %g", k, p->x0[k]);
    for (size_t k = 0; k < p->n_derivatives && !status; k++)
        if (p->derivatives[k] >= d->n_parameters + d->dim)
            status = nsde_fail(NSDE_INVALID, "derivative %zu by number %zu of %zu parameters and %zu states",
                               k, p->derivatives[k], d->n_parameters, d->dim);
    return status;
}

/* Where results go. */
static nsde_status make_room(nsde_multilevel *m)
{
    const size_t sums = m->n * SUMS, levels = m->settings.max_levels;
    nsde_multilevel_result *r = &m->result;
    double **const rows[] = {&r->value, &r->std_error, &r->bias, &r->alpha, &r->beta, &r->standard_cost};
    const size_t n_rows = sizeof rows / sizeof *rows;
    size_t bytes = 0;
    bool fits = true;
    for (size_t l = 0; l <= levels; l++)
        fits = fits && nsde_arena_plan(sums, sizeof(double), &bytes);
    for (size_t i = 0; i < n_rows; i++)
        fits = fits && nsde_arena_plan(m->n, sizeof(double), &bytes);
    const nsde_status status =
        fits ? nsde_arena_create(bytes, "results", &m->arena)
             : nsde_fail(NSDE_OVERFLOW, "%zu derivatives overflow the size of memory", m->n - 1);
    if (status)
        return status;
    for (size_t l = 0; l < levels; l++)
        m->level[l].sums = nsde_arena_take(&m->arena, sums, sizeof(double));
    m->extrapolated = nsde_arena_take(&m->arena, sums, sizeof(double));
    for (size_t i = 0; i < n_rows; i++)
        *rows[i] = nsde_arena_take(&m->arena, m->n, sizeof(double));
    r->n = m->n;
    r->levels = m->level;
    return NSDE_OK;
}

nsde_status nsde_multilevel_create(const nsde_multilevel_problem *problem,
                                   const nsde_multilevel_settings *settings, nsde_multilevel **multilevel)
{
    void *memory;
    if (!multilevel)
        return nsde_fail(NSDE_INVALID, "nsde_multilevel_create: an argument is NULL");
    *multilevel = NULL;
    nsde_status status = check_problem(problem, settings);
    if (!status)
        status = nsde_alloc(1, sizeof(nsde_multilevel), "multilevel", &memory);
    if (status)
        return status;
    nsde_multilevel *m = memory;
    m->problem = *problem;
    m->settings = *settings;
    m->n = 1 + problem->n_derivatives;
    if (!m->settings.integrator)
        status = nsde_integrator_find("euler_maruyama", &m->settings.integrator);
    if (!status)
        status = nsde_integrator_check(m->settings.integrator, problem->model);
    if (!status)
        status = make_room(m);
    if (!status)
        status = nsde_levels_create(&m->problem, &m->settings, &m->levels);
    if (status)
        nsde_multilevel_destroy(m);
    else
        *multilevel = m;
    return status;
}

void nsde_multilevel_destroy(nsde_multilevel *m)
{
    if (!m)
        return;
    nsde_levels_destroy(m->levels);
    nsde_arena_destroy(&m->arena);
    nsde_free(m);
}

void nsde_multilevel_set_seed(nsde_multilevel *m, uint64_t seed)
{
    m->settings.seed = seed;
}

/* ---- samples ---- */

static void clear(nsde_multilevel *m)
{
    for (size_t l = 0; l < m->settings.max_levels; l++) {
        m->level[l].steps = nsde_levels_steps(m->levels, l);
        m->level[l].cost = nsde_levels_cost(m->levels, l);
        m->level[l].n_samples = 0;
        memset(m->level[l].sums, 0, m->n * SUMS * sizeof(double));
    }
    m->done = m->wanted = 0.0;
}

/* Brings a level to `n` samples. */
static nsde_status sample(nsde_multilevel *m, size_t l, size_t n)
{
    nsde_multilevel_level *level = &m->level[l];
    if (n <= level->n_samples)
        return NSDE_OK;
    const nsde_levels_samples s = {m->settings.seed, l, level->n_samples, n - level->n_samples, 0.0};
    const nsde_status status = nsde_levels_run(m->levels, &s, level->sums);
    if (status)
        return status;
    level->n_samples = n;
    m->done += (double)s.n * level->cost;
    if (m->settings.progress)
        m->settings.progress(m->settings.progress_context, m->done, fmax(m->done, m->wanted));
    return NSDE_OK;
}

/* ---- what they say ---- */

/* |means| and variances of one component over all levels. */
typedef struct profile {
    double mean[MOST_LEVELS], variance[MOST_LEVELS];
    double alpha, beta; /* measured, unless given */
} profile;

static double order_of(double given, const double *values, size_t n, size_t refinement)
{
    const double measured = nsde_fall_of(n - 1, values + 1, refinement);
    return given > 0.0 ? given : isnan(measured) ? 1.0 : fmax(0.5, measured);
}

/* A level with few samples may show a mean or a variance that is too small by chance: from the third on none
 * is taken to be below half of what the order makes of the level before (as in Giles' own program, 2015). */
static void look(const nsde_multilevel *m, size_t n, size_t component, profile *p)
{
    const double r = (double)m->settings.refinement;
    for (size_t l = 0; l < n; l++) {
        const nsde_multilevel_moments moments = nsde_multilevel_describe(&m->result, l, component);
        p->mean[l] = fabs(moments.mean);
        p->variance[l] = moments.variance;
    }
    p->alpha = order_of(m->settings.weak_order, p->mean, n, m->settings.refinement);
    p->beta = order_of(m->settings.variance_order, p->variance, n, m->settings.refinement);
    for (size_t l = 2; l < n; l++) {
        p->mean[l] = fmax(p->mean[l], 0.5 * p->mean[l - 1] / pow(r, p->alpha));
        p->variance[l] = fmax(p->variance[l], 0.5 * p->variance[l - 1] / pow(r, p->beta));
    }
}

/* The bias of the sum of n levels: what the last three differences make of the rest of the series. */
static double bias_of(const nsde_multilevel *m, const profile *p, size_t n)
{
    const double factor = pow((double)m->settings.refinement, p->alpha);
    double largest = 0.0, scale = 1.0;
    for (size_t l = n; l-- > 1 && l + 3 >= n;) {
        largest = fmax(largest, p->mean[l] * scale);
        scale /= factor;
    }
    return largest / (factor - 1.0);
}

/* Does the target speak of this component? */
static bool is_targeted(const nsde_multilevel *m, size_t component)
{
    return m->settings.target == SIZE_MAX || m->settings.target == component;
}

/* The largest variances and the largest bias of the components that are targeted; `next` has the variance of
 * a level that is yet to come. */
static double survey(const nsde_multilevel *m, size_t n, double *variance, double *next)
{
    double bias = 0.0;
    *next = 0.0;
    for (size_t l = 0; l < n; l++)
        variance[l] = 0.0;
    for (size_t k = 0; k < m->n; k++) {
        profile p;
        if (!is_targeted(m, k))
            continue;
        look(m, n, k, &p);
        for (size_t l = 0; l < n; l++)
            variance[l] = fmax(variance[l], p.variance[l]);
        *next = fmax(*next, p.variance[n - 1] / pow((double)m->settings.refinement, p.beta));
        bias = fmax(bias, bias_of(m, &p, n));
    }
    return bias;
}

static void summarise_component(nsde_multilevel *m, size_t n, size_t k)
{
    nsde_multilevel_result *r = &m->result;
    profile p;
    double variance = 0.0, fine = 0.0;
    r->value[k] = 0.0;
    look(m, n, k, &p);
    r->bias[k] = bias_of(m, &p, n);
    for (size_t l = 0; l < n; l++) {
        const nsde_multilevel_moments moments = nsde_multilevel_describe(r, l, k);
        r->value[k] += moments.mean;
        variance += moments.variance / (double)m->level[l].n_samples;
        p.mean[l] = moments.mean;
        p.variance[l] = moments.variance;
        fine = fmax(fine, moments.fine_variance); /* the finest level's own has the fewest samples */
    }
    r->alpha[k] = nsde_fall_of(n - 1, p.mean + 1, m->settings.refinement);
    r->beta[k] = nsde_fall_of(n - 1, p.variance + 1, m->settings.refinement);
    r->std_error[k] = sqrt(variance);
    r->standard_cost[k] = fine / variance * (double)m->level[n - 1].steps;
}

static void summarise(nsde_multilevel *m, size_t n, nsde_multilevel_end end)
{
    double per_sample[MOST_LEVELS];
    nsde_multilevel_result *r = &m->result;
    r->n_levels = n;
    r->end = end;
    r->cost = 0.0;
    for (size_t l = 0; l < n; l++) {
        r->cost += (double)m->level[l].n_samples * m->level[l].cost;
        per_sample[l] = m->level[l].cost;
    }
    r->gamma = -nsde_fall_of(n - 1, per_sample + 1, m->settings.refinement);
    for (size_t k = 0; k < m->n; k++)
        summarise_component(m, n, k);
}

/* ---- the algorithm ---- */

/* Samples for n levels, not yet all drawn, with at least the first ones; whether they are within limits. */
static nsde_status plan(nsde_multilevel *m, size_t n, const double *variance, double epsilon, size_t *samples,
                        bool *within)
{
    double cost[MOST_LEVELS] = {0.0};
    const nsde_multilevel_settings *s = &m->settings;
    for (size_t l = 0; l < n; l++)
        cost[l] = m->level[l].cost;
    const nsde_status status = nsde_multilevel_allocate(n, variance, cost, epsilon, s->bias_share, samples);
    *within = true;
    m->wanted = 0.0;
    for (size_t l = 0; l < n && !status; l++) {
        *within = *within && samples[l] <= s->max_samples;
        samples[l] = samples[l] < s->max_samples ? samples[l] : s->max_samples;
        if (!m->level[l].n_samples && samples[l] < s->first_samples)
            samples[l] = s->first_samples;
        m->wanted += (double)samples[l] * cost[l];
    }
    return status;
}

static nsde_status draw(nsde_multilevel *m, size_t n, const size_t *samples)
{
    nsde_status status = NSDE_OK;
    for (size_t l = 0; l < n && !status; l++)
        status = sample(m, l, samples[l]);
    return status;
}

/* Is what is still to be drawn no more than a hundredth of what there is, on every level? */
static bool is_nearly_drawn(const nsde_multilevel *m, size_t n, const size_t *samples)
{
    for (size_t l = 0; l < n; l++)
        if ((double)samples[l] > 1.01 * (double)m->level[l].n_samples)
            return false;
    return true;
}

static nsde_status estimate(nsde_multilevel *m, double epsilon, size_t *levels, nsde_multilevel_end *end)
{
    double variance[MOST_LEVELS];
    size_t samples[MOST_LEVELS], n = m->settings.min_levels;
    for (size_t l = 0; l < n; l++)
        samples[l] = m->settings.first_samples;
    for (;;) {
        bool within;
        double next;
        nsde_status status = draw(m, n, samples);
        if (status)
            return status;
        const double bias = survey(m, n, variance, &next);
        status = plan(m, n, variance, epsilon, samples, &within);
        if (status)
            return status;
        if (!is_nearly_drawn(m, n, samples))
            continue;
        *levels = n;
        *end = !within                                          ? NSDE_MULTILEVEL_SAMPLES
               : bias <= sqrt(m->settings.bias_share) * epsilon ? NSDE_MULTILEVEL_REACHED
                                                                : NSDE_MULTILEVEL_LEVELS;
        if (*end != NSDE_MULTILEVEL_LEVELS || n == m->settings.max_levels)
            return draw(m, n, samples);
        variance[n++] = next;
        status = plan(m, n, variance, epsilon, samples, &within);
        if (status)
            return status;
    }
}

nsde_status nsde_multilevel_run(nsde_multilevel *m, double epsilon, const nsde_multilevel_result **result)
{
    size_t levels;
    nsde_multilevel_end end;
    if (!m || !result)
        return nsde_fail(NSDE_INVALID, "nsde_multilevel_run: an argument is NULL");
    if (!(epsilon > 0.0) || !isfinite(epsilon))
        return nsde_fail(NSDE_INVALID, "multilevel: a root mean square error of %g cannot be had", epsilon);
    clear(m);
    const nsde_status status = estimate(m, epsilon, &levels, &end);
    if (status)
        return status;
    summarise(m, levels, end);
    *result = &m->result;
    return NSDE_OK;
}

nsde_status nsde_multilevel_study(nsde_multilevel *m, size_t levels, size_t samples,
                                  const nsde_multilevel_result **result)
{
    if (!m || !result)
        return nsde_fail(NSDE_INVALID, "nsde_multilevel_study: an argument is NULL");
    if (levels < 2 || levels > m->settings.max_levels || samples < 2)
        return nsde_fail(NSDE_INVALID, "multilevel: %zu samples of %zu levels (2 and 2 to %zu)", samples,
                         levels, m->settings.max_levels);
    clear(m);
    for (size_t l = 0; l < levels; l++)
        m->wanted += (double)samples * m->level[l].cost;
    nsde_status status = NSDE_OK;
    for (size_t l = 0; l < levels && !status; l++)
        status = sample(m, l, samples);
    if (status)
        return status;
    summarise(m, levels, NSDE_MULTILEVEL_FIXED);
    *result = &m->result;
    return NSDE_OK;
}

/* ---- extrapolation ---- */

/* With the difference d = fine - coarse, the extrapolated value is fine + d / (r^p - 1). */
nsde_status nsde_multilevel_romberg(nsde_multilevel *m, size_t level, double order, size_t samples,
                                    nsde_romberg *romberg)
{
    if (!m || !romberg)
        return nsde_fail(NSDE_INVALID, "nsde_multilevel_romberg: an argument is NULL");
    const double p = order > 0.0 ? order : m->settings.integrator->weak_order;
    const double weight = 1.0 / (pow((double)m->settings.refinement, p) - 1.0), n = (double)samples;
    if (level < 1 || level >= m->settings.max_levels || samples < 2 || !(order >= 0.0) || !isfinite(order) ||
        !(weight > 0.0))
        return nsde_fail(NSDE_INVALID,
                         "Romberg: level %zu (1 to %zu), %zu samples (2 at least), order %g (above 0)", level,
                         m->settings.max_levels - 1, samples, order > 0.0 ? p : order);
    memset(m->extrapolated, 0, m->n * SUMS * sizeof(double));
    const nsde_levels_samples s = {m->settings.seed, level, 0, samples, weight};
    const nsde_status status = nsde_levels_run(m->levels, &s, m->extrapolated);
    for (size_t k = 0; k < m->n && !status; k++) {
        const double *sums = m->extrapolated + k * SUMS, d = sums[0] / n, value = sums[4] / n;
        const double d_variance = fmax(sums[1] / n - d * d, 0.0) / (n - 1.0);
        const double variance = fmax(sums[5] / n - value * value, 0.0) / (n - 1.0);
        romberg[k] = (nsde_romberg){.value = value,
                                    .std_error = sqrt(variance),
                                    .fine = value - weight * d,
                                    .coarse = value - (1.0 + weight) * d,
                                    .fine_bias = -weight * d,
                                    .bias_std_error = weight * sqrt(d_variance)};
    }
    return status;
}
