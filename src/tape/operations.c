/* The public operations: each checks the rows of its operands and records.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "tape/tape.h"

static nsde_var unary(nsde_op op, nsde_var a)
{
    return nsde_record(&(nsde_call){op, nsde_rows(a), 1, &a, 0});
}

/* Rows of an elementwise result: the most, where each operand has that many or one; 0 after a mistake. */
static size_t broadcast_rows(nsde_op op, size_t n, const nsde_var args[])
{
    nsde_tape *tape = nsde_common_tape(op, n, args);
    size_t rows = 1;
    for (size_t i = 0; tape && i < n; i++) {
        const size_t own = nsde_rows(args[i]);
        if (own != 1 && rows != 1 && own != rows) {
            nsde_tape_fail(tape, "%s: %zu rows do not match %zu", nsde_op_name(op), rows, own);
            return 0;
        }
        rows = own > rows ? own : rows;
    }
    return tape ? rows : 0;
}

static nsde_var elementwise(nsde_op op, size_t n, const nsde_var args[])
{
    const size_t rows = broadcast_rows(op, n, args);
    return rows ? nsde_record(&(nsde_call){op, rows, n, args, 0}) : nsde_void(args[0].tape);
}

#define UNARY_OPERATIONS(X)                                                                                  \
    X(neg)                                                                                                   \
    X(reciprocal)                                                                                            \
    X(square)                                                                                                \
    X(sqrt)                                                                                                  \
    X(exp)                                                                                                   \
    X(log)                                                                                                   \
    X(log1p)                                                                                                 \
    X(expm1)                                                                                                 \
    X(sin)                                                                                                   \
    X(cos)                                                                                                   \
    X(atan)                                                                                                  \
    X(sinh)                                                                                                  \
    X(cosh)                                                                                                  \
    X(asinh) X(tanh) X(tanh_unit) X(sigmoid) X(softplus) X(silu) X(abs) X(hold) X(erf) X(normal_cdf)
