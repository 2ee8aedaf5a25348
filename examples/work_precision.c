/* Work and precision: which scheme takes the fewest operations a path (instructions of the compiled step, and
 * normals) for a root-mean-square error of 0.001 at t = 1. With a class of noise and a name, "general p.png",
 * the errors of every scheme that admits it are drawn.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>

#include "work_precision.h"

/* Errors at steps that halve, written as gnuplot's data where wanted; returns the operations for 0.001. */
static double study(FILE *to, const nsde_model *model, const nsde_integrator *m, const nsde_brownian *fine,
                    const nsde_simulation *solution)
{
    double error = 0.0, before = 0.0, work = operations(model, m) * (1 << FIRST);
    for (int level = FIRST; level <= LAST; level++, work *= 2.0) {
        nsde_simulation *paths = run(model, m, fine, level);
        const double *x = nsde_simulation_row(paths, 1, 0), *y = nsde_simulation_row(solution, 1, 0);
        before = error, error = 0.0;
        for (size_t i = 0; i < 2 * PATHS; i++)
            error += (x[i] - y[i]) * (x[i] - y[i]) / PATHS;
        error = sqrt(error);
        if (to)
            fprintf(to, "%g %g%s", work, error, level < LAST ? "\n" : "\ne\n");
        nsde_simulation_destroy(paths);
    }
    return 0.5 * work * pow(error / 1e-3, 1.0 / log2(before / error)); /* along the last two */
}

int main(int count, char **arguments)
{
    for (size_t k = 0; k < sizeof problems / sizeof *problems; k++) {
        const nsde_integrator *m, *best = NULL;
        double least = INFINITY;
        nsde_brownian *fine;
        if (count > 2 && strcmp(arguments[1], problems[k].name) != 0)
            continue;
        nsde_model *text, *model = open_problem(k, &text);
        need(nsde_brownian_grid(1, nsde_model_describe(model)->noise_dim, &fine));
        need(nsde_integrator_find(finest[k], &m));
        nsde_simulation *solution = run(model, m, fine, FINE);
        FILE *to = count > 2 ? picture(arguments[2], model) : NULL;
        for (size_t i = 0; (m = nsde_integrator_at(i)) != NULL; i++) {
            if (nsde_integrator_check(m, model))
                continue;
            const double work = study(to, model, m, fine, solution);
            best = work < least ? m : best;
            least = fmin(work, least);
        }
        if (!to || pclose(to) != 0)
            printf("%s noise: %s takes the fewest\n", problems[k].name, best->name);
        nsde_simulation_destroy(solution), nsde_brownian_destroy(fine);
        nsde_model_destroy(model), nsde_model_destroy(text);
    }
    return 0;
}
