/* The likelihood-ratio (score-function) estimator: the loss times the derivative of the log density of the
 * path, plus the loss's own dependence on the parameters. The path is not differentiated, so
 * the loss may jump. (L - c_k) S_k has the same mean for any c_k that the path has no part in;
 * c_k = cov(L S_k, S_k) / var(S_k) makes its variance least. Even samples take it from the odd ones, odd ones
 * from the even, so that there is no bias.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "estimate/estimate.h"
#include "estimate/record.h"

enum { PARTIALS = 8 };

/* The coefficient of the control variate from the samples `first`, first + 2, … (pairs count once). */
static double baseline(const nsde_estimate_work *w, const double *loss, const double *score, size_t first)
{
    const size_t pair = w->settings.antithetic ? 2 : 1, n = w->paths / pair;
    double count = 0.0, product = 0.0, s = 0.0, cross = 0.0, square = 0.0;
    for (int pass = 0; pass < 2; pass++) { /* means, then products about them */
        for (size_t i = first; i < n; i += 2) {
            double a = 0.0, b = 0.0;
            for (size_t j = 0; j < pair; j++) {
                a += loss[pair * i + j] * score[pair * i + j] / (double)pair;
                b += score[pair * i + j] / (double)pair;
            }
            if (pass == 0) {
                count += 1.0;
                product += a;
                s += b;
            } else {
                cross += (a - product) * (b - s);
                square += (b - s) * (b - s);
            }
        }
        product /= pass == 0 && count > 0.0 ? count : 1.0;
        s /= pass == 0 && count > 0.0 ? count : 1.0;
    }
    return square > 0.0 && !w->settings.no_baseline ? cross / square : 0.0;
}

/* A component from the numbers of all paths; the derivative is overwritten. */
static void take(nsde_estimate_work *w, const double *loss, double *derivative, const double *score, size_t k)
{
    const size_t pair = w->settings.antithetic ? 2 : 1;
    const double of_even = baseline(w, loss, score, 0), of_odd = baseline(w, loss, score, 1);
    for (size_t i = 0; i < w->paths; i++)
        derivative[i] += (loss[i] - (i / pair % 2 ? of_even : of_odd)) * score[i];
    nsde_estimate_take(w, k, derivative);
}

static nsde_status run(nsde_estimate_work *w)
{
    void *memory = NULL;
    nsde_tangents *tangents = NULL;
    size_t numbers, partials = w->settings.partials ? w->settings.partials : PARTIALS;
    partials = partials < w->n ? partials : w->n;
    const nsde_tangents_settings settings = {.model = w->problem.model,
                                             .loss = w->problem.loss,
                                             .run = &w->settings.run,
                                             .kind = NSDE_TANGENTS_SCORE,
                                             .partials = partials};
    nsde_status status = nsde_score_check(&settings, "likelihood_ratio");
    if (!status && !nsde_size_mul(2 * partials + 1, w->paths, &numbers))
        status = nsde_fail(NSDE_OVERFLOW, "the scores of all paths overflow the size of memory");
    if (!status)
        status = nsde_alloc(numbers, sizeof(double), "scores", &memory);
    if (!status)
        status = nsde_tangents_create(&settings, &tangents);
    if (status) {
        nsde_free(memory);
        return status;
    }
    double *loss = memory, *derivative = loss + w->paths, *score = derivative + partials * w->paths;
    nsde_estimate_count(w, nsde_tangents_bytes(tangents) + numbers * sizeof(double));
    for (size_t first = 0; first < w->n && !status; first += partials) {
        status =
            nsde_tangents_run(tangents, w->problem.parameters, w->problem.x0, first,
                              &(nsde_tangents_result){.loss = loss, .tangents = derivative, .score = score});
        for (size_t k = 0; !status && k < partials && first + k < w->n; k++)
            take(w, loss, derivative + k * w->paths, score + k * w->paths, first + k);
    }
    if (!status)
        nsde_estimate_take_loss(w, loss);
    nsde_estimate_note(w, w->settings.no_baseline ? "without a baseline" : "with a baseline");
    nsde_free(memory);
    nsde_tangents_destroy(tangents);
    return status;
}

const nsde_estimator nsde_estimator_likelihood_ratio = {
    .name = "likelihood_ratio",
    .aliases = "score score_function reinforce lr",
    .title = "likelihood ratio (score function)",
    .source = "Glynn 1990; Yang and Kushner 1991",
    .run = run,
};
