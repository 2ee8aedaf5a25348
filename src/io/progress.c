/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "io/progress.h"

#include <time.h>
#include <unistd.h>

static const double interval = 0.1; /* seconds between two showings */

static double now(void)
{
    struct timespec time;
    if (clock_gettime(CLOCK_MONOTONIC, &time) != 0)
        return 0.0;
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

void nsde_progress_start(nsde_progress *progress, FILE *stream, const char *what, size_t total)
{
    const bool terminal = stream && isatty(fileno(stream));
    *progress =
        (nsde_progress){.stream = terminal ? stream : NULL, .what = what, .total = total, .began = now()};
    progress->shown = progress->began;
}

/* "\r" goes back to the start of the line, "\033[K" wipes what is right of the cursor. */
void nsde_progress_update(nsde_progress *progress, size_t done)
{
    if (!progress->stream)
        return;
    const double time = now(), spent = time - progress->began;
    if (time - progress->shown < interval)
        return;
    progress->shown = time;
    if (progress->total && done) {
        const double part = (double)done / (double)progress->total;
        fprintf(progress->stream, "\r%s %3d %%, %ld s left\033[K", progress->what, (int)(100.0 * part),
                (long)(spent * (1.0 - part) / part + 0.5));
    } else {
        fprintf(progress->stream, "\r%s %zu, %ld s\033[K", progress->what, done, (long)spent);
    }
    fflush(progress->stream);
}

void nsde_progress_finish(nsde_progress *progress)
{
    if (progress->stream && progress->shown > progress->began) {
        fputs("\r\033[K", progress->stream);
        fflush(progress->stream);
    }
    progress->stream = NULL;
}
