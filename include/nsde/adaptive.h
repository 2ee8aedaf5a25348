/* nsde/adaptive.h: steps whose lengths follow from an estimate of their errors.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef NSDE_ADAPTIVE_H
#define NSDE_ADAPTIVE_H

#include <stddef.h>

#include "nsde/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/** The settings: type, name, default, least, most, what it is.
 *
 *  The error of a step is the integrator's own estimate where it has one (dormand_prince), else the
 *  difference between the step and two halves of it on the same Brownian path, of which the halves are kept.
 *  It is divided by absolute + relative |x|, |x| the larger at the two ends of the step, and the largest
 *  quotient over the states and the paths of a panel decides: up to 1 the step is accepted. All paths of a
 *  panel share their steps, so that a path's numbers depend on its panel, but not on threads. A new length is
 *  the old one times safety e^(-now/k) e_before^(before/k), e the quotients and k the order in h of the error
 *  of a step (Gustafsson 1991; Hairer and Wanner 1996, section IV.2; Soederlind 2003), k = 1/2 + strong order
 *  with noise. */
#define NSDE_ADAPTIVE_SETTINGS(X)                                                                            \
    X(double, relative, 1e-3, 0.0, 1.0, "tolerance of the error of a step, in units of the state")           \
    X(double, absolute, 1e-6, 0.0, 1e300, "tolerance of the error of a step, added to that")                 \
    X(double, first_step, 0.0, 0.0, 1e300, "length of the first step; 0 for (t1 - t0) / steps")              \
    X(double, shortest, 0.0, 0.0, 1e300,                                                                     \
      "least length of a step; 0 for 2^-20 of the whole time, with Levy areas 2^-12")                        \
    X(double, longest, 0.0, 0.0, 1e300, "greatest length of a step; 0 for no limit")                         \
    X(size_t, most_steps, 1000000, 1, SIZE_MAX, "steps that a panel may try")                                \
    X(double, safety, 0.9, 0.01, 1.0, "what a new length is multiplied by")                                  \
    X(double, now, 0.7, 0.0, 2.0, "exponent of the error of the step, times its order")                      \
    X(double, before, 0.4, 0.0, 2.0, "exponent of the error of the step before, times its order")            \
    X(double, shrink, 0.2, 0.01, 0.9, "least ratio of a length to the one before")                           \
    X(double, grow, 5.0, 1.0, 100.0, "greatest ratio of a length to the one before")                         \
    X(size_t, panel, 64, 1, 65536, "paths that share their steps")                                           \
    X(int, dense, 0, 0, 1, "1: steps do not land on observation times, states there are interpolated")

/** How steps are chosen. */
typedef struct nsde_adaptive {
#define NSDE_SETTING_FIELD(type, name, standard, least, most, doc) type name;
    NSDE_ADAPTIVE_SETTINGS(NSDE_SETTING_FIELD)
#undef NSDE_SETTING_FIELD
} nsde_adaptive;

NSDE_API nsde_adaptive nsde_adaptive_default(void); /**< The defaults of NSDE_ADAPTIVE_SETTINGS. */

/** The steps of a panel of paths: a grid for nsde_simulate_settings and nsde_gradient_settings, which with
 *  the same noise repeat the panel's states on it. */
typedef struct nsde_panel_steps {
    size_t first_path, paths;
    size_t accepted, rejected;
    double smallest;  /**< of the lengths accepted */
    size_t steps;     /**< of the grid: where steps were compared with their halves, the halves */
    double *times;    /**< [steps + 1] */
    size_t *observed; /**< [n_times] the step of the grid that ends at each saved time, 0 for the start; NULL
                           where those were interpolated */
} nsde_panel_steps;

#ifdef __cplusplus
}
#endif

#endif
