/* Multilevel Monte Carlo: a lookback option and its delta to a given error, at a fraction of the steps that
 * one level would take.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <stdio.h>

#include <nsde/multilevel.h>

int main(void)
{
    enum { SPOT = 2 }; /* after the two parameters */
    const double parameters[] = {0.05, 0.2}, x0[] = {100.0}, exact = 17.216802, error = 0.02;
    const size_t derivatives[] = {SPOT};
    nsde_model *model = NULL;
    nsde_multilevel *multilevel = NULL;
    nsde_functional functional;
    nsde_payoff payoff = nsde_payoff_default();
    nsde_multilevel_settings settings = nsde_multilevel_settings_default();
    const nsde_multilevel_result *r;
    payoff.factor = exp(-0.05);
    if (nsde_model_open("gbm", &model) || nsde_functional_find("lookback", &payoff, &functional) ||
        nsde_integrator_find("milstein", &settings.integrator))
        return 1;
    const nsde_multilevel_problem problem = {model, &functional, parameters, x0, derivatives, 1};
    if (nsde_multilevel_create(&problem, &settings, &multilevel) ||
        nsde_multilevel_run(multilevel, error, &r)) {
        fprintf(stderr, "%s\n", nsde_error_message());
        return 1;
    }
    printf("level  steps  log2 of the variance of a difference\n");
    for (size_t l = 1; l < r->n_levels && l < 6; l++)
        printf("%5zu %6zu  %.0f\n", l, r->levels[l].steps, log2(nsde_multilevel_describe(r, l, 0).variance));
    printf("value %.1f, delta %.2f\n", r->value[0], r->value[1]);
    const double saving = r->standard_cost[0] / r->cost;
    const bool good = fabs(r->value[0] - exact) < 3.0 * error && fabs(r->value[1] - exact / 100.0) < 0.001;
    printf("check: within three errors, 50 times fewer steps: %s\n", good && saving > 50.0 ? "yes" : "NO");
    nsde_multilevel_destroy(multilevel);
    nsde_model_destroy(model);
    return !good || saving <= 50.0;
}
