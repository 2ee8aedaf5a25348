/* nsde multilevel: an expectation and its derivatives by multilevel Monte Carlo.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/multilevel.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/error.h"
#include "core/memory.h"
#include "io/plot.h"
#include "io/progress.h"
#include "nsde/estimate.h"
#include "nsde/model_file.h"
#include "nsde/text.h"

typedef struct options {
    cli_problem problem;
    const char *payoff, *loss, *scheme, *gradient, *target, *json, *plot;
    cli_assignments set;
    cli_numbers x0, rmse;
    double t0, t1, strike, barrier, discount, exact, order;
    size_t component, refinement, coarsest, levels, samples, first_samples, repeats, threads, area_terms;
    uint64_t seed;
    bool romberg, quiet;
} options;

/* What is open while the command works. */
typedef struct work {
    const options *o;
    nsde_model *model;
    nsde_loss loss;
    nsde_payoff payoff;
    nsde_functional functional;
    double *stored, *parameters;
    size_t derivatives[CLI_COMPONENTS];
    nsde_multilevel_problem problem;
    nsde_multilevel_settings settings;
    nsde_multilevel *multilevel;
    nsde_progress progress;
    cli_multilevel found;
} work;

enum { LEVELS = 7, SAMPLES = 10000 };

static void defaults(void *given)
{
    options *o = given;
    const nsde_multilevel_settings standard = nsde_multilevel_settings_default();
    o->seed = standard.seed;
    o->t1 = standard.t1;
    o->refinement = standard.refinement;
    o->coarsest = standard.coarsest;
    o->first_samples = standard.first_samples;
    o->strike = o->barrier = o->exact = NAN;
    o->component = 1;
    o->levels = LEVELS;
    o->samples = SAMPLES;
    o->repeats = 1;
}

/* ---- what is asked for ---- */

static nsde_status take_functional(const options *o, work *w)
{
    if (o->loss) {
        const nsde_status status = nsde_loss_from_text(o->loss, w->model, &w->loss);
        return status ? status : nsde_functional_of_loss(&w->loss, &w->functional);
    }
    w->payoff = nsde_payoff_default();
    w->payoff.factor = exp(-o->discount * (o->t1 - o->t0));
    w->payoff.component = o->component - 1;
    const nsde_status status = nsde_functional_find(o->payoff, &w->payoff, &w->functional);
    if (status)
        return status;
    const bool struck = strcmp(w->functional.name, "lookback") != 0;
    if (struck && isnan(o->strike))
        return nsde_fail(NSDE_INVALID, "--payoff %s needs --strike", w->functional.name);
    if (strcmp(w->functional.name, "barrier") == 0 && isnan(o->barrier))
        return nsde_fail(NSDE_INVALID, "--payoff barrier needs --barrier");
    w->payoff.strike = struck ? o->strike : 0.0;
    w->payoff.barrier = isnan(o->barrier) ? 0.0 : o->barrier;
    return NSDE_OK;
}

/* The number of the component of that name, value or a derivative. */
static nsde_status find_component(const work *w, const char *option, const char *name, size_t *number)
{
    for (*number = 0; *number < w->found.n; ++*number)
        if (strcmp(w->found.names[*number], name) == 0)
            return NSDE_OK;
    return nsde_fail(NSDE_NOT_FOUND, "%s %.40s is neither value nor in --gradient", option, name);
}

static nsde_status add_derivative(work *w, const char *name)
{
    const nsde_model_definition *d = nsde_model_describe(w->model);
    cli_multilevel *f = &w->found;
    if (f->n == CLI_COMPONENTS)
        return nsde_fail(NSDE_INVALID, "--gradient: more than %d derivatives", CLI_COMPONENTS - 1);
    for (size_t k = 0; k < d->n_parameters + d->dim; k++) {
        nsde_estimate_name(w->model, k, CLI_NAME, f->names[f->n]);
        if (strcmp(f->names[f->n], name) == 0) {
            w->derivatives[f->n++ - 1] = k;
            return NSDE_OK;
        }
    }
    return nsde_fail(NSDE_NOT_FOUND, "--gradient: model %s has neither a parameter nor a state \"%.40s\"",
                     d->name, name);
}