#define X(name)                                                                                              \
    nsde_var nsde_##name(nsde_var a)                                                                         \
    {                                                                                                        \
        return unary(OP_##name, a);                                                                          \
    }
UNARY_OPERATIONS(X)
#undef X

#define BINARY_OPERATIONS(X) X(add) X(sub) X(mul) X(div) X(pow) X(min) X(max) X(chain)
#define X(name)                                                                                              \
    nsde_var nsde_##name(nsde_var a, nsde_var b)                                                             \
    {                                                                                                        \
        return elementwise(OP_##name, 2, (nsde_var[]){a, b});                                                \
    }
BINARY_OPERATIONS(X)
#undef X

/* Is the jump of an operand at 0 smoothed? Then its step from 0 to 1 is recorded. */
static bool smooth(nsde_var operand, nsde_var *step)
{
    nsde_smoothing *s = nsde_is_void(operand) ? NULL : operand.tape->smoothing;
    if (!s || nsde_is_uniform(operand) || s->n++ >= s->most)
        return false;
    const size_t i = s->n - 1;
    if (!s->widths)
        s->operands[i] = operand;
    else if (s->widths[i] > 0.0)
        *step = nsde_normal_cdf(nsde_mul_real(operand, 1.0 / s->widths[i]));
    return s->widths && s->widths[i] > 0.0;
}

nsde_var nsde_sign(nsde_var a)
{
    nsde_var step;
    return smooth(a, &step) ? nsde_add_real(nsde_mul_real(step, 2.0), -1.0) : unary(OP_sign, a);
}

nsde_var nsde_choose(nsde_var sign, nsde_var a, nsde_var b)
{
    return elementwise(OP_select, 3, (nsde_var[]){sign, a, b});
}

nsde_var nsde_select(nsde_var sign, nsde_var a, nsde_var b)
{
    nsde_var step;
    if (smooth(sign, &step))
        return nsde_add(b, nsde_mul(nsde_sub(a, b), step));
    return nsde_choose(sign, a, b);
}

nsde_var nsde_add_real(nsde_var a, double b)
{
    return nsde_is_void(a) ? a : nsde_add(a, nsde_real(a.tape, b));
}

nsde_var nsde_mul_real(nsde_var a, double b)
{
    return nsde_is_void(a) ? a : nsde_mul(a, nsde_real(a.tape, b));
}

nsde_var nsde_pow_real(nsde_var a, double b)
{
    if (nsde_is_void(a) || b == 1.0)
        return a;
    if (b == 2.0)
        return nsde_square(a);
    if (b == 0.5)
        return nsde_sqrt(a);
    return b == -1.0 ? nsde_reciprocal(a) : nsde_pow(a, nsde_real(a.tape, b));
}

nsde_var nsde_record_log_bessel_i(nsde_var order, nsde_var x, uint32_t extra)
{
    const nsde_var args[] = {order, x};
    const size_t rows = broadcast_rows(OP_log_bessel_i, 2, args);
    if (!rows)
        return nsde_void(order.tape);
    return nsde_record(&(nsde_call){OP_log_bessel_i, rows, 2, args, extra});
}

nsde_var nsde_chi_square_quantile(nsde_var z, nsde_var degrees, nsde_var noncentrality)
{
    return elementwise(OP_chi_square_quantile, 3, (nsde_var[]){z, degrees, noncentrality});
}

nsde_var nsde_log_bessel_i(nsde_var order, nsde_var a)
{
    return nsde_record_log_bessel_i(order, a, 0);
}

nsde_var nsde_slice(nsde_var a, size_t first, size_t count)
{
    if (!nsde_common_tape(OP_slice, 1, &a))
        return nsde_void(a.tape);
    const size_t rows = nsde_rows(a);
    if (count == 0 || first > rows || count > rows - first)
        return nsde_tape_fail(a.tape, "slice: rows %zu to %zu of a value of %zu rows", first, first + count,
                              rows);
    if (count == rows)
        return a;
    return nsde_record(&(nsde_call){OP_slice, count, 1, &a, (uint32_t)first});
}

nsde_var nsde_row(nsde_var a, size_t row)
{
    return nsde_slice(a, row, 1);
}

nsde_var nsde_stack(size_t count, const nsde_var parts[])
{
    size_t rows = 0;
    if (count == 0 || !parts || !nsde_common_tape(OP_stack, count, parts))
        return nsde_void(count && parts ? parts[0].tape : NULL);
    if (count == 1)
        return parts[0];
    for (size_t i = 0; i < count; i++)
        rows += nsde_rows(parts[i]);
    if (rows > INT32_MAX)
        return nsde_tape_fail(parts[0].tape, "stack: %zu rows", rows);
    return nsde_record(&(nsde_call){OP_stack, rows, count, parts, 0});
}

nsde_var nsde_broadcast(nsde_var a, size_t rows)
{
    if (!nsde_common_tape(OP_broadcast, 1, &a))
        return nsde_void(a.tape);
    if (nsde_rows(a) != 1 || rows == 0 || rows > INT32_MAX)
        return nsde_tape_fail(a.tape, "broadcast: %zu rows to %zu", nsde_rows(a), rows);
    return rows == 1 ? a : nsde_record(&(nsde_call){OP_broadcast, rows, 1, &a, 0});
}

nsde_var nsde_sum(nsde_var a)
{
    return nsde_rows(a) == 1 ? a : nsde_record(&(nsde_call){OP_sum, 1, 1, &a, 0});
}

nsde_var nsde_dot(nsde_var a, nsde_var b)
{
    const nsde_var args[] = {a, b};
    const size_t rows = broadcast_rows(OP_dot, 2, args);
    if (!rows)
        return nsde_void(a.tape);
    if (rows == 1)
        return nsde_mul(a, b);
    const nsde_var wide[] = {nsde_rows(a) == 1 ? nsde_broadcast(a, rows) : a,
                             nsde_rows(b) == 1 ? nsde_broadcast(b, rows) : b};
    return nsde_record(&(nsde_call){OP_dot, 1, 2, wide, 0});
}

nsde_var nsde_dense(nsde_var weights, const nsde_var *bias, nsde_var x, size_t outputs)
{
    const nsde_var args[] = {weights, x, bias ? *bias : x};
    const size_t n_args = bias ? 3 : 2;
    nsde_tape *tape = nsde_common_tape(OP_dense, n_args, args);
    size_t expected;
    if (!tape)
        return nsde_void(weights.tape);
    if (!nsde_size_mul(outputs, nsde_rows(x), &expected) || outputs == 0 || nsde_rows(weights) != expected)
        return nsde_tape_fail(tape, "dense: weights of %zu rows for %zu outputs of %zu inputs",
                              nsde_rows(weights), outputs, nsde_rows(x));
    if (bias && nsde_rows(*bias) != outputs)
        return nsde_tape_fail(tape, "dense: bias of %zu rows for %zu outputs", nsde_rows(*bias), outputs);
    if (!nsde_is_uniform(weights) || (bias && !nsde_is_uniform(*bias)))
        return nsde_tape_fail(tape, "dense: weights and bias must be the same for every path (use matvec)");
    return nsde_record(&(nsde_call){OP_dense, outputs, n_args, args, 0});
}

nsde_var nsde_matvec(nsde_var matrix, nsde_var x)
{
    const nsde_var args[] = {matrix, x};
    nsde_tape *tape = nsde_common_tape(OP_matvec, 2, args);
    if (!tape)
        return nsde_void(matrix.tape);
    const size_t n = nsde_rows(x), outputs = nsde_rows(matrix) / n;
    if (outputs * n != nsde_rows(matrix))
        return nsde_tape_fail(tape, "matvec: a matrix of %zu entries and a vector of %zu rows",
                              nsde_rows(matrix), n);
    return nsde_record(&(nsde_call){OP_matvec, outputs, 2, args, 0});
}

static nsde_var solve(nsde_var matrix, nsde_var b, bool transposed)
{
    const nsde_var args[] = {matrix, b};
    nsde_tape *tape = nsde_common_tape(OP_solve, 2, args);
    if (!tape)
        return nsde_void(matrix.tape);
    const size_t n = nsde_rows(b);
    if (n > NSDE_SOLVE_MOST || nsde_rows(matrix) != n * n)
        return nsde_tape_fail(tape, "solve: a matrix of %zu entries and a vector of %zu rows (%d at most)",
                              nsde_rows(matrix), n, NSDE_SOLVE_MOST);
    if (n == 1)
        return nsde_div(b, matrix);
    return nsde_record(&(nsde_call){OP_solve, n, 2, args, transposed});
}

nsde_var nsde_solve(nsde_var matrix, nsde_var b)
{
    return solve(matrix, b, false);
}

nsde_var nsde_solve_transposed(nsde_var matrix, nsde_var b)
{
    return solve(matrix, b, true);
}
