/* nsde train: networks for the drift and the diffusion of a series.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/series.h"
#include "core/error.h"
#include "io/file.h"
#include "io/plot.h"
#include "io/progress.h"
#include "nsde/model_file.h"
#include "nsde/train.h"

typedef struct options {
    cli_series series;
    const char *inputs;
    const char *drift, *diffusion, *optimiser, *schedule, *checkpoint, *out, *plot;
    double rate, weight_decay, clip_norm, held_out;
    uint64_t seed;
    size_t iterations, batch, validate_every, patience, save_every, threads;
    bool full, time_dependent, clip_weights, quiet;
} options;

static void defaults(void *given)
{
    options *o = given;
    const nsde_train_settings train = nsde_train_settings_default();
    const nsde_transition_settings transitions = nsde_transition_settings_default();
    *o = (options){.series = cli_series_defaults(),
                   .optimiser = "adam",
                   .schedule = "cosine",
                   .rate = 3e-3,
                   .weight_decay = train.optimiser.weight_decay,
                   .clip_norm = train.optimiser.clip_norm,
                   .held_out = transitions.held_out,
                   .seed = transitions.seed,
                   .threads = 1, /* the batches of small networks are too short to be shared */
                   .iterations = 3000,
                   .validate_every = (size_t)train.validate_every,
                   .save_every = (size_t)train.save_every};
}

/* Losses at every look at the held-out loss, for the picture. */
typedef struct curve {
    size_t n, room;
    double *iterations, *batch, *held_out; /* [room]; batch: the mean since the last look */
    double sum;
    size_t summed;
} curve;

/* What is open while the command works. */
typedef struct work {
    const options *options;
    nsde_series *series; /* the states, then the inputs */
    size_t n_inputs;
    nsde_model *model;
    nsde_training training;
    double *parameters, *numbers; /* of the curve */
    curve curve;
    nsde_progress progress;
    char line[120];
    nsde_train_result result;
} work;

static nsde_status no_memory(void)
{
    return nsde_fail(NSDE_NO_MEMORY, "no memory for the training");
}

/* ---- what is asked for ---- */

/* A thousandth of the smallest diffusion that the increments of the states show, in the mean. */
static double find_floor(const nsde_series *s, size_t dim)
{
    double least = INFINITY;
    for (size_t i = 0; i < dim; i++) {
        double squares = 0.0, time = 0.0;
        for (size_t k = 1; k < s->n; k++) {
            const double change = s->values[k * s->dim + i] - s->values[(k - 1) * s->dim + i];
            if (!isnan(change)) {
                squares += change * change;
                time += s->times[k] - s->times[k - 1];
            }
        }
        if (squares > 0.0)
            least = fmin(least, sqrt(squares / time));
    }
    return isfinite(least) ? 1e-3 * least : 0.0;
}

/* The states, then the inputs. */
static nsde_status read_series(const options *o, const char *path, work *w)
{
    cli_series series = o->series;
    if (!o->inputs)
        return cli_series_read(&series, path, &w->series);
    const size_t size = strlen(series.values) + strlen(o->inputs) + 2;
    char *columns = malloc(size);
    if (!columns)
        return no_memory();
    snprintf(columns, size, "%s,%s", series.values, o->inputs);
    series.values = columns;
    w->n_inputs = 1;
    for (const char *c = o->inputs; *c; c++)
        w->n_inputs += *c == ',';
    const nsde_status status = cli_series_read(&series, path, &w->series);
    free(columns);
    return status;
}

