/* Checkpoint files: a header, the state, and a checksum of both, all numbers of 64 bits, least byte first.
 *
 *   "nsdetrn" and a zero byte, version, identity, n, vectors of the optimiser, its steps, iteration,
 * position, best_iteration, worse; loss, held_out, best; parameters [n], best_parameters [n], memory of the
 * optimiser [vectors][n]; CRC-64.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "train/checkpoint.h"

#include <errno.h>
#include <math.h>
#include <string.h>
#include <unistd.h>

#include "core/error.h"
#include "io/file.h"
#include "train/checksum.h"

static const unsigned char magic[8] = "nsdetrn";

enum {
    VERSION = 1,
    WORD = 8,   /* bytes */
    HEADER = 13 /* words before the vectors, the magic included */
};

/* Bytes of the file, or false where they overflow. */
static bool measure(const nsde_train_memory *m, size_t *size)
{
    size_t words;
    return nsde_size_mul(m->n, m->optimiser->method->n_memory + 2, &words) &&
           nsde_size_add(words, HEADER + 1, &words) && nsde_size_mul(words, WORD, size);
}

static unsigned char *put(unsigned char *at, uint64_t word)
{
    for (int i = 0; i < WORD; i++)
        at[i] = (unsigned char)(word >> 8 * i);
    return at + WORD;
}

static unsigned char *put_numbers(unsigned char *at, size_t n, const double *numbers)
{
    for (size_t i = 0; i < n; i++) {
        uint64_t word;
        memcpy(&word, &numbers[i], sizeof word);
        at = put(at, word);
    }
    return at;
}

static uint64_t get(const unsigned char *at)
{
    uint64_t word = 0;
    for (int i = 0; i < WORD; i++)
        word |= (uint64_t)at[i] << 8 * i;
    return word;
}

static const unsigned char *get_numbers(const unsigned char *at, size_t n, double *numbers)
{
    for (size_t i = 0; i < n; i++, at += WORD) {
        const uint64_t word = get(at);
        memcpy(&numbers[i], &word, sizeof word);
    }
    return at;
}

nsde_status nsde_checkpoint_write(const nsde_train_memory *m, const char *path)
{
    void *bytes;
    size_t size;
    nsde_file *file;
    const nsde_optimiser *o = m->optimiser;
    if (!measure(m, &size))
        return nsde_fail(NSDE_OVERFLOW, "%s: %zu parameters overflow the size of memory", path, m->n);
    nsde_status status = nsde_alloc(size, 1, "checkpoint", &bytes);
    if (status)
        return status;
    unsigned char *at = bytes;
    memcpy(at, magic, sizeof magic);
    at += sizeof magic;
    const uint64_t words[] = {VERSION,  m->identity,  m->n,        o->method->n_memory,
                              o->steps, m->iteration, m->position, m->best_iteration,
                              m->worse};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        at = put(at, words[i]);
    at = put_numbers(at, 3, (double[]){m->loss, m->held_out, m->best});
    at = put_numbers(at, m->n, m->parameters);
    at = put_numbers(at, m->n, m->best_parameters);
    at = put_numbers(at, m->n * o->method->n_memory, o->memory);
    put(at, nsde_checksum(0, bytes, size - WORD));
    status = nsde_file_create(path, &file);
    if (!status) {
        nsde_file_append(file, bytes, size);
        status = nsde_file_close(file);
    }
    nsde_free(bytes);
    return status;
}

/* Is this a checkpoint of this very training? Its words are not trusted before. */
static nsde_status check(const nsde_train_memory *m, const unsigned char *bytes, size_t size,
                         const char *path)
{
    size_t right;
    if (size < (HEADER + 1) * WORD || memcmp(bytes, magic, sizeof magic) != 0)
        return nsde_fail(NSDE_PARSE, "%s is no checkpoint of a training, or only the beginning of one", path);
    const unsigned char *word = bytes + WORD;
    if (get(word) != VERSION)
        return nsde_fail(NSDE_PARSE, "%s is a checkpoint of version %llu; this library reads version %d",
                         path, (unsigned long long)get(word), VERSION);
    if (get(bytes + size - WORD) != nsde_checksum(0, bytes, size - WORD))
        return nsde_fail(NSDE_PARSE, "%s is damaged: its checksum is not that of its content", path);
    if (get(word + WORD) != m->identity)
        return nsde_fail(NSDE_PARSE,
                         "%s belongs to another training: its model, data, seed or settings differ", path);
    if (get(word + 2 * WORD) != m->n || get(word + 3 * WORD) != m->optimiser->method->n_memory ||
        !measure(m, &right) || size != right)
        return nsde_fail(NSDE_PARSE, "%s holds %llu parameters in %zu bytes; %zu are trained", path,
                         (unsigned long long)get(word + 2 * WORD), size, m->n);
    const unsigned char *vectors = bytes + HEADER * WORD;
    for (const unsigned char *at = vectors; at < bytes + size - WORD; at += WORD) {
        double number;
        get_numbers(at, 1, &number);
        if (!isfinite(number))
            return nsde_fail(NSDE_PARSE, "%s: number %zu of its vectors is not finite", path,
                             (size_t)(at - vectors) / WORD);
    }
    return NSDE_OK;
}

static void take(nsde_train_memory *m, const unsigned char *bytes)
{
    double losses[3];
    const unsigned char *at = bytes + 5 * WORD;
    uint64_t *const words[] = {&m->optimiser->steps, &m->iteration, &m->position, &m->best_iteration,
                               &m->worse};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++, at += WORD)
        *words[i] = get(at);
    at = get_numbers(at, 3, losses);
    m->loss = losses[0];
    m->held_out = losses[1];
    m->best = losses[2];
    at = get_numbers(at, m->n, m->parameters);
    at = get_numbers(at, m->n, m->best_parameters);
    get_numbers(at, m->n * m->optimiser->method->n_memory, m->optimiser->memory);
}

nsde_status nsde_checkpoint_read(nsde_train_memory *memory, const char *path, bool *found)
{
    char *text;
    size_t size;
    *found = access(path, F_OK) == 0 || errno != ENOENT;
    if (!*found)
        return NSDE_OK;
    nsde_status status = nsde_file_read(path, &text, &size);
    if (status)
        return status;
    status = check(memory, (const unsigned char *)text, size, path);
    if (!status)
        take(memory, (const unsigned char *)text);
    nsde_free(text);
    return status;
}