static nsde_status take_derivatives(const options *o, work *w)
{
    char *copy, *rest;
    w->found.n = 1;
    snprintf(w->found.names[0], CLI_NAME, "value");
    if (!o->gradient)
        return NSDE_OK;
    nsde_status status = nsde_copy_string(o->gradient, &copy);
    for (char *word = copy; word && !status; word = rest) {
        rest = strchr(word, ',');
        if (rest)
            *rest++ = '\0';
        status = add_derivative(w, word);
    }
    nsde_free(copy);
    return status;
}

static void show_progress(void *context, double done, double all)
{
    nsde_progress *progress = context;
    progress->total = (size_t)fmin(all, 1e18);
    nsde_progress_update(progress, (size_t)fmin(done, 1e18));
}

static nsde_status take_settings(const options *o, work *w)
{
    nsde_multilevel_settings *s = &w->settings;
    *s = nsde_multilevel_settings_default();
    s->t0 = o->t0;
    s->t1 = o->t1;
    s->seed = o->seed;
    s->coarsest = o->coarsest;
    s->refinement = o->refinement;
    s->first_samples = o->first_samples;
    s->area_terms = o->area_terms;
    s->threads = o->threads > 1024 ? -1 : (int)o->threads;
    s->progress = show_progress;
    s->progress_context = &w->progress;
    double finest = (double)s->coarsest; /* as many levels as there are steps for */
    for (size_t l = 1; l < s->max_levels; l++) {
        finest *= (double)s->refinement;
        if (finest > 0x1p30)
            s->max_levels = l;
    }
    if (o->levels > s->max_levels || o->levels < 2)
        return nsde_fail(NSDE_INVALID, "--levels %zu (2 to %zu)", o->levels, s->max_levels);
    if (o->rmse.n && !o->repeats)
        return nsde_fail(NSDE_INVALID, "--repeats 0");
    nsde_status status = nsde_integrator_find(o->scheme ? o->scheme : "euler_maruyama", &s->integrator);
    if (!status)
        status = find_component(w, "--target", o->target ? o->target : "value", &s->target);
    return status;
}

static nsde_status prepare(const options *o, work *w)
{
    nsde_status status = o->plot ? nsde_plot_check(o->plot) : NSDE_OK;
    if (!status)
        status = cli_problem_open(&o->problem, &w->model, &w->stored);
    if (status)
        return status;
    const nsde_model_definition *d = nsde_model_describe(w->model);
    w->parameters = calloc(d->n_parameters + 1, sizeof *w->parameters);
    w->found.targets = calloc(o->rmse.n + 1, sizeof *w->found.targets);
    if (!w->parameters || !w->found.targets)
        return nsde_fail(NSDE_NO_MEMORY, "no memory");
    status = cli_problem_parameters(&o->problem, w->model, w->stored, &o->set, o->seed, w->parameters);
    if (!status)
        status = cli_check_states(w->model, &o->x0);
    if (!status && (o->component < 1 || o->component > d->dim))
        status = nsde_fail(NSDE_INVALID, "model %s: --component %zu of %zu", d->name, o->component, d->dim);
    if (!status)
        status = take_derivatives(o, w);
    if (!status)
        status = take_functional(o, w);
    if (!status)
        status = take_settings(o, w);
    if (status)
        return status;
    w->problem = (nsde_multilevel_problem){w->model,    &w->functional, w->parameters,
                                           o->x0.items, w->derivatives, w->found.n - 1};
    return nsde_multilevel_create(&w->problem, &w->settings, &w->multilevel);
}

/* ---- what comes of it ---- */

static nsde_status study(work *w)
{
    cli_multilevel *f = &w->found;
    const nsde_multilevel_result *r;
    const nsde_status status = nsde_multilevel_study(w->multilevel, w->o->levels, w->o->samples, &r);
    if (status)
        return status;
    f->n_levels = r->n_levels;
    f->samples = w->o->samples;
    f->gamma = r->gamma;
    for (size_t l = 0; l < r->n_levels; l++) {
        f->steps[l] = r->levels[l].steps;
        f->cost[l] = r->levels[l].cost;
        memcpy(f->sums[l], r->levels[l].sums, r->n * sizeof f->sums[l][0]);
        for (size_t k = 0; k < r->n; k++)
            f->levels[l][k] = nsde_multilevel_describe(r, l, k);
    }
    memcpy(f->alpha, r->alpha, r->n * sizeof *r->alpha);
    memcpy(f->beta, r->beta, r->n * sizeof *r->beta);
    return NSDE_OK;
}

