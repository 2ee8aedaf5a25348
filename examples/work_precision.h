/* What work_precision.c needs: a problem for each class of noise, paths, what a step costs, and the picture.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <nsde/simulate.h>
#include <nsde/text.h>

enum { FIRST = 3, LAST = 8, FINE = 10, PATHS = 400 }; /* steps of 2^-FIRST …; the solution's of 2^-FINE */

#define DRIFT .drift = "sin(2*x2) - x1/2; cos(2*x1) - x2/2"

static const nsde_text_model problems[] = {
    {.name = "additive", DRIFT, .diffusion = "0.5, 0.2; -0.2, 0.5"},
    {.name = "scalar", DRIFT, .diffusion = "cos(x2); 0.5 + x1/4", .column = true},
    {.name = "diagonal", DRIFT, .diffusion = "sqrt(1 + x1^2)/2; 0.6 + cos(x2)/4"},
    {.name = "commutative",
     DRIFT,
     .diffusion = "sqrt(1 + x1^2)/2, -sqrt(1 + x1^2)/5; sqrt(1 + x2^2)/4, sqrt(1 + x2^2)/2"},
    {.name = "general", DRIFT, .diffusion = "0.5, sin(x2)/2; x1/2, cos(x1)"},
};
/* The schemes whose fine paths stand for the solutions. */
static const char *const finest[] = {"sra1", "sriw1", "sriw1", "milstein", "milstein"};

static inline void need(nsde_status status)
{
    if (status) {
        fprintf(stderr, "%s\n", nsde_error_message());
        exit(1);
    }
}

/* The model; that noise commutes is not seen in a text, and said here. */
static inline nsde_model *open_problem(size_t k, nsde_model **text)
{
    nsde_model *model;
    need(nsde_model_from_text(&problems[k], text));
    nsde_model_definition definition = *nsde_model_describe(*text);
    if (strcmp(problems[k].name, "commutative") == 0)
        definition.noise = NSDE_NOISE_COMMUTATIVE;
    definition.release = NULL; /* the context is the text's, which lives longer */
    need(nsde_model_create(&definition, &model));
    return model;
}

/* Both states of all paths at t = 1 on steps of 2^-level, made of the fine noise. */
static inline nsde_simulation *run(const nsde_model *model, const nsde_integrator *m,
                                   const nsde_brownian *fine, int level)
{
    nsde_simulate_settings settings = nsde_simulate_settings_default();
    nsde_simulation *paths;
    nsde_brownian *noise;
    need(nsde_brownian_coarsen(fine, (size_t)1 << (FINE - level), &noise));
    settings.noise = noise;
    settings.steps = (size_t)1 << level;
    settings.paths = PATHS;
    settings.integrator = m;
    need(nsde_simulate(model, NULL, (const double[]){0.3, 0.4}, &settings, &paths));
    nsde_brownian_destroy(noise);
    return paths;
}

/* Operations of a step: instructions of the compiled program, and normals. */
static inline double operations(const nsde_model *model, const nsde_integrator *m)
{
    const size_t n = nsde_model_describe(model)->noise_dim,
                 normals = nsde_noise_rows(n, nsde_step_detail(m, model));
    nsde_tape *tape;
    nsde_program *program;
    need(nsde_tape_create(&tape));
    const nsde_var x = nsde_input(tape, 4), noise = nsde_input(tape, normals);
    nsde_step_at at = {
        .tape = tape, .model = model, .x = nsde_slice(x, 0, 2), .carried = nsde_slice(x, 2, 2)};
    at.t = nsde_uniform(tape, 1);
    at.h = nsde_uniform(tape, 1);
    at.dW = nsde_slice(noise, 0, n);
    if (normals > n)
        at.H = nsde_slice(noise, n, n);
    if (normals > 2 * n)
        at.A = nsde_slice(noise, 2 * n, normals - 2 * n);
    const nsde_var next = nsde_step_record(m, &at);
    need(nsde_program_create(tape, 1, &next, &program));
    const double all = (double)(nsde_program_instructions(program) + normals);
    nsde_program_destroy(program);
    nsde_tape_destroy(tape);
    return all;
}

/* Starts gnuplot on a picture, PNG or SVG by the name's ending; the data of each scheme follow. */
static inline FILE *picture(const char *name, const nsde_model *model)
{
    const size_t n = strlen(name);
    const bool svg = n > 4 && strcmp(name + n - 4, ".svg") == 0;
    FILE *to = popen("gnuplot", "w");
    if (!to)
        exit(1);
    fprintf(to, "set terminal %s size 800,440 %s\nset output '%s'\n", svg ? "svg" : "png",
            svg ? "background 'white'" : "", name);
    fprintf(to,
            "set title '%s noise'\nset logscale xy\nset format '10^{%%L}'\nset grid\n"
            "set key outside noenhanced\nset xlabel 'operations a path'\n"
            "set ylabel 'root-mean-square error at t = 1'\nplot ",
            nsde_model_describe(model)->name);
    const nsde_integrator *m;
    for (size_t i = 0; (m = nsde_integrator_at(i)) != NULL; i++)
        if (nsde_integrator_check(m, model) == NSDE_OK)
            fprintf(to, "'-' with linespoints lw 1.5 lc %zu pt %zu title '%s', ", i % 8 + 1, i % 15 + 1,
                    m->name);
    fprintf(to, "NaN notitle\n");
    return to;
}
