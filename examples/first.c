/* Fits an Ornstein-Uhlenbeck process to 34 years of the US federal funds rate.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <nsde/fit.h>

int main(void)
{
    nsde_series *rates = NULL;
    nsde_model *ou = NULL;
    nsde_fit *fit = NULL;
    nsde_csv_settings csv = nsde_csv_settings_default();
    csv.time = "date", csv.values = (const char *[]){"percent"}, csv.n_values = 1;
    csv.scale = 0.01, csv.dt = 1.0 / 12.0; /* per cent, every month */
    if (nsde_series_read_csv("examples/data/fedfunds_monthly.csv", &csv, &rates) ||
        nsde_model_open("ou", &ou) || nsde_fit_run(ou, rates, NULL, &fit) || nsde_fit_print(fit, stdout))
        fprintf(stderr, "%s\n", nsde_error_message());
    const bool good = fit && fit->outcome == NSDE_FIT_CONVERGED && fit->decrement < 1e-10;
    printf("check: no step raises the log likelihood by 1e-10: %s\n", good ? "yes" : "NO");
    nsde_fit_destroy(fit), nsde_model_destroy(ou), nsde_series_destroy(rates);
    return !good;
}
