/* Private to src/multilevel.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef NSDE_MULTILEVEL_FUNCTIONAL_H
#define NSDE_MULTILEVEL_FUNCTIONAL_H

#include "core/settings.h"
#include "nsde/multilevel.h"

enum { NSDE_FUNCTIONAL_MOST = 4096 }; /* accumulators, or normals of a piece */

/* NSDE_INVALID where it lacks a function, or names a state that a model of `dim` states does not have. */
NSDE_MUST_USE nsde_status nsde_functional_check(const nsde_functional *functional, size_t dim);

#endif
