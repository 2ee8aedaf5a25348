/* Networks learn a double well and its noise from one observed path, by `nsde train`; then they are compared.
 *
 *     dx = (x - x^3 + y / 2) dt + (0.7 + 0.2 sin^2 y) dW1,   dy = (x / 2 - y) dt + 0.6 dW2
 *
 * Usage: double_well NSDE-PROGRAM FOLDER */
#include <math.h>
#include <nsde/archive.h>
#include <nsde/model_file.h>
#include <nsde/simulate.h>
#include <spawn.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>
static nsde_var drift(const nsde_at *at)
{
    const nsde_var x = nsde_row(at->x, 0), y = nsde_row(at->x, 1), well = nsde_sub(x, nsde_pow_real(x, 3.0));
    const nsde_var parts[] = {nsde_add(well, nsde_mul_real(y, 0.5)), nsde_sub(nsde_mul_real(x, 0.5), y)};
    return nsde_stack(2, parts);
}
static nsde_var diffusion(const nsde_at *at)
{
    const nsde_var wave = nsde_mul_real(nsde_square(nsde_sin(nsde_row(at->x, 1))), 0.2);
    return nsde_stack(2, (nsde_var[]){nsde_add_real(wave, 0.7), nsde_real(at->tape, 0.6)});
}
int main(int count, char **words)
{
    enum { ROWS = 200001, SIDE = 11, POINTS = SIDE * SIDE };
    static double rows[ROWS][3], at[POINTS][2], f[2][POINTS][2], g[2][POINTS][2], *weights;
    nsde_model *truth, *learned;
    nsde_simulation *path;
    const nsde_model_definition definition = {
        .name = "wells", .dim = 2, .noise = NSDE_NOISE_GENERAL, .drift = drift, .diffusion = diffusion};
    nsde_simulate_settings s = nsde_simulate_settings_default();
    s.t1 = 5000.0; /* observed every 0.025, simulated in steps of 0.005 */
    s.steps = 5 * (ROWS - 1);
    s.save_every = 5;
    if (count != 3 || chdir(words[2]) || nsde_model_create(&definition, &truth) ||
        nsde_simulate(truth, NULL, (double[]){1.0, 0.5}, &s, &path))
        return fprintf(stderr, "%s\n", nsde_error_message()), 1;
    for (size_t k = 0; k < ROWS; k++)
        rows[k][0] = path->times[k], rows[k][1] = path->states[2 * k], rows[k][2] = path->states[2 * k + 1];
    char *train[] = {words[1], "train", "wells.csv", "--time", "t", "--value", "x,y", "--drift", "mlp:16",
                     "--diffusion", "mlp:8", "--iterations", "4000", "--out", "wells.json", NULL}, *none[] = {NULL};
    pid_t child;
    int status;
    if (nsde_table_write_csv("wells.csv", 3, (const char *[]){"t", "x", "y"}, ROWS, rows[0]) ||
        posix_spawn(&child, words[1], NULL, NULL, train, none) || waitpid(child, &status, 0) != child || status ||
        nsde_model_read("wells.json", &learned, &weights))
        return fprintf(stderr, "%s\n", nsde_error_message()), 1;
    double error[2] = {0.0, 0.0}, size[2] = {0.0, 0.0};
    for (int k = 0; k < POINTS; k++) /* |x| < 1.3, |y| < 0.9: where the path has been often */
        at[k][0] = 0.26 * (k % SIDE - 5), at[k][1] = 0.18 * (k / SIDE - 5);
    if (nsde_model_evaluate(truth, NULL, POINTS, at[0], 0.0, f[0][0], g[0][0]) ||
        nsde_model_evaluate(learned, weights, POINTS, at[0], 0.0, f[1][0], g[1][0]))
        return fprintf(stderr, "%s\n", nsde_error_message()), 1;
    const double *flat[] = {f[0][0], f[1][0], g[0][0], g[1][0]};
    for (int c = 0; c < 2; c++) /* drift, diffusion */
        for (int k = 0; k < 2 * POINTS; k++) {
            error[c] += pow(flat[2 * c + 1][k] - flat[2 * c][k], 2.0);
            size[c] += pow(flat[2 * c][k], 2.0);
        }
    printf("drift: error %.0f %% of its size; diffusion: error %.1f %% of its size\n",
           100.0 * sqrt(error[0] / size[0]), 100.0 * sqrt(error[1] / size[1]));
    nsde_simulation_destroy(path), nsde_parameters_destroy(weights);
    nsde_model_destroy(learned), nsde_model_destroy(truth);
    return 0;
}
