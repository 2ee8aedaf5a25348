/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench.h"
#include "neural.h"

void bench_w4(void)
{
    bench_neural(&(bench_workload){.name = "w4",
                                   .dim = 1,
                                   .drift = "mlp:16,16",
                                   .diffusion = "mlp:16",
                                   .paths = 64,
                                   .steps = 50,
                                   .multiplications = 2.0 * 16 + 16.0 * 16 + 16.0 * 1 + 2.0 * 16 + 16.0 * 1,
                                   .tanhs = 16 + 16 + 16,
                                   .softplus = 1});
}
