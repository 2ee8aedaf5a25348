// The loop of advection.h on ADOL-C.
//
// SPDX-License-Identifier: GPL-3.0-or-later
#include "advection.h"

#include <adolc/adolc.h>

#include <vector>

static void step(std::vector<adouble> &x, const adouble &p, const adouble &q)
{
    adouble left = x[0];
    for (int i = 1; i < CELLS - 1; i++) {
        const adouble old = x[i], in = left - old, out = x[i + 1] - old;
        x[i] = old + (p * in + q * (in + out));
        left = old;
    }
}

void bench_advection_adolc(const double *cells, const double coefficients[2], double gradient[2])
{
    const int tag = 1, keep = 1;
    double value;
    std::vector<double> adjoints(2 + CELLS);
    {
        std::vector<adouble> x(CELLS);
        adouble p, q, loss = 0.0;
        trace_on(tag, keep);
        p <<= coefficients[0];
        q <<= coefficients[1];
        for (int i = 0; i < CELLS; i++)
            x[i] <<= cells[i];
        for (int m = 0; m < STEPS; m++)
            step(x, p, q);
        for (int i = 0; i < CELLS; i++)
            loss += x[i] * x[i];
        loss >>= value;
        trace_off();
    }
    reverse(tag, 1, 2 + CELLS, 0, 1.0, adjoints.data());
    gradient[0] = adjoints[0];
    gradient[1] = adjoints[1];
}
