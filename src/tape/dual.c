/* Recorded dual numbers: a perturbed operation records its value and its tangents as ordinary operations,
 * each on handles of lower levels, so duals nest by themselves.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "tape/tape.h"

nsde_perturbation nsde_perturb(nsde_tape *tape, size_t partials)
{
    nsde_perturbation eps = {tape, 0, (uint32_t)partials};
    if (!tape || tape->status)
        return eps;
    if (partials == 0 || partials >= NSDE_DUAL_BIT) {
        nsde_tape_fail(tape, "perturb: %zu partials", partials);
        return eps;
    }
    eps.level = ++tape->levels;
    return eps;
}

nsde_var nsde_dual_create(nsde_perturbation eps, nsde_var primal, const nsde_var tangents[])
{
    nsde_tape *tape = eps.tape;
    bool all_zero = true;
    for (uint32_t k = 0; k < eps.partials; k++)
        all_zero = all_zero && nsde_is_void(tangents[k]);
    if (all_zero || tape->status)
        return tape->status ? nsde_void(tape) : primal;
    const uint32_t offset = (uint32_t)tape->pool.count, id = (uint32_t)tape->duals.count;
    nsde_status status = nsde_grow(&tape->pool, eps.partials, sizeof(uint32_t), "tangents");
    if (!status)
        status = nsde_grow(&tape->duals, 1, sizeof(nsde_dual_node), "duals");
    if (status)
        return nsde_tape_break(tape, status);
    for (uint32_t k = 0; k < eps.partials; k++)
        nsde_pool_at(tape, offset)[k] = nsde_is_void(tangents[k]) ? (uint32_t)NONE : tangents[k].id;
    *nsde_dual_at(tape, id) = (nsde_dual_node){eps.level, eps.partials, primal.id, offset};
    return (nsde_var){tape, id | NSDE_DUAL_BIT};
}

nsde_var nsde_primal_at(nsde_var a, uint32_t level)
{
    if (nsde_level(a) != level || level == 0)
        return a;
    return (nsde_var){a.tape, nsde_dual_at(a.tape, a.id)->primal};
}

nsde_var nsde_tangent_at(nsde_var a, uint32_t level, uint32_t k)
{
    if (nsde_level(a) != level || level == 0)
        return nsde_void(a.tape);
    return (nsde_var){a.tape, *nsde_pool_at(a.tape, nsde_dual_at(a.tape, a.id)->tangents + k)};
}

/* Brings a value of one row to `rows` rows; leaves void handles alone. */
static nsde_var widen(nsde_var a, size_t rows)
{
    return !nsde_is_void(a) && nsde_rows(a) == 1 && rows > 1 ? nsde_broadcast(a, rows) : a;
}

/* The directions as tangents of the rows of x, void for zeros; false after a mistake. */
static bool make_tangents(nsde_perturbation eps, nsde_var x, const nsde_var directions[], nsde_var *tangents)
{
    nsde_tape *tape = eps.tape;
    for (uint32_t k = 0; k < eps.partials; k++) {
        const nsde_var v = directions[k];
        tangents[k] = nsde_void(tape);
        if (!v.tape)
            continue;
        const size_t rows = v.tape == tape ? nsde_rows(v) : 0;
        if (rows == 0 || (rows != 1 && rows != nsde_rows(x)))
            nsde_tape_fail(tape, "seed: direction %u has %zu rows, the value %zu", k, rows, nsde_rows(x));
        else if (nsde_level(v) >= eps.level)
            nsde_tape_fail(tape, "seed: direction %u carries this perturbation or a later one", k);
        if (tape->status)
            return false;
        tangents[k] = widen(v, nsde_rows(x));
    }
    return true;
}

nsde_var nsde_seed(nsde_perturbation eps, nsde_var x, const nsde_var directions[])
{
    nsde_tape *tape = eps.tape;
    if (nsde_is_void(x) || !tape || tape->status)
        return nsde_void(tape);
    if (x.tape != tape)
        return nsde_tape_fail(tape, "seed: the value belongs to another tape");
    if (nsde_level(x) >= eps.level)
        return nsde_tape_fail(tape, "seed: the value already carries this perturbation or a later one");
    void *tangents;
    const nsde_status status = nsde_alloc(eps.partials, sizeof(nsde_var), "seed", &tangents);
    if (status)
        return nsde_tape_break(tape, status);
    nsde_var seeded = nsde_void(tape);
    if (make_tangents(eps, x, directions, tangents))
        seeded = nsde_dual_create(eps, x, tangents);
    nsde_free(tangents);
    return seeded;
}

