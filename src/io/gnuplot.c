/* Running gnuplot on a plot.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/error.h"
#include "core/memory.h"
#include "io/file.h"
#include "io/plot_layers.h"

extern char **environ;

enum { PLACE_SIZE = 400, SAID_SIZE = 500 };

/* The folder of the temporary files of one picture. */
typedef struct workshop {
    char folder[PLACE_SIZE];
    char script[PLACE_SIZE + 16], data[PLACE_SIZE + 16], picture[PLACE_SIZE + 16], said[PLACE_SIZE + 16];
} workshop;

static nsde_status open_workshop(workshop *w)
{
    const char *const asked = getenv("TMPDIR");
    const char *const place = asked && *asked && strlen(asked) < PLACE_SIZE - 32 ? asked : "/tmp";
    snprintf(w->folder, sizeof w->folder, "%s/nsde-plot-XXXXXX", place);
    if (!mkdtemp(w->folder))
        return nsde_fail(NSDE_IO, "no folder for temporary files could be made in %s: %s", place,
                         strerror(errno));
    snprintf(w->script, sizeof w->script, "%s/script", w->folder);
    snprintf(w->data, sizeof w->data, "%s/data", w->folder);
    snprintf(w->picture, sizeof w->picture, "%s/picture", w->folder);
    snprintf(w->said, sizeof w->said, "%s/said", w->folder);
    return NSDE_OK;
}

static void close_workshop(const workshop *w)
{
    unlink(w->script);
    unlink(w->data);
    unlink(w->picture);
    unlink(w->said);
    rmdir(w->folder);
}

static nsde_status write_inputs(size_t n, const nsde_plot *const plots[], bool svg, const workshop *w)
{
    nsde_file *file;
    nsde_status status = nsde_file_create(w->data, &file);
    if (status)
        return status;
    for (size_t i = 0; i < n; i++)
        nsde_plot_write_data(plots[i], file);
    status = nsde_file_close(file);
    if (!status)
        status = nsde_file_create(w->script, &file);
    if (status)
        return status;
    nsde_plot_write_script(n, plots, svg, w->data, w->picture, file);
    return nsde_file_close(file);
}

/* Starts gnuplot without the user's start-up files (-d) and with its words going to a file. */
static int start(const workshop *w, pid_t *child)
{
    posix_spawn_file_actions_t actions;
    int error = posix_spawn_file_actions_init(&actions);
    if (error)
        return error;
    error = posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    if (!error)
        error = posix_spawn_file_actions_addopen(&actions, 1, w->said, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    if (!error)
        error = posix_spawn_file_actions_adddup2(&actions, 1, 2);
    char name[] = "gnuplot", bare[] = "-d", script[PLACE_SIZE + 16];
    memcpy(script, w->script, sizeof script);
    char *const arguments[] = {name, bare, script, NULL};
    if (!error)
        error = posix_spawnp(child, name, &actions, NULL, arguments, environ);
    posix_spawn_file_actions_destroy(&actions);
    return error;
}

/* The last words of gnuplot on one line; "" when it was silent. */
static void read_words(const workshop *w, char said[SAID_SIZE])
{
    char *text;
    size_t size;
    said[0] = '\0';
    if (nsde_file_read(w->said, &text, &size))
        return;
    const size_t skipped = size > SAID_SIZE - 1 ? size - (SAID_SIZE - 1) : 0;
    size_t n = 0;
    for (const char *c = text + skipped; *c; c++) {
        const bool blank = (unsigned char)*c <= ' ';
        if (!blank || (n && said[n - 1] != ' '))
            said[n++] = blank ? ' ' : *c;
    }
    while (n && said[n - 1] == ' ')
        n--;
    said[n] = '\0';
    nsde_free(text);
}

static nsde_status run(const workshop *w)
{
    pid_t child;
    const int error = start(w, &child);
    if (error == ENOENT)
        return nsde_fail(NSDE_UNSUPPORTED, "pictures are drawn by gnuplot, which is not installed (package "
                                           "gnuplot-nox or gnuplot)");
    if (error)
        return nsde_fail(NSDE_IO, "gnuplot could not be started: %s", strerror(error));
    int state = 0;
    pid_t ended;
    while ((ended = waitpid(child, &state, 0)) < 0 && errno == EINTR)
        continue;
    /* A host that ignores SIGCHLD never learns how a child ended: then the picture must tell. */
    const bool known = ended == child;
    char said[SAID_SIZE];
    if (known && WIFEXITED(state) && WEXITSTATUS(state) == 127)
        return nsde_fail(NSDE_UNSUPPORTED, "pictures are drawn by gnuplot, which could not be run");
    if ((!known || (WIFEXITED(state) && WEXITSTATUS(state) == 0)) && access(w->picture, R_OK) == 0)
        return NSDE_OK;
    read_words(w, said);
    return nsde_fail(NSDE_IO, "gnuplot drew no picture: %s", *said ? said : "it gave no reason");
}

static nsde_status deliver(const workshop *w, const char *path)
{
    char *bytes;
    size_t size;
    nsde_file *file;
    nsde_status status = nsde_file_read(w->picture, &bytes, &size);
    if (status)
        return status;
    if (!size)
        status = nsde_fail(NSDE_IO, "%s: gnuplot drew an empty picture", path);
    if (!status)
        status = nsde_file_create(path, &file);
    if (!status) {
        nsde_file_append(file, bytes, size);
        status = nsde_file_close(file);
    }
    nsde_free(bytes);
    return status;
}

nsde_status nsde_plot_write_panels(size_t n, const nsde_plot *const plots[], const char *path)
{
    workshop w;
    nsde_status status = nsde_plot_check(path);
    for (size_t i = 0; i < n && !status; i++)
        if (!plots[i]->n_layers)
            status = nsde_fail(NSDE_INVALID, "%s: the plot shows nothing", path);
    if (!status)
        status = open_workshop(&w);
    if (status)
        return status;
    status = write_inputs(n, plots, strcmp(path + strlen(path) - 4, ".svg") == 0, &w);
    if (!status)
        status = run(&w);
    if (!status)
        status = deliver(&w, path);
    close_workshop(&w);
    return status;
}

nsde_status nsde_plot_write(const nsde_plot *plot, const char *path)
{
    return nsde_plot_write_panels(1, &plot, path);
}