static nsde_status extrapolate(work *w)
{
    cli_multilevel *f = &w->found;
    nsde_status status = NSDE_OK;
    f->order = w->o->order > 0.0 ? w->o->order : w->settings.integrator->weak_order;
    for (size_t l = 1; l < w->o->levels && !status; l++, f->n_romberg++)
        status = nsde_multilevel_romberg(w->multilevel, l, w->o->order, w->o->samples, f->romberg[l]);
    return status;
}

/* All runs for one target; the first one's numbers are those shown. */
static nsde_status reach(work *w, double epsilon, cli_target *t)
{
    const options *o = w->o;
    const size_t n = w->found.n, repeats = o->repeats;
    double sums[CLI_COMPONENTS] = {0.0}, squares[CLI_COMPONENTS] = {0.0};
    t->epsilon = epsilon;
    for (size_t i = 0; i < repeats; i++) {
        const nsde_multilevel_result *r;
        nsde_multilevel_set_seed(w->multilevel, o->seed + i);
        const nsde_status status = nsde_multilevel_run(w->multilevel, epsilon, &r);
        if (status)
            return status;
        for (size_t l = 0; l < r->n_levels && i == 0; l++)
            t->samples[l] = r->levels[l].n_samples;
        if (i == 0) {
            t->end = r->end;
            t->n_levels = r->n_levels;
            memcpy(t->value, r->value, n * sizeof *t->value);
            memcpy(t->std_error, r->std_error, n * sizeof *t->std_error);
            memcpy(t->bias, r->bias, n * sizeof *t->bias);
        }
        t->cost += r->cost / (double)repeats;
        for (size_t k = 0; k < n; k++) {
            const double gap = r->value[k] - (isnan(o->exact) || k ? t->value[k] : o->exact);
            t->standard_cost[k] += r->standard_cost[k] / (double)repeats;
            sums[k] += gap;
            squares[k] += gap * gap;
        }
    }
    for (size_t k = 0; k < n; k++) {
        const double mean = sums[k] / (double)repeats, square = squares[k] / (double)repeats;
        t->rmse[k] = !isnan(o->exact) && !k ? sqrt(square)
                     : repeats > 1 ? sqrt((square - mean * mean) * (double)repeats / (double)(repeats - 1))
                                   : NAN;
    }
    return NSDE_OK;
}

static nsde_status work_through(const options *o, work *w)
{
    cli_multilevel *f = &w->found;
    f->model = nsde_model_describe(w->model)->name;
    f->scheme = w->settings.integrator->name;
    f->what = o->loss ? o->loss : w->functional.name;
    f->target = w->settings.target;
    f->repeats = o->repeats;
    f->exact = !isnan(o->exact);
    nsde_progress_start(&w->progress, o->quiet ? NULL : stderr, "simulating", 0);
    nsde_status status = study(w);
    if (!status && o->romberg)
        status = extrapolate(w);
    for (size_t i = 0; i < o->rmse.n && !status; i++, f->n_targets++)
        status = reach(w, o->rmse.items[i], &f->targets[i]);
    nsde_progress_finish(&w->progress);
    return status;
}

static void close_work(work *w)
{
    nsde_multilevel_destroy(w->multilevel);
    nsde_loss_release_text(&w->loss);
    nsde_model_destroy(w->model);
    nsde_parameters_destroy(w->stored);
    free(w->parameters);
    free(w->found.targets);
    free(w);
}

static int run(const void *given, const char *argument)
{
    (void)argument;
    const options *o = given;
    if (cli_problem_check(&cli_command_multilevel, &o->problem))
        return CLI_USAGE;
    if (!o->payoff == !o->loss)
        return cli_usage(&cli_command_multilevel, "one of --payoff and --loss is needed");
    work *w = calloc(1, sizeof *w);
    if (!w) {
        (void)nsde_fail(NSDE_NO_MEMORY, "no memory");
        return cli_fail();
    }
    w->o = o;
    nsde_status status = prepare(o, w);
    if (!status)
        status = work_through(o, w);
    if (!status && !o->quiet)
        cli_multilevel_print(&w->found);
    if (!status && o->json)
        status = cli_multilevel_write_json(&w->found, o->json);
    if (!status && o->plot)
        status = cli_multilevel_draw(&w->found, o->plot);
    close_work(w);
    return status ? cli_fail() : CLI_DONE;
}

