/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/series.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/error.h"

cli_series cli_series_defaults(void)
{
    return (cli_series){.scale = 1.0, .dt = NAN};
}

int cli_series_check(const cli_command *command, const cli_series *series)
{
    return series->dt <= 0.0 ? cli_usage(command, "--dt must be greater than 0") : CLI_DONE;
}

nsde_status cli_series_read(const cli_series *o, const char *path, nsde_series **series)
{
    size_t n = 1;
    for (const char *c = o->values; *c; c++)
        n += *c == ',';
    char *text = malloc(strlen(o->values) + 1);
    const char **names = malloc(n * sizeof *names);
    nsde_status status = text && names ? NSDE_OK : nsde_fail(NSDE_NO_MEMORY, "no memory for the series");
    if (!status) {
        nsde_csv_settings csv = nsde_csv_settings_default();
        strcpy(text, o->values);
        names[0] = text;
        for (size_t i = 1; i < n; i++) {
            char *comma = strchr(names[i - 1], ',');
            *comma = '\0';
            names[i] = comma + 1;
        }
        csv.time = o->time;
        csv.values = names;
        csv.n_values = n;
        csv.scale = o->scale;
        csv.dt = isnan(o->dt) ? 0.0 : o->dt;
        status = nsde_series_read_csv(path, &csv, series);
    }
    free(text);
    free(names);
    return status;
}
