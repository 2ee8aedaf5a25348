/* The loop of a panel with adaptive steps: noise of the halves, step, error, acceptance.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <float.h>
#include <math.h>
#include <string.h>

#include "core/simd.h"
#include "noise/window.h"
#include "simulate/panel.h"

/* A panel on its way. */
typedef struct journey {
    nsde_stepper *s;
    const nsde_adaptive_run *a;
    nsde_panel_steps *out;
    nsde_step_control control;
    size_t first, paths;
    size_t next; /* the saved time to come */
    double t, h; /* where it is, and the length wanted */
} journey;

static double *state_of(const journey *j)
{
    return nsde_workspace_input(j->s->workspace, NSDE_STEP_STATE);
}

static size_t state_size(const journey *j)
{
    return j->s->run->state_rows * nsde_workspace_stride(j->s->workspace);
}

/* ---- a step and its error ---- */

/* Noise over the step, its first half and its second: three blocks of rows. */
static nsde_status draw(const journey *j, double middle, double end)
{
    const nsde_run *run = j->s->run;
    const size_t stride = nsde_workspace_stride(j->s->workspace), block = run->noise_rows * stride;
    double *whole = j->s->noise, *left = whole + block, *right = left + block;
    const size_t path = run->settings.first_path + j->first;
    nsde_status status =
        nsde_brownian_interval(run->noise, run->detail, j->t, middle, path, j->paths, stride, left);
    if (!status)
        status = nsde_brownian_interval(run->noise, run->detail, middle, end, path, j->paths, stride, right);
    if (!status)
        nsde_noise_join(nsde_brownian_components(run->noise), run->detail, stride, middle - j->t, left,
                        end - middle, right, whole);
    return status;
}

/* The difference between two states, in the place of the second. */
static NSDE_CLONES void subtract(size_t n, const double *x, double *y)
{
#pragma omp simd
    for (size_t i = 0; i < n; i++)
        y[i] = x[i] - y[i];
}

/* Runs a step to `end`, whole and in halves: the state after the halves is the program's output, the
 * difference is in `rough`. */
static nsde_status step_twice(const journey *j, double end)
{
    nsde_stepper *s = j->s;
    const size_t n = state_size(j), block = s->run->noise_rows * nsde_workspace_stride(s->workspace);
    const double middle = j->t + 0.5 * (end - j->t);
    double *x = state_of(j), *rough = s->adaptive.rough;
    const nsde_status status = j->a->noisy ? draw(j, middle, end) : NSDE_OK;
    if (status)
        return status;
    nsde_stepper_forward(s, j->t, end - j->t, s->noise, j->paths);
    memcpy(rough, nsde_workspace_output(s->workspace, 0), n * sizeof *rough);
    memcpy(x, s->before, n * sizeof *x);
    nsde_stepper_forward(s, j->t, middle - j->t, s->noise + block, j->paths);
    memcpy(x, nsde_workspace_output(s->workspace, 0), n * sizeof *x);
    nsde_stepper_forward(s, middle, end - middle, s->noise + 2 * block, j->paths);
    subtract(n, nsde_workspace_output(s->workspace, 0), rough);
    return NSDE_OK;
}

/* Raises `worst` to the quotient of each path's error and its tolerance; NaN stays. */
static NSDE_CLONES void compare(size_t n, double absolute, double relative, const double *error,
                                const double *before, const double *after, double *worst)
{
#pragma omp simd
    for (size_t i = 0; i < n; i++) {
        const double a = fabs(before[i]), b = fabs(after[i]);
        const double quotient = fabs(error[i]) / (absolute + relative * (a > b ? a : b) + DBL_MIN);
        worst[i] = quotient > worst[i] || quotient != quotient ? quotient : worst[i];
    }
}

/* The largest error of the paths that still count, in units of the tolerance; NaN where one is. */
static double largest(const journey *j)
{
    double error = 0.0;
    for (size_t i = 0; i < j->paths; i++) {
        const double own = j->s->adaptive.worst[i];
        if (!j->s->block.failed_step[i] && !(own <= error))
            error = own;
        if (isnan(error))
            break;
    }
    return error;
}

