/* Problems with known solutions that tests of several layers share.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef NSDE_TESTS_PROBLEMS_H
#define NSDE_TESTS_PROBLEMS_H

/* Geometric Brownian motion dX = 1.01 X dt + 0.87 X dW from 0.5 to t = 1: the exact solution is
 * 0.5 exp((1.01 - 0.87^2 / 2) t + 0.87 W_t). */
static const double gbm0_parameters[] = {1.01, 0.87}, gbm0_x0 = 0.5;

/* Four increments over steps of 1/4 for it, what further integrals of the path H is made of (dZ / (2
 * sqrt(3)), dZ ~ N(0, h)), and what Euler-Maruyama makes of them. */
static const double path0_dW[] = {0.3, -0.2, 0.1, 0.4}, path0_dZ[] = {0.1, 0.25, -0.3, -0.15};
static const double path0_euler_maruyama = 1.749729747827531;

/* dX = (0 - X) dt + 0.5 dW from 1. */
static const double ou0_parameters[] = {1.0, 0.0, 0.5}, ou0_x0 = 1.0;

#endif
