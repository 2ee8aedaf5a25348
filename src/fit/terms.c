/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fit/terms.h"

#include <math.h>
#include <string.h>

#include "core/error.h"

typedef struct nsde_term_code term_code;

/* A value and, if tangents are wanted, their number of further outputs. */
static nsde_status record_outputs(const nsde_terms *terms, nsde_tape *tape, nsde_term_record record,
                                  const void *context, size_t tangents, nsde_var outputs[])
{
    nsde_var inputs[NSDE_TERM_INPUTS], directions[NSDE_HESSIAN_MOST];
    double unit[NSDE_HESSIAN_MOST] = {0.0};
    for (size_t i = 0; i < terms->n_inputs; i++)
        inputs[i] = nsde_input_passive(tape, 1);
    const size_t n = terms->n_parameters;
    nsde_var p = n ? nsde_parameter(tape, n) : nsde_real(tape, 0.0);
    if (!tangents) {
        outputs[0] = record(context, p, inputs);
    } else {
        const nsde_perturbation eps = nsde_perturb(tape, tangents);
        for (size_t k = 0; k < tangents; k++) {
            unit[k] = 1.0;
            directions[k] = nsde_constant(tape, tangents, unit);
            unit[k] = 0.0;
        }
        p = nsde_seed(eps, p, directions);
        const nsde_var y = record(context, p, inputs);
        outputs[0] = nsde_primal(eps, y);
        for (size_t k = 0; k < tangents; k++)
            outputs[1 + k] = nsde_tangent(eps, y, k);
    }
    const nsde_status status = nsde_tape_status(tape);
    if (!status && nsde_rows(outputs[0]) != 1)
        return nsde_fail(NSDE_RECORDING, "a log density has %zu rows instead of one", nsde_rows(outputs[0]));
    return status;
}

static nsde_status compile(const nsde_terms *terms, nsde_term_record record, const void *context,
                           size_t tangents, term_code *made)
{
    nsde_var outputs[1 + NSDE_HESSIAN_MOST];
    nsde_tape *tape;
    nsde_status status = nsde_tape_create(&tape);
    if (status)
        return status;
    status = record_outputs(terms, tape, record, context, tangents, outputs);
    if (!status)
        status = nsde_program_create(tape, 1 + tangents, outputs, &made->program);
    nsde_tape_destroy(tape);
    if (status)
        return status;
    made->panel = nsde_program_panel(made->program, NSDE_REVERSE);
    if (made->panel > terms->n)
        made->panel = terms->n;
    return nsde_workspace_create(made->program, made->panel, NSDE_REVERSE, &made->workspace);
}

nsde_status nsde_terms_compile(nsde_terms *terms, nsde_term_record record, const void *context)
{
    nsde_status status = compile(terms, record, context, 0, &terms->first);
    if (!status && terms->n_parameters && terms->n_parameters <= NSDE_HESSIAN_MOST)
        status = compile(terms, record, context, terms->n_parameters, &terms->second);
    return status;
}

static void code_destroy(term_code *code)
{
    nsde_workspace_destroy(code->workspace);
    nsde_program_destroy(code->program);
}

void nsde_terms_destroy(nsde_terms *terms)
{
    code_destroy(&terms->first);
    code_destroy(&terms->second);
}

static void set_parameters(const nsde_terms *terms, term_code *code, const double *parameters)
{
    if (terms->n_parameters)
        memcpy(nsde_workspace_parameters(code->workspace), parameters, terms->n_parameters * sizeof(double));
    nsde_workspace_prepare(code->workspace);
}

/* Runs the panel of terms from `first` on and returns their number. */
static size_t run_panel(const nsde_terms *terms, term_code *code, size_t first)
{
    const size_t left = terms->n - first, paths = left < code->panel ? left : code->panel;
    const size_t stride = nsde_workspace_stride(code->workspace);
    for (size_t i = 0; i < terms->n_inputs; i++) {
        double *row = nsde_workspace_input(code->workspace, i);
        memcpy(row, terms->inputs[i] + first, paths * sizeof(double));
        for (size_t lane = paths; lane < stride; lane++) /* idle lanes repeat the last, which is harmless */
            row[lane] = row[paths - 1];
    }
    nsde_forward(code->workspace, paths);
    return paths;
}

