/* A fit as a JSON file.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "io/json.h"
#include "core/error.h"
#include "nsde/fit.h"

/* Each returns false when memory is short. */
static bool add_text(cJSON *object, const char *name, const char *text)
{
    return cJSON_AddStringToObject(object, name, text) != NULL;
}

static bool add_estimate(cJSON *list, const nsde_estimate *e)
{
    cJSON *one = cJSON_CreateObject();
    if (!one || !cJSON_AddItemToArray(list, one))
        return false;
    return add_text(one, "name", e->name) && nsde_json_add_number(one, "estimate", e->value) &&
           nsde_json_add_number(one, "std_error", e->std_error) &&
           nsde_json_add_numbers(one, "ci95", 2, (double[]){e->lower, e->upper}) &&
           cJSON_AddBoolToObject(one, "fixed", e->fixed) &&
           cJSON_AddBoolToObject(one, "at_bound", e->at_bound);
}

static bool fill(cJSON *root, const nsde_fit *fit)
{
    bool ok = add_text(root, "model", fit->model) && add_text(root, "method", fit->objective) &&
              nsde_json_add_number(root, "n_observations", (double)fit->n_observations);
    cJSON *parameters = ok ? cJSON_AddArrayToObject(root, "parameters") : NULL;
    ok = parameters != NULL;
    for (size_t i = 0; i < fit->n_parameters && ok; i++)
        ok = add_estimate(parameters, &fit->estimates[i]);
    ok = ok && nsde_json_add_number(root, "log_likelihood", fit->log_likelihood) &&
         nsde_json_add_number(root, "aic", fit->aic) && nsde_json_add_number(root, "bic", fit->bic) &&
         cJSON_AddBoolToObject(root, "converged", fit->outcome == NSDE_FIT_CONVERGED) &&
         add_text(root, "outcome", nsde_fit_outcome_text(fit->outcome)) &&
         nsde_json_add_number(root, "iterations", (double)fit->iterations) &&
         nsde_json_add_number(root, "seconds", fit->seconds);
    cJSON *warnings = ok ? cJSON_AddArrayToObject(root, "warnings") : NULL;
    ok = warnings != NULL;
    for (size_t i = 0; i < fit->n_warnings && ok; i++)
        ok = cJSON_AddItemToArray(warnings, cJSON_CreateString(fit->warnings[i]));
    return ok;
}

nsde_status nsde_fit_write_json(const nsde_fit *fit, const char *path)
{
    if (!fit || !path)
        return nsde_fail(NSDE_INVALID, "nsde_fit_write_json: a fit and the name of a file are needed");
    cJSON *root = cJSON_CreateObject();
    nsde_status status;
    if (root && fill(root, fit))
        status = nsde_json_write(root, path);
    else
        status = nsde_fail(NSDE_NO_MEMORY, "nsde_fit_write_json: no memory");
    cJSON_Delete(root);
    return status;
}
