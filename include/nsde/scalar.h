/* nsde/scalar.h: reverse mode for plain C and C++, a number at a time.
 *
 * A nsde_scalar is a value and its place on a tape. Code written on scalars computes its values as it runs,
 * with loops, branches and arrays overwritten in place, and notes of each operation its operands and its
 * partial derivatives; one sweep back then gives the derivatives by everything. It is for solvers that exist
 * already and run once; what runs on many paths is recorded on the tape of nsde/tape.h.
 *
 *     nsde_scalar_tape *tape;
 *     nsde_scalar_tape_create(&tape);
 *     nsde_scalar x = nsde_scalar_variable(tape, 1.5);
 *     nsde_scalar loss = my_solver(x);
 *     if (!nsde_scalar_gradient(loss))
 *         printf("%g %g\n", loss.value, nsde_scalar_adjoint(x));
 *
 * The functions are those of nsde/dual.h under the names nsde_scalar_NAME, with its conventions at kinks and
 * poles: an operation that the loss does not depend on adds nothing, not NaN.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef NSDE_SCALAR_H
#define NSDE_SCALAR_H

#include <stdint.h>

#include "nsde/dual.h"
#include "nsde/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/** An operation: places of its operands (0: a constant) and its partial derivatives by them. */
typedef struct nsde_scalar_operation {
    double partial[2];
    uint32_t operand[2];
} nsde_scalar_operation;

/** A tape, 24 bytes an operation. Its members are for the functions below; threads need a tape each. */
typedef struct nsde_scalar_tape {
    nsde_scalar_operation *next, *end; /**< room in the block that is being filled */
    uint32_t n;                        /**< operations so far; the first stands for all constants */
    struct nsde_scalar_memory *memory;
} nsde_scalar_tape;

/** A number: its value, and where it is on a tape (NULL: a constant). */
typedef struct nsde_scalar {
    double value;
    uint32_t place;
    nsde_scalar_tape *tape;
} nsde_scalar;

/** An empty tape.
 *  @return NSDE_NO_MEMORY */
NSDE_API NSDE_MUST_USE nsde_status nsde_scalar_tape_create(nsde_scalar_tape **tape);
NSDE_API void nsde_scalar_tape_destroy(nsde_scalar_tape *tape); /**< Takes NULL. */
/** Forgets all operations, and keeps the memory for the next ones. */
NSDE_API void nsde_scalar_tape_clear(nsde_scalar_tape *tape);
/** Makes room for operations; false where memory or the 2^32 places are used up, which the sweep reports.
 * Called by the functions below. */
NSDE_API bool nsde_scalar_tape_grow(nsde_scalar_tape *tape);

/* ---- the way back ---- */

/** Prepares for the way back: all adjoints are 0.
 *  @return NSDE_NO_MEMORY or NSDE_OVERFLOW, also where the recording had to be cut off */
NSDE_API NSDE_MUST_USE nsde_status nsde_scalar_turn(nsde_scalar_tape *tape);
/** Adds to the adjoint of a number: the derivative of the loss by it. After nsde_scalar_turn. */
NSDE_API void nsde_scalar_seed(nsde_scalar x, double adjoint);
/** The derivative of the loss by a number; 0 for a constant. */
NSDE_API double nsde_scalar_adjoint(nsde_scalar x);

/** One operation on the way back. */
typedef struct nsde_scalar_instruction {
    uint32_t place;                         /**< nsde_scalar.place of its result */
    double adjoint;                         /**< of its result, complete */
    const nsde_scalar_operation *operation; /**< whose operands' adjoints have just been added to */
} nsde_scalar_instruction;

/** Goes back over the last operation that has not been gone back over; false where there is none.
 *  @param at written; may be NULL */
NSDE_API bool nsde_scalar_back(nsde_scalar_tape *tape, nsde_scalar_instruction *at);
/** Goes back over all that are left. */
NSDE_API void nsde_scalar_sweep(nsde_scalar_tape *tape);
/** The whole way: turns, seeds the loss by 1, sweeps.
 *  @return as nsde_scalar_turn; NSDE_INVALID where the loss is a constant */
NSDE_API NSDE_MUST_USE nsde_status nsde_scalar_gradient(nsde_scalar loss);

#ifdef __cplusplus
}
#endif

/* ---- recording ---- */

#define NSDE_DUAL_TYPE  nsde_scalar_partials
#define NSDE_DUAL_SIZE  2
#define NSDE_DUAL_PART  double
#define NSDE_DUAL_PARTS nsde_double
#include "nsde/dual.inc"

/** A number that depends on nothing. */
NSDE_DUAL_FUNCTION nsde_scalar nsde_scalar_real(double value)
{
    nsde_scalar y;
    y.value = value;
    y.place = 0;
    y.tape = NULL;
    return y;
}

/* The next operation of the tape, with this value. */
NSDE_DUAL_FUNCTION nsde_scalar nsde_scalar_note(nsde_scalar_tape *tape, double value, nsde_scalar a,
                                                double by_a, nsde_scalar b, double by_b)
{
    nsde_scalar y = nsde_scalar_real(value);
    y.tape = tape;
    if (tape->next == tape->end && !nsde_scalar_tape_grow(tape))
        return y;
    nsde_scalar_operation *o = tape->next++;
    o->partial[0] = by_a;
    o->partial[1] = by_b;
    o->operand[0] = a.place;
    o->operand[1] = b.place;
    y.place = tape->n++;
    return y;
}