static nsde_status attempt(const journey *j, double end, double *error)
{
    nsde_stepper *s = j->s;
    const size_t stride = nsde_workspace_stride(s->workspace);
    const size_t rows = j->a->embedded ? s->run->dim : s->run->state_rows;
    const double *difference = s->adaptive.rough;
    if (j->a->embedded) {
        nsde_stepper_forward(s, j->t, end - j->t, s->noise, j->paths);
        difference = nsde_workspace_output(s->workspace, nsde_program_outputs(s->run->program) - 1);
    } else {
        const nsde_status status = step_twice(j, end);
        if (status)
            return status;
    }
    const double *after = nsde_workspace_output(s->workspace, 0);
    memset(s->adaptive.worst, 0, stride * sizeof(double));
    for (size_t r = 0; r < rows; r++)
        compare(stride, j->a->settings.absolute, j->a->settings.relative, difference + r * stride,
                s->before + r * stride, after + r * stride, s->adaptive.worst);
    *error = largest(j);
    return NSDE_OK;
}

/* ---- acceptance ---- */

static nsde_status push(const journey *j, double t)
{
    enum { FIRST = 256 };
    nsde_adaptive_stepper *a = &j->s->adaptive;
    if (j->out->steps + 1 >= a->room) {
        const size_t room = a->room ? 2 * a->room : FIRST;
        void *times = a->times;
        const nsde_status status = nsde_resize(&times, a->room, room, sizeof(double), "step times");
        a->times = times;
        if (status)
            return status;
        a->room = room;
    }
    a->times[++j->out->steps] = t;
    return NSDE_OK;
}

/* States at saved times up to `end`, of which all but the last are within the step. */
static void save_until(journey *j, double end)
{
    nsde_stepper *s = j->s;
    const size_t n = state_size(j);
    nsde_workspace *dense = s->adaptive.dense;
    for (; j->next < s->run->n_times && j->a->saved[j->next] <= end; j->next++) {
        const double at = j->a->saved[j->next];
        if (j->out->observed)
            j->out->observed[j->next] = j->out->steps;
        if (at < end) {
            *nsde_workspace_uniform(dense, NSDE_STEP_TIME) = j->t;
            *nsde_workspace_uniform(dense, NSDE_STEP_LENGTH) = end - j->t;
            *nsde_workspace_uniform(dense, NSDE_STEP_FRACTION) = (at - j->t) / (end - j->t);
            memcpy(nsde_workspace_input(dense, NSDE_STEP_STATE), s->before, n * sizeof(double));
            nsde_forward(dense, j->paths);
        }
        nsde_stepper_save(s, at < end ? nsde_workspace_output(dense, 0) : state_of(j), j->next, j->paths);
    }
}

static nsde_status accept(journey *j, double end)
{
    const double length = end - j->t;
    nsde_status status = j->a->embedded ? NSDE_OK : push(j, j->t + 0.5 * (end - j->t));
    if (!status)
        status = push(j, end);
    if (status)
        return status;
    memcpy(state_of(j), nsde_workspace_output(j->s->workspace, 0), state_size(j) * sizeof(double));
    j->out->smallest = j->out->accepted++ ? fmin(j->out->smallest, length) : length;
    for (size_t i = 0; i < j->paths; i++)
        if (j->s->block.failed_step[i] || !(j->s->adaptive.worst[i] <= 1.0))
            nsde_stepper_drop(j->s, i, 0, j->out->accepted, end);
    save_until(j, end);
    j->t = end;
    memcpy(j->s->before, state_of(j), state_size(j) * sizeof(double));
    return NSDE_OK;
}

/* ---- the way ---- */

/* Where the next step ends: at the target if that is within reach, half way if it is within two steps. */
static double end_of_step(const journey *j)
{
    const nsde_adaptive *s = &j->a->settings;
    const double target = j->a->saved[s->dense ? j->s->run->n_times - 1 : j->next], left = target - j->t;
    if (j->h >= left * (1.0 - 1e-9))
        return target;
    return j->t + (2.0 * j->h > left && left > 2.0 * s->shortest ? 0.5 * left : j->h);
}

static void origin_of(const journey *j, char *text, size_t size)
{
    const nsde_run *run = j->s->run;
    uint64_t seed;
    if (j->a->noisy && nsde_brownian_seed(run->noise, &seed))
        snprintf(text, size, ", seed %llu", (unsigned long long)seed);
    else
        *text = '\0';
}

