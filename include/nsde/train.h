/* nsde/train.h: training by noisy gradients, with a held-out check, early stopping and checkpoints.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef NSDE_TRAIN_H
#define NSDE_TRAIN_H

#include "nsde/gradient.h"
#include "nsde/neural.h"
#include "nsde/optimise.h"
#include "nsde/series.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- objectives ---------------------------------------------------------------------------------------- */

/** What is minimised: a mean over endlessly many samples, numbered from 0, of which an evaluation takes
 *  `batch` from a position on. The same position gives the same numbers, to the last bit, so that a position
 *  is all there is to remember of the randomness. */
typedef struct nsde_training {
    size_t n_parameters;
    uint64_t batch;
    uint64_t identity; /**< a number that other samples, seeds or models would not have; for checkpoints */
    /** Writes the mean loss of the batch and its gradient [n_parameters]; NSDE_DIVERGED where not finite. */
    nsde_status (*evaluate)(void *context, uint64_t position, const double *parameters, double *loss,
                            double *gradient);
    /** The loss on samples that are never trained on, always the same; may be NULL. */
    nsde_status (*validate)(void *context, const double *parameters, double *loss);
    /** Called after each step, to move the parameters back to where they may be; `before` is where they were
     *  before the step; may be NULL. */
    void (*constrain)(void *context, const double *before, double *parameters);
    void (*destroy)(void *context); /**< may be NULL */
    void *context;
    /** Is an evaluation the same at every position? Methods that search (lbfgs) need that. */
    bool deterministic;
    /** For the caller to set: a neural model whose weights are clipped after each step (nsde_neural_clip);
     *  borrowed; NULL for none. */
    const nsde_model *clip;
} nsde_training;

/** Frees what the objective holds, and zeroes it; takes zeros and NULL. */
NSDE_API void nsde_training_destroy(nsde_training *training);

/** A loss of simulated paths, through the gradient engine: every batch is settings->paths fresh paths of
 *  settings->seed; held out are the paths of seed + 1, as many. Where settings->noise is given, every batch
 *  is its first settings->paths paths (a sample average that is minimised as it is: Shapiro 2003), and the
 *  next as many are held out.
 *  @param x0 [dim], copied
 *  @return as nsde_gradient_create */
NSDE_API NSDE_MUST_USE nsde_status nsde_training_paths(const nsde_model *model, const nsde_loss *loss,
                                                       const nsde_gradient_settings *settings,
                                                       const double *x0, nsde_training *training);

/** The settings: type, name, default, least, most, what it is. */
#define NSDE_TRANSITION_SETTINGS(X)                                                                          \
    X(size_t, batch, 256, 1, SIZE_MAX,                                                                       \
      "transitions in a batch; all of them, in order, where there are fewer")                                \
    X(double, held_out, 0.1, 0.0, 0.9, "share of the transitions, the last ones, that is held out")          \
    X(uint64_t, seed, 1, 0, UINT64_MAX, "seed of the order of the transitions")                              \
    X(int, threads, 1, 0, 1024, "threads; 0 for one per core; results do not depend on it")

/** How transitions are made an objective of. */
typedef struct nsde_transition_settings {
#define NSDE_SETTING_FIELD(type, name, standard, least, most, doc) type name;
    NSDE_TRANSITION_SETTINGS(NSDE_SETTING_FIELD)
#undef NSDE_SETTING_FIELD
} nsde_transition_settings;

/** Batches of 256, the last tenth held out. */
NSDE_API nsde_transition_settings nsde_transition_settings_default(void);

/** Minus Euler's log pseudo-likelihood of a transition: X(t + h) normal about x + f h with covariance g g^T h
 *  (Maruyama 1955; Florens-Zmirou 1989), for any dimension and noise. The series observes all the states, in
 *  order, and then the inputs of a model that has some, those of a row for the transition that starts there;
 *  a row with a missing value is left out, and the gap around it becomes longer. Transitions come in an order
 *  that is new in every pass through them.
 *  @return NSDE_INVALID (settings; too few rows; quantities that are not the states), NSDE_UNSUPPORTED
 *          (Stratonovich models; fewer noises than states), NSDE_RECORDING, NSDE_OVERFLOW, NSDE_NO_MEMORY */
NSDE_API NSDE_MUST_USE nsde_status nsde_training_transitions(const nsde_model *model,
                                                             const nsde_series *series,
                                                             const nsde_transition_settings *settings,
                                                             nsde_training *training);

