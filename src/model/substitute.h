/* A model with other coefficients; private to the library.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef NSDE_MODEL_SUBSTITUTE_H
#define NSDE_MODEL_SUBSTITUTE_H

#include "nsde/model.h"

/* What is put in the place of a model's coefficients. */
typedef struct nsde_substitute {
    nsde_var (*drift)(const nsde_at *at);
    nsde_var (*diffusion)(const nsde_at *at); /* asked for where the model has noise */
    void *context;                            /* borrowed */
} nsde_substitute;

/* The model with these coefficients, of as many rows and the same class of noise, which is not checked again;
 * whatever else a model can say of itself stays, but is not to be asked. Borrows the model. */
NSDE_MUST_USE nsde_status nsde_model_substitute(const nsde_model *model, const nsde_substitute *substitute,
                                                nsde_model **substituted);

#endif
