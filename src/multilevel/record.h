/* The programs of a path with a functional on it; private to src/multilevel.
 *
 * A path is a bundle of rows: the state with what the integrator carries, then the accumulators; then the
 * tangents of all these in each direction: [1 + directions][rows].
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef NSDE_MULTILEVEL_RECORD_H
#define NSDE_MULTILEVEL_RECORD_H

#include "multilevel/functional.h"
#include "step/compile.h"

typedef struct nsde_bundle {
    const nsde_multilevel_problem *problem;
    const nsde_multilevel_settings *settings; /* the integrator is given */
    size_t dim, states, accumulators;         /* states: with what is carried */
    size_t rows;                              /* states + accumulators */
    size_t directions;
    size_t noise_rows, normals; /* of a fine step */
    nsde_noise_detail detail;   /* of a fine step */
} nsde_bundle;

nsde_bundle nsde_bundle_of(const nsde_multilevel_problem *problem, const nsde_multilevel_settings *settings);

/* Inputs of a step: the bundle, noise [pieces][noise_rows] of its fine steps, normals [pieces][normals] if
 * there are any. Uniforms: time and length of the step. Output: the bundle. */
enum { NSDE_BUNDLE_STATE, NSDE_BUNDLE_NOISE, NSDE_BUNDLE_NORMALS };
NSDE_MUST_USE nsde_status nsde_bundle_step(const nsde_bundle *bundle, size_t pieces, bool last,
                                           nsde_program **program);
/* From the initial state [dim] to the bundle. */
NSDE_MUST_USE nsde_status nsde_bundle_start(const nsde_bundle *bundle, nsde_program **program);
/* From the bundle to the value and its derivatives [1 + directions]. */
NSDE_MUST_USE nsde_status nsde_bundle_value(const nsde_bundle *bundle, nsde_program **program);

#endif
