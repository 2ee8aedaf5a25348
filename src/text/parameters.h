/* Parameters from text; private to src/text.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef NSDE_TEXT_PARAMETERS_H
#define NSDE_TEXT_PARAMETERS_H

#include "nsde/model.h"
#include "text/expression.h"

/* Reads "kappa=0.5:0:, mu=0.06". The names point into `names`, which is as long as the text and one more.
 *  definitions: at least as many as there are '=' in the text. */
NSDE_MUST_USE nsde_status nsde_text_parameters(nsde_text *text, char *names,
                                               nsde_parameter_definition *definitions, size_t *n);

#endif
