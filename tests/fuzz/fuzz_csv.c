/* Whatever the bytes, reading them as a file of columns ends in a series that keeps its promises or in a
 * sentence. For libFuzzer, with the library's sources compiled in so that it sees their branches:
 *
 *     clang -g -fsanitize=fuzzer,address,undefined -D_POSIX_C_SOURCE=200809L -DNSDE_VERSION='""' -Iinclude \
 *         -Isrc tests/fuzz/fuzz_csv.c src/core/[emn]*.c src/io/{file,date,csv,series,read_csv}.c -o fuzz_csv
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "io/csv.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void check_series(const nsde_series *series)
{
    if (series->n < 2 || series->dim != 1 || !*series->time_label)
        abort();
    for (size_t i = 0; i < series->n; i++)
        if (!isfinite(series->times[i]) || isinf(series->values[i]) ||
            (i && !(series->times[i] > series->times[i - 1])))
            abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static const char *const values[] = {"x"};
    const nsde_csv_settings settings[] = {{.time = "t", .values = values, .n_values = 1, .scale = 1.0},
                                          {.values = values, .n_values = 1, .scale = 0.01, .dt = 0.25}};
    for (int i = 0; i < 2; i++) {
        char *const text = malloc(size + 1); /* of the exact size, so that a sanitizer sees a step beyond */
        nsde_series *series;
        if (!text)
            return 0;
        if (size)
            memcpy(text, bytes, size);
        text[size] = '\0';
        const nsde_status status = nsde_series_parse_csv(text, size, "fuzz", &settings[i], &series);
        if (status ? series || !*nsde_error_message() : !series)
            abort();
        if (series)
            check_series(series);
        nsde_series_destroy(series);
        free(text);
    }
    return 0;
}
