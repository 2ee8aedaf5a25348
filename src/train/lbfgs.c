/* The limited-memory BFGS method.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <string.h>

#include "core/memory.h"
#include "core/settings.h"
#include "train/line_search.h"

/* The pairs lie in a ring: that of step k is number k % memory. */
typedef struct lbfgs {
    nsde_line line;
    size_t n, memory, kept, next;
    double *steps, *changes; /* [memory][n] */
    double *curvatures;      /* [memory] step . change */
    double *weights;         /* [memory] of the two loops */
    nsde_arena arena;
} lbfgs;

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

static nsde_status create(lbfgs *b, size_t n, const nsde_lbfgs_settings *s)
{
    enum { VECTORS = 5 };
    size_t pairs, total = 0;
    *b = (lbfgs){.n = n, .memory = s->memory};
    bool fits = nsde_size_mul(n, s->memory, &pairs) && nsde_arena_plan(pairs, sizeof(double), &total) &&
                nsde_arena_plan(pairs, sizeof(double), &total);
    for (int i = 0; i < VECTORS; i++)
        fits = fits && nsde_arena_plan(n, sizeof(double), &total);
    for (int i = 0; i < 2; i++)
        fits = fits && nsde_arena_plan(s->memory, sizeof(double), &total);
    if (!fits)
        return nsde_fail(NSDE_OVERFLOW, "%zu numbers and %zu pairs overflow the size of memory", n,
                         s->memory);
    const nsde_status status = nsde_arena_create(total, "L-BFGS", &b->arena);
    if (status)
        return status;
    b->steps = nsde_arena_take(&b->arena, pairs, sizeof(double));
    b->changes = nsde_arena_take(&b->arena, pairs, sizeof(double));
    double **vectors[VECTORS] = {&b->line.x, &b->line.gradient, &b->line.direction, &b->line.x_trial,
                                 &b->line.gradient_trial};
    for (int i = 0; i < VECTORS; i++)
        *vectors[i] = nsde_arena_take(&b->arena, n, sizeof(double));
    b->curvatures = nsde_arena_take(&b->arena, s->memory, sizeof(double));
    b->weights = nsde_arena_take(&b->arena, s->memory, sizeof(double));
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

/* The two loops of Nocedal 1980 (Nocedal and Wright 2006, algorithm 7.4): direction = -H gradient. */
static void find_direction(lbfgs *b)
{
    const size_t n = b->n;
    double *q = b->line.direction;
    for (size_t i = 0; i < n; i++)
        q[i] = -b->line.gradient[i];
    for (size_t age = 1; age <= b->kept; age++) {
        const size_t k = (b->next + b->memory - age) % b->memory;
        b->weights[k] = dot(n, b->steps + k * n, q) / b->curvatures[k];
        add(n, -b->weights[k], b->changes + k * n, q);
    }
    if (b->kept) {
        const size_t k = (b->next + b->memory - 1) % b->memory;
        const double scale = b->curvatures[k] / dot(n, b->changes + k * n, b->changes + k * n);
        for (size_t i = 0; i < n; i++)
            q[i] *= scale;
    }
    for (size_t age = b->kept; age >= 1; age--) {
        const size_t k = (b->next + b->memory - age) % b->memory;
        const double weight = dot(n, b->changes + k * n, q) / b->curvatures[k];
        add(n, b->weights[k] - weight, b->steps + k * n, q);
    }
}

/* Goes to the trial point and remembers how the gradient changed, unless rounding left no curvature. */
static void move(lbfgs *b)
{
    const size_t n = b->n;
    nsde_line *line = &b->line;
    double *step = b->steps + b->next * n, *change = b->changes + b->next * n;
    for (size_t i = 0; i < n; i++) {
        step[i] = line->x_trial[i] - line->x[i];
        change[i] = line->gradient_trial[i] - line->gradient[i];
    }
    const double curvature = dot(n, step, change);
    if (curvature > 1e-16 * dot(n, change, change)) {
        b->curvatures[b->next] = curvature;
        b->next = (b->next + 1) % b->memory;
        b->kept += b->kept < b->memory;
    }
    memcpy(line->x, line->x_trial, n * sizeof(double));
    memcpy(line->gradient, line->gradient_trial, n * sizeof(double));
    line->value = line->value_trial;
}

static nsde_status iterate(lbfgs *b, const nsde_lbfgs_settings *s, nsde_lbfgs_result *r)
{
    nsde_line *line = &b->line;
    for (;; r->iterations++) {
        r->value = line->value;
        r->largest = largest_of(b->n, line->gradient);
        r->outcome = r->largest <= s->tolerance ? NSDE_LBFGS_CONVERGED : NSDE_LBFGS_LIMIT;
        if (r->outcome == NSDE_LBFGS_CONVERGED || r->iterations == s->iterations)
            return NSDE_OK;
        bool found = false;
        do {
            find_direction(b);
            line->slope = dot(b->n, line->gradient, line->direction);
            const double first = b->kept ? 1.0 : fmin(1.0, 1.0 / sqrt(-line->slope));
            const nsde_status status = line->slope < 0.0
                                           ? nsde_line_search(line, first, s->decrease, s->curvature, &found)
                                           : NSDE_OK;
            if (status)
                return status;
            if (!found && !b->kept) { /* not even along the gradient */
                r->outcome = NSDE_LBFGS_STALLED;
                return NSDE_OK;
            }
            if (!found)
                b->kept = 0; /* forget, and try the gradient itself */
        } while (!found);
        move(b);
    }
}

nsde_status nsde_lbfgs_minimise(size_t n, nsde_function function, void *context,
                                const nsde_lbfgs_settings *settings, double *x, nsde_lbfgs_result *result)
{
    lbfgs b;
    nsde_lbfgs_result made = {0};
    nsde_status status = check(n, function, settings, x, result);
    if (!status)
        status = create(&b, n, settings);
    if (status)
        return status;
    b.line.n = n;
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
    nsde_arena_destroy(&b.arena);
    return status;
}
