/* A call option (S = K = 100, r = 0.05, sigma = 0.2, T = 1) by 64 Euler-Maruyama steps: the variance of its
 * price and its delta with pseudo-random and with quasi-random paths, 2^14 of them, over 24 seeds.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <stdio.h>

#include <nsde/noise.h>

enum { STEPS = 64, PATHS = 1 << 14, SEEDS = 24, PANEL = 256 };

static int price(const nsde_brownian *noise, double result[2])
{
    static double dW[STEPS][PANEL];
    const double h = 1.0 / STEPS, weight = exp(-0.05) / PATHS;
    result[0] = result[1] = 0.0;
    for (size_t first = 0; first < PATHS; first += PANEL) {
        if (nsde_brownian_increments(noise, h, first, PANEL, 0, STEPS, PANEL, dW[0]))
            return 1;
        for (size_t i = 0; i < PANEL; i++) {
            double S = 100.0;
            for (size_t k = 0; k < STEPS; k++)
                S *= 1.0 + 0.05 * h + 0.2 * dW[k][i];
            result[0] += S > 100.0 ? weight * (S - 100.0) : 0.0;
            result[1] += S > 100.0 ? weight * S / 100.0 : 0.0; /* dS / dS_0 = S / S_0 */
        }
    }
    return 0;
}

int main(void)
{
    const char *names[] = {"grid", "Sobol, bridge"};
    double variance[2][2];
    for (int quasi = 0; quasi < 2; quasi++) {
        double sum[2] = {0.0}, squares[2] = {0.0}, result[2];
        for (uint64_t seed = 0; seed < SEEDS; seed++) {
            nsde_brownian *noise;
            if ((quasi ? nsde_brownian_sobol(seed, 1, STEPS, NSDE_SOBOL_BRIDGE, &noise)
                       : nsde_brownian_grid(seed, 1, &noise)) ||
                price(noise, result)) {
                fprintf(stderr, "%s\n", nsde_error_message());
                return 1;
            }
            nsde_brownian_destroy(noise);
            for (int k = 0; k < 2; k++)
                sum[k] += result[k], squares[k] += result[k] * result[k];
        }
        for (int k = 0; k < 2; k++)
            variance[quasi][k] = (squares[k] - sum[k] * sum[k] / SEEDS) / (SEEDS - 1);
        printf("%-14s price %.4f +- %.1e  delta %.5f +- %.1e\n", names[quasi], sum[0] / SEEDS,
               sqrt(variance[quasi][0]), sum[1] / SEEDS, sqrt(variance[quasi][1]));
    }
    const double gain[2] = {variance[0][0] / variance[1][0], variance[0][1] / variance[1][1]};
    printf("variance of the price %.0f times less, of the delta %.0f times\n", gain[0], gain[1]);
    const bool good = gain[0] >= 5000.0 && gain[1] >= 60.0;
    printf("check: at least 5000 and 60 times: %s\n", good ? "yes" : "NO");
    return !good;
}
