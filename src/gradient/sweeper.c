/* What a thread owns: workspaces, and the memory of its policy.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdint.h>

#include "gradient/engine.h"

enum { NOISE_BYTES = 32 * 1024 }; /* noise drawn at once stays in the first-level cache */

/* Steps whose noise is drawn at once: even, for a grid makes two at a time. */
static size_t noise_chunk(const nsde_gradient *e)
{
    const size_t chunk = NOISE_BYTES / (sizeof(double) * e->stride * e->noise_rows) / 2 * 2;
    return chunk < 2 ? 2 : chunk;
}

/* Plans, or where `s` is given takes, the arrays of a sweeper. */
static bool arrays(const nsde_gradient *e, nsde_keep keep, size_t slots, size_t frame, size_t *total,
                   nsde_sweeper *s)
{
    const size_t state = e->state_rows * e->stride;
    const size_t seen = e->loss_program ? 0 : e->n_times * e->dim * e->stride;
    const struct {
        size_t count, of, size;
        void **to;
    } all[] = {
        {noise_chunk(e) * e->noise_rows, e->stride, sizeof(double), s ? (void **)&s->noise.rows : NULL},
        {1, state, sizeof(double), s ? (void **)&s->lambda : NULL},
        {e->n_inputs, e->stride, sizeof(double), s ? (void **)&s->input_lambda : NULL},
        {1, seen, sizeof(double), s ? (void **)&s->seen : NULL},
        {keep == NSDE_KEEP_ROWS ? e->settings.steps : 0, frame, sizeof(double),
         s ? (void **)&s->frames : NULL},
        {keep == NSDE_KEEP_ROWS ? 0 : slots, state, sizeof(double), s ? (void **)&s->states : NULL},
        {keep == NSDE_KEEP_BINOMIAL ? slots : 0, 1, sizeof(size_t), s ? (void **)&s->stored : NULL},
    };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        size_t count;
        if (!nsde_size_mul(all[i].count, all[i].of, &count))
            return false;
        if (!s && !nsde_arena_plan(count, all[i].size, total))
            return false;
        if (s)
            *all[i].to = nsde_arena_take(&s->arena, count, all[i].size);
    }
    return true;
}

bool nsde_sweeper_storage(const nsde_gradient *e, nsde_keep keep, size_t slots, size_t *bytes)
{
    *bytes = 0;
    return arrays(e, keep, slots, nsde_program_frame(e->step_program, NSDE_REVERSE, e->stride), bytes, NULL);
}

nsde_status nsde_sweeper_create(const nsde_gradient *e, nsde_sweeper *s)
{
    size_t bytes;
    *s = (nsde_sweeper){.engine = e};
    const nsde_sweep sweep = e->keep == NSDE_KEEP_ADJOINT ? NSDE_FORWARD : NSDE_REVERSE;
    nsde_status status = nsde_workspace_create(e->step_program, e->panel, sweep, &s->step);
    if (!status && e->loss_program)
        status = nsde_workspace_create(e->loss_program, e->panel, NSDE_REVERSE, &s->loss);
    if (!status && e->back_program)
        status = nsde_workspace_create(e->back_program, e->panel,
                                       e->keep == NSDE_KEEP_UNDO ? NSDE_FORWARD : NSDE_REVERSE, &s->back);
    if (!status && !nsde_sweeper_storage(e, e->keep, e->slots, &bytes))
        status =
            nsde_fail(NSDE_OVERFLOW, "nsde_gradient: keeping %s for %zu steps overflows the size of memory",
                      nsde_keep_name(e->keep), e->settings.steps);
    if (!status)
        status = nsde_arena_create(bytes, "gradient", &s->arena);
    if (status) {
        nsde_sweeper_destroy(s);
        return status;
    }
    arrays(e, e->keep, e->slots, nsde_program_frame(e->step_program, NSDE_REVERSE, e->stride), NULL, s);
    if (e->keep != NSDE_KEEP_ROWS)
        s->frames = NULL;
    s->noise.noise = e->settings.noise;
    s->noise.detail = nsde_step_detail(e->settings.integrator, e->model);
    s->noise.h = nsde_grid_length(&e->times, 0);
    s->noise.times = e->times.times;
    s->noise.stride = e->stride;
    s->noise.steps = e->settings.steps;
    s->noise.chunk = noise_chunk(e);
    return NSDE_OK;
}

void nsde_sweeper_destroy(nsde_sweeper *s)
{
    nsde_workspace_destroy(s->step);
    nsde_workspace_destroy(s->loss);
    nsde_workspace_destroy(s->back);
    nsde_arena_destroy(&s->arena);
    s->step = s->loss = s->back = NULL;
}
