/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench.h"
#include "neural.h"

void bench_w3(void)
{
    bench_neural(
        &(bench_workload){.name = "w3",
                          .dim = 8,
                          .drift = "mlp:128,128",
                          .diffusion = "mlp:128",
                          .paths = 4096,
                          .steps = 100,
                          .multiplications = 9.0 * 128 + 128.0 * 128 + 128.0 * 8 + 9.0 * 128 + 128.0 * 8,
                          .tanhs = 128 + 128 + 128,
                          .softplus = 8});
}
