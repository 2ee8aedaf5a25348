// nsde/dual.h and nsde/scalar.h in C++: the operators.
//
// SPDX-License-Identifier: GPL-3.0-or-later
#include "nsde/dual.h"
#include "nsde/scalar.h"

#include <cstdio>

template <class number> static number solve(number b, int steps)
{
    number x = b * 0.0 + 1.0;
    for (int i = 0; i < steps; i++)
        x += b * x / nsde_dual2_real(steps);
    return -(0.0 - x);
}

int main()
{
    const nsde_dual2 b = nsde_dual2_variable(0.7, 0), x = solve(b, 64);
    const double base = 1.0 + 0.7 / 64,
                 exact[] = {std::pow(base, 64), std::pow(base, 63), 63.0 / 64.0 * std::pow(base, 62)};
    const double found[] = {nsde_dual2_value(x), x.value.partial[0], x.partial[0].partial[0]};
    int wrong = !(b < x) || x <= b || !(b == b);
    for (int k = 0; k < 3; k++)
        wrong += !(std::fabs(found[k] - exact[k]) <= 1e-13 * exact[k]);
    if (wrong)
        std::printf("value, slope, curvature: %.17g %.17g %.17g\n", found[0], found[1], found[2]);
    nsde_scalar_tape *tape;
    if (nsde_scalar_tape_create(&tape))
        return 1;
    const nsde_scalar u = nsde_scalar_variable(tape, 0.7), v = nsde_scalar_variable(tape, 2.0);
    nsde_scalar y = 1.0 - u * v / (u + 2.0);
    y *= -v;
    wrong += nsde_scalar_gradient(y) != NSDE_OK || !(std::fabs(y.value - (2.8 / 2.7 - 2.0)) < 1e-15) ||
             !(std::fabs(nsde_scalar_adjoint(u) - 8.0 / 7.29) < 1e-15);
    nsde_scalar_tape_destroy(tape);
    return wrong;
}
