/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench.h"
#include "neural.h"

void bench_w2(void)
{
    bench_neural(&(bench_workload){.name = "w2",
                                   .dim = 2,
                                   .drift = "mlp:64,64",
                                   .diffusion = "mlp:64",
                                   .paths = 1024,
                                   .steps = 100,
                                   .multiplications = 3.0 * 64 + 64.0 * 64 + 64.0 * 2 + 3.0 * 64 + 64.0 * 2,
                                   .tanhs = 64 + 64 + 64,
                                   .softplus = 2,
                                   .memory = true});
}
