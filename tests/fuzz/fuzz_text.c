/* Whatever the bytes, reading them as a model or a loss ends in one that can be recorded or in a sentence.
 * For libFuzzer, with the library's sources compiled in so that it sees their branches (see fuzz_csv.c).
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "nsde/text.h"
#include "text/expression.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void check_status(nsde_status status, bool made)
{
    if (status ? made || !*nsde_error_message() : !made)
        abort();
}

/* As an expression, NULs and all. */
static void read_expression(const char *text, size_t size)
{
    static const nsde_text_name names[] = {{"x", false, 0}, {"a", false, 0}, {"s", true, 0}};
    const nsde_text_scope scope = {names, 3, true};
    nsde_text reading;
    nsde_expression e = {0};
    nsde_status status = nsde_text_begin(text, size, &reading);
    if (!status)
        status = nsde_expression_parse(&reading, &scope, &e);
    check_status(status, e.n > 0);
    if (e.on_stack != (status ? 0 : 1))
        abort();
    nsde_expression_destroy(&e);
}

/* As a drift, a diffusion, parameters, or a loss. */
static void read_model(const char *text)
{
    const nsde_text_model models[] = {{.drift = text, .diffusion = "1", .parameters = "a=1"},
                                      {.drift = "-x1; x2", .diffusion = text, .parameters = "a=1"},
                                      {.drift = "-x", .diffusion = "1", .parameters = text},
                                      {.drift = "-x1; x2", .diffusion = "1; 1", .parameters = "a=1"}};
    for (int i = 0; i < 4; i++) {
        nsde_model *model;
        nsde_loss loss = {0};
        nsde_status status = nsde_model_from_text(&models[i], &model);
        check_status(status, model != NULL);
        if (i == 3) {
            status = nsde_loss_from_text(text, model, &loss);
            check_status(status, loss.record != NULL);
        }
        nsde_loss_release_text(&loss);
        nsde_model_destroy(model);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    char *const text = malloc(size + 1); /* of the exact size, so that a sanitizer sees a step beyond */
    if (!text)
        return 0;
    if (size)
        memcpy(text, bytes, size);
    text[size] = '\0';
    read_expression(text, size);
    read_model(text);
    free(text);
    return 0;
}
