/* Networks learn a double well and its noise from one observed path, by `nsde train`; then they are compared.
 *
 *     dx = (x - x^3 + y / 2) dt + (0.7 + 0.2 sin^2 y) dW1,   dy = (x / 2 - y) dt + 0.6 dW2
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <nsde/archive.h>
#include <nsde/model_file.h>
#include <nsde/simulate.h>
#include <stdio.h>
#include <stdlib.h>

static nsde_var drift(const nsde_at *at)
{
    const nsde_var x = nsde_row(at->x, 0), y = nsde_row(at->x, 1), well = nsde_sub(x, nsde_pow_real(x, 3.0));
    const nsde_var pull = nsde_sub(nsde_mul_real(x, 0.5), y);
    return nsde_stack(2, (nsde_var[]){nsde_add(well, nsde_mul_real(y, 0.5)), pull});
}
static nsde_var diffusion(const nsde_at *at)
{
    const nsde_var wave = nsde_mul_real(nsde_square(nsde_sin(nsde_row(at->x, 1))), 0.2);
    return nsde_stack(2, (nsde_var[]){nsde_add_real(wave, 0.7), nsde_real(at->tape, 0.6)});
}
int main(int count, char **words)
{
    enum { ROWS = 200001, SIDE = 11, N = 2 * SIDE * SIDE };
    static double rows[ROWS][3], at[N], values[4][N], *weights;
    const nsde_model_definition wells = {"wells", .dim = 2, .noise = NSDE_NOISE_GENERAL, .drift = drift,
                                         .diffusion = diffusion};
    nsde_simulate_settings s = nsde_simulate_settings_default();
    nsde_model *truth, *learned;
    nsde_simulation *path;
    char command[200];
    s.t1 = 5000.0; /* observed every 0.025, simulated in steps of 0.005 */
    s.steps = (s.save_every = 5) * (ROWS - 1);
    int failed = nsde_model_create(&wells, &truth) || nsde_simulate(truth, NULL, (double[2]){0}, &s, &path);
    for (size_t k = 0; k < ROWS && !failed; k++)
        rows[k][0] = path->times[k], rows[k][1] = path->states[2 * k], rows[k][2] = path->states[2 * k + 1];
    snprintf(command, sizeof command,
             "nsde train wells.csv --time t --value x,y --drift mlp:16 --diffusion mlp:8 --batch 1024 "
             "--rate 0.02 --out wells.json --iterations %s",
             count > 1 ? words[1] : "12000");
    for (int k = 0; k < N; k += 2) /* where the path has been often */
        at[k] = 0.26 * (k / 2 % SIDE - 5), at[k + 1] = 0.18 * (k / 2 / SIDE - 5);
    failed = failed || nsde_table_write_csv("wells.csv", 3, (const char *[]){"t", "x", "y"}, ROWS, rows[0]) ||
             system(command) || nsde_model_read("wells.json", &learned, &weights) ||
             nsde_model_evaluate(truth, NULL, N / 2, at, 0.0, NULL, values[0], values[1]) ||
             nsde_model_evaluate(learned, weights, N / 2, at, 0.0, NULL, values[2], values[3]);
    if (failed)
        return fprintf(stderr, "%s\n", nsde_error_message()), 2;
    double error[2] = {0.0, 0.0}, size[2] = {0.0, 0.0};
    for (int c = 0; c < 2; c++)
        for (int k = 0; k < N; k++)
            error[c] += pow(values[c + 2][k] - values[c][k], 2.0), size[c] += pow(values[c][k], 2.0);
    const double drift_error = sqrt(error[0] / size[0]), diffusion_error = sqrt(error[1] / size[1]);
    nsde_model_destroy(truth), nsde_model_destroy(learned), nsde_simulation_destroy(path);
    nsde_parameters_destroy(weights);
    printf("drift off by %.0f %%, diffusion by %.1f %%\n", 100 * drift_error, 100 * diffusion_error);
    return drift_error > 0.2 || diffusion_error > 0.03; /* what the test of this program looks at */
}