static const cli_option table[] = {
    CLI_PROBLEM_OPTIONS(options),
    CLI_PROBLEM_FILE(options),
    CLI_PROBLEM_SET(options),
    {"x0", "X,...", CLI_NUMBERS, offsetof(options, x0), "initial states", true},
    {"t1", "T", CLI_FRACTION, offsetof(options, t1), "time at which the paths end; 1", false},
    {"t0", "T", CLI_FRACTION, offsetof(options, t0), "time at which they start; 0", false},
    {"payoff", "NAME", CLI_TEXT, offsetof(options, payoff),
     "call, asian, geometric_asian, lookback, barrier or digital", false},
    {"strike", "K", CLI_NUMBER, offsetof(options, strike), "its strike", false},
    {"barrier", "B", CLI_NUMBER, offsetof(options, barrier), "below it a barrier option is worth nothing",
     false},
    {"discount", "R", CLI_NUMBER, offsetof(options, discount), "multiplies a payoff by exp(-R (t1 - t0))",
     false},
    {"component", "N", CLI_SIZE, offsetof(options, component), "the state of the payoff, from 1; 1", false},
    {"loss", "TEXT", CLI_TEXT, offsetof(options, loss), "instead of --payoff: a function of the last states",
     false},
    {"scheme", "NAME", CLI_TEXT, offsetof(options, scheme), "the integrator (nsde methods); euler_maruyama",
     false},
    {"rmse", "E,...", CLI_NUMBERS, offsetof(options, rmse), "root mean square errors to be reached", false},
    {"gradient", "NAME,...", CLI_TEXT, offsetof(options, gradient),
     "parameters and states (x0, or x0_1, ...) to differentiate by", false},
    {"target", "NAME", CLI_TEXT, offsetof(options, target), "the derivative that --rmse is for; value",
     false},
    {"levels", "N", CLI_SIZE, offsetof(options, levels), "levels of the table; 7", false},
    {"samples", "N", CLI_SIZE, offsetof(options, samples), "samples of each of them; 10000", false},
    {"coarsest", "N", CLI_SIZE, offsetof(options, coarsest), "steps of level 0; 1", false},
    {"refinement", "N", CLI_SIZE, offsetof(options, refinement), "steps for one of the level before; 2",
     false},
    {"first-samples", "N", CLI_SIZE, offsetof(options, first_samples),
     "samples of a level before its variance is known; 1000", false},
    {"romberg", NULL, CLI_FLAG, offsetof(options, romberg), "extrapolate from each level and the one before",
     false},
    {"order", "P", CLI_NUMBER, offsetof(options, order), "of --romberg; the scheme's weak order", false},
    {"repeats", "N", CLI_SIZE, offsetof(options, repeats), "runs for each target, of seeds that follow; 1",
     false},
    {"exact", "V", CLI_NUMBER, offsetof(options, exact), "what errors of the value are taken against", false},
    {"area-terms", "N", CLI_SIZE, offsetof(options, area_terms), "terms of the series for Levy areas; 0",
     false},
    {"seed", "N", CLI_SEED, offsetof(options, seed), "seed of the noise; 1", false},
    {"threads", "N", CLI_SIZE, offsetof(options, threads),
     "threads; 0, for one per core; the result is the same", false},
    {"json", "FILE", CLI_TEXT, offsetof(options, json), "write everything as JSON", false},
    {"plot", "FILE.png|.svg", CLI_TEXT, offsetof(options, plot), "draw variances, means, samples and costs",
     false},
    {"quiet", NULL, CLI_FLAG, offsetof(options, quiet), "print no table", false},
};

const cli_command cli_command_multilevel = {
    .name = "multilevel",
    .summary = "Estimate an expectation and its derivatives by multilevel Monte Carlo",
    .detail =
        "The table shows the differences of successive levels on the same Brownian paths; costs are in "
        "steps. Then levels and samples are chosen for each error of --rmse, half of whose square is the "
        "bias's; the saving is against Monte Carlo on the finest level with the same variance.",
    .options = table,
    .n_options = sizeof table / sizeof *table,
    .options_size = sizeof(options),
    .defaults = defaults,
    .run = run,
};
