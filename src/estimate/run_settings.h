/* Private to src/estimate.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef NSDE_ESTIMATE_RUN_SETTINGS_H
#define NSDE_ESTIMATE_RUN_SETTINGS_H

#include "nsde/gradient.h"

/* trajectory.c: the numbers, the grid and the observations; NSDE_INVALID */
NSDE_MUST_USE nsde_status nsde_run_settings_check(const nsde_gradient_settings *settings);

#endif
