/* nsde multilevel: tables, JSON, pictures.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <stdio.h>

#include "cli/multilevel.h"
#include "core/error.h"
#include "io/json.h"
#include "io/plot.h"

/* ---- tables ---- */

static void print_levels(const cli_multilevel *f, size_t k)
{
    printf("\n%s%s\n", k ? "derivative by " : "", f->names[k]);
    printf("%5s %7s %13s %13s %9s %13s %13s %11s\n", "level", "steps", "mean of P-P'", "variance", "kurtosis",
           "mean of P", "variance", "consistency");
    for (size_t l = 0; l < f->n_levels; l++) {
        const nsde_multilevel_moments *m = &f->levels[l][k];
        printf("%5zu %7zu %13.6g %13.5g %9.3g %13.6g %13.5g %11.2f\n", l, f->steps[l], m->mean, m->variance,
               m->kurtosis, m->fine_mean, m->fine_variance, m->consistency);
    }
    printf("alpha %.2f (means), beta %.2f (variances), gamma %.2f (costs)\n", f->alpha[k], f->beta[k],
           f->gamma);
}

static void print_romberg(const cli_multilevel *f, size_t k)
{
    printf("\nRomberg, weak order %g, %s\n", f->order, f->names[k]);
    printf("%5s %7s %13s %10s %13s %13s %10s\n", "level", "steps", "extrapolated", "s.e.", "plain",
           "its bias", "s.e.");
    for (size_t l = 1; l <= f->n_romberg; l++) {
        const nsde_romberg *r = &f->romberg[l][k];
        printf("%5zu %7zu %13.6g %10.2g %13.6g %13.3g %10.2g\n", l, f->steps[l], r->value, r->std_error,
               r->fine, r->fine_bias, r->bias_std_error);
    }
}

static const char *end_of(nsde_multilevel_end end)
{
    return end == NSDE_MULTILEVEL_LEVELS    ? ", levels exhausted"
           : end == NSDE_MULTILEVEL_SAMPLES ? ", samples exhausted"
                                            : "";
}

static void print_targets(const cli_multilevel *f, size_t k)
{
    printf("\n%s%s%s\n", k ? "derivative by " : "", f->names[k], k == f->target ? ": target" : "");
    printf("%10s %13s %10s %10s", "error", "estimate", "s.e.", "bias");
    if (f->repeats > 1)
        printf(" %10s", f->exact && !k ? "rmse" : "spread");
    printf(" %11s %12s %9s\n", "cost", "cost*error^2", "saving");
    for (size_t i = 0; i < f->n_targets; i++) {
        const cli_target *t = &f->targets[i];
        printf("%10.4g %13.7g %10.2g %10.2g", t->epsilon, t->value[k], t->std_error[k], t->bias[k]);
        if (f->repeats > 1)
            printf(" %10.2g", t->rmse[k]);
        printf(" %11.4g %12.4g %9.3g\n", t->cost, t->cost * t->epsilon * t->epsilon,
               t->standard_cost[k] / t->cost);
    }
}

static void print_samples(const cli_multilevel *f)
{
    printf("\n%10s %s\n", "error", "samples of levels 0, 1, ...");
    for (size_t i = 0; i < f->n_targets; i++) {
        const cli_target *t = &f->targets[i];
        printf("%10.4g", t->epsilon);
        for (size_t l = 0; l < t->n_levels; l++)
            printf(" %zu", t->samples[l]);
        printf("%s\n", end_of(t->end));
    }
}

void cli_multilevel_print(const cli_multilevel *f)
{
    printf("%s on %s, %s: %zu samples a level\n", f->scheme, f->model, f->what, f->samples);
    for (size_t k = 0; k < f->n; k++)
        print_levels(f, k);
    for (size_t k = 0; k < f->n && f->n_romberg; k++)
        print_romberg(f, k);
    for (size_t k = 0; k < f->n && f->n_targets; k++)
        print_targets(f, k);
    if (f->n_targets)
        print_samples(f);
}

/* ---- JSON ---- */

/* A new object at the end of an array; NULL when memory is short. */
static cJSON *append(cJSON *array)
{
    cJSON *object = cJSON_CreateObject();
    return cJSON_AddItemToArray(array, object) ? object : NULL;
}

static bool add_moments(cJSON *to, const cli_multilevel *f, size_t l, size_t k)
{
    const nsde_multilevel_moments *m = &f->levels[l][k];
    return cJSON_AddStringToObject(to, "name", f->names[k]) && nsde_json_add_number(to, "mean", m->mean) &&
           nsde_json_add_number(to, "variance", m->variance) &&
           nsde_json_add_number(to, "kurtosis", m->kurtosis) &&
           nsde_json_add_number(to, "fine_mean", m->fine_mean) &&
           nsde_json_add_number(to, "fine_variance", m->fine_variance) &&
           nsde_json_add_number(to, "consistency", m->consistency) &&
           nsde_json_add_numbers(to, "sums", NSDE_MULTILEVEL_SUMS, f->sums[l][k]);
}