static nsde_status too_large(const journey *j, double end, double error)
{
    const nsde_run *run = j->s->run;
    const size_t first = run->settings.first_path + j->first;
    size_t path = 0;
    char origin[64], what[80] = "leaves the finite numbers";
    while (!(j->s->adaptive.worst[path] >= error) && !isnan(j->s->adaptive.worst[path]))
        path++;
    if (isfinite(error))
        snprintf(what, sizeof what, "has an error of %.3g times the tolerance", error);
    origin_of(j, origin, sizeof origin);
    return nsde_fail(NSDE_DIVERGED,
                     "model %s, %s: paths %zu to %zu cannot go on from t = %g (step %zu%s): path %zu %s even "
                     "with a step of %g, and shorter ones than %g are not allowed",
                     nsde_model_describe(run->model)->name, run->settings.integrator->name, first,
                     first + j->paths - 1, j->t, j->out->accepted + 1, origin, first + path, what, end - j->t,
                     j->a->settings.shortest);
}

static nsde_status too_many(const journey *j)
{
    const nsde_run *run = j->s->run;
    const size_t first = run->settings.first_path + j->first;
    char origin[64];
    origin_of(j, origin, sizeof origin);
    return nsde_fail(NSDE_DIVERGED,
                     "model %s, %s: paths %zu to %zu have come to t = %g in %zu steps and %zu rejected ones, "
                     "the most allowed (the last length wanted is %g%s)",
                     nsde_model_describe(run->model)->name, run->settings.integrator->name, first,
                     first + j->paths - 1, j->t, j->out->accepted, j->out->rejected, j->h, origin);
}

/* One step, accepted or not, and the length of the next. */
static nsde_status go_on(journey *j)
{
    const nsde_adaptive *settings = &j->a->settings;
    const double end = end_of_step(j), length = end - j->t;
    double error;
    if (j->out->accepted + j->out->rejected >= settings->most_steps)
        return too_many(j);
    nsde_status status = attempt(j, end, &error);
    const bool last_resort = length <= settings->shortest * (1.0 + 1e-9);
    if (!status && !(error <= 1.0) && last_resort) {
        if (j->s->run->settings.on_failure == NSDE_STOP)
            return too_large(j, end, error);
        error = 1.0; /* those that fail are dropped */
    }
    if (status)
        return status;
    const double next = nsde_step_control_next(&j->control, length, error);
    const bool cut = length < j->h;
    j->h = cut && error <= 1.0 ? fmax(j->h, next) : next;
    j->h = fmin(fmax(j->h, settings->shortest), settings->longest);
    if (error <= 1.0)
        return accept(j, end);
    j->out->rejected++;
    memcpy(state_of(j), j->s->before, state_size(j) * sizeof(double));
    return NSDE_OK;
}

/* Memory of the panel's own in its result. */
static nsde_status begin(journey *j, size_t panel)
{
    const nsde_run *run = j->s->run;
    void *observed = NULL;
    nsde_status status = NSDE_OK;
    j->out = &j->a->panels[panel];
    *j->out = (nsde_panel_steps){.first_path = run->settings.first_path + j->first, .paths = j->paths};
    if (!j->a->settings.dense)
        status = nsde_alloc(run->n_times, sizeof(size_t), "step times", &observed);
    j->out->observed = observed;
    if (!status)
        status = push(j, j->t); /* makes room; the start is in place 0 */
    if (status)
        return status;
    j->s->adaptive.times[0] = j->t;
    j->out->steps = 0;
    nsde_stepper_start(j->s, j->first, j->paths);
    if (j->s->adaptive.dense)
        nsde_stepper_put_inputs(j->s, j->s->adaptive.dense, j->paths);
    memcpy(j->s->before, state_of(j), state_size(j) * sizeof(double));
    save_until(j, j->t);
    return NSDE_OK;
}

static nsde_status finish(const journey *j)
{
    void *times;
    const size_t n = j->out->steps + 1;
    const nsde_status status = nsde_alloc(n, sizeof(double), "step times", &times);
    if (!status)
        memcpy(times, j->s->adaptive.times, n * sizeof(double));
    j->out->times = times;
    return status;
}

bool nsde_adaptive_stepper_run(nsde_stepper *s, size_t panel)
{
    const nsde_run *run = s->run;
    const nsde_adaptive_run *a = run->adaptive;
    const size_t first = panel * run->panel, left = run->settings.paths - first;
    journey j = {.s = s,
                 .a = a,
                 .control = {.settings = &a->settings, .order = a->order, .before = 1.0},
                 .first = first,
                 .paths = left < run->panel ? left : run->panel,
                 .t = run->grid.t0,
                 .h = a->settings.first_step};
    nsde_status status = begin(&j, panel);
    while (!status && j.next < run->n_times)
        status = go_on(&j);
    if (!status)
        status = finish(&j);
    if (status)
        nsde_stepper_fail(s, status);
    return !status;
}
