/* The class of noise a model says it has is looked at.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "harness.h"
#include "nsde/neural.h"
#include "problems/models.h"

static nsde_status create(nsde_model_definition d, nsde_noise_class noise)
{
    nsde_model *model;
    d.noise = noise;
    const nsde_status status = nsde_model_create(&d, &model);
    ck_assert((status == NSDE_OK) == (model != NULL));
    nsde_model_destroy(model);
    return status;
}

static nsde_var still(const nsde_at *at)
{
    return nsde_mul_real(at->x, 0.0);
}

/* Entry i of a diagonal depends on x_i alone, or a little on the other too. */
static nsde_var own(const nsde_at *at)
{
    return nsde_add_real(nsde_sin(at->x), 2.0);
}

static nsde_var seeing_the_other(const nsde_at *at)
{
    return nsde_add(own(at), nsde_mul_real(nsde_sum(at->x), 1e-6));
}

static nsde_var constant(const nsde_at *at)
{
    return nsde_add_real(nsde_exp(at->t), 1.0);
}

static const nsde_model_definition two = {.name = "two", .dim = 2, .drift = still};

START_TEST(diagonal_and_additive)
{
    nsde_model_definition d = two;
    d.diffusion = own;
    check_ok(create(d, NSDE_NOISE_DIAGONAL));
    check_ok(create(d, NSDE_NOISE_COMMUTATIVE));
    check_refused(create(d, NSDE_NOISE_ADDITIVE), NSDE_INVALID, "additive");
    d.diffusion = seeing_the_other;
    check_refused(create(d, NSDE_NOISE_DIAGONAL), NSDE_INVALID, "other states");
    check_refused(create(d, NSDE_NOISE_COMMUTATIVE), NSDE_INVALID, "do not commute");
    check_ok(create(d, NSDE_NOISE_GENERAL));
    d.diffusion = constant;
    check_ok(create(d, NSDE_NOISE_ADDITIVE));
    check_ok(create(d, NSDE_NOISE_DIAGONAL));
}
END_TEST

START_TEST(commuting_columns)
{
    check_ok(create(channels, NSDE_NOISE_COMMUTATIVE));
    check_ok(create(channels, NSDE_NOISE_GENERAL));
    check_refused(create(channels, NSDE_NOISE_ADDITIVE), NSDE_INVALID, "additive");
    check_refused(create(crossed, NSDE_NOISE_COMMUTATIVE), NSDE_INVALID, "general");
    check_refused(create(crossed, NSDE_NOISE_DIAGONAL), NSDE_INVALID, "one a state");
    check_ok(create(crossed, NSDE_NOISE_GENERAL));
    check_refused(create(shared, NSDE_NOISE_ADDITIVE), NSDE_INVALID, "additive");
}
END_TEST

START_TEST(equations_without_noise)
{
    nsde_model *model;
    nsde_model_definition d = two;
    check_ok(nsde_model_create(&d, &model));
    ck_assert(nsde_model_is_deterministic(model) && nsde_model_is_diagonal(model));
    nsde_model_destroy(model);
    check_refused(create(d, NSDE_NOISE_DIAGONAL), NSDE_INVALID, "no diffusion");
}
END_TEST

START_TEST(every_shipped_model_is_what_it_says)
{
    for (size_t k = 0; k < nsde_shipped_count(); k++) {
        nsde_model *model;
        const nsde_model_definition *d = nsde_shipped(k);
        check_ok(nsde_model_open(d->name, &model));
        nsde_model_destroy(model);
        if (d->noise > NSDE_NOISE_ADDITIVE)
            check_refused(create(*d, NSDE_NOISE_ADDITIVE), NSDE_INVALID, "additive");
        if (d->noise == NSDE_NOISE_GENERAL)
            check_refused(create(*d, NSDE_NOISE_COMMUTATIVE), NSDE_INVALID, "commute");
    }
}
END_TEST

void test_cases(TCase *cases)
{
    tcase_add_test(cases, diagonal_and_additive);
    tcase_add_test(cases, commuting_columns);
    tcase_add_test(cases, equations_without_noise);
    tcase_add_test(cases, every_shipped_model_is_what_it_says);
}
