/* Optimisers: looking them up, making them, and what is common to their steps.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "train/optimiser.h"

#include <math.h>
#include <string.h>

#include "core/constants.h"
#include "core/memory.h"
#include "core/names.h"
#include "core/settings.h"

static const nsde_optimiser_method *const methods[] = {
#define X(name) &nsde_optimiser_##name,
#include "optimisers.def"
#undef X
};

static const char *const schedules[] = {
#define X(name, text, doc) text,
    NSDE_SCHEDULE_LIST(X)
#undef X
};

enum { N_SCHEDULES = sizeof schedules / sizeof *schedules };

NSDE_REGISTRY(nsde_optimiser_method, nsde_optimiser, methods, "optimiser")

const char *nsde_schedule_name(nsde_schedule schedule)
{
    return schedule >= 0 && (int)schedule < N_SCHEDULES ? schedules[schedule] : "unknown schedule";
}

nsde_status nsde_schedule_find(const char *name, nsde_schedule *schedule)
{
    char names[256] = "";
    for (int i = 0; i < N_SCHEDULES; i++) {
        if (name && nsde_name_answers(schedules[i], "", name)) {
            *schedule = (nsde_schedule)i;
            return NSDE_OK;
        }
        nsde_name_append(names, sizeof names, schedules[i]);
    }
    return nsde_fail(NSDE_NOT_FOUND, "there is no schedule \"%.100s\"; there are %s", name ? name : "",
                     names);
}

nsde_optimiser_settings nsde_optimiser_settings_default(void)
{
    return (nsde_optimiser_settings){
#define NSDE_SETTING_DEFAULT(type, name, standard, least, most, doc) .name = (standard),
        NSDE_OPTIMISER_SETTINGS(NSDE_SETTING_DEFAULT)
#undef NSDE_SETTING_DEFAULT
    };
}

static nsde_status check(const nsde_optimiser_settings *settings)
{
    NSDE_OPTIMISER_SETTINGS(NSDE_SETTING_CHECK)
    if (settings->schedule < NSDE_SCHEDULE_CONSTANT || settings->schedule > NSDE_SCHEDULE_EXPONENTIAL)
        return nsde_fail(NSDE_INVALID, "there is no schedule number %d", (int)settings->schedule);
    if (settings->schedule != NSDE_SCHEDULE_CONSTANT && settings->horizon == 0)
        return nsde_fail(NSDE_INVALID, "a %s schedule needs a horizon",
                         nsde_schedule_name(settings->schedule));
    return NSDE_OK;
}

nsde_status nsde_optimiser_create(const nsde_optimiser_method *method,
                                  const nsde_optimiser_settings *settings, size_t n,
                                  nsde_optimiser **optimiser)
{
    void *object, *memory = NULL;
    size_t numbers;
    if (!optimiser || !settings)
        return nsde_fail(NSDE_INVALID,
                         "nsde_optimiser_create: settings and a place for the result are needed");
    *optimiser = NULL;
    nsde_status status = check(settings);
    if (!status && method && method->search && settings->clip_norm > 0.0)
        status = nsde_fail(NSDE_INVALID, "%s finds its steps itself: clip_norm does not apply to it",
                           method->name);
    if (!status)
        status = nsde_alloc(1, sizeof(nsde_optimiser), "optimiser", &object);
    if (status)
        return status;
    nsde_optimiser *made = object;
    *made = (nsde_optimiser){.method = method ? method : &nsde_optimiser_adam, .settings = *settings, .n = n};
    if (!nsde_size_mul(n, made->method->n_memory, &numbers))
        status = nsde_fail(NSDE_OVERFLOW, "%zu parameters overflow the size of memory", n);
    if (!status)
        status = nsde_alloc(numbers, sizeof(double), "optimiser", &memory);
    made->memory = memory;
    if (status)
        nsde_optimiser_destroy(made);
    else
        *optimiser = made;
    return status;
}

void nsde_optimiser_destroy(nsde_optimiser *optimiser)
{
    if (!optimiser)
        return;
    nsde_free(optimiser->memory);
    nsde_free(optimiser);
}

double nsde_optimiser_rate(const nsde_optimiser *optimiser)
{
    const nsde_optimiser_settings *s = &optimiser->settings;
    if (s->schedule == NSDE_SCHEDULE_CONSTANT)
        return s->rate;
    const double part = (double)optimiser->steps / (double)s->horizon;
    if (s->schedule == NSDE_SCHEDULE_EXPONENTIAL)
        return s->rate * pow(s->final_rate, part);
    const double fall = 0.5 * (1.0 + cos(NSDE_PI * fmin(part, 1.0)));
    return s->rate * (s->final_rate + (1.0 - s->final_rate) * fall);
}

double nsde_clip_norm(size_t n, double *vector, double longest)
{
    double largest = 0.0, sum = 0.0;
    for (size_t i = 0; i < n; i++)
        if (!(fabs(vector[i]) <= largest)) /* a NaN stays */
            largest = fabs(vector[i]);
    if (largest == 0.0 || !isfinite(largest))
        return largest;
    for (size_t i = 0; i < n; i++)
        sum += vector[i] / largest * (vector[i] / largest);
    const double root = sqrt(sum), norm = largest * root;
    if (norm > longest)
        for (size_t i = 0; i < n; i++)
            vector[i] = vector[i] / largest * (longest / root);
    return norm;
}

static nsde_status check_gradient(const nsde_optimiser *o, const double *gradient)
{
    for (size_t i = 0; i < o->n; i++)
        if (!isfinite(gradient[i]))
            return nsde_fail(NSDE_DIVERGED, "step %llu: derivative %zu is %g",
                             (unsigned long long)o->steps + 1, i, gradient[i]);
    return NSDE_OK;
}

nsde_status nsde_optimiser_advance(nsde_optimiser *optimiser, double *gradient, double *parameters)
{
    nsde_optimiser *o = optimiser;
    if (!o->method->step)
        return nsde_fail(NSDE_UNSUPPORTED, "%s needs the objective: nsde_optimiser_search", o->method->name);
    const nsde_status status = check_gradient(o, gradient);
    if (status)
        return status;
    if (o->settings.clip_norm > 0.0)
        nsde_clip_norm(o->n, gradient, o->settings.clip_norm);
    const double rate = nsde_optimiser_rate(o);
    o->steps++;
    o->method->step(&(nsde_optimiser_step){.settings = &o->settings,
                                           .n = o->n,
                                           .number = o->steps,
                                           .rate = rate,
                                           .gradient = gradient,
                                           .parameters = parameters,
                                           .memory = o->memory});
    return NSDE_OK;
}

nsde_status nsde_optimiser_search(nsde_optimiser *optimiser, nsde_function function, void *context,
                                  double *value, double *gradient, double *parameters, bool *found)
{
    nsde_optimiser *o = optimiser;
    *found = false;
    if (!o->method->search)
        return nsde_fail(NSDE_UNSUPPORTED, "%s goes by the gradient alone: nsde_optimiser_advance",
                         o->method->name);
    nsde_status status = check_gradient(o, gradient);
    if (!status && !isfinite(*value))
        status =
            nsde_fail(NSDE_DIVERGED, "step %llu: the value is %g", (unsigned long long)o->steps + 1, *value);
    if (!status)
        status = o->method->search(&(nsde_optimiser_step){.settings = &o->settings,
                                                          .n = o->n,
                                                          .number = o->steps + 1,
                                                          .gradient = gradient,
                                                          .parameters = parameters,
                                                          .memory = o->memory,
                                                          .function = function,
                                                          .context = context,
                                                          .value = value},
                                   found);
    o->steps += *found;
    return status;
}
