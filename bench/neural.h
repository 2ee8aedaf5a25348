/* The neural workloads W2, W3 and W4: gradient of the mean squared distance from a curve, at ten times and at
 * the end, by all weights.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef NSDE_BENCH_NEURAL_H
#define NSDE_BENCH_NEURAL_H

#include <stdbool.h>
#include <stddef.h>

typedef struct bench_workload {
    const char *name;
    size_t dim;
    const char *drift, *diffusion;
    size_t paths, steps;
    double multiplications; /* of the forward step of a path, in the dense layers */
    double tanhs, softplus; /* of the same */
    bool memory;            /* the peak memory of longer horizons, too */
} bench_workload;

void bench_neural(const bench_workload *workload);

#endif
