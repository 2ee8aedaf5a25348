/* How good are estimators of a gradient? The vega of a call option on a geometric Brownian motion, by four of
 * them: bias, variance and what a replicate costs, for several numbers of steps and paths; with tables and
 * pictures as files where names are given: gradient_study TABLE.csv BIAS.png VARIANCE.png
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <nsde/study.h>
#include <nsde/text.h>
#include <stdio.h>

enum { METHODS = 4, STEPS = 3, PATHS = 2, VEGA = 1 };

int main(int count, char **words)
{
    const char *const names[METHODS] = {"forward", "reverse", "differences", "likelihood_ratio"};
    const nsde_text_model text = {.drift = "r*x", .diffusion = "s*x", .parameters = "r=0.05, s=0.2:0:"};
    const double parameters[] = {0.05, 0.2}, x0 = 100.0;
    const double exact[] = {53.23248154537634, 37.52403469169379, 0.6368306511756191, 10.45058357218557};
    const size_t steps[STEPS] = {1, 2, 4}, paths[PATHS] = {128, 512};
    const nsde_estimator *methods[METHODS];
    nsde_estimate_settings settings = {.run = nsde_gradient_settings_default(), .no_baseline = true};
    nsde_study *study;
    nsde_model *model;
    nsde_loss loss;
    int failed =
        nsde_model_from_text(&text, &model) || nsde_loss_from_text("exp(-r) * max(x - 100, 0)", model, &loss);
    for (int i = 0; i < METHODS; i++)
        failed = failed || nsde_estimator_find(names[i], &methods[i]);
    const nsde_estimate_problem problem = {model, &loss, parameters, &x0};
    const nsde_study_settings what = {.estimators = methods,
                                      .n_estimators = METHODS,
                                      .steps = steps,
                                      .n_steps = STEPS,
                                      .paths = paths,
                                      .n_paths = PATHS,
                                      .replicates = 400,
                                      .exact = exact};
    if (failed || nsde_study_run(&problem, &settings, &what, &study))
        return fprintf(stderr, "%s\n", nsde_error_message()), 1;
    printf("%-17s %5s %6s %9s %8s %11s %11s\n", "vega by", "steps", "paths", "bias", "s.e.", "variance",
           "x paths");
    double far = 0.0;
    for (size_t i = 0; i < study->n_cells; i++) {
        const nsde_study_cell *c = &study->cells[i];
        printf("%-17s %5zu %6zu %9.3f %8.3f %11.4g %11.4g\n", c->method->name, c->steps, c->paths,
               c->bias[VEGA], c->bias_error[VEGA], c->variance[VEGA], c->variance[VEGA] * (double)c->paths);
        if (c->steps == 4)
            far = fmax(far, fabs(c->bias[VEGA] / c->bias_error[VEGA]));
    }
    printf("check: with 4 steps no bias is beyond 4 standard errors: %s\n", far < 4.0 ? "yes" : "NO");
    failed =
        count > 3 && (nsde_study_write_csv(study, words[1]) || nsde_study_draw_bias(study, VEGA, words[2]) ||
                      nsde_study_draw_variance(study, VEGA, words[3]));
    if (failed)
        fprintf(stderr, "%s\n", nsde_error_message());
    nsde_study_destroy(study), nsde_loss_release_text(&loss), nsde_model_destroy(model);
    return failed || far >= 4.0;
}
