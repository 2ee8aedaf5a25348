/* The limited-memory BFGS method: its steps, as a method of training, and to the end.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <string.h>

#include "core/memory.h"
#include "core/settings.h"
#include "train/lbfgs.h"
#include "train/optimiser.h"

nsde_lbfgs_settings nsde_lbfgs_settings_default(void)
{
    return (nsde_lbfgs_settings){
#define NSDE_SETTING_DEFAULT(type, name, standard, least, most, doc) .name = (standard),
        NSDE_LBFGS_SETTINGS(NSDE_SETTING_DEFAULT)
#undef NSDE_SETTING_DEFAULT
    };
}

static nsde_status check(size_t n, nsde_function function, const nsde_lbfgs_settings *settings,
                         const double *x, const nsde_lbfgs_result *result)
{
    if (!function || !settings || !x || !result || n == 0)
        return nsde_fail(NSDE_INVALID, "nsde_lbfgs_minimise: a function of one number at least, settings, a "
                                       "beginning and a place for the result are needed");
    NSDE_LBFGS_SETTINGS(NSDE_SETTING_CHECK)
    if (!(settings->decrease < settings->curvature))
        return nsde_fail(NSDE_INVALID, "decrease = %g is not below curvature = %g", settings->decrease,
                         settings->curvature);
    return NSDE_OK;
}

static double dot(size_t n, const double *a, const double *b)
{
    double sum = 0.0;
    for (size_t i = 0; i < n; i++)
        sum += a[i] * b[i];
    return sum;
}

static double largest_of(size_t n, const double *a)
{
    double largest = 0.0;
    for (size_t i = 0; i < n; i++)
        if (!(fabs(a[i]) <= largest))
            largest = fabs(a[i]);
    return largest;
}

static void add(size_t n, double factor, const double *a, double *sum)
{
    for (size_t i = 0; i < n; i++)
        sum[i] += factor * a[i];
}

/* The two loops of Nocedal 1980 (Nocedal and Wright 2006, algorithm 7.4): direction = -H gradient. False
 * where there is no pair, and H is 1. */
static bool find_direction(nsde_lbfgs *b)
{
    const size_t n = b->line.n;
    double *q = b->line.direction, scale = 0.0;
    for (size_t i = 0; i < n; i++)
        q[i] = -b->line.gradient[i];
    for (size_t age = 1; age <= b->memory; age++) {
        const size_t k = (b->made + b->memory - age) % b->memory;
        const double *change = b->changes + k * n, curvature = dot(n, b->steps + k * n, change);
        if (curvature == 0.0)
            continue;
        if (scale == 0.0)
            scale = curvature / dot(n, change, change);
        b->weights[k] = dot(n, b->steps + k * n, q) / curvature;
        add(n, -b->weights[k], change, q);
    }
    for (size_t i = 0; i < n && scale > 0.0; i++)
        q[i] *= scale;
    for (size_t age = b->memory; age >= 1; age--) {
        const size_t k = (b->made + b->memory - age) % b->memory;
        const double *change = b->changes + k * n, curvature = dot(n, b->steps + k * n, change);
        if (curvature != 0.0)
            add(n, b->weights[k] - dot(n, change, q) / curvature, b->steps + k * n, q);
    }
    return scale > 0.0;
}

/* Goes to the trial point and remembers how the gradient changed, unless rounding left no curvature. */
static void move(nsde_lbfgs *b)
{
    nsde_line *line = &b->line;
    const size_t n = line->n, k = b->made % b->memory;
    double *step = b->steps + k * n, *change = b->changes + k * n;
    for (size_t i = 0; i < n; i++) {
        step[i] = line->x_trial[i] - line->x[i];
        change[i] = line->gradient_trial[i] - line->gradient[i];
    }
    if (!(dot(n, step, change) > 1e-16 * dot(n, change, change)))
        memset(change, 0, n * sizeof(double));
    memcpy(line->x, line->x_trial, n * sizeof(double));
    memcpy(line->gradient, line->gradient_trial, n * sizeof(double));
    line->value = line->value_trial;
    b->made++;
}

nsde_status nsde_lbfgs_step(nsde_lbfgs *b, double decrease, double curvature, bool *found)
{
    nsde_line *line = &b->line;
    *found = false;
    for (bool pairs = true; pairs && !*found;) {
        pairs = find_direction(b);
        line->slope = dot(line->n, line->gradient, line->direction);
        const double first = pairs ? 1.0 : fmin(1.0, 1.0 / sqrt(-line->slope));
        const nsde_status status =
            line->slope < 0.0 ? nsde_line_search(line, first, decrease, curvature, found) : NSDE_OK;
        if (status)
            return status;
        if (!*found) /* forget, and try the gradient itself */
            memset(b->changes, 0, b->memory * line->n * sizeof(double));
    }
    if (*found)
        move(b);
    return NSDE_OK;
}

/* ---- as a method of training ---- */

