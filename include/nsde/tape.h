/* nsde/tape.h: record once, run on panels.
 *
 * Calling the operations below *records* a tape: a straight line of instructions, each with a value of one
 * or more rows. A tape is *compiled* to an immutable program, shared by all threads; each thread runs it in
 * a workspace of its own, on a panel of many paths at once: every value is stored `[row][path]`.
 *
 * Values are of two kinds: *per path* (one number per row and path) and *uniform* (one number per row, the
 * same for every path: parameters, constants, time). An operation on uniform operands is uniform.
 *
 * Operations never fail on their own: the first mistake (rows that do not match, handles of two tapes) is
 * kept by the tape, everything recorded after it is void, and nsde_program_create reports it.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef NSDE_TAPE_H
#define NSDE_TAPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "nsde/status.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct nsde_tape nsde_tape;           /**< what is being recorded; of one thread at a time */
typedef struct nsde_program nsde_program;     /**< what a tape was compiled to; immutable */
typedef struct nsde_workspace nsde_workspace; /**< the memory that a program runs in; one a thread */
typedef struct nsde_cursor nsde_cursor;       /**< a place among the instructions of a program */

/** A recorded value: a handle, passed by value, valid as long as its tape. */
typedef struct nsde_var {
    nsde_tape *tape;
    uint32_t id;
} nsde_var;

/* ---- recording ------------------------------------------------------------------------------------- */

/** An empty tape; destroy it with nsde_tape_destroy.
 *  @return NSDE_NO_MEMORY */
NSDE_API NSDE_MUST_USE nsde_status nsde_tape_create(nsde_tape **tape);
NSDE_API void nsde_tape_destroy(nsde_tape *tape); /**< Takes NULL. Programs outlive their tape. */

/** The first mistake made while recording, with its sentence in nsde_error_message(); NSDE_OK if none. */
NSDE_API NSDE_MUST_USE nsde_status nsde_tape_status(const nsde_tape *tape);

/** Declares a mistake of the caller's own (printf format): the tape is void from here on, as after a mistake
 *  of an operation. For coefficients that find their arguments impossible. Returns a void handle. */
NSDE_API nsde_var nsde_tape_fail(nsde_tape *tape, const char *format, ...)
#if defined(__GNUC__)
    __attribute__((format(printf, 2, 3)))
#endif
    ;

/** A per-path input of `rows` rows. Inputs are numbered 0, 1, … in the order of declaration. */
NSDE_API nsde_var nsde_input(nsde_tape *tape, size_t rows);
/** A per-path input that no gradient is wanted of (noise, data): the reverse sweep skips what leads to it.
 *  Numbered together with the other inputs; its adjoint reads 0. */
NSDE_API nsde_var nsde_input_passive(nsde_tape *tape, size_t rows);
/** A uniform input (time, step size) without an adjoint; uniforms are numbered 0, 1, … on their own. */
NSDE_API nsde_var nsde_uniform(nsde_tape *tape, size_t rows);
/** Parameters: uniform, with an adjoint summed over paths. All the parameters of a program lie in one flat
 *  vector, in the order of declaration. What depends on parameters and constants alone is computed once
 *  per nsde_workspace_prepare, not at every forward sweep. */
NSDE_API nsde_var nsde_parameter(nsde_tape *tape, size_t rows);
/** A uniform constant; `values[rows]` is copied. */
NSDE_API nsde_var nsde_constant(nsde_tape *tape, size_t rows, const double *values);
/** A constant of one row. */
NSDE_API nsde_var nsde_real(nsde_tape *tape, double value);

NSDE_API size_t nsde_rows(nsde_var a);      /**< Number of rows; 0 for a void handle. */
NSDE_API bool nsde_is_uniform(nsde_var a);  /**< The same for every path? */
NSDE_API bool nsde_is_constant(nsde_var a); /**< A constant recorded by nsde_constant or nsde_real? */

/* Elementwise; operands have equal rows, or one row, which stands for all (broadcasting). Those named after a
 * function of C are that function. */
