/* The strong order of every integrator of the registry on every class of noise it admits, measured on the
 * same paths at steps that halve five times. The claim is the registry's; rows are needed only where a scheme
 * is better than its claim.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "problems/ladder.h"

START_TEST(strong_orders_are_as_claimed)
{
    const class_problem *problem = &class_problems[_i];
    char wrong[2000] = "";
    ladder l = ladder_of(problem, 400);
    for (size_t k = 0; k < nsde_integrator_count(); k++) {
        const nsde_integrator *m = nsde_integrator_at(k);
        double rms[LEVELS];
        if (nsde_integrator_check(m, l.model) != NSDE_OK)
            continue;
        const double order = expected_order(m, problem), slope = ladder_slope(&l, m, true, rms);
        /* of the solution itself what is left is the reference's error */
        const bool right =
            isinf(order) ? rms[l.coarsest] < 1e-5 : fabs(slope - order) <= order_tolerance(order);
        const size_t n = strlen(wrong);
        if (!right)
            snprintf(wrong + n, sizeof wrong - n, " %s: strong slope %.3f, expected %g;", m->name, slope,
                     order);
    }
    ladder_destroy(&l);
    ck_assert_msg(!*wrong, "%s noise:%s what is better than its claim needs a row of better_orders",
                  problem->model.name, wrong);
}
END_TEST

/* No integrator escapes: each is met by a problem. */
START_TEST(every_integrator_is_measured)
{
    for (size_t k = 0; k < nsde_integrator_count(); k++) {
        const nsde_integrator *m = nsde_integrator_at(k);
        bool met = false;
        for (size_t i = 0; i < CLASS_PROBLEMS && !met; i++) {
            nsde_model *model = class_model(&class_problems[i]);
            met = nsde_integrator_check(m, model) == NSDE_OK;
            nsde_model_destroy(model);
        }
        ck_assert_msg(met, "%s: no problem of tests/problems/classes.h is one it admits; add one", m->name);
    }
}
END_TEST

void test_cases(TCase *cases)
{
    tcase_add_loop_test(cases, strong_orders_are_as_claimed, 0, CLASS_PROBLEMS);
    tcase_add_test(cases, every_integrator_is_measured);
}