/** A number that derivatives are wanted by. */
NSDE_DUAL_FUNCTION nsde_scalar nsde_scalar_variable(nsde_scalar_tape *tape, double value)
{
    const nsde_scalar none = nsde_scalar_real(0.0);
    return nsde_scalar_note(tape, value, none, 0.0, none, 0.0);
}

/* y of one number or two, with the partials that y carries. */
NSDE_DUAL_FUNCTION nsde_scalar nsde_scalar_of(nsde_scalar a, nsde_scalar b, nsde_scalar_partials y)
{
    nsde_scalar_tape *tape = a.tape ? a.tape : b.tape;
    return tape ? nsde_scalar_note(tape, y.value, a, y.partial[0], b, y.partial[1])
                : nsde_scalar_real(y.value);
}

/* Functions of one number, of two, and of a number and a constant, by those of the dual numbers. */
/* clang-format off */
#define NSDE_SCALAR_UNARY(X)                                                                                 \
    X(neg) X(reciprocal) X(square) X(sqrt) X(exp) X(log) X(log1p) X(expm1) X(sin) X(cos) X(atan) X(sinh)     \
    X(cosh) X(asinh) X(tanh) X(tanh_slope) X(sigmoid) X(sigmoid_slope) X(softplus) X(silu) X(abs) X(sign)    \
    X(erf) X(normal_cdf)
/* clang-format on */
#define NSDE_SCALAR_BINARY(X) X(add) X(sub) X(mul) X(div) X(pow) X(log_to) X(log_bessel_i) X(min) X(max)
#define NSDE_SCALAR_REAL(X)   X(add_real) X(mul_real) X(pow_real)

#define NSDE_SCALAR_DEFINE(name)                                                                             \
    NSDE_DUAL_FUNCTION nsde_scalar nsde_scalar_##name(nsde_scalar a)                                         \
    {                                                                                                        \
        return nsde_scalar_of(a, nsde_scalar_real(0.0),                                                      \
                              nsde_scalar_partials_##name(nsde_scalar_partials_variable(a.value, 0)));       \
    }
NSDE_SCALAR_UNARY(NSDE_SCALAR_DEFINE)
#undef NSDE_SCALAR_DEFINE

#define NSDE_SCALAR_DEFINE(name)                                                                             \
    NSDE_DUAL_FUNCTION nsde_scalar nsde_scalar_##name(nsde_scalar a, nsde_scalar b)                          \
    {                                                                                                        \
        return nsde_scalar_of(a, b,                                                                          \
                              nsde_scalar_partials_##name(nsde_scalar_partials_variable(a.value, 0),         \
                                                          nsde_scalar_partials_variable(b.value, 1)));       \
    }
NSDE_SCALAR_BINARY(NSDE_SCALAR_DEFINE)
#undef NSDE_SCALAR_DEFINE

#define NSDE_SCALAR_DEFINE(name)                                                                             \
    NSDE_DUAL_FUNCTION nsde_scalar nsde_scalar_##name(nsde_scalar a, double b)                               \
    {                                                                                                        \
        return nsde_scalar_of(a, nsde_scalar_real(0.0),                                                      \
                              nsde_scalar_partials_##name(nsde_scalar_partials_variable(a.value, 0), b));    \
    }
NSDE_SCALAR_REAL(NSDE_SCALAR_DEFINE)
#undef NSDE_SCALAR_DEFINE

/** a where sign >= 0, b where sign < 0, NaN where sign is NaN; no derivative by sign. */
NSDE_DUAL_FUNCTION nsde_scalar nsde_scalar_select(nsde_scalar sign, nsde_scalar a, nsde_scalar b)
{
    return sign.value >= 0.0 ? a : sign.value < 0.0 ? b : nsde_scalar_real(sign.value);
}

#ifdef __cplusplus
#define NSDE_SCALAR_OPERATOR(sign, name)                                                                     \
    inline nsde_scalar operator sign(nsde_scalar a, nsde_scalar b)                                           \
    {                                                                                                        \
        return nsde_scalar_##name(a, b);                                                                     \
    }                                                                                                        \
    inline nsde_scalar operator sign(nsde_scalar a, double b)                                                \
    {                                                                                                        \
        return nsde_scalar_##name(a, nsde_scalar_real(b));                                                   \
    }                                                                                                        \
    inline nsde_scalar operator sign(double a, nsde_scalar b)                                                \
    {                                                                                                        \
        return nsde_scalar_##name(nsde_scalar_real(a), b);                                                   \
    }                                                                                                        \
    inline nsde_scalar &operator sign##=(nsde_scalar &a, nsde_scalar b)                                      \
    {                                                                                                        \
        return a = nsde_scalar_##name(a, b);                                                                 \
    }
NSDE_SCALAR_OPERATOR(+, add)
NSDE_SCALAR_OPERATOR(-, sub)
NSDE_SCALAR_OPERATOR(*, mul)
NSDE_SCALAR_OPERATOR(/, div)
#undef NSDE_SCALAR_OPERATOR

inline nsde_scalar operator-(nsde_scalar a)
{
    return nsde_scalar_neg(a);
}
#endif

#endif
