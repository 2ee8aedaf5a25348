/* What is kept of the forward sweep costs memory or steps, never a bit of the gradient.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>
#include <string.h>

#include <nsde/gradient.h>

static nsde_var squared_end(const nsde_loss_at *at)
{
    return nsde_square(nsde_loss_state(at, 0));
}

int main(void)
{
    enum { PARAMETERS = 3 };
    const double p[PARAMETERS] = {0.8, 0.05, 0.3}, x0 = 0.04;
    const nsde_keep all[] = {NSDE_KEEP_ROWS, NSDE_KEEP_STATES, NSDE_KEEP_BINOMIAL};
    const size_t snapshots[] = {0, 0, 10};
    double first[PARAMETERS], dp[PARAMETERS];
    bool same = true;
    nsde_model *model = NULL;
    if (nsde_model_open("ou", &model))
        return 1;
    printf("policy    steps run beside the 1000 that are swept back\n");
    for (int i = 0; i < 3; i++) {
        nsde_gradient *gradient = NULL;
        nsde_gradient_settings settings = nsde_gradient_settings_default();
        settings.steps = 1000, settings.paths = 64, settings.keep = all[i], settings.snapshots = snapshots[i];
        if (nsde_gradient_create(model, &(nsde_loss){.record = squared_end}, &settings, &gradient) ||
            nsde_gradient_evaluate(gradient, &(nsde_gradient_point){.parameters = p, .x0 = &x0},
                                   &(nsde_gradient_result){.parameters = dp})) {
            fprintf(stderr, "%s\n", nsde_error_message());
            return 1;
        }
        const nsde_gradient_info info = nsde_gradient_describe(gradient);
        printf("%-9s %zu\n", nsde_keep_name(info.keep), info.steps_forward);
        if (i == 0)
            memcpy(first, dp, sizeof first);
        same = same && memcmp(first, dp, sizeof first) == 0;
        nsde_gradient_destroy(gradient);
    }
    printf("check: the gradients are the same to the last bit: %s\n", same ? "yes" : "NO");
    nsde_model_destroy(model);
    return !same;
}
