/* A model's coefficients at given points.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "core/error.h"
#include "nsde/model.h"

enum { DRIFT, DIFFUSION, COEFFICIENTS };
enum { STATE, INPUT };

static nsde_status compile(const nsde_model *model, nsde_program **program)
{
    nsde_tape *tape;
    nsde_var coefficients[COEFFICIENTS];
    nsde_status status = nsde_tape_create(&tape);
    if (status)
        return status;
    const nsde_var x = nsde_input_passive(tape, nsde_model_describe(model)->dim), t = nsde_uniform(tape, 1);
    const nsde_var p = nsde_model_record_parameters(model, tape), u = nsde_model_record_inputs(model, tape);
    coefficients[DRIFT] = nsde_model_drift(model, x, t, p, u);
    coefficients[DIFFUSION] = nsde_model_diffusion(model, x, t, p, u);
    status = nsde_program_create(tape, COEFFICIENTS, coefficients, program);
    nsde_tape_destroy(tape);
    return status;
}

/* Copies output k of the panel's paths to [path][row]. */
static void take(const nsde_program *program, const nsde_workspace *w, size_t k, size_t paths, double *values)
{
    const size_t rows = nsde_program_output_rows(program, k), stride = nsde_workspace_stride(w);
    const bool uniform = nsde_output_is_uniform(program, k);
    const double *output = nsde_workspace_output(w, k);
    for (size_t i = 0; i < paths; i++)
        for (size_t row = 0; row < rows; row++)
            values[i * rows + row] = uniform ? output[row] : output[row * stride + i];
}

/* The panel's points, [point][row], to an input; idle lanes repeat the last, which is harmless. */
static void put(nsde_workspace *w, size_t input, size_t rows, const double *points, size_t paths)
{
    const size_t stride = nsde_workspace_stride(w);
    double *const to = nsde_workspace_input(w, input);
    for (size_t lane = 0; lane < stride; lane++)
        for (size_t i = 0; i < rows; i++)
            to[i * stride + lane] = points[(lane < paths ? lane : paths - 1) * rows + i];
}

static void run(const nsde_program *program, nsde_workspace *w, size_t panel, size_t n,
                const nsde_model_definition *d, const double *x, const double *inputs, double *drift,
                double *diffusion)
{
    for (size_t first = 0, paths; first < n; first += paths) {
        paths = n - first < panel ? n - first : panel;
        put(w, STATE, d->dim, x + first * d->dim, paths);
        if (d->n_inputs)
            put(w, INPUT, d->n_inputs, inputs + first * d->n_inputs, paths);
        nsde_forward(w, paths);
        if (drift)
            take(program, w, DRIFT, paths, drift + first * d->dim);
        if (diffusion)
            take(program, w, DIFFUSION, paths,
                 diffusion + first * nsde_program_output_rows(program, DIFFUSION));
    }
}

nsde_status nsde_model_evaluate(const nsde_model *model, const double *parameters, size_t n, const double *x,
                                double t, const double *inputs, double *drift, double *diffusion)
{
    nsde_program *program = NULL;
    nsde_workspace *w = NULL;
    if (!model || (n && !x))
        return nsde_fail(NSDE_INVALID, "nsde_model_evaluate: a model and points are needed");
    const nsde_model_definition *d = nsde_model_describe(model);
    if (n && d->n_inputs && !inputs)
        return nsde_fail(NSDE_INVALID, "model %s: %zu inputs of each point are needed", d->name, d->n_inputs);
    nsde_status status = nsde_model_check_parameters(model, parameters);
    if (!status)
        status = compile(model, &program);
    if (status)
        return status;
    const size_t widest = nsde_program_panel(program, NSDE_FORWARD), panel = n < widest ? n : widest;
    status = nsde_workspace_create(program, panel ? panel : 1, NSDE_FORWARD, &w);
    if (!status) {
        if (d->n_parameters)
            memcpy(nsde_workspace_parameters(w), parameters, d->n_parameters * sizeof *parameters);
        *nsde_workspace_uniform(w, 0) = t;
        nsde_workspace_prepare(w);
        run(program, w, panel, n, d, x, inputs, drift, diffusion);
    }
    nsde_workspace_destroy(w);
    nsde_program_destroy(program);
    return status;
}
