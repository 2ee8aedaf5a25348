/* State files: what a long computation needs to go on where it was, as numbers of 64 bits, least byte first:
 *
 *   the kind (7 letters and a zero byte), version, identity, the words, CRC-64 of all before.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef NSDE_IO_STATE_H
#define NSDE_IO_STATE_H

#include <stdbool.h>
#include <stdint.h>

#include "nsde/status.h"

/* What stands at the beginning of a file, and its name in messages, such as "checkpoint of a training". */
typedef struct nsde_state_kind {
    char letters[8];
    uint64_t version;
    uint64_t identity;        /* of the computation: another one's file is refused */
    const char *what, *whole; /* "checkpoint of a training", "training" */
} nsde_state_kind;

/* A file that is being put together or taken apart, word by word. Freed by nsde_state_write and
 * nsde_state_end. */
typedef struct nsde_state {
    unsigned char *bytes, *at;
    size_t n_words;
} nsde_state;

/* Begins a file of n_words words. */
NSDE_MUST_USE nsde_status nsde_state_begin(const nsde_state_kind *kind, size_t n_words, nsde_state *state);
void nsde_state_put(nsde_state *state, uint64_t word);
void nsde_state_put_numbers(nsde_state *state, size_t n, const double *numbers);
/* All words are there: writes the file, whole or not at all, and ends the state. */
NSDE_MUST_USE nsde_status nsde_state_write(nsde_state *state, const char *path);

/* Reads a file and checks it: kind, version, checksum, identity; only then are there words. *found is false,
 * and nothing else done, where there is no such file.
 *  @return NSDE_IO; NSDE_PARSE */
NSDE_MUST_USE nsde_status nsde_state_read(const nsde_state_kind *kind, const char *path, nsde_state *state,
                                          bool *found);
/* The next word or numbers; the caller has looked at n_words. */
uint64_t nsde_state_get(nsde_state *state);
void nsde_state_get_numbers(nsde_state *state, size_t n, double *numbers);
void nsde_state_end(nsde_state *state);

#endif