enum { PAIRS = 10, N_MEMORY = 2 * PAIRS + 3 };

static nsde_status search(const nsde_optimiser_step *at, bool *found)
{
    const nsde_lbfgs_settings standard = nsde_lbfgs_settings_default();
    double weights[PAIRS], *spare = at->memory + (size_t)2 * PAIRS * at->n;
    nsde_lbfgs b = {.line = {.n = at->n,
                             .function = at->function,
                             .context = at->context,
                             .x = at->parameters,
                             .gradient = at->gradient,
                             .direction = spare,
                             .x_trial = spare + at->n,
                             .gradient_trial = spare + 2 * at->n,
                             .value = *at->value},
                    .memory = PAIRS,
                    .made = at->number - 1,
                    .steps = at->memory,
                    .changes = at->memory + PAIRS * at->n,
                    .weights = weights};
    const nsde_status status = nsde_lbfgs_step(&b, standard.decrease, standard.curvature, found);
    *at->value = b.line.value;
    return status;
}

const nsde_optimiser_method nsde_optimiser_lbfgs = {
    .name = "lbfgs",
    .aliases = "l-bfgs",
    .title = "Limited-memory BFGS, ten pairs, strong Wolfe line search",
    .source = "Nocedal 1980; Liu and Nocedal 1989",
    .n_memory = N_MEMORY,
    .search = search,
};

/* ---- to the end ---- */

static nsde_status create(nsde_lbfgs *b, nsde_arena *arena, size_t n, const nsde_lbfgs_settings *s)
{
    enum { VECTORS = 5 };
    size_t pairs, total = 0;
    *b = (nsde_lbfgs){.line.n = n, .memory = s->memory};
    bool fits = nsde_size_mul(n, s->memory, &pairs) && nsde_arena_plan(pairs, sizeof(double), &total) &&
                nsde_arena_plan(pairs, sizeof(double), &total);
    for (int i = 0; i < VECTORS; i++)
        fits = fits && nsde_arena_plan(n, sizeof(double), &total);
    fits = fits && nsde_arena_plan(s->memory, sizeof(double), &total);
    if (!fits)
        return nsde_fail(NSDE_OVERFLOW, "%zu numbers and %zu pairs overflow the size of memory", n,
                         s->memory);
    const nsde_status status = nsde_arena_create(total, "L-BFGS", arena);
    if (status)
        return status;
    b->steps = nsde_arena_take(arena, pairs, sizeof(double));
    b->changes = nsde_arena_take(arena, pairs, sizeof(double));
    double **vectors[VECTORS] = {&b->line.x, &b->line.gradient, &b->line.direction, &b->line.x_trial,
                                 &b->line.gradient_trial};
    for (int i = 0; i < VECTORS; i++)
        *vectors[i] = nsde_arena_take(arena, n, sizeof(double));
    b->weights = nsde_arena_take(arena, s->memory, sizeof(double));
    return NSDE_OK;
}

static nsde_status iterate(nsde_lbfgs *b, const nsde_lbfgs_settings *s, nsde_lbfgs_result *r)
{
    for (;; r->iterations++) {
        bool found;
        r->value = b->line.value;
        r->largest = largest_of(b->line.n, b->line.gradient);
        r->outcome = r->largest <= s->tolerance ? NSDE_LBFGS_CONVERGED : NSDE_LBFGS_LIMIT;
        if (r->outcome == NSDE_LBFGS_CONVERGED || r->iterations == s->iterations)
            return NSDE_OK;
        const nsde_status status = nsde_lbfgs_step(b, s->decrease, s->curvature, &found);
        if (status)
            return status;
        if (!found) {
            r->outcome = NSDE_LBFGS_STALLED;
            return NSDE_OK;
        }
    }
}

nsde_status nsde_lbfgs_minimise(size_t n, nsde_function function, void *context,
                                const nsde_lbfgs_settings *settings, double *x, nsde_lbfgs_result *result)
{
    nsde_lbfgs b;
    nsde_arena arena;
    nsde_lbfgs_result made = {0};
    nsde_status status = check(n, function, settings, x, result);
    if (!status)
        status = create(&b, &arena, n, settings);
    if (status)
        return status;
    b.line.function = function;
    b.line.context = context;
    memcpy(b.line.x, x, n * sizeof(double));
    status = function(context, b.line.x, &b.line.value, b.line.gradient);
    b.line.evaluations = 1;
    if (!status && !(isfinite(b.line.value) && isfinite(largest_of(n, b.line.gradient))))
        status = nsde_fail(NSDE_DIVERGED,
                           "nsde_lbfgs_minimise: the value %g or its gradient at the beginning "
                           "is not finite",
                           b.line.value);
    if (!status)
        status = iterate(&b, settings, &made);
    if (!status) {
        memcpy(x, b.line.x, n * sizeof(double));
        made.evaluations = b.line.evaluations;
        *result = made;
    }
    nsde_arena_destroy(&arena);
    return status;
}