NSDE_API nsde_var nsde_add(nsde_var a, nsde_var b);
NSDE_API nsde_var nsde_sub(nsde_var a, nsde_var b);
NSDE_API nsde_var nsde_mul(nsde_var a, nsde_var b);
NSDE_API nsde_var nsde_div(nsde_var a, nsde_var b);
/** a^b, both varying; the derivative with respect to b is 0 where a = 0 (and b > 0). */
NSDE_API nsde_var nsde_pow(nsde_var a, nsde_var b);
/** The smaller; at a tie the derivative follows a. NaN if either is. */
NSDE_API nsde_var nsde_min(nsde_var a, nsde_var b);
NSDE_API nsde_var nsde_max(nsde_var a, nsde_var b); /**< The larger; as nsde_min. */
/** a where sign >= 0, b where sign < 0, NaN where sign is NaN; no derivative with respect to sign. */
NSDE_API nsde_var nsde_select(nsde_var sign, nsde_var a, nsde_var b);
NSDE_API nsde_var nsde_add_real(nsde_var a, double b); /**< a + b. */
NSDE_API nsde_var nsde_mul_real(nsde_var a, double b); /**< a b. */
NSDE_API nsde_var nsde_pow_real(nsde_var a, double b); /**< a^b with a constant exponent. */

NSDE_API nsde_var nsde_neg(nsde_var a);
NSDE_API nsde_var nsde_reciprocal(nsde_var a); /**< 1 / a. */
NSDE_API nsde_var nsde_square(nsde_var a);
/** The root; at 0 the derivative is +Inf, and a zero tangent or adjoint gives 0 there, not NaN. */
NSDE_API nsde_var nsde_sqrt(nsde_var a);
NSDE_API nsde_var nsde_exp(nsde_var a);
NSDE_API nsde_var nsde_log(nsde_var a);
NSDE_API nsde_var nsde_log1p(nsde_var a); /**< log(1 + a), exact for small a. */
NSDE_API nsde_var nsde_expm1(nsde_var a); /**< exp(a) - 1, exact for small a. */
NSDE_API nsde_var nsde_sin(nsde_var a);
NSDE_API nsde_var nsde_cos(nsde_var a);
NSDE_API nsde_var nsde_atan(nsde_var a);
NSDE_API nsde_var nsde_sinh(nsde_var a);
NSDE_API nsde_var nsde_cosh(nsde_var a);
NSDE_API nsde_var nsde_asinh(nsde_var a);
NSDE_API nsde_var nsde_tanh(nsde_var a);
/** tanh for the units of a network: its adjoint is taken from its value y alone, g (1 - y) (1 + y), so that
 *  half as much is kept for the sweep back. Where a unit saturates that is exact to 1e-16 g, not to the last
 *  digits. */
NSDE_API nsde_var nsde_tanh_unit(nsde_var a);
NSDE_API nsde_var nsde_sigmoid(nsde_var a);  /**< 1 / (1 + exp(-a)), without overflow. */
NSDE_API nsde_var nsde_softplus(nsde_var a); /**< log(1 + exp(a)), without overflow or cancellation. */
NSDE_API nsde_var nsde_silu(nsde_var a);     /**< a * sigmoid(a). */
NSDE_API nsde_var nsde_abs(nsde_var a);      /**< |a|; the derivative at 0 is 0. */
NSDE_API nsde_var nsde_sign(nsde_var a);     /**< -1, 0 or 1; NaN for NaN; derivative 0. */
/** a, held: the sweep back does not go through it, while tangents do. For the iterates of an iteration that
 *  has converged before its last step: that step alone, taken from a held iterate, has the derivatives of the
 *  solution (the implicit function theorem), and nothing of the way there is kept or swept. */
NSDE_API nsde_var nsde_hold(nsde_var a);
NSDE_API nsde_var nsde_erf(nsde_var a);
/** The standard normal distribution function, accurate in the lower tail. */
NSDE_API nsde_var nsde_normal_cdf(nsde_var a);