static bool add_levels(cJSON *root, const cli_multilevel *f)
{
    cJSON *levels = cJSON_AddArrayToObject(root, "levels");
    for (size_t l = 0; l < f->n_levels; l++) {
        cJSON *level = append(levels);
        bool added = nsde_json_add_number(level, "steps", (double)f->steps[l]) &&
                     nsde_json_add_number(level, "cost", f->cost[l]) &&
                     nsde_json_add_number(level, "samples", (double)f->samples);
        cJSON *components = added ? cJSON_AddArrayToObject(level, "components") : NULL;
        for (size_t k = 0; k < f->n && added; k++)
            added = add_moments(append(components), f, l, k);
        if (!added)
            return false;
    }
    return levels;
}

static bool add_orders(cJSON *root, const cli_multilevel *f)
{
    cJSON *orders = cJSON_AddArrayToObject(root, "orders");
    bool added = orders;
    for (size_t k = 0; k < f->n && added; k++) {
        cJSON *component = append(orders);
        added = cJSON_AddStringToObject(component, "name", f->names[k]) &&
                nsde_json_add_number(component, "alpha", f->alpha[k]) &&
                nsde_json_add_number(component, "beta", f->beta[k]);
    }
    return added && nsde_json_add_number(root, "gamma", f->gamma);
}

static bool add_romberg(cJSON *root, const cli_multilevel *f)
{
    if (!f->n_romberg)
        return true;
    cJSON *list = cJSON_AddArrayToObject(root, "romberg");
    bool added = list;
    for (size_t l = 1; l <= f->n_romberg; l++)
        for (size_t k = 0; k < f->n && added; k++) {
            const nsde_romberg *r = &f->romberg[l][k];
            cJSON *item = append(list);
            added = cJSON_AddStringToObject(item, "name", f->names[k]) &&
                    nsde_json_add_number(item, "steps", (double)f->steps[l]) &&
                    nsde_json_add_number(item, "value", r->value) &&
                    nsde_json_add_number(item, "std_error", r->std_error) &&
                    nsde_json_add_number(item, "fine", r->fine) &&
                    nsde_json_add_number(item, "coarse", r->coarse) &&
                    nsde_json_add_number(item, "fine_bias", r->fine_bias) &&
                    nsde_json_add_number(item, "bias_std_error", r->bias_std_error);
        }
    return added;
}

static bool add_target(cJSON *to, const cli_multilevel *f, const cli_target *t)
{
    double samples[CLI_LEVELS];
    for (size_t l = 0; l < t->n_levels; l++)
        samples[l] = (double)t->samples[l];
    bool added = nsde_json_add_number(to, "error", t->epsilon) && nsde_json_add_number(to, "cost", t->cost) &&
                 cJSON_AddBoolToObject(to, "reached", t->end == NSDE_MULTILEVEL_REACHED) &&
                 nsde_json_add_numbers(to, "samples", t->n_levels, samples);
    cJSON *components = added ? cJSON_AddArrayToObject(to, "components") : NULL;
    for (size_t k = 0; k < f->n && added; k++) {
        cJSON *c = append(components);
        added = cJSON_AddStringToObject(c, "name", f->names[k]) &&
                nsde_json_add_number(c, "value", t->value[k]) &&
                nsde_json_add_number(c, "std_error", t->std_error[k]) &&
                nsde_json_add_number(c, "bias", t->bias[k]) && nsde_json_add_number(c, "rmse", t->rmse[k]) &&
                nsde_json_add_number(c, "standard_cost", t->standard_cost[k]);
    }
    return added;
}

static bool add_targets(cJSON *root, const cli_multilevel *f)
{
    cJSON *targets = cJSON_AddArrayToObject(root, "targets");
    bool added = targets;
    for (size_t i = 0; i < f->n_targets && added; i++)
        added = add_target(append(targets), f, &f->targets[i]);
    return added;
}

nsde_status cli_multilevel_write_json(const cli_multilevel *f, const char *path)
{
    cJSON *root = cJSON_CreateObject();
    const bool made = cJSON_AddStringToObject(root, "model", f->model) &&
                      cJSON_AddStringToObject(root, "scheme", f->scheme) &&
                      cJSON_AddStringToObject(root, "what", f->what) && add_levels(root, f) &&
                      add_orders(root, f) && add_romberg(root, f) &&
                      nsde_json_add_number(root, "repeats", (double)f->repeats) && add_targets(root, f);
    const nsde_status status =
        made ? nsde_json_write(root, path) : nsde_fail(NSDE_NO_MEMORY, "no memory for JSON");
    cJSON_Delete(root);
    return status;
}

