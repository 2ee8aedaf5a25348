/* What a tape and a program are made of; private to src/tape.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef NSDE_TAPE_TAPE_H
#define NSDE_TAPE_TAPE_H

#include "core/error.h"
#include "core/memory.h"
#include "nsde/tape.h"

typedef enum nsde_op {
#define X(name, shape) OP_##name,
#include "tape/ops.def"
#undef X
    OP_COUNT
} nsde_op;

typedef enum nsde_shape { LEAF, UNARY, BINARY, TERNARY, ROWS, SPECIAL } nsde_shape;

const char *nsde_op_name(nsde_op op);
nsde_shape nsde_op_shape(nsde_op op);

enum { NONE = UINT32_MAX }; /* no node; also the id of a void handle */

/* One recorded instruction. Operands are earlier nodes. `extra` is the first row of a slice, the offset of a
 * constant's values, the number of an input, whether a system's matrix is transposed, or the order of
 * differentiation of log_bessel_i; a stack keeps its operands in the tape's pool: arg[0] is their number,
 * arg[1] the offset. */
typedef struct nsde_node {
    uint16_t op;
    bool uniform;
    bool passive; /* an input without an adjoint */
    uint32_t rows;
    uint32_t arg[3];
    uint32_t extra;
} nsde_node;

/* A handle whose id has this bit set is a dual: an index into `duals`. */
#define NSDE_DUAL_BIT 0x80000000u

typedef struct nsde_dual_node {
    uint32_t level;
    uint32_t partials;
    uint32_t primal;   /* id of a handle of a lower level */
    uint32_t tangents; /* offset in the pool of ids; NONE there is a zero */
} nsde_dual_node;

/* A growing array of uint32_t, double, nodes or duals. */
typedef struct nsde_growing {
    void *items;
    size_t count, capacity;
} nsde_growing;

nsde_status nsde_grow(nsde_growing *array, size_t more, size_t size, const char *what);

/* What becomes of jumps while a tape has one: those of nsde_select and nsde_sign whose operand differs from
 * path to path are counted through in the order of recording. Without widths their operands are noted and
 * nothing changes; with them jump i becomes the normal distribution function of operand / widths[i]. */
typedef struct nsde_smoothing {
    nsde_var *operands; /* [most] */
    size_t n, most;     /* n counts on beyond most, and those jumps stay */
    const double *widths;
} nsde_smoothing;

struct nsde_tape {
    nsde_smoothing *smoothing; /* borrowed; NULL for none */
    nsde_growing nodes;        /* nsde_node */
    nsde_growing duals;        /* nsde_dual_node */
    nsde_growing pool;         /* uint32_t: operands of stacks, tangents of duals */
    nsde_growing constants;    /* double */
    uint32_t n_inputs, n_uniforms, n_parameters, levels;
    nsde_status status;
    char message[NSDE_MESSAGE_SIZE];
};

static inline nsde_node *nsde_node_at(const nsde_tape *tape, uint32_t id)
{
    return (nsde_node *)tape->nodes.items + id;
}

static inline uint32_t *nsde_pool_at(const nsde_tape *tape, uint32_t offset)
{
    return (uint32_t *)tape->pool.items + offset;
}

static inline nsde_dual_node *nsde_dual_at(const nsde_tape *tape, uint32_t id)
{
    return (nsde_dual_node *)tape->duals.items + (id & ~NSDE_DUAL_BIT);
}

/* The innermost perturbation a handle carries; 0 for a plain value. */
static inline uint32_t nsde_level(nsde_var a)
{
    return a.id != NONE && (a.id & NSDE_DUAL_BIT) ? nsde_dual_at(a.tape, a.id)->level : 0;
}

static inline nsde_var nsde_void(nsde_tape *tape)
{
    return (nsde_var){tape, NONE};
}

static inline bool nsde_is_void(nsde_var a)
{
    return !a.tape || a.id == NONE;
}

/* An operation as the public functions describe it: operands may be duals. */
typedef struct nsde_call {
    nsde_op op;
    size_t rows;
    size_t n_args;
    const nsde_var *args;
    uint32_t extra;
} nsde_call;

/* As nsde_tape_fail, but for a call that failed with this status and the thread's message. */
nsde_var nsde_tape_break(nsde_tape *tape, nsde_status status);

/* nsde_select for derivatives, whose jumps are none of the caller's: never smoothed, as OP_sign recorded
 * itself. */
nsde_var nsde_choose(nsde_var sign, nsde_var a, nsde_var b);

/* Records an operation on plain values (emit), or on any (record: value and tangents). */
nsde_var nsde_emit(nsde_tape *tape, const nsde_call *call);
nsde_var nsde_record(const nsde_call *call);

/* The tape the operands share; NULL if one is void or they differ (which is then the tape's mistake). */
nsde_tape *nsde_common_tape(nsde_op op, size_t n, const nsde_var args[]);

/* A dual handle from its parts; tangents with id NONE are zero. */
nsde_var nsde_dual_create(nsde_perturbation eps, nsde_var primal, const nsde_var tangents[]);

/* The part of a seen from `level`: a itself where it does not carry that perturbation. */
nsde_var nsde_primal_at(nsde_var a, uint32_t level);
/* The k-th tangent of a at `level`, void for a zero. */
nsde_var nsde_tangent_at(nsde_var a, uint32_t level, uint32_t k);

/* Recorded partial derivative of an elementwise operation's value y with respect to operand i. */
nsde_var nsde_partial(const nsde_call *call, nsde_var y, size_t i);
/* May that partial be infinite, or an operand of it? Then a zero tangent wins: chain() instead of mul. */
bool nsde_partial_is_singular(nsde_op op);

/* log I_order(x) differentiated `extra / 3` times by order and `extra % 3` times by x. */
nsde_var nsde_record_log_bessel_i(nsde_var order, nsde_var x, uint32_t extra);
/* a * b, but 0 where a is 0. */
nsde_var nsde_chain(nsde_var a, nsde_var b);

#endif