/** log I_order(a), the modified Bessel function of the first kind, for order > -1 and a > 0, varying in
 *  both: the log density of the CIR transition needs it. Derivatives with respect to order and a are exact
 *  up to the second order together; asking for a third is a mistake while recording. */
NSDE_API nsde_var nsde_log_bessel_i(nsde_var order, nsde_var a);

/** The quantile of the noncentral chi-square law: x with P(chi'^2 <= x) equal to the standard normal
 *  distribution function at z, for degrees > 0 and noncentrality >= 0, else NaN. With z normal, x has that
 *  law: the CIR transition is drawn so. Derivatives by all three are exact; asking for a second is a mistake
 *  while recording. Its cost grows with the root of x, up to x of millions, from where an expansion in
 *  cumulants takes over. */
NSDE_API nsde_var nsde_chi_square_quantile(nsde_var z, nsde_var degrees, nsde_var noncentrality);

/* Rows. */
NSDE_API nsde_var nsde_row(nsde_var a, size_t row);                   /**< One row. */
NSDE_API nsde_var nsde_slice(nsde_var a, size_t first, size_t count); /**< `count` rows from `first` on. */
NSDE_API nsde_var nsde_stack(size_t count,
                             const nsde_var parts[]);      /**< The rows of all, one below another. */
NSDE_API nsde_var nsde_broadcast(nsde_var a, size_t rows); /**< A value of one row, `rows` times. */
NSDE_API nsde_var nsde_sum(nsde_var a);                    /**< Sum over rows: one row. */
NSDE_API nsde_var nsde_dot(nsde_var a, nsde_var b);        /**< Sum over rows of a * b: one row. */
/** W x + b: W uniform of rows m*n (row-major [m][n]), x of n rows, b uniform of m rows or NULL for none. */
NSDE_API nsde_var nsde_dense(nsde_var weights, const nsde_var *bias, nsde_var x, size_t outputs);
/** A x with a matrix that may differ from path to path: A of rows m*n (row-major [m][n]), x of n rows. */
NSDE_API nsde_var nsde_matvec(nsde_var matrix, nsde_var x);

enum { NSDE_SOLVE_MOST = 32 }; /**< most unknowns of nsde_solve */

/** The solution of A x = b with a matrix that may differ from path to path, by elimination with partial
 *  pivoting: A of rows n*n (row-major [n][n]), b of n rows, n <= NSDE_SOLVE_MOST. Infinite or NaN where A is
 *  singular. */
NSDE_API nsde_var nsde_solve(nsde_var matrix, nsde_var b);
/** The same for A' x = b: the rows of `matrix` are the columns of what is solved with. */
NSDE_API nsde_var nsde_solve_transposed(nsde_var matrix, nsde_var b);

/* ---- recorded dual numbers --------------------------------------------------------------------------- */

/** A perturbation: infinitesimals eps_0 … eps_{partials-1} whose products vanish. Each call of
 *  nsde_perturb makes a new one, so duals nest without confusion (Siskind and Pearlmutter 2005). */
typedef struct nsde_perturbation {
    nsde_tape *tape;
    uint32_t level;
    uint32_t partials;
} nsde_perturbation;

/** A new perturbation of `partials` infinitesimals; at least one. */
NSDE_API nsde_perturbation nsde_perturb(nsde_tape *tape, size_t partials);
/** x + sum_k eps_k direction_k, where directions[partials] have the rows of x (or one row); a direction
 *  with a NULL tape is 0. Operations on the result record its tangents along with its value. */
NSDE_API nsde_var nsde_seed(nsde_perturbation eps, nsde_var x, const nsde_var directions[]);
/** The factor of eps_k in y; a constant 0 where y does not depend on it. */
NSDE_API nsde_var nsde_tangent(nsde_perturbation eps, nsde_var y, size_t k);
/** y without its infinitesimal part. */
NSDE_API nsde_var nsde_primal(nsde_perturbation eps, nsde_var y);

