/* The recorded partial derivatives of the elementwise operations: beside the numeric ones of
 * kernels.c, and checked against them by the tests.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "tape/tape.h"

#include "core/constants.h"

static nsde_var unary_partial(nsde_op op, nsde_var a, nsde_var y)
{
    nsde_tape *tape = a.tape;
    const nsde_var one = nsde_real(tape, 1.0);
    switch (op) {
    case OP_neg:
        return nsde_real(tape, -1.0);
    case OP_reciprocal:
        return nsde_neg(nsde_square(y));
    case OP_square:
        return nsde_mul_real(a, 2.0);
    case OP_sqrt:
        return nsde_div(nsde_real(tape, 0.5), y);
    case OP_exp:
        return y;
    case OP_log:
        return nsde_reciprocal(a);
    case OP_log1p:
        return nsde_reciprocal(nsde_add(one, a));
    case OP_expm1:
        return nsde_exp(a);
    case OP_sin:
        return nsde_cos(a);
    case OP_cos:
        return nsde_neg(nsde_sin(a));
    case OP_atan:
        return nsde_reciprocal(nsde_add(one, nsde_square(a)));
    case OP_sinh:
        return nsde_cosh(a);
    case OP_cosh:
        return nsde_sinh(a);
    case OP_asinh:
        return nsde_reciprocal(nsde_sqrt(nsde_add(one, nsde_square(a))));
    case OP_tanh:
    case OP_tanh_unit:
        return nsde_record(&(nsde_call){OP_tanh_slope, nsde_rows(a), 1, &a, 0});
    case OP_tanh_slope:
        return nsde_mul_real(nsde_mul(y, nsde_tanh(a)), -2.0);
    case OP_sigmoid:
        return nsde_record(&(nsde_call){OP_sigmoid_slope, nsde_rows(a), 1, &a, 0});
    case OP_sigmoid_slope: /* s'' = -s' tanh(a / 2) */
        return nsde_neg(nsde_mul(y, nsde_tanh(nsde_mul_real(a, 0.5))));
    case OP_softplus:
        return nsde_sigmoid(a);
    case OP_silu: {
        const nsde_var slope = nsde_record(&(nsde_call){OP_sigmoid_slope, nsde_rows(a), 1, &a, 0});
        return nsde_add(nsde_sigmoid(a), nsde_mul(a, slope));
    }
    case OP_abs:
        return nsde_record(&(nsde_call){OP_sign, nsde_rows(a), 1, &a, 0});
    case OP_erf:
        return nsde_mul_real(nsde_exp(nsde_neg(nsde_square(a))), NSDE_2_SQRT_PI);
    case OP_normal_cdf:
        return nsde_mul_real(nsde_exp(nsde_mul_real(nsde_square(a), -0.5)), NSDE_1_SQRT_2PI);
    default:
        return nsde_tape_fail(tape, "%s: no derivative is known", nsde_op_name(op));
    }
}

/* 1 where the first operand is the chosen one, else 0; ties go to the first. */
static nsde_var chosen(nsde_var first_minus_second, size_t i)
{
    nsde_tape *tape = first_minus_second.tape;
    return nsde_choose(first_minus_second, nsde_real(tape, i == 0 ? 1.0 : 0.0),
                       nsde_real(tape, i == 0 ? 0.0 : 1.0));
}

static nsde_var binary_partial(const nsde_call *call, nsde_var y, size_t i)
{
    const nsde_var a = call->args[0], b = call->args[1];
    switch (call->op) {
    case OP_add:
        return nsde_real(a.tape, 1.0);
    case OP_sub:
        return nsde_real(a.tape, i == 0 ? 1.0 : -1.0);
    case OP_div:
        return i == 0 ? nsde_reciprocal(b) : nsde_neg(nsde_div(y, b));
    case OP_pow:
        if (i == 0 && nsde_is_constant(b)) /* the power may be one of those that are cheap */
            return nsde_chain(b, nsde_pow(a, nsde_add_real(b, -1.0)));
        if (i == 0)
            return nsde_chain(b,
                              nsde_record(&(nsde_call){OP_lower, nsde_rows(y), 3, (nsde_var[]){y, a, b}, 0}));
        return nsde_record(&(nsde_call){OP_log_to, nsde_rows(y), 2, (nsde_var[]){a, b}, 0});
    case OP_log_to: { /* log(a) a^b */
        if (i == 1)
            return nsde_chain(y, nsde_log(a));
        const nsde_var less = nsde_add_real(b, -1.0), args[] = {a, less};
        const nsde_var log_to = nsde_record(&(nsde_call){OP_log_to, nsde_rows(y), 2, args, 0});
        return nsde_add(nsde_pow(a, less), nsde_mul(b, log_to));
    }
    case OP_min:
        return chosen(nsde_sub(b, a), i);
    case OP_max:
        return chosen(nsde_sub(a, b), i);
    case OP_chi_square_quantile:
        if (call->extra)
            return nsde_tape_fail(a.tape, "chi_square_quantile: second derivatives are not available");
        return nsde_record(&(nsde_call){call->op, nsde_rows(y), 3, call->args, (uint32_t)i + 1});
    case OP_log_bessel_i:
        if (call->extra / 3 + call->extra % 3 == 2)
            return nsde_tape_fail(a.tape, "log_bessel_i: third derivatives are not available");
        return nsde_record_log_bessel_i(a, b, call->extra + (i == 0 ? 3 : 1));
    default:
        return nsde_tape_fail(a.tape, "%s: no derivative is known", nsde_op_name(call->op));
    }
}

nsde_var nsde_partial(const nsde_call *call, nsde_var y, size_t i)
{
    return call->n_args == 1 ? unary_partial(call->op, call->args[0], y) : binary_partial(call, y, i);
}

bool nsde_partial_is_singular(nsde_op op)
{
    return op == OP_reciprocal || op == OP_div || op == OP_sqrt || op == OP_log || op == OP_pow ||
           op == OP_log_to;
}
