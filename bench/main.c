/* nsde-bench: prints figures of this machine and of the library, one a line.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bench.h"

static const char *only = "";

bool bench_wanted(const char *name)
{
    const size_t shorter = strlen(name) < strlen(only) ? strlen(name) : strlen(only);
    return strncmp(name, only, shorter) == 0;
}

void bench_print(double value, const char *unit, const char *format, ...)
{
    char name[200];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(name, sizeof name, format, arguments);
    va_end(arguments);
    if (strncmp(name, only, strlen(only)) == 0) {
        printf("%s %.6g %s\n", name, value, unit);
        fflush(stdout);
    }
}

void bench_check(nsde_status status)
{
    if (!status)
        return;
    fprintf(stderr, "nsde-bench: %s\n", nsde_error_message());
    exit(EXIT_FAILURE);
}

double bench_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

double bench_seconds(void (*work)(void *context), void *context, double least)
{
    double best = INFINITY, all = 0.0;
    work(context);
    for (int runs = 0; runs < 3 || all < least; runs++) {
        const double start = bench_now();
        work(context);
        const double taken = bench_now() - start;
        best = taken < best ? taken : best;
        all += taken;
    }
    return best;
}

int main(int count, char **arguments)
{
    if (count == 3 && strcmp(arguments[1], "--only") == 0) {
        only = arguments[2];
    } else if (count != 1) {
        fprintf(stderr, "usage: nsde-bench [--only PREFIX]\n");
        return 2;
    }
#define X(name)                                                                                              \
    if (bench_wanted(#name "."))                                                                             \
        bench_##name();
#include "benches.def"
#undef X
    return EXIT_SUCCESS;
}