/* Can parts of y be asked for? Else that is the tape's mistake. */
static bool has_parts(nsde_perturbation eps, nsde_var y, const char *what)
{
    nsde_tape *tape = eps.tape;
    if (nsde_is_void(y) || !tape || tape->status)
        return false;
    if (y.tape != tape)
        nsde_tape_fail(tape, "%s: the value belongs to another tape", what);
    else if (nsde_level(y) > eps.level)
        nsde_tape_fail(tape, "%s: the value carries a later perturbation; take its parts first", what);
    return tape->status == NSDE_OK;
}

nsde_var nsde_primal(nsde_perturbation eps, nsde_var y)
{
    return has_parts(eps, y, "primal") ? nsde_primal_at(y, eps.level) : nsde_void(eps.tape);
}

nsde_var nsde_tangent(nsde_perturbation eps, nsde_var y, size_t k)
{
    nsde_tape *tape = eps.tape;
    if (!has_parts(eps, y, "tangent"))
        return nsde_void(tape);
    if (k >= eps.partials)
        return nsde_tape_fail(tape, "tangent: partial %zu of %u", k, eps.partials);
    const nsde_var tangent = nsde_tangent_at(y, eps.level, (uint32_t)k);
    return nsde_is_void(tangent) ? widen(nsde_real(tape, 0.0), nsde_rows(y)) : tangent;
}

/* a + b, where a void handle is zero. */
static nsde_var plus(nsde_var a, nsde_var b)
{
    if (nsde_is_void(a))
        return b;
    return nsde_is_void(b) ? a : nsde_add(a, b);
}

/* The operation itself with operand i replaced. */
static nsde_var with_operand(const nsde_call *call, const nsde_var primals[], size_t i, nsde_var a)
{
    nsde_var args[3] = {{0}};
    for (size_t j = 0; j < call->n_args; j++)
        args[j] = j == i ? a : primals[j];
    nsde_call changed = *call;
    changed.args = args;
    return nsde_record(&changed);
}

/* A zero in place of a void tangent, with the rows of the operand it belongs to. */
static nsde_var or_zero(nsde_var tangent, nsde_var operand)
{
    return nsde_is_void(tangent) ? widen(nsde_real(operand.tape, 0.0), nsde_rows(operand)) : tangent;
}

static nsde_var stack_tangent(const nsde_call *call, const nsde_var tangents[])
{
    bool any = false;
    for (size_t i = 0; i < call->n_args; i++)
        any = any || !nsde_is_void(tangents[i]);
    if (!any)
        return nsde_void(call->args[0].tape);
    void *memory;
    nsde_tape *tape = call->args[0].tape;
    const nsde_status status = nsde_alloc(call->n_args, sizeof(nsde_var), "stack", &memory);
    if (status)
        return nsde_tape_break(tape, status);
    nsde_var *parts = memory;
    for (size_t i = 0; i < call->n_args; i++)
        parts[i] = or_zero(tangents[i], call->args[i]);
    const nsde_var stacked = nsde_stack(call->n_args, parts);
    nsde_free(memory);
    return stacked;
}

/* Dense layers are bilinear in (W, x) and linear in the bias, which only enters on its own. */
static nsde_var dense_tangent(const nsde_call *call, const nsde_var p[], const nsde_var t[])
{
    const bool has_bias = call->n_args == 3 && !nsde_is_void(t[2]);
    nsde_var sum = nsde_is_void(t[0]) ? t[0] : nsde_dense(t[0], has_bias ? &t[2] : NULL, p[1], call->rows);
    if (!nsde_is_void(t[1]))
        sum = plus(sum, nsde_dense(p[0], has_bias && nsde_is_void(t[0]) ? &t[2] : NULL, t[1], call->rows));
    return has_bias && nsde_is_void(t[0]) && nsde_is_void(t[1]) ? t[2] : sum;
}

/* Rows of a constant that are all 0: where parameters are seeded with unit vectors, most rows depend on one
 * direction alone, and nothing is recorded for the others. */
static bool slice_is_zero(const nsde_call *call, nsde_var constant)
{
    if (!nsde_is_constant(constant))
        return false;
    const nsde_tape *tape = constant.tape;
    const double *values = (const double *)tape->constants.items + nsde_node_at(tape, constant.id)->extra;
    for (size_t i = 0; i < call->rows; i++)
        if (values[call->extra + i] != 0.0)
            return false;
    return true;
}

/* A x, or A' x where the rows of A are its columns. */
static nsde_var product(bool transposed, nsde_var A, nsde_var x)
{
    if (!transposed)
        return nsde_matvec(A, x);
    const size_t n = nsde_rows(x);
    nsde_var sum = nsde_void(x.tape);
    for (size_t j = 0; j < n; j++)
        sum = plus(sum, nsde_mul(nsde_slice(A, j * n, n), nsde_row(x, j)));
    return sum;
}