/* Gives output k the weight 1 for every path of the panel, or 0. */
static void weigh(term_code *code, size_t output, size_t paths, double weight)
{
    double *adjoint = nsde_workspace_output_adjoint(code->workspace, output);
    if (nsde_output_is_uniform(code->program, output)) {
        *adjoint = weight * (double)paths;
        return;
    }
    const size_t stride = nsde_workspace_stride(code->workspace);
    for (size_t lane = 0; lane < stride; lane++)
        adjoint[lane] = lane < paths ? weight : 0.0;
}

/* An output of path `lane`. */
static double output_at(const term_code *code, size_t output, size_t lane)
{
    const double *row = nsde_workspace_output(code->workspace, output);
    return row[nsde_output_is_uniform(code->program, output) ? 0 : lane];
}

void nsde_terms_densities(nsde_terms *terms, const double *parameters, double *densities)
{
    set_parameters(terms, &terms->first, parameters);
    for (size_t first = 0, paths; first < terms->n; first += paths) {
        paths = run_panel(terms, &terms->first, first);
        for (size_t lane = 0; lane < paths; lane++)
            densities[first + lane] = output_at(&terms->first, 0, lane);
    }
}

/* Neumaier's compensated sum: the search compares log likelihoods that differ in their last digits. */
typedef struct compensated {
    double sum, lost;
} compensated;

static void compensated_add(compensated *total, double a)
{
    const double sum = total->sum + a;
    total->lost += fabs(total->sum) >= fabs(a) ? total->sum - sum + a : a - sum + total->sum;
    total->sum = sum;
}

static void add_hessian(nsde_terms *terms, size_t paths, double *gradient, double *hessian)
{
    term_code *code = &terms->second;
    const size_t n = terms->n_parameters;
    for (size_t k = 0; k < n; k++) {
        for (size_t lane = 0; lane < paths; lane++)
            gradient[k] += output_at(code, 1 + k, lane);
        weigh(code, 1 + k, paths, 1.0);
        nsde_workspace_clear_adjoint(code->workspace);
        nsde_reverse(code->workspace, paths);
        const double *row = nsde_workspace_parameter_adjoint(code->workspace);
        for (size_t j = 0; j < n; j++)
            hessian[k * n + j] += row[j];
        weigh(code, 1 + k, paths, 0.0);
    }
}

size_t nsde_terms_add(nsde_terms *terms, const double *parameters, double *value, double *gradient,
                      double *hessian)
{
    term_code *code = hessian ? &terms->second : &terms->first;
    const size_t n = terms->n_parameters;
    size_t bad = terms->n;
    compensated sum = {0};
    set_parameters(terms, code, parameters);
    for (size_t k = 0; hessian && k <= n; k++)
        weigh(code, k, code->panel, 0.0);
    for (size_t first = 0, paths; first < terms->n; first += paths) {
        paths = run_panel(terms, code, first);
        for (size_t lane = 0; lane < paths; lane++) {
            const double density = output_at(code, 0, lane);
            if (!isfinite(density) && bad == terms->n)
                bad = first + lane;
            compensated_add(&sum, density);
        }
        if (hessian) {
            add_hessian(terms, paths, gradient, hessian);
        } else if (gradient && n) {
            weigh(code, 0, paths, 1.0);
            nsde_workspace_clear_adjoint(code->workspace);
            nsde_reverse(code->workspace, paths);
            const double *row = nsde_workspace_parameter_adjoint(code->workspace);
            for (size_t j = 0; j < n; j++)
                gradient[j] += row[j];
        }
    }
    *value += sum.sum + sum.lost;
    return bad;
}
