/* Checkpoint files (io/state.h): n, vectors of the optimiser, its steps, iteration, position, best_iteration,
 * worse; loss, held_out, best; parameters [n], best_parameters [n], memory of the optimiser [vectors][n].
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "train/checkpoint.h"

#include <math.h>

#include "core/error.h"
#include "io/state.h"

enum { VERSION = 1, WORDS = 7, LOSSES = 3 };

static nsde_state_kind kind_of(const nsde_train_memory *m)
{
    return (nsde_state_kind){"nsdetrn", VERSION, m->identity, "checkpoint of a training", "training"};
}

/* Words of the file, or false where they overflow. */
static bool measure(const nsde_train_memory *m, size_t *words)
{
    return nsde_size_mul(m->n, m->optimiser->method->n_memory + 2, words) &&
           nsde_size_add(*words, WORDS + LOSSES, words);
}

nsde_status nsde_checkpoint_write(const nsde_train_memory *m, const char *path)
{
    size_t n_words;
    nsde_state state;
    const nsde_state_kind kind = kind_of(m);
    const nsde_optimiser *o = m->optimiser;
    if (!measure(m, &n_words))
        return nsde_fail(NSDE_OVERFLOW, "%s: %zu parameters overflow the size of memory", path, m->n);
    const nsde_status status = nsde_state_begin(&kind, n_words, &state);
    if (status)
        return status;
    const uint64_t words[WORDS] = {m->n,        o->method->n_memory, o->steps, m->iteration,
                                   m->position, m->best_iteration,   m->worse};
    for (size_t i = 0; i < WORDS; i++)
        nsde_state_put(&state, words[i]);
    nsde_state_put_numbers(&state, LOSSES, (double[]){m->loss, m->held_out, m->best});
    nsde_state_put_numbers(&state, m->n, m->parameters);
    nsde_state_put_numbers(&state, m->n, m->best_parameters);
    nsde_state_put_numbers(&state, m->n * o->method->n_memory, o->memory);
    return nsde_state_write(&state, path);
}

/* Are its sizes right, and its vectors finite? Leaves the state where it was. */
static nsde_status check(const nsde_train_memory *m, nsde_state *state, const char *path)
{
    size_t right;
    nsde_state look = *state;
    uint64_t n = 0, vectors = 0;
    if (state->n_words >= WORDS + LOSSES) {
        n = nsde_state_get(&look);
        vectors = nsde_state_get(&look);
    }
    if (n != m->n || vectors != m->optimiser->method->n_memory || !measure(m, &right) ||
        state->n_words != right)
        return nsde_fail(NSDE_PARSE, "%s holds %llu parameters in %zu words; %zu are trained", path,
                         (unsigned long long)n, state->n_words, m->n);
    for (size_t i = 2; i < WORDS + LOSSES; i++)
        nsde_state_get(&look);
    for (size_t i = 0; i < right - WORDS - LOSSES; i++) {
        double number;
        nsde_state_get_numbers(&look, 1, &number);
        if (!isfinite(number))
            return nsde_fail(NSDE_PARSE, "%s: number %zu of its vectors is not finite", path, i);
    }
    return NSDE_OK;
}

static void take(nsde_train_memory *m, nsde_state *state)
{
    double losses[LOSSES];
    uint64_t sizes[2], *const words[WORDS] = {&sizes[0],     &sizes[1],    &m->optimiser->steps,
                                              &m->iteration, &m->position, &m->best_iteration,
                                              &m->worse};
    for (size_t i = 0; i < WORDS; i++)
        *words[i] = nsde_state_get(state);
    nsde_state_get_numbers(state, LOSSES, losses);
    m->loss = losses[0];
    m->held_out = losses[1];
    m->best = losses[2];
    nsde_state_get_numbers(state, m->n, m->parameters);
    nsde_state_get_numbers(state, m->n, m->best_parameters);
    nsde_state_get_numbers(state, m->n * m->optimiser->method->n_memory, m->optimiser->memory);
}

nsde_status nsde_checkpoint_read(nsde_train_memory *memory, const char *path, bool *found)
{
    nsde_state state;
    const nsde_state_kind kind = kind_of(memory);
    nsde_status status = nsde_state_read(&kind, path, &state, found);
    if (status || !*found)
        return status;
    status = check(memory, &state, path);
    if (!status)
        take(memory, &state);
    nsde_state_end(&state);
    return status;
}