/* The tangent of one operation from those of its operands (void = zero). */
static nsde_var tangent_of(const nsde_call *call, const nsde_var p[], nsde_var y, const nsde_var t[])
{
    nsde_var sum = nsde_void(y.tape);
    switch (call->op) {
    case OP_stack:
        return stack_tangent(call, t);
    case OP_dense:
        return dense_tangent(call, p, t);
    case OP_sub:
        sum = t[0];
        if (!nsde_is_void(t[1]))
            sum = nsde_is_void(sum) ? nsde_neg(t[1]) : nsde_sub(sum, t[1]);
        return sum;
    case OP_add:
        return plus(t[0], t[1]);
    case OP_sign:
        return sum;
    case OP_select:
        if (nsde_is_void(t[1]) && nsde_is_void(t[2]))
            return sum;
        return nsde_choose(p[0], or_zero(t[1], p[1]), or_zero(t[2], p[2]));
    case OP_lower: { /* what it was made from is no operand of its own: it is a^(b - 1) */
        const nsde_var power[] = {p[1], nsde_add_real(p[2], -1.0)};
        return tangent_of(&(nsde_call){OP_pow, call->rows, 2, power, 0}, power, y, t + 1);
    }
    case OP_solve: /* A x' = b' - A' x */
        sum = t[1];
        if (!nsde_is_void(t[0])) {
            const nsde_var turned = product(call->extra, t[0], y);
            sum = nsde_is_void(sum) ? nsde_neg(turned) : nsde_sub(sum, turned);
        }
        return nsde_is_void(sum) ? sum : with_operand(call, p, 1, sum);
    case OP_slice:
        return nsde_is_void(t[0]) || slice_is_zero(call, t[0]) ? sum : with_operand(call, p, 0, t[0]);
    case OP_neg:
    case OP_hold:
    case OP_broadcast:
    case OP_sum:
        return nsde_is_void(t[0]) ? sum : with_operand(call, p, 0, t[0]);
    case OP_mul:
    case OP_chain:
    case OP_dot:
    case OP_matvec:
        for (size_t i = 0; i < 2; i++)
            if (!nsde_is_void(t[i]))
                sum = plus(sum, with_operand(call, p, i, t[i]));
        return sum;
    default:
        break;
    }
    nsde_call plain = *call;
    plain.args = p;
    for (size_t i = 0; i < call->n_args; i++) {
        if (nsde_is_void(t[i]))
            continue;
        const nsde_var partial = nsde_partial(&plain, y, i);
        sum = plus(sum,
                   nsde_partial_is_singular(call->op) ? nsde_chain(t[i], partial) : nsde_mul(t[i], partial));
    }
    return sum;
}

/* Splits the operands at `level`, records the value from the primals and one tangent per partial. */
static nsde_var record_dual(nsde_tape *tape, const nsde_call *call, uint32_t level, nsde_var *work)
{
    nsde_var *primals = work, *tangents = work + call->n_args, *results = work + 2 * call->n_args;
    nsde_perturbation eps = {tape, level, 0};
    for (size_t i = 0; i < call->n_args; i++) {
        primals[i] = nsde_primal_at(call->args[i], level);
        if (nsde_level(call->args[i]) == level)
            eps.partials = nsde_dual_at(tape, call->args[i].id)->partials;
    }
    nsde_call plain = *call;
    plain.args = primals;
    const nsde_var y = nsde_record(&plain);
    for (uint32_t k = 0; k < eps.partials && !nsde_is_void(y); k++) {
        for (size_t i = 0; i < call->n_args; i++)
            tangents[i] = nsde_tangent_at(call->args[i], level, k);
        results[k] = widen(tangent_of(call, primals, y, tangents), nsde_rows(y));
    }
    return nsde_is_void(y) ? y : nsde_dual_create(eps, y, results);
}

nsde_var nsde_record(const nsde_call *call)
{
    nsde_tape *tape = nsde_common_tape(call->op, call->n_args, call->args);
    if (!tape)
        return nsde_void(call->n_args ? call->args[0].tape : NULL);
    uint32_t level = 0, partials = 0;
    for (size_t i = 0; i < call->n_args; i++)
        if (nsde_level(call->args[i]) > level) {
            level = nsde_level(call->args[i]);
            partials = nsde_dual_at(tape, call->args[i].id)->partials;
        }
    if (level == 0)
        return nsde_emit(tape, call);
    void *work;
    const nsde_status status = nsde_alloc(2 * call->n_args + partials, sizeof(nsde_var), "tangents", &work);
    if (status)
        return nsde_tape_break(tape, status);
    const nsde_var result = record_dual(tape, call, level, work);
    nsde_free(work);
    return result;
}