/* ---- programs ---------------------------------------------------------------------------------------- */

/** Compiles what the outputs need: equal subexpressions merged, constants folded, dead rows dropped.
 *  @param outputs per-path or uniform values of `tape`, numbered 0 … n_outputs-1
 *  @return NSDE_RECORDING with the operation that was mistaken; NSDE_INVALID; NSDE_NO_MEMORY */
NSDE_API NSDE_MUST_USE nsde_status nsde_program_create(const nsde_tape *tape, size_t n_outputs,
                                                       const nsde_var outputs[], nsde_program **program);
/** In which precision a program computes. In single precision the networks do: dense layers on per-path
 *  values and the activations that follow; everything else, inputs, outputs, parameters and their adjoints
 *  among it, is double, and so is what is added up over paths. */
typedef enum nsde_precision { NSDE_DOUBLE, NSDE_SINGLE } nsde_precision;

/** As nsde_program_create, in the precision given. A program in single precision cannot be traced.
 *  @return as nsde_program_create */
NSDE_API NSDE_MUST_USE nsde_status nsde_program_create_in(nsde_precision precision, const nsde_tape *tape,
                                                          size_t n_outputs, const nsde_var outputs[],
                                                          nsde_program **program);
NSDE_API void nsde_program_destroy(nsde_program *program); /**< Takes NULL; workspaces must be gone. */

NSDE_API size_t nsde_program_inputs(const nsde_program *program); /**< Per-path inputs. */
NSDE_API size_t nsde_program_outputs(const nsde_program *program);
NSDE_API size_t nsde_program_parameters(const nsde_program *program); /**< Length of the flat vector. */
NSDE_API size_t nsde_program_input_rows(const nsde_program *program, size_t input);
NSDE_API size_t nsde_program_output_rows(const nsde_program *program, size_t output);
NSDE_API size_t nsde_program_instructions(const nsde_program *program); /**< After compilation. */

/* ---- workspaces: running a program on a panel -------------------------------------------------------- */

/** What a workspace is for; each keeps more values than the one before. */
typedef enum nsde_sweep {
    NSDE_FORWARD, /**< values only; storage is reused as soon as a value is no longer needed */
    NSDE_REVERSE, /**< values and adjoints */
    NSDE_TRACE    /**< every value and adjoint keeps its own place, for a cursor */
} nsde_sweep;

/** All the memory a thread needs to run `program` on up to `paths` paths at a time; nothing is allocated
 *  afterwards. Inputs, uniforms, parameters and adjoints start at 0. The program is borrowed.
 *  @return NSDE_INVALID, NSDE_OVERFLOW, NSDE_NO_MEMORY */
NSDE_API NSDE_MUST_USE nsde_status nsde_workspace_create(const nsde_program *program, size_t paths,
                                                         nsde_sweep sweep, nsde_workspace **workspace);
NSDE_API void nsde_workspace_destroy(nsde_workspace *workspace); /**< Takes NULL. */

/** Distance, in doubles, between rows of every per-path value: `paths` rounded up to a multiple of 16. */
NSDE_API size_t nsde_workspace_stride(const nsde_workspace *workspace);
/** A panel width at which the values a sweep touches stay in a core's L2 cache, a multiple of 16; depends on
 *  the program alone, so that results do not depend on the machine's cores. */
NSDE_API size_t nsde_program_panel(const nsde_program *program, nsde_sweep sweep);

/** Where the caller writes input k: [rows][stride]. */
NSDE_API double *nsde_workspace_input(nsde_workspace *workspace, size_t input);
NSDE_API double *nsde_workspace_uniform(nsde_workspace *workspace, size_t uniform); /**< [rows] */
NSDE_API double *nsde_workspace_parameters(nsde_workspace *workspace);              /**< [parameters] */
/** Computes what depends on parameters alone: call it after changing parameters, before nsde_forward. */
NSDE_API void nsde_workspace_prepare(nsde_workspace *workspace);