static nsde_status make_model(const options *o, work *w)
{
    const size_t dim = w->series->dim - w->n_inputs;
    const nsde_neural_settings settings = {.dim = dim,
                                           .n_inputs = w->n_inputs,
                                           .drift = o->drift,
                                           .diffusion = o->diffusion,
                                           .autonomous = !o->time_dependent,
                                           .full = o->full,
                                           .floor = find_floor(w->series, dim)};
    nsde_status status = nsde_neural_create(&settings, &w->model);
    if (!status)
        status = nsde_neural_standardise(w->model, w->series);
    if (status)
        return status;
    gsl_rng *rng = gsl_rng_alloc(nsde_rng_philox);
    w->parameters = malloc(nsde_model_describe(w->model)->n_parameters * sizeof *w->parameters);
    if (rng && w->parameters) {
        gsl_rng_set(rng, o->seed);
        status = nsde_neural_initialise(w->model, NSDE_INIT_GLOROT, rng, w->parameters);
    } else {
        status = no_memory();
    }
    gsl_rng_free(rng);
    return status;
}

static nsde_status make_training(const options *o, work *w)
{
    const nsde_optimiser_method *method;
    nsde_transition_settings settings = nsde_transition_settings_default();
    nsde_status status = nsde_optimiser_find(o->optimiser, &method);
    if (status)
        return status;
    settings.batch = o->batch ? o->batch : method->search ? SIZE_MAX : 512;
    settings.held_out = o->held_out;
    settings.seed = o->seed;
    settings.threads = o->threads > 1024 ? -1 : (int)o->threads;
    status = nsde_training_transitions(w->model, w->series, &settings, &w->training);
    if (!status && o->clip_weights)
        w->training.clip = w->model;
    return status;
}

/* Whether a file can be written where it should go: found out before the work, not after it. */
static nsde_status check_place(const char *path)
{
    nsde_file *file;
    const nsde_status status = path ? nsde_file_create(path, &file) : NSDE_OK;
    if (path && !status)
        nsde_file_discard(file);
    return status;
}

/* ---- the training ---- */

static bool show_progress(void *context, const nsde_train_state *state)
{
    work *w = context;
    curve *c = &w->curve;
    c->sum += state->loss;
    c->summed++;
    if (state->iteration % w->options->validate_every == 0) {
        snprintf(w->line, sizeof w->line, "training, loss %.5g, held out %.5g:", c->sum / (double)c->summed,
                 state->held_out);
        if (c->n < c->room) {
            c->iterations[c->n] = (double)state->iteration;
            c->batch[c->n] = c->sum / (double)c->summed;
            c->held_out[c->n++] = state->held_out;
        }
        c->sum = 0.0;
        c->summed = 0;
    }
    nsde_progress_update(&w->progress, (size_t)state->iteration);
    return true;
}

static nsde_status take_settings(const options *o, nsde_train_settings *s)
{
    *s = nsde_train_settings_default();
    s->iterations = o->iterations;
    s->validate_every = o->validate_every;
    s->patience = o->patience;
    s->save_every = o->save_every;
    s->checkpoint = o->checkpoint;
    s->optimiser.rate = o->rate;
    s->optimiser.weight_decay = o->weight_decay;
    s->optimiser.clip_norm = o->clip_norm;
    nsde_status status = nsde_optimiser_find(o->optimiser, &s->method);
    if (!status)
        status = nsde_schedule_find(o->schedule, &s->optimiser.schedule);
    return status;
}

static nsde_status train(const options *o, work *w)
{
    nsde_train_settings settings;
    nsde_status status = take_settings(o, &settings);
    const size_t room = o->validate_every ? o->iterations / o->validate_every : 0;
    w->numbers = calloc(3 * room + 1, sizeof *w->numbers);
    if (!status && !w->numbers)
        status = no_memory();
    if (status)
        return status;
    w->curve = (curve){.room = room,
                       .iterations = w->numbers,
                       .batch = w->numbers + room,
                       .held_out = w->numbers + 2 * room};
    settings.progress = show_progress;
    settings.progress_context = w;
    snprintf(w->line, sizeof w->line, "training:");
    nsde_progress_start(&w->progress, o->quiet ? NULL : stderr, w->line, o->iterations);
    status = nsde_train_run(&w->training, &settings, w->parameters, &w->result);
    nsde_progress_finish(&w->progress);
    if (!status && w->result.outcome == NSDE_TRAIN_DIVERGED)
        status = nsde_fail_within(NSDE_DIVERGED, "the training ended after step %llu",
                                  (unsigned long long)w->result.iterations);
    return status;
}

