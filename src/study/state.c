/* The state of a study as a file (io/state.h): n, cells, replicates; for each cell replicates, seconds, peak
 * bytes, and means, sums of squares and reported variances [n + 1].
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "io/state.h"

#include <string.h>

#include "io/checksum.h"
#include "study/study.h"

enum { VERSION = 1, WORDS = 3, CELL = 3 };

static uint64_t mix(uint64_t sum, uint64_t word)
{
    return nsde_checksum(sum, &word, sizeof word);
}

/* All that decides the numbers, but for how many replicates there are. */
static uint64_t identify(const nsde_study_work *w)
{
    const nsde_study_settings *s = w->study;
    const nsde_gradient_settings *run = &w->settings.run;
    uint64_t sum = nsde_checksum(0, &w->probe, sizeof w->probe);
    sum =
        nsde_checksum(sum, w->problem->x0,
                      (w->result->n - nsde_model_describe(w->problem->model)->n_parameters) * sizeof(double));
    for (size_t i = 0; i < s->n_estimators; i++)
        sum = nsde_checksum(sum, s->estimators[i]->name, strlen(s->estimators[i]->name));
    sum = nsde_checksum(sum, s->steps, s->n_steps * sizeof *s->steps);
    sum = nsde_checksum(sum, s->paths, s->n_paths * sizeof *s->paths);
    sum = mix(mix(sum, run->seed), run->steps);
    sum = nsde_checksum(sum, (double[]){run->t0, run->t1, w->settings.step}, 3 * sizeof(double));
    sum = mix(sum, w->settings.antithetic + 2u * w->settings.no_baseline);
    return mix(mix(sum, w->result->n), w->settings.partials);
}

static nsde_state_kind kind_of(const nsde_study_work *w)
{
    return (nsde_state_kind){"nsdestu", VERSION, identify(w), "state of a study", "study"};
}

static size_t words_of(const nsde_study *s)
{
    return WORDS + s->n_cells * (CELL + 3 * (s->n + 1));
}

nsde_status nsde_study_save(const nsde_study_work *w)
{
    nsde_state state;
    const nsde_study *s = w->result;
    const nsde_state_kind kind = kind_of(w);
    const nsde_status status = nsde_state_begin(&kind, words_of(s), &state);
    if (status)
        return status;
    nsde_state_put(&state, s->n);
    nsde_state_put(&state, s->n_cells);
    nsde_state_put(&state, s->replicates);
    for (size_t i = 0; i < s->n_cells; i++) {
        const nsde_study_cell *c = &s->cells[i];
        nsde_state_put(&state, c->replicates);
        nsde_state_put_numbers(&state, 1, &c->seconds);
        nsde_state_put(&state, c->peak_bytes);
        nsde_state_put_numbers(&state, s->n + 1, c->mean);
        nsde_state_put_numbers(&state, s->n + 1, c->variance);
        nsde_state_put_numbers(&state, s->n + 1, c->reported);
    }
    return nsde_state_write(&state, w->study->state);
}

nsde_status nsde_study_resume(nsde_study_work *w)
{
    nsde_state state;
    bool found;
    nsde_study *s = w->result;
    const nsde_state_kind kind = kind_of(w);
    nsde_status status = nsde_state_read(&kind, w->study->state, &state, &found);
    if (status || !found)
        return status;
    if (state.n_words != words_of(s) || nsde_state_get(&state) != s->n ||
        nsde_state_get(&state) != s->n_cells) {
        nsde_state_end(&state);
        return nsde_fail(NSDE_PARSE, "%s holds other cells than this study", w->study->state);
    }
    s->replicates = s->resumed = (size_t)nsde_state_get(&state);
    for (size_t i = 0; i < s->n_cells; i++) {
        nsde_study_cell *c = &s->cells[i];
        c->replicates = (size_t)nsde_state_get(&state);
        nsde_state_get_numbers(&state, 1, &c->seconds);
        c->peak_bytes = (size_t)nsde_state_get(&state);
        nsde_state_get_numbers(&state, s->n + 1, c->mean);
        nsde_state_get_numbers(&state, s->n + 1, c->variance);
        nsde_state_get_numbers(&state, s->n + 1, c->reported);
    }
    nsde_state_end(&state);
    return status;
}
