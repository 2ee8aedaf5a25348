/* The strong order of every integrator of the registry on every class of noise it admits, measured on the same
 * paths at steps that halve five times. The claim is the registry's; rows are needed only where a scheme is
 * better than its claim.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "problems/ladder.h"

enum { FINEST = 8, NOISE = 11, PATHS = 400 };

/* Better than claimed: on `problem`, the second state alone being looked at. */
static const struct {
    const char *method, *problem;
    double order;
} better[] = {
    /* where noise enters the velocity and the force depends on the position alone */
    {"sriw1", "second order", 2.0},
    {"sra1", "second order", 2.0},
    {"sra3", "second order", 2.0},
    /* no noise: the order of the drift's part */
    {"heun", "none", 2.0},
    {"midpoint", "none", 2.0},
    {"sriw1", "none", 2.0},
    {"sra1", "none", 2.0},
    {"sra3", "none", 3.0},
    {"platen_weak2", "none", 2.0},
    {"theta", "none", 2.0},
    {"reversible_heun", "none", 2.0},
};

static double expected_order(const nsde_integrator *m, const class_problem *problem)
{
    for (size_t k = 0; k < sizeof better / sizeof *better; k++)
        if (strcmp(better[k].method, m->name) == 0 && strcmp(better[k].problem, problem->model.name) == 0)
            return better[k].order;
    return claimed_order(m, problem);
}

static ladder ladder_of(const class_problem *problem)
{
    ladder l;
    const bool quiet = !problem->model.diffusion;
    ladder_create(&l, problem, quiet ? 1 : 3, quiet ? 6 : FINEST, NOISE, quiet ? 1 : PATHS);
    return l;
}

static double tolerance(double order)
{
    return order == 1.5 ? 0.15 : order > 2.5 ? 0.06 * order : 0.1;
}

START_TEST(strong_orders_are_as_claimed)
{
    const class_problem *problem = &class_problems[_i];
    ladder l = ladder_of(problem);
    for (size_t k = 0; k < nsde_integrator_count(); k++) {
        const nsde_integrator *m = nsde_integrator_at(k);
        double rms[LEVELS];
        if (nsde_integrator_check(m, l.model) != NSDE_OK)
            continue;
        const double order = expected_order(m, problem), slope = ladder_slope(&l, m, true, rms);
        if (isinf(order)) { /* the solution: what is left is the reference's error */
            ck_assert_msg(rms[l.coarsest] < 1e-5, "%s on %s: off by %g", m->name, problem->model.name,
                          rms[l.coarsest]);
            continue;
        }
        ck_assert_msg(fabs(slope - order) <= tolerance(order),
                      "%s on %s noise: strong slope %.3f, expected %g (docs/integrators.md; if it is better "
                      "than its claim, a row of `better` says so)",
                      m->name, problem->model.name, slope, order);
    }
    ladder_destroy(&l);
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
