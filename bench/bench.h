/* A benchmark is a file NAME.c with a function bench_NAME, and its name in meson.build. It prints lines
 * `name value unit`; a name begins with the file's, so that `--only PREFIX` can choose.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef NSDE_BENCH_BENCH_H
#define NSDE_BENCH_BENCH_H

#include <stdbool.h>
#include <stddef.h>

#include "nsde/status.h"

/* Is any figure that begins with `name` wanted, or does `name` begin with what is wanted? */
bool bench_wanted(const char *name);
/* Prints a figure if it is wanted. The name is formatted as by printf. */
void bench_print(double value, const char *unit, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Ends the program with the library's message if the status is not NSDE_OK. */
void bench_check(nsde_status status);

double bench_now(void); /* seconds */
/* The least seconds that work(context) takes, over repetitions that take at least `least` seconds in all; it
 * runs once before, to warm up. */
double bench_seconds(void (*work)(void *context), void *context, double least);

#define X(name) void bench_##name(void);
#include "benches.def"
#undef X

#endif
