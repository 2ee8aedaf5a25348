/* Terms of a log likelihood that are all computed by one recorded log density, a path of a panel each.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef NSDE_FIT_TERMS_H
#define NSDE_FIT_TERMS_H

#include "nsde/tape.h"

enum { NSDE_TERM_INPUTS = 4, NSDE_HESSIAN_MOST = 64 /* parameters */ };

/* Records the log density, one row, from inputs of one row each. */
typedef nsde_var (*nsde_term_record)(const void *context, nsde_var p, const nsde_var inputs[]);

typedef struct nsde_terms {
    size_t n, n_inputs, n_parameters;
    const double *inputs[NSDE_TERM_INPUTS]; /* [n] each, borrowed */
    /* The log density alone, for values and reverse gradients; and with its tangents by the parameters as
     * further outputs, whose reverse sweeps are the rows of the Hessian (NULL: too many parameters). */
    struct nsde_term_code {
        nsde_program *program;
        nsde_workspace *workspace;
        size_t panel;
    } first, second;
} nsde_terms;

/* Fill in n, n_inputs, n_parameters and inputs before. */
NSDE_MUST_USE nsde_status nsde_terms_compile(nsde_terms *terms, nsde_term_record record, const void *context);
void nsde_terms_destroy(nsde_terms *terms);

/* The log density of each term: [n]. */
void nsde_terms_densities(nsde_terms *terms, const double *parameters, double *densities);

/* Adds the sum of the terms to *value and its derivatives to gradient [n_parameters] (NULL: not wanted) and
 * hessian [n_parameters][n_parameters] (NULL: not wanted; needs the gradient; as computed, not symmetrised).
 * Returns the first term whose density is not finite, or n. */
size_t nsde_terms_add(nsde_terms *terms, const double *parameters, double *value, double *gradient,
                      double *hessian);

#endif