/* ---- what is made of it ---- */

static void print_result(const options *o, const work *w)
{
    const nsde_train_result *r = &w->result;
    const nsde_net *drift = nsde_neural_net(w->model, 0), *diffusion = nsde_neural_net(w->model, 1);
    printf("%zu observations of %zu quantities", w->series->n, w->series->dim);
    if (w->n_inputs)
        printf(", %zu of them inputs", w->n_inputs);
    printf("; %zu weights in the drift, %zu in the diffusion\n", nsde_net_weights(drift),
           nsde_net_weights(diffusion));
    printf("%llu steps of %llu transitions: %s\n", (unsigned long long)r->iterations,
           (unsigned long long)w->training.batch, nsde_train_outcome_text(r->outcome));
    if (r->resumed)
        printf("resumed after step %llu from %s\n", (unsigned long long)r->resumed, o->checkpoint);
    if (!isnan(r->best))
        printf("held out: minus log density %.8g a transition, after step %llu\n", r->best,
               (unsigned long long)r->best_iteration);
    else
        printf("last batch: minus log density %.8g a transition\n", r->loss);
}

static nsde_status write_model(const options *o, const work *w)
{
    nsde_assignment results[3];
    const nsde_train_result *r = &w->result;
    nsde_model_file file = {.model = w->model, .parameters = w->parameters, .results = results};
    results[file.n_results++] = (nsde_assignment){"iterations", (double)r->iterations};
    results[file.n_results++] = (nsde_assignment){"best_iteration", (double)r->best_iteration};
    if (!isnan(r->best))
        results[file.n_results++] = (nsde_assignment){"held_out_loss", r->best};
    return nsde_model_file_write(&file, o->out);
}

static nsde_status draw(const options *o, const work *w)
{
    const curve *c = &w->curve;
    nsde_plot *plot;
    const nsde_plot_frame frame = {.title = "Training of drift and diffusion",
                                   .x_label = "step",
                                   .y_label = "minus log density of a transition"};
    nsde_status status = nsde_plot_create(&frame, &plot);
    if (!status)
        status = nsde_plot_line(plot, "batches, mean", NSDE_PLOT_SKY, c->n, c->iterations, c->batch);
    if (!status && w->training.validate)
        status = nsde_plot_line(plot, "held out", NSDE_PLOT_VERMILION, c->n, c->iterations, c->held_out);
    if (!status)
        status = nsde_plot_write(plot, o->plot);
    nsde_plot_destroy(plot);
    return status;
}

static int run(const void *given, const char *path)
{
    const options *o = given;
    work w = {.options = o};
    nsde_status status = o->plot ? nsde_plot_check(o->plot) : NSDE_OK;
    if (!status)
        status = check_place(o->out);
    if (!status)
        status = check_place(o->checkpoint);
    if (!status)
        status = read_series(o, path, &w);
    if (!status)
        status = make_model(o, &w);
    if (!status)
        status = make_training(o, &w);
    if (!status)
        status = train(o, &w);
    if (!status && o->out)
        status = write_model(o, &w);
    if (!status && !o->quiet)
        print_result(o, &w);
    if (!status && o->plot)
        status = draw(o, &w);
    nsde_training_destroy(&w.training);
    nsde_model_destroy(w.model);
    nsde_series_destroy(w.series);
    free(w.parameters);
    free(w.numbers);
    return status ? cli_fail() : CLI_DONE;
}

static int check_and_run(const void *given, const char *path)
{
    const options *o = given;
    if (cli_series_check(&cli_command_train, &o->series))
        return CLI_USAGE;
    if (!o->out && !o->plot && !o->checkpoint)
        return cli_usage(&cli_command_train,
                         "one of --out, --plot and --checkpoint must say where the result goes");
    return run(given, path);
}