/** Scales the networks of a neural model to a series of its states: inputs by the mean and the standard
 *  deviation of the data (the time by its range), outputs by the covariance that the increments show. To be
 *  called before anything is made of the model.
 *  @return NSDE_INVALID (not neural; quantities that are not the states; a quantity that never changes) */
NSDE_API NSDE_MUST_USE nsde_status nsde_neural_standardise(nsde_model *model, const nsde_series *series);

/* ---- the loop ------------------------------------------------------------------------------------------ */

/** The settings that are numbers: type, name, default, least, most, what it is. */
#define NSDE_TRAIN_SETTINGS(X)                                                                               \
    X(uint64_t, iterations, 1000, 0, UINT64_MAX, "most steps, those before a checkpoint included")           \
    X(uint64_t, validate_every, 50, 1, UINT64_MAX, "steps between two looks at the held-out loss")           \
    X(uint64_t, patience, 0, 0, UINT64_MAX, "stop after so many looks without improvement; 0: never")        \
    X(uint64_t, save_every, 500, 1, UINT64_MAX, "steps between two checkpoints")

/** How far a training is, for a progress callback. */
typedef struct nsde_train_state {
    uint64_t iteration; /**< steps made */
    double loss, rate;  /**< of the last batch; after a step that searched, at the point found */
    bool validated;     /**< did this step end with a look at the held-out loss? */
    double held_out; /**< the last such loss, at first that of the beginning; NaN where nothing is held out */
    const double *parameters;
} nsde_train_state;

/** How long is trained, by what method, and what is kept. */
typedef struct nsde_train_settings {
#define NSDE_SETTING_FIELD(type, name, standard, least, most, doc) type name;
    NSDE_TRAIN_SETTINGS(NSDE_SETTING_FIELD)
#undef NSDE_SETTING_FIELD
    const nsde_optimiser_method *method; /**< NULL for Adam */
    nsde_optimiser_settings optimiser;   /**< a horizon of 0 stands for `iterations` */
    /** A file that the state is kept in, or NULL. Where it exists, training goes on from there. */
    const char *checkpoint;
    /** Called after each step; false ends the training there; may be NULL. */
    bool (*progress)(void *context, const nsde_train_state *state);
    void *progress_context;
} nsde_train_settings;

/** Adam at a constant rate, without early stopping or a checkpoint. */
NSDE_API nsde_train_settings nsde_train_settings_default(void);

/** Why a training ended. */
typedef enum nsde_train_outcome {
    NSDE_TRAIN_LIMIT,     /**< the most steps were made */
    NSDE_TRAIN_PATIENCE,  /**< the held-out loss has not improved for long */
    NSDE_TRAIN_CONVERGED, /**< a method that searches found nothing lower: all that rounding lets it find */
    NSDE_TRAIN_DIVERGED,  /**< a loss or a gradient is not finite: nsde_error_message() says which */
    NSDE_TRAIN_CANCELLED, /**< the progress callback said so */
} nsde_train_outcome;

/** The outcome in words; static storage. */
NSDE_API const char *nsde_train_outcome_text(nsde_train_outcome outcome);

/** Why and where a training ended. */
typedef struct nsde_train_result {
    nsde_train_outcome outcome;
    uint64_t iterations, best_iteration; /**< steps made; of them before the best held-out loss */
    uint64_t resumed;                    /**< steps that a checkpoint had made before; 0 for none */
    double loss;                         /**< of the last batch; NaN where none was */
    double best;                         /**< least held-out loss; NaN where none was */
} nsde_train_result;

/** Trains. The result is the same, to the last bit, whether or not the run was killed and resumed from its
 *  checkpoint, at any instant and any number of times.
 *  @param parameters [n_parameters] where to begin; on success those of the least held-out loss, the
 *  beginning counted, or the last ones where nothing is held out
 *  @return NSDE_INVALID naming the setting; NSDE_PARSE where the checkpoint is damaged or belongs to another
 *          training; NSDE_IO; NSDE_NO_MEMORY; what the objective returned, but for NSDE_DIVERGED */
NSDE_API NSDE_MUST_USE nsde_status nsde_train_run(const nsde_training *training,
                                                  const nsde_train_settings *settings, double *parameters,
                                                  nsde_train_result *result);

#ifdef __cplusplus
}
#endif

#endif