/* ---- pictures: the four of Giles (2008) ---- */

static void take_sizes(const cli_multilevel *f, size_t k, bool variances, double *level, double *of_value,
                       double *of_difference)
{
    for (size_t l = 0; l < f->n_levels; l++) {
        const nsde_multilevel_moments *m = &f->levels[l][k];
        const double value = variances ? m->fine_variance : fabs(m->fine_mean);
        const double difference = variances ? m->variance : fabs(m->mean);
        level[l] = (double)l;
        of_value[l] = value > 0.0 ? value : NAN;
        of_difference[l] = l && difference > 0.0 ? difference : NAN;
    }
}

static nsde_status draw_levels(const cli_multilevel *f, bool variances, nsde_plot **plot)
{
    double level[CLI_LEVELS], value[CLI_LEVELS], difference[CLI_LEVELS];
    char title[200];
    const size_t k = f->target;
    snprintf(title, sizeof title, "%s of %s, %s", variances ? "Variance" : "Mean", f->what, f->names[k]);
    const nsde_plot_frame frame = {
        .title = title, .x_label = "level", .y_label = variances ? "variance" : "|mean|", .log_y = true};
    nsde_status status = nsde_plot_create(&frame, plot);
    take_sizes(f, k, variances, level, value, difference);
    if (!status)
        status = nsde_plot_errors(*plot, "level alone", NSDE_PLOT_VERMILION, f->n_levels, level, value, value,
                                  value);
    if (!status)
        status = nsde_plot_errors(*plot, "difference to the level before", NSDE_PLOT_BLUE, f->n_levels, level,
                                  difference, difference, difference);
    return status;
}

static nsde_status draw_samples(const cli_multilevel *f, nsde_plot **plot)
{
    enum { COLORS = 8 };
    const nsde_plot_frame frame = {
        .title = "Samples for each error", .x_label = "level", .y_label = "samples", .log_y = true};
    nsde_status status = nsde_plot_create(&frame, plot);
    for (size_t i = 0; i < f->n_targets && !status; i++) {
        const cli_target *t = &f->targets[i];
        double level[CLI_LEVELS], samples[CLI_LEVELS];
        char legend[40];
        snprintf(legend, sizeof legend, "%g", t->epsilon);
        for (size_t l = 0; l < t->n_levels; l++) {
            level[l] = (double)l;
            samples[l] = (double)t->samples[l];
        }
        status = nsde_plot_errors(*plot, legend, (nsde_plot_color)(i % COLORS), t->n_levels, level, samples,
                                  samples, samples);
    }
    return status;
}

static nsde_status draw_costs(const cli_multilevel *f, nsde_plot **plot)
{
    enum { MOST = 64 };
    double error[MOST], cost[MOST], standard[MOST];
    const size_t n = f->n_targets < MOST ? f->n_targets : MOST;
    const nsde_plot_frame frame = {.title = "Cost",
                                   .x_label = "root mean square error asked for",
                                   .y_label = "steps times error^2",
                                   .log_x = true,
                                   .log_y = true};
    nsde_status status = nsde_plot_create(&frame, plot);
    for (size_t i = 0; i < n; i++) {
        const cli_target *t = &f->targets[i];
        error[i] = t->epsilon;
        cost[i] = t->cost * t->epsilon * t->epsilon;
        standard[i] = t->standard_cost[f->target] * t->epsilon * t->epsilon;
    }
    if (!status)
        status = nsde_plot_errors(*plot, "Monte Carlo on the finest level", NSDE_PLOT_VERMILION, n, error,
                                  standard, standard, standard);
    if (!status)
        status = nsde_plot_errors(*plot, "multilevel", NSDE_PLOT_BLUE, n, error, cost, cost, cost);
    return status;
}

nsde_status cli_multilevel_draw(const cli_multilevel *f, const char *path)
{
    nsde_plot *plots[4] = {NULL};
    const size_t n = f->n_targets ? 4 : 2;
    nsde_status status = draw_levels(f, true, &plots[0]);
    if (!status)
        status = draw_levels(f, false, &plots[1]);
    if (!status && n > 2)
        status = draw_samples(f, &plots[2]);
    if (!status && n > 2)
        status = draw_costs(f, &plots[3]);
    if (!status)
        status = nsde_plot_write_panels(n, (const nsde_plot *const *)plots, path);
    for (size_t i = 0; i < n; i++)
        nsde_plot_destroy(plots[i]);
    return status;
}
