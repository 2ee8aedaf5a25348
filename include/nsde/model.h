/* nsde/model.h: a stochastic differential equation dX = f(X, t; p) dt + g(X, t; p) dW as recorded
 * coefficients with named, bounded parameters.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef NSDE_MODEL_H
#define NSDE_MODEL_H

#include "nsde/tape.h"

#ifdef __cplusplus
extern "C" {
#endif

/** How the noise enters, from narrow to wide; a scheme for a class admits those before it.
 *  Additive: g does not depend on x (and has any shape). Scalar: one Brownian motion. Diagonal: component i
 *  has a Brownian motion of its own and g_i depends on x_i alone. Commutative: the columns of g commute.
 *  A diagonal matrix whose entries see other states does not commute: that is general noise. */
#define NSDE_NOISE_LIST(X)                                                                                   \
    X(ADDITIVE, "additive")                                                                                  \
    X(SCALAR, "scalar") X(DIAGONAL, "diagonal") X(COMMUTATIVE, "commutative") X(GENERAL, "general")

/** See NSDE_NOISE_LIST. */
typedef enum nsde_noise_class {
#define NSDE_NOISE_ENUM(name, text) NSDE_NOISE_##name,
    NSDE_NOISE_LIST(NSDE_NOISE_ENUM)
#undef NSDE_NOISE_ENUM
} nsde_noise_class;

NSDE_API const char *nsde_noise_class_name(nsde_noise_class noise); /**< "additive", … */

/** In whose sense the stochastic integral is meant. */
typedef enum nsde_calculus { NSDE_ITO, NSDE_STRATONOVICH } nsde_calculus;

NSDE_API const char *nsde_calculus_name(nsde_calculus calculus); /**< "Ito" or "Stratonovich". */

/** A parameter, or a block of them under one name (the weights of a layer): its bounds are open (a value lies
 *  strictly between) and may be infinite. */
typedef struct nsde_parameter_definition {
    const char *name;
    const char *doc;
    double lower, upper;
    double start; /**< where a fit begins when nothing better is known; strictly within the bounds */
    size_t count; /**< numbers in the block; 0 means 1 */
} nsde_parameter_definition;

/** Where a coefficient is recorded: state x [dim], time t [1], parameters p [n_parameters], inputs u
 *  [n_inputs] of the path (void where the model has none). */
typedef struct nsde_at {
    nsde_tape *tape;
    nsde_var x, t, p, u;
    size_t dim, noise_dim;
    void *context; /**< the definition's */
} nsde_at;

/** A transition of the model over a time h: from x at time t to x_next at t + h. */
typedef struct nsde_transition {
    nsde_at from;
    nsde_var x_next; /**< [dim] */
    nsde_var h;      /**< [1] */
} nsde_transition;

/** Observations of a one-dimensional state: values[n] and the times gaps[n - 1] between them. */
typedef struct nsde_observations {
    size_t n;
    const double *values, *gaps;
} nsde_observations;

/** A model as its author describes it; nsde_model_create checks and copies it (strings and context stay the
 *  caller's and must outlive the model). Zero or NULL where a member does not apply. */
typedef struct nsde_model_definition {
    const char *name;
    const char *equation; /**< such as "dX = kappa (mu - X) dt + sigma dW" */
    const char *doc;
    size_t dim;       /**< number of states */
    size_t noise_dim; /**< number of Brownian motions; 0 means as many as states */
    nsde_noise_class noise;
    nsde_calculus calculus;
    const nsde_parameter_definition *parameters;
    size_t n_parameters;
    size_t n_inputs; /**< numbers known of each path and constant along it: covariates, conditions */
    /** States lie in this interval when they are observations of the model (open; both 0: everywhere). */
    double state_lower, state_upper;
    /** States are positions q and as many velocities v, with dq = v dt, dv = (F(q, t) - gamma v) dt + g dW,
     *  where each velocity has a friction of its own and the noise is additive: splitting schemes use it. */
    bool second_order;
    /** f: [dim] rows. */
    nsde_var (*drift)(const nsde_at *at);
    /** g; NULL for an equation without noise. [dim] rows for diagonal noise (and for one dimension), else
     * [dim][noise_dim] row-major. */
    nsde_var (*diffusion)(const nsde_at *at);
    /** Optional: log density of the exact transition, 1 row. */
    nsde_var (*log_density)(const nsde_transition *step);
    /** Optional: log density of the stationary law at at->x, 1 row; for observations of a process that has
     *  run for long. */
    nsde_var (*log_stationary)(const nsde_at *at);
    /** Optional, where the solution is a function of W: the state after a time h [1] in which W has grown by
     *  W [noise_dim], from at->x at at->t: [dim] rows. */
    nsde_var (*solution)(const nsde_at *from, nsde_var h, nsde_var W);
    /** Optional, where the transition can be drawn from but is no function of W: a state after a time h [1]
     * with the law of the model's, as a function of standard normals z [noise_dim], from at->x at at->t:
     * [dim] rows. Linear models need none (nsde_model_is_linear). */
    nsde_var (*transition)(const nsde_at *from, nsde_var h, nsde_var z);
    /** Optional: rough estimates to start a fit from; writes parameters[n_parameters]. */
    void (*start)(const nsde_observations *data, double *parameters);
    /** Optional: the rate at which the mean returns, a function of the parameters; a fit warns where the data
     *  span too few of its time scales to tell it. */
    double (*reversion_rate)(const double *parameters);
    /** Optional: passed to the coefficients through nsde_at; `release` is called on it with the model's end.
     */
    void *context;
    void (*release)(void *context);
} nsde_model_definition;

/** Weighted least squares of dX = (a + b X) dt + s |X|^gamma dW on its Euler steps, for `start` functions.
 *  At least two observations. */