static const cli_option table[] = {
    {"value", "COLUMN,...", CLI_TEXT, offsetof(options, series.values), "the columns of the states", true},
    {"inputs", "COLUMN,...", CLI_TEXT, offsetof(options, inputs),
     "columns that the networks see too: those of a row, for the step from there", false},
    CLI_SERIES_OPTIONS(options),
    {"drift", "mlp:WIDTH,...", CLI_TEXT, offsetof(options, drift),
     "hidden layers of the drift's network, then :ACTIVATION if it is not tanh", true},
    {"diffusion", "mlp:WIDTH,...", CLI_TEXT, offsetof(options, diffusion), "those of the diffusion's network",
     true},
    {"full", NULL, CLI_FLAG, offsetof(options, full), "a full diffusion matrix, not a diagonal one", false},
    {"time-dependent", NULL, CLI_FLAG, offsetof(options, time_dependent), "the networks see the time too",
     false},
    {"optimiser", "NAME", CLI_TEXT, offsetof(options, optimiser), "sgd, adam, adamw or lbfgs; adam", false},
    {"rate", "R", CLI_NUMBER, offsetof(options, rate), "learning rate; 0.003", false},
    {"schedule", "NAME", CLI_TEXT, offsetof(options, schedule),
     "of the rate: constant, cosine or exponential; cosine", false},
    {"weight-decay", "D", CLI_NUMBER, offsetof(options, weight_decay), "of adamw; 0.01", false},
    {"clip-norm", "N", CLI_NUMBER, offsetof(options, clip_norm), "longest gradient; 0, for any", false},
    {"clip-weights", NULL, CLI_FLAG, offsetof(options, clip_weights),
     "keep the networks' Lipschitz constants below 1, before they are scaled to the data", false},
    {"iterations", "N", CLI_SIZE, offsetof(options, iterations), "steps; 3000", false},
    {"batch", "N", CLI_SIZE, offsetof(options, batch),
     "transitions in a step; 512, and all there are for lbfgs", false},
    {"held-out", "SHARE", CLI_FRACTION, offsetof(options, held_out),
     "share of the series, its end, that is not trained on; 0.1", false},
    {"validate-every", "N", CLI_SIZE, offsetof(options, validate_every),
     "steps between two looks at the held-out loss; 50", false},
    {"patience", "N", CLI_SIZE, offsetof(options, patience),
     "stop after so many looks without improvement; 0, for never", false},
    {"seed", "N", CLI_SEED, offsetof(options, seed), "seed of the first weights and of the batches; 1",
     false},
    {"checkpoint", "FILE", CLI_TEXT, offsetof(options, checkpoint),
     "keep the state here; go on from it where it exists", false},
    {"save-every", "N", CLI_SIZE, offsetof(options, save_every), "steps between two checkpoints; 500", false},
    {"out", "MODEL.json", CLI_TEXT, offsetof(options, out), "write the model (nsde simulate --file)", false},
    {"plot", "FILE.png|.svg", CLI_TEXT, offsetof(options, plot), "draw the losses", false},
    {"threads", "N", CLI_SIZE, offsetof(options, threads),
     "threads; 1; 0 for one per core, for large batches and networks; the result is the same", false},
    {"quiet", NULL, CLI_FLAG, offsetof(options, quiet), "print nothing", false},
};

const cli_command cli_command_train = {
    .name = "train",
    .argument = "DATA.csv",
    .summary = "Train networks for drift and diffusion on columns of a file",
    .detail =
        "The networks maximise Euler's pseudo-likelihood of the transitions from row to row. The file is "
        "read as nsde fit reads it; rows with a missing value are passed over.",
    .options = table,
    .n_options = sizeof table / sizeof *table,
    .options_size = sizeof(options),
    .defaults = defaults,
    .run = check_and_run,
};
