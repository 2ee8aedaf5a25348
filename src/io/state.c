/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "io/state.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "core/error.h"
#include "core/memory.h"
#include "io/checksum.h"
#include "io/file.h"

enum { WORD = 8, /* bytes */ AROUND = 4 /* words: kind, version, identity, checksum */ };

nsde_status nsde_state_begin(const nsde_state_kind *kind, size_t n_words, nsde_state *state)
{
    void *bytes;
    size_t words;
    *state = (nsde_state){.n_words = n_words};
    if (!nsde_size_add(n_words, AROUND, &words))
        return nsde_fail(NSDE_OVERFLOW, "a %s of %zu words overflows the size of memory", kind->what,
                         n_words);
    const nsde_status status = nsde_alloc(words, WORD, kind->what, &bytes);
    if (status)
        return status;
    state->bytes = bytes;
    memcpy(state->bytes, kind->letters, WORD);
    state->at = state->bytes + WORD;
    nsde_state_put(state, kind->version);
    nsde_state_put(state, kind->identity);
    return NSDE_OK;
}

void nsde_state_put(nsde_state *state, uint64_t word)
{
    for (int i = 0; i < WORD; i++)
        *state->at++ = (unsigned char)(word >> 8 * i);
}

void nsde_state_put_numbers(nsde_state *state, size_t n, const double *numbers)
{
    for (size_t i = 0; i < n; i++) {
        uint64_t word;
        memcpy(&word, &numbers[i], sizeof word);
        nsde_state_put(state, word);
    }
}

nsde_status nsde_state_write(nsde_state *state, const char *path)
{
    nsde_file *file;
    nsde_state_put(state, nsde_checksum(0, state->bytes, (size_t)(state->at - state->bytes)));
    nsde_status status = nsde_file_create(path, &file);
    if (!status) {
        nsde_file_append(file, state->bytes, (size_t)(state->at - state->bytes));
        status = nsde_file_close(file);
    }
    nsde_state_end(state);
    return status;
}

static nsde_status check(const nsde_state_kind *kind, nsde_state *state, size_t size, const char *path)
{
    if (size < AROUND * WORD || size % WORD || memcmp(state->bytes, kind->letters, WORD) != 0)
        return nsde_fail(NSDE_PARSE, "%s is no %s, or only the beginning of one", path, kind->what);
    state->at = state->bytes + size - WORD;
    const uint64_t sum = nsde_state_get(state);
    state->at = state->bytes + WORD;
    const uint64_t version = nsde_state_get(state);
    if (version != kind->version)
        return nsde_fail(NSDE_PARSE, "%s is a %s of version %llu; this library reads version %llu", path,
                         kind->what, (unsigned long long)version, (unsigned long long)kind->version);
    if (sum != nsde_checksum(0, state->bytes, size - WORD))
        return nsde_fail(NSDE_PARSE, "%s is damaged: its checksum is not that of its content", path);
    if (nsde_state_get(state) != kind->identity)
        return nsde_fail(NSDE_PARSE, "%s belongs to another %s: its model, data, seed or settings differ",
                         path, kind->whole);
    state->n_words = size / WORD - AROUND;
    return NSDE_OK;
}

nsde_status nsde_state_read(const nsde_state_kind *kind, const char *path, nsde_state *state, bool *found)
{
    char *text;
    size_t size;
    *state = (nsde_state){0};
    *found = access(path, F_OK) == 0 || errno != ENOENT;
    if (!*found)
        return NSDE_OK;
    nsde_status status = nsde_file_read(path, &text, &size);
    if (status)
        return status;
    state->bytes = (unsigned char *)text;
    status = check(kind, state, size, path);
    if (status)
        nsde_state_end(state);
    return status;
}

uint64_t nsde_state_get(nsde_state *state)
{
    uint64_t word = 0;
    for (int i = 0; i < WORD; i++)
        word |= (uint64_t)*state->at++ << 8 * i;
    return word;
}

void nsde_state_get_numbers(nsde_state *state, size_t n, double *numbers)
{
    for (size_t i = 0; i < n; i++) {
        const uint64_t word = nsde_state_get(state);
        memcpy(&numbers[i], &word, sizeof word);
    }
}

void nsde_state_end(nsde_state *state)
{
    nsde_free(state->bytes);
    *state = (nsde_state){0};
}
