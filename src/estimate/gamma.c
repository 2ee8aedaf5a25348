/* Second derivatives of the expected loss, by each parameter and each initial state.
 *
 * gamma differentiates the likelihood-ratio estimator L S + L_p along the path: with D the derivative along
 * the path, D L S + L D S + D L_p. The loss may have corners but not jumps. gamma_likelihood_ratio takes the
 * score twice, with d the derivative at a fixed path: L (S^2 + dS) + 2 L_p S + L_pp. The loss may jump.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "estimate/estimate.h"
#include "estimate/record.h"

enum { MOST_DIRECTIONS = 32 }; /* duals around duals grow as the square */

typedef struct numbers {
    double *loss, *first, *score, *second_score, *second_loss; /* [paths] or [n][paths] */
} numbers;

static void take(nsde_estimate_work *w, const numbers *all, size_t k, bool held)
{
    const size_t at = k * w->paths;
    double *first = all->first + at;
    const double *S = all->score + at, *dS = all->second_score + at, *second = all->second_loss + at;
    for (size_t i = 0; i < w->paths; i++)
        first[i] = held ? all->loss[i] * (S[i] * S[i] + dS[i]) + 2.0 * first[i] * S[i] + second[i]
                        : first[i] * S[i] + all->loss[i] * dS[i] + second[i];
    nsde_estimate_take(w, k, first);
}

nsde_status nsde_estimate_second(nsde_estimate_work *w, nsde_tangents_kind kind)
{
    void *memory;
    nsde_tangents *tangents;
    size_t count;
    const char *name = w->result->method->name;
    const nsde_tangents_settings settings = {.model = w->problem.model,
                                             .loss = w->problem.loss,
                                             .run = &w->settings.run,
                                             .kind = kind,
                                             .partials = w->n};
    nsde_status status = nsde_score_check(&settings, name);
    if (!status && w->n > MOST_DIRECTIONS)
        status = nsde_fail(NSDE_UNSUPPORTED, "%s takes up to %d parameters and states, not %zu", name,
                           MOST_DIRECTIONS, w->n);
    if (!status && kind == NSDE_TANGENTS_SECOND_SCORE && !nsde_score_is_diagonal(&settings))
        status = nsde_fail(NSDE_UNSUPPORTED, "%s needs a noise for each state, which moves it alone", name);
    if (!status && (!nsde_size_mul(4 * w->n + 1, w->paths, &count)))
        status = nsde_fail(NSDE_OVERFLOW, "the scores of all paths overflow the size of memory");
    if (!status && kind == NSDE_TANGENTS_SCORE_ALONG_PATH)
        status = nsde_estimate_warn_of_jumps(w);
    if (!status)
        status = nsde_alloc(count, sizeof(double), "scores", &memory);
    if (status)
        return status;
    numbers all = {.loss = memory};
    double **const parts[] = {&all.first, &all.score, &all.second_score, &all.second_loss};
    for (size_t i = 0; i < 4; i++)
        *parts[i] = all.loss + w->paths + i * w->n * w->paths;
    status = nsde_tangents_create(&settings, &tangents);
    if (!status)
        status = nsde_tangents_run(tangents, w->problem.parameters, w->problem.x0, 0,
                                   &(nsde_tangents_result){.loss = all.loss,
                                                           .tangents = all.first,
                                                           .score = all.score,
                                                           .second_score = all.second_score,
                                                           .second_loss = all.second_loss});
    if (!status) {
        nsde_estimate_take_loss(w, all.loss);
        nsde_estimate_count(w, nsde_tangents_bytes(tangents) + count * sizeof(double));
        for (size_t k = 0; k < w->n; k++)
            take(w, &all, k, kind == NSDE_TANGENTS_SECOND_SCORE);
    }
    nsde_tangents_destroy(tangents);
    nsde_free(memory);
    return status;
}

static nsde_status run(nsde_estimate_work *w)
{
    return nsde_estimate_second(w, NSDE_TANGENTS_SCORE_ALONG_PATH);
}

const nsde_estimator nsde_estimator_gamma = {
    .name = "gamma",
    .aliases = "second likelihood_ratio_pathwise",
    .title = "second derivatives: the likelihood ratio differentiated along the path",
    .source = "Glasserman 2003, section 7.3.3",
    .second = true,
    .run = run,
};
