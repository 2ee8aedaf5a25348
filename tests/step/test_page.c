/* The page on integrators says what the registry says.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>
#include <stdlib.h>

#include "harness.h"
#include "nsde/step.h"

static char *page(void)
{
    static char text[1 << 16];
    FILE *stream = fopen(NSDE_EXAMPLE_DATA "/../../docs/integrators.md", "r");
    ck_assert_ptr_nonnull(stream);
    text[fread(text, 1, sizeof text - 1, stream)] = '\0';
    fclose(stream);
    return text;
}

static const char *order(double value, char *text, size_t size)
{
    if (isinf(value))
        return "∞";
    snprintf(text, size, "%g", value);
    return text;
}

static const char *needs(const nsde_integrator *m)
{
    return m->deterministic               ? "–"
           : m->detail == NSDE_LEVY       ? "ΔW, A"
           : m->detail == NSDE_SPACE_TIME ? "ΔW, H"
                                          : "ΔW";
}

START_TEST(each_integrator_has_its_row)
{
    char row[400], orders[4][32];
    const char *text = page();
    for (size_t k = 0; k < nsde_integrator_count(); k++) {
        const nsde_integrator *m = nsde_integrator_at(k);
        snprintf(row, sizeof row, "\n| `%s` | %s | %s | %s | %s | %s | %s | %s | %s |", m->name, m->title,
                 m->solution               ? "either"
                 : m->calculus == NSDE_ITO ? "Itô"
                                           : "Stratonovich",
                 m->deterministic ? "none" : nsde_noise_class_name(m->noise),
                 order(m->strong_order, orders[0], 32), order(m->commutative_order, orders[1], 32),
                 order(m->additive_order, orders[2], 32), order(m->weak_order, orders[3], 32), needs(m));
        ck_assert_msg(strstr(text, row) != NULL, "docs/integrators.md has no row%s", row);
    }
}
END_TEST

/* No scheme is called better for wider noise than for narrower. */
START_TEST(orders_fall_with_wider_noise)
{
    for (size_t k = 0; k < nsde_integrator_count(); k++) {
        const nsde_integrator *m = nsde_integrator_at(k);
        ck_assert(m->strong_order <= m->commutative_order && m->commutative_order <= m->additive_order);
    }
}
END_TEST

void test_cases(TCase *cases)
{
    tcase_add_test(cases, each_integrator_has_its_row);
    tcase_add_test(cases, orders_fall_with_wider_noise);
}