/** Runs the program on the first `paths` paths (1 … the number given at creation). Lanes up to the next
 *  multiple of 16 are computed too and must hold harmless numbers. A path's values do not depend on the
 *  number or position of the others, to the last bit. */
NSDE_API void nsde_forward(nsde_workspace *workspace, size_t paths);
/** Value of output k after nsde_forward: [rows][stride]; for a uniform output [rows]
 *  (nsde_output_is_uniform). */
NSDE_API const double *nsde_workspace_output(const nsde_workspace *workspace, size_t output);
/** Is output k the same for every path, and so laid out as [rows]? */
NSDE_API bool nsde_output_is_uniform(const nsde_program *program, size_t output);

/** Where the caller writes the adjoint (weight) of output k before nsde_reverse: [rows][stride], or [rows]
 *  for a uniform output. Zero the lanes that hold no path. */
NSDE_API double *nsde_workspace_output_adjoint(nsde_workspace *workspace, size_t output);
/** One sweep back over the instructions of the last nsde_forward, with the same number of paths: sets the
 *  adjoints of the inputs and adds, summed over paths in a fixed order, to those of the parameters. */
NSDE_API void nsde_reverse(nsde_workspace *workspace, size_t paths);
/** Adjoint of input k after nsde_reverse: [rows][stride]; 0 for passive inputs. */
NSDE_API const double *nsde_workspace_input_adjoint(const nsde_workspace *workspace, size_t input);
/** [parameters]: the sum over all reverse sweeps since nsde_workspace_clear_adjoint. */
NSDE_API const double *nsde_workspace_parameter_adjoint(const nsde_workspace *workspace);
/** Sets the adjoints of the parameters to 0. */
NSDE_API void nsde_workspace_clear_adjoint(nsde_workspace *workspace);

/* ---- walking a program instruction by instruction ---------------------------------------------------- */

enum { NSDE_OPERANDS = 3 }; /**< most operands that an nsde_instruction shows in place */

/** An instruction as a cursor shows it; pointers belong to the workspace. */
typedef struct nsde_instruction {
    size_t number;         /**< 0 … nsde_program_instructions - 1 */
    const char *operation; /**< such as "mul" */
    size_t rows;
    bool uniform; /**< values are [rows], else [rows][stride] */
    const double *value;
    const double *adjoint; /**< laid out as value; NULL where no gradient passes */
    size_t n_operands;
    /** The first NSDE_OPERANDS operands. */
    struct nsde_operand {
        size_t rows;
        bool uniform;
        long instruction; /**< number of the instruction that made it; -1 for inputs and constants */
        const double *value;
        const double *adjoint; /**< NULL for constants, passive inputs and where no gradient passes */
    } operand[NSDE_OPERANDS];
} nsde_instruction;

/** A cursor on a workspace created with NSDE_TRACE, before the first instruction; the inputs and the
 *  parameters must be set. Destroy it with nsde_cursor_destroy before the workspace.
 *  @return NSDE_INVALID (another kind of workspace, too many paths), NSDE_NO_MEMORY */
NSDE_API NSDE_MUST_USE nsde_status nsde_cursor_create(nsde_workspace *workspace, size_t paths,
                                                      nsde_cursor **cursor);
NSDE_API void nsde_cursor_destroy(nsde_cursor *cursor); /**< Takes NULL. */
/** Executes the next instruction forward and shows it; false when none is left. */
NSDE_API bool nsde_cursor_forward(nsde_cursor *cursor, nsde_instruction *shown);
/** Turns round at the end: takes the output adjoints set by the caller and clears all others. */
NSDE_API void nsde_cursor_turn(nsde_cursor *cursor);
/** Executes the adjoint of the instruction before the cursor and shows it; false when none is left, at
 *  which point the adjoints of inputs and parameters are complete. */
NSDE_API bool nsde_cursor_backward(nsde_cursor *cursor, nsde_instruction *shown);

#ifdef __cplusplus
}
#endif

#endif
