/* Running the nsde program as a child, and what it said.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef NSDE_TESTS_CLI_PROGRAM_H
#define NSDE_TESTS_CLI_PROGRAM_H

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>

#include "io/scratch.h"

extern char **environ;

typedef struct program_run {
    int status; /* exit status; -1 when it did not exit by itself */
    char out[1 << 17], err[1 << 13];
} program_run;

static inline void program_read(FILE *stream, char *text, size_t size)
{
    rewind(stream);
    text[fread(text, 1, size - 1, stream)] = '\0';
    fclose(stream);
}

/* Runs words[0] (found along PATH) with stdout going to a file of that name, or NULL to read it. The result
 * is valid until the next call. */
static inline const program_run *program_start(const char *to, const char *const words[])
{
    static program_run run;
    posix_spawn_file_actions_t actions;
    FILE *out = to ? fopen(to, "w") : tmpfile(), *err = tmpfile();
    ck_assert(out && err);
    ck_assert_int_eq(posix_spawn_file_actions_init(&actions), 0);
    ck_assert_int_eq(posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0), 0);
    ck_assert_int_eq(posix_spawn_file_actions_adddup2(&actions, fileno(out), 1), 0);
    ck_assert_int_eq(posix_spawn_file_actions_adddup2(&actions, fileno(err), 2), 0);
    char *arguments[64];
    size_t n = 0;
    for (; words[n]; n++) {
        ck_assert_uint_lt(n, 63);
        arguments[n] = strdup(words[n]);
        ck_assert_ptr_nonnull(arguments[n]);
    }
    arguments[n] = NULL;
    pid_t child;
    int state;
    ck_assert_int_eq(posix_spawnp(&child, words[0], &actions, NULL, arguments, environ), 0);
    ck_assert_int_eq(waitpid(child, &state, 0), child);
    posix_spawn_file_actions_destroy(&actions);
    while (n)
        free(arguments[--n]);
    run.status = WIFEXITED(state) ? WEXITSTATUS(state) : -1;
    run.out[0] = '\0';
    if (to)
        fclose(out);
    else
        program_read(out, run.out, sizeof run.out);
    program_read(err, run.err, sizeof run.err);
    return &run;
}

#define PROGRAM_WORDS(...) ((const char *const[]){NSDE_PROGRAM, __VA_ARGS__, NULL})

/* The program with these words. */
#define nsde(...) program_start(NULL, PROGRAM_WORDS(__VA_ARGS__))

static inline const program_run *program_expect(const program_run *run, int status)
{
    ck_assert_msg(run->status == status, "exit status %d instead of %d; stderr: %s", run->status, status,
                  run->err);
    return run;
}

/* It ends with this status after one line on stderr that contains `part`, and nothing on stdout. */
static inline void program_refuses(const program_run *run, int status, const char *part)
{
    const size_t length = strlen(run->err);
    program_expect(run, status);
    ck_assert_str_eq(run->out, "");
    ck_assert_msg(length && strchr(run->err, '\n') == run->err + length - 1, "not one line: %s", run->err);
    ck_assert_msg(strncmp(run->err, "nsde", 4) == 0 && strstr(run->err, part), "\"%s\" does not name \"%s\"",
                  run->err, part);
}

/* It does what it was asked for and says nothing on stderr. */
static inline const program_run *program_does(const program_run *run)
{
    program_expect(run, 0);
    ck_assert_str_eq(run->err, "");
    return run;
}

static inline bool program_installed(const char *name)
{
    char command[100];
    snprintf(command, sizeof command, "command -v %s >/dev/null", name);
    const bool found = system(command) == 0;
    if (!found)
        fprintf(stderr, "SKIPPED: %s is not installed\n", name);
    return found;
}

#endif