NSDE_API void nsde_start_linear_drift(const nsde_observations *data, double gamma, double *a, double *b,
                                      double *s);

/** From that line to kappa (mu - X): kappa = -b where the data revert, else one per span of the data; mu
 *  where the line crosses 0 if that lies within the data, else their mean. */
NSDE_API void nsde_start_mean_reversion(const nsde_observations *data, double a, double b, double *kappa,
                                        double *mu);

/** Log density of a normal distribution at x, elementwise:
 *  -1/2 (log(2 pi variance) + (x - mean)^2 / variance). */
NSDE_API nsde_var nsde_normal_log_density(nsde_var x, nsde_var mean, nsde_var variance);

/** A checked model, shipped or of a definition; immutable but for the standardisation of its networks. */
typedef struct nsde_model nsde_model;

/** Checks a definition and makes a model of it: names, bounds, that the coefficients record with the right
 *  number of rows, and, at random states and parameters, that the noise is of the class it is said to be. The
 *  model owns the context (see release) from here on, also where this fails.
 *  @return NSDE_INVALID or NSDE_RECORDING with a sentence naming the model and the cause */
NSDE_API NSDE_MUST_USE nsde_status nsde_model_create(const nsde_model_definition *definition,
                                                     nsde_model **model);
/** A model shipped with the library, by name ("ou", "cir", "gbm", "ckls", …).
 *  @return NSDE_NOT_FOUND with the names there are */
NSDE_API NSDE_MUST_USE nsde_status nsde_model_open(const char *name, nsde_model **model);
NSDE_API void nsde_model_destroy(nsde_model *model); /**< Takes NULL. */

/** The shipped models, in the order of their names: 0 … nsde_shipped_count - 1. */
NSDE_API size_t nsde_shipped_count(void);
NSDE_API const nsde_model_definition *nsde_shipped(size_t number); /**< NULL beyond the last. */

/** What the model was made from, with noise_dim filled in and blocks of parameters spelled out: block "W" of
 *  3 is W[0], W[1], W[2], so that n_parameters is the length of the flat vector. Valid as long as the
 *  model. */
NSDE_API const nsde_model_definition *nsde_model_describe(const nsde_model *model);
/** The number of the parameter called `name`.
 *  @return NSDE_NOT_FOUND with the names there are */
NSDE_API NSDE_MUST_USE nsde_status nsde_model_parameter(const nsde_model *model, const char *name,
                                                        size_t *number);
/** parameters[n_parameters] lie within their bounds?
 *  @return NSDE_INVALID naming the first that does not */
NSDE_API NSDE_MUST_USE nsde_status nsde_model_check_parameters(const nsde_model *model,
                                                               const double *parameters);
/** The same of parameters[n_parameters][paths], of each path.
 *  @return NSDE_INVALID naming the first that does not lie within its bounds, and its path */
NSDE_API NSDE_MUST_USE nsde_status nsde_model_check_path_parameters(const nsde_model *model, size_t paths,
                                                                    const double *parameters);

/** Declares the model's parameters on a tape: [n_parameters], or a constant 0 where there are none. */
NSDE_API nsde_var nsde_model_record_parameters(const nsde_model *model, nsde_tape *tape);
/** Declares the inputs of each path on a tape: one input of [n_inputs], or a void handle where there are
 *  none. */
NSDE_API nsde_var nsde_model_record_inputs(const nsde_model *model, nsde_tape *tape);
/** Records the drift [dim] or the diffusion ([dim] diagonal, else [dim][noise_dim]) at a state.
 *  @param u [n_inputs], which a model without inputs does not look at; void for one that has some is a
 *  mistake of the recording */
NSDE_API nsde_var nsde_model_drift(const nsde_model *model, nsde_var x, nsde_var t, nsde_var p, nsde_var u);
NSDE_API nsde_var nsde_model_diffusion(const nsde_model *model, nsde_var x, nsde_var t, nsde_var p,
                                       nsde_var u);
/** Records the solution (see the definition), which must be there, from a state. */
NSDE_API nsde_var nsde_model_solution(const nsde_model *model, nsde_var x, nsde_var t, nsde_var p, nsde_var u,
                                      nsde_var h, nsde_var W);
/** Records the transition (see the definition), which must be there, from a state. */
NSDE_API nsde_var nsde_model_transition(const nsde_model *model, nsde_var x, nsde_var t, nsde_var p,
                                        nsde_var u, nsde_var h, nsde_var z);
/** Is the drift affine in the state, the noise additive, and neither a function of time? As the recording of
 *  the coefficients shows it: an Ornstein-Uhlenbeck process of any dimension, whose transition is normal. */
NSDE_API bool nsde_model_is_linear(const nsde_model *model);
/** Is there no noise in the equation (diffusion is NULL)? */
NSDE_API bool nsde_model_is_deterministic(const nsde_model *model);
/** Is g stored as its diagonal (true) or as a full matrix? */
NSDE_API bool nsde_model_is_diagonal(const nsde_model *model);
/** The coefficients at n points.
 *  @param x [n][dim]
 *  @param inputs [n][n_inputs]; not looked at where the model has none
 *  @param drift [n][dim], or NULL
 *  @param diffusion [n][dim] diagonal, else [n][dim][noise_dim]; or NULL
 *  @return NSDE_INVALID naming a parameter; NSDE_NO_MEMORY */
NSDE_API NSDE_MUST_USE nsde_status nsde_model_evaluate(const nsde_model *model, const double *parameters,
                                                       size_t n, const double *x, double t,
                                                       const double *inputs, double *drift,
                                                       double *diffusion);

#ifdef __cplusplus
}
#endif

#endif
