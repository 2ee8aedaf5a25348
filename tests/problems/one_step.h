/* One step of a scheme on a panel of states and noises, and the noises at which expectations over a step are
 * exact: the nodes of Gauss and Hermite.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef NSDE_TESTS_ONE_STEP_H
#define NSDE_TESTS_ONE_STEP_H

#include <gsl/gsl_integration.h>

#include "harness.h"
#include "step/compile.h"

/* Five nodes integrate polynomials of a normal number up to degree 9. */
enum { NODES = 5, MOST_LANES = 256, MOST_ROWS = 5 };

static const double nodes[NODES] = {-2.856970013872806, -1.355626179974266, 0.0, 1.355626179974266,
                                    2.856970013872806};
static const double weights[NODES] = {0.01125741132772069, 0.2220759220056126, 0.5333333333333333,
                                      0.2220759220056126, 0.01125741132772069};

/* The noise of a step of length 1: dW by nodes; space-time areas by nodes (one component) or signs; a Levy
 * area by Davie's formula, the rest of it a sign. Rows as a step's: dW, H, A. */
typedef struct quadrature {
    size_t n;
    double rows[MOST_ROWS][MOST_LANES], weight[MOST_LANES];
} quadrature;

static inline void quadrature_fill(quadrature *q, size_t components)
{
    *q = (quadrature){0};
    const double side = sqrt(1.0 / 12.0);
    for (int i = 0; i < NODES && components < 2; i++)
        for (int j = 0; j < NODES && components == 1; j++) {
            q->weight[q->n] = weights[i] * weights[j];
            q->rows[0][q->n] = nodes[i];
            q->rows[1][q->n++] = nodes[j] * side;
        }
    for (int k = 0; k < NODES * NODES * 8 && components == 2; k++) {
        const int i = k / 8 / NODES, j = k / 8 % NODES;
        const double H0 = k & 1 ? side : -side, H1 = k & 2 ? side : -side;
        q->weight[q->n] = weights[i] * weights[j] / 8.0;
        q->rows[0][q->n] = nodes[i];
        q->rows[1][q->n] = nodes[j];
        q->rows[2][q->n] = H0;
        q->rows[3][q->n] = H1;
        q->rows[4][q->n++] = H0 * nodes[j] - nodes[i] * H1 + (k & 4 ? side : -side);
    }
    if (components == 0)
        q->weight[q->n++] = 1.0;
}

/* One component by 16 nodes for dW and for H: exact for functions that are far from polynomials. */
static inline void quadrature_fine(quadrature *q)
{
    enum { FINE = 16 };
    gsl_integration_fixed_workspace *rule =
        gsl_integration_fixed_alloc(gsl_integration_fixed_hermite, FINE, 0.0, 0.5, 0.0, 0.0);
    const double *z = gsl_integration_fixed_nodes(rule), *w = gsl_integration_fixed_weights(rule);
    *q = (quadrature){.n = FINE * FINE};
    for (size_t i = 0; i < q->n; i++) {
        q->rows[0][i] = z[i / FINE];
        q->rows[1][i] = z[i % FINE] * sqrt(1.0 / 12.0);
        q->weight[i] = w[i / FINE] * w[i % FINE] / (8.0 * atan(1.0)); /* 2 pi */
    }
    gsl_integration_fixed_free(rule);
}

typedef struct one_step {
    nsde_program *program;
    nsde_workspace *workspace;
    size_t dim, carried, noise_rows, noise_dim, stride;
} one_step;

static inline void one_step_create(one_step *s, const nsde_integrator *integrator, const nsde_model *model,
                                   const double *parameters, size_t lanes)
{
    const nsde_model_definition *d = nsde_model_describe(model);
    check_ok(
        nsde_step_compile(integrator, model, &(nsde_step_options){.precision = NSDE_DOUBLE}, &s->program));
    check_ok(nsde_workspace_create(s->program, lanes, NSDE_FORWARD, &s->workspace));
    s->stride = nsde_workspace_stride(s->workspace);
    s->dim = d->dim;
    s->carried = integrator->carried;
    s->noise_dim = d->noise_dim;
    s->noise_rows = d->diffusion ? nsde_noise_rows(d->noise_dim, nsde_step_detail(integrator, model)) : 0;
    for (size_t k = 0; k < d->n_parameters; k++)
        nsde_workspace_parameters(s->workspace)[k] = parameters[k];
    nsde_workspace_prepare(s->workspace);
}

static inline void one_step_destroy(one_step *s)
{
    nsde_workspace_destroy(s->workspace);
    nsde_program_destroy(s->program);
}

/* A step from t over h of every noise of q, scaled, from x [dim] at lane `first` on. */
static inline void one_step_put(one_step *s, const quadrature *q, double h, const double *x, size_t first)
{
    for (size_t c = 0; c < s->dim * (1 + s->carried); c++)
        for (size_t i = 0; i < q->n; i++)
            nsde_workspace_input(s->workspace, NSDE_STEP_STATE)[c * s->stride + first + i] = x[c % s->dim];
    for (size_t c = 0; c < s->noise_rows; c++) {
        const double scale = c < 2 * s->noise_dim ? sqrt(h) : h;
        for (size_t i = 0; i < q->n; i++)
            nsde_workspace_input(s->workspace, NSDE_STEP_NOISE)[c * s->stride + first + i] =
                q->rows[c][i] * scale;
    }
}

/* The states after the step: [dim][stride]. */
static inline const double *one_step_run(one_step *s, double t, double h, size_t lanes)
{
    *nsde_workspace_uniform(s->workspace, NSDE_STEP_TIME) = t;
    *nsde_workspace_uniform(s->workspace, NSDE_STEP_LENGTH) = h;
    nsde_forward(s->workspace, lanes);
    return nsde_workspace_output(s->workspace, 0);
}

#endif
